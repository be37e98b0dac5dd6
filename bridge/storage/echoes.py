"""Reactions and votes: kept for each message and person, counted for each post over all platforms.

Once a message has been quiet for long, only how many they were is kept; from then on its count stands.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from tortoise.functions import Count, Max, Sum
from tortoise.queryset import QuerySet

from bridge.core.ids import Address, ChatId, RemoteRef
from bridge.storage.database import transaction
from bridge.storage.ledger import SEND
from bridge.storage.models import Delivery
from bridge.storage.models_echo import PollVote, Reaction

_MOST = 20
"""Different reactions of one person to one message."""
_ANSWERS = 100
"""More than any platform allows: what a voter's app claims beyond is no answer."""
TOGETHER = "(together)"
"""In place of a user: those who are no longer told apart."""
_UNNAMED = ("", TOGETHER)
_VARIATION = "\ufe0f"
"""Asks for the coloured picture of a sign; platforms write it or leave it out (https://www.unicode.org/reports/tr51/)."""


def plain_emoji(emoji: str) -> str:
    """The same sign in the same characters, whichever platform it comes from."""
    return emoji.replace(_VARIATION, "")


async def add(post_id: int, ref: RemoteRef, user: str, emoji: str, now: datetime, *, event: str = "") -> bool:
    """One more reaction of somebody; False where it is known, or where one person has too many."""
    if await _stands(Reaction.all(), ref, user):
        return False
    rows = await Reaction.filter(account=ref.account, chat=ref.chat, message=ref.message, user=user)
    if len(rows) >= _MOST or any(row.emoji == emoji for row in rows):
        return False
    about: dict[str, Any] = {"account": ref.account, "chat": ref.chat, "message": ref.message, "user": user}
    await Reaction.create(post_id=post_id, emoji=emoji, event=event, at=now, **about)
    return True


async def replace(post_id: int, ref: RemoteRef, user: str, counts: Iterable[tuple[str, int]], now: datetime) -> bool:
    """From now on exactly these, of one person, or (``user`` empty) of all whom the platform does not name."""
    if await _stands(Reaction.all(), ref, user):
        return False
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
    return await _ranked(Reaction.filter(post_id=post_id))


async def elsewhere(post_id: int, chat: Address) -> list[tuple[str, int]]:
    """The same, of what nobody in this chat has reacted with."""
    rows = Reaction.filter(post_id=post_id)
    here = rows.filter(account=chat.account, chat=chat.chat).distinct()
    known = [str(emoji) for emoji in await here.values_list("emoji", flat=True)]
    return await _ranked(rows.exclude(emoji__in=known) if known else rows)


async def _ranked(rows: QuerySet[Reaction]) -> list[tuple[str, int]]:
    """Counted by the database: a post may have more reactions than anybody wants to load for a line on a card."""
    counted = await rows.group_by("emoji").annotate(total=Sum("count")).values_list("emoji", "total")
    return sorted(((str(emoji), int(total)) for emoji, total in counted), key=lambda pair: (-pair[1], pair[0]))


async def vote(post_id: int, ref: RemoteRef, user: str, options: Sequence[int], now: datetime) -> None:
    """A person's vote, or (``user`` empty) the votes for each answer, in place of what was known."""
    if await _stands(PollVote.all(), ref, user):
        return
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
    for row in await PollVote.filter(post_id=post_id, user__in=_UNNAMED):
        for place, value in enumerate(json.loads(row.options)[:answers]):
            counted[place] += value
    named = PollVote.filter(post_id=post_id).exclude(user__in=_UNNAMED).group_by("options")
    for options, voters in await named.annotate(voters=Count("id")).values_list("options", "voters"):
        for value in json.loads(str(options)):
            if 0 <= value < answers:
                counted[value] += int(str(voters))
    return counted


async def _stands(rows: "QuerySet[Reaction] | QuerySet[PollVote]", ref: RemoteRef, user: str) -> bool:
    """Is it no longer known who is counted at a message? Then a person's change would count them twice."""
    about = {"account": ref.account, "chat": ref.chat, "message": ref.message}
    return bool(user) and await rows.filter(user=TOGETHER, **about).exists()


async def put_together(before: datetime, limit: int) -> int:
    """Keep of messages that have been quiet since how many reacted and voted, and no longer who; returns how many."""
    reacted = await _quiet(Reaction.exclude(user__in=_UNNAMED), before, limit)
    for about in reacted:
        async with transaction():
            await _put_reactions_together(about)
    voted = await _quiet(PollVote.exclude(user__in=_UNNAMED), before, limit)
    for about in voted:
        async with transaction():
            await _put_votes_together(about)
    return len(reacted) + len(voted)


async def _quiet(rows: "QuerySet[Reaction] | QuerySet[PollVote]", before: datetime, limit: int) -> list[dict[str, Any]]:
    last = rows.group_by("account", "chat", "message").annotate(last=Max("at")).filter(last__lt=before)
    return [dict(row) for row in await last.limit(limit).values("account", "chat", "message")]


async def _put_reactions_together(about: dict[str, Any]) -> None:
    rows = await Reaction.filter(**about).exclude(user__in=_UNNAMED)
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row.emoji] += row.count
    await Reaction.filter(id__in=[row.id for row in rows]).delete()
    for emoji, count in counted.items():
        known = await Reaction.get_or_none(**about, user=TOGETHER, emoji=emoji)
        if known is None:
            whole = {"post_id": rows[0].post_id, "at": max(row.at for row in rows), "emoji": emoji, "count": count}
            await Reaction.create(**about, user=TOGETHER, **whole)
        else:
            await Reaction.filter(id=known.id).update(count=known.count + count)


async def _put_votes_together(about: dict[str, Any]) -> None:
    rows = await PollVote.filter(**about).exclude(user__in=_UNNAMED)
    known = await PollVote.get_or_none(**about, user=TOGETHER)
    chosen = Counter(value for row in rows for value in json.loads(row.options) if 0 <= value < _ANSWERS)
    for place, value in enumerate(json.loads(known.options) if known else ()):
        chosen[place] += value
    options = json.dumps([chosen[place] for place in range(max(chosen, default=-1) + 1)])
    await PollVote.filter(id__in=[row.id for row in rows]).delete()
    if known is not None:
        await PollVote.filter(id=known.id).update(options=options)
    elif rows:
        whole = {"post_id": rows[0].post_id, "at": max(row.at for row in rows), "options": options}
        await PollVote.create(**about, user=TOGETHER, **whole)
