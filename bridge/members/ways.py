"""The ways into a community: a link for each account, or the words to write there."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bridge.core.community import Community
from bridge.core.ids import AccountId
from bridge.delivery.directory import Directory
from bridge.storage.invitations import shown


@dataclass(frozen=True, kw_only=True)
class Way:
    """One account on which somebody can join."""

    account: AccountId
    link: str = ""
    """Empty where the platform has no links."""
    address: str = ""
    """A mail address or telephone number that is written to; empty elsewhere."""
    words: str = ""
    """What must be written there; empty where the link says it."""


def ways(community: Community, directory: Directory, code: str = "") -> Sequence[Way]:
    """By account; ``code``: an invitation, where one is needed or wished."""
    chats = (*community.moderators, *(group.chat for group in community.groups))
    words = f"JOIN {shown(code) if code else community.id}"
    found: list[Way] = []
    for account in dict.fromkeys(chat.account for chat in chats):
        starts = directory.start_link(account, code or community.id)
        if starts:
            found.append(Way(account=account, link=starts))
        else:
            found.append(Way(account=account, link=directory.profile_link(account) or "", words=words))
    for account, address in directory.written_to(community.id):
        # Both kinds of links are what telephones know, also out of a QR code: RFC 6068 and RFC 5724.
        link = f"mailto:{address}?subject={quote(words)}" if "@" in address else f"sms:{address}?body={quote(words)}"
        found = [way for way in found if way.account != account]
        found.append(Way(account=account, link=link, address=address, words=words))
    return found
