"""Groups that were connected from inside a chat, or that somebody asked to connect."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bridge.core.community import Group, Intake
from bridge.core.ids import Address, CommunityId
from bridge.core.states import LINK, DeliveryState, DeliveryStep, LinkState, LinkStep
from bridge.core.when import Hours
from bridge.storage.ledger_reads import POST, SEND
from bridge.storage.ledger_steps import advance, cancel_dependants
from bridge.storage.models import Delivery, Identity
from bridge.storage.models_members import BridgedGroup

WANTED = (LinkState.ASKED, LinkState.LINKED)
_BAD = (DeliveryState.REFUSED, DeliveryState.UNCERTAIN)


async def of_chat(chat: Address) -> list[BridgedGroup]:
    """What is known of a chat, in each community. ``chat``: as it was named when it was asked for."""
    return await BridgedGroup.filter(account=chat.account, chat=chat.chat).order_by("id")


async def locked(chat: Address) -> list[BridgedGroup]:
    """The same, locked until the caller's transaction ends: of two communities at once one comes after the other."""
    return await BridgedGroup.filter(account=chat.account, chat=chat.chat).order_by("id").select_for_update()


async def by_id(group_id: int | None) -> BridgedGroup | None:
    return None if group_id is None else await BridgedGroup.get_or_none(id=group_id)


async def ask(community: str, chat: Address, identity: Identity, now: datetime, **values: Any) -> BridgedGroup | None:
    """Somebody asks for a chat to be connected; None where it is connected, or asked for already."""
    row = await BridgedGroup.get_or_none(account=chat.account, chat=chat.chat, community=community)
    values |= {"identity_id": identity.id}
    if row is None:
        return await BridgedGroup.create(
            community=community, account=chat.account, chat=chat.chat, created_at=now, changed_at=now, **values
        )
    return row if await step(row, LinkStep.ASK, now, by="", **values) else None


async def step(row: BridgedGroup, taken: LinkStep, now: datetime, *, by: str, **values: Any) -> bool:
    """One conditional change of state; False where it is no longer in a state that allows it."""
    values |= {"state": LINK.target(taken), "changed_at": now, "decided_by": by}
    changed = await BridgedGroup.filter(id=row.id, state__in=LINK.sources(taken)).update(**values)
    if changed == 1:
        row.update_from_dict(values)
    return changed == 1


async def describe(row: BridgedGroup, **values: Any) -> bool:
    """Change what is known or wanted of it (title, size, intake, language), while it is connected or asked for."""
    if await BridgedGroup.filter(id=row.id, state__in=list(WANTED)).update(**values) != 1:
        return False
    row.update_from_dict(values)
    return True


def as_group(row: BridgedGroup) -> Group:
    """As the rooms know groups."""
    return Group(
        chat=row.address,
        intake=Intake(row.intake),
        language=row.language,
        quiet=Hours.parse(row.quiet) if row.quiet else None,
        zone=ZoneInfo(row.zone) if row.zone else None,
    )


async def linked() -> dict[CommunityId, list[Group]]:
    """All that are connected, by community, the oldest first."""
    found: dict[CommunityId, list[Group]] = {}
    for row in await BridgedGroup.filter(state=LinkState.LINKED).order_by("id"):
        found.setdefault(CommunityId(row.community), []).append(as_group(row))
    return found


async def wanted() -> list[BridgedGroup]:
    """All that are connected or asked for."""
    return await BridgedGroup.filter(state__in=list(WANTED)).order_by("id")


async def everything() -> list[BridgedGroup]:
    """Also those that were refused or disconnected."""
    return await BridgedGroup.all().order_by("community", "id")


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """What the ledger tells of a chat."""

    last: datetime | None
    """When a post last arrived there."""
    trouble: Delivery | None
    """A post that did not, and none has since."""


async def arrivals(chat: Address) -> Arrivals:
    """``chat``: where it lives now."""
    rows = Delivery.filter(kind=POST, operation=SEND, account=chat.account, chat=chat.chat)
    last = await rows.filter(state=DeliveryState.DELIVERED, done_at__isnull=False).order_by("-id").first()
    bad = await rows.filter(state__in=list(_BAD)).order_by("-id").first()
    settled = bad is None or (last is not None and last.id > bad.id)
    return Arrivals(last=None if last is None else last.done_at, trouble=None if settled else bad)


async def call_off(community: str, chat: Address) -> Sequence[int]:
    """Posts that are still to go to a chat do not go there; returns the ids of those posts.

    What may have been sent already is left alone: it must be possible to find and remove it.
    """
    rows = Delivery.filter(
        kind=POST,
        operation=SEND,
        community=community,
        account=chat.account,
        chat=chat.chat,
        state=DeliveryState.PLANNED,
        doubted=False,
    )
    posts: list[int] = []
    for row in await rows.order_by("id"):
        if await advance(row, DeliveryStep.CANCEL):
            await cancel_dependants([row.id])
            posts += [] if row.post_id is None else [row.post_id]
    return list(dict.fromkeys(posts))
