"""The history of an item, from its card: who did what, when, to which wording, and why."""

from bridge.core.hygiene import clean_name
from bridge.core.message import Content
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.members import contact
from bridge.moderation.acts import ALWAYS, Act, Deed, Reply
from bridge.moderation.reasons import Reason, label
from bridge.rendering.words import Words
from bridge.storage import audit, codec, people, submissions
from bridge.storage.models import Decision

_MOST = 60
"""Lines shown, the newest."""


async def history(act: Act) -> Reply:
    """Send the item's lines of the audit log into the channel, under its card."""
    lines: list[RichText] = [marked(f"{act.community.name} #{act.number}", MarkKind.BOLD)]
    found = [
        line
        for review in await submissions.reviews_of_submission(act.review.submission_id)
        for line in await audit.of_review(review.id)
    ]
    found.sort(key=lambda line: line.id)
    zone, w = act.community.policy.zone, act.w
    told = [(act.review.submission.created_at, w._("received"))]
    told += [(line.at, f"{await actor_name(line.actor, w)} · {said(line, w)}") for line in found[-_MOST:]]
    lines += [plain(f"{w.time(at, zone)} · {what}") for at, what in told]
    content = Content(text=joined(lines, "\n"), reply_to=None if act.card is None else act.card.ref, silent=True)
    await contact.say(await act.here(), content, act.community, act.now)
    return Reply(text=act.w._("It is below."), on_card=True)


async def actor_name(actor: str, w: Words) -> str:
    """Who a line of the audit log is about, by the name they have now."""
    kind, _, number = actor.partition(":")
    if actor == "program":
        return w._("the program")
    if kind == "identity" and number.isdecimal():
        identity = await people.find_by_id(int(number))
        if identity is not None:
            return clean_name(identity.name, fallback=identity.handle or identity.ref.user)
        return w._("somebody who was erased")
    return actor


def said(line: Decision, w: Words) -> str:
    """One line of the log in a few words."""
    text = action(line.action, w)
    if line.action == "undo" and "was" in codec.load_object(line.detail):
        text = w._("decision undone")
    if line.action == "reject" and line.reason:
        text += f" ({label(Reason(line.reason), w)})"
    elif line.reason:
        text += f" ({line.reason})"
    if line.revision > 1:
        text += " · " + w._("wording {number}", number=line.revision)
    return text


def action(name: str, w: Words) -> str:
    """What an action of the audit log is called; its own name where it has no other."""
    known = {
        "approve": w._("approved"),
        "vote": w._("approved (one of several)"),
        "reject": w._("rejected"),
        "withdraw": w._("withdrawn by the author"),
        "lapse": w._("lapsed"),
        "merge": w._("merged with another"),
        "undo": w._("approval undone"),
        "ask": w._("asked the author"),
        "answer": w._("the author answered"),
        "ask_consent": w._("asked the author to agree to it"),
        "consent_given": w._("the author agreed to it"),
        "consent_refused": w._("the author did not agree to it"),
        "reword": w._("the author changed the wording"),
        "remind_author": w._("reminded the author"),
        "remind_moderators": w._("told the moderators that nobody answers"),
        "restore": w._("the author brought it back"),
        "appeal": w._("the author asked for a second look"),
        "edit": w._("changed the wording"),
        "claim": w._("claimed it"),
        "release": w._("released it"),
        "escalate": w._("escalated it"),
        "deescalate": w._("ended the escalation"),
        "safety_reply": w._("sent the author a prepared reply"),
        "claim_expired": w._("let an old claim end"),
        "unapprove": w._("took an approval back"),
        "standing": w._("said of the author"),
        "joined": w._("joined another with it"),
        "groups": w._("chose its groups"),
        "cross": w._("chose other communities"),
        "offer": w._("offered it to another community"),
        "retract": w._("took it back"),
        "correct": w._("proposed a correction"),
        "retry": w._("had it tried again"),
        "ask_retract": w._("the author asked to take it back"),
        "note": w._("added a note"),
        "note_removed": w._("took a note away"),
        "short": w._("wrote a short version"),
        "short_removed": w._("took the short version away"),
        "translation": w._("added a translation"),
        "translation_removed": w._("took a translation away"),
        "headline": w._("changed the headline"),
        "previews": w._("chose whether its link is shown with a preview"),
        "theme": w._("chose the theme"),
        "answers": w._("said which post it answers"),
        "quote": w._("marked a quotation"),
        "quote_removed": w._("took a quotation away"),
    }
    return known.get(name, name.replace("_", " "))


DEEDS = (Deed(name="history", word=lambda w: w._("history"), perform=history, states=ALWAYS, any_revision=True),)
