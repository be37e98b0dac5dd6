"""What happens to the rows of a post that is changed or taken back after its approval; all in the caller's transaction.

The rows are locked first (``locked``), so that what is decided here about a message still holds at the commit.
"""

from collections.abc import Sequence
from datetime import datetime

from bridge.core.errors import Refusal
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Content
from bridge.core.states import DeliveryState, DeliveryStep
from bridge.storage import codec
from bridge.storage.bells import delivery_bell
from bridge.storage.ledger_reads import DELETE, EDIT, POST, PRUNE, SEND, messages_of
from bridge.storage.ledger_steps import advance, cancel_dependants, restore_dependants
from bridge.storage.models import Delivery, Post

ORIGINAL = "original"
"""The detail of a row that stands for a member's own message."""
DROPPED = "dropped"
"""The detail of a row that its post no longer needs and that never went out."""
DEAD = (DeliveryState.REFUSED, DeliveryState.CANCELLED)


async def locked(post_id: int) -> list[Delivery]:
    """Every row of a post, oldest first; none changes its state any more until the transaction ends."""
    return await Delivery.filter(post_id=post_id, kind=POST).order_by("id").select_for_update()


def is_absent(row: Delivery) -> bool:
    """Is its message certainly not out there?"""
    return row.state in DEAD or (row.state == DeliveryState.PLANNED and not row.doubted)


async def call_off(row: Delivery) -> bool:
    """Cancel what is planned and certainly not out there; False where there is no such thing to cancel."""
    if row.state != DeliveryState.PLANNED or row.doubted:
        return False
    return await advance(row, DeliveryStep.CANCEL)


async def give_up(row: Delivery) -> bool:
    """Cancel what is planned and perhaps out there already: it is not to be sent a second time."""
    return await advance(row, DeliveryStep.CANCEL)


async def reword(row: Delivery, content: Content) -> None:
    """Let a send that is not out there carry other words, now or when a person has it tried again."""
    await call_off_edits(row)
    values = {"content": codec.dump(codec.CONTENT, content), "payload": "", "shows": ""}
    await Delivery.filter(id=row.id).update(**values)
    row.update_from_dict(values)


async def call_off_edits(row: Delivery) -> None:
    """Cancel the planned edits of a message, and do not let them come back with it."""
    edits = Delivery.filter(post_id=row.post_id, target_id=row.id, operation__in=[EDIT, PRUNE])
    for edit in await edits.filter(state=DeliveryState.PLANNED):
        await advance(edit, DeliveryStep.CANCEL)
    await edits.filter(state=DeliveryState.CANCELLED).update(waits_for=None)


async def standing(row: Delivery) -> list[RemoteRef]:
    """The messages of a delivered row, in order, without those that are to go."""
    going = Delivery.filter(target_id=row.id, operation=PRUNE).exclude(state__in=DEAD)
    leaving = {each.target_message for each in await going}
    return [ref for ref in await messages_of(row) if ref.message not in leaving]


async def leave_alone(row: Delivery, ref: RemoteRef) -> None:
    """Cancel the planned edits of one message of several, which is to go; what waited for them waits no longer."""
    edits = Delivery.filter(target_id=row.id, operation=EDIT, target_message=ref.message, doubted=False)
    for edit in await edits.filter(state=DeliveryState.PLANNED):
        await advance(edit, DeliveryStep.CANCEL)
        await Delivery.filter(waits_for=edit.id).update(waits_for=None)


async def withdraw_changes(refused: Delivery) -> Delivery:
    """A message is replaced altogether because this change of it was refused: its other changes are called off, too.

    Returns the one that says what was wanted last.
    """
    changes = Delivery.filter(target_id=refused.target_id, operation__in=[EDIT, PRUNE])
    newest = await changes.filter(id__gt=refused.id).exclude(state__in=DEAD).order_by("-id").first()
    for change in await changes.filter(state=DeliveryState.PLANNED):
        await advance(change, DeliveryStep.CANCEL)
    for change in await changes.filter(state=DeliveryState.REFUSED, revision=refused.revision):
        await withdraw_refused(change)
    await changes.filter(state=DeliveryState.CANCELLED).update(waits_for=None)
    return newest or refused


async def drop(row: Delivery, now: datetime) -> None:
    """Take a send that is not out there out of its chain: what waited for it waits for what it waited for."""
    await row.refresh_from_db()  # its neighbour may have been dropped just now
    if row.state == DeliveryState.REFUSED and await advance(row, DeliveryStep.RETRY):
        await restore_dependants(row, now)
    if row.state == DeliveryState.PLANNED:
        await advance(row, DeliveryStep.CANCEL)
    await call_off_edits(row)
    await Delivery.filter(waits_for=row.id, operation=SEND).update(waits_for=row.waits_for)
    await Delivery.filter(id=row.id).update(waits_for=None, detail=DROPPED)
    delivery_bell.ring_after_commit()


async def withdraw_refused(row: Delivery) -> None:
    """A change that was refused is made in another way: this one is no longer a failure that somebody must see."""
    if await advance(row, DeliveryStep.RETRY):
        await advance(row, DeliveryStep.CANCEL)


async def follow_fate(rows: Sequence[Delivery], before: Delivery) -> None:
    """What was planned behind a message that is not coming (now) is called off with it, and comes back with it."""
    if rows and before.state in DEAD:
        await cancel_dependants([before.id], Refusal(before.reason) if before.reason else None)


async def register_refused(
    *,
    operation: str,
    post: Post,
    address: Address,
    reason: Refusal,
    now: datetime,
    part: int = 1,
    target: Delivery | None = None,
    target_ref: RemoteRef | None = None,
) -> Delivery:
    """Enter a change of a message that its chat does not allow, without trying it."""
    return await Delivery.create(
        kind=POST,
        community=post.community,
        post_id=post.id,
        account=address.account,
        chat=address.chat,
        part=part,
        revision=post.revision,
        operation=operation,
        state=DeliveryState.REFUSED,
        target_id=None if target is None else target.id,
        target_chat="" if target_ref is None else target_ref.chat,
        target_message="" if target_ref is None else target_ref.message,
        reason=reason.value,
        due_at=now,
        planned_at=now,
        done_at=now,
    )


async def is_to_be_removed(row: Delivery) -> bool:
    """Is there a removal that will follow, should this message be or get out there?"""
    return (
        await Delivery.filter(post_id=row.post_id, target_id=row.id, operation=DELETE).exclude(state__in=DEAD).exists()
    )
