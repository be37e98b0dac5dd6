"""Letters that come back: when their reader is warned, and when nothing more is sent to an address.

A letter that comes back says little: mailboxes are full for a week, servers move. So failures are counted, fade with
time, and count once a day; whoever has enough of them is warned, by letter and wherever else they can be reached; and
only when what is sent after that comes back as well, it ends. An address that does not exist ends at once.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta

import structlog

from bridge.core.community import Community
from bridge.core.message import Content
from bridge.core.text import plain
from bridge.delivery import lettering
from bridge.intake.context import Context
from bridge.members import contact
from bridge.storage import handovers, people
from bridge.storage.models import Delivery, Identity
from bridge.storage.models_handover import Handover

log = structlog.get_logger()

ENOUGH = 2.0
"""Points at which somebody is warned: three days of "no", or five of "not now"."""
_HALVED = timedelta(days=14)
"""After which a failure counts half."""
_LOOKED_BACK = timedelta(days=28)
_NO, _NOT_NOW = 1.0, 0.5
_WARNING_COUNTS = timedelta(days=14)
"""What fails later than that after a warning begins anew."""


def score(failures: Collection[tuple[datetime, str]], now: datetime) -> float:
    """Points of an address: of each day the worst failure, halved with every two weeks.

    ``failures``: when, and the status of RFC 3463; 4.x.x says "not now", everything else "no".
    """
    worst: dict[date, float] = {}
    for at, code in failures:
        points = (_NOT_NOW if code.startswith("4.") else _NO) * 0.5 ** ((now - at) / _HALVED)
        worst[at.date()] = max(worst.get(at.date(), 0.0), points)
    return sum(worst.values())


async def came_back(row: Handover, delivery: Delivery, *, unknown: bool, context: Context) -> None:
    """A letter could not be delivered for good; ``unknown``: there is no such address."""
    identity = await people.written_to_in(delivery.address)
    if identity is None or identity.unreachable_at is not None:
        return
    community = context.communities.get(delivery.community)
    if unknown or _was_warned(identity, row, context.now):
        if await handovers.lose(delivery.address, context.now):
            log.warning("unreachable_from_now_on", account=identity.account)
            await _say_elsewhere(identity, community, context, lost=True)
        return
    since = max(context.now - _LOOKED_BACK, identity.counted_from or context.now - _LOOKED_BACK)
    failures = await handovers.failures_at(delivery.address, since)
    if score([(each.handed_at, each.code) for each in failures], context.now) < ENOUGH:
        return
    if identity.warned_at is not None and context.now - identity.warned_at < _WARNING_COUNTS:
        return  # what was sent before the warning comes back late
    await people.warn(identity, context.now)
    log.info("mailbox_warned", account=identity.account)
    if community is not None:
        w = contact.language_of(identity, community)
        text = w._(
            "Letters from {community} to this address have come back several times. If you can read this, answer it "
            "with any word: then they go on coming. If this letter comes back, too, I send no more.",
            community=community.name,
        )
        # An answer to it is an order that changes nothing, and no post.
        letter = replace(lettering.of_notice(community), answer="status")
        content = Content(text=plain(text), letter=letter)
        await contact.tell(identity, content, community, context.directory, context.now)
    await _say_elsewhere(identity, community, context, lost=False)


def _was_warned(identity: Identity, row: Handover, now: datetime) -> bool:
    """Was it sent after its reader was warned, not too long ago?"""
    warned = identity.warned_at
    return warned is not None and row.handed_at >= warned and now - warned < _WARNING_COUNTS


async def _say_elsewhere(identity: Identity, community: Community | None, context: Context, *, lost: bool) -> None:
    """On the first other account of the same person that can be written to."""
    for other in await people.identities(identity.person_id):
        if community is None or other.id == identity.id or not contact.reachable(other, context.directory):
            continue
        w = contact.language_of(other, community)
        text = (
            w._(
                "Letters from {community} to {address} come back, so I send none there any more. To get them again, "
                "write to me from that address. You can also read here: /settings",
                community=community.name,
                address=identity.user,
            )
            if lost
            else w._(
                "Letters from {community} to {address} come back. Is the mailbox full, or no longer yours? You can "
                "also read here: /settings",
                community=community.name,
                address=identity.user,
            )
        )
        if await contact.tell(other, Content(text=plain(text)), community, context.directory, context.now) is not None:
            return
