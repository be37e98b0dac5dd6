"""Reactions and votes: kept for each message and person, counted for each post over all platforms."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from bridge.core.ids import Address, ChatId, RemoteRef
from bridge.storage.ledger import SEND
from bridge.storage.models import Delivery
from bridge.storage.models_echo import PollVote, Reaction

_MOST = 20
"""Different reactions of one person to one message."""
_VARIATION = "\ufe0f"
"""Asks for the coloured picture of a sign; platforms write it or leave it out (https://www.unicode.org/reports/tr51/)."""


def plain_emoji(emoji: str) -> str:
    """The same sign in the same characters, whichever platform it comes from."""
    return emoji.replace(_VARIATION, "")


async def add(post_id: int, ref: RemoteRef, user: str, emoji: str, now: datetime, *, event: str = "") -> bool:
    """One more reaction of somebody; False where it is known, or where one person has too many."""
    rows = await Reaction.filter(account=ref.account, chat=ref.chat, message=ref.message, user=user)
    if len(rows) >= _MOST or any(row.emoji == emoji for row in rows):
        return False
    about: dict[str, Any] = {"account": ref.account, "chat": ref.chat, "message": ref.message, "user": user}
    await Reaction.create(post_id=post_id, emoji=emoji, event=event, at=now, **about)
    return True


async def replace(post_id: int, ref: RemoteRef, user: str, counts: Iterable[tuple[str, int]], now: datetime) -> bool:
    """From now on exactly these, of one person, or (``user`` empty) of all whom the platform does not name."""
    wanted = dict(list(counts)[:_MOST])
    about: dict[str, Any] = {"account": ref.account, "chat": ref.chat, "message": ref.message, "user": user}
    changed = False
    for row in await Reaction.filter(**about):
        if wanted.get(row.emoji) == row.count:
            del wanted[row.emoji]
        else:
            await row.delete()
            changed = True
    for emoji, count in wanted.items():
        await Reaction.create(post_id=post_id, emoji=emoji, count=count, at=now, **about)
    return changed or bool(wanted)


async def remove(event: RemoteRef) -> int | None:
    """A reaction that is a message of its own is gone: the post it was about; None where it was none."""
    row = await Reaction.get_or_none(account=event.account, chat=event.chat, event=event.message)
    if row is None:
        return None
    post_id: int = row.post_id
    await row.delete()
    return post_id


async def in_topic(ref: RemoteRef, topics: Sequence[ChatId]) -> RemoteRef:
    """Where a message of ours stands that a platform names by its group alone: these topics of it share its ids."""
    if not topics:
        return ref
    rows = Delivery.filter(account=ref.account, remote_chat__in=list(topics), message=ref.message, operation=SEND)
    row = await rows.order_by("-id").first()
    return ref if row is None or row.ref is None else row.ref


async def tally(post_id: int) -> list[tuple[str, int]]:
    """How many reacted with what, on all platforms together, most first."""
    return _ranked(await Reaction.filter(post_id=post_id))


async def elsewhere(post_id: int, chat: Address) -> list[tuple[str, int]]:
    """The same, of what nobody in this chat has reacted with."""
    rows = await Reaction.filter(post_id=post_id)
    here = {row.emoji for row in rows if (row.account, row.chat) == (chat.account, chat.chat)}
    return _ranked([row for row in rows if row.emoji not in here])


def _ranked(rows: Iterable[Reaction]) -> list[tuple[str, int]]:
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row.emoji] += row.count
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))


async def vote(post_id: int, ref: RemoteRef, user: str, options: Sequence[int], now: datetime) -> None:
    """A person's vote, or (``user`` empty) the votes for each answer, in place of what was known."""
    row = await PollVote.get_or_none(account=ref.account, chat=ref.chat, message=ref.message, user=user)
    if row is not None and user and not options:
        await row.delete()
        return
    chosen = json.dumps(list(options))
    if row is not None:
        row.options, row.at = chosen, now
        await row.save(update_fields=["options", "at"])
    elif options:
        await PollVote.create(
            post_id=post_id,
            account=ref.account,
            chat=ref.chat,
            message=ref.message,
            user=user,
            options=chosen,
            at=now,
        )


async def votes(post_id: int, answers: int) -> list[int]:
    """The votes for each of so many answers, on all platforms together."""
    counted = [0] * answers
    for row in await PollVote.filter(post_id=post_id):
        for place, value in enumerate(json.loads(row.options)):
            if row.user and 0 <= value < answers:
                counted[value] += 1
            elif not row.user and place < answers:
                counted[place] += value
    return counted
