"""Which published post another one answers: set by a moderator where its author had no way to say so.

It decides the sub-thread that a post is counted in, and the message that it is shown to reply to.
"""

import re

from bridge.core.community import Community
from bridge.core.states import PostState, ThemeState
from bridge.core.text import RichText, plain
from bridge.moderation import cards
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.notes import taken_away
from bridge.storage import afterwards, audit, desk, submissions
from bridge.storage.models import Post

_NUMBER = re.compile(r"#?\s*(\d{1,9})\.?")


async def inherited(parent: Post | None, community: Community) -> tuple[str, int | None]:
    """The headline and the theme of what is answered; of a theme that was closed, no more posts."""
    if parent is None or parent.community != community.id:
        return "", None
    theme = await desk.theme(parent.theme_id)
    return parent.headline, None if theme is None or theme.state != ThemeState.OPEN else theme.id


async def question(act: Act) -> RichText | Reply:
    """What it leads to, and what is answered now."""
    w = act.w
    text = w._(
        "#{number}: reply with the number of the post that it answers, for example 12. It is counted in that "
        "post's sub-thread.",
        number=act.number,
    )
    now = await _parent(act)
    if now is not None:
        text += "\n" + w._("It is now: {text}", text=f"#{now.number}") + "\n" + w._("“-” takes it away.")
    return plain(text)


async def _parent(act: Act) -> Post | None:
    answered = act.review.submission.reply_post_id
    return None if answered is None else await submissions.post_by_id(answered)


async def heard(act: Act) -> Reply:
    """Put it under the post of this number, or under none."""
    w, review, said = act.w, act.review, act.text.text.strip()
    if review.kind == afterwards.CORRECTION:
        text = w._("A correction does not change what is answered: #{number} has its place.", number=act.number)
        return Reply(text=text, alert=True)
    before = await _parent(act)
    if taken_away(said, w):
        if before is None:
            return Reply(text=w._("#{number} answers no post. Nothing was done.", number=act.number), alert=True)
        await _set(act, None)
        return Reply(text=w._("#{number} answers no post now.", number=act.number), on_card=True)
    match = _NUMBER.fullmatch(said)
    post = None if match is None else await submissions.post_by_number(act.community.id, int(match[1]))
    if post is None or (post.publish_at is not None and post.publish_at > act.now):
        return Reply(text=w._("There is no published post with that number. Nothing was done."), alert=True)
    if post.state == PostState.RETRACTED:
        return Reply(text=w._("Post #{number} was taken back.", number=post.number), alert=True)
    if before is None or before.id != post.id:
        headline, theme = await inherited(post, act.community)
        # What was chosen already stays; what nobody has chosen is as with any answer.
        await desk.dress(review, headline=review.headline or headline, theme_id=review.theme_id or theme)
        await _set(act, post)
    return Reply(text=w._("#{number} answers #{other}.", number=act.number, other=post.number), on_card=True)


async def _set(act: Act, post: Post | None) -> None:
    await desk.answer(act.review, None if post is None else post.id)
    await audit.write(
        community=act.review.community,
        actor=submissions.audit_actor(act.identity),
        action="answers",
        now=act.now,
        review_id=act.review.id,
        revision=act.revision,
        detail={"post": 0 if post is None else post.id},
    )
    await cards.refresh(act.review, act.now)


DEEDS = (Deed(name="answers", word=lambda w: w._("answers"), question=question, heard=heard),)
