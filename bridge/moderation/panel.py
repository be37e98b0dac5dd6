"""The moderators' card in neutral form: everything needed to decide, what was decided, and where the post arrived."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.core.card import AuthorCard
from bridge.core.community import Community
from bridge.core.errors import Refusal
from bridge.core.ids import Address
from bridge.core.message import Attachment, Button, Content, Uncarried
from bridge.core.states import DeliveryState, ReviewState
from bridge.core.text import EMPTY, MarkKind, RichText, joined, marked, plain
from bridge.members.profiles import shown_name
from bridge.moderation.reasons import KEYCAPS, Reason, explanation, label
from bridge.rendering import cards, posts
from bridge.rendering.words import Words
from bridge.storage.models import Delivery, Identity, Query, Review, Submission

MAIN, REASONS = "main", "reasons"
RESERVE = 1500
"""Characters of a card kept free for its status, whatever the length of the post."""
_LEAST_LINE = 40
_PAIRS = tuple(zip(("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣"), "🇦🇧🇨🇩🇪🇫🇬🇭🇮", strict=True))
"""Where there are no buttons, a reaction must say which of several chats it means: "it is there", "send again"."""


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    """All that a card shows, read in one transaction."""

    review: Review
    revision: int
    """Which wording this card is about: an older one than the review's is superseded."""
    submission: Submission
    identity: Identity
    community: Community
    text: RichText
    attachments: tuple[Attachment, ...]
    uncarried: tuple[Uncarried, ...]
    edited_by: str
    card: AuthorCard
    has_profile: bool
    earlier_posts: int
    origin: str
    answers: int | None
    reasons: tuple[str, ...]
    queries: Sequence[Query]
    deliveries: Sequence[tuple[Delivery, str]]
    """The post's rows with the names of their chats."""


def _head(facts: CardFacts, w: Words) -> RichText:
    state = facts.review.state
    if facts.revision != facts.review.revision:
        status = w._("an older wording: look at the newer card")
    elif state == ReviewState.HELD:
        status = w._("waiting for a decision")
    elif state == ReviewState.APPROVED:
        status = w._("approved")
    elif state == ReviewState.REJECTED:
        status = w._("rejected")
    elif state == ReviewState.WITHDRAWN:
        status = w._("withdrawn by the author")
    elif state == ReviewState.LAPSED:
        status = w._("lapsed")
    else:
        status = w._("merged with another")
    return marked(f"{facts.community.name} #{facts.submission.number} · {status}", MarkKind.BOLD)


def _author(facts: CardFacts, w: Words) -> str:
    identity = facts.identity
    handle = f" ({identity.handle})" if identity.handle and identity.handle != identity.name else ""
    if facts.submission.private:
        where = w._("privately, by {account}", account=identity.account)
    else:
        where = w._("in {chat}, by {account}", chat=facts.origin, account=identity.account)
    lines = [w._("From {name}{handle} {where}", name=shown_name(identity, w), handle=handle, where=where)]
    lines.append(w._("Account {user}", user=str(identity.ref)))
    earlier = (
        w._("first post")
        if not facts.earlier_posts
        else w.ngettext("{count} earlier post", "{count} earlier posts", facts.earlier_posts)
    )
    profile = cards.paragraph(facts.card, w) if facts.has_profile else w._("no profile yet")
    lines.append(f"{earlier} · {profile}")
    if facts.answers is not None:
        lines.append(w._("Answers #{number}", number=facts.answers))
    if facts.edited_by:
        lines.append(w._("Wording by moderator {name}", name=facts.edited_by))
    if facts.review.state == ReviewState.HELD:
        lines.append(w._("Held because {reasons}", reasons=", ".join(_held(code, w) for code in facts.reasons)))
    return "\n".join(lines)


def _held(code: str, w: Words) -> str:
    match code:
        case "all":
            return w._("every post is read before it is published")
        case "removal_failed":
            return w._("its original could not be removed from the group")
        case _:
            return code


def _dialogue(facts: CardFacts, w: Words, room: int) -> list[str]:
    """What was asked and answered, in at most ``room`` characters: the newest is shown longest."""
    lines: list[str] = []
    for query in facts.queries:
        lines.append(w._("❓ {name} asked: {question}", name=query.asked_name, question=query.question))
        if query.answered_at is not None:
            lines.append(w._("💬 The author answered: {answer}", answer=query.answer))
        elif not query.closed and facts.review.state == ReviewState.HELD:
            lines.append(w._("⏳ No answer yet. You can decide all the same."))
    shown: list[str] = []
    for line in reversed(lines):
        if room < _LEAST_LINE:
            break
        shown.append(plain(line).shortened(room).text)
        room -= len(shown[-1]) + 1
    return shown[::-1] if len(shown) == len(lines) else ["…", *shown[::-1]]


def _status(facts: CardFacts, w: Words) -> list[str]:
    review = facts.review
    if review.state == ReviewState.HELD:
        return [w._("Waiting since {time}", time=w.time(review.created_at))]
    when = w.time(review.decided_at) if review.decided_at is not None else ""
    if review.state == ReviewState.APPROVED:
        return [w._("✅ Approved by {name}, {time}", name=review.decided_name, time=when), *_arrivals(facts, w)]
    if review.state == ReviewState.REJECTED:
        lines = [w._("❌ Rejected by {name}, {time}", name=review.decided_name, time=when)]
        if review.reason:
            lines.append(w._("Reason: {reason}", reason=label(Reason(review.reason), w)))
        return [*lines, *([review.words] if review.words else [])]
    if review.state == ReviewState.WITHDRAWN:
        return [w._("↩️ Withdrawn by the author, {time}", time=when)]
    return [when]


def _names(deliveries: Sequence[tuple[Delivery, str]]) -> dict[Address, str]:
    """What each chat is called, made distinct where two are called the same."""
    titles = {row.address: title for row, title in deliveries}
    alike = Counter(titles.values())
    names = {a: f"{title} ({a.account})" if alike[title] > 1 else title for a, title in titles.items()}
    alike = Counter(names.values())
    return {a: f"{titles[a]} ({a})" if alike[name] > 1 else name for a, name in names.items()}


def _arrivals(facts: CardFacts, w: Words) -> list[str]:
    """Where the post is now: "6 of 7 groups", and a line for whatever did not simply arrive."""
    chats: dict[Address, list[Delivery]] = {}
    for row, _ in facts.deliveries:
        chats.setdefault(row.address, []).append(row)
    names = _names(facts.deliveries)
    waiting_states = (DeliveryState.PLANNED, DeliveryState.ATTEMPTING)
    if all(row.state in waiting_states and row.attempts <= 1 for rows in chats.values() for row in rows):
        return [w.ngettext("On its way to {count} group", "On its way to {count} groups", len(chats))]
    arrived = sum(all(row.state == DeliveryState.DELIVERED for row in rows) for rows in chats.values())
    lines = [
        w.ngettext(
            "Arrived in {arrived} of {count} group",
            "Arrived in {arrived} of {count} groups",
            len(chats),
            arrived=w.number(arrived),
        )
    ]
    for address, rows in chats.items():
        title = names[address]
        if any(row.state == DeliveryState.UNCERTAIN for row in rows):
            lines.append(w._("⚠️ {chat}: it may have arrived. Please look there and say so below.", chat=title))
        elif refused := next((row for row in rows if row.state == DeliveryState.REFUSED), None):
            lines.append(w._("⚠️ {chat}: {reason}", chat=title, reason=refusal(refused.reason, w)))
        elif waiting := next((row for row in rows if row.state == DeliveryState.PLANNED and row.attempts), None):
            lines.append(w._("⏳ {chat}: tried {count} times, trying again", chat=title, count=waiting.attempts))
    return lines


def refusal(code: str, w: Words) -> str:
    """Why a platform did not take a message, in a few words."""
    match code:
        case Refusal.FORBIDDEN:
            return w._("no permission to post there")
        case Refusal.UNREACHABLE:
            return w._("cannot be reached")
        case Refusal.CHAT_GONE:
            return w._("no such group any more")
        case Refusal.TOO_BIG:
            return w._("too big for that platform")
        case Refusal.BAD_CREDENTIALS:
            return w._("the account is not accepted any more")
        case Refusal.EXPIRED:
            return w._("given up after a week of trying")
        case _:
            return w._("refused by the platform")


def text_of(facts: CardFacts, w: Words, room: int, talk: int) -> RichText:
    """The card's text, with at most ``room`` characters of the post itself and ``talk`` of questions and answers."""
    words_for_files = [posts.attachment_words(a, w) for a in facts.attachments] + posts.uncarried_words(
        facts.uncarried, w
    )
    shown = facts.text
    if len(shown) > room:
        left_out = len(shown) - room
        shown = (
            shown.shortened(room)
            + "\n"
            + w.ngettext(
                "[{count} more character: the whole text is above]",
                "[{count} more characters: the whole text is above]",
                left_out,
            )
        )
    tail = [*_dialogue(facts, w, talk), *_status(facts, w)]
    sections = [
        _head(facts, w) + "\n" + _author(facts, w),
        joined([part for part in (shown, *map(plain, words_for_files)) if part], "\n") or EMPTY,
        plain("\n".join(tail)),
    ]
    return joined([section for section in sections if section], "\n\n")


Handles = dict[tuple[str, str], str]
"""Tokens by (action, argument)."""


def buttons_of(facts: CardFacts, view: str, handles: Handles, w: Words) -> tuple[tuple[Button, ...], ...]:
    """What can be pressed now. Rows are laid out for two buttons side by side on a phone."""

    def button(action: str, label_text: str, emoji: str, argument: str = "", *, icon: bool = True) -> Button:
        shown = f"{emoji} {label_text}" if icon else label_text
        return Button(label=shown, emoji=emoji, handle=handles[action, argument])

    if facts.revision != facts.review.revision:
        return ()
    if facts.review.state == ReviewState.APPROVED:
        rows: list[tuple[Button, ...]] = []
        names = _names(facts.deliveries)
        uncertain = [row for row, _ in facts.deliveries if ("confirm", str(row.id)) in handles]
        marks = (("👀", "🔁"),) if len(uncertain) == 1 else _PAIRS
        for row, (there, again) in zip(uncertain, marks, strict=False):
            chat = names[row.address]
            rows.append((button("confirm", w._("It is there: {chat}", chat=chat), there, str(row.id)),))
            rows.append((button("send_again", w._("Send again: {chat}", chat=chat), again, str(row.id)),))
        return tuple(rows)
    if facts.review.state != ReviewState.HELD:
        return ()
    if view == REASONS:
        choices = [button("reject", label(reason, w), KEYCAPS[reason], reason.value) for reason in KEYCAPS]
        pairs = [tuple(choices[index : index + 2]) for index in range(0, len(choices), 2)]
        return (
            *pairs,
            (
                button("reject_words", w._("In my own words"), "✍️"),
                button("back", w._("Back"), "↩️"),
            ),
        )
    return (
        (button("approve", w._("Approve"), "✅"), button("reasons", w._("Reject"), "❌")),
        (button("edit", w._("Edit"), "✏️"), button("ask", w._("Ask the author"), "❓")),
    )


def actions_of(facts: CardFacts, view: str) -> list[tuple[str, str]]:
    """The (action, argument) pairs whose handles a card needs."""
    if facts.revision != facts.review.revision:
        return []
    if facts.review.state == ReviewState.APPROVED:
        uncertain = [str(row.id) for row, _ in facts.deliveries if row.state == DeliveryState.UNCERTAIN]
        return [(action, row_id) for row_id in uncertain for action in ("confirm", "send_again")]
    if facts.review.state != ReviewState.HELD:
        return []
    if view == REASONS:
        return [*(("reject", reason.value) for reason in KEYCAPS), ("reject_words", ""), ("back", "")]
    return [("approve", ""), ("reasons", ""), ("edit", ""), ("ask", "")]


def render(facts: CardFacts, view: str, handles: Handles, room: int, w: Words, *, talk: int) -> Content:
    """The card, with at most ``room`` characters of the post itself and ``talk`` of questions and answers."""
    return Content(text=text_of(facts, w, room, talk), buttons=buttons_of(facts, view, handles, w))


def refusal_sentence(reason: Reason, words_given: str, w: Words) -> str:
    """Why, for the author."""
    if reason is Reason.OTHER:
        return words_given
    return explanation(reason, w) + (f". {words_given}" if words_given else "")
