"""What goes out beside an author's words, as a card shows it: notes, translations, the short version."""

from bridge.core.states import ReviewState
from bridge.core.text import plain
from bridge.moderation import carrying
from bridge.moderation.facts import CardFacts
from bridge.moderation.names import chat_names
from bridge.rendering import notes
from bridge.rendering.words import Words
from bridge.storage import beside, codec
from bridge.storage.models_desk import Note, Translation

_EXCERPT = 60


def lines(facts: CardFacts, w: Words) -> list[str]:
    """One for each; and what was made of an older wording, and so would not go out."""
    found = [_note(note, facts, w) for note in facts.notes]
    found += [_translation(row, w) for row in facts.translations]
    short = beside.short_of(facts.review)
    if short:
        found.append(w._("✂️ Short version: {text}", text=short))
    if facts.review.previews:
        found.append(w._("🌐 With a preview of its first link"))
    names = chat_names(facts.titles)
    found += [carrying.line(loss, names, w) for loss in facts.losses]
    return found + _outdated(facts, w) if facts.review.state == ReviewState.HELD else found


def _note(note: Note, facts: CardFacts, w: Words) -> str:
    said = w._("📝 Note ({initials}): {text}", initials=note.initials, text=note.text)
    if not note.anchor:
        return said
    anchor = plain(note.anchor).shortened(_EXCERPT).text
    if notes.find(note.anchor, facts.text.text) is None:
        return said + " " + w._("(beside “{anchor}”, which is not in this wording: it is quoted)", anchor=anchor)
    return said + " " + w._("(beside “{anchor}”)", anchor=anchor)


def _translation(row: Translation, w: Words) -> str:
    said = w._(
        "🌍 Translation into {language}, by {translator}",
        language=w.language_name(row.language),
        translator=row.translator,
    )
    begins = " ".join(codec.load(codec.RICH_TEXT, row.text).text.split())
    return f"{said}: “{plain(begins).shortened(_EXCERPT).text}”"


def _outdated(facts: CardFacts, w: Words) -> list[str]:
    review = facts.review
    found = [
        w._(
            "⚠️ The translation into {language} is of an older wording and will not go out. Send a new one, or "
            "“translation: {tag}: keep”.",
            language=w.language_name(row.language),
            tag=row.language,
        )
        for row in facts.outdated
    ]
    if review.short and not beside.short_of(review):
        found.append(
            w._(
                "⚠️ The short version is of an older wording and will not go out. Send a new one, or “short: keep”: "
                "{text}",
                text=review.short,
            )
        )
    return found
