"""What every kind of group will receive of an item, shown to the moderators before anybody decides.

The messages come from the very functions that publication uses: what is shown here is what is sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.core.capabilities import Capabilities, Form
from bridge.core.community import Community, Group
from bridge.core.ids import Address, ChatId
from bridge.core.message import Content
from bridge.core.money import Price
from bridge.core.ports import Adapter, CanWeigh, Outgoing
from bridge.core.splitting import split
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.delivery import planning
from bridge.delivery.directory import Directory
from bridge.moderation import publication
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.names import chat_names
from bridge.rendering import posts, sms
from bridge.rendering.posts import PostView
from bridge.rendering.words import Words, words
from bridge.storage import beside, chats, inbox, ledger, submissions
from bridge.storage.models import Post, Review, Submission

LINE = "\n──────\n"
"""Between the introduction and each message."""
_AGAIN = timedelta(seconds=60)
_MOST_NAMES = 5
_MANY = 5
"""Messages of one post after which moderators are asked to think of the readers."""
_MOST_SIGNS = 8
_ONE = Content(text=plain("1"))
"""One SMS, to ask what it costs."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What some of a community's groups receive, all of them the same."""

    kind: str
    """The platform, as its adapter is called."""
    capabilities: Capabilities
    language: str
    parts: tuple[Content, ...]
    whole: int
    """Messages that it would take without the chat's limit."""
    stays: bool
    """The author's own message stands there already."""
    view: PostView
    """For the readers of this language."""
    groups: tuple[Group, ...]
    price: Price | None = None
    """Of one SMS to one reader of these groups, where the community gave one."""

    @property
    def form(self) -> Form:
        return self.capabilities.form

    @property
    def segments(self) -> int:
        """SMS that are paid for, for every reader."""
        return sum(sms.segments(part.text.text).count for part in self.parts)

    def same(self, other: "Outcome") -> bool:
        """Is this the same for readers of the same platform?"""
        mine = (self.kind, self.form, self.language, self.parts, self.stays, self.view.translation, self.price)
        theirs = (other.kind, other.form, other.language, other.parts, other.stays, other.view.translation, other.price)
        return mine == theirs


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What an approval of the present wording would send."""

    view: PostView
    outcomes: tuple[Outcome, ...]
    missing: tuple[Group, ...] = ()
    """Groups whose account is not configured."""


async def forecast(review: Review, community: Community, directory: Directory, now: datetime) -> Forecast:
    """Write the post on paper, and its messages for every group."""
    wording = await submissions.revision_of(review)
    post = await publication.draft(review, wording, community, now)
    view = await planning.view_of(post, community)
    outcomes: list[Outcome] = []
    missing: list[Group] = []
    for group in planning.chosen(post, community):
        outcome = await _outcome(post, review.submission, community, group, view, directory)
        if outcome is None:
            missing.append(group)
            continue
        index = next((i for i, known in enumerate(outcomes) if known.same(outcome)), None)
        if index is None:
            outcomes.append(outcome)
        else:
            outcomes[index] = replace(outcomes[index], groups=(*outcomes[index].groups, group))
    outcomes += _telephones(view, community, directory)
    return Forecast(view=view, outcomes=tuple(outcomes), missing=tuple(missing))


def _telephones(view: PostView, community: Community, directory: Directory) -> list[Outcome]:
    """What somebody who reads alone, by SMS, is sent at once: no group, but paid for like none."""
    found: list[Outcome] = []
    for account in directory.accounts():
        adapter: object = directory.adapter(account)
        address = Address(account, ChatId(""))
        if not isinstance(adapter, CanWeigh) or not isinstance(adapter, Adapter):
            continue
        capabilities = adapter.capabilities(address.chat)
        if not capabilities.push_parts:
            continue
        shown = posts.in_language(view, community.language)
        parts = planning.parts_of(shown, address, directory, words(community.language), quoting=True)
        one = adapter.weigh(Outgoing(chat=address.chat, payload=adapter.to_payload(address.chat, _ONE)))
        found.append(
            Outcome(
                kind=adapter.kind,
                capabilities=capabilities,
                language=community.language,
                parts=tuple(parts),
                whole=len(parts),
                stays=False,
                view=shown,
                groups=(),
                price=one.cost,
            )
        )
    return found


async def _outcome(
    post: Post, submission: Submission, community: Community, group: Group, view: PostView, directory: Directory
) -> Outcome | None:
    """What one group receives; None where its account is not configured."""
    address = await inbox.resolve(group.chat)
    capabilities, adapter = directory.capabilities(address), directory.adapter(address.account)
    if capabilities is None or adapter is None:
        return None
    stays = await planning.original_stays(submission, group, address)
    parts = await planning.contents(post, submission, community, group, view, directory, beside=stays)
    whole = await planning.contents(post, submission, community, group, view, directory, beside=stays, whole=True)
    language = group.language or community.language
    return Outcome(
        kind=adapter.kind,
        capabilities=capabilities,
        language=language,
        parts=tuple(replace(part, reply_to=None, silent=True) for part in parts),
        whole=len(whole),
        stays=stays,
        view=posts.in_language(view, language),
        groups=(group,),
        price=group.sms_price if capabilities.form is Form.LINE else None,
    )


async def preview(act: Act) -> Reply:
    """Show it in the channel where it was asked for, as messages that can be answered like the card."""
    found = await forecast(act.review, act.community, act.desk.directory, act.now)
    address = await act.here()
    messages = await _messages(found, address, act)
    if messages and await beside.shown_lately(act.review.id, address, messages[0], act.now - _AGAIN):
        return Reply(text=act.w._("The preview is above."), on_card=True)
    for content in messages:
        await ledger.plan(
            kind=ledger.EXHIBIT,
            address=address,
            now=act.now,
            content=content,
            community=act.community.id,
            review_id=act.review.id,
            revision=act.revision,
        )
    return Reply(text=act.w._("The preview is below."), on_card=True)


async def _messages(found: Forecast, address: Address, act: Act) -> list[Content]:
    """The preview as messages for one moderators' channel."""
    directory, w = act.desk.directory, act.w
    names = chat_names({group.chat: await chats.title(group.chat) for group in act.community.groups})
    opening = w._("👁️ Preview of #{number}. Nothing has been sent.", number=act.number)
    general = [*_missing(found, names, w), *_unused(found, w)]
    first = joined([marked(opening, MarkKind.BOLD), *map(plain, general)], "\n")
    intros = [_intro(outcome, names, w) for outcome in found.outcomes]
    capabilities = directory.capabilities(address)
    if capabilities is None or capabilities.form is Form.LINE:  # where they cost money, the figures alone
        return [Content(text=joined([first, *intros], "\n\n"), silent=True)]
    messages: list[Content] = []
    for index, (outcome, intro) in enumerate(zip(found.outcomes, intros, strict=True)):
        above = joined([first, intro], "\n\n") if index == 0 else intro
        messages += _shown(above, outcome.parts, address, directory, w)
    return messages or [Content(text=first, silent=True)]


def _shown(
    intro: RichText, parts: Sequence[Content], address: Address, directory: Directory, w: Words
) -> list[Content]:
    """One message where it fits: the introduction, and what is sent, with a line between its messages."""
    one = Content(text=joined([intro, *(part.text for part in parts)], LINE), silent=True)
    if not any(part.attachments for part in parts) and directory.fits(address, one):
        return [one]
    messages = [Content(text=intro, silent=True), *parts]
    begun = replace(parts[0], text=joined([intro, parts[0].text], LINE)) if parts else messages[0]
    if directory.fits(address, begun):
        messages = [begun, *parts[1:]]
    return [fitting for message in messages for fitting in _fitting(message, address, directory, w)]


def _fitting(message: Content, address: Address, directory: Directory, w: Words) -> list[Content]:
    """As it is, or in pieces and words where the moderators' channel can show less than the group."""
    if directory.fits(address, message):
        return [message]
    files = [Content(attachments=(file,), silent=True) for file in message.attachments]
    shown = [file for file in files if directory.fits(address, file)]
    told = [posts.attachment_words(file.attachments[0], w) for file in files if file not in shown]
    text = joined([part for part in (message.text, *map(plain, told)) if part], "\n")
    pieces = split(text, lambda t: directory.fits(address, Content(text=t)))
    return [*shown, *(Content(text=piece, silent=True) for piece in pieces)]


def _intro(outcome: Outcome, names: dict[Address, str], w: Words) -> RichText:
    """Which groups, how many messages, what they cost; and what the moderator should know of it."""
    count = len(outcome.groups)
    if not count:
        told = w._("SMS, to each who reads alone and at once: {cost}", cost=cost(outcome.parts, w))
        if outcome.price is not None:
            told += ", " + w._("{price} for each reader", price=w.money(outcome.price.times(outcome.segments)))
        return joined([marked(told, MarkKind.BOLD), *map(plain, _remarks(outcome, w))], "\n")
    groups = w.ngettext("{count} group", "{count} groups", count)
    shown = [names[group.chat] for group in outcome.groups[:_MOST_NAMES]]
    groups += f" ({', '.join([*shown, '…'] if count > _MOST_NAMES else shown)})"
    messages = w.ngettext("{count} message", "{count} messages", len(outcome.parts))
    if outcome.form is Form.LINE:
        messages += ", " + cost(outcome.parts, w)
        if outcome.price is not None:
            messages += ", " + w._("{price} for each reader", price=w.money(outcome.price.times(outcome.segments)))
    head = w._(
        "{kind}, in {language}: {groups} – {messages}",
        kind=_kind_name(outcome),
        language=w.language_name(outcome.language),
        groups=groups,
        messages=messages,
    )
    return joined([marked(head, MarkKind.BOLD), *map(plain, _remarks(outcome, w))], "\n")


def _kind_name(outcome: Outcome) -> str:
    return "SMS" if outcome.form is Form.LINE else outcome.kind.replace("_", " ").title()


def cost(parts: Sequence[Content], w: Words) -> str:
    """``3 SMS (GSM-7)``: what a reader's copy costs."""
    counted = [sms.segments(part.text.text) for part in parts]
    alphabet = "GSM-7" if all(count.encoding == "gsm7" for count in counted) else "Unicode"
    total = sum(count.count for count in counted)
    return w.ngettext("{count} SMS ({alphabet})", "{count} SMS ({alphabet})", total, alphabet=alphabet)


def dear(parts: Sequence[Content], w: Words) -> str:
    """Which characters make SMS dear, and what they would cost without; empty where they are cheap."""
    signs = tuple(dict.fromkeys(sign for part in parts for sign in sms.stubborn(part.text.text)))
    total = sum(sms.segments(part.text.text).count for part in parts)
    without = str.maketrans(dict.fromkeys(signs, ""))
    cheap = sum(sms.segments(sms.to_gsm7(part.text.text.translate(without))).count for part in parts)
    if not signs or cheap >= total:
        return ""
    shown = " ".join(signs[:_MOST_SIGNS]) + (" …" if len(signs) > _MOST_SIGNS else "")
    return w.ngettext("Only {count} SMS without: {signs}", "Only {count} SMS without: {signs}", cheap, signs=shown)


def _remarks(outcome: Outcome, w: Words) -> list[str]:
    said: list[str] = []
    view = outcome.view
    if view.corrected and not outcome.capabilities.edits:
        said.append(w._("⚠️ Messages there cannot be changed: the older wording stays."))
    if view.previews and outcome.form is not Form.LINE:
        said.append(
            w._("Their apps may show a preview of the first link.")
            if outcome.capabilities.previews
            else w._("⚠️ Whether links are shown with a preview cannot be chosen there.")
        )
    if outcome.stays:
        said.append(w._("The author's own message stays there; this is added under it."))
    if view.translation is not None:
        said.append(w._("They receive the translation by {translator}.", translator=view.translation.translator))
    if outcome.form is Form.LINE and view.short:
        said.append(
            w._("They receive the short version.")
            if view.translation is None
            else w._("They receive the translation, not the short version.")
        )
    if outcome.whole > len(outcome.parts):
        said.append(
            w._(
                "⚠️ It is cut: whole, it would take {needed} messages. A short version helps.",
                needed=w.number(outcome.whole),
            )
            if outcome.form is Form.LINE
            else w._("⚠️ It is cut: whole, it would take {needed} messages.", needed=w.number(outcome.whole))
        )
    elif len(outcome.parts) > _MANY:
        said.append(w._("⚠️ That is long for readers on small phones."))
    if not (outcome.form is Form.LINE and view.short and view.translation is None):
        _, told = posts.split_attachments(view.attachments, outcome.capabilities)
        told = list(view.attachments) if outcome.form is Form.LINE else told
        said += [
            w._("⚠️ Instead of the file they read: {words}", words=posts.attachment_words(file, w)) for file in told
        ]
    if outcome.form is Form.LINE and (warning := dear(outcome.parts, w)):
        said.append(f"⚠️ {warning}")
    return said


def _missing(found: Forecast, names: dict[Address, str], w: Words) -> list[str]:
    said = [
        w._(
            "⚠️ {chat}: nothing goes there, because the account {account} is not configured.",
            chat=names[group.chat],
            account=group.chat.account,
        )
        for group in found.missing
    ]
    return said if any(outcome.groups for outcome in found.outcomes) else [*said, w._("⚠️ No group would receive it.")]


def _unused(found: Forecast, w: Words) -> list[str]:
    """What was prepared, and nobody would receive."""
    said: list[str] = []
    view = found.view
    thin = [outcome for outcome in found.outcomes if outcome.form is Form.LINE]
    if view.short and not any(outcome.view.translation is None for outcome in thin):
        said.append(w._("⚠️ No group receives the short version."))
    shown = {outcome.view.translation.language for outcome in found.outcomes if outcome.view.translation is not None}
    said += [
        w._("⚠️ No group receives the translation into {language}.", language=w.language_name(translation.language))
        for translation in view.translations
        if translation.language not in shown
    ]
    return said


DEEDS = (Deed(name="preview", word=lambda w: w._("preview"), perform=preview),)
