"""Years of a community's life as rows: a database that already holds many posts and the ledger of what went where.

Made in SQL from the program's own tables, as its own rows look after their time: words of old cards are pruned, old
events are empty, figures of handovers end after two years. ``python -m tests.benchmarks.history FILE POSTS`` makes one.
"""

import json
import random
import sqlite3
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from bridge.core import searching
from bridge.core.membership import Retention
from bridge.storage import codec, database, fresh

COMMUNITIES = (("hifa", 6), ("chifa", 3), ("evipnet", 1))
"""And how many posts of ten are each one's."""
GROUPS = 3
"""In each community: with the card and its one edit that makes five rows of the ledger for a post."""
MEMBERS = 18_000
YEARS = 8
ACCOUNT = "people"
_REJECTED = 20
"""Of so many submissions one was refused."""
_HANDOVERS = timedelta(days=800)
_KEPT = Retention()
_ROUND = 20_000
_TEXT_WORDS = """
mother child clinic health worker nurse midwife dose tablet fever malaria cholera vaccine district village
training supervision referral ambulance blood pressure birth postpartum newborn kangaroo care infection
antibiotic oxygen pulse weight growth nutrition breast milk water latrine soap hand washing measles polio
tuberculosis sputum treatment adherence stigma counselling register report form stock supply chain pharmacy
refrigerator solar radio phone message colleague question experience evidence guideline ministry policy budget
volunteer payment transport bicycle road river flood drought season harvest market school teacher parent
grandmother father pregnancy antenatal visit scan iron folate misoprostol oxytocin haemorrhage sepsis eclampsia
magnesium surgery anaesthesia wound burn fracture snake bite antivenom rabies dog mosquito net spray larva test
kit result positive negative quality audit death review
"""
_TEXT_NAMES = """
Amina Grace Daniel Fatima Peter Ruth Naomi Joseph Esther Samuel Mary Ibrahim Aisha John Neema Moses
"""
_TEXT_SYLLABLES = """
ba che do fi ga ha ji ka lo mu na nda oke pa ra se te wa zu
"""
_TEXT_COUNTRIES = """
KE UG TZ MW ZM NG GH SL ML ET ZW RW
"""
_WORDS = tuple(_TEXT_WORDS.split())
_NAMES = tuple(_TEXT_NAMES.split())
_SYLLABLES = tuple(_TEXT_SYLLABLES.split())
_COUNTRIES = tuple(_TEXT_COUNTRIES.split())


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much there is."""

    posts: int
    deliveries: int
    megabytes: float
    seconds: float


def moment(when: datetime) -> str:
    """As the program's SQLite columns hold it."""
    return f"{when:%Y-%m-%d %H:%M:%S.%f}+00:00"


class Tables:
    """Rows by table, put in some thousands at a time; columns that are not named have their table's empty value."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._columns: dict[str, dict[str, Any]] = {}

    def put(self, table: str, names: str, rows: Iterable[Sequence[Any]]) -> None:
        empty = self._empty(table)
        named = names.split()
        rest = {name: value for name, value in empty.items() if name not in named}
        columns = ", ".join(f'"{name}"' for name in (*named, *rest))
        marks = ", ".join("?" for _ in (*named, *rest))
        values = tuple(rest.values())
        self._connection.executemany(
            f'INSERT INTO "{table}" ({columns}) VALUES ({marks})',  # noqa: S608 - our own names
            ((*row, *values) for row in rows),
        )

    def _empty(self, table: str) -> dict[str, Any]:
        if table not in self._columns:
            found = self._connection.execute(f'PRAGMA table_info("{table}")').fetchall()
            self._columns[table] = {
                name: "" if kind.startswith(("VARCHAR", "TEXT")) else 0
                for _, name, kind, needed, default, key in found
                if needed and default is None and not key
            }
        return self._columns[table]


def fill(path: Path, posts: int, now: datetime, *, seed: int = 20261125) -> Size:
    """A new database with that many posts up to ``now``, and about five rows of the ledger for each."""
    began = time.perf_counter()
    if not fresh.create(path, database.MIGRATIONS):
        raise ValueError(f"{path} is no new database")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")  # nobody needs half of it
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute("PRAGMA cache_size = -1000000")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        ).fetchall()
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        connection.execute("BEGIN")
        for name, _ in indexes:
            connection.execute(f'DROP INDEX "{name}"')
        for name, _ in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        _people(Tables(connection), now)
        _posts(Tables(connection), posts, now, random.Random(seed))
        connection.execute("INSERT INTO archive_fts (archive_fts) VALUES ('rebuild')")
        for _, sql in (*indexes, *triggers):
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode = WAL")  # as the program has it
        deliveries = connection.execute("SELECT count(*) FROM delivery").fetchone()[0]
    return Size(
        posts=posts,
        deliveries=deliveries,
        megabytes=path.stat().st_size / 1e6,
        seconds=time.perf_counter() - began,
    )


def _people(tables: Tables, now: datetime) -> None:
    joined = moment(now - timedelta(days=365 * YEARS))
    everybody = range(1, MEMBERS + 1)
    tables.put("person", "id created_at", ((n, joined) for n in everybody))
    tables.put(
        "identity",
        "id account user name direct_chat direct_open created_at person_id",
        ((n, ACCOUNT, f"u{n}", name_of(n), f"u{n}", 1, joined, n) for n in everybody),
    )
    tables.put(
        "membership",
        "id community state created_at joined_at person_id",
        ((n, community_of(n), "member", joined, joined, n) for n in everybody),
    )
    card = {"role": "Community health worker", "organisation": "District hospital", "interests": "maternal health"}
    tables.put(
        "profile",
        "id version answers shown created_at person_id community",
        (
            (n, 1, codec.dump_object({**card, "country": _COUNTRIES[n % 12]}), 1, joined, n, community_of(n))
            for n in everybody
        ),
    )


def name_of(number: int) -> str:
    """A first name of few, a surname of thousands: some people share both."""
    parts = (_SYLLABLES[number % 19], _SYLLABLES[number // 19 % 19], _SYLLABLES[number // 361 % 19])
    return f"{_NAMES[number % 16]} {''.join(parts).capitalize()}"


def moderators(community: str) -> str:
    return "mods" if community == COMMUNITIES[0][0] else f"mods-{community}"


def members_of(community: str) -> str:
    """The group in which all of it was written."""
    return "clinic" if community == COMMUNITIES[0][0] else f"{community}-members"


def group_of(community: str, number: int) -> str:
    return f"room{number}" if community == COMMUNITIES[0][0] else f"{community}{number}"


def community_of(number: int) -> str:
    place = number % 10
    for community, share in COMMUNITIES:
        if place < share:
            return community
        place -= share
    raise AssertionError


def _posts(tables: Tables, posts: int, now: datetime, rng: random.Random) -> None:
    span = timedelta(days=365 * YEARS)
    total = posts + posts // (_REJECTED - 1)
    counters = {community: 0 for community, _ in COMMUNITIES}
    heads = {community: (0, "") for community, _ in COMMUNITIES}
    feeds = dict(counters)
    post = delivery = handover = 0
    for first in range(1, total + 1, _ROUND):
        rows: dict[str, list[Sequence[Any]]] = {}

        def put(table: str, *row: Any, rows: dict[str, list[Sequence[Any]]] = rows) -> None:
            rows.setdefault(table, []).append(row)

        for n in range(first, min(first + _ROUND, total + 1)):
            when = now - span + span * (n / (total + 1))
            at, decided = moment(when), moment(when + timedelta(minutes=40))
            person = rng.randrange(1, MEMBERS + 1)
            community = community_of(person)
            counters[community] += 1
            number = counters[community]
            name = name_of(person)
            said = " ".join(rng.choices(_WORDS, k=rng.randrange(15, 60))).capitalize() + f". Case {n}."
            text = json.dumps({"text": said, "marks": []}, separators=(",", ":"))
            rejected = n % _REJECTED == 0
            words_kept = not rejected or when > now - (_KEPT.rejected or span)
            shown = text if words_kept else '{"text":"","marks":[]}'
            chat = members_of(community)
            put("submission", n, community, number, ACCOUNT, chat, f"m{n}", 0, "hold", at, person)
            put("source", n, ACCOUNT, chat, f"m{n}", n, shown if words_kept else "", at)
            put("revision", n, 1, shown, "[]", "[]", at, n)
            state = "rejected" if rejected else "approved"
            put("review", n, "post", community, 1, state, '{"codes":["all"]}', f"{ACCOUNT}:u1", "Grace", decided, at, n)
            for action in ("approve", "reject", "undo", "menu"):
                put("handle", sha256(f"{n}{action}".encode()).hexdigest()[:22], "review", n, 1, action, at)
            seq, before = heads[community]
            chained = sha256(f"{before}{n}".encode()).hexdigest()
            heads[community] = seq + 1, chained
            step = "reject" if rejected else "approve"
            put(
                "decision",
                n,
                n,
                decided,
                "identity:1",
                step,
                1,
                community,
                '{"shows":"94df"}',
                chained,
                before,
                seq + 1,
            )
            for key, where in ((f"m{n}", chat), (f"p{n}", moderators(community))):
                put("inbox", 2 * n - (key[0] == "m"), ACCOUNT, where, key, *_event(when, now, said), at, "done", at)
            card = _content(f"{community.upper()} #{number} · {state}\nFrom {name}\n\n{said}", buttons=True)
            for operation in ("send", "edit"):
                delivery += 1
                put("delivery", *_card(delivery, community, operation, n, card, when, now))
            if rejected:
                continue
            post += 1
            feeds[community] += 1
            shows = codec.dump_object({"country": _COUNTRIES[person % 12], "label": community.upper(), "name": name})
            thread = post if rng.random() < 0.7 else max(1, post - rng.randrange(1, 400))
            put("post", post, community, number, 1, name, text, "[]", "[]", shows, "live", decided, n, decided,
                '{"notes":[]}', thread, feeds[community], None if thread == post else thread)  # fmt: skip
            words = searching.indexed((name, said))
            put("archive_entry", post, community, decided, thread, 1, words)
            content = _content(f"{community.upper()} #{number} · {name}\n\n{said}\n\n{name}, {community.upper()}")
            payload = json.dumps({"text": said, "marks": [[0, 22, "bold", ""]]})
            for group in range(GROUPS):
                delivery += 1
                chat = group_of(community, group)
                put("delivery", delivery, "post", community, ACCOUNT, chat, "send", 0, "delivered", decided, None,
                    content, payload, 1, decided, decided, "", chat, f"h{delivery}", decided, decided, post,
                    None)  # fmt: skip
                if when > now - _HANDOVERS:
                    handover += 1
                    put("handover", handover, delivery, ACCOUNT, "loopback", "post", f"k{delivery}", f"h{delivery}",
                        decided, 700)  # fmt: skip
            if post % 3 == 0:
                quiet = when < now - (_KEPT.messages or span)
                put("reaction", post // 3, post, ACCOUNT, group_of(community, 0), f"h{delivery - 2}",
                    "(together)" if quiet else f"u{person}", "👍", 3, "", decided)  # fmt: skip
        for table, found in rows.items():
            tables.put(table, _COLUMNS[table], found)
    _counters(tables, counters, heads, feeds)


_COLUMNS = {
    "submission": "id community number account chat message private intake created_at identity_id",
    "source": "id account chat message submission_id text posted_at",
    "revision": "id number text attachments uncarried created_at submission_id",
    "review": "id kind community revision state reasons decided_by decided_name decided_at created_at submission_id",
    "handle": "token subject subject_id revision action created_at",
    "decision": "id review_id at actor action revision community detail hash prev seq",
    "inbox": "id account chat key event raw_json received_at state due_at",
    "delivery": "id kind community account chat operation revision state due_at target_id content payload attempts "
    "first_attempt_at attempted_at view remote_chat message planned_at done_at post_id review_id",
    "post": "id community number revision author text attachments uncarried card state approved_at submission_id "
    "publish_at notes thread_id feed_number reply_post_id",
    "archive_entry": "id community published_at thread_id everywhere words",
    "handover": "id delivery_id account channel kind key message handed_at bytes",
    "reaction": "id post_id account chat message user emoji count event at",
}


def _event(when: datetime, now: datetime, said: str) -> tuple[str, str]:
    """An event and the JSON that it came in; both are emptied after a month."""
    if when < now - (_KEPT.raw or timedelta(days=365 * YEARS)):
        return "{}", ""
    return json.dumps({"type": "message_posted", "text": said}), json.dumps({"update_id": 1, "text": said})


def _content(text: str, *, buttons: bool = False) -> str:
    button = {"label": "➕ More", "handle": "I9Mrp3lJavK2a37MyLKgPg", "emoji": "➕", "url": ""}
    return json.dumps(
        {
            "text": {"text": text, "marks": [{"start": 0, "end": 18, "kind": "bold", "value": ""}]},
            "attachments": [],
            "place": None,
            "poll": None,
            "author": None,
            "previews": False,
            "buttons": [[button]] if buttons else [],
            "reply_to": None,
            "asks_reply": False,
            "silent": False,
            "letter": None,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


_WORDLESS = _content("", buttons=True)


def _card(
    row: int, community: str, operation: str, review: int, content: str, when: datetime, now: datetime
) -> Sequence[Any]:
    """A moderators' card and its edit. After its time it keeps its buttons, and no words."""
    at, old = moment(when), when < now - (_KEPT.messages or timedelta(days=365 * YEARS))
    chat = moderators(community)
    target = row - 1 if operation == "edit" else None
    shown, payload = (_WORDLESS, "{}") if old else (content, json.dumps({"text": content[:300]}))
    message = f"h{target or row}"
    return (row, "card", community, ACCOUNT, chat, operation, 1, "delivered", at, target, shown, payload, 1, at, at,
            "main", chat, message, at, at, None, review)  # fmt: skip


def _counters(
    tables: Tables, counters: dict[str, int], heads: dict[str, tuple[int, str]], feeds: dict[str, int]
) -> None:
    rows: list[tuple[str, int]] = []
    for community in counters:
        rows.append((f"submission:{community}", counters[community]))
        rows.append((f"audit:{community}", heads[community][0]))
        rows.append((f"feed:{community}", feeds[community]))
    tables.put("counter", "name value", rows)
    tables.put("meta", "key value", [("archive-indexed", "1")])


def main() -> None:
    size = fill(Path(sys.argv[1]), int(sys.argv[2]), datetime.now(UTC))
    print(size)


if __name__ == "__main__":
    main()
