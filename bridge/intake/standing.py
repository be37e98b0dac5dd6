"""What an author is told of where their posts stand."""

from bridge.core.states import PostState, ReviewState
from bridge.moderation import appeals, corrections, restoring
from bridge.moderation.outcomes import rejection_text
from bridge.moderation.reasons import Reason
from bridge.rendering.words import Words
from bridge.storage import afterwards, dialogue, ledger, submissions, undoing
from bridge.storage.models import Identity, Post, Review


async def report(identity: Identity, w: Words) -> str:
    """Of an author's latest posts, a line each."""
    reviews = [review for review in await submissions.reviews_by(identity) if await afterwards.is_authors(review)]
    if not reviews:
        return w._("You have not posted anything yet.")
    appealed = {review.about_review for review in reviews if review.kind == appeals.KIND}
    reviews = [review for review in reviews if review.id not in appealed]
    posts_of = [await submissions.post_of_submission(review.submission_id) for review in reviews]
    stand = [await _standing(review, post, w) for review, post in zip(reviews, posts_of, strict=True)]
    return "\n".join([w._("Your latest posts:"), *stand])


async def _standing(review: Review, post: Post | None, w: Words) -> str:
    if review.kind == afterwards.CORRECTION:
        return _change_standing(review, w)
    number = review.submission.number
    match review.state:
        case ReviewState.HELD:
            return await _waiting(review, w)
        case ReviewState.APPROVED if post is not None and post.state == PostState.RETRACTED:
            return w._("#{number}: taken back by the moderators", number=number)
        case ReviewState.APPROVED if post is not None and undoing.is_unattempted(await ledger.of_post(post.id)):
            return w._("#{number}: approved, and not sent yet", number=number)
        case ReviewState.APPROVED:
            return w._("#{number}: approved and sent to the groups", number=number)
        case ReviewState.REJECTED:
            why = rejection_text(review, Reason(review.reason or Reason.OTHER), review.words, w)
            return f"{why} {appeals.how(review, w)}" if await appeals.possible(review) else why
        case ReviewState.WITHDRAWN:
            return w._("#{number}: withdrawn", number=number)
        case ReviewState.LAPSED if (later := await dialogue.successor(review.id)) is not None:
            return w._("#{number}: lapsed, and came back as #{new}", number=number, new=later.submission.number)
        case ReviewState.LAPSED:
            return restoring.status(review, w)
        case ReviewState.MERGED:
            return w._("#{number}: joined with another post that says the same", number=number)


async def _waiting(review: Review, w: Words) -> str:
    """A post that waits: for the moderators, or for its author."""
    number = review.submission.number
    asked = await dialogue.open_of_review(review.id)
    if asked and asked[0].kind == dialogue.CONSENT:
        return w._("#{number}: waits for you to say whether you agree to the changed wording", number=number)
    if asked:
        return w._("#{number}: waits for your answer: {question}", number=number, question=asked[0].question)
    if review.kind == appeals.KIND:
        return w._("#{number}: with the moderators for a second look", number=number)
    return w._("#{number}: with the moderators", number=number)


def _change_standing(review: Review, w: Words) -> str:
    """What became of a change of the author's own to a published post."""
    number = review.submission.number
    match review.state:
        case ReviewState.HELD:
            return w._("#{number}: your change is with the moderators", number=number)
        case ReviewState.APPROVED:
            return w._("#{number}: your change was approved", number=number)
        case ReviewState.REJECTED:
            return corrections.refusal_text(review, Reason(review.reason or Reason.OTHER), review.words, w)
        case _:
            return w._("#{number}: your change is withdrawn", number=number)
