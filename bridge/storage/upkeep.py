"""Keeping the database small: what is done and no longer needed is removed after its time."""

from datetime import datetime, timedelta

from bridge.core.states import InboxState
from bridge.storage import people
from bridge.storage.database import transaction
from bridge.storage.models import Inbox

RAW_RETENTION = timedelta(days=14)
"""How long what a platform sent us word for word is kept after it was handled."""


async def prune(now: datetime) -> None:
    """Empty the raw payloads of handled events; the rows stay, so that a repeated event is still recognised.

    Messages that wait for their sender's choice of a community stay whole.
    """
    async with transaction():
        await (
            Inbox.filter(state=InboxState.DONE, received_at__lt=now - RAW_RETENTION)
            .exclude(raw_json="")
            .exclude(id__in=await people.waiting_events() or [0])
            .update(raw_json="", event="{}")
        )
