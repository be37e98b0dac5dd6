"""Private copies are planned many at a time; ``ledger`` offers this, too."""

from collections.abc import Sequence
from datetime import datetime

from bridge.core.ids import Address
from bridge.storage.bells import delivery_bell
from bridge.storage.ledger_reads import CAN_WAIT, COPY
from bridge.storage.ledger_steps import LIFETIME
from bridge.storage.models import Delivery


def copy_row(
    *, address: Address, now: datetime, content: str, community: str, post_id: int, person_id: int
) -> Delivery:
    """A copy of one message, not written yet. ``content``: as ``codec.CONTENT`` dumps it."""
    return Delivery(
        kind=COPY,
        community=community,
        post_id=post_id,
        person_id=person_id,
        account=address.account,
        chat=address.chat,
        view=CAN_WAIT,
        due_at=now,
        expires_at=now + LIFETIME,
        content=content,
        planned_at=now,
    )


async def plan_copies(rows: Sequence[Delivery]) -> None:
    """Write rows in their order, inside the caller's transaction."""
    if rows:
        await Delivery.bulk_create(rows)
        delivery_bell.ring_after_commit()
