"""``baraza export``: whole and harmless in every format, the same bytes each time, in a file of one's own."""

import csv
import io
import json
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.cli import export_formats as formats
from bridge.cli import rooms
from bridge.cli.export_formats import Separator, Span
from bridge.config import Config
from bridge.core.card import AuthorCard
from bridge.core.community import Community
from bridge.core.exports import (
    Decisions,
    DiscussionLine,
    ExportedDiscussion,
    ExportedNote,
    ExportedPost,
    ExportedQuotation,
    ExportedTranslation,
    LeftOut,
    Posts,
    Quotations,
)
from bridge.core.ids import CommunityId
from bridge.core.policy import Policy
from bridge.core.text import Mark, MarkKind, RichText, plain
from tests.unit.cli.conftest import CONFIG, FakeApp, Run

AT = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
NAIROBI = Community(
    id=CommunityId("hifa"), name="HIFA", language="en", moderators=(), policy=Policy(zone=ZoneInfo("Africa/Nairobi"))
)
TEXT = "We boil *water*, every day.\n- at noon\n1. at night\n=1+1\n\n# Not a heading <b>"
POST = ExportedPost(
    number=12,
    published=AT,
    corrected=None,
    theme="Learning for quality",
    theme_number=3,
    headline="Clean water?",
    thread_headline="Clean water?",
    thread_number=2,
    answers=9,
    card=AuthorCard(label="HIFA", name="Amina Okello", role="nurse", organisation="Mandara", country="Kenya"),
    text=plain(TEXT),
    attachments=(("document", "guideline.pdf"), ("poll", "Which dose?")),
    notes=(ExportedNote(text="See the guideline.", name="Grace", initials="G", anchor="every day"),),
    translations=(ExportedTranslation(language="fr", translator="Jean Dupont", text=plain("Nous faisons bouillir")),),
    origin=("CHIFA", 4),
)
QUOTATION = ExportedQuotation(text="We boil *water*", post=POST, selected_by="Grace", selected_at=AT)
DISCUSSION = ExportedDiscussion(
    id=3,
    community="hifa",
    title="Learning for quality",
    state="open",
    sponsor="The Mandara Foundation",
    starts=AT,
    ends=AT + timedelta(days=28),
    questions=("What helps?", "What stands in the way?"),
    working_group=("Amina Okello", "Peter Mwangi"),
    counter=4,
    posts=(POST,),
    left_out=LeftOut(retracted=1),
)


@dataclass
class Exporting(FakeApp):
    """Answers every export with one of each, and keeps what was asked."""

    asked: list[Any] = field(default_factory=list)
    found: Sequence[DiscussionLine] = (DiscussionLine(id=3, community="hifa", title="Learning for quality"),)

    async def export_posts(self, community: str, *, since: datetime | None, until: datetime) -> Posts:
        self.asked.append((community, since, until))
        return Posts(posts=(POST,), left_out=LeftOut(retracted=2))

    async def export_decisions(self, community: str, *, since: datetime | None, until: datetime) -> Decisions:
        self.asked.append((community, since, until))
        counts = {
            ("post", "approved"): 7,
            ("post", "rejected"): 3,
            ("appeal", "approved"): 1,
            ("appeal", "rejected"): 2,
        }
        return Decisions(counts=counts, reasons={"privacy": 2, "other": 1}, median_minutes=34)

    async def export_quotations(self, community: str, *, since: datetime | None, until: datetime) -> Quotations:
        self.asked.append((community, since, until))
        return Quotations(quotations=(QUOTATION,), left_out=LeftOut(reworded=1))

    def addressed(self, config: Config, posts: Sequence[ExportedPost]) -> Sequence[ExportedPost]:
        return [replace(post, addresses=("https://t.me/c/1234567890/55",)) for post in posts]

    async def find_discussions(self, said: str, community: str | None) -> Sequence[DiscussionLine]:
        self.asked.append((said, community))
        return self.found

    async def export_discussion(self, discussion: int, *, until: datetime) -> ExportedDiscussion:
        self.asked.append(discussion)
        return DISCUSSION


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Exporting:
    fake = Exporting()
    monkeypatch.setattr(rooms, "app", lambda: fake)
    return fake


# --- the commands ---


def test_quotations_have_all_their_columns(baraza: Run, app: Exporting, config: Path) -> None:
    done = baraza("--config", config, "export", "quotations", "--community", "hifa")
    assert done.status == 0
    (row,) = csv.DictReader(io.StringIO(done.out))
    assert row == {
        "date": "2026-03-01",
        "theme": "Learning for quality",
        "theme_number": "3",
        "sub_thread": "Clean water?",
        "sub_thread_number": "2",
        "headline": "Clean water?",
        "quotation": "We boil *water*",
        "author": "Amina Okello",
        "author_card": "HIFA profile: Amina Okello is a nurse at Mandara, Kenya.",
        "country": "Kenya",
        "post": "12",
        "link": "HIFA #12",
        "addresses": "https://t.me/c/1234567890/55",
        "selected_by": "Grace",
        "selected_at": "2026-03-01T22:30:00+00:00",
    }
    assert "Left out: 1, because the posts were corrected" in done.err
    assert app.opened == [False], "an export changes nothing"


def test_decisions_in_figures(baraza: Run, app: Exporting, config: Path) -> None:
    asked = ("--config", config, "export", "decisions", "--from", "2026-03-01", "--to", "2026-03-31")
    text = baraza(*asked).out
    assert text.startswith(
        "# HIFA: how moderators decided from 2026-03-01 to 2026-03-31\n\n- Approved: 7\n- Rejected: 3\n"
    )
    assert "- Rejected: Names a patient: 2\n- Rejected: Already posted: 0\n" in text, "also what nobody was given"
    assert "- Appeals decided: 3\n- Appeals granted: 1\n" in text
    assert "- Half of the decisions came within so many minutes: 34\n" in text
    rows = {row["figure"]: row["count"] for row in csv.DictReader(io.StringIO(baraza(*asked, "--format", "csv").out))}
    assert (rows["Approved"], rows["Rejected: Another reason"]) == ("7", "1")
    read = json.loads(baraza(*asked, "--format", "json").out)
    assert read["decided"]["appeal"] == {"approved": 1, "rejected": 2, "withdrawn": 0, "lapsed": 0, "merged": 0}
    assert read["rejected_because"]["privacy"] == 2


def test_the_days_asked_for_are_whole_days_there(baraza: Run, app: Exporting, config: Path) -> None:
    config.write_text(CONFIG.replace('name = "HIFA"', 'name = "HIFA"\ntime_zone = "Africa/Nairobi"'))
    done = baraza("--config", config, "export", "posts", "--from", "2026-03-01", "--to", "2026-03-02")
    assert done.status == 0
    ((community, since, until),) = app.asked
    assert community == "hifa"
    assert (since, until) == (datetime(2026, 2, 28, 21, tzinfo=UTC), datetime(2026, 3, 2, 21, tzinfo=UTC))
    assert "Left out: 2, because the posts were taken back." in done.err


def test_what_is_yet_to_go_out_is_not_asked_for(baraza: Run, app: Exporting, config: Path) -> None:
    for last in ((), ("--to", "2999-01-01"), ("--from", "0001-01-01", "--to", "9999-12-31"), ("--to", "0001-01-01")):
        assert baraza("--config", config, "export", "posts", *last).status == 0
    assert all(until <= datetime.now(UTC) for _, _, until in app.asked)


@pytest.mark.parametrize(
    "wrong",
    [
        ("posts", "--from", "yesterday"),
        ("posts", "--from", "2026-03-02", "--to", "2026-03-01"),
        ("posts", "--community", "chifa"),
        ("quotations", "--format", "pdf"),
    ],
)
def test_what_cannot_be_asked(baraza: Run, app: Exporting, config: Path, wrong: tuple[str, ...]) -> None:
    assert baraza("--config", config, "export", *wrong).status == 2
    assert app.asked == []


def test_a_discussion_by_title_or_number(baraza: Run, app: Exporting, config: Path) -> None:
    done = baraza("--config", config, "export", "discussion", "Learning for quality")
    assert done.status == 0
    assert app.asked == [("Learning for quality", None), 3]
    assert done.out.startswith("# Learning for quality\n")
    assert "Left out: 1, because the posts were taken back." in done.err
    app.found = ()
    missing = baraza("--config", config, "export", "discussion", "Zinc", "--community", "hifa")
    assert (missing.status, missing.out) == (1, "")
    assert "There is no such discussion" in missing.err
    app.found = (DiscussionLine(id=3, community="hifa", title="Q"), DiscussionLine(id=5, community="chifa", title="Q"))
    several = baraza("--config", config, "export", "discussion", "q")
    assert several.status == 1
    assert "3 (hifa), 5 (chifa)" in several.err


def test_a_file_for_its_owner_alone(baraza: Run, app: Exporting, config: Path, tmp_path: Path) -> None:
    out = tmp_path / "posts.csv"
    out.write_text("an older export")
    done = baraza("--config", config, "export", "posts", "--out", out)
    assert done.status == 0
    assert f"Written to {out}." in done.out
    assert out.read_bytes().startswith(b"\xef\xbb\xbflink,addresses,"), "spreadsheets need the mark to read accents"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["baraza.toml", "posts.csv"]
    other = tmp_path / "posts.json"
    baraza("--config", config, "export", "posts", "--format", "json", "--out", other)
    assert json.loads(other.read_text(encoding="utf-8"))["version"] == formats.VERSION
    failed = baraza("--config", config, "export", "posts", "--out", tmp_path / "nowhere" / "posts.csv")
    assert failed.status == 1
    assert "could not be written" in failed.err


# --- JSON ---


def test_json_is_whole_and_always_the_same() -> None:
    text = formats.discussion_json(DISCUSSION, NAIROBI)
    assert text == formats.discussion_json(DISCUSSION, NAIROBI)
    read = json.loads(text)
    assert list(read)[:3] == ["kind", "version", "community"]
    assert (read["from"], read["to"]) == ("2026-03-02", "2026-03-30"), "days of its own time zone"
    assert read["left_out"] == {"retracted": 1, "reworded": 0}
    assert read["counter"] == 4
    (post,) = read["posts"]
    assert post["published"] == "2026-03-02T01:30:00+03:00"
    assert (post["link"], post["answers"], post["forwarded_from"]) == ("HIFA #12", "HIFA #9", "CHIFA #4")
    assert post["text"] == TEXT
    assert post["moderators_notes"] == [
        {"text": "See the guideline.", "moderator": "Grace", "initials": "G", "beside": "every day"}
    ]
    assert post["translations"] == [{"language": "fr", "translator": "Jean Dupont", "text": "Nous faisons bouillir"}]
    assert post["corrected"] is None


def test_the_rows_of_json_and_csv_have_the_same_names() -> None:
    posts = json.loads(formats.posts_json([POST], LeftOut(), NAIROBI, Span()))["posts"]
    assert tuple(posts[0]) == formats._POST_COLUMNS
    quoted = json.loads(formats.quotations_json([QUOTATION], LeftOut(), NAIROBI, Span(first="2026-03-01")))
    assert tuple(quoted["quotations"][0]) == formats._QUOTATION_COLUMNS
    assert (quoted["from"], quoted["to"]) == ("2026-03-01", None)


def test_links_are_spelled_out() -> None:
    text = RichText("the guideline", (Mark(0, 13, MarkKind.LINK, "https://who.int/zinc"),))
    row = formats.post_row(replace(POST, text=text), NAIROBI)
    assert row["text"] == "the guideline (https://who.int/zinc)"


# --- CSV ---


@pytest.mark.parametrize(
    "formula",
    ["=1+1", "+254700000001", "-2+3", "@SUM(A1)", "\t=1", " =1", "\n=1", "\r\n@x", "\ufeff=1", "＝1+1", "＋1", "＠x"],
)
def test_nothing_in_a_cell_becomes_a_formula(formula: str) -> None:
    post = replace(POST, text=plain(formula), headline=formula, card=AuthorCard(label="HIFA", name=formula))
    (row,) = csv.DictReader(io.StringIO(formats.posts_csv([post], NAIROBI), newline=""))
    for column in ("text", "headline", "author"):
        assert row[column].startswith("'")
        assert row[column].replace("'", "") == formula


@pytest.mark.parametrize("inner", ["=cmd|' /C calc'!A0", "  @SUM(A1)", "-2+3", "+254700000001", "＝1"])
@pytest.mark.parametrize("separator", list(Separator))
def test_nothing_becomes_a_formula_in_a_file_opened_with_another_separator(separator: Separator, inner: str) -> None:
    """In half of the world a double click splits a file of commas at its semicolons and line breaks."""
    other = "," if separator is Separator.SEMICOLON else ";"
    post = replace(POST, text=plain(f"one\n{inner}\ntwo{other}{inner}\tthree\t{inner}"))
    written = formats.posts_csv([post], NAIROBI, separator)
    for cell in re.split(rf"[\n\r\t{other}]", written):
        assert not re.match(r"\s*[=+\-@＝]", cell)
    (row,) = csv.DictReader(io.StringIO(written, newline=""), delimiter=separator.sign)
    assert row["text"].replace("'", "") == post.text.text.replace("'", "")


def test_lists_and_smileys_stay_as_they_are() -> None:
    text = "Bring:\n- gloves\n- soap; thanks ;-)"
    assert formats.csv_cell(text) == text


def test_semicolons_where_spreadsheets_want_them(baraza: Run, app: Exporting, config: Path) -> None:
    done = baraza("--config", config, "export", "posts", "--separator", "semicolon")
    (row,) = csv.DictReader(io.StringIO(done.out, newline=""), delimiter=";")
    assert (row["link"], row["country"]) == ("HIFA #12", "Kenya")


@given(st.text())
def test_a_cell_never_begins_like_a_formula_and_loses_nothing(text: str) -> None:
    cell = formats.csv_cell(text)
    assert not re.match(r"\s*[=+\-@]", cell)
    assert cell.replace("'", "") == text.replace("'", "")


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_was_written_is_one_row(name: str, text: str) -> None:
    post = replace(POST, card=AuthorCard(label="HIFA", name=name), text=plain(text))
    rows = list(csv.DictReader(io.StringIO(formats.posts_csv([post, post], NAIROBI), newline="")))
    assert len(rows) == 2
    assert rows[0]["text"].replace("'", "") == text.replace("'", "")
    assert None not in rows[0]


def test_the_notes_of_moderators_are_never_the_authors_words() -> None:
    (row,) = csv.DictReader(io.StringIO(formats.posts_csv([POST], NAIROBI), newline=""))
    assert row["text"] == TEXT.replace("=1", "'=1")
    assert row["moderators_notes"] == "[Moderator's note, Grace (G), beside “every day”: See the guideline.]"
    assert row["translations"] == "[Translation into French, by Jean Dupont] Nous faisons bouillir"
    assert row["attachments"] == "document guideline.pdf, poll Which dose?"


# --- Markdown ---


def test_a_discussion_to_read() -> None:
    text = formats.discussion_markdown(DISCUSSION, NAIROBI)
    assert text == (
        "# Learning for quality\n\n"
        "- Community: HIFA\n"
        "- Sponsor: The Mandara Foundation\n"
        "- Dates: from 2026-03-02 to 2026-03-30\n"
        "- State: open\n"
        "- Working group: Amina Okello, Peter Mwangi\n"
        "- Running number: 4\n"
        "- Posts: 1\n"
        "- Left out because their posts were taken back: 1\n\n"
        "## Questions\n\n"
        "1. What helps?\n2. What stands in the way?\n\n"
        "## HIFA \\#12 · Learning for quality (3) Clean water? (2)\n\n"
        "2026-03-02 · Amina Okello · answers HIFA \\#9 · forwarded from CHIFA \\#4\n\n"
        "We boil \\*water\\*, every day.  \n\\- at noon  \n1\\. at night  \n\\=1+1\n\n\\# Not a heading \\<b\\>\n\n"
        "\\[document guideline.pdf\\]\n\n\\[poll Which dose?\\]\n\n"
        "*HIFA profile: Amina Okello is a nurse at Mandara, Kenya.*\n\n"
        "> \\[Moderator's note, Grace (G), beside “every day”: See the guideline.\\]\n\n"
        "> **Translation into French, by Jean Dupont**\n>\n> Nous faisons bouillir\n"
    )


def test_where_a_post_stands_can_be_followed() -> None:
    post = replace(POST, addresses=("https://t.me/c/1234567890/55", "https://matrix.to/#/!r:example.org/$e"))
    text = formats.posts_markdown([post], LeftOut(), NAIROBI, Span())
    assert " · <https://t.me/c/1234567890/55> · <https://matrix.to/#/!r:example.org/$e>\n" in text
    quoted = formats.quotations_markdown([replace(QUOTATION, post=post)], LeftOut(), NAIROBI, Span())
    assert "- <https://t.me/c/1234567890/55>\n" in quoted


def test_quotations_to_read() -> None:
    text = formats.quotations_markdown([QUOTATION], LeftOut(reworded=1), NAIROBI, Span(last="2026-03-31"))
    assert text == (
        "# HIFA: quotations to 2026-03-31\n\n"
        "- Quotations: 1\n- Left out because the posts no longer say so: 1\n\n"
        "> We boil \\*water\\*\n\n"
        "— Amina Okello · Kenya · 2026-03-02 · HIFA \\#12\n\n"
        "- Learning for quality (3) Clean water? (2)\n"
        "- HIFA profile: Amina Okello is a nurse at Mandara, Kenya.\n"
        "- Selected by Grace, 2026-03-02\n"
    )


@given(st.text(st.characters(codec="ascii")))
def test_markdown_says_what_was_written(text: str) -> None:
    unescaped = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", formats.escaped(text))
    assert unescaped.split() == "\n".join(line.strip() for line in text.splitlines()).split()


def test_an_address_can_be_followed() -> None:
    said = formats.escaped("See https://who.int/a_b*c?x=1&y=2 (or http://a.example), then * rest_")
    assert said == "See <https://who.int/a_b*c?x=1&y=2> (or <http://a.example>), then \\* rest\\_"


@pytest.mark.parametrize(
    "line", ["# x", "- x", "+ x", "1. x", "1) x", "> x", "* x", "```", "---", "===", "    code", "<b>"]
)
def test_no_line_of_a_member_is_markup(line: str) -> None:
    shown = formats.escaped(f"a\n\n{line}")
    last = shown.split("\n")[-1]
    assert not re.match(r"\s*(#|[-+*]\s|\d+[.)]\s|>|```|---|===|<)|\s{4}", last)
