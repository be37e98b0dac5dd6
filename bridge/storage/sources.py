"""The messages out there that a submission is made of, each with its share of it."""

from collections.abc import Sequence
from datetime import datetime

from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Attachment, Uncarried
from bridge.core.text import RichText
from bridge.storage import codec, lookup
from bridge.storage.models import Identity, Revision, Source, Submission


async def add_source(
    submission: Submission,
    source: RemoteRef,
    *,
    text: RichText,
    attachments: Sequence[Attachment],
    uncarried: Sequence[Uncarried],
    now: datetime,
) -> None:
    """Another message out there that the submission is made of, with its share of it."""
    await Source.create(
        submission=submission,
        account=source.account,
        chat=source.chat,
        message=source.message,
        text=codec.dump(codec.RICH_TEXT, text),
        attachments=codec.dump(codec.ATTACHMENTS, tuple(attachments)),
        uncarried=codec.dump(codec.UNCARRIED, tuple(uncarried)),
        posted_at=now,
    )


async def share(
    source: Source, text: RichText, attachments: Sequence[Attachment], uncarried: Sequence[Uncarried]
) -> None:
    """One of the messages says something else now."""
    values = {
        "text": codec.dump(codec.RICH_TEXT, text),
        "attachments": codec.dump(codec.ATTACHMENTS, tuple(attachments)),
        "uncarried": codec.dump(codec.UNCARRIED, tuple(uncarried)),
    }
    await Source.filter(id=source.id).update(**values)


async def drop_source(submission: Submission, source: Source) -> None:
    """One of several messages of a submission is gone."""
    await Source.filter(id=source.id).delete()
    first = await Source.filter(submission_id=submission.id).order_by("id").first()
    if first is not None and source.ref == submission.source:
        values = {"chat": first.chat, "message": first.message}
        await Submission.filter(id=submission.id).update(**values)
        submission.update_from_dict(values)


async def submission_by_source(ref: RemoteRef) -> Submission | None:
    source = await _source(ref, "submission", "identity", "person")
    return None if source is None else source.submission


async def _source(ref: RemoteRef, *related: str) -> Source | None:
    return await lookup.first(Source, related=related, account=ref.account, chat=ref.chat, message=ref.message)


async def is_known(ref: RemoteRef) -> bool:
    """Is a message part of a submission?"""
    return await _source(ref) is not None


async def submission_by_album(account: str, chat: str, album: str) -> Submission | None:
    """The latest that items of an album went into: those that come after a decision begin another one together."""
    found = Submission.filter(account=account, chat=chat, album=album).order_by("-id")
    return await found.select_related("identity__person").first()


async def sources(submission_id: int) -> list[Source]:
    return await Source.filter(submission_id=submission_id).order_by("id")


async def files_of(ref: RemoteRef) -> set[str]:
    """Every file of every wording of the submission that a message belongs to."""
    submission = await submission_by_source(ref)
    rows = [] if submission is None else await Revision.filter(submission_id=submission.id)
    return {sha256 for row in rows for sha256 in codec.sha256s(codec.load(codec.ATTACHMENTS, row.attachments))}


async def end_run(identity: Identity, chat: Address) -> None:
    """What somebody said after their latest file there was not taken: files after it do not follow that one."""
    mine = Submission.filter(identity_id=identity.id, account=chat.account, chat=chat.chat, origin_post_id=None)
    found = await mine.order_by("-id").first()
    if found is not None:
        await Source.filter(submission_id=found.id).update(posted_at=None)


async def followed(identity: Identity, chat: Address, since: datetime) -> Submission | None:
    """The latest that somebody sent in a chat, where that was a file and is not older than a moment."""
    mine = Submission.filter(identity_id=identity.id, account=chat.account, chat=chat.chat, origin_post_id=None)
    found = await mine.order_by("-id").select_related("identity__person").first()
    last = None if found is None else await Source.filter(submission_id=found.id).order_by("-id").first()
    if last is None or last.posted_at is None or last.posted_at < since or last.attachments == "[]":
        return None
    return found
