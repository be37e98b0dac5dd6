"""After the round: every post is accounted for, on every platform and in the database."""

import re
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import asyncpg.exceptions

from bridge.playground.matrix_user import MatrixUser
from tests.crash.mail import Counts, examine_mail
from tests.crash.town import APPROVE, LEAVE, REJECT, TOKEN, Town, bodies, labels_of, text_of, token, wish
from tests.servers import as_superuser, detached

_STATUS = {APPROVE: "approved", REJECT: "rejected", LEAVE: "waiting for a decision"}


class Ledger:
    """The program's database, read from outside."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def integrity(self) -> list[str]:
        """What the database itself finds wrong."""
        raise NotImplementedError

    def members(self, reading: str) -> int:
        """How many read by mail, and as it says; all of them where it says nothing."""
        found = self.rows(
            "SELECT m.reading FROM membership m JOIN identity i ON i.person_id = m.person_id"
            " WHERE m.state = 'member' AND i.account = 'mail'"
        )
        return sum(reading in ("", how) for (how,) in found)

    def unfinished(self) -> dict[str, int]:
        """Rows that are still to be worked on, by table and state."""
        found = self.rows(
            "SELECT 'delivery ' || state, count(*) FROM delivery WHERE state IN ('planned', 'attempting', 'in_doubt')"
            " GROUP BY state"
        )
        found += self.rows("SELECT 'inbox ' || state, count(*) FROM inbox WHERE state = 'new' GROUP BY state")
        return dict(found)

    def uncertain(self) -> list[tuple[int, int, str, str]]:
        """(row, post's number, account, chat) of what only a person can settle."""
        return self.rows(
            "SELECT d.id, p.number, d.account, d.chat FROM delivery d JOIN post p ON p.id = d.post_id"
            " WHERE d.state = 'uncertain' ORDER BY d.id"
        )

    def mails(self) -> Counter[int]:
        """How often the mail of each post stands in the inbox."""
        found = (TOKEN.search(key) for (key,) in self.rows("SELECT key FROM inbox WHERE account = 'mail'"))
        return Counter(int(match[1]) for match in found if match is not None)

    def numbers(self) -> dict[int, list[int]]:
        """The numbers that each written post was given: one, if all is well."""
        found: dict[int, list[int]] = {}
        for text, number in self.rows(
            "SELECT r.text, s.number FROM revision r JOIN submission s ON s.id = r.submission_id"
        ):
            said = TOKEN.search(text)
            if said is not None:
                found.setdefault(int(said[1]), []).append(number)
        return found


class SqliteLedger(Ledger):
    def __init__(self, path: Path) -> None:
        self._path = path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(f"file:{quote(str(self._path))}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def integrity(self) -> list[str]:
        connection = sqlite3.connect(self._path)
        try:
            whole = connection.execute("PRAGMA integrity_check").fetchall()
            orphans = connection.execute("PRAGMA foreign_key_check").fetchall()
        finally:
            connection.close()
        return [str(line) for (line,) in whole if line != "ok"] + [f"orphan {row}" for row in orphans]


class PostgresLedger(Ledger):
    """Looked at by the superuser, who alone may have indexes checked."""

    def __init__(self, url: str) -> None:
        self._url = url

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        async def asked() -> list[tuple[Any, ...]]:
            connection: Any = await asyncpg.connect(as_superuser(self._url))  # type: ignore[no-untyped-call]  # asyncpg left it bare
            try:
                return [tuple(row) for row in await connection.fetch(sql)]
            finally:
                await connection.close()

        return detached(asked)

    def integrity(self) -> list[str]:
        """Every index has what its table has; where the server lacks the means to look, nothing is found."""
        if not self.rows("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'"):
            return []
        self.rows("CREATE EXTENSION IF NOT EXISTS amcheck")
        indexes = (
            "SELECT c.oid::int8 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam"
            " WHERE a.amname = 'btree' AND c.relnamespace = 'public'::regnamespace"
        )
        wrong = []
        for (index,) in self.rows(indexes):
            try:
                self.rows(f"SELECT bt_index_check({index}::oid::regclass, true)")
            except asyncpg.exceptions.PostgresError as error:
                wrong.append(f"index {index}: {error}")
        return wrong


@dataclass
class Findings:
    """What is wrong, in words, and the counts for the summary."""

    wrong: list[str] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    doubled: Counter[str] = field(default_factory=Counter)
    extra_cards: Counter[str] = field(default_factory=Counter)
    mail: Counts | None = None


async def history(person: MatrixUser, room: str) -> list[dict[str, Any]]:
    """Every message of a room as the server has it, oldest first; edits, reactions and removed ones left out."""
    found: list[dict[str, Any]] = []
    path = f"/_matrix/client/v3/rooms/{quote(room, safe='')}/messages?dir=f&limit=500"
    start = ""
    while True:
        page = await person._call("GET", path + (f"&from={quote(start, safe='')}" if start else ""))
        for event in page["chunk"]:
            content = event.get("content", {})
            relation = content.get("m.relates_to", {}).get("rel_type")
            if event["type"] == "m.room.message" and "body" in content and relation != "m.replace":
                found.append(event)
        if not page.get("end") or not page["chunk"]:
            return found
        start = page["end"]


async def examine(town: Town, ledger: Ledger) -> Findings:
    """Look at every device and every table."""
    findings = Findings()
    findings.wrong += ledger.integrity()
    numbers = ledger.numbers()
    shown = {
        "kenya": [text_of(message) for message in town.of_bot(town.telegram.kenya)],
        "uganda": [text_of(message) for message in town.of_bot(town.telegram.uganda)],
        "phone": [str(line["text"]) for line in town.phone.sent() if line.get("op") == "send"],
    }
    originals = {"kenya": _ids(town, town.telegram.kenya), "uganda": _ids(town, town.telegram.uganda)}
    if town.matrix is not None:
        room = await history(town.matrix.fatima, town.matrix.room)
        bot = town.matrix.bot.user_id
        shown["room"] = [event["content"]["body"] for event in room if event["sender"] == bot]
        originals["room"] = {event["event_id"] for event in room if event["sender"] != bot}
    standing = {place: _posts(texts) for place, texts in shown.items()}
    for index, written in sorted(town.written.items()):
        given = numbers.get(index, [])
        if len(given) != 1:
            (findings.doubled if given else findings.lost)["intake"] += 1
            findings.wrong.append(f"{token(index)} written in {written.where} became {len(given)} submissions")
            continue
        for place, count in standing.items():
            times = count[given[0]]
            expected = int(wish(index) == APPROVE)
            if times == expected:
                continue
            (findings.lost if times < expected else findings.doubled)[place] += 1
            findings.wrong.append(f"{token(index)} (#{given[0]}) stands {times} times in {place}, not {expected}")
        if written.where in originals:
            stays = written.original in originals[written.where]
            if stays != (written.where == "uganda"):
                findings.wrong.append(f"the original of {token(index)} in {written.where}: stays is {stays}")
    if town.mail is not None:
        by_mail = [index for index, written in town.written.items() if written.where == "mail"]
        approved = {given[0] for index, given in numbers.items() if wish(index) == APPROVE and len(given) == 1}
        findings.mail = await examine_mail(town.mail, by_mail, approved, ledger.mails())
        findings.wrong += findings.mail.wrong
    _decisions(town, ledger, findings)
    _deliveries(ledger, findings)
    _cards(town, findings)
    return findings


def _ids(town: Town, chat: int) -> set[str]:
    return {str(number) for number in town.telegram.simulator.state.chats[str(chat)].messages}


def _posts(texts: list[str]) -> Counter[int]:
    """How often each post's number stands at the head of a message."""
    found = (re.match(r"HIFA #(\d+)(?: |:)", text) for text in texts)
    return Counter(int(match[1]) for match in found if match is not None)


def _decisions(town: Town, ledger: Ledger, findings: Findings) -> None:
    permitted = {f"telegram:{town.telegram.grace}"}
    if town.matrix is not None:
        permitted.add(f"matrix:{town.matrix.peter.user_id}")
    taken: Counter[int] = Counter()
    for text, actor, revision, current in ledger.rows(
        "SELECT r.text, i.account || ':' || i.\"user\", d.revision, v.revision FROM decision d"
        " JOIN identity i ON d.actor = 'identity:' || i.id JOIN review v ON v.id = d.review_id"
        " JOIN revision r ON r.submission_id = v.submission_id AND r.number = d.revision WHERE d.action = 'approve'"
    ):
        said = TOKEN.search(text)
        index = -1 if said is None else int(said[1])
        taken[index] += 1
        if actor not in permitted or revision != current or index not in town.pressed:
            findings.wrong.append(f"{token(index)} was approved by {actor}, wording {revision} of {current}")
    for index in town.written:
        if taken[index] != int(wish(index) == APPROVE):
            findings.wrong.append(f"{token(index)} was approved {taken[index]} times")
    posts = ledger.rows("SELECT count(*) FROM post")[0][0]
    if posts != sum(taken.values()):
        findings.wrong.append(f"{posts} posts from {sum(taken.values())} approvals")


def _deliveries(ledger: Ledger, findings: Findings) -> None:
    for what, count in ledger.unfinished().items():
        findings.wrong.append(f"{count} rows are left: {what}")
    for kind, operation, state, reason, count in ledger.rows(
        "SELECT kind, operation, state, reason, count(*) FROM delivery WHERE state IN ('refused', 'uncertain')"
        " OR (state = 'cancelled' AND kind = 'post') GROUP BY 1, 2, 3, 4"
    ):
        findings.wrong.append(f"{count} deliveries ({kind}, {operation}) ended {state} {reason}")
    parked = ledger.rows("SELECT note, count(*) FROM inbox WHERE state = 'parked' GROUP BY note")
    findings.wrong += [f"{count} events are parked: {note}" for note, count in parked]


def _cards(town: Town, findings: Findings) -> None:
    channels = {"telegram": [(text_of(message), labels_of(message)) for message in town.in_mods()]}
    if town.matrix is not None:
        room, bot = town.matrix.peter.rooms[town.matrix.mods], town.matrix.bot.user_id
        channels["matrix"] = [(body, []) for _, sender, body in bodies(room) if sender == bot]
    places = 4 if town.matrix is not None else 3
    for channel, messages in channels.items():
        cards: dict[int, list[str]] = {}
        for text, _ in messages:
            said = TOKEN.search(text)
            if said is not None:
                cards.setdefault(int(said[1]), []).append(text)
        for index in town.written:
            own = cards.get(index, [])
            right = [text for text in own if f"· {_STATUS[wish(index)]}" in text.partition("\n")[0]]
            if wish(index) == APPROVE:
                right = [text for text in right if f"Arrived in {places} of {places} groups" in text]
            if not right:
                findings.wrong.append(f"no right card of {token(index)} in {channel}: {[t[-160:] for t in own]}")
            findings.extra_cards[channel] += max(0, len(own) - 1)
