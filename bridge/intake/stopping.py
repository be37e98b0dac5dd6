"""STOP: honoured before anything else, for everything we send on our own account, and answered once."""

from bridge.core.events import MessagePosted, OptedOut
from bridge.core.membership import Reading
from bridge.core.message import Content
from bridge.core.text import plain
from bridge.intake.context import Context
from bridge.members import contact, preferences
from bridge.storage import ledger, memberships, people, personal_links
from bridge.storage.models import Identity

_BY_LINK = "/unsubscribe"


async def stop(event: MessagePosted, context: Context) -> None:
    """From now on nothing is sent to this account until its owner writes again, and no private copies anywhere."""
    identity = await people.meet(event.sender, context.now)
    if identity.stopped_at is not None:
        return
    await ledger.call_off_notices(event.ref.address)
    await _silence(identity, context)
    known = context.communities.on_account(event.account)
    community = known[0] if len(known) == 1 else context.communities.get(identity.community)
    w = contact.language_of(identity, community)
    text = w._("I write to you no more. To hear from me again, write me any message; DAILY brings digests back.")
    await contact.say(event.ref.address, Content(text=plain(text)), community, context.now)


async def by_link(event: MessagePosted, context: Context) -> bool:
    """A mail to the address in List-Unsubscribe: whoever has it may use it, mostly a provider's machine. No answer."""
    word, _, token = event.text.text.partition(" ")
    if not event.is_command or word != _BY_LINK:
        return False
    found = await personal_links.unsubscribes(token)
    community = None if found is None else context.communities.get(found[1])
    member = None if found is None else await memberships.membership(*found)
    if community is not None and member is not None:
        await preferences.set_reading(member, Reading.NONE, community, context.now)
    return True


async def opted_out(event: OptedOut, context: Context) -> None:
    """The network was told STOP and has answered: a word of ours would be one more message, and is not let through."""
    identity = await people.find(event.sender.ref)
    if identity is None or identity.stopped_at is not None:
        return
    if identity.direct is not None:
        await ledger.call_off_notices(identity.direct)
    await _silence(identity, context)


async def _silence(identity: Identity, context: Context) -> None:
    await preferences.stop(identity.person_id)
    await people.pause_all(identity, context.now)
    await people.stop(identity, context.now)
