"""Orders by mail whose sender nobody vouches for are carried out once a letter to that address was answered.

Whoever can answer it reads that mailbox: a forged "join" subscribes nobody, and a forged "leave" takes nobody away.
"""

import re
from collections.abc import Collection
from datetime import timedelta

from bridge.core.community import Community
from bridge.core.events import MessagePosted
from bridge.core.message import Content
from bridge.core.text import plain
from bridge.intake import profiling
from bridge.intake.context import Context
from bridge.members import contact
from bridge.storage import handles
from bridge.storage.models import Identity

HARMLESS = frozenset({"help", "start", "id", "status", "get", "more", "photo", "community"})
"""They change nothing, and tell nothing that the address may not know."""
ORDER = "order"
_LINE = re.compile(r"\bconfirm-([A-Za-z0-9_-]{20,30})(?![A-Za-z0-9_-])")
_SHORT = re.compile(r"[\w:+#-]{0,32}")
"""What is kept of an order until it is confirmed: never anybody's sentences."""
_LIFETIME, _DAY = timedelta(days=7), timedelta(days=1)
_MOST = 3
"""Letters that an address is sent in a day because of what others may have written."""


async def asks(
    name: str, argument: str, event: MessagePosted, identity: Identity, community: Community, context: Context
) -> bool:
    """Is a confirmation needed first? Then it was asked for, or too much was asked for already."""
    capabilities = context.directory.capabilities(event.ref.address)
    if not context.claimed or name in HARMLESS or capabilities is None or not capabilities.letters:
        return False
    day_ago = context.now - _DAY
    if await handles.made_since(ORDER, identity.id, day_ago) >= _MOST:
        return True
    w = contact.language_of(identity, community)
    if not _SHORT.fullmatch(argument):
        text = w._(
            "Your mail provider does not vouch for who sends your letters, so this could not be done. Please write it "
            "to a moderator, or use another way to {community}.",
            community=community.name,
        )
    else:
        token = await handles.once(ORDER, identity.id, name, context.now, argument=argument, again_after=day_ago)
        if token is None:
            return True
        text = w._(
            "Somebody, perhaps you, wrote to {community} from your address: {order}\n\n"
            "Nothing was done yet, because your mail provider does not vouch for the sender. If it was you, answer "
            "this letter and leave this line in it:\n\n{line}\n\nIf it was not you, there is nothing to do.",
            community=community.name,
            order=f"/{name} {argument}".strip(),
            line=f"confirm-{token}",
        )
    await profiling.say(event.ref.address, Content(text=plain(text)), community, context)
    return True


async def given(event: MessagePosted, identity: Identity, context: Context) -> tuple[str, str] | None:
    """The order that an answer confirms, which counts once: its name and argument. None for any other text."""
    for token in _tokens((event.text.text, event.cut)):
        found = await handles.take(token, ORDER, identity.id, context.now - _LIFETIME)
        if found is not None:
            return found
    return None


async def is_spent(event: MessagePosted, community: Community, identity: Identity, context: Context) -> bool:
    """Is it the line of such a letter and nothing else, which counts no more? Its sender is told: it is no post."""
    capabilities = context.directory.capabilities(event.ref.address)
    if capabilities is None or not capabilities.letters or not _LINE.fullmatch(event.text.text.strip()):
        return False
    w = contact.language_of(identity, community)
    text = w._("That line counts no more. Please write again what you want.")
    await profiling.say(event.ref.address, Content(text=plain(text)), community, context)
    return True


def _tokens(texts: Collection[str]) -> list[str]:
    return list(dict.fromkeys(token for text in texts for token in _LINE.findall(text)))[:5]
