"""The archive of published posts as the rooms see it: who may read it, and where a post stands there."""

from dataclasses import dataclass
from enum import StrEnum

RESERVED = frozenset({"u", "healthz", "readyz", "metrics", "webhook", "sms"})
"""What the web server has at the addresses where communities' archives begin."""


class ArchivePolicy(StrEnum):
    """Who may read a community's archive."""

    OFF = "off"
    """Nobody: there is none."""
    MEMBERS = "members"
    """Whoever has a member's own link, which the member can take back."""
    PUBLIC = "public"
    """Everybody, and search engines."""


@dataclass(frozen=True, kw_only=True)
class Archive:
    """One community's archive. Nothing stands anywhere before its operator says so."""

    policy: ArchivePolicy = ArchivePolicy.OFF
    address: str = ""
    """Of its first page, without a slash at its end; empty where nothing outside reaches us."""

    @property
    def is_reachable(self) -> bool:
        return self.policy is not ArchivePolicy.OFF and bool(self.address)


def archive_address(archive: Archive, key: str = "") -> str | None:
    """Where a reader finds the archive; ``key``: of the member's own link, without which a members' one has no address.

    None where there is nothing to point to.
    """
    if not archive.is_reachable:
        return None
    if archive.policy is ArchivePolicy.PUBLIC:
        return archive.address
    return f"{archive.address}/~{key}/" if key else None


def post_address(archive: Archive, number: int, key: str = "", *, everywhere: bool = True) -> str | None:
    """Where a reader finds a published post, or None.

    ``everywhere``: was it sent to all groups? What moderators chose groups for is not shown to the whole world.
    """
    if not everywhere and archive.policy is ArchivePolicy.PUBLIC:
        return None
    address = archive_address(archive, key)
    return None if address is None else f"{address.rstrip('/')}/{number}"


def unsubscribe_address(public_url: str, token: str) -> str | None:
    """What a mail's List-Unsubscribe points to; None where nothing outside reaches us."""
    return f"{public_url}/u/{token}" if public_url and token else None


__all__ = ["RESERVED", "Archive", "ArchivePolicy", "archive_address", "post_address", "unsubscribe_address"]
