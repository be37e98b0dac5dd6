"""Codes that let people into a community: made by moderators, used a limited number of times, ended at any time."""

import secrets
from datetime import datetime, timedelta

from tortoise.expressions import F, Q

from bridge.storage.models_members import Invitation

_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""What can be read aloud and typed without taking one for another: no I, O, 0 or 1."""
_HALF = 4


def plain(code: str) -> str:
    """A code as it is kept: ``7k3m-9q2x`` is 7K3M9Q2X."""
    return "".join(char for char in code.upper() if char.isalnum())


def shown(code: str) -> str:
    return f"{code[:_HALF]}-{code[_HALF:]}"


def is_code(text: str) -> bool:
    """May this be a code? Every code has a figure in it, so that no word is one."""
    bare = plain(text)
    apart = text.strip().upper().replace("-", "").replace(" ", "")
    return bare == apart and len(bare) == 2 * _HALF and set(bare) <= set(_SIGNS) and any(c.isdigit() for c in bare)


def _new_code() -> str:
    while True:
        code = "".join(secrets.choice(_SIGNS) for _ in range(2 * _HALF))
        if is_code(code):
            return code


async def create(
    *, community: str, by: str, now: datetime, most: int, lasts: timedelta | None, label: str = ""
) -> Invitation:
    """``most``: how many people may use it, 0 for any number."""
    return await Invitation.create(
        code=_new_code(),
        community=community,
        set_by=by,
        label=label,
        most=most,
        expires_at=None if lasts is None else now + lasts,
        created_at=now,
    )


def _good(now: datetime) -> Q:
    return Q(ended=False) & (Q(expires_at__isnull=True) | Q(expires_at__gt=now)) & (Q(most=0) | Q(used__lt=F("most")))


async def find(code: str) -> Invitation | None:
    """Whatever became of it."""
    return await Invitation.get_or_none(code=plain(code))


async def use(row: Invitation, now: datetime) -> bool:
    """Let one more person in with it; False where it lets nobody in any more."""
    return await Invitation.filter(_good(now), id=row.id).update(used=F("used") + 1) == 1


async def end(row: Invitation) -> bool:
    return await Invitation.filter(id=row.id, ended=False).update(ended=True) == 1


async def good_ones(community: str, now: datetime) -> list[Invitation]:
    """Those that let people in now, newest first."""
    return await Invitation.filter(_good(now), community=community).order_by("-id").limit(20)
