"""The archive as a feed: as RFC 4287 wants it, as a feed reader reads it, and without what was taken back."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import feedparser
import pytest

from bridge.core.text import RichText
from bridge.storage import afterwards
from bridge.storage.database import transaction
from bridge.storage.models_desk import Theme
from tests.integration.archive_stage import Browser, at, browsing, corpus, long_text, published
from tests.unit.storage.stage import NOW


@pytest.fixture
def kind() -> str:
    """The pages ask storage, whose tests run on both databases."""
    return "sqlite"


@pytest.fixture
async def browser(opened: str, tmp_path: Path) -> AsyncIterator[Browser]:
    del opened
    async with browsing(tmp_path) as browser:
        yield browser


async def test_the_feed(browser: Browser) -> None:
    theme = await Theme.create(community="hifa", title="Zinc & <copper>", created_at=NOW)
    await published(RichText("Ten\x0bmg & <b>more</b>"), theme_id=theme.id, theme_number=1, headline="Dose \x01?")
    await published("Elsewhere", corrected_at=at(0.5))
    atom = "{http://www.w3.org/2005/Atom}"
    got = await browser.get("/hifa/feed.atom")
    assert got.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    feed = ET.fromstring(got.body)  # noqa: S314 - our own
    assert feed.tag == f"{atom}feed"
    for name in ("id", "title", "updated"):
        assert feed.findtext(f"{atom}{name}"), name
    entries = feed.findall(f"{atom}entry")
    assert len(entries) == 2
    ids = [entry.findtext(f"{atom}id") for entry in entries]
    assert len(set(ids)) == 2
    for entry in entries:
        assert entry.findtext(f"{atom}author/{atom}name") == "Amina Okello"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.findtext(f"{atom}updated") or "")
        link = entry.find(f"{atom}link")
        assert link is not None
        assert (link.get("href") or "").startswith("https://bridge.example.org/hifa/")
    content = entries[1].findtext(f"{atom}content") or ""
    assert "&lt;b&gt;more&lt;/b&gt;" in content
    assert "HIFA profile: Amina Okello" in content
    assert "amina" not in content.casefold().replace("amina okello", "")
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{atom}link")}
    assert links == {
        "self": "https://bridge.example.org/hifa/feed.atom",
        "alternate": "https://bridge.example.org/hifa",
    }
    again = ET.fromstring((await browser.get("/hifa/feed.atom")).body)  # noqa: S314 - our own
    assert [entry.findtext(f"{atom}id") for entry in again.findall(f"{atom}entry")] == ids
    of_theme = ET.fromstring((await browser.get("/hifa/theme/1/feed.atom")).body)  # noqa: S314 - our own
    assert [entry.findtext(f"{atom}id") for entry in of_theme.findall(f"{atom}entry")] == ids[1:]
    assert (await browser.get("/hifa/theme/9/feed.atom")).status == 404


RFC_4287 = {
    "feed": {"id": (1, 1), "title": (1, 1), "updated": (1, 1), "link": (1, 9), "entry": (0, 20)},
    "entry": {
        "id": (1, 1),
        "title": (1, 1),
        "updated": (1, 1),
        "published": (0, 1),
        "author": (1, 9),
        "link": (0, 9),
        "category": (0, 9),
        "content": (0, 1),
    },
}
"""What stands in which, at least and at most (section 4.1). Every entry has its author, so that the feed needs none."""


def follows_the_rfc(feed: ET.Element) -> None:
    """All that it wants, and nothing that it does not know but what has a name space of its own."""
    namespace = "{http://www.w3.org/2005/Atom}"
    for element in (feed, *feed.findall(f"{namespace}entry")):
        allowed = RFC_4287[element.tag.removeprefix(namespace)]
        counts = Counter(child.tag.removeprefix(namespace) for child in element if child.tag.startswith(namespace))
        assert set(counts) <= set(allowed)
        for name, (least, most) in allowed.items():
            assert least <= counts[name] <= most, name
        for text in ("updated", "published"):
            for found in element.findall(f"{namespace}{text}"):
                assert datetime.fromisoformat(found.text or "").tzinfo is not None
        for found in element.findall(f"{namespace}id"):
            assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", found.text or "")
        relations = [
            (link.get("rel"), link.get("hreflang"), link.get("type")) for link in element.iter(f"{namespace}link")
        ]
        assert element.tag.endswith("feed") or len(relations) == len(set(relations)), "4.1.2: one alternate of a kind"


async def test_a_feed_reader_reads_the_feed(browser: Browser) -> None:
    theme = await Theme.create(community="hifa", title="ዚንክ & <copper>", created_at=NOW)
    for number, language in enumerate(sorted(corpus())):
        await published(
            long_text(language, 600),
            theme_id=theme.id,
            theme_number=number + 1,
            headline=long_text(language, 60),
            publish_at=at(-number / 24),
        )
    got = await browser.get("/hifa/feed.atom")
    follows_the_rfc(ET.fromstring(got.body))  # noqa: S314 - our own
    read = feedparser.parse(got.body, response_headers={"content-type": got.headers["Content-Type"]})
    assert not read.bozo, read.get("bozo_exception")
    assert read.version == "atom10"
    assert read.feed.title == "HIFA"
    assert read.feed.links[0].href == "https://bridge.example.org/hifa/feed.atom"
    assert len(read.entries) == 12
    for entry, language in zip(read.entries, sorted(corpus()), strict=True):
        assert entry.author == "Amina Okello"
        assert entry.link.startswith("https://bridge.example.org/hifa/")
        assert long_text(language, 60).split()[0] in entry.title
        assert long_text(language, 600).split()[0] in entry.content[0].value
        assert entry.published_parsed is not None
        assert entry.tags[0].term == "ዚንክ & <copper>"


async def test_what_is_taken_back_has_a_tombstone(browser: Browser) -> None:
    theme = await Theme.create(community="hifa", title="Zinc", created_at=NOW)
    gone = await published("Is zinc safe?", theme_id=theme.id, theme_number=1)
    await published("It stays", theme_id=theme.id, theme_number=2)
    hidden = await published("For one group", targets='["net:kenya"]')
    early = await published("Not yet", publish_at=at(7))
    before = feedparser.parse((await browser.get("/hifa/feed.atom")).body)
    ids = {entry.link.rpartition("/")[2]: entry.id for entry in before.entries}
    assert "deleted-entry" not in (await browser.get("/hifa/feed.atom")).text
    for post in (gone, hidden, early):
        async with transaction():
            await afterwards.retract(post, name="Grace", now=at(0.5))
    got = await browser.get("/hifa/feed.atom")
    feed = ET.fromstring(got.body)  # noqa: S314 - our own
    follows_the_rfc(feed)
    tombstones = feed.findall("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert [(stone.get("ref"), stone.get("when")) for stone in tombstones] == [
        (ids["1"], at(0.5).strftime("%Y-%m-%dT%H:%M:%SZ"))
    ], "what nobody could have gathered needs none"
    read = feedparser.parse(got.body)
    assert not read.bozo
    assert [entry.id for entry in read.entries] == [ids["2"]]
    assert read.feed.updated == at(0.5).strftime("%Y-%m-%dT%H:%M:%SZ"), "so that it is looked at"
    for words in ("zinc", "Grace", "one group"):
        assert words not in got.text
    assert ids["1"] in (await browser.get(f"/hifa/theme/{theme.id}/feed.atom")).text
