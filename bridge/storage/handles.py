"""The unguessable names that buttons carry. They give no right: whoever presses is looked up at the press."""

import re
import secrets
from datetime import datetime

from bridge.storage.models import Handle

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


async def handle(
    subject: str, subject_id: int, action: str, now: datetime, *, revision: int = 0, argument: str = ""
) -> str:
    """The token of one action on one revision of one thing: 128 random bits, the same on every card."""
    known = await Handle.get_or_none(
        subject=subject, subject_id=subject_id, revision=revision, action=action, argument=argument
    )
    if known is not None:
        return known.token
    row = await Handle.create(
        token=secrets.token_urlsafe(16),
        subject=subject,
        subject_id=subject_id,
        revision=revision,
        action=action,
        argument=argument,
        created_at=now,
    )
    return row.token


async def handle_by_token(token: str) -> Handle | None:
    """What a button stands for; None for whatever we never made."""
    return await Handle.get_or_none(token=token) if _TOKEN.fullmatch(token) else None
