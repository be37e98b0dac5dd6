"""The conversation with the author as a card shows it."""

from bridge.core.states import ReviewState
from bridge.core.text import RichText, plain
from bridge.moderation.facts import CardFacts
from bridge.rendering import apart
from bridge.rendering.words import Words
from bridge.storage import codec, dialogue
from bridge.storage.models import Query


def lines(facts: CardFacts, w: Words) -> list[RichText]:
    """What was asked and answered, oldest first."""
    return [line for query in facts.queries for line in _lines(query, facts, w)]


def _lines(query: Query, facts: CardFacts, w: Words) -> list[RichText]:
    match query.kind:
        case dialogue.SAFETY:
            said = [plain(w._("🚨 {name} sent the author: {text}", name=query.asked_name, text=query.question))]
        case dialogue.CONSENT:
            words = codec.load(codec.RICH_TEXT, query.wording).text if query.wording else ""
            comment = [apart.said(w._("💬 The author on the new wording: {words}", words=""), words)] if words else []
            return [*comment, *map(plain, _waits(query, facts, w))]
        case dialogue.APPEAL:
            return [apart.said(w._("💬 The author writes: {words}", words=""), query.answer)] if query.answer else []
        case _:
            said = [plain(w._("❓ {name} asked: {question}", name=query.asked_name, question=query.question))]
    if query.answered_at is not None:
        return [*said, apart.said(w._("💬 The author answered: {answer}", answer=""), query.answer)]
    return [*said, *map(plain, _waits(query, facts, w))]


def _waits(query: Query, facts: CardFacts, w: Words) -> list[str]:
    if facts.review.state != ReviewState.HELD:
        return []
    if query.id in facts.undelivered:
        return [
            w._(
                "📵 Not delivered yet: the author cannot be written to. It is put to them as soon as they write to me. "
                "You can decide all the same."
            )
            if query.kind == dialogue.QUESTION
            else w._("📵 Not delivered yet: the author cannot be written to, and is asked as soon as they write to me.")
        ]
    is_open = query.answered_at is None and not query.closed
    return (
        [w._("⏳ No answer yet. You can decide all the same.")] if is_open and query.kind == dialogue.QUESTION else []
    )
