"""The archive's pages: what they say, what they weigh, who may read them, and that nothing else gets out."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from multidict import CIMultiDict

from bridge.core.archive import ArchivePolicy
from bridge.core.message import Attachment, AttachmentKind
from bridge.core.states import MembershipState
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.storage import afterwards, codec, database, erasure, memberships, people, personal_links
from bridge.storage.database import transaction
from bridge.storage.models_desk import Theme
from tests.integration.archive_stage import Browser, at, browsing, corpus, long_text, published
from tests.unit.storage.stage import NOW, sender

PHOTO = Attachment(
    sha256="a" * 64, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=1_400_000, name="photo.jpg", width=9, height=9
)


@pytest.fixture
def kind() -> str:
    """The pages ask storage, whose tests run on both databases."""
    return "sqlite"


@pytest.fixture
async def browser(opened: str, tmp_path: Path) -> AsyncIterator[Browser]:
    del opened
    async with browsing(tmp_path) as browser:
        yield browser


# --- bytes ---


@pytest.mark.parametrize("language", sorted(corpus()))
async def test_what_pages_weigh(browser: Browser, language: str) -> None:
    assert len(corpus()) == 12
    theme = await Theme.create(community="hifa", title="Misoprostol at home", created_at=NOW)
    for number in range(25):
        text = long_text(language, 1200 if number else 6000, start=number * 3)
        await published(text, theme_id=theme.id, theme_number=number + 1, headline=text[:60], publish_at=at(-number))
    for number in (1, 2, 9):
        got = await browser.get(f"/hifa/{number}")
        assert got.status == 200
        assert got.headers["Content-Encoding"] == "gzip"
        assert len(got.sent) <= 2048, (language, number)
        assert "Kibera Community Clinic" in got.page.words
    for path in (
        "/hifa",
        "/hifa/",
        "/hifa?before=20",
        "/hifa/theme/1",
        "/hifa/search?q=a",
        "/hifa/themes",
        "/hifa/months",
    ):
        got = await browser.get(path)
        assert got.status == 200
        assert len(got.sent) <= 10_000, (language, path, len(got.sent))
    whole = (await browser.get("/hifa/1?all=1")).page.words
    for sentence in corpus()[language][:3]:
        assert sentence in re.sub(r" \[\*[^]]*\]", "", whole)


async def test_a_long_post_is_continued_and_nothing_is_lost(browser: Browser) -> None:
    text = long_text("en", 9000) + " And that was the end of it."
    await published(text)
    first = await browser.get("/hifa/1")
    assert len(first.sent) > 1500, "as much as fits"
    links = [(words, href) for words, href in first.page.links.items() if words.startswith("Read on (")]
    assert [href for _, href in links] == ["1?all=1"]
    assert text[-20:] not in first.page.words
    assert text[-20:] in (await browser.get("/hifa/1?all=1")).page.words


async def test_an_ordinary_post_is_whole(browser: Browser) -> None:
    await published(long_text("en", 1200), headline="Misoprostol at home: which dose?")
    page = (await browser.get("/hifa/1")).page
    assert not [words for words in page.links if words.startswith("Read on")]
    assert long_text("en", 1200)[-80:] in page.words


# --- what they say ---


async def test_a_post_with_all_that_belongs_to_it(browser: Browser) -> None:
    theme = await Theme.create(community="hifa", title="Zinc", created_at=NOW)
    root = await published("Is zinc safe?", theme_id=theme.id, theme_number=76, headline="Have you ever?")
    translated = {
        "sw": {
            "text": codec.dump(codec.RICH_TEXT, plain("Je, zinki ni salama?")),
            "translator": "Neema",
            "source": "en",
        }
    }
    await published(
        "Ten milligrams are safe.",
        theme_id=theme.id,
        theme_number=77,
        headline="Have you ever?",
        thread_id=root.id,
        thread_number=2,
        reply_post_id=root.id,
        notes=codec.dump_object(
            {"notes": [{"text": "See WHO", "anchor": "Ten milligrams", "name": "N", "initials": "NPW"}]}
        ),
        translations=codec.dump_object(translated),
        corrected_at=NOW,
    )
    page = (await browser.get("/hifa/2")).page
    for said in (
        "Zinc (77) Have you ever? (2)",
        "#2",
        "(corrected)",
        "Re #1 (Amina Okello)",
        "Ten milligrams [*see note below] are safe.",
        "HIFA profile: Amina Okello is a community health worker at Kibera Community Clinic, Uganda.",
        "[*Note from HIFA moderator (NPW): See WHO]",
        "Whole conversation (2 posts)",
    ):
        assert said in page.words, said
    assert "amina" not in page.words.replace("Amina", "").casefold(), "an address is not for everybody"
    assert page.links["Re #1 (Amina Okello)"] == "1"
    assert page.links["Swahili"] == "2/sw"
    read = await browser.get("/hifa/2", Accept_Language="sw-KE,sw;q=0.9,en;q=0.5")
    assert "Je, zinki ni salama?" in read.page.words
    assert "Ten milligrams" not in read.page.words.replace("“Ten milligrams”", "")
    assert read.page.attributes("html") == [{"lang": "sw"}]
    assert (await browser.get("/hifa/2/original", Accept_Language="sw")).page.words.count("are safe.") == 1
    assert (await browser.get("/hifa/2/fr")).status == 404
    answered = (await browser.get("/hifa/1")).page
    assert answered.links["#2 Amina Okello"] == "2"
    thread = (await browser.get("/hifa/thread/2")).page
    assert thread.words.index("Is zinc safe?") < thread.words.index("Ten milligrams")


async def test_marks_links_and_what_strangers_make_of_them(browser: Browser) -> None:
    said = "<script>alert(1)</script> see https://example.org/a?b=1&c=2. or this or that\n\nquoted\n\nend"
    start = said.index("this")
    text = RichText(
        said,
        (
            Mark(start, start + 4, MarkKind.LINK, "javascript:alert(1)"),
            Mark(start + 8, start + 12, MarkKind.LINK, 'https://x.example/"onclick="a'),
            Mark(start, start + 12, MarkKind.BOLD),
            Mark(said.index("quoted"), said.index("quoted") + 6, MarkKind.QUOTE),
            Mark(said.index("end"), said.index("end") + 3, MarkKind.MENTION, "12345678"),
        ),
    )
    evil = '"><img src=x onerror=alert(1)>'
    await published(text, headline=evil, card={"name": evil, "role": evil})
    for path in ("/hifa/1", "/hifa", "/hifa/search?q=%22%3E%3Cscript%3E"):
        got = await browser.get(path)
        page = got.page
        assert {tag for tag, _ in page.tags} <= {
            *("html", "meta", "title", "style", "link", "nav", "a", "main", "h1", "h2", "p", "b", "i", "div", "small"),
            *("br", "bdi", "blockquote", "form", "input", "button"),
        }
        assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
        assert "javascript:" not in got.text
        assert "12345678" not in got.text
    page = (await browser.get("/hifa/1")).page
    assert "<script>alert(1)</script>" in page.words
    assert page.links["https://example.org/a?b=1&c=2"] == "https://example.org/a?b=1&c=2"


async def test_the_language_and_its_direction(browser: Browser) -> None:
    await published(long_text("ar", 300))
    got = await browser.get("/hifa/1")
    assert all(attributes.get("dir") == "auto" for attributes in got.page.attributes("h1"))
    assert any(attributes.get("dir") == "auto" for attributes in got.page.attributes("p"))
    for accepted, language in (
        ("fr-CA, fr;q=0.9", "fr"),
        ("de, *;q=0.5", "en"),
        ("xx;q=nonsense,,;", "en"),
        ("pt", "pt"),
    ):
        assert (await browser.get("/hifa", Accept_Language=accepted)).page.attributes("html")[0]["lang"] == language


async def test_lists_go_back_in_pages(browser: Browser) -> None:
    for number in range(1, 46):
        await published(f"Post {number}", publish_at=at(-100 + number))
    seen: list[str] = []
    path = "/hifa"
    for _ in range(3):
        page = (await browser.get(path)).page
        seen += [attributes["href"] or "" for attributes in page.attributes("a")]
        further = page.links.get("Older")
        if further is None:
            break
        assert re.fullmatch(r"(hifa|\.)/\?before=\d+", further)
        path = "/hifa" + further[further.index("/") :]
    numbers = [int(match[1]) for href in seen if (match := re.fullmatch(r"(?:hifa/)?(\d+)", href))]
    assert numbers == list(range(45, 0, -1))
    months = (await browser.get("/hifa/months")).page
    assert [href for words, href in months.links.items() if "2025" in words]
    month = next(href for words, href in months.links.items() if "2026" in words)
    assert (await browser.get(f"/hifa/{month}")).status == 200
    for wrong in (
        "month/2026-13",
        "month/0000-01",
        "month/1999-01",
        "?before=999",
        "thread/999",
        "theme/7",
        "0",
        "01",
        "x" * 3000,
    ):
        assert (await browser.get(f"/hifa/{wrong}")).status == 404, wrong


async def test_how_to_take_part_says_what_there_is(browser: Browser) -> None:
    page = (await browser.get("/hifa/how")).page
    assert page.links["Telegram"] == "https://t.me/hifa_bot?start=hifa"
    assert page.links["E-mail: write to hifa@lists.example.org"] == "mailto:hifa@lists.example.org"
    assert page.links["SMS: send JOIN hifa to +256772123456"] == "sms:+256772123456"
    browser.ports.ways = ()
    page = (await browser.get("/hifa/how")).page
    assert "E-mail" not in page.words
    assert "SMS" not in page.words


# --- too much ---


async def test_whoever_tries_out_personal_links_is_soon_not_heard_out(browser: Browser) -> None:
    statuses = [(await browser.get(f"/u/{'x' * 20}{n}")).status for n in range(31)]
    assert statuses == [404] * 30 + [429]
    refused = await browser.get("/u/y")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "20")
    assert (await browser.get("/hifa")).status == 200  # what is public is still read from there
    browser.ports.clock.pass_by(20.1)
    assert (await browser.get("/u/y")).status == 404


async def test_who_has_a_good_link_is_not_locked_out_by_somebody_behind_the_same_address(
    opened: str, tmp_path: Path
) -> None:
    del opened
    member = await people.meet(sender("amina"), NOW)
    await memberships.enter(member.person_id, "hifa", MembershipState.MEMBER, now=NOW, via="join")
    key = await personal_links.archive_key(member.person_id, "hifa", NOW)
    leave = await personal_links.unsubscribe_token(member.person_id, "hifa", NOW)
    async with browsing(tmp_path, ArchivePolicy.MEMBERS) as browser:
        statuses = [(await browser.get(f"/hifa/~{'x' * 20}{n}")).status for n in range(31)]
        assert statuses == [404] * 30 + [429]
        assert (await browser.get(f"/hifa/~{key}")).status == 200
        assert (await browser.get(f"/u/{leave}")).status == 200
        statuses = [(await browser.get("/hifa/how")).status for _ in range(220)]
        assert (statuses[0], statuses[-1]) == (429, 429)
        assert (await browser.get(f"/hifa/~{key}")).status == 200, "what the address may ask for is used up"
        assert (await browser.get(f"/u/{leave}")).status == 200


async def test_one_address_reads_so_much_and_not_more(browser: Browser) -> None:
    statuses = [(await browser.get("/robots.txt")).status for _ in range(241)]
    assert statuses == [200] * 240 + [429]
    assert (await browser.get("/hifa")).headers["Retry-After"] == "1"
    browser.ports.clock.pass_by(1)
    assert (await browser.get("/hifa")).status == 200


# --- search ---


async def test_search_answers_anything_and_not_too_often(browser: Browser) -> None:
    await published("Réhydratation orale")
    page = (await browser.get("/hifa/search?q=rehydratation")).page
    assert "Réhydratation orale" in page.words
    assert "No post has all of these words" in (await browser.get("/hifa/search?q=%00%27%22)(*%2B")).page.words
    assert (await browser.get("/hifa/search?q=%ff%fe&before=zzz")).status == 200
    assert (await browser.get("/hifa/search")).status == 200
    statuses = [(await browser.get(f"/hifa/search?q=a{n}")).status for n in range(40)]
    assert statuses[-1] == 429
    browser.ports.clock.pass_by(1.1)
    assert (await browser.get("/hifa/search?q=b")).status == 200
    # A reader behind the same address reads on.
    assert (await browser.get("/hifa/search?q=c")).status == 429
    assert (await browser.get("/hifa/1")).status == 200


async def test_behind_a_proxy_of_ours_each_reader_counts_alone(opened: str, tmp_path: Path) -> None:
    del opened
    async with browsing(tmp_path, trusted=("10.0.0.0/8",)) as browser:  # one on this machine need not be named
        for number in range(42):
            got = await browser.get("/hifa/search?q=a", X_Forwarded_For=f"198.51.100.{number}, 10.1.2.3")
            assert got.status == 200
        forged = [
            (await browser.get("/hifa/search?q=a", X_Forwarded_For=f"192.0.2.{n}, 203.0.113.9, 10.1.2.3")).status
            for n in range(42)
        ]
        assert forged[-1] == 429


async def test_what_a_stranger_says_above_the_line_of_a_proxy_is_not_believed(browser: Browser) -> None:
    """HAProxy and others add a header of their own below the one that came."""
    for number in range(41):
        said = CIMultiDict([("X-Forwarded-For", f"192.0.2.{number}"), ("X-Forwarded-For", "203.0.113.9")])
        async with browser.session.get(f"{browser.root}/hifa/search?q=a", headers=said) as response:
            status = response.status
    assert status == 429


# --- who may read it ---


async def test_members_read_by_their_own_link(opened: str, tmp_path: Path) -> None:
    del opened
    await published("For members", targets=codec.dump_list(["net:kenya"]))
    member = await people.meet(sender("amina"), NOW)
    await memberships.enter(member.person_id, "hifa", MembershipState.MEMBER, now=NOW, via="join")
    key = await personal_links.archive_key(member.person_id, "hifa", NOW)
    async with browsing(tmp_path, ArchivePolicy.MEMBERS) as browser:
        for path in (
            "/hifa",
            "/hifa/1",
            "/hifa/~",
            f"/hifa/~{key[:-1]}",
            "/hifa/~" + "x" * 34,
            "/hifa/feed.atom",
            f"/hifa/{key}",
        ):
            assert (await browser.get(path)).status == 404, path
        for path in (f"/hifa/~{key}", f"/hifa/~{key}/", f"/hifa/~{key}/1", f"/hifa/~{key}/feed.atom"):
            got = await browser.get(path)
            assert got.status == 200, path
            assert got.headers["Cache-Control"] == "private, no-cache"
            assert "noindex" in got.headers["X-Robots-Tag"]
            assert key not in got.text or path.endswith(("atom", key)), (
                "a page that is printed or saved gives nothing away"
            )
        page = (await browser.get(f"/hifa/~{key}")).page
        assert f"~{key}/1" in [attributes["href"] for attributes in page.attributes("a")]
        assert "amina AT example.org" in (await browser.get(f"/hifa/~{key}/1")).page.words
        await personal_links.revoke_archive_keys(member.person_id, "hifa")
        assert (await browser.get(f"/hifa/~{key}/1")).status == 404
        assert (await browser.get("/robots.txt")).text == "User-agent: *\nDisallow: /\n"


async def test_what_is_off_is_not_there(opened: str, tmp_path: Path) -> None:
    del opened
    await published("Nobody reads this here")
    async with browsing(tmp_path, ArchivePolicy.OFF) as browser:
        for path in ("/", "/hifa", "/hifa/1", "/hifa/feed.atom", "/hifa/search?q=a", "/other"):
            assert (await browser.get(path)).status == 404, path


async def test_taken_back_is_gone_at_once_and_everywhere(browser: Browser) -> None:
    post = await published("Is zinc safe?", attachments=[PHOTO])
    seen = await browser.get("/hifa/1")
    assert seen.status == 200
    assert seen.headers["Cache-Control"] == "public, no-cache"
    async with transaction():
        await afterwards.retract(post, name="Grace", now=NOW)
    for path in ("/hifa/1", "/hifa/1?all=1", "/hifa/1/file/1", "/hifa/1/file/1/240"):
        gone = await browser.get(path, If_None_Match=seen.headers["ETag"])
        assert gone.status == 410, path
        assert "taken back" in gone.page.words
        assert gone.headers["Cache-Control"] == "no-store"
    for path in ("/hifa", "/hifa/feed.atom", "/hifa/search?q=zinc", "/hifa/thread/1"):
        assert "zinc safe" not in (await browser.get(path)).text


async def test_who_was_erased_is_gone_from_under_a_post_that_stays(browser: Browser) -> None:
    post = await published("Is zinc safe?", user="zuhura", card={"name": "Zuhura Ali", "role": "midwife"})
    await published("It is", thread_id=post.id, reply_post_id=post.id)
    seen = {path: await browser.get(f"/hifa{path}") for path in ("", "/1", "/2", "/feed.atom", "/thread/1")}
    assert all("Zuhura" in got.text for got in seen.values())
    person = (await people.meet(sender("zuhura"), NOW)).person_id
    await erasure.erase(person, NOW, kept={post.id: "A former member"})
    for path, got in seen.items():
        again = await browser.get(f"/hifa{path}", If_None_Match=got.headers["ETag"])
        assert again.status == 200, path
        assert "Zuhura" not in again.text, path
        assert "midwife" not in again.text, path
    assert "A former member" in (await browser.get("/hifa/1")).page.words
    assert "No post has" in (await browser.get("/hifa/search?q=zuhura")).page.words


async def test_without_a_database_readers_are_asked_to_come_back(browser: Browser) -> None:
    await database.close_database()
    got = await browser.get("/hifa")
    assert got.status in (500, 503)
    assert got.page.words
    assert got.headers["Cache-Control"] == "no-store"


# --- headers ---


async def test_conditional_requests_and_headers(browser: Browser) -> None:
    post = await published("Is zinc safe?")
    for path in ("/hifa", "/hifa/1", "/hifa/feed.atom", "/robots.txt", "/hifa/how"):
        got = await browser.get(path)
        csp = got.headers["Content-Security-Policy"]
        assert "default-src 'none'" in csp
        assert "script" not in csp
        assert got.headers["Referrer-Policy"] == "no-referrer"
        assert got.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in got.headers
        again = await browser.get(path, If_None_Match=f'"other", {got.headers["ETag"]}')
        assert (again.status, again.sent) == (304, b"")
        head = await browser.get(path, method="HEAD")
        assert (head.status, head.sent) == (200, b"")
    old = (await browser.get("/hifa/1")).headers["ETag"]
    await published("An answer", thread_id=post.id, reply_post_id=post.id)
    assert (await browser.get("/hifa/1", If_None_Match=old)).status == 200
    plain_one = await browser.get("/hifa/1", Accept_Encoding="gzip;q=0")
    assert "Content-Encoding" not in plain_one.headers
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        refused = await browser.get("/hifa/1", method=method)
        assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")
    for path in ("//evil.example/", "/hifa//evil.example", "/hifa/../u/x", "/hifa/%2e%2e/etc"):
        got = await browser.get(path)
        assert got.status in (200, 404), path
        assert "Location" not in got.headers


async def test_search_engines_are_told_by_policy(browser: Browser) -> None:
    await published("Is zinc safe?")
    assert (await browser.get("/robots.txt")).text.startswith(
        "User-agent: *\nAllow: /hifa$\nAllow: /hifa/\nDisallow: /hifa/search"
    )
    assert "X-Robots-Tag" not in (await browser.get("/hifa/1")).headers
    found = await browser.get("/hifa/search?q=zinc")
    assert "noindex" in found.headers["X-Robots-Tag"]
    assert {"name": "robots", "content": "noindex"} in found.page.attributes("meta")


# --- pictures ---


async def test_pictures_come_only_when_asked_for_and_say_their_size(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / ("a" * 64)).write_bytes(b"\xff\xd8 the whole picture")
    await published("With a photo", attachments=[PHOTO])
    page = (await browser.get("/hifa/1")).page
    assert not page.attributes("img")
    assert page.links["small, up to 8 kB"] == "1/file/1/240"
    assert page.links["larger, up to 25 kB"] == "1/file/1/480"
    assert page.links["original, 1.4 MB"] == "1/file/1"
    saving = (await browser.get("/hifa/1", Save_Data="on")).page
    assert saving.links["small, up to 4 kB"] == "1/file/1/160"
    small = await browser.get("/hifa/1/file/1/240")
    assert (small.status, small.headers["Content-Type"]) == (200, "image/jpeg")
    assert small.headers["Cache-Control"].startswith("private")
    assert "sandbox" in small.headers["Content-Security-Policy"]
    assert (await browser.get("/hifa/1/file/1")).sent == b"\xff\xd8 the whole picture"
    for wrong in ("1/file/0", "1/file/2", "1/file/1/9000", "1/file/1/240/x", "2/file/1", "1/file/x"):
        assert (await browser.get(f"/hifa/{wrong}")).status == 404, wrong


async def test_documents_are_saved_not_opened(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / ("d" * 64)).write_bytes(b"<html><script>alert(1)</script>")
    name = 'a"\r\nSet-Cookie: x=1; .html'
    await published(
        "A file",
        attachments=[Attachment(sha256="d" * 64, kind=AttachmentKind.DOCUMENT, mime="text/html", size=31, name=name)],
    )
    got = await browser.get("/hifa/1/file/1")
    assert got.headers["Content-Type"] == "application/octet-stream"
    assert got.headers["Content-Disposition"].startswith("attachment; filename=")
    assert "Set-Cookie" not in got.headers


# --- unsubscribing ---


async def token_of(user: str = "amina") -> tuple[int, str]:
    member = await people.meet(sender(user), NOW)
    await memberships.enter(member.person_id, "hifa", MembershipState.MEMBER, now=NOW, via="join")
    return member.person_id, await personal_links.unsubscribe_token(member.person_id, "hifa", NOW)


@pytest.mark.parametrize("policy", list(ArchivePolicy))
async def test_only_sending_the_form_unsubscribes(opened: str, tmp_path: Path, policy: ArchivePolicy) -> None:
    del opened
    person, token = await token_of()
    async with browsing(tmp_path, policy) as browser:
        for method in ("GET", "HEAD", "OPTIONS", "PUT"):
            got = await browser.get(f"/u/{token}", method=method)
            assert got.status == (405 if method in ("OPTIONS", "PUT") else 200)
        form = await browser.get(f"/u/{token}")
        assert form.page.attributes("form") == [{"method": "post"}]
        assert "amina" not in form.text.casefold(), "whoever finds the link learns nothing about its owner"
        assert token not in form.text
        assert browser.ports.unsubscribed == []
        from aiohttp import FormData

        multipart = FormData(default_to_multipart=True)
        multipart.add_field("List-Unsubscribe", "One-Click")
        forms: tuple[Any, ...] = ({"List-Unsubscribe": "One-Click"}, multipart, {"List-Unsubscribe": "One-Click"})
        for data in forms:
            done = await browser.get(f"/u/{token}", method="POST", data=data)
            assert done.status == 200
            assert "Location" not in done.headers
            assert "sends you nothing any more" in done.page.words
        assert browser.ports.unsubscribed == [(person, "hifa")] * 3
        assert (await browser.get(f"/u/{token}", method="POST", data=b"x" * 100_000)).status == 413
        for wrong in (token[:-1] + "!", "x" * 34, "a", "%00", token + "x"):
            assert (await browser.get(f"/u/{wrong}", method="POST", data={})).status == 404
        assert len(browser.ports.unsubscribed) == 3
