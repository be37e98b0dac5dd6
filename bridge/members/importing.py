"""Members from a file of comma-separated values: read, checked line by line, and taken in in batches.

Nobody is written to: who was brought over from elsewhere hears of us when there is something to say.
"""

import csv
import io
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import phonenumbers
from babel import Locale, UnknownLocaleError

from bridge.core.community import Community
from bridge.core.hygiene import clean_line, clean_name
from bridge.core.membership import FieldKind, Reading
from bridge.core.roster import ImportReport, NewMember, Outcome, Refusal, Table, UnreadableFile
from bridge.rendering import countries
from bridge.storage import roster
from bridge.storage.database import transaction

BATCH = 500
_OWN = ("name", "language", "reading", "title", "joined", "show_profile")
_YES = frozenset({"yes", "y", "true", "1", "oui", "sim", "si", "sí", "ndiyo"})
_NO = frozenset({"", "no", "n", "false", "0", "non", "não", "nao", "hapana"})
_MATRIX = re.compile(r"@[^:\s]{1,200}:[^\s]{1,200}")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,}")
_APOSTROPHE = re.compile(r"^'(?=[=+\-@])")
"""Before what a spreadsheet would take for a formula, as our own export writes it."""
_LONGEST = 2000
"""Characters of a cell that are looked at."""


def opened(path: Path) -> Table:
    """Read the head of a file. Raises UnreadableFile."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise UnreadableFile(
            f"{path} is not UTF-8 text (byte {error.start + 1}): save it from your spreadsheet as “CSV UTF-8”"
        ) from None
    if "\0" in text:
        raise UnreadableFile(f"{path} is no text file: save it from your spreadsheet as “CSV UTF-8”")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        columns = tuple(re.sub(r"[\s-]+", "_", cell.strip().casefold()) for cell in next(reader, []))
    except csv.Error as error:
        raise UnreadableFile(f"{path} cannot be read as comma-separated values: {error}") from None
    if not any(columns):
        raise UnreadableFile(f"{path} is empty: its first line must name the columns")
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice is not None:
        raise UnreadableFile(f"{path} has two columns called {twice}: leave one of them out")

    def lines() -> Iterator[tuple[int, list[str]]]:
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                raise UnreadableFile(f"{path}, line {reader.line_num}: {error}") from None
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells

    return Table(columns=columns, lines=lines())


@dataclass(frozen=True, kw_only=True)
class Rules:
    """How lines are read."""

    community: Community
    kinds: Mapping[str, str]
    """Of every account, by its name: telegram, matrix, email, sms ..."""
    region: str = ""
    """The country of telephone numbers written without one (KE)."""
    shown: bool = False
    """Are profiles shown where no column says so?"""

    @property
    def fields(self) -> dict[str, int]:
        """The profile's fields, with their greatest lengths."""
        return {field.id: field.limit for field in self.community.members.fields}

    @property
    def countries(self) -> frozenset[str]:
        """The fields that hold a country: kept as its code, where that is known."""
        return frozenset(field.id for field in self.community.members.fields if field.kind is FieldKind.COUNTRY)

    def known(self, columns: Collection[str]) -> tuple[list[str], tuple[str, ...]]:
        """(columns with addresses, columns that mean nothing here). Raises UnreadableFile where nobody can be told."""
        addresses = [name for name in columns if name in self.kinds]
        if not addresses:
            accounts = ", ".join(self.kinds)
            raise UnreadableFile(
                f"no column holds addresses: at least one must be named like an account of the config file ({accounts})"
            )
        meant = {*addresses, *_OWN, *self.fields}
        return addresses, tuple(name for name in columns if name and name not in meant)


class _RefusedError(ValueError):
    """Why one line cannot be taken."""


def read_line(line: int, cells: Sequence[str], columns: Sequence[str], rules: Rules) -> NewMember:
    """One line, checked. Raises ValueError with the reason in words."""
    if len(cells) > len(columns) and any(cell.strip() for cell in cells[len(columns) :]):
        raise _RefusedError(f"has {len(cells)} cells, more than there are columns")
    values = {
        name: _APOSTROPHE.sub("", cell[:_LONGEST].strip()) for name, cell in zip(columns, cells, strict=False) if name
    }
    addresses = tuple(
        (name, _address(values[name], name, kind, rules.region))
        for name, kind in rules.kinds.items()
        if values.get(name)
    )
    if not addresses:
        raise _RefusedError("has no address")
    name = clean_name(values.get("name", ""), "")
    answers = {"name": name} if name and "name" in rules.fields else {}
    for field, limit in rules.fields.items():
        answer = clean_line(values.get(field, ""), _LONGEST)
        if field == "name" or not answer:
            continue
        if len(answer) > limit:
            raise _RefusedError(f"{field} has {len(answer)} letters; at most {limit} are kept")
        answers[field] = countries.code_of(answer) or answer if field in rules.countries else answer
    return NewMember(
        line=line,
        addresses=addresses,
        name=name,
        answers=answers,
        shown=_shown(values.get("show_profile"), default=rules.shown),
        language=_language(values.get("language", "")),
        reading=_reading(values.get("reading", "")),
        title=clean_line(values.get("title", ""), 120),
        joined=_joined(values.get("joined", "")),
    )


def _address(text: str, column: str, kind: str, region: str) -> str:
    """The user id that an adapter would give this person. Raises ValueError where it cannot be one."""
    match kind:
        case "telegram" if not re.fullmatch(r"[1-9]\d{0,18}", text):
            raise _RefusedError(f"{column} must hold Telegram's number of the person, not a name")
        case "matrix" if not _MATRIX.fullmatch(text):
            raise _RefusedError(f"{column} must look like @amina:example.org")
        case "email":
            if not _EMAIL.fullmatch(text):
                raise _RefusedError(f"{column} is no e-mail address")
            return text.casefold()
        case "sms":
            return _number(text, column, region)
    if len(text) > 255 or clean_line(text, 255) != text:
        raise _RefusedError(f"{column} is no address")
    return text


def _number(text: str, column: str, region: str) -> str:
    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        raise _RefusedError(
            f"{column} is no telephone number: write it with its country, as in +254 700 000001"
        ) from None
    if not phonenumbers.is_possible_number(number):
        raise _RefusedError(f"{column} is too short or too long for a telephone number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _shown(text: str | None, *, default: bool) -> bool:
    if text is None:
        return default
    if text.casefold() in _YES:
        return True
    if text.casefold() in _NO:
        return False
    raise _RefusedError("show_profile must be yes or no")


def _language(text: str) -> str:
    if not text:
        return ""
    try:
        Locale.parse(text.replace("_", "-"), sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise _RefusedError("language must be a code such as en, fr, sw or pt-BR") from None
    return text.replace("_", "-")[:16]


def _reading(text: str) -> str:
    try:
        return Reading(text.casefold()).value
    except ValueError:
        offered = ", ".join(each.value for each in Reading if each.value)
        raise _RefusedError(f"reading must be one of {offered}, or empty") from None


def _joined(text: str) -> datetime | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        raise _RefusedError("joined must be a day written like 2026-03-31") from None
    return datetime.combine(day, time(), UTC)


class _UndoneError(Exception):
    """A dry run: nothing of the batch may stay."""


def _keep(dry: bool) -> None:
    if dry:
        raise _UndoneError


async def run(table: Table, rules: Rules, *, now: datetime, dry: bool = False) -> AsyncIterator[ImportReport]:
    """Take the file in, and report after every batch. What was taken stays where it is broken off: the same file again
    goes on from there. Raises UnreadableFile.
    """
    _, ignored = rules.known(table.columns)
    report = ImportReport(columns=table.columns, ignored=ignored)
    seen: dict[tuple[str, str], int] = {}
    batch: list[tuple[NewMember, tuple[str, ...]]] = []
    for number, cells in table.lines:
        try:
            row = _checked(number, cells, table.columns, rules, seen)
        except _RefusedError as error:
            report.refused.append(Refusal(line=number, reason=str(error), cells=tuple(cells)))
            continue
        seen |= dict.fromkeys(row.addresses, number)
        batch.append((row, tuple(cells)))
        if len(batch) == BATCH:
            await _taken(batch, rules, report, now, dry=dry)
            batch.clear()
            yield report
    if batch:
        await _taken(batch, rules, report, now, dry=dry)
    report.refused.sort(key=lambda refusal: refusal.line)
    yield report


def _checked(
    number: int, cells: Sequence[str], columns: Sequence[str], rules: Rules, seen: Mapping[tuple[str, str], int]
) -> NewMember:
    row = read_line(number, cells, columns, rules)
    twin = next((seen[address] for address in row.addresses if address in seen), None)
    if twin is not None:
        raise _RefusedError(f"has the same address as line {twin}")
    return row


async def _taken(
    batch: Sequence[tuple[NewMember, tuple[str, ...]]], rules: Rules, report: ImportReport, now: datetime, *, dry: bool
) -> None:
    verified = {account: "claimed" for account, kind in rules.kinds.items() if kind in ("email", "sms")}
    outcomes: dict[int, Outcome | str] = {}
    rows = [row for row, _ in batch]
    with suppress(_UndoneError):
        async with transaction():
            outcomes = await roster.take_in(rows, rules.community.id, verified=verified, now=now)
            _keep(dry)
    for row, cells in batch:
        match outcomes[row.line]:
            case Outcome.CREATED:
                report.created += 1
            case Outcome.JOINED:
                report.joined += 1
            case Outcome.KNOWN:
                report.known += 1
            case reason:
                report.refused.append(Refusal(line=row.line, reason=str(reason), cells=cells))
