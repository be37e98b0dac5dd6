"""The addresses of a domain: a community's own, those that are orders, and those that bounces come back to. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bridge.core.ids import ChatId, CommunityId

_KEY = re.compile(r"[0-9a-f]{32}")
_ONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
# RFC 5321, section 4.5.3.1: 64 octets before the @, 254 in all that fit into a path.
_ADDRESS = re.compile(r"[^\s<>()\[\],;:@\"\\\x00-\x20\x7f]{1,64}@[^\s<>()\[\],;:@\"\\\x00-\x20\x7f]{1,190}")


class Meaning(StrEnum):
    POST = "post"
    COMMAND = "command"
    BOUNCE = "bounce"


COMMANDS: Mapping[str, str] = {
    "immediate": "/settings reading immediate",
    "single": "/settings reading immediate",
    "daily": "/settings reading daily",
    "dailydigest": "/settings reading daily",
    "digest": "/settings reading daily",
    "weekly": "/settings reading weekly",
    "weeklydigest": "/settings reading weekly",
    "monthly": "/settings reading monthly",
    "monthlydigest": "/settings reading monthly",
    "nomail": "/settings reading none",
    "mail": "/settings reading immediate",
    "join": "/join",
    "subscribe": "/join",
    "leave": "/leave",
    "unsubscribe": "/leave",
    "help": "/help",
    "info": "/help",
    "settings": "/settings",
    "profile": "/profile",
    "status": "/status",
    "away": "/away",
    "back": "/back",
    "admin": "/admin",
    "owner": "/admin",
}
"""What stands before or behind a community's address, and the order that it is: ``hifa+daily@``, ``daily.hifa@``."""
MODERATE = "/moderate"
"""Answers to the letter of a held post, at an address that it alone named: ``hifa+m-TOKEN@``."""
WITH_WORDS = frozenset({"/admin", "/profile", "/away", MODERATE})
"""Orders that what is written belongs to."""
LEAVE_BY_TOKEN = "/unsubscribe"  # noqa: S105 - the name of an order


@dataclass(frozen=True, kw_only=True)
class Destination:
    """What mail to one of our addresses is meant as."""

    meaning: Meaning
    community: CommunityId
    command: str = ""
    key: str = ""
    """Of the delivery that a bounce is about; empty where the address does not say."""


class Domain:
    """The addresses of one account."""

    def __init__(self, domain: str, inboxes: Mapping[CommunityId, tuple[str, ChatId]]) -> None:
        self.name = domain.lower()
        self._names = {community: name for community, (name, _) in inboxes.items()}
        self._locals = {community: local_part(chat) for community, (_, chat) in inboxes.items()}
        self._communities = {local: community for community, local in self._locals.items()}

    @property
    def communities(self) -> Mapping[CommunityId, str]:
        """The part before the @ of each."""
        return self._locals

    def local_of(self, community: str) -> str:
        """The part before the @; that of the first community where a message belongs to none or another."""
        known = self._locals.get(CommunityId(community))
        return known or next(iter(self._communities), "baraza")

    def name_of(self, community: str) -> str:
        return self._names.get(CommunityId(community)) or next(iter(self._names.values()), "")

    def address_of(self, community: str, suffix: str = "") -> str:
        return f"{self.local_of(community)}{'+' if suffix else ''}{suffix}@{self.name}"

    def envelope_sender(self, community: str, key: str) -> str:
        """Where bounces of one delivery come back to."""
        return self.address_of(community, f"b-{key}")

    def destination(self, address: str) -> Destination | None:
        """What mail to this address is; None where there is no such address."""
        written, _, domain = address.strip().strip("<>").rpartition("@")
        local = written.lower()
        if domain.lower().rstrip(".") != self.name or not local:
            return None
        if local in ("help", "info") and self._communities:
            return Destination(
                meaning=Meaning.COMMAND, community=next(iter(self._communities.values())), command="/help"
            )
        base, _, suffix = local.partition("+")
        if base in self._communities:
            return self._suffixed(self._communities[base], suffix, written.partition("+")[2])
        for word, _, rest in _prefixes(base):
            if rest in self._communities and word in COMMANDS and not suffix:
                community = self._communities[rest]
                return Destination(meaning=Meaning.COMMAND, community=community, command=COMMANDS[word])
        stem, dash, last = base.rpartition("-")
        if dash and stem in self._communities and not suffix and last in ("bounces", "owner", "admin", "request"):
            meaning = Meaning.BOUNCE if last == "bounces" else Meaning.COMMAND
            command = {"bounces": "", "request": "/help"}.get(last, "/admin")
            return Destination(meaning=meaning, community=self._communities[stem], command=command)
        return None

    @staticmethod
    def _suffixed(community: CommunityId, suffix: str, written: str) -> Destination | None:
        if not suffix:
            return Destination(meaning=Meaning.POST, community=community)
        if suffix.startswith("b-"):
            key = suffix.removeprefix("b-")
            known = key if _KEY.fullmatch(key) else ""
            return Destination(meaning=Meaning.BOUNCE, community=community, key=known)
        if suffix.startswith("u-") and _TOKEN.fullmatch(written[2:]):
            command = f"{LEAVE_BY_TOKEN} {written[2:]}"
            return Destination(meaning=Meaning.COMMAND, community=community, command=command)
        if suffix.startswith("m-") and _ONCE.fullmatch(written[2:]):
            return Destination(meaning=Meaning.COMMAND, community=community, command=f"{MODERATE} {written[2:]}")
        if suffix in COMMANDS:
            return Destination(meaning=Meaning.COMMAND, community=community, command=COMMANDS[suffix])
        return None


def _prefixes(base: str) -> list[tuple[str, str, str]]:
    return [base.partition(".")] if "." in base else []


def local_part(chat: str) -> str:
    """``hifa`` of ``hifa`` or ``hifa@lists.example.org``."""
    return chat.partition("@")[0].lower()


def normal(address: str) -> str:
    """An address as we know people by: in small letters. Empty for what is none."""
    stripped = address.strip().strip("<>").strip()
    return stripped.lower() if _ADDRESS.fullmatch(stripped) and ".." not in stripped else ""


class Ids:
    """Message-IDs of ours: what they are made of can be read again."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain
        self._post = re.compile(rf"p(\d{{1,9}})(?:r\d+)?(?:-\d+)?\.([a-z0-9._-]{{1,64}})@{re.escape(domain.name)}")

    def of_post(self, number: int, community: str, *, version: int = 0, part: int = 1) -> str:
        revised = f"r{version}" if version else ""
        further = f"-{part}" if part > 1 else ""
        return f"p{number}{revised}{further}.{self._domain.local_of(community)}@{self._domain.name}"

    def of_delivery(self, key: str) -> str:
        return f"k{key}@{self._domain.name}"

    def is_ours(self, message_id: str) -> bool:
        return message_id.lower().endswith(f"@{self._domain.name}")

    def post_of(self, message_id: str) -> tuple[int, str] | None:
        """Number of a post, and the part before the @ of its community's address."""
        match = self._post.fullmatch(message_id.strip().strip("<>").lower())
        return None if match is None else (int(match[1]), match[2])


__all__ = [
    "COMMANDS",
    "LEAVE_BY_TOKEN",
    "MODERATE",
    "WITH_WORDS",
    "Destination",
    "Domain",
    "Ids",
    "Meaning",
    "local_part",
    "normal",
]
