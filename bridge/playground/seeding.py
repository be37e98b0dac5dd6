"""Profiles that the demo's people have given before the visitor comes: the first post arrives with a full card."""

from pathlib import Path

from bridge import app
from bridge.config import load
from bridge.core.clock import SystemClock
from bridge.core.events import Sender
from bridge.core.ids import AccountId, ChatId, UserId, UserRef
from bridge.playground import cast, invented
from bridge.storage import people, roster
from bridge.storage.database import transaction

_PROFILES = {
    cast.AMINA: (
        "Amina Okello",
        {
            "name": "Amina Okello",
            "role": "community health worker",
            "organisation": "Nyalenda Health Centre, Kisumu",
            "country": "KE",
            "interests": "maternal and newborn health, first aid, safe medicines",
        },
    ),
}
"""Daniel and the others have none yet: who posts as one of them meets the questions."""


async def seed(config: Path) -> None:
    """Enter the profiles into a new database; must be called while the bridge does not run."""
    loaded = load(config)
    path = loaded.sqlite_path
    if path is None or path.exists():
        return
    now = SystemClock().now()
    async with app.open_storage(loaded), transaction():
        for user, (name, answers) in _PROFILES.items():
            ref = UserRef(AccountId("telegram"), UserId(str(user)))
            identity = await people.meet(Sender(ref=ref, name=name, direct=ChatId(str(user))), now, privately=True)
            await people.save_profile(identity.person_id, answers, shown=True, now=now, community=cast.COMMUNITY_ID)
        await roster.take_in(invented.members(), cast.COMMUNITY_ID, verified={}, now=now)
