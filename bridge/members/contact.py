"""Speaking to a member: privately where possible, else one short reply in the group that removes itself."""

from dataclasses import replace
from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Button, Content
from bridge.core.text import RichText, plain
from bridge.delivery import lettering
from bridge.delivery.directory import Directory
from bridge.rendering.words import Words, words
from bridge.storage import inbox, ledger, people
from bridge.storage.models import Delivery, Identity

NOTICE_LIFETIME = timedelta(hours=24)
STAYS = timedelta(seconds=60)
"""How long a reply to a member stands in a group before it removes itself."""


def language_of(identity: Identity, community: Community | None) -> Words:
    """The language that the person chose for this community, else their own, else the community's."""
    if community is None:
        return words(identity.person.language)
    return words(people.language_for(identity.person, community.id) or community.language)


def reachable(identity: Identity, directory: Directory) -> bool:
    """Can this person be written to privately, as far as we know, and have they not said STOP?

    Nor has what was sent there failed again and again.
    """
    if identity.stopped_at is not None or identity.unreachable_at is not None:
        return False
    direct = identity.direct
    capabilities = None if direct is None else directory.capabilities(direct)
    return capabilities is not None and (capabilities.opens_direct or identity.direct_open)


async def tell(
    identity: Identity,
    content: Content,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    review_id: int | None = None,
    due: datetime | None = None,
) -> Delivery | None:
    """Plan a private notice; None where the person cannot be reached privately.

    ``review_id``: what it is about; ``due``: not to be sent before.
    """
    if identity.direct is None or not reachable(identity, directory):
        return None
    return await say(identity.direct, content, community, now, review_id=review_id, due=due)


async def say(
    address: Address,
    content: Content,
    community: Community | None,
    now: datetime,
    *,
    review_id: int | None = None,
    mark: str = "",
    due: datetime | None = None,
) -> Delivery:
    """Plan a notice in a chat. ``mark``: by what its row is known later."""
    content = content if content.letter is not None else replace(content, letter=lettering.of_notice(community))
    return await ledger.plan(
        kind=ledger.NOTICE,
        address=address,
        now=now,
        content=content,
        community="" if community is None else community.id,
        review_id=review_id,
        view=mark,
        due_at=due,
        lifetime=NOTICE_LIFETIME,
    )


async def reply_in_group(
    to: RemoteRef,
    text: str,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    link_label: str = "",
    start_payload: str = "",
    stays: timedelta = STAYS,
    mark: str = "",
    due: datetime | None = None,
) -> None:
    """One short reply under a member's message, with a link to the bot where there is one, removed after ``stays``.

    The same words to the same chat within a minute are said once: a busy group is not flooded.
    """
    where = await inbox.resolve(to.address)
    capabilities = directory.capabilities(where)
    if capabilities is None:
        return
    link = directory.start_link(to.account, start_payload) if link_label else None
    buttons = ((Button(label=link_label, url=link),),) if link else ()
    content = Content(text=RichText(text), reply_to=to, buttons=buttons, silent=True)
    if await ledger.said_lately(where, content, now - timedelta(seconds=60)):
        return
    notice = await say(where, content, community, now, mark=mark, due=due)
    if capabilities.deletes_own:
        await ledger.plan(
            kind=ledger.NOTICE,
            address=where,
            now=now,
            operation=ledger.DELETE,
            target=notice,
            view=mark,
            due_at=(due or now) + stays,
            lifetime=NOTICE_LIFETIME,
        )


async def tell_moderators(community: Community, text: str, now: datetime, *, besides: Address | None = None) -> None:
    """A notice in every moderators' channel, where it has not been said within the hour."""
    for channel in community.moderators:
        address = await inbox.resolve(channel)
        content = Content(text=plain(text), silent=True)
        if address == besides:
            continue
        if not await ledger.said_lately(address, content, now - timedelta(hours=1)):
            await say(address, content, community, now)
