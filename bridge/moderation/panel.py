"""The moderators' card in neutral form: everything needed to decide, what was decided, and where the post arrived."""

from datetime import timedelta

from bridge.core.hygiene import clean_line
from bridge.core.message import Button, Content
from bridge.core.states import PostState, ReviewState
from bridge.core.text import EMPTY, MarkKind, RichText, joined, marked, plain
from bridge.members.fields import names_of
from bridge.members.profiles import shown_name
from bridge.members.vouching import level
from bridge.moderation import additions, arrival, echoing, menu, routing, standing, talk
from bridge.moderation.facts import CardFacts
from bridge.moderation.hints import HintKind
from bridge.moderation.hints import label as hint_label
from bridge.moderation.reasons import Reason, explanation, label
from bridge.rendering import apart, cards, posts
from bridge.rendering.edits import changed
from bridge.rendering.words import Words
from bridge.storage.models import Review

RESERVE = 1500
"""Characters of a card kept free for its status, whatever the length of the post."""
_LEAST_LINE = 40
_SOON = timedelta(minutes=2)
"""Sooner than this, seconds count."""
_EXCERPT = 60
_ADDRESS = 120
"""Characters of an address behind a link: its host, and enough to know the page."""
_MOST_HINTS = 6
_SHOWN_AS_HINTS = ("privacy", "language")


def _kind(facts: CardFacts, w: Words) -> str:
    match facts.review.kind:
        case "appeal":
            return " " + w._("(appeal)")
        case "correction":
            return " " + w._("(correction)")
        case _:
            return ""


def _head(facts: CardFacts, w: Words) -> RichText:
    state = facts.review.state
    if facts.revision != facts.review.revision:
        status = w._("an older wording: look at the newer card")
    elif state == ReviewState.HELD:
        status = w._("waiting for a decision")
    elif state == ReviewState.APPROVED and facts.post is not None and facts.post.state == PostState.RETRACTED:
        status = w._("taken back")
    elif state == ReviewState.APPROVED:
        status = w._("approved")
    elif state == ReviewState.REJECTED:
        status = w._("rejected")
    elif state == ReviewState.WITHDRAWN:
        status = routing.withdrawn(facts, w)
    elif state == ReviewState.LAPSED:
        status = w._("lapsed")
    else:
        status = w._("merged with another")
    # The first words stay as they are in every state: people search for them.
    return marked(f"{facts.community.name} #{facts.submission.number} · {status}{_kind(facts, w)}", MarkKind.BOLD)


def _author(facts: CardFacts, w: Words) -> str:
    identity = facts.identity
    handle = f" ({identity.handle})" if identity.handle and identity.handle != identity.name else ""
    if facts.forwarded is not None:
        where = w._("in {chat}, by {account}", chat=facts.forwarded[0], account=identity.account)
    elif facts.submission.private:
        where = w._("privately, by {account}", account=identity.account)
    else:
        where = w._("in {chat}, by {account}", chat=facts.origin, account=identity.account)
    if identity.person.erased_at is not None:
        return w._("From somebody who has asked to be forgotten")
    name = facts.name or shown_name(identity, w)
    lines = [w._("From {name}{handle} {where}", name=name, handle=handle, where=where)]
    lines.append(w._("Account {user}", user=clean_line(str(identity.ref), 200)) + f" · {level(identity, w)}")
    earlier = (
        w._("first post")
        if not facts.earlier_posts
        else w.ngettext("{count} earlier post", "{count} earlier posts", facts.earlier_posts)
    )
    said = {"trusted": w._("trusted"), "held": w._("always to be held")}.get(facts.standing)
    profile = cards.paragraph(facts.card, w) if facts.has_profile else w._("no profile yet")
    # Where a membership stands says that somebody is banned, too.
    member = "" if facts.forwarded is not None else standing.words_of(facts.membership, facts.community, w)
    unseen = w._("🆕 this profile was not seen before") if facts.unseen is not None and facts.has_profile else ""
    lines.append(" · ".join(part for part in (earlier, said, member, profile, unseen) if part))
    if facts.owed and facts.review.state == ReviewState.HELD:
        names = names_of(facts.owed, facts.community, w)
        lines.append(w._("⏳ Cannot be approved before its author has told: {names}", names=names))
    return "\n".join(lines)


def _context(facts: CardFacts, w: Words) -> list[str]:
    """What the post stands in, and why it is here."""
    lines: list[str] = []
    review = facts.review
    if facts.answers is not None:
        lines.append(w._("Answers #{number}", number=facts.answers))
    if facts.about is not None and review.kind == "appeal":
        reason = _rejected_because(facts.about, w)
        lines.append(w._("⚖️ Appeal: {name} had rejected it ({reason})", name=facts.about.decided_name, reason=reason))
    if review.kind == "post" and facts.about is not None:
        lines.append(w._("♻️ Brought back by its author: #{number} had lapsed", number=facts.about.submission.number))
    if review.kind == "correction":
        lines.append(w._("🖊️ Correction of what is published"))
    if facts.theme is not None:
        number = None if facts.post is None else facts.post.theme_number
        title = facts.theme.title if number is None else f"{facts.theme.title} ({number})"
        lines.append(w._("📚 Theme: {title}", title=title))
    if review.headline:
        lines.append(w._("🏷️ Headline: {headline}", headline=review.headline))
    if facts.edited_by and facts.text != facts.before:
        lines.append(w._("Wording by moderator {name}", name=facts.edited_by))
    lines += routing.lines(facts, w)
    if review.state == ReviewState.HELD:
        lines.append(w._("Held because {reasons}", reasons=", ".join(held_because(code, w) for code in facts.reasons)))
        noted = [held_because(code, w) for code in facts.noted if code not in _SHOWN_AS_HINTS]
        lines += [w._("ℹ️ Noticed: {what}", what=", ".join(noted))] if noted else []
        lines += _cut(facts, w)
        lines += _claim(facts, w)
        if review.escalated_at is not None:
            lines.append(w._("🚨 Escalated by {name}", name=review.escalated_name))
        if review.approvals > 1:
            lines.append(
                w._(
                    "Approved by {count} of {needed}: {names}",
                    count=w.number(len(facts.votes)),
                    needed=w.number(review.approvals),
                    names=", ".join(vote.name for vote in facts.votes) or "-",
                )
            )
        if review.consent == "asked":
            lines.append(w._("⏳ The author has been asked to agree to this wording."))
        elif review.consent == "refused":
            lines.append(w._("🚫 The author does not agree to this wording."))
        elif review.consent == "given":
            lines.append(w._("👍 The author agrees to this wording."))
    return lines


def _rejected_because(rejected: Review, w: Words) -> str:
    """The reason and the moderator's own words: who looks a second time must know what the author was told."""
    reason = Reason(rejected.reason or Reason.OTHER)
    said = [] if reason is Reason.OTHER and rejected.words else [label(reason, w)]
    return ": ".join([*said, *([rejected.words] if rejected.words else [])])


def _cut(facts: CardFacts, w: Words) -> list[str]:
    """What was taken off a mail, as far as a line has room: whether it was right shows at a glance."""
    if not menu.is_cut(facts):
        return []
    cut = facts.submission.cut
    shown = plain(" ".join(cut.split())).shortened(_EXCERPT).text
    return [
        w.ngettext(
            "✂️ {count} character was taken off as a quotation or signature: {excerpt}",
            "✂️ {count} characters were taken off as a quotation or signature: {excerpt}",
            len(cut),
            excerpt=shown,
        )
    ]


def _claim(facts: CardFacts, w: Words) -> list[str]:
    """Who is at work on it, and until when nobody else decides."""
    review, policy = facts.review, facts.community.policy
    if review.claimed_at is None:
        return []
    until = w.time(review.claimed_at + policy.claim_for, policy.zone)
    if review.claimed_by:
        return [w._("✋ Claimed by {name} until {time}", name=review.claimed_name, time=until)]
    return [w._("✋ The claim of {name} ended, {time}", name=review.claimed_name, time=until)]


def _hints(facts: CardFacts, w: Words) -> list[str]:
    """What may identify somebody, and a language that readers there do not expect. Never removed by the program."""
    if facts.review.state != ReviewState.HELD:
        return []
    lines: list[str] = []
    for kind, excerpt in facts.hints[:_MOST_HINTS]:
        shown = plain(" ".join(excerpt.split())).shortened(_EXCERPT).text
        lines.append(w._("🔎 {what}: {excerpt}", what=hint_label(HintKind(kind), w), excerpt=shown))
    if len(facts.hints) > _MOST_HINTS:
        more = len(facts.hints) - _MOST_HINTS
        lines.append(w.ngettext("🔎 and {count} more", "🔎 and {count} more", more))
    if facts.language:
        lines.append(w._("🌐 Seems to be written in {language}", language=w.language_name(facts.language)))
    return lines


def held_because(code: str, w: Words) -> str:
    """A reason for holding, in a few words; a code may carry the word that was met: ``words:insulin``."""
    name, _, detail = code.partition(":")
    match name:
        case "all":
            return w._("every post is read before it is published")
        case "no_rule":
            return w._("no rule lets it out unread")
        case "album":
            return w._("its other files are still awaited")
        case "removal_failed":
            return w._("its original could not be removed from the group")
        case "first_posts":
            return w._("the author is new")
        case "not_member":
            return w._("its author is not a member yet: approving it lets them in")
        case "always_held":
            return w._("this author's posts are always held")
        case "links":
            return w._("it holds links")
        case "attachments":
            return w._("it holds files")
        case "length":
            return w._("it is long")
        case "no_profile":
            return w._("the author has no profile")
        case "words":
            return w._("it says “{word}”", word=detail)
        case "author_quota":
            return w._("the author has written much in a short time")
        case "source_quota":
            return w._("much has come from this group in a short time")
        case "duplicate":
            return w._("it is nearly the same as #{number}", number=detail) if detail else w._("it says the same again")
        case "language":
            return w._("it is in another language")
        case "privacy":
            return w._("it may identify somebody")
        case "trusted":
            return w._("the author is trusted")
        case "emergency":
            return w._("everything is held at present")
        case "correction":
            return w._("it changes what is published")
        case "crossed":
            return w._("it comes from another community")
        case "failed":
            return w._("a rule could not be answered")
        case _:
            return code


def _dialogue(facts: CardFacts, w: Words, room: int) -> list[RichText]:
    """What was asked and answered, in at most ``room`` characters: the newest is shown longest."""
    lines = talk.lines(facts, w)
    shown: list[RichText] = []
    for line in reversed(lines):
        if room < _LEAST_LINE:
            break
        shown.append(line.shortened(room))
        room -= len(shown[-1]) + 1
    return shown[::-1] if len(shown) == len(lines) else [plain("…"), *shown[::-1]]


def _status(facts: CardFacts, w: Words) -> list[str]:
    review = facts.review
    zone = facts.community.policy.zone
    if facts.revision != review.revision:
        return []
    if review.state == ReviewState.HELD:
        return [w._("Waiting since {time}", time=w.time(review.created_at, zone))]
    when = w.time(review.decided_at, zone) if review.decided_at is not None else ""
    if review.state == ReviewState.APPROVED:
        lines = [
            w._("✅ Approved by {name}, {time}", name=review.decided_name, time=when)
            if review.decided_name
            else w._("✅ Published by the community's rules, {time}", time=when)
        ]
        return [*lines, *_afterwards(facts, w)]
    if review.state == ReviewState.REJECTED:
        lines = [w._("❌ Rejected by {name}, {time}", name=review.decided_name, time=when)]
        if review.reason:
            lines.append(w._("Reason: {reason}", reason=label(Reason(review.reason), w)))
        return [*lines, *([review.words] if review.words else [])]
    if review.state == ReviewState.WITHDRAWN:
        return [routing.withdrawal(facts, when, w)]
    if review.state == ReviewState.LAPSED:
        return [w._("⌛ Lapsed, {time}: the question was never answered. The text is kept.", time=when)]
    merged = w._(
        "🔗 Merged with #{number} by {name}, {time}", number=facts.merged_into, name=review.decided_name, time=when
    )
    return [merged]


def _afterwards(facts: CardFacts, w: Words) -> list[str]:
    """What became of an approved post."""
    post, zone = facts.post, facts.community.policy.zone
    if post is None:
        return []
    lines: list[str] = []
    if post.corrected_at is not None:
        lines.append(w._("🖊️ Corrected, {time}", time=w.time(post.corrected_at, zone)))
    if post.state == PostState.RETRACTED and post.retracted_at is not None:
        when = w.time(post.retracted_at, zone)
        lines.append(w._("🗑️ Taken back by {name}, {time}", name=post.retracted_name, time=when))
        lines += [w._("Reason: {reason}", reason=facts.review.words)] if facts.review.words else []
    elif facts.undoable and post.publish_at is not None and post.publish_at > post.approved_at:
        soon = post.publish_at - post.approved_at < _SOON
        lines.append(w._("🕒 Goes out at {time}", time=w.time(post.publish_at, zone, seconds=soon)))
    elif facts.asked_back:
        lines.append(w._("🙏 The author asks to take it back"))
    if facts.quotations:
        lines.append(w.ngettext("💬 {count} quotation marked", "💬 {count} quotations marked", facts.quotations))
    lines += [*arrival.lines(facts, w), *arrival.private_line(facts, w), *routing.waits(facts, w)]
    lines += echoing.reaction_line(facts.reactions, w)
    if facts.poll is not None and any(facts.poll_votes):
        lines += echoing.vote_lines(facts.poll, facts.poll_votes, w)
    return lines


def shown_words(text: RichText) -> RichText:
    """The post's words as a card shows them: whoever decides sees where a link leads."""
    return posts.spelled(text, most=_ADDRESS)


def _beside(words: str) -> RichText:
    """What stands beside the text. Lines of its own, such as a poll's answers, must not be taken for ours."""
    return apart.quoted(plain(words)) if "\n" in words else plain(words)


def text_of(facts: CardFacts, w: Words, room: int, talk: int) -> RichText:
    """The card's text, with at most ``room`` characters of the post itself and ``talk`` of questions and answers."""
    words_for_files = posts.files_words(facts.attachments, w) + posts.uncarried_words(facts.uncarried, w)
    text = shown_words(facts.text)
    shown = apart.quoted(text)
    if len(text) > room:
        left_out = len(text) - room
        shown = (
            apart.quoted(text.shortened(room))
            + "\n"
            + w.ngettext(
                "[{count} more character: the whole text is above]",
                "[{count} more characters: the whole text is above]",
                left_out,
            )
        )
    tail: list[RichText | str] = [
        *_hints(facts, w),
        *additions.lines(facts, w),
        *_dialogue(facts, w, talk),
        *_status(facts, w),
    ]
    sections = [
        _head(facts, w) + "\n" + "\n".join([_author(facts, w), *_context(facts, w)]),
        joined([part for part in (shown, *map(_beside, words_for_files)) if part], "\n") or EMPTY,
        _difference(facts, w, talk),
        joined(tail, "\n"),
    ]
    return joined([section for section in sections if section], "\n\n")


def _difference(facts: CardFacts, w: Words, room: int) -> RichText:
    """What a moderator changed in the author's words, or the author in the wording before."""
    shown = (ReviewState.HELD, ReviewState.APPROVED) if facts.edited_by else (ReviewState.HELD,)
    # Nothing is left of a text that was taken away: its author does not want it to be read.
    difference = changed(facts.before, facts.text) if facts.before is not None and facts.text else EMPTY
    if not difference or facts.review.state not in shown:
        return EMPTY
    what = w._("Changed:") if facts.edited_by else w._("Changed by the author:")
    difference = difference.shortened(max(_LEAST_LINE, room // 2))
    return (
        plain(what + " ") + difference if "\n" not in difference.text else plain(what + "\n") + apart.quoted(difference)
    )


Handles = dict[tuple[str, str], str]
"""Tokens by (action, argument)."""


def buttons_of(facts: CardFacts, view: str, handles: Handles, w: Words) -> tuple[tuple[Button, ...], ...]:
    """What can be pressed now."""
    return tuple(
        tuple(
            Button(
                label=f"{choice.emoji} {choice.label}" if choice.icon else choice.label,
                emoji=choice.emoji,
                handle=handles[choice.action, choice.argument],
            )
            for choice in row
        )
        for row in menu.rows(facts, view, w)
    )


def actions_of(facts: CardFacts, view: str, w: Words) -> list[tuple[str, str]]:
    """The (action, argument) pairs whose handles a card needs."""
    return [(choice.action, choice.argument) for row in menu.rows(facts, view, w) for choice in row]


def render(facts: CardFacts, view: str, handles: Handles, room: int, w: Words, *, talk: int) -> Content:
    """The card, with at most ``room`` characters of the post itself and ``talk`` of questions and answers."""
    return Content(text=text_of(facts, w, room, talk), buttons=buttons_of(facts, view, handles, w))


def refusal_sentence(reason: Reason, words_given: str, w: Words) -> str:
    """Why, for the author."""
    if reason is Reason.OTHER:
        return words_given
    return explanation(reason, w) + (f". {words_given}" if words_given else "")
