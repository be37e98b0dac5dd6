"""The deed of correcting what is published: the moderator types the wording, another look approves it."""

from dataclasses import replace

from bridge.core.hygiene import clean_text
from bridge.core.states import PostState, ReviewState
from bridge.core.text import RichText, plain
from bridge.moderation import consent, corrections, decisions, wording
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.short import kept
from bridge.storage import afterwards, codec, submissions
from bridge.storage.models import Post

_SHOWN = 3000
"""Characters of the present wording that fit the question."""


async def published(act: Act) -> Post | Reply:
    """The post that an act is about; in words, why there is none (any more)."""
    post = await submissions.post_of_submission(act.review.submission_id)
    if post is None:
        return Reply(text=act.w._("#{number} is not published. Nothing was done.", number=act.number), alert=True)
    if post.state == PostState.RETRACTED:
        return Reply(text=taken_back(post, act), alert=True)
    return post


def taken_back(post: Post, act: Act) -> str:
    """Who was first."""
    return act.w._("{name} has already taken #{number} back.", name=post.retracted_name, number=act.number)


async def question(act: Act) -> RichText | Reply:
    """Show what is published, or the correction that waits, to be copied and changed."""
    post = await published(act)
    if isinstance(post, Reply):
        return post
    waiting = await afterwards.held_correction(act.review.submission_id)
    stored = post.text if waiting is None else (await submissions.revision_of(waiting)).text
    text = codec.load(codec.RICH_TEXT, stored)
    if len(text) > _SHOWN:
        intro = act.w._(
            "#{number}: reply to this message with the whole corrected wording. It is too long to be shown here; its "
            "first part is:",
            number=act.number,
        )
    elif waiting is not None:
        intro = act.w._(
            "#{number}: reply to this message with the corrected wording. A correction waits already:",
            number=act.number,
        )
    else:
        intro = act.w._("#{number}: reply to this message with the corrected wording. It is now:", number=act.number)
    keep = act.w._("“keep” keeps these words: the card that comes is then for its notes, headline and translations.")
    return plain(intro) + "\n\n" + text.shortened(_SHOWN) + "\n\n" + keep


async def correct(act: Act) -> Reply:
    """Hold the new wording for a decision of its own."""
    post = await published(act)
    if isinstance(post, Reply):
        return post
    text = clean_text(act.text)
    if not text:
        return decisions.told(decisions.Verdict.EMPTY, act)
    stands = codec.load(codec.RICH_TEXT, post.text)
    if text == stands:
        said = act.w._("That is what is published already. Nothing was done.")
        more = act.w._("To change only what stands beside the words, write “correct: keep”.")
        return Reply(text=f"{said} {more}", alert=True)
    if kept(text.text, act.w):
        text = stands
    if (refused := wording.too_long(text, act)) is not None:
        return refused
    about = await submissions.review_of_submission(act.review.submission_id)
    if about is None:
        return decisions.told(decisions.Verdict.DECIDED, act)
    await submissions.lock(about)
    review = await corrections.propose(
        about,
        post,
        text,
        act.community,
        act.desk.directory,
        act.now,
        by=act.identity,
        editor=act.moderator.name,
    )
    asked = await consent.after_edit(replace(act, review=review, revision=review.revision))
    return asked or Reply(
        text=act.w._(
            "The correction of #{number} has a card of its own. It goes out once it is approved.", number=act.number
        )
    )


DEEDS = (
    Deed(
        name="correct",
        word=lambda w: w._("correct"),
        question=question,
        heard=correct,
        states=frozenset({ReviewState.APPROVED}),
        any_revision=True,
    ),
)
