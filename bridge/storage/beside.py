"""What goes out beside an author's words: moderators' notes, the short version, translations."""

from collections.abc import Collection, Iterable
from datetime import datetime

from bridge.core.ids import Address
from bridge.core.message import Content
from bridge.storage import codec
from bridge.storage.ledger_reads import EXHIBIT
from bridge.storage.models import Delivery, Identity, Review
from bridge.storage.models_desk import Note, Translation

# --- notes ---


async def add_note(
    review: Review, *, text: str, anchor: str, by: Identity, name: str, initials: str, now: datetime
) -> Note:
    return await Note.create(
        review_id=review.id,
        text=text,
        anchor=anchor,
        actor=str(by.ref),
        name=name,
        initials=initials,
        created_at=now,
    )


async def notes_by(review_id: int, person: Identity) -> list[Note]:
    """The notes of one person, from whichever of their accounts they wrote them, oldest first."""
    accounts = [str(identity.ref) for identity in await Identity.filter(person_id=person.person_id)]
    return await Note.filter(review_id=review_id, removed=False, actor__in=accounts).order_by("id")


async def copy_notes(before: Review, after: Review) -> None:
    """Let a review that follows another begin with its notes, each still its writer's."""
    for note in await Note.filter(review_id=before.id, removed=False).order_by("id"):
        await Note.create(
            review_id=after.id,
            text=note.text,
            anchor=note.anchor,
            actor=note.actor,
            name=note.name,
            initials=note.initials,
            created_at=note.created_at,
        )


async def remove_notes(notes: Collection[Note]) -> None:
    await Note.filter(id__in=[note.id for note in notes]).update(removed=True)


# --- the short version ---


def short_of(review: Review) -> str:
    """The short version of the wording now under review; none where it was made of an older one."""
    return review.short if review.short_revision == review.revision else ""


# --- translations ---


async def translate(
    submission_id: int, revision: int, language: str, *, text: str, translator: str, by: Identity, now: datetime
) -> None:
    """Keep a wording's translation (rich text as JSON), in place of an earlier one into the same language."""
    known = Translation.filter(submission_id=submission_id, revision=revision, language=language)
    if not await known.update(text=text, translator=translator, actor=str(by.ref), created_at=now):
        await Translation.create(
            submission_id=submission_id,
            revision=revision,
            language=language,
            text=text,
            actor=str(by.ref),
            translator=translator,
            created_at=now,
        )


async def keep_translations(submission_id: int, before: int, after: int) -> None:
    """A wording of the same words has the same translations."""
    for row in await Translation.filter(submission_id=submission_id, revision=before):
        await Translation.create(
            submission_id=submission_id,
            revision=after,
            language=row.language,
            text=row.text,
            actor=row.actor,
            translator=row.translator,
            created_at=row.created_at,
        )


async def remove_translation(submission_id: int, language: str) -> int:
    """Of every wording; how many there were."""
    return await Translation.filter(submission_id=submission_id, language=language).delete()


async def translations(submission_id: int) -> list[Translation]:
    """Of all its wordings, the oldest first, and by language."""
    return await Translation.filter(submission_id=submission_id).order_by("revision", "language")


def outdated(rows: Iterable[Translation], revision: int) -> list[Translation]:
    """Of an item's translations the newest of each language of which this wording has none, but an older one has."""
    newest = {row.language: row for row in rows if row.revision <= revision}
    return [row for _, row in sorted(newest.items()) if row.revision < revision]


# --- previews ---


async def shown_lately(review_id: int, address: Address, content: Content, since: datetime) -> bool:
    """Has this very message about an item been planned in that chat already, a moment ago?"""
    return await Delivery.exists(
        kind=EXHIBIT,
        review_id=review_id,
        account=address.account,
        chat=address.chat,
        planned_at__gt=since,
        content=codec.dump(codec.CONTENT, content),
    )
