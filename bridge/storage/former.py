"""What a message is called that was written before its chat moved."""

from bridge.core.ids import ChatId, RemoteRef
from bridge.storage.models import ChatAlias


async def formerly(ref: RemoteRef) -> list[RemoteRef]:
    """The same message in the places that the chat was before, the latest first.

    Where messages are numbered, each chat counts its own: the same number means another message there.
    """
    if ref.message.isdecimal():
        return []
    rows = ChatAlias.filter(account=ref.account, new=ref.chat).exclude(old=ref.chat).order_by("-id")
    return [RemoteRef(ref.account, ChatId(alias.old), ref.message) for alias in await rows]
