"""A community's archive on paper: posts as they would have been published, and the pages as a browser gets them."""

import gzip
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, DummyCookieJar, web
from aiohttp.test_utils import TestServer

from bridge.core.archive import Archive, ArchivePolicy
from bridge.core.community import Communities, Community
from bridge.core.errors import MediaRefused
from bridge.core.text import RichText
from bridge.storage import codec, database, posts, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Post, Review
from bridge.web.pages import Pages
from bridge.web.ports import Picture, Ports, Way
from tests.corpora.posts_scripts import SENTENCES
from tests.unit.storage.stage import COMMUNITY, NOW, FakeClock, hold

CORPUS = Path(__file__).parents[1] / "corpora" / "posts"
ADDRESS = "https://bridge.example.org/hifa"
CARD = {
    "label": "HIFA",
    "name": "Amina Okello",
    "role": "community health worker",
    "organisation": "Kibera Community Clinic",
    "country": "UG",
    "interests": "newborn care and supply chains",
    "email": "amina@example.org",
}


def corpus() -> dict[str, tuple[str, ...]]:
    """Texts in twelve languages, each of several sentences that do not repeat."""
    found = dict(SENTENCES)
    for path in sorted(CORPUS.glob("*.jsonl")):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        found[path.stem] = tuple(str(line["text"]) for line in lines[:60])
    return found


def long_text(language: str, size: int, start: int = 0) -> str:
    """A post of about so many characters."""
    sentences = corpus()[language]
    text = ""
    for place in range(start, start + 400):
        sentence = sentences[place % len(sentences)]
        if text and len(text) + len(sentence) > size:
            break
        text += (" " if text else "") + sentence
    return text


async def published(
    text: str | RichText, *, user: str = "amina", card: dict[str, Any] | None = None, **more: Any
) -> Post:
    review = await hold(text, user=user, message=f"m{await Review.all().count()}")
    wording = await submissions.revision_of(review)
    shown = {**CARD, **(card or {})}
    beside = {"publish_at": NOW, **more}
    attachments, answered = beside.pop("attachments", None), beside.pop("reply_post_id", None)
    post = posts.drafted(
        review, author=shown["name"], card=codec.dump_object(shown), revision=wording, now=NOW, **beside
    )
    post.reply_post_id = answered
    if attachments is not None:
        post.attachments = codec.dump(codec.ATTACHMENTS, tuple(attachments))
    async with transaction():
        return await posts.publish(post)


@dataclass
class Got:
    """What a browser was sent."""

    status: int
    headers: Mapping[str, str]
    sent: bytes
    """As it came over the wire."""

    @property
    def body(self) -> bytes:
        return gzip.decompress(self.sent) if self.headers.get("Content-Encoding") == "gzip" else self.sent

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def page(self) -> "Page":
        page = Page()
        page.feed(self.text)
        page.close()
        assert not page.wrong, page.wrong
        return page


class Page(HTMLParser):
    """A page as its readers take it: words, links, languages. What is not closed as it was opened is wrong."""

    _ALONE = frozenset({"meta", "link", "input", "br", "html", "!doctype"})
    _MAY_STAY_OPEN = frozenset({"p", "html"})

    def __init__(self) -> None:
        super().__init__()
        self.links: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.wrong: list[str] = []
        self._open: list[str] = []
        self._href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self._ALONE:
            self._open.append(tag)
        if tag == "a":
            self._href = dict(attrs).get("href") or ""

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open[-1] != tag and self._open[-1] in self._MAY_STAY_OPEN:
            self._open.pop()
        if not self._open or self._open.pop() != tag:
            self.wrong.append(tag)
        if tag == "a":
            self._href = ""

    def handle_data(self, data: str) -> None:
        if self._open[-1:] in (["style"], ["title"]):
            return
        self.words += data
        if self._href:
            self.links[data] = self._href

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@dataclass
class Browser:
    """Asks the pages as a phone does."""

    session: ClientSession
    root: str
    ports: "Doubles"
    headers: dict[str, str] = field(default_factory=lambda: {"Accept-Encoding": "gzip", "Accept-Language": "en"})

    async def get(self, path: str, method: str = "GET", data: Any = None, **headers: str) -> Got:
        said = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.session.request(
            method, self.root + path, headers=said, data=data, allow_redirects=False
        ) as response:
            return Got(status=response.status, headers=response.headers, sent=await response.read())


@dataclass
class Doubles:
    """What app gives, seen from the other side."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    ways: Sequence[Way] = (
        Way(kind="telegram", link="https://t.me/hifa_bot?start=hifa"),
        Way(kind="email", address="hifa@lists.example.org"),
        Way(kind="sms", address="+256772123456", words="JOIN hifa"),
    )
    unsubscribed: list[tuple[int, str]] = field(default_factory=list)
    made: int = 0

    async def small(self, sha256: str, kind: str) -> Picture | None:
        self.made += 1
        if sha256 == "f" * 64:
            raise MediaRefused
        (self.folder / ("5" * 64)).write_bytes(b"\xff\xd8small")
        return Picture(sha256="5" * 64, size=7, width=240, height=180)

    async def unsubscribe(self, person_id: int, community: str) -> None:
        self.unsubscribed.append((person_id, community))


def community(policy: ArchivePolicy, **more: Any) -> Community:
    return replace(COMMUNITY, archive=Archive(policy=policy, address=ADDRESS), **more)


@asynccontextmanager
async def browsing(
    folder: Path, policy: ArchivePolicy = ArchivePolicy.PUBLIC, trusted: Sequence[str] = (), **more: Any
) -> AsyncIterator[Browser]:
    """The pages of one community over the open database."""
    doubles = Doubles(folder)
    doubles.clock.at = NOW + timedelta(days=1)
    pages = Pages(
        Ports(
            communities=Communities((community(policy, **more),)),
            clock=doubles.clock,
            ways=lambda _: doubles.ways,
            small=doubles.small,
            file=lambda sha256: folder / sha256,
            unsubscribe=doubles.unsubscribe,
            installation=database.installation,
            trusted_proxies=trusted,
        )
    )
    application = web.Application()
    pages.add_to(application)
    server = TestServer(application)
    await server.start_server()
    try:
        async with ClientSession(auto_decompress=False, cookie_jar=DummyCookieJar()) as session:
            yield Browser(session=session, root=str(server.make_url("")).rstrip("/"), ports=doubles)
    finally:
        await server.close()


def at(days: float) -> datetime:
    return NOW + timedelta(days=days)
