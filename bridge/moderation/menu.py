"""What a card offers: views of at most ten choices, each a button and, where there are none, a reaction.

A view is a function of the card's facts. What a choice does stands in ``deeds`` under the same name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bridge.core.states import DeliveryState, PostState, ReviewState
from bridge.moderation import arrival
from bridge.moderation.facts import CardFacts
from bridge.moderation.names import chat_names
from bridge.moderation.reasons import keycaps, label
from bridge.rendering.posts import has_link
from bridge.rendering.words import Words
from bridge.storage import afterwards

MAIN, REASONS, MORE, FURTHER, LATER, QUESTIONS, GROUPS, COMMUNITIES, THEMES, PUBLISHED, SAFETY, AUTHOR = (
    "main",
    "reasons",
    "more",
    "further",
    "later",
    "questions",
    "groups",
    "communities",
    "themes",
    "published",
    "safety",
    "author",
)
NUMBERS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣")
_PAIRS = tuple(zip(NUMBERS, "🇦🇧🇨🇩🇪🇫🇬🇭🇮", strict=True))
"""Where there are no buttons, a reaction must say which of several chats it means: "it is there", "send again"."""

_MOST_GROUPS = 7


@dataclass(frozen=True, kw_only=True)
class Choice:
    action: str
    argument: str = ""
    emoji: str
    label: str
    icon: bool = True
    """Show the emoji on the button, too."""


Rows = Sequence[Sequence[Choice]]
View = Callable[[CardFacts, Words], Rows]


def rows(facts: CardFacts, view: str, w: Words) -> Rows:
    """What can be chosen on this card now; nothing on a card that is superseded."""
    if facts.revision != facts.review.revision:
        return ()
    state = facts.review.state
    if state == ReviewState.HELD:
        return VIEWS.get(view, _main)(facts, w)
    if state == ReviewState.APPROVED:
        return _published(facts, w) if view == PUBLISHED else _arriving(facts, w)
    return _decided(facts, w)


def go(view: str, emoji: str, text: str) -> Choice:
    """A choice that shows another view of the same card."""
    return Choice(action="view", argument=view, emoji=emoji, label=text)


def back(w: Words, view: str = MAIN) -> Choice:
    return go(view, "↩️", w._("Back"))


def pairs(choices: Sequence[Choice]) -> list[Sequence[Choice]]:
    """Two buttons side by side fit a phone."""
    return [choices[index : index + 2] for index in range(0, len(choices), 2)]


def _main(facts: CardFacts, w: Words) -> Rows:
    ask = (
        go(QUESTIONS, "❓", w._("Ask the author"))
        if facts.community.policy.questions
        else Choice(action="ask", emoji="❓", label=w._("Ask the author"))
    )
    return (
        (Choice(action="approve", emoji="✅", label=w._("Approve")), go(REASONS, "❌", w._("Reject"))),
        (Choice(action="edit", emoji="✏️", label=w._("Edit")), ask),
        (
            *((Choice(action="uncut", emoji="🧷", label=w._("Restore what was cut")),) if is_cut(facts) else ()),
            go(MORE, "➕", w._("More")),
        ),
    )


def is_cut(facts: CardFacts) -> bool:
    """Was something taken off the author's mail that does not stand in this wording?"""
    return bool(facts.submission.cut) and facts.submission.cut not in facts.text.text


def _reasons(facts: CardFacts, w: Words) -> Rows:
    choices = [
        Choice(action="reject", argument=reason.value, emoji=emoji, label=label(reason, w))
        for reason, emoji in keycaps(facts.community.policy.reasons).items()
    ]
    return (
        *pairs(choices),
        (Choice(action="reject_words", emoji="✍️", label=w._("In my own words")), back(w)),
    )


def _more(facts: CardFacts, w: Words) -> Rows:
    if facts.review.kind == afterwards.CORRECTION:
        return _more_of_correction(facts, w)
    return (
        (
            Choice(action="trust", emoji="🤝", label=w._("Approve and trust")),
            Choice(action="always_hold", emoji="🔒", label=w._("Approve, always hold")),
        ),
        (go(LATER, "⏰", w._("Approve later")), Choice(action="preview", emoji="👁️", label=w._("Preview"))),
        (
            Choice(action="note", emoji="📝", label=w._("Add a note")),
            Choice(action="headline", emoji="🏷️", label=w._("Headline")),
        ),
        (go(GROUPS, "📮", w._("Choose groups")), go(FURTHER, "▶️", w._("Further"))),
        (back(w), *_link_preview(facts, w)),
    )


def _link_preview(facts: CardFacts, w: Words) -> tuple[Choice, ...]:
    if not facts.review.previews and not has_link(facts.text):
        return ()
    ticked = "☑️ " if facts.review.previews else ""
    return (Choice(action="previews", emoji="🌐", label=ticked + w._("Show link preview")),)


def _more_of_correction(facts: CardFacts, w: Words) -> Rows:
    """It goes where the post is, under the post's theme and number."""
    return (
        (go(LATER, "🕒", w._("Approve later")), Choice(action="preview", emoji="👁️", label=w._("Preview"))),
        (
            Choice(action="note", emoji="📝", label=w._("Add a note")),
            Choice(action="headline", emoji="🏷️", label=w._("Headline")),
        ),
        (
            Choice(action="translation", emoji="🌍", label=w._("Translation")),
            Choice(action="short", emoji="✂️", label=w._("Short version")),
        ),
        (
            Choice(action="claim", emoji="✋", label=w._("Claim")),
            *((Choice(action="release", emoji="👋", label=w._("Release")),) if facts.review.claimed_by else ()),
        ),
        (Choice(action="history", emoji="📜", label=w._("History")), back(w)),
    )


def _further(facts: CardFacts, w: Words) -> Rows:
    claim = Choice(action="claim", emoji="✋", label=w._("Claim"))
    release = Choice(action="release", emoji="👋", label=w._("Release"))
    escalate = (
        go(SAFETY, "🚨", w._("Safeguarding")) if facts.community.policy.safeguarding_replies else _escalation(facts, w)
    )
    return (
        (go(THEMES, "📚", w._("Theme")), Choice(action="short", emoji="✂️", label=w._("Short version"))),
        (Choice(action="translation", emoji="🌍", label=w._("Translation")), claim),
        (escalate, Choice(action="merge", emoji="🔗", label=w._("Merge"))),
        (
            *((release,) if facts.review.claimed_by else ()),
            go(AUTHOR, "👤", w._("The author")),
            Choice(action="history", emoji="📜", label=w._("History")),
        ),
        (back(w, MORE),),
    )


def _author(facts: CardFacts, w: Words) -> Rows:
    biography = Choice(action="biography", emoji="🪪", label=w._("Biography"))
    return ((biography, *_ban(facts, w)), (back(w, FURTHER),))


def _ban(facts: CardFacts, w: Words) -> tuple[Choice, ...]:
    if facts.identity.person.erased_at is not None:
        return ()  # a ban of nobody
    if facts.banned:
        return (Choice(action="unban", emoji="🔓", label=w._("Lift the ban")),)
    return (Choice(action="ban", emoji="⛔", label=w._("Ban the author")),)


def _later(facts: CardFacts, w: Words) -> Rows:
    return (
        (
            Choice(action="later", argument="1h", emoji="🕐", label=w._("In 1 hour")),
            Choice(action="later", argument="3h", emoji="🕒", label=w._("In 3 hours")),
        ),
        (
            Choice(action="later", argument="evening", emoji="🌆", label=w._("This evening")),
            Choice(action="later", argument="morning", emoji="🌅", label=w._("Tomorrow morning")),
        ),
        (Choice(action="later_words", emoji="✍️", label=w._("At another time")), back(w, MORE)),
    )


def _questions(facts: CardFacts, w: Words) -> Rows:
    ready = [
        Choice(action="ask_ready", argument=template.id, emoji=emoji, label=template.label)
        for template, emoji in zip(facts.community.policy.questions, NUMBERS, strict=False)
    ]
    return (*pairs(ready), (Choice(action="ask", emoji="✍️", label=w._("In my own words")), back(w)))


def _safety(facts: CardFacts, w: Words) -> Rows:
    ready = [
        Choice(action="safety_reply", argument=template.id, emoji=emoji, label=template.label)
        for template, emoji in zip(facts.community.policy.safeguarding_replies, NUMBERS[:8], strict=False)
    ]
    return (*pairs(ready), (_escalation(facts, w), back(w, FURTHER)))


def _escalation(facts: CardFacts, w: Words) -> Choice:
    if facts.review.escalated_at is not None:
        return Choice(action="deescalate", emoji="🕊️", label=w._("End the escalation"))
    return Choice(action="escalate", emoji="🚨", label=w._("Escalate"))


def _groups(facts: CardFacts, w: Words) -> Rows:
    names = chat_names(facts.titles)
    chosen = [
        Choice(
            action="group",
            argument=str(index),
            emoji=emoji,
            label=("☑️ " if not facts.targets or group.chat in facts.targets else "⬜ ") + names[group.chat],
        )
        for index, (group, emoji) in enumerate(zip(facts.community.groups, NUMBERS, strict=False))
    ]
    words = (Choice(action="groups_words", emoji="✍️", label=w._("More groups")),)
    ways = (go(COMMUNITIES, "🔀", w._("Other communities")), back(w, MORE))
    return (*pairs(chosen[:_MOST_GROUPS]), *((words,) if len(chosen) > _MOST_GROUPS else ()), ways)


def _communities(facts: CardFacts, w: Words) -> Rows:
    chosen = [
        Choice(
            action="cross",
            argument=str(index),
            emoji=emoji,
            label=("☑️ " if community_id in facts.crossed else "⬜ ") + name,
        )
        for index, ((community_id, name), emoji) in enumerate(zip(facts.community.others, NUMBERS, strict=False))
    ]
    return (*pairs(chosen), (back(w, GROUPS),))


def _themes(facts: CardFacts, w: Words) -> Rows:
    # What is chosen can always be left again, also where it was closed meanwhile.
    chosen = () if facts.theme is None or facts.theme in facts.themes[:6] else (facts.theme,)
    offered = [
        Choice(
            action="theme",
            argument=str(theme.id),
            emoji=emoji,
            label=("☑️ " if facts.theme is not None and facts.theme.id == theme.id else "") + theme.title[:40],
        )
        for theme, emoji in zip((*chosen, *facts.themes[:6]), NUMBERS, strict=False)
    ]
    return (
        *pairs(offered),
        (
            Choice(action="theme_words", emoji="✍️", label=w._("Another theme")),
            Choice(action="answers", emoji="🧵", label=w._("Answers which post?")),
        ),
        (back(w, FURTHER),),
    )


def _arriving(facts: CardFacts, w: Words) -> Rows:
    found: list[Sequence[Choice]] = []
    names = chat_names({row.address: title for row, title in facts.deliveries})
    uncertain = [row for row, _ in facts.deliveries if row.state == DeliveryState.UNCERTAIN]
    marks = (("👀", "🔁"),) if len(uncertain) == 1 else _PAIRS
    for row, (there, again) in zip(uncertain, marks, strict=False):
        chat = names[row.address]
        found.append(
            (Choice(action="confirm", argument=str(row.id), emoji=there, label=w._("It is there: {chat}", chat=chat)),)
        )
        missing = Choice(
            action="send_again", argument=str(row.id), emoji=again, label=w._("Send again: {chat}", chat=chat)
        )
        if facts.post is not None and facts.post.state == PostState.RETRACTED:
            label = w._("It is not there: {chat}", chat=chat)
            missing = Choice(action="give_up", argument=str(row.id), emoji=again, label=label)
        found.append((missing,))
    if arrival.retryable(facts):
        found.append((_retry(w),))
    if facts.undoable:
        found.append((Choice(action="undo", emoji="⏪", label=w._("Undo")),))
    found.append((go(PUBLISHED, "➕", w._("More")),))
    return found


def _retry(w: Words) -> Choice:
    return Choice(action="retry", emoji="🔄", label=w._("Try again where it was refused"))


def _published(facts: CardFacts, w: Words) -> Rows:
    history = Choice(action="history", emoji="📜", label=w._("History"))
    again = ((_retry(w),),) if arrival.retryable(facts) else ()
    if facts.post is None or facts.post.state == PostState.RETRACTED:
        return (*again, (history, *_ban(facts, w)), (back(w),))
    return (
        (
            Choice(action="correct", emoji="✏️", label=w._("Correct")),
            Choice(action="retract", emoji="🗑️", label=w._("Take it back")),
        ),
        (Choice(action="quote", emoji="💬", label=w._("Mark a quotation")), history),
        *again,
        (*_ban(facts, w), back(w)),
    )


def _decided(facts: CardFacts, w: Words) -> Rows:
    history = Choice(action="history", emoji="📜", label=w._("History"))
    undo = (Choice(action="undo", emoji="⏪", label=w._("Undo")),) if facts.undoable else ()
    return ((*undo, history, *_ban(facts, w)),)


VIEWS: dict[str, View] = {
    MAIN: _main,
    REASONS: _reasons,
    MORE: _more,
    FURTHER: _further,
    LATER: _later,
    QUESTIONS: _questions,
    GROUPS: _groups,
    COMMUNITIES: _communities,
    THEMES: _themes,
    SAFETY: _safety,
    AUTHOR: _author,
}
"""Of an item that is held."""
