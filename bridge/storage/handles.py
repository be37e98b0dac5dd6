"""The unguessable names that buttons carry. They give no right: whoever presses is looked up at the press."""

import re
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime

from bridge.storage import lookup
from bridge.storage.models import Handle

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def handle(
    subject: str,
    subject_id: int,
    action: str,
    now: datetime,
    *,
    revision: int = 0,
    argument: str = "",
    in_address: bool = False,
) -> str:
    """The token of one action on one revision of one thing: 128 random bits, the same on every card.

    ``in_address``: in small letters, for some providers write the addresses of mail so.
    """
    known = await lookup.first(
        Handle, subject=subject, subject_id=subject_id, revision=revision, action=action, argument=argument
    )
    if known is not None:
        return known.token
    row = await Handle.create(
        token=secrets.token_hex(16) if in_address else secrets.token_urlsafe(16),
        subject=subject,
        subject_id=subject_id,
        revision=revision,
        action=action,
        argument=argument,
        created_at=now,
    )
    return row.token


async def several(
    subject: str, subject_id: int, wanted: Iterable[tuple[str, str]], now: datetime, *, revision: int = 0
) -> dict[tuple[str, str], str]:
    """The tokens of many actions, by (action, argument): asked for and made together: a card has a dozen."""
    keys = set(wanted)
    known = await lookup.rows(Handle, subject=subject, subject_id=subject_id, revision=revision)
    found = {(row.action, row.argument): row.token for row in known if (row.action, row.argument) in keys}
    made = [
        Handle(
            token=secrets.token_urlsafe(16),
            subject=subject,
            subject_id=subject_id,
            revision=revision,
            action=action,
            argument=argument,
            created_at=now,
        )
        for action, argument in sorted(keys - found.keys())
    ]
    if made:
        await Handle.bulk_create(made)
    return found | {(row.action, row.argument): row.token for row in made}


async def handle_by_token(token: str) -> Handle | None:
    """What a button stands for; None for whatever we never made."""
    return await lookup.first(Handle, token=token) if _TOKEN.fullmatch(token) else None


async def once(
    subject: str, subject_id: int, action: str, now: datetime, *, argument: str, again_after: datetime
) -> str | None:
    """A new token in place of an old one; None while the last one is younger than ``again_after``."""
    same = Handle.filter(subject=subject, subject_id=subject_id, revision=0, action=action, argument=argument)
    if await same.filter(created_at__gte=again_after).exists():
        return None
    await same.delete()
    return await handle(subject, subject_id, action, now, argument=argument)


async def made_since(subject: str, subject_id: int, since: datetime) -> int:
    """How many there are of one thing that were made since a moment."""
    return await Handle.filter(subject=subject, subject_id=subject_id, created_at__gte=since).count()


async def spend(token: str) -> bool:
    """A token that counts once is used; False where it is gone."""
    return bool(await Handle.filter(token=token).delete())


async def forget(subject: str, subject_ids: Collection[int]) -> None:
    """What these tokens stood for is no longer to be had."""
    if subject_ids:
        await Handle.filter(subject=subject, subject_id__in=list(subject_ids)).delete()


async def take(token: str, subject: str, subject_id: int, since: datetime) -> tuple[str, str] | None:
    """What a token that counts once stands for: action and argument. It is gone afterwards.

    None for one that was never made, is for something else, was used, or is older than ``since``.
    """
    found = await handle_by_token(token)
    if found is None or (found.subject, found.subject_id) != (subject, subject_id) or found.created_at < since:
        return None
    gone = await Handle.filter(token=token).delete()
    return (found.action, found.argument) if gone else None
