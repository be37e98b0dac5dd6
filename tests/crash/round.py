"""One round: people post, moderators decide, the program is killed again and again, and at the end all is counted."""

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bridge.adapters.loopback.people import People
from tests.acceptance.program import Matrix, Telegram, write_config
from tests.crash.accounts import Findings, Ledger, PostgresLedger, SqliteLedger, examine
from tests.crash.killing import Killer, Watched
from tests.crash.mail import READERS, Mail
from tests.crash.town import Town, labels_of, text_of

UNLIMITED_PACE = "messages_per_second = 0\ngroup_messages_per_minute = 0\nchat_interval = 0"
"""For a simulator that refuses nothing for speed."""
_WAITING = 40
"""Posts that may wait for a decision before the authors pause: moderators are people."""


@dataclass(kw_only=True)
class Report:
    """What a round came to."""

    findings: Findings
    notable: list[str]
    later: Counter[str]
    """Sends that a platform put off, by account."""
    facts: dict[str, object]
    """What is printed, by name."""


async def crash_round(
    directory: Path,
    telegram: Telegram,
    matrix: Matrix | None,
    *,
    posts: int,
    kills: int,
    seed: int,
    pace: str = UNLIMITED_PACE,
    stranger: bool = False,
    mail: Mail | None = None,
    postgres: str = "",
) -> Report:
    """``stranger``: one author cannot be written to privately; the round then lasts a minute longer.

    ``postgres``: the address of an empty database; else the program makes a file of SQLite.
    """
    chance = random.Random(seed)
    config, phone = write_config(
        directory,
        telegram=telegram,
        matrix=matrix,
        telegram_options=pace,
        mail=mail.lines() if mail is not None else (),
        database=postgres or "sqlite://baraza.db",
    )
    town = await _town(telegram, matrix, mail, phone, stranger=stranger)
    ledger = PostgresLedger(postgres) if postgres else SqliteLedger(directory / "baraza.db")
    program = Watched(config)
    killer = Killer(program, town, chance)
    began = time.monotonic()
    await program.start(seconds=60)  # once in peace: members of a room are heard from the moment the bot is there
    if matrix is not None:
        await matrix.fatima.wait_for(
            lambda u: getattr(u.rooms[matrix.room].members.get(matrix.bot.user_id), "membership", "") == "join", 30
        )
    await _subscribed(town, ledger)
    await program.kill()
    moderating = asyncio.create_task(town.moderate())
    following = [asyncio.create_task(mail.follow())] if mail is not None else []
    try:
        await _write_and_kill(town, killer, posts, kills, chance)
        await _quiet(town, ledger, moderating)
        uncertain = ledger.uncertain()
        there, again = await _settle(town, ledger)
        await _quiet(town, ledger, moderating)
        await asyncio.sleep(0.5)  # Peter's app hears of the last edit
    finally:
        for task in (moderating, *following):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await program.stop()
    findings = await examine(town, ledger)
    times = ", ".join(f"{kind} {count}" for kind, count in sorted(killer.kinds.items()))
    rows = ledger.rows("SELECT count(*) FROM delivery")[0][0]
    facts: dict[str, object] = {
        "seed": seed,
        "posts": posts,
        "kills": f"{sum(killer.kinds.values())} ({times})",
        "lost": dict(findings.lost) or 0,
        "doubled": dict(findings.doubled) or 0,
        "uncertain": f"{len(uncertain)} (were there {there}, sent again {again})",
        "deliveries": rows,
        "doubts settled": program.events["doubt_settled"],
        "put off": dict(program.later) or 0,
        "pressed again": town.pressed_again,
        "strangers' presses": town.strangers_presses,
        "extra cards": dict(findings.extra_cards),
        **(findings.mail.facts() if findings.mail is not None else {}),
        "seconds": round(time.monotonic() - began),
    }
    return Report(findings=findings, notable=program.notable, later=program.later, facts=facts)


async def _subscribed(town: Town, ledger: Ledger) -> None:
    """Where there is mail, its readers are readers before the first post; one order after the other has been read."""
    for order, reading in (("join", ""), ("immediate", "immediate")) if town.mail is not None else ():
        await town.readers_write(f"hifa+{order}")
        async with asyncio.timeout(60):
            while ledger.members(reading) < len(READERS):  # noqa: ASYNC110 - another process's database
                await asyncio.sleep(0.1)


async def _town(telegram: Telegram, matrix: Matrix | None, mail: Mail | None, phone: People, *, stranger: bool) -> Town:
    users = telegram.users
    await users.start(telegram.daniel, telegram.bot)
    mallory = await users.create_user("Mallory", "Curious")
    await users.add_member(telegram.mods, mallory)
    esther = await users.create_user("Esther", "Wanjiru") if stranger else None
    if esther is not None:
        await users.add_member(telegram.uganda, esther)
    return Town(telegram=telegram, phone=phone, matrix=matrix, mail=mail, mallory=mallory, esther=esther)


async def _write_and_kill(town: Town, killer: Killer, posts: int, kills: int, chance: random.Random) -> None:
    """The posts are spread over the kills, so that every kill finds work under way."""
    following = 0
    async with asyncio.TaskGroup() as writers:
        for number in range(kills):
            share = range(following, posts * (number + 1) // kills)
            following = share.stop
            writers.create_task(_write(town, share, chance))
            await killer.kill_once(share.start)
        await killer.start_for_good()


async def _write(town: Town, share: range, chance: random.Random) -> None:
    for index in share:
        while len(town.written) - len(town.decided) > _WAITING:  # noqa: ASYNC110 - decided in another task
            await asyncio.sleep(0.1)
        await town.write(index)
        await asyncio.sleep(chance.uniform(0.0, 0.4))


async def _quiet(town: Town, ledger: Ledger, moderating: asyncio.Task[None], seconds: float = 90.0) -> None:
    """Wait until everything written was decided and nothing is left to do; fail when nothing moves any more."""
    seen: object = None
    moved = time.monotonic()
    while set(town.written) - town.decided or ledger.unfinished():
        if moderating.done():
            moderating.result()
        now = (len(town.decided), ledger.rows("SELECT state, count(*) FROM delivery GROUP BY state"))
        if now != seen:
            seen, moved = now, time.monotonic()
        undecided = sorted(set(town.written) - town.decided)
        left = ledger.unfinished()
        assert time.monotonic() - moved < seconds, f"nothing moves any more: undecided {undecided}, left {left}"
        await asyncio.sleep(0.25)  # another process's database: nothing rings here


async def _settle(town: Town, ledger: Ledger) -> tuple[int, int]:
    """Grace looks into the groups and presses the button that is true, for every delivery in question.

    Returns how many were there, and how many had to be sent again.
    """
    t = town.telegram
    there = again = 0
    titles = {str(t.kenya): "CHW Kenya", str(t.uganda): "Midwives Uganda"}
    for row, number, account, chat in ledger.uncertain():
        assert account == "telegram", f"delivery {row} of {account} is uncertain: only Telegram's may be"
        stands = any(text_of(m).startswith((f"HIFA #{number} ", f"HIFA #{number}:")) for m in town.of_bot(int(chat)))
        label = f"It is there: {titles[chat]}" if stands else f"Send again: {titles[chat]}"
        other = f"Send again: {titles[chat]}" if stands else f"It is there: {titles[chat]}"
        cards = [m for m in town.in_mods() if text_of(m).startswith(f"HIFA #{number} ·")]
        card = next((m for m in cards if any(label in shown for shown in labels_of(m))), None)
        assert card is not None, f"delivery {row} of #{number} is uncertain and no card has {label!r}"
        assert any(other in shown for shown in labels_of(card))
        shown = next(text for text in labels_of(card) if label in text)
        answer = await t.users.press(t.grace, t.mods, card.message_id, text=shown)
        assert answer.get("text") == "Done.", answer
        there, again = there + stands, again + (not stands)
        async with asyncio.timeout(60):
            while ledger.unfinished():  # noqa: ASYNC110 - another process's database
                await asyncio.sleep(0.1)
    return there, again
