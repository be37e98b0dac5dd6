"""A moderator's note: it goes out under the author's words, signed, and never becomes part of them."""

import re

from bridge.core.hygiene import clean_text
from bridge.core.names import initials
from bridge.core.policy import Role
from bridge.core.text import RichText, plain
from bridge.moderation import cards, permissions
from bridge.moderation.acts import Act, Deed, Reply
from bridge.rendering import notes, posts
from bridge.rendering.words import Words
from bridge.storage import audit, beside, codec, desk, submissions
from bridge.storage.models import Review
from bridge.storage.models_desk import Note

LIMIT = 1000
"""Longest note, in code points."""
MOST = 9
"""Notes under one post."""
_ANCHOR_LIMIT = 500
_SHOWN = 200
_QUOTES = {
    '"': '"',
    "“": "”“",
    "”": "”",
    "„": "“”",
    "‟": "”",
    "«": "»",
    "»": "«»",
    "‹": "›",
    "›": "‹›",
    "‘": "’‘",
    "’": "’",
    "‚": "‘’",
    "'": "'",
    "「": "」",
    "『": "』",
    "《": "》",
}
"""By the mark that begins a quotation, those that may end it, as the world's schools teach them."""
_BETWEEN = re.compile(r"[\s\-‐‑‒–—―:;,.→>]*")
_DASHES = frozenset("-‐‑‒–—−")


def taken_away(text: str, w: Words) -> bool:
    """Does this say to take away what was added: ``-`` or "remove"?"""
    said = text.strip().strip(".").casefold()
    return said in _DASHES or said in ("remove", w._("remove").casefold())


def _all_taken_away(text: str, w: Words) -> bool:
    """The same of every moderator's: ``- all``."""
    first, _, rest = text.strip().strip(".").casefold().rpartition(" ")
    return rest in ("all", w._("all").casefold()) and taken_away(first, w)


def quotation(text: str, wording: str) -> tuple[str, int] | None:
    """The passage that a note begins with, as it stands in the wording, and where the note itself begins.

    None where the note begins with no quotation. The passage is empty where nothing of the kind is in the wording.
    """
    ends = _QUOTES.get(text[:1])
    if ends is None:
        return None
    places = [place for place, char in enumerate(text) if place > 1 and char in ends]
    for place in reversed(places[:40]):  # a quotation may hold apostrophes and quotations itself: the longest counts
        found = notes.find(text[1:place], wording) if place <= _ANCHOR_LIMIT else None
        if found is not None:
            between = _BETWEEN.match(text, place + 1)
            return wording[slice(*found)], len(text) if between is None else between.end()
    return ("", 0) if places else None


async def question(act: Act) -> RichText | Reply:
    """How a note is written, and which there are."""
    w = act.w
    text = w._(
        "#{number}: reply to this message with your note, at most {limit} characters. It goes out under the post, "
        "signed: [Note from {community} moderator ({initials}): ...]",
        number=act.number,
        limit=w.number(LIMIT),
        community=act.community.name,
        initials=_signature(act),
    )
    text += "\n" + w._(
        "To place it beside a passage, begin with the passage in quotation marks: “the passage” and then your note."
    )
    mine = await beside.notes_by(act.review.id, act.identity)
    if mine:
        text += "\n" + w._("“-” takes your notes away:")
        text += "".join(f"\n• {plain(note.text).shortened(_SHOWN).text}" for note in mine)
    return plain(text)


def _signature(act: Act) -> str:
    name = act.moderator.name
    signed = initials(name)
    return name if signed == "?" else signed


async def heard(act: Act) -> Reply:
    """Keep a note, or take one's own away."""
    review, w = act.review, act.w
    said = clean_text(act.text)
    if taken_away(said.text, w):
        return await _remove(act, await beside.notes_by(review.id, act.identity))
    if _all_taken_away(said.text, w):
        return await _remove_all(act)
    wording = codec.load(codec.RICH_TEXT, (await submissions.revision_of(review)).text).text
    anchor = ""
    if (quoted := quotation(said.text, wording)) is not None:
        anchor, begins = quoted
        said = said[begins:]
        if not anchor:
            return Reply(
                text=w._(
                    "That passage is not in #{number} as it now stands. Nothing was done. Copy it from the post, or "
                    "begin your note with another word.",
                    number=act.number,
                ),
                alert=True,
            )
    text = posts.spelled(said).text
    if not text:
        return Reply(text=w._("There was no text. Nothing was done."), alert=True)
    if len(text) > LIMIT:
        return _too_long(len(text), act)
    known = await desk.notes(review.id)
    if len(known) >= MOST:
        return Reply(
            text=w.ngettext(
                "#{number} has {count} note already, and takes no more. Nothing was done.",
                "#{number} has {count} notes already, and takes no more. Nothing was done.",
                len(known),
                number=act.number,
            ),
            alert=True,
        )
    note = await beside.add_note(
        review,
        text=text,
        anchor=anchor,
        by=act.identity,
        name=act.moderator.name,
        initials=_signature(act),
        now=act.now,
    )
    await _written(act, "note", characters=len(text), anchored=bool(anchor), note=note.id)
    await cards.refresh(review, act.now)
    return Reply(text=w._("Done."), on_card=True)


def _too_long(length: int, act: Act) -> Reply:
    text = act.w._(
        "Your note has {length} characters; at most {limit} are possible. Nothing was done.",
        length=act.w.number(length),
        limit=act.w.number(LIMIT),
    )
    return Reply(text=text, alert=True)


async def _remove(act: Act, mine: list[Note]) -> Reply:
    if not mine:
        return Reply(text=await _none_to_remove(act), alert=True)
    await beside.remove_notes(mine)
    await _written(act, "note_removed", notes=len(mine))
    await cards.refresh(act.review, act.now)
    return Reply(text=act.w._("Done."), on_card=True)


async def _remove_all(act: Act) -> Reply:
    known = await desk.notes(act.review.id)
    others = await _of_others(act.review, act)
    if others and not await permissions.covers(act.community, act.role, Role.SENIOR):
        text = act.w._("Only a senior moderator can take away the notes of others. Nothing was done.")
        return Reply(text=text, alert=True)
    return await _remove(act, known)


async def _of_others(review: Review, act: Act) -> list[Note]:
    mine = {note.id for note in await beside.notes_by(review.id, act.identity)}
    return [note for note in await desk.notes(review.id) if note.id not in mine]


async def _none_to_remove(act: Act) -> str:
    others = ", ".join(sorted({note.name for note in await _of_others(act.review, act)}))
    if not others:
        return act.w._("#{number} has no note. Nothing was done.", number=act.number)
    return act.w._(
        "The notes on #{number} are by {names}, and not yours to take away. Nothing was done. A senior moderator can "
        "take away all of them: “note: - all”.",
        number=act.number,
        names=others,
    )


async def _written(act: Act, action: str, **detail: int | bool) -> None:
    await audit.write(
        community=act.review.community,
        actor=submissions.audit_actor(act.identity),
        action=action,
        now=act.now,
        review_id=act.review.id,
        revision=act.revision,
        detail=detail,
    )


DEEDS = (Deed(name="note", word=lambda w: w._("note"), question=question, heard=heard),)
