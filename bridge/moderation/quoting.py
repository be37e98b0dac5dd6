"""Quotations: passages of a published post that moderators mark, to be exported with whom they are by."""

from bridge.core.hygiene import clean_text
from bridge.core.states import ReviewState
from bridge.core.text import RichText, plain
from bridge.moderation import cards
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.correcting import published
from bridge.moderation.notes import taken_away
from bridge.rendering import notes
from bridge.storage import audit, codec, quotations, submissions
from bridge.storage.models import Post
from bridge.storage.models_desk import Quotation

MOST = 20
"""Quotations of one post."""
_SHOWN = 200
_MARKS = "\"'“”„‟«»‹›‘’‚‛「」『』《》"


async def question(act: Act) -> RichText | Reply:
    """How a passage is marked, and which are."""
    post = await published(act)
    if isinstance(post, Reply):
        return post
    text = act.w._(
        "#{number}: reply with the passage, copied from the post. It is kept as a quotation for the export.",
        number=act.number,
    )
    marked = await quotations.of_post(post.id)
    if marked:
        text += "\n" + act.w._("Marked already; “-” and the passage takes one away:")
        text += "".join(f"\n• {plain(row.text).shortened(_SHOWN).text}" for row in marked)
    return plain(text)


async def heard(act: Act) -> Reply:
    """Mark a passage of the published text, or take one away."""
    w = act.w
    post = await published(act)
    if isinstance(post, Reply):
        return post
    said = clean_text(act.text).text
    if not said:
        return Reply(text=w._("There was no text. Nothing was done."), alert=True)
    marked = await quotations.of_post(post.id)
    if taken_away(said, w):
        return await _take_away(act, post, marked)
    # What is in no quotation may begin with a dash itself: posts hold lists.
    meant = [row for row in marked if taken_away(said[0], w) and _same(row.text, said[1:])]
    if meant:
        return await _take_away(act, post, meant)
    passage = _standing(said, codec.load(codec.RICH_TEXT, post.text).text)
    if not passage:
        text = w._(
            "That passage is not in #{number} as it is published. Nothing was done. Copy it from the post.",
            number=act.number,
        )
        return Reply(text=text, alert=True)
    if any(_same(row.text, passage) for row in marked):
        return Reply(text=w._("That passage is marked already."), alert=True)
    if len(marked) >= MOST:
        text = w.ngettext(
            "#{number} has {count} quotation already, and takes no more. Nothing was done.",
            "#{number} has {count} quotations already, and takes no more. Nothing was done.",
            len(marked),
            number=act.number,
        )
        return Reply(text=text, alert=True)
    row = await quotations.add(post, passage, by=act.identity, name=act.moderator.name, now=act.now)
    await _written(act, post, "quote", quotation=row.id, characters=len(passage))
    return Reply(text=w._("Marked as a quotation: “{passage}”", passage=plain(passage).shortened(_SHOWN).text))


def _readings(said: str) -> tuple[str, str, str]:
    """As typed, and without the quotation marks around it."""
    said = said.strip()
    return said, said[1:-1] if said[:1] in _MARKS else "", said.strip(_MARKS)


def _standing(said: str, wording: str) -> str:
    """The passage as it stands in the post; it may have been typed in quotation marks. Empty where it is not there."""
    for passage in _readings(said):
        place = notes.find(passage, wording) if any(map(str.isalnum, passage)) else None
        if place is not None:
            return wording[slice(*place)]
    return ""


def _same(one: str, other: str) -> bool:
    """The same words, whatever the spaces, capitals and kinds of quotation marks."""
    return any(notes.find(passage, one) == (0, len(one)) for passage in _readings(other))


async def _take_away(act: Act, post: Post, rows: list[Quotation]) -> Reply:
    w = act.w
    if not rows:
        return Reply(text=w._("#{number} has no quotation. Nothing was done.", number=act.number), alert=True)
    if len(rows) > 1:
        text = w._("Which one? Write “-” and then the passage:")
        text += "".join(f"\n• {plain(row.text).shortened(_SHOWN).text}" for row in rows)
        return Reply(text=text, alert=True)
    await quotations.remove(rows)
    await _written(act, post, "quote_removed", quotation=rows[0].id)
    passage = plain(rows[0].text).shortened(_SHOWN).text
    return Reply(text=w._("No longer a quotation: “{passage}”", passage=passage))


async def _written(act: Act, post: Post, action: str, **detail: int) -> None:
    await audit.write(
        community=act.review.community,
        actor=submissions.audit_actor(act.identity),
        action=action,
        now=act.now,
        review_id=act.review.id,
        revision=post.revision,
        detail=detail,
    )
    await cards.refresh_published([act.review.submission_id], act.now)


DEEDS = (
    Deed(
        name="quote",
        word=lambda w: w._("quote"),
        question=question,
        heard=heard,
        states=frozenset({ReviewState.APPROVED}),
        any_revision=True,
    ),
)
