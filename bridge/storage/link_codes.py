"""Codes by which a person shows that two accounts are theirs. Kept as hashes only, for a quarter of an hour.

Eight digits can be typed on any telephone. They are few, so guesses are counted: five by an account, and for all
accounts together too few to be worth the trouble.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum

from bridge.core.ids import UserRef
from bridge.storage.counting import next_number
from bridge.storage.models import Counter, Identity, Meta
from bridge.storage.models_members import LinkCode

DIGITS = 8
LIFETIME = timedelta(minutes=15)
MOST_ATTEMPTS = 5
_MOST_GUESSES = 200
"""Of all accounts together, in one quarter of an hour."""
_MOST_ISSUED = 6
_MOST_SENT = 3
"""Codes that one person has sent to other accounts, or that one account is sent, in a day."""
_WINDOW = LIFETIME.total_seconds()
_COUNTERS = ("link-guess:", "link-guesses:", "link-issued:", "link-sent:", "link-to:")


class Failure(StrEnum):
    """Why a code links nothing."""

    UNKNOWN = "unknown"
    """It was never given, has been used, is too old, or is for another account: nobody is told which."""
    TOO_MANY = "too_many"
    SAME = "same"
    """Both accounts are one person already."""


def digits_of(said: str) -> str:
    """The code in what somebody typed: ``1234 5678``, in the digits of any script; empty where there is none."""
    found = "".join(str(int(char)) for char in said if char.isdecimal())
    other = [char for char in said if not char.isdecimal() and not char.isspace() and char not in "-."]
    return found if len(found) == DIGITS and not other else ""


async def _hash(code: str) -> str:
    """Slow on purpose, and different at every installation: who reads the table cannot try all numbers at once."""
    installation = await Meta.get_or_none(key="installation")
    salt = "" if installation is None else installation.value
    return hashlib.scrypt(code.encode(), salt=f"link:{salt}".encode(), n=2**13, r=8, p=1, dklen=24).hex()


async def issue(identity: Identity, now: datetime, *, to: UserRef | None = None) -> str | None:
    """A new code for the account that asks, in place of an earlier one; None where it has asked too often.

    ``to``: the account that it is sent to; None: it may come from any other.
    """
    hour = int(now.timestamp() // 3600)
    if await next_number(f"link-issued:{identity.id}:{hour}") > _MOST_ISSUED:
        return None
    account, user = ("", "") if to is None else (str(to.account), str(to.user))
    earlier = LinkCode.filter(identity_id=identity.id, account=account, user=user, used_at__isnull=True)
    await earlier.filter(expires_at__gt=now).update(expires_at=now)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    await LinkCode.create(
        hash=await _hash(code),
        identity_id=identity.id,
        account=account,
        user=user,
        expires_at=now + LIFETIME,
        created_at=now,
    )
    return code


async def may_send(person_id: int, to: UserRef, now: datetime) -> bool:
    """Is it still few enough messages that this person has sent to others, and that this account was sent?"""
    day = int(now.timestamp() // 86400)
    # The name of a counter says nothing about who was written to.
    target = hashlib.sha256(await _salted(str(to))).hexdigest()[:24]
    sent = await next_number(f"link-sent:{person_id}:{day}")
    received = await next_number(f"link-to:{target}:{day}")
    return sent <= _MOST_SENT and received <= _MOST_SENT


async def _salted(text: str) -> bytes:
    installation = await Meta.get_or_none(key="installation")
    return f"{'' if installation is None else installation.value}:{text}".encode()


async def redeem(identity: Identity, code: str, now: datetime) -> LinkCode | Failure:
    """Use a code that somebody typed on an account; returns its row, with the account that asked for it.

    Every guess counts, and takes the same time.
    """
    window = int(now.timestamp() // _WINDOW)
    own = await next_number(f"link-guess:{identity.id}:{window}")
    together = await next_number(f"link-guesses:{window}")
    if own > MOST_ATTEMPTS or together > _MOST_GUESSES:
        return Failure.TOO_MANY
    wanted = await _hash(code)
    found: LinkCode | None = None
    live = LinkCode.filter(used_at__isnull=True, expires_at__gt=now, attempts__lt=MOST_ATTEMPTS)
    for row in await live.select_related("identity__person"):
        if hmac.compare_digest(row.hash, wanted):
            found = row
    if found is None or not await _is_for(found, identity):
        sent = LinkCode.filter(account=identity.account, user=identity.user, used_at__isnull=True)
        for row in await sent:
            await LinkCode.filter(id=row.id).update(attempts=row.attempts + 1)
        return Failure.UNKNOWN
    if not found.account and found.identity.person_id == identity.person_id:
        return Failure.SAME
    if await LinkCode.filter(id=found.id, used_at__isnull=True).update(used_at=now) != 1:
        return Failure.UNKNOWN
    return found


async def _is_for(row: LinkCode, identity: Identity) -> bool:
    """May it be typed here? One that was sent somewhere: there, or by who had it sent."""
    if not row.account:
        return True
    return (row.account, row.user) == (identity.account, identity.user) or row.identity.person_id == identity.person_id


async def prune(now: datetime) -> None:
    """Nothing of a code stays once its time is over."""
    await LinkCode.filter(expires_at__lt=now - timedelta(hours=1)).delete()
    day, hour, window = (int(now.timestamp() // seconds) for seconds in (86400, 3600, _WINDOW))
    current = {"link-issued": hour, "link-sent": day, "link-to": day, "link-guess": window, "link-guesses": window}
    for prefix in _COUNTERS:
        for counter in await Counter.filter(name__startswith=prefix):
            kind, _, rest = counter.name.partition(":")
            if int(rest.rpartition(":")[2]) < current[kind]:
                await Counter.filter(name=counter.name).delete()
