"""Two persons become one, and what moderators see of what they ask for follows."""

from datetime import datetime

from bridge.core.states import ApplicationState
from bridge.moderation import applying
from bridge.storage import applications, people, persons
from bridge.storage.database import transaction


async def unite(keep: int, gone: int, now: datetime) -> None:
    """Make two persons one. What nobody needs to decide any more is withdrawn, and its cards say so.

    Raises ``persons.NotJoined``.
    """
    async with transaction():
        accounts = [*await people.identities(keep), *await people.identities(gone)]
        waiting = [
            row
            for account in accounts
            for row in await applications.of_account(account.id)
            if row.state == ApplicationState.OPEN
        ]
        await persons.merge(keep, gone, now)
        for row in waiting:
            after = await applications.application(row.id)
            if after is not None and after.state != ApplicationState.OPEN:
                await applying.refresh(after, now)
