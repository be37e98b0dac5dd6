"""Unguessable links that are a member's own, and say nothing about them: to read the archive, to unsubscribe."""

import hmac
import re
import secrets
from collections.abc import Collection
from datetime import datetime

from bridge.core.states import MembershipState
from bridge.storage.models import Person
from bridge.storage.models_archive import PersonalLink
from bridge.storage.models_members import Membership

ARCHIVE, UNSUBSCRIBE = "archive", "unsubscribe"
_SELECTOR = 12
"""Characters by which a token is found; the others (128 bits) are compared in constant time."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{34}")


async def unsubscribe_token(person_id: int, community: str, now: datetime) -> str:
    """What stands in a mail's List-Unsubscribe: always the same for a person in a community."""
    return await _known(person_id, community, UNSUBSCRIBE) or await _new(person_id, community, UNSUBSCRIBE, now)


async def unsubscribe_tokens(readers: Collection[tuple[int, str]], now: datetime) -> dict[tuple[int, str], str]:
    """The same for many at once, by (person, community); inside the caller's transaction."""
    wanted = dict.fromkeys(readers)
    rows = PersonalLink.filter(
        person_id__in=list({person_id for person_id, _ in wanted}) or [0],
        community__in=list({community for _, community in wanted}),
        purpose=UNSUBSCRIBE,
    )
    found: dict[tuple[int, str], str] = {}
    for row in await rows.order_by("id"):
        found.setdefault((row.person_id, row.community), row.selector + row.secret)
    new = [_made(*reader, UNSUBSCRIBE, now) for reader in wanted if reader not in found]
    if new:
        await PersonalLink.bulk_create(new)
    found |= {(row.person_id, row.community): row.selector + row.secret for row in new}
    return {reader: found[reader] for reader in wanted}


async def archive_key(person_id: int, community: str, now: datetime) -> str:
    """What a member's own address of the archive is made with: the same until they take it back."""
    return await _known(person_id, community, ARCHIVE) or await _new(person_id, community, ARCHIVE, now)


async def known_archive_key(person_id: int, community: str) -> str:
    """The same, empty where they never asked for one or took it back."""
    return await _known(person_id, community, ARCHIVE)


async def known_archive_keys(readers: Collection[tuple[int, str]]) -> dict[tuple[int, str], str]:
    """The same for many at once, by (person, community); without those that have none."""
    wanted = set(readers)
    rows = PersonalLink.filter(
        person_id__in=list({person_id for person_id, _ in wanted}) or [0],
        community__in=list({community for _, community in wanted}),
        purpose=ARCHIVE,
    )
    found: dict[tuple[int, str], str] = {}
    for row in await rows.order_by("id"):
        if (row.person_id, row.community) in wanted:
            found.setdefault((row.person_id, row.community), row.selector + row.secret)
    return found


async def revoke_archive_keys(person_id: int, community: str) -> bool:
    """From now on no earlier link opens the archive; False where there was none."""
    return await PersonalLink.filter(person_id=person_id, community=community, purpose=ARCHIVE).delete() > 0


async def opens(token: str, community: str) -> bool:
    """Does a link open a community's archive? Only while its owner is a member."""
    link = await _owner(token, ARCHIVE)
    if link is None or link.community != community:
        return False
    return await Membership.filter(person_id=link.person_id, community=community, state=MembershipState.MEMBER).exists()


async def unsubscribes(token: str) -> tuple[int, str] | None:
    """(person, community) whose link to unsubscribe it is; None for whatever we never made."""
    link = await _owner(token, UNSUBSCRIBE)
    if link is None or not await Person.filter(id=link.person_id, erased_at__isnull=True).exists():
        return None
    return link.person_id, link.community


async def _known(person_id: int, community: str, purpose: str) -> str:
    row = await PersonalLink.filter(person_id=person_id, community=community, purpose=purpose).order_by("id").first()
    return "" if row is None else row.selector + row.secret


async def _new(person_id: int, community: str, purpose: str, now: datetime) -> str:
    row = _made(person_id, community, purpose, now)
    await row.save()
    return row.selector + row.secret


def _made(person_id: int, community: str, purpose: str, now: datetime) -> PersonalLink:
    return PersonalLink(
        selector=secrets.token_urlsafe(9),
        secret=secrets.token_urlsafe(16),
        purpose=purpose,
        person_id=person_id,
        community=community,
        created_at=now,
    )


async def _owner(token: str, purpose: str) -> PersonalLink | None:
    if not _TOKEN.fullmatch(token):
        return None
    row = await PersonalLink.get_or_none(selector=token[:_SELECTOR])
    secret = "" if row is None else row.secret
    if not hmac.compare_digest(secret.encode(), token[_SELECTOR:].encode()) or row is None:
        return None
    return row if row.purpose == purpose else None


__all__ = [
    "archive_key",
    "known_archive_key",
    "known_archive_keys",
    "opens",
    "revoke_archive_keys",
    "unsubscribe_token",
    "unsubscribe_tokens",
    "unsubscribes",
]
