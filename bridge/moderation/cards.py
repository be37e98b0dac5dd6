"""Cards in the moderators' channels as delivery rows: planned once, edited in place, always showing what is true."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from bridge.core.capabilities import Form
from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.message import Attachment, Content
from bridge.core.splitting import split
from bridge.core.states import DeliveryState, ReviewState
from bridge.core.text import MarkKind, RichText, plain
from bridge.delivery import planning
from bridge.delivery.directory import Directory
from bridge.moderation import carrying, menu, panel
from bridge.moderation.facts import CardFacts, facts_of
from bridge.rendering import apart, posts
from bridge.rendering.words import words
from bridge.storage import codec, handles, inbox, ledger, submissions
from bridge.storage.models import Delivery, Identity, Review, Revision

ARRIVAL_PAUSE = timedelta(seconds=2)
"""Arrivals are gathered for this long, so that a card is edited once and not for every group."""
SLOW_PAUSE = timedelta(seconds=20)
"""The same for private copies, of which there may be thousands, and for groups that wait and are tried again."""
_GATHER = timedelta(seconds=3)
_MOST_FILES = 20
"""Of an author's answers about one item, in each channel."""
_LEAST_TALK = 300
"""Characters of questions and answers that a card shows however long the post is."""


async def plan(
    review: Review,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    gather: bool,
    pause: timedelta = timedelta(0),
) -> None:
    """Show the wording now under review in every moderators' channel; older cards say that they are superseded.

    ``gather``: wait a moment for the other items of an album; ``pause``: let what comes meanwhile go first.
    """
    due = now + max(pause, _GATHER if gather else pause)
    is_first = review.revision == 1
    if not is_first:
        # What takes the place of a card that still waits does not wait for longer than that would have.
        due = min([due, *(card.due_at for card in await ledger.call_off_older(review.id, review.revision))])
    wording = await submissions.revision_of(review)
    for channel in community.moderators:
        await _plan_in(await inbox.resolve(channel), review, wording, community, directory, now, due)
    if not is_first:
        await refresh(review, now)


async def _plan_in(
    address: Address,
    review: Review,
    wording: Revision,
    community: Community,
    directory: Directory,
    now: datetime,
    due: datetime,
) -> None:
    """The exhibits and the card of one channel."""
    if directory.capabilities(address) is None:
        return
    caption = plain(f"{community.name} #{review.submission.number}")
    for content in _exhibits(wording, caption, address, directory):
        await ledger.plan(
            kind=ledger.EXHIBIT,
            address=address,
            now=now,
            due_at=due,
            content=content,
            community=community.id,
            review_id=review.id,
            revision=review.revision,
        )
    await ledger.plan(
        kind=ledger.CARD,
        address=address,
        now=now,
        due_at=due,
        community=community.id,
        review_id=review.id,
        revision=review.revision,
        view=menu.MAIN,
    )


async def called_off(review: Review) -> bool:
    """Call off the cards of the wording under review; True where nobody has been or will be shown any of them.

    The rows that were called off stay locked until the transaction ends: no worker can claim them any more.
    """
    await ledger.call_off(review.id, review.revision)
    cards = [card for card in await ledger.card_rows(review.id) if card.revision == review.revision]
    return all(card.state == DeliveryState.CANCELLED for card in cards)


async def spare(review: Review) -> None:
    """Its author has taken it back: where no moderator was shown any card of it, none need read it now."""
    cards = await ledger.card_rows(review.id)
    if all(card.state == DeliveryState.CANCELLED or not card.attempts for card in cards):
        await ledger.call_off(review.id, review.revision)


async def plan_missing(
    review: Review, community: Community, channel: Address, directory: Directory, now: datetime
) -> bool:
    """Plan a card where a channel has none of the wording under review: it was refused, or is nobody knows where.

    ``channel``: where it lives now; cards that stayed behind in a chat which has moved can no longer be pressed.
    """
    missing = (DeliveryState.REFUSED, DeliveryState.CANCELLED, DeliveryState.UNCERTAIN)
    for card in await ledger.card_rows(review.id):
        if card.revision != review.revision or card.state in missing:
            continue
        if card.address == channel:
            return False
    wording = await submissions.revision_of(review)
    await _plan_in(channel, review, wording, community, directory, now, now)
    return True


async def write_anew(review: Review, community: Community, directory: Directory, now: datetime) -> None:
    """There is something new about an item that waits: who decides by mail, where no card changes, gets a letter."""
    for channel in community.moderators if review.state == ReviewState.HELD else ():
        address = await inbox.resolve(channel)
        capabilities = directory.capabilities(address)
        if capabilities is not None and capabilities.letters:
            await plan_another(review, community, address, now)


async def plan_another(review: Review, community: Community, address: Address, now: datetime) -> None:
    """One more card in a channel of letters, unless one that is still to be composed will say the same."""
    for card in await ledger.card_rows(review.id):
        waits = card.state == DeliveryState.PLANNED and not card.payload
        if waits and card.address == address and card.revision == review.revision:
            return
    await ledger.plan(
        kind=ledger.CARD,
        address=address,
        now=now,
        due_at=now + _GATHER,
        community=community.id,
        review_id=review.id,
        revision=review.revision,
        view=menu.MAIN,
    )


async def show_files(
    review: Review, community: Community, files: Sequence[Attachment], directory: Directory, now: datetime
) -> bool:
    """Show the files of an author's answer in every moderators' channel; they are no part of the post.

    False where so many have been shown that the channel would drown: the card names them all the same.
    """
    if files and await ledger.count_shown(review.id, ledger.ANSWER) >= _MOST_FILES * len(community.moderators):
        return False
    caption = plain(f"{community.name} #{review.submission.number} 💬")
    for channel in community.moderators if files else ():
        address = await inbox.resolve(channel)
        capabilities = directory.capabilities(address)
        for file in posts.split_attachments(files, capabilities)[0] if capabilities is not None else ():
            await ledger.plan(
                kind=ledger.EXHIBIT,
                address=address,
                now=now,
                content=Content(text=caption, attachments=(file,), silent=True),
                community=community.id,
                review_id=review.id,
                revision=review.revision,
                view=ledger.ANSWER,
            )
    return True


def _whole(text: RichText, address: Address, directory: Directory) -> bool:
    """Does a card there hold all of the text, and its status still?"""
    return directory.fits(address, Content(text=panel.shown_words(text) + "x" * panel.RESERVE))


def _exhibits(wording: Revision, caption: RichText, address: Address, directory: Directory) -> list[Content]:
    """What goes ahead of a card: the files, and the whole text where a card cannot hold it."""
    capabilities = directory.capabilities(address)
    if capabilities is None:
        return []
    attachments = codec.load(codec.ATTACHMENTS, wording.attachments)
    shown, _ = posts.split_attachments(attachments, capabilities)
    albums = planning.albums(shown, address, directory)
    contents = [Content(text=caption, attachments=album, silent=True) for album in albums]
    text = codec.load(codec.RICH_TEXT, wording.text)
    if not _whole(text, address, directory):

        def fits(part: RichText) -> bool:
            return directory.fits(address, Content(text=part))

        whole = apart.quoted(panel.shown_words(text))
        whole = whole if MarkKind.QUOTE in capabilities.marks else apart.barred(whole)
        contents += [Content(text=part, silent=True) for part in split(caption + "\n" + whole, fits)]
    return contents


async def refresh(review: Review, now: datetime, *, pause: timedelta = timedelta(0)) -> None:
    """Let every card of a review show what is true now. An edit not yet composed will do so by itself.

    A card that says already that there is a newer one will always say that: it is left alone.
    """
    await _refresh(await ledger.card_rows(review.id), now, pause)


async def refresh_published(submission_ids: Collection[int], now: datetime, *, pause: timedelta = timedelta(0)) -> None:
    """The same for everything that shows where posts stand: their own cards, and those of their corrections."""
    if approved := await submissions.approved_reviews(submission_ids):
        rows = await ledger.card_rows(*approved)
        for review_id in approved:
            await _refresh([row for row in rows if row.review_id == review_id], now, pause)


async def _refresh(cards: Sequence[Delivery], now: datetime, pause: timedelta) -> None:
    """Those of one review."""
    for card in cards:
        newer = [other.id for other in cards if other.revision > card.revision]
        if not newer or not await ledger.is_edited_after(card, min(newer)):
            await refresh_one(card, now, pause=pause)


async def shows(review: Review, channel: Address, fingerprint: str) -> bool:
    """Does the card that a moderator has before them show all that approval would publish?

    True where the channel has been shown no card of this wording: there is nothing that could mislead.
    """
    shown = await ledger.newest_card(review.id, review.revision, channel)
    return shown is None or shown.shows == fingerprint


async def refresh_held(identity: Identity, now: datetime) -> None:
    """A member's profile has changed: every card of theirs that still waits shows it."""
    for found in await submissions.reviews_by(identity, 50):
        if found.state == ReviewState.HELD:
            await refresh(found, now)


async def refresh_one(card: Delivery, now: datetime, *, pause: timedelta = timedelta(0)) -> None:
    """Plan an edit of one card, unless it is still to be composed anyway, or was never there."""
    if card.state in (DeliveryState.REFUSED, DeliveryState.CANCELLED) or not card.payload:
        return
    waiting = await ledger.unclaimed_edit(card)
    if waiting is not None:
        if waiting.due_at > now + pause:
            await ledger.bring_forward(waiting, now + pause)
        return
    await ledger.plan(
        kind=ledger.CARD,
        address=card.address,
        now=now,
        due_at=now + pause,
        operation=ledger.EDIT,
        community=card.community,
        review_id=card.review_id,
        revision=card.revision,
        target=card,
    )


class Composed(NamedTuple):
    """A card at one moment."""

    content: Content
    shows: str
    """The fingerprint of what its approval publishes."""
    review: Review


async def compose(row: Delivery, community: Community, directory: Directory, now: datetime) -> Composed | None:
    """What a card (or its edit) shows at this moment; None where there is nothing left to show."""
    # Locked: a decision that commits while this is composed would find nothing to refresh, and the card would be stale.
    review = None if row.review_id is None else await submissions.locked_review(row.review_id)
    capabilities = directory.capabilities(row.address)
    if review is None or capabilities is None:
        return None
    card = row if row.target_id is None else await Delivery.get(id=row.target_id)
    facts = await facts_of(review, community, row.revision)
    lost = await carrying.losses(facts.attachments, community, directory, facts.targets) if facts.is_held else ()
    facts = replace(facts, thin=_thin(facts, directory), losses=lost)
    w = words(community.language)
    wanted = panel.actions_of(facts, card.view, w)
    tokens = await handles.several("review", review.id, wanted, now, revision=row.revision)
    room = len(panel.shown_words(facts.text))
    if not _whole(facts.text, row.address, directory):
        room = max(200, capabilities.text_limit - panel.RESERVE)
    # What was asked and answered gives way first, then the post (all of it stands above), then the status.
    talk = capabilities.text_limit

    def rendered() -> Content:
        content = panel.render(facts, card.view, tokens, room, w, talk=talk)
        return content if MarkKind.QUOTE in capabilities.marks else replace(content, text=apart.barred(content.text))

    content = rendered()
    while not directory.fits(row.address, content) and talk > _LEAST_TALK:
        talk = talk * 3 // 4
        content = rendered()
    while not directory.fits(row.address, content) and room > 0:
        room = room * 3 // 4 if room > 50 else 0
        content = rendered()
    while not directory.fits(row.address, content) and len(content.text) > 1:
        content = replace(content, text=content.text.shortened(len(content.text) * 3 // 4))
    return Composed(content, facts.fingerprint, review)


def _thin(facts: CardFacts, directory: Directory) -> frozenset[Address]:
    """The chats of a post where every message costs money."""
    found = {row.address: directory.capabilities(row.address) for row, _ in facts.deliveries}
    return frozenset(address for address, can in found.items() if can is not None and can.form is Form.LINE)


async def of_message(row: Delivery) -> Review | None:
    """The review that a message in a moderators' channel is about."""
    return None if row.review_id is None else await submissions.review_by_id(row.review_id)
