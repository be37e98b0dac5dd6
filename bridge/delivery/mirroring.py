"""What readers of one group react with is shown in the others, where the community wants that: once, and quietly."""

from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.core.ports import CanReact
from bridge.core.states import DeliveryState
from bridge.delivery.directory import Directory
from bridge.storage import codec, echoes, ledger
from bridge.storage.models import Delivery

PAUSE = timedelta(seconds=60)
"""Reactions come in swarms: they are carried together."""
_MOST = 3
"""Different reactions that our account places on one message; the adapter takes the first that its platform knows."""


async def plan(post_id: int, community: Community, directory: Directory, now: datetime) -> None:
    """Let every message of the post show, soon, what readers elsewhere react with."""
    if not community.policy.mirror_reactions:
        return
    for row in await ledger.of_post(post_id):
        if row.operation != ledger.SEND or row.part != 1 or row.state != DeliveryState.DELIVERED:
            continue
        adapter: object = directory.adapter(row.account)
        capabilities = directory.capabilities(row.address)
        if capabilities is None or not capabilities.places_reactions or not isinstance(adapter, CanReact):
            continue
        if not await ledger.reaction_waits(row):
            await ledger.plan(
                kind=ledger.REACTION,
                address=row.address,
                now=now,
                operation=ledger.REACT,
                community=community.id,
                post_id=post_id,
                view=ledger.CAN_WAIT,
                target=row,
                due_at=now + PAUSE,
            )


async def compose(row: Delivery, directory: Directory) -> ledger.Frozen | None:
    """What our account reacts with by now; None where that is what it did last."""
    capabilities = directory.capabilities(row.address)
    if row.post_id is None or capabilities is None:
        return None
    target = None if row.target_id is None else await Delivery.get_or_none(id=row.target_id)
    if target is None or target.ref is None:
        return None
    found = await echoes.elsewhere(row.post_id, target.ref.address)
    payload = codec.dump_object({"emojis": [emoji for emoji, _ in found[:_MOST]]})
    before = await ledger.last_reaction(target)
    if payload == (before or codec.dump_object({"emojis": []})):
        return None
    return ledger.Frozen(payload=payload, content="")
