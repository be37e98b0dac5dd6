"""The moderators' short version, for chats where every character costs. It is of one wording and no other."""

from bridge.core.capabilities import Form
from bridge.core.hygiene import clean_text
from bridge.core.message import Content
from bridge.core.text import RichText, plain
from bridge.moderation import cards, preview
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.notes import taken_away
from bridge.rendering import posts
from bridge.rendering.words import Words
from bridge.storage import audit, codec, desk, submissions

LIMIT = 320
"""Longest short version, in code points: with its heading it is three SMS."""
_SHOWN = 2000


def kept(text: str, w: Words) -> bool:
    """Does this say that what was made of an older wording still holds?"""
    return text.strip().strip(".").casefold() in ("keep", w._("keep").casefold())


async def question(act: Act) -> RichText | Reply:
    """Show what there is, and the text to be shortened."""
    w, review = act.w, act.review
    intro = w._(
        "#{number}: reply to this message with a short version for SMS, at most {limit} characters. Its number, its "
        "author and how to get the whole text are added by themselves.",
        number=act.number,
        limit=w.number(LIMIT),
    )
    if review.short:
        intro += "\n" + w._("It is now: {text}", text=review.short)
        intro += "\n" + w._("“-” takes it away.")
        if review.short_revision != review.revision:
            intro += " " + w._("It is of an older wording: “keep” keeps it for this one.")
    wording = codec.load(codec.RICH_TEXT, (await submissions.revision_of(review)).text)
    return plain(intro) + "\n\n" + wording.shortened(_SHOWN)


async def heard(act: Act) -> Reply:
    """Keep a short version, and say what it costs; or take it away."""
    w, review = act.w, act.review
    text = " ".join(posts.spelled(clean_text(act.text)).text.split())
    if taken_away(text, w):
        return await _set(act, "", "short_removed")
    if kept(text, w) and review.short:
        text = review.short
    if not text:
        return Reply(text=w._("There was no text. Nothing was done."), alert=True)
    if len(text) > LIMIT:
        answer = w._(
            "Your short version has {length} characters; at most {limit} are possible. Nothing was done.",
            length=w.number(len(text)),
            limit=w.number(LIMIT),
        )
        return Reply(text=answer, alert=True)
    return await _set(act, text, "short")


async def _set(act: Act, text: str, action: str) -> Reply:
    review, w = act.review, act.w
    if not text and not review.short:
        return Reply(text=w._("#{number} has no short version. Nothing was done.", number=act.number), alert=True)
    await desk.dress(review, short=text, short_revision=review.revision if text else 0)
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(act.identity),
        action=action,
        now=act.now,
        review_id=review.id,
        revision=act.revision,
        detail={"characters": len(text)},
    )
    await cards.refresh(review, act.now)
    if not text:
        return Reply(text=w._("Done."), on_card=True)
    return Reply(text=await _price(act, text))


async def _price(act: Act, text: str) -> str:
    """What a reader's copy costs with everything that goes with it; by itself where no group is that thin."""
    w = act.w
    found = await preview.forecast(act.review, act.community, act.desk.directory, act.now)
    thin = [o for o in found.outcomes if o.form is Form.LINE and o.view.translation is None]
    if not thin:
        alone = [Content(text=plain(text))]
        said = w._("Kept. By itself it is {cost}, but no group receives short texts now.", cost=preview.cost(alone, w))
        return " ".join(part for part in (said, preview.dear(alone, w)) if part)
    dearest = max(thin, key=lambda outcome: outcome.segments)
    cost = preview.cost(dearest.parts, w)
    prices = dict.fromkeys(w.money(o.price.times(o.segments)) for o in thin if o.price is not None)
    if prices:
        cost += ", " + " / ".join(prices)
    said = w._("Kept. With its heading it is {cost} for each reader.", cost=cost)
    return " ".join(part for part in (said, preview.dear(dearest.parts, w)) if part)


DEEDS = (Deed(name="short", word=lambda w: w._("short"), question=question, heard=heard),)
