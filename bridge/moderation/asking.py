"""Questions to the author, in a moderator's words. A question blocks nobody."""

from bridge.core.hygiene import clean_line
from bridge.core.message import Content
from bridge.core.text import MarkKind, RichText, marked, plain
from bridge.members import contact
from bridge.moderation import cards, decisions
from bridge.moderation.acts import Act, Deed, Reply
from bridge.storage import submissions


async def question(act: Act) -> RichText | Reply:
    """What the moderator is asked to type; at once no, where the author cannot be reached."""
    if not contact.reachable(act.review.submission.identity, act.desk.directory):
        return decisions.reply(decisions.Verdict.UNREACHABLE, act.review, act.w)
    return plain(act.w._("#{number}: what do you want to ask the author? Reply to this message.", number=act.number))


async def ask(act: Act) -> Reply:
    """Send a question to the author, privately."""
    review, community = act.review, act.community
    asked = clean_line(act.text.text, decisions.WORDS_LIMIT)
    if not asked:
        return decisions.reply(decisions.Verdict.EMPTY, review, act.w)
    identity = review.submission.identity
    if not contact.reachable(identity, act.desk.directory):
        return decisions.reply(decisions.Verdict.UNREACHABLE, review, act.w)
    await submissions.ask(review, asked, by=act.identity, name=act.moderator.name, now=act.now)
    w = contact.language_of(identity, community)
    text = (
        plain(w._("A moderator asks about your post #{number}:", number=act.number))
        + "\n\n"
        + marked(asked, MarkKind.QUOTE)
        + "\n\n"
        + w._("Answer by replying here. Your post stays with the moderators.")
    )
    content = Content(text=text, asks_reply=True)
    await contact.tell(identity, content, community, act.desk.directory, act.now, review_id=review.id)
    await cards.refresh(review, act.now)
    return Reply(text=act.w._("Done."))


DEEDS = (Deed(name="ask", word=lambda w: w._("ask"), question=question, heard=ask),)
