"""A ban outlives the person it was of, as they asked to be forgotten: their account is known again, and nothing else.

Kept is a fingerprint of the account, made with a secret of this installation: who reads the table learns no account
from it, and without the account in hand it leads to nobody.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

from bridge.core.states import MembershipState, MembershipStep
from bridge.storage import memberships
from bridge.storage.models import Identity, Meta
from bridge.storage.models_desk import Setting

_KEY = "barred:"


async def _key(account: str, user: str) -> str:
    installation = await Meta.get_or_none(key="installation")
    secret = "" if installation is None else installation.value
    return _KEY + hmac.new(f"barred:{secret}".encode(), f"{account}:{user}".encode(), hashlib.sha256).hexdigest()[:40]


async def remember(accounts: Iterable[Identity], community: str) -> None:
    """These accounts are of somebody who is banned, and will not be known any more."""
    for row in accounts:
        key = await _key(row.account, row.user)
        if not await Setting.filter(community=community, key=key).exists():
            await Setting.create(community=community, key=key)


async def recall(identity: Identity, now: datetime) -> None:
    """An account that was never seen, or was forgotten: is it banned somewhere?"""
    for row in await Setting.filter(key=await _key(identity.account, identity.user)):
        place = await memberships.membership(identity.person_id, row.community)
        if place is None:
            place = await memberships.enter(
                identity.person_id, row.community, MembershipState.APPLIED, now=now, via="post", by="program"
            )
        await memberships.step(place, MembershipStep.BAN, now=now, by="program")


async def among(addresses: Iterable[tuple[str, str]], community: str) -> set[tuple[str, str]]:
    """Those of (account, user) that are banned, though nobody is known under them."""
    kept = await Setting.filter(community=community, key__startswith=_KEY).values_list("key", flat=True)
    keys = {str(key) for key in kept}
    return {(account, user) for account, user in addresses if keys and await _key(account, user) in keys}


async def forgive(accounts: Iterable[Identity], community: str) -> None:
    """The ban is lifted."""
    for row in accounts:
        await Setting.filter(community=community, key=await _key(row.account, row.user)).delete()
