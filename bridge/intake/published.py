"""What authors do to posts of theirs that are published already: change them, or want them taken back."""

from collections.abc import Callable

from bridge.core.community import Community
from bridge.core.states import PostState
from bridge.core.text import RichText
from bridge.intake import pausing
from bridge.intake.context import Context
from bridge.members import contact
from bridge.moderation import corrections, decisions
from bridge.moderation.corrections import Beside
from bridge.storage import afterwards, codec, submissions
from bridge.storage.models import Identity, Review


async def reworded(
    review: Review,
    text: RichText | None,
    exchanged: Callable[[Beside], Beside],
    identity: Identity,
    community: Community,
    context: Context,
) -> str:
    """The author has edited the message: a correction for the moderators. Returns what to tell them, if anything.

    ``text``: None where no word has changed; ``exchanged``: what the edit makes of the post's files.
    """
    number = review.submission.number
    w = contact.language_of(identity, community)
    await submissions.lock(review)
    post = await submissions.post_of_submission(review.submission_id)
    if post is None or post.state == PostState.RETRACTED:
        return w._("#{number} is no longer published, so your edit changes nothing.", number=number)
    waiting = await afterwards.held_correction(review.submission_id)
    if text is None:
        row = post if waiting is None else await submissions.revision_of(waiting)
        text = codec.load(codec.RICH_TEXT, row.text)
    beside = exchanged(await corrections.beside_of(post, waiting))
    if text == codec.load(codec.RICH_TEXT, post.text) and beside == await corrections.beside_of(post, None):
        # The message says again what is published: a change that waits is no longer wanted, and they hear so.
        await withdrawn(review.submission_id, community, context)
        return ""
    pause = await pausing.for_wording(review.submission_id, context.now)
    await corrections.propose(
        review, post, text, community, context.directory, context.now, by=identity, pause=pause, files=beside
    )
    return w._(
        "Your change to post #{number} is with the moderators. Until they have read it, the post stays as it is.",
        number=number,
    )


async def withdrawn(submission_id: int, community: Community, context: Context) -> bool:
    """Take back the author's own change that still waits; False where there is none."""
    waiting = await afterwards.held_correction(submission_id)
    if waiting is None or (await submissions.revision_of(waiting)).editor:
        return False
    return await decisions.withdraw(waiting, community, context.directory, context.now) is decisions.Verdict.DONE
