"""Exports as Markdown for people, CSV for spreadsheets and JSON for programs. The same export is always the same bytes.

Nothing that a member wrote becomes a formula in a spreadsheet or markup in a document.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bridge.core.community import Community
from bridge.core.exports import ExportedDiscussion, ExportedPost, ExportedQuotation, LeftOut
from bridge.rendering import cards, posts
from bridge.rendering.countries import country_name
from bridge.rendering.words import SOURCE_LANGUAGE, words

VERSION = 1
"""Of the JSON; raised when a program that read an older one would misread a newer."""
Row = Mapping[str, Any]

_ENGLISH = words(SOURCE_LANGUAGE)


@dataclass(frozen=True, kw_only=True)
class Span:
    """The days that were asked for, as they were written; empty: no bound."""

    first: str = ""
    last: str = ""


# --- rows ---


def reference(number: int, community: Community) -> str:
    """What the post is called everywhere."""
    return f"{community.name} #{number}"


def _day(at: datetime | None, community: Community) -> str:
    return "" if at is None else at.astimezone(community.policy.zone).date().isoformat()


def _moment(at: datetime | None, community: Community) -> str:
    return "" if at is None else at.astimezone(community.policy.zone).isoformat(timespec="seconds")


def _card(post: ExportedPost, community: Community) -> str:
    return cards.paragraph(post.card, words(community.language))


def post_row(post: ExportedPost, community: Community) -> dict[str, Any]:
    """One post, as JSON has it."""
    return {
        "link": reference(post.number, community),
        "addresses": list(post.addresses),
        "number": post.number,
        "published": _moment(post.published, community),
        "theme": post.theme,
        "theme_number": post.theme_number,
        "headline": post.headline,
        "sub_thread": post.thread_headline,
        "sub_thread_number": post.thread_number,
        "answers": None if post.answers is None else reference(post.answers, community),
        "forwarded_from": None if post.origin is None else f"{post.origin[0]} #{post.origin[1]}",
        "author": post.card.name,
        "author_card": _card(post, community),
        "country": country_name(post.card.country, words(community.language)),
        "text": posts.spelled(post.text).text,
        "attachments": [{"kind": kind, "name": name} for kind, name in post.attachments],
        "moderators_notes": [
            {"text": note.text, "moderator": note.name, "initials": note.initials, "beside": note.anchor}
            for note in post.notes
        ],
        "translations": [
            {"language": t.language, "translator": t.translator, "text": posts.spelled(t.text).text}
            for t in post.translations
        ],
        "corrected": _moment(post.corrected, community) or None,
    }


def _post_cells(post: ExportedPost, community: Community) -> dict[str, Any]:
    """The same in cells that people read."""
    row = post_row(post, community)
    return {
        **row,
        "addresses": "\n".join(post.addresses),
        "attachments": ", ".join(f"{kind} {name}".strip() for kind, name in post.attachments),
        "moderators_notes": "\n".join(_note(note) for note in row["moderators_notes"]),
        "translations": "\n\n".join(f"[{_translated(t)}] {t['text']}" for t in row["translations"]),
    }


def _note(note: Row) -> str:
    beside = f", beside “{note['beside']}”" if note["beside"] else ""
    return f"[Moderator's note, {note['moderator']} ({note['initials']}){beside}: {note['text']}]"


def _translated(translation: Row) -> str:
    language = _ENGLISH.language_name(translation["language"])
    return f"Translation into {language}, by {translation['translator']}"


def quotation_row(quotation: ExportedQuotation, community: Community) -> dict[str, Any]:
    """A quotation with everything that says where it is from."""
    post = quotation.post
    return {
        "date": _day(post.published, community),
        "theme": post.theme,
        "theme_number": post.theme_number,
        "sub_thread": post.thread_headline,
        "sub_thread_number": post.thread_number,
        "headline": post.headline,
        "quotation": quotation.text,
        "author": post.card.name,
        "author_card": _card(post, community),
        "country": country_name(post.card.country, words(community.language)),
        "post": post.number,
        "link": reference(post.number, community),
        "addresses": list(post.addresses),
        "selected_by": quotation.selected_by,
        "selected_at": _moment(quotation.selected_at, community),
    }


_POST_COLUMNS = (
    "link",
    "addresses",
    "number",
    "published",
    "theme",
    "theme_number",
    "headline",
    "sub_thread",
    "sub_thread_number",
    "answers",
    "forwarded_from",
    "author",
    "author_card",
    "country",
    "text",
    "attachments",
    "moderators_notes",
    "translations",
    "corrected",
)
_QUOTATION_COLUMNS = (
    "date",
    "theme",
    "theme_number",
    "sub_thread",
    "sub_thread_number",
    "headline",
    "quotation",
    "author",
    "author_card",
    "country",
    "post",
    "link",
    "addresses",
    "selected_by",
    "selected_at",
)


# --- CSV ---


class Separator(StrEnum):
    """What stands between two cells. Spreadsheets in countries that write 1,5 expect semicolons."""

    COMMA = "comma"
    SEMICOLON = "semicolon"

    @property
    def sign(self) -> str:
        return ";" if self is Separator.SEMICOLON else ","


_SIGNS = "=+\\-@＝＋－＠"
# A spreadsheet takes what begins like this for a formula, some also behind spaces or in full width.
_FORMULA = re.compile(rf"[\s\x00-\x1f\ufeff]*[{_SIGNS}]|[\t\r\n]")
# Opened with another separator than it was written with, a file has cells that begin in the middle of others.
_INNER = {
    separator: re.compile(rf"(?<=[\r\n\t{other}])(?=[^\S\r\n]*(?:[=@＝＠]|[+\-＋－][^\s)]))")
    for separator, other in ((Separator.COMMA, ";"), (Separator.SEMICOLON, ","))
}


def csv_cell(value: object, separator: Separator = Separator.COMMA) -> str:
    """Text that no spreadsheet will run: an apostrophe before what could be a formula."""
    text = "" if value is None else str(value)
    text = _INNER[separator].sub("'", text)
    return f"'{text}" if _FORMULA.match(text) else text


def table(columns: Sequence[str], rows: Sequence[Row], separator: Separator) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator.sign)
    writer.writerow(columns)
    writer.writerows([csv_cell(row[column], separator) for column in columns] for row in rows)
    return out.getvalue()


def posts_csv(found: Sequence[ExportedPost], community: Community, separator: Separator = Separator.COMMA) -> str:
    return table(_POST_COLUMNS, [_post_cells(post, community) for post in found], separator)


def quotations_csv(
    found: Sequence[ExportedQuotation], community: Community, separator: Separator = Separator.COMMA
) -> str:
    rows = [quotation_row(quotation, community) for quotation in found]
    cells = [{**row, "addresses": "\n".join(row["addresses"])} for row in rows]
    return table(_QUOTATION_COLUMNS, cells, separator)


# --- JSON ---


def as_json(kind: str, community: Community, left_out: LeftOut, rest: Row) -> str:
    head = {
        "kind": kind,
        "version": VERSION,
        "community": {"id": community.id, "name": community.name},
        "left_out": {"retracted": left_out.retracted, "reworded": left_out.reworded},
    }
    return json.dumps({**head, **rest}, indent=2, ensure_ascii=False) + "\n"


def span_of(span: Span) -> dict[str, str | None]:
    return {"from": span.first or None, "to": span.last or None}


def posts_json(found: Sequence[ExportedPost], left_out: LeftOut, community: Community, span: Span) -> str:
    rest = {**span_of(span), "posts": [post_row(post, community) for post in found]}
    return as_json("posts", community, left_out, rest)


def quotations_json(found: Sequence[ExportedQuotation], left_out: LeftOut, community: Community, span: Span) -> str:
    rest = {**span_of(span), "quotations": [quotation_row(quotation, community) for quotation in found]}
    return as_json("quotations", community, left_out, rest)


def discussion_json(found: ExportedDiscussion, community: Community) -> str:
    rest = {
        "id": found.id,
        "title": found.title,
        "state": found.state,
        "sponsor": found.sponsor,
        "from": _day(found.starts, community) or None,
        "to": _day(found.ends, community) or None,
        "questions": list(found.questions),
        "working_group": list(found.working_group),
        "counter": found.counter,
        "posts": [post_row(post, community) for post in found.posts],
    }
    return as_json("discussion", community, found.left_out, rest)


# --- Markdown ---

_SPECIAL = re.compile(r"([\\`*{}\[\]<>#|~&$])|(?<![^\W_])_|_(?![^\W_])")
_AT_START = re.compile(r"^([-+=:]|\d{1,9}(?=[.)]))", re.MULTILINE)


_ADDRESS = re.compile(r"https?://[^\s<>\\\x00-\x1f]*[\w/=&#%+~-]")


def escaped(text: str) -> str:
    """Text in Markdown that reads as it was written, with its lines; addresses can be followed."""
    lines = "\n".join(line.strip() for line in text.splitlines())
    parts, last = list[str](), 0
    for address in _ADDRESS.finditer(lines):
        # Between angle brackets nothing is markup, and a backslash would belong to the address.
        parts += [_special(lines[last : address.start()]), f"<{address[0]}>"]
        last = address.end()
    lines = "".join([*parts, _special(lines[last:])])
    lines = _AT_START.sub(lambda match: f"{match[0]}\\" if match[0].isdigit() else f"\\{match[0]}", lines)
    return re.sub(r"(?<=[^\n])\n(?=[^\n])", "  \n", lines)


def _special(text: str) -> str:
    return _SPECIAL.sub(lambda match: "\\" + match[0], text)


def _quote(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _left_out(left_out: LeftOut) -> list[str]:
    lines = []
    if left_out.retracted:
        lines.append(f"Left out because their posts were taken back: {left_out.retracted}")
    if left_out.reworded:
        lines.append(f"Left out because the posts no longer say so: {left_out.reworded}")
    return lines


def _subject(row: Row) -> str:
    """``Communicating research (76) Have you ever published? (5)``."""
    headline = posts.numbered_headline(row["headline"], row["sub_thread_number"], row["sub_thread"])
    return posts.subject_line(row["theme"], row["theme_number"], headline)


def _post_markdown(post: ExportedPost, community: Community) -> list[str]:
    row = post_row(post, community)
    about = [
        _day(post.published, community),
        row["author"],
        f"answers {row['answers']}" if row["answers"] else "",
        f"forwarded from {row['forwarded_from']}" if row["forwarded_from"] else "",
        f"corrected {_day(post.corrected, community)}" if post.corrected else "",
    ]
    heading = " · ".join(part for part in (row["link"], _subject(row)) if part)
    files = [f"[{kind} {name}".rstrip() + "]" for kind, name in post.attachments]
    return [
        f"## {escaped(heading)}",
        escaped(" · ".join(part for part in (*about, *post.addresses) if part)),
        *([escaped(row["text"])] if row["text"] else []),
        *map(escaped, files),
        f"*{escaped(row['author_card'])}*",
        *(_quote(escaped(_note(note))) for note in row["moderators_notes"]),
        *(_quote(f"**{escaped(_translated(t))}**\n\n{escaped(t['text'])}") for t in row["translations"]),
    ]


def document(blocks: Sequence[str]) -> str:
    return "\n\n".join(blocks) + "\n"


def span_words(span: Span) -> str:
    parts = (f"from {span.first}" if span.first else "", f"to {span.last}" if span.last else "")
    return " ".join(part for part in parts if part)


def items(lines: Sequence[str]) -> list[str]:
    return ["\n".join(f"- {escaped(line)}" for line in lines)] if lines else []


def posts_markdown(found: Sequence[ExportedPost], left_out: LeftOut, community: Community, span: Span) -> str:
    title = f"{community.name}: posts {span_words(span)}".rstrip()
    blocks = [f"# {escaped(title)}", *items([f"Posts: {len(found)}", *_left_out(left_out)])]
    for post in found:
        blocks += _post_markdown(post, community)
    return document(blocks)


def quotations_markdown(found: Sequence[ExportedQuotation], left_out: LeftOut, community: Community, span: Span) -> str:
    title = f"{community.name}: quotations {span_words(span)}".rstrip()
    blocks = [f"# {escaped(title)}", *items([f"Quotations: {len(found)}", *_left_out(left_out)])]
    for quotation in found:
        row = quotation_row(quotation, community)
        source = " · ".join(part for part in (row["author"], row["country"], row["date"], row["link"]) if part)
        details = [_subject(row), row["author_card"], f"Selected by {row['selected_by']}, {row['selected_at'][:10]}"]
        details += row["addresses"]
        blocks += [
            _quote(escaped(row["quotation"])),
            escaped(f"— {source}"),
            *items([line for line in details if line]),
        ]
    return document(blocks)


def discussion_markdown(found: ExportedDiscussion, community: Community) -> str:
    first, last = _day(found.starts, community), _day(found.ends, community)
    facts = [
        f"Community: {community.name}",
        f"Sponsor: {found.sponsor}" if found.sponsor else "",
        f"Dates: {span_words(Span(first=first, last=last))}" if first or last else "",
        f"State: {found.state}",
        f"Working group: {', '.join(found.working_group)}" if found.working_group else "",
        f"Running number: {found.counter}",
        f"Posts: {len(found.posts)}",
        *_left_out(found.left_out),
    ]
    blocks = [f"# {escaped(found.title)}", *items([fact for fact in facts if fact])]
    if found.questions:
        numbered = [f"{number}. {escaped(text)}" for number, text in enumerate(found.questions, 1)]
        blocks += ["## Questions", "\n".join(numbered)]
    for post in found.posts:
        blocks += _post_markdown(post, community)
    return document(blocks)
