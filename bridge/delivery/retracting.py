"""Taking a post back: what has not gone out is called off, what stands in a chat is removed where that is allowed."""

from datetime import datetime

from bridge.core.capabilities import Capabilities
from bridge.core.errors import Refusal
from bridge.core.ids import Address, RemoteRef
from bridge.core.states import DeliveryState
from bridge.delivery.directory import Directory
from bridge.storage import ledger, ledger_changes, submissions
from bridge.storage.models import Delivery, Post, Submission


async def plan_removal(post: Post, submission: Submission, directory: Directory, now: datetime) -> list[Address]:
    """Plan the removal of every message of a post, members' originals included, in the caller's transaction.

    What is on its way at this moment is removed once it has arrived. Returns the chats where something stays.
    """
    rows = await ledger_changes.locked(post.id)
    leaving = {row.target_id for row in rows if row.operation == ledger.DELETE and row.state not in ledger_changes.DEAD}
    stays: list[Address] = []
    for row in rows:
        if row.operation in (ledger.EDIT, ledger.PRUNE):
            await ledger_changes.call_off(row)
        elif row.operation == ledger.SEND and row.id not in leaving:
            refused = await _remove(row, post, submission, directory, now)
            stays += [row.address] if refused else []
    for ref in await _unregistered(submission, rows):
        refused = why_not(directory.capabilities(ref.address), submission, now, own=False)
        await _plan(post, ref.address, now, refused, target_ref=ref)
        stays += [ref.address] if refused else []
    return list(dict.fromkeys(stays))


async def remove_copy(post: Post, rows: list[Delivery], directory: Directory, now: datetime) -> tuple[int, bool]:
    """Take one person's private copy back (its rows, locked).

    Returns how many rows that took, and whether something stays that cannot be removed.
    """
    leaving = {row.target_id for row in rows if row.operation == ledger.DELETE and row.state not in ledger_changes.DEAD}
    planned, stays = 0, False
    for row in rows:
        if row.operation in (ledger.EDIT, ledger.PRUNE):
            await ledger_changes.call_off(row)
        if row.operation != ledger.SEND or row.id in leaving:
            continue
        if row.state in ledger_changes.DEAD or await ledger_changes.call_off(row):
            continue
        capabilities = directory.capabilities(row.address)
        if capabilities is not None and not capabilities.deletes_own:
            stays = True
            continue
        await ledger.plan(
            kind=ledger.COPY,
            address=row.address,
            now=now,
            operation=ledger.DELETE,
            community=post.community,
            post_id=post.id,
            person_id=row.person_id,
            part=row.part,
            revision=post.revision,
            target=row,
        )
        planned += 1
    return planned, stays


async def _remove(
    row: Delivery, post: Post, submission: Submission, directory: Directory, now: datetime
) -> Refusal | None:
    """Call off or remove one message; says why it stays, where it does."""
    if row.state in ledger_changes.DEAD or await ledger_changes.call_off(row):
        return None
    own = row.detail != ledger_changes.ORIGINAL
    refused = why_not(directory.capabilities(row.address), submission, now, own=own)
    if refused and row.state == DeliveryState.PLANNED:
        # It may be out there already, and nothing could be done about a second one.
        await ledger_changes.give_up(row)
    await _plan(post, row.address, now, refused, target=row)
    return refused


async def _plan(
    post: Post,
    address: Address,
    now: datetime,
    refused: Refusal | None,
    *,
    target: Delivery | None = None,
    target_ref: RemoteRef | None = None,
) -> None:
    part = 1 if target is None else target.part
    if refused is not None:
        await ledger_changes.register_refused(
            operation=ledger.DELETE,
            post=post,
            address=address,
            reason=refused,
            now=now,
            part=part,
            target=target,
            target_ref=target_ref,
        )
        return
    await ledger.plan(
        kind=ledger.POST,
        address=address,
        now=now,
        operation=ledger.DELETE,
        community=post.community,
        post_id=post.id,
        part=part,
        revision=post.revision,
        target=target,
        target_ref=target_ref,
    )


def why_not(capabilities: Capabilities | None, submission: Submission, now: datetime, *, own: bool) -> Refusal | None:
    """Why a message cannot be removed from a chat; None where it can be tried.

    An account that is not configured now may be so again: its removals wait.
    """
    if capabilities is None or (own and capabilities.deletes_own):
        return None
    if own or capabilities.deletes_others is None:
        return Refusal.UNSUPPORTED
    return Refusal.TOO_LATE if now - submission.created_at > capabilities.deletes_others else None


async def _unregistered(submission: Submission, rows: list[Delivery]) -> list[RemoteRef]:
    """The author's own messages that stand in their group and are no rows of the post: the further ones of an album."""
    if submission.private:
        return []
    known = {row.ref for row in rows if row.detail == ledger_changes.ORIGINAL}
    found: list[RemoteRef] = []
    for source in await submissions.sources(submission.id):
        if source.ref in known:
            continue
        removal = await ledger.removal_of(source.ref)
        failed = removal is not None and removal.state == DeliveryState.REFUSED
        if submission.intake == "copy" or failed:
            found.append(source.ref)
    return found
