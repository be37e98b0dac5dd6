"""The delivery ledger: outbox, queue and record in one table. A batch is safe because its commit precedes its sends.

Every change of state goes through ``ledger_steps.advance``.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.errors import Refusal
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Content
from bridge.core.reading import COPIED
from bridge.core.states import DeliveryState, DeliveryStep, MembershipState, PostState
from bridge.storage import codec, ledger_fences, lookup
from bridge.storage.answering import threaded
from bridge.storage.bells import delivery_bell
from bridge.storage.database import transaction
from bridge.storage.leases import Held
from bridge.storage.ledger_calls import (
    bring_forward,
    call_off,
    call_off_notices,
    call_off_older,
    mark,
    note,
    noted,
    set_view,
    take_back_notices,
)
from bridge.storage.ledger_changes import ORIGINAL, is_to_be_removed
from bridge.storage.ledger_copies import copy_row, plan_copies
from bridge.storage.ledger_doubt import Effects, distrust, give_back, postpone_doubt, recover, resolve_doubt, settle
from bridge.storage.ledger_lanes import heads, next_due
from bridge.storage.ledger_reads import (
    ACTIVE,
    ANSWER,
    APPLICATION,
    CAN_WAIT,
    CARD,
    COPY,
    DELETE,
    DIGEST,
    EDIT,
    EXHIBIT,
    NOTICE,
    POST,
    PROMPT,
    PRUNE,
    REACT,
    REACTION,
    REMOVAL,
    SEND,
    WAITS_LESS,
    answered,
    application_rows,
    attachments_of,
    card_rows,
    count_notices,
    count_shown,
    edit_after,
    files_of,
    find_by_ref,
    in_doubt,
    is_edited_after,
    is_leaving,
    last_reaction,
    messages_of,
    newest_card,
    of_post,
    oldest_undelivered,
    put_off,
    reaction_waits,
    recent_attempts,
    removal_of,
    said_lately,
    unclaimed_edit,
    versions,
    waited_for,
)
from bridge.storage.ledger_record import Outcome, record
from bridge.storage.ledger_steps import (
    LIFETIME,
    SLICE,
    advance,
    advance_all,
    cancel_dependants,
    release,
)
from bridge.storage.many import save_each, seen
from bridge.storage.models import Delivery, Identity, Post
from bridge.storage.models_members import Membership

Compose = Callable[[Delivery], Awaitable["Frozen | None"]]
"""What a row sends; None where it has become pointless. Raises ValueError, LookupError or TypeError where it cannot."""
Prepare = Callable[[Sequence[Delivery]], Awaitable[None]]
"""Sees a batch before its rows are composed, so that the database is asked once for all of it."""


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """What a row sends, at this and every later attempt."""

    payload: str
    content: str
    shows: str = ""
    """For a card or a private copy: the fingerprint of what it shows."""


async def plan(
    *,
    kind: str,
    address: Address,
    now: datetime,
    content: Content | None = None,
    community: str = "",
    post_id: int | None = None,
    review_id: int | None = None,
    person_id: int | None = None,
    application_id: int | None = None,
    operation: str = SEND,
    part: int = 1,
    revision: int = 0,
    view: str = "",
    waits_for: int | None = None,
    target: Delivery | None = None,
    target_ref: RemoteRef | None = None,
    item: int = 0,
    due_at: datetime | None = None,
    lifetime: timedelta = LIFETIME,
) -> Delivery:
    """Write one row, inside the caller's transaction. An edit or removal waits until what it changes is there.

    ``target_ref``: beside ``target`` the one of its messages that is meant; ``item``: which file it is to show.
    """
    if target is not None and waits_for is None:
        # Locked and read anew: were it recorded as delivered meanwhile, nothing would ever release this row.
        now_there = await Delivery.filter(id=target.id).select_for_update().first()
        if now_there is not None and now_there.state != DeliveryState.DELIVERED:
            waits_for = target.id
    row = await Delivery.create(
        kind=kind,
        community=community,
        post_id=post_id,
        review_id=review_id,
        person_id=person_id,
        application_id=application_id,
        account=address.account,
        chat=address.chat,
        part=part,
        revision=revision,
        view=view,
        operation=operation,
        due_at=due_at or now,
        expires_at=(due_at or now) + lifetime,
        waits_for=waits_for,
        target_id=None if target is None else target.id,
        target_chat="" if target_ref is None else target_ref.chat,
        target_message="" if target_ref is None else target_ref.message,
        item=item,
        content="" if content is None else codec.dump(codec.CONTENT, content),
        planned_at=now,
    )
    note(row)
    delivery_bell.ring_after_commit()
    return row


async def register_delivered(*, kind: str, ref: RemoteRef, now: datetime, community: str, post_id: int) -> Delivery:
    """Enter a message that is already out there as a delivery of its own (a member's original that stays)."""
    return await Delivery.create(
        kind=kind,
        community=community,
        post_id=post_id,
        account=ref.account,
        chat=ref.chat,
        state=DeliveryState.DELIVERED,
        due_at=now,
        remote_chat=ref.chat,
        message=ref.message,
        planned_at=now,
        done_at=now,
        detail=ORIGINAL,
    )


async def release_settled() -> None:
    """Now and then: rows that wait for something settled long ago are let go or called off."""
    waiting = Delivery.filter(state=DeliveryState.PLANNED, waits_for__isnull=False)
    ids = list(await waiting.distinct().values_list("waits_for", flat=True))
    for start in range(0, len(ids), SLICE):
        async with transaction():
            settled = await Delivery.filter(id__in=ids[start : start + SLICE]).values_list("id", "state")
            await release([found for found, state in settled if state == DeliveryState.DELIVERED])
            lost = (DeliveryState.REFUSED, DeliveryState.CANCELLED)
            await cancel_dependants([found for found, state in settled if state in lost])


async def _is_pointless(row: Delivery, unwanted: Collection[int]) -> bool:
    """Would carrying it out show what is no longer true, or what its reader wants no longer?"""
    return row.id in unwanted or await _gives_way(row) or await _is_taken_back(row)


async def _unwanted(rows: Sequence[Delivery]) -> set[int]:
    """Which are private copies for somebody who has left, been banned or erased, or wants none any more?"""
    copies = [row for row in rows if row.kind in (COPY, DIGEST) and row.operation == SEND and not row.doubted]
    if not copies:
        return set()
    readers = Membership.filter(
        person_id__in=list({row.person_id for row in copies}),
        state=MembershipState.MEMBER,
        reading__in=[reading.value for reading in COPIED],
        person__erased_at__isnull=True,
    )
    wanted = set(await readers.values_list("person_id", "community"))
    theirs = Identity.filter(
        account__in=list({row.account for row in copies}), direct_chat__in=list({row.chat for row in copies})
    )
    deaf = set(await theirs.filter(stopped_at__isnull=False).values_list("account", "direct_chat"))
    return {row.id for row in copies if (row.person_id, row.community) not in wanted or (row.account, row.chat) in deaf}


async def _is_taken_back(row: Delivery) -> bool:
    """Is it part of a post that was retracted? What may be out there is still found, where it can then be removed."""
    if row.operation == DELETE or row.post is None or row.post.state != PostState.RETRACTED:
        return False
    return row.operation in (EDIT, PRUNE) or not row.doubted or not await is_to_be_removed(row)


async def _gives_way(row: Delivery) -> bool:
    """Has a newer edit of the same message been planned or sent? Then this one would show what is no longer true."""
    newer = await edit_after(row)
    if newer is not None:  # what was to follow this one follows that one
        there = newer.state == DeliveryState.DELIVERED
        await Delivery.filter(waits_for=row.id).update(waits_for=None if there else newer.id)
    return newer is not None


async def claim(
    ids: Sequence[int],
    now: datetime,
    compose: Compose,
    effects: Effects | None = None,
    *,
    prepare: Prepare | None = None,
    held: Held | None = None,
    accounts: Collection[str] = (),
) -> list[Delivery]:
    """Freeze and mark rows as being attempted, in one commit that precedes their sends.

    A row whose content has become pointless (compose says None) is called off; one that cannot be composed is
    refused with the reason and blocks nobody. One that was changed meanwhile is left for the next look.
    ``held``: only rows of those ``accounts`` that are still ours.
    """
    async with transaction():
        changed: list[Delivery] = []
        ready: list[Delivery] = []
        reworded: list[Delivery] = []
        # Asked before the rows are read: no other program claims or records them afterwards.
        ours = None if held is None else await held.confirm(accounts)
        asked = await lookup.rows(Delivery, id=list(ids), order="id") if ids else []
        rows = [row for row in asked if row.state == DeliveryState.PLANNED and (ours is None or row.account in ours)]
        posts = {row.post_id for row in rows if row.post_id is not None}  # most have the same
        found = {post.id: post for post in (await lookup.rows(Post, id=sorted(posts)) if posts else [])}
        for row in rows:
            row.post = None if row.post_id is None else found.get(row.post_id)
        # Not locked at once: composing locks reviews, and who decides about one locks it before its rows.
        before = seen(rows, ("content", "payload", "chat"))

        def counted(row: Delivery) -> None:
            row.attempts += 1
            row.first_attempt_at = row.first_attempt_at or now

        attempt = {"attempted_at": now, "reason": "", "detail": ""}
        own: tuple[str, ...] = ("attempts", "first_attempt_at")
        unwanted = await _unwanted(rows)
        if prepare is not None:
            await prepare([row for row in rows if not row.payload])
        for row in rows:
            if await _is_pointless(row, unwanted):
                await advance(row, DeliveryStep.CANCEL)
                await cancel_dependants([row.id])
                changed += [row] if row.kind == POST else []
                continue
            if not row.payload:
                try:
                    frozen = await compose(row)
                except (ValueError, LookupError, TypeError) as error:
                    step = DeliveryStep.ATTEMPT
                    if not await advance_all([row], step, before=before, own=counted, columns=own, **attempt):
                        continue
                    await advance(
                        row, DeliveryStep.REFUSE, reason=Refusal.BAD_CONTENT.value, detail=type(error).__name__
                    )
                    changed += [row, *await cancel_dependants([row.id], Refusal.BAD_CONTENT)]
                    continue
                if frozen is None:
                    await advance(row, DeliveryStep.CANCEL)
                    await cancel_dependants([row.id])
                    continue
                reworded += [row] if row.content != frozen.content else []
                row.payload, row.content, row.shows = frozen.payload, frozen.content, frozen.shows
            ready.append(row)

        own = (*own, "payload", "shows")
        claimed = await advance_all(ready, DeliveryStep.ATTEMPT, before=before, own=counted, columns=own, **attempt)
        taken = {row.id for row in claimed}
        if len(taken) < len(ready):  # perhaps in other words, or to another chat
            delivery_bell.ring_after_commit()
        await save_each([row for row in reworded if row.id in taken], ("content",))
        if changed and effects is not None:
            await effects(changed)
    return claimed


async def spoil(row_id: int, now: datetime, why: str, effects: Effects, *, held: Held | None = None) -> None:
    """Refuse a row that cannot even be composed, so that it blocks nobody and a person sees it."""
    async with transaction():
        row = await Delivery.get(id=row_id)
        if await ledger_fences.is_ours(row, held) and await advance(row, DeliveryStep.ATTEMPT, attempted_at=now):
            await advance(row, DeliveryStep.REFUSE, reason=Refusal.BAD_CONTENT.value, detail=why, done_at=now)
            await effects([row, *await cancel_dependants([row.id], Refusal.BAD_CONTENT)])


__all__ = [
    "ACTIVE",
    "ANSWER",
    "APPLICATION",
    "CAN_WAIT",
    "CARD",
    "COPY",
    "DELETE",
    "DIGEST",
    "EDIT",
    "EXHIBIT",
    "LIFETIME",
    "NOTICE",
    "POST",
    "PROMPT",
    "PRUNE",
    "REACT",
    "REACTION",
    "REMOVAL",
    "SEND",
    "WAITS_LESS",
    "Compose",
    "Effects",
    "Frozen",
    "Outcome",
    "Prepare",
    "answered",
    "application_rows",
    "attachments_of",
    "bring_forward",
    "call_off",
    "call_off_notices",
    "call_off_older",
    "card_rows",
    "claim",
    "copy_row",
    "count_notices",
    "count_shown",
    "distrust",
    "edit_after",
    "files_of",
    "find_by_ref",
    "give_back",
    "heads",
    "in_doubt",
    "is_edited_after",
    "is_leaving",
    "last_reaction",
    "mark",
    "messages_of",
    "newest_card",
    "next_due",
    "noted",
    "of_post",
    "oldest_undelivered",
    "plan",
    "plan_copies",
    "postpone_doubt",
    "put_off",
    "reaction_waits",
    "recent_attempts",
    "record",
    "recover",
    "register_delivered",
    "release_settled",
    "removal_of",
    "resolve_doubt",
    "said_lately",
    "set_view",
    "settle",
    "spoil",
    "take_back_notices",
    "threaded",
    "unclaimed_edit",
    "versions",
    "waited_for",
]
