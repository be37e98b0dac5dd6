"""Messages that say of themselves that a program sent them, such as Matrix notices: people can send those, too.

In a group where nothing stands unread, a member's notice must not be the way around the moderators. Who is known to
have written here as people do is taken for a person; all others are the bots that they say they are, and stay unheard.
"""

from dataclasses import replace

from bridge.core.community import Communities, Intake
from bridge.core.events import ChatKind, InboundEvent, MessagePosted
from bridge.storage import inbox, ledger, people


async def as_written(event: InboundEvent, communities: Communities) -> InboundEvent:
    """The event, as a member's where a member wrote it.

    What is said to a message of ours may be another program's answer to it, and answering that is how loops begin.
    """
    if not isinstance(event, MessagePosted) or not event.sender.says_bot or event.chat_kind is ChatKind.PRIVATE:
        return event
    found = communities.of_group(await inbox.origin(event.ref.address))
    if found is None or found[1].intake is not Intake.HOLD or event.sender.ref in found[0].allowed_bots:
        return event
    if await people.find(event.sender.ref) is None:
        return event
    if event.reply_to is not None and await ledger.find_by_ref(event.reply_to) is not None:
        return event
    return replace(event, sender=replace(event.sender, bot=False), is_command=False)
