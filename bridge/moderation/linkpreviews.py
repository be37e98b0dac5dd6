"""Link previews: off, unless the moderators leave them on for a post."""

from bridge.core.states import ReviewState
from bridge.moderation import cards, decisions
from bridge.moderation.acts import Act, Deed, Reply
from bridge.rendering.posts import has_link
from bridge.storage import afterwards, audit, codec, desk, submissions


async def toggle(act: Act) -> Reply:
    """Show what is behind the first link, or do not any more."""
    review, w = act.review, act.w
    if review.kind == afterwards.CORRECTION:
        return Reply(text=w._("A correction shows links as the post does. Nothing was done."), alert=True)
    wording = await submissions.revision_of(review)
    if not review.previews and not has_link(codec.load(codec.RICH_TEXT, wording.text)):
        return Reply(text=w._("There is no link in #{number}. Nothing was done.", number=act.number), alert=True)
    if not await desk.dress(review, previews=not review.previews):
        return decisions.told(await decisions.lost(review, act.revision), act)
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(act.identity),
        action="previews",
        now=act.now,
        review_id=review.id,
        revision=review.revision,
        detail={"shown": review.previews},
    )
    await cards.refresh(review, act.now)
    text = (
        w._("#{number} goes out with a preview of its first link.", number=act.number)
        if review.previews
        else w._("#{number} goes out without a link preview.", number=act.number)
    )
    return Reply(text=text, on_card=True)


DEEDS = (Deed(name="previews", word=lambda w: w._("links"), perform=toggle, states=frozenset({ReviewState.HELD})),)
