"""STOP: honoured before anything else, for everything we send on our own account, and answered once."""

from bridge.core.events import MessagePosted, OptedOut
from bridge.core.message import Content
from bridge.core.text import plain
from bridge.intake.context import Context
from bridge.members import contact, preferences
from bridge.storage import ledger, people
from bridge.storage.models import Identity


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
