"""Erasing a person: every row that is theirs goes or loses its words, in one transaction.

What stays are numbers: the audit log's chain still verifies, and an account's number in it leads to an empty row. Who
writes again afterwards is somebody new. What stands on the platforms is the business of ``moderation.forgetting``.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.core.states import MembershipState
from bridge.storage import archive, barred, codec, forwards, memberships, traces
from bridge.storage.database import transaction
from bridge.storage.holdings import rows_of, subject_of
from bridge.storage.models import AdapterState, Delivery, Meta, Person, Post, Revision
from bridge.storage.models_archive import SmallPicture
from bridge.storage.personal import AS_IT_IS, NOBODY, SHARES, Share, Stays, Subject, Traced
from bridge.storage.traces import FAREWELL

_UNUSED = "unused-file:"
SCRUB = "scrub"
"""A key of ``Meta``: the database file still holds, between its rows, what was removed from them."""


@dataclass(frozen=True, kw_only=True)
class Erased:
    """What an erasure did."""

    accounts: int
    rows: int
    """That went or lost something."""
    files: frozenset[str]
    """Files that may be used by nobody any more: ``unused_files`` says which."""


class NotErasable(ValueError):
    """There is no such person, or they were erased before."""


async def erase(person_id: int, now: datetime, *, kept: Mapping[int, str] | None = None, handling: int = 0) -> Erased:
    """Erase a person from every table. ``kept``: posts that stay published, with what stands for their author.

    ``handling``: the inbox event that asks for it, which whoever handles it marks done. What stands on the platforms,
    and what is held for moderators, must be seen to before. Raises NotErasable.
    """
    async with transaction():
        person = await Person.filter(id=person_id, erased_at__isnull=True).select_for_update().first()
        if person is None:
            raise NotErasable("there is no such person (any more)")
        subject = await subject_of(person_id, kept=dict(kept or {}))
        files = await _files(subject)
        for row in await memberships.memberships(person_id):
            if row.state == MembershipState.BANNED:
                await barred.remember(subject.accounts, row.community)
        await _sign_off(subject)
        # What is found by reading first: names and chats are known from the rows that are emptied afterwards.
        await traces.inbox(subject, handling)
        await traces.deliveries(subject)
        await forwards.forget_names(subject)
        count = 0
        shares = [(share, await rows_of(share, subject)) for share in SHARES if not _is_traced(share)]
        for share, rows in shares:
            count += await _carry_out(share, rows, subject)
        await archive.keep_again(subject.kept)
        await Person.filter(id=person_id).update(erased_at=now)
        await doom(files, now)
        await Meta.filter(key=SCRUB).delete()
        await Meta.create(key=SCRUB, value=now.isoformat())
    return Erased(accounts=len(subject.accounts), rows=count, files=frozenset(files))


def _is_traced(share: Share) -> bool:
    return any(isinstance(blank, Traced) for blank in share.columns.values())


async def _carry_out(share: Share, rows: Iterable[Any], subject: Subject) -> int:
    """Delete a share's rows, or empty their columns; returns how many were touched."""
    count = 0
    for row in rows:
        if share.spares(row, subject):
            continue
        if share.deletes:
            if await _is_needed(share, row):
                continue
            await share.model.filter(pk=row.pk).delete()
            count += 1
            continue
        values = {
            column: value
            for column, blank in share.columns.items()
            if not isinstance(blank, Stays) and (value := _left(blank, row, subject)) is not AS_IT_IS
        }
        if values:
            await share.model.filter(pk=row.pk).update(**values)
            count += 1
    return count


async def _is_needed(share: Share, row: Any) -> bool:
    """Is a last message on its way to that chat? ``traces.said_farewell`` forgets the chat afterwards."""
    if share.model.__name__ not in ("Chat", "AdapterState"):
        return False
    chats = {getattr(row, "chat", ""), getattr(row, "value", ""), str(getattr(row, "key", "")).partition(":")[2]}
    return await Delivery.filter(account=row.account, chat__in=sorted(chats), view=FAREWELL).exists()


def _left(blank: Any, row: Any, subject: Subject) -> Any:
    return blank(row, subject) if callable(blank) else blank


async def _sign_off(subject: Subject) -> None:
    """Take the person's name, as a moderator, from under what is frozen into posts."""
    theirs = {review for reviews in subject.acted.values() for review in reviews}
    for post in await Post.filter(submission__reviews__id__in=sorted(theirs) or [0]).distinct():
        values = {}
        for column in ("notes", "translations"):
            before = json.loads(getattr(post, column))
            after = _unsigned(before, subject.names)
            if after != before:
                values[column] = codec.dump_object(after)
        if values:
            await Post.filter(id=post.id).update(**values)


def _unsigned(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        signed = value.get("name") in names
        return {key: NOBODY if signed and key == "initials" else _unsigned(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_unsigned(each, names) for each in value]
    return NOBODY if value in names and isinstance(value, str) else value


# --- files ---


async def _files(subject: Subject) -> set[str]:
    """The files of a person's posts, held or published, and of messages to and about them."""
    mine = list(subject.submissions) or [0]
    kept = {submission for submission, _ in subject.kept_wordings}
    texts = [row.attachments for row in await Revision.filter(submission_id__in=mine) if row.submission_id not in kept]
    texts += [row.attachments for row in await Post.filter(submission_id__in=mine) if row.id not in subject.kept]
    found = {sha256 for text in texts for sha256 in codec.sha256s(codec.load(codec.ATTACHMENTS, text))}
    rows = Delivery.filter(review_id__in=list(subject.reviews) or [0], content__contains='"sha256"')
    found |= {sha256 for row in await rows for sha256 in _shown(row)}
    for account, chat in subject.addresses:
        sent = Delivery.filter(account=account, chat=chat, content__contains='"sha256"')
        found |= {sha256 for row in await sent for sha256 in _shown(row)}
    return found


def _shown(row: Delivery) -> set[str]:
    return codec.sha256s(codec.load(codec.CONTENT, row.content).attachments)


async def doom(files: Iterable[str], now: datetime) -> None:
    """Files that may not be used by anything any more; they are removed once that is so."""
    for sha256 in sorted(files):
        if not await Meta.filter(key=f"{_UNUSED}{sha256}").exists():
            await Meta.create(key=f"{_UNUSED}{sha256}", value=now.isoformat())


async def unused_files() -> list[str]:
    """Of the doomed files, those that nothing in the database uses."""
    found = []
    for row in await Meta.filter(key__startswith=_UNUSED):
        sha256 = row.key.removeprefix(_UNUSED)
        if not await _is_used(sha256):
            found.append(sha256)
    return found


async def _is_used(sha256: str) -> bool:
    return (
        await Revision.filter(attachments__contains=sha256).exists()
        or await Post.filter(attachments__contains=sha256).exists()
        or await Delivery.filter(content__contains=sha256).exists()
        or await SmallPicture.filter(sha256=sha256).exists()
    )


async def is_marked() -> bool:
    """Was something removed that the database file may still hold between its rows?"""
    return await Meta.filter(key=SCRUB).exists()


async def unmark() -> None:
    async with transaction():
        await Meta.filter(key=SCRUB).delete()


async def file_is_gone(sha256: str, now: datetime) -> None:
    """Its bytes were removed; so is where an account has put them on its platform, which may still hand them out.

    What was made smaller of it is used by nobody any more.
    """
    async with transaction():
        small = await SmallPicture.filter(source=sha256)
        await SmallPicture.filter(source=sha256).delete()
        await doom({row.sha256 for row in small}, now)
        await AdapterState.filter(key__contains=sha256).delete()
        await Meta.filter(key=f"{_UNUSED}{sha256}").delete()


async def used_again(now: datetime) -> None:
    """Doomed long ago and still used: by somebody else, whose file it is as well."""
    async with transaction():
        for row in await Meta.filter(key__startswith=_UNUSED):
            sha256 = row.key.removeprefix(_UNUSED)
            if now - datetime.fromisoformat(row.value) > timedelta(days=30) and await _is_used(sha256):
                await Meta.filter(key=row.key).delete()
