"""Profiles that the demo's people have given before the visitor comes: the first post arrives with a full card."""

from pathlib import Path

from bridge import app
from bridge.config import load
from bridge.core.clock import SystemClock
from bridge.core.events import Sender
from bridge.core.ids import AccountId, ChatId, UserId, UserRef
from bridge.core.membership import Reading
from bridge.core.roster import NewMember
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


_READERS = (
    NewMember(
        line=1,
        addresses=(("mail", cast.ESTHER_ADDRESS),),
        name="Esther Banda",
        answers={
            "name": "Esther Banda",
            "role": "midwifery tutor",
            "organisation": "Lusaka College of Nursing",
            "country": "ZM",
        },
        shown=True,
        language="en",
        reading=Reading.IMMEDIATE,
    ),
    NewMember(
        line=2,
        addresses=(("sms", cast.JOSEPH_NUMBER),),
        name="Joseph Kamau",
        answers={
            "name": "Joseph Kamau",
            "role": "village health volunteer",
            "organisation": "Ahero dispensary",
            "country": "KE",
        },
        shown=True,
        language="en",
        reading=Reading.IMMEDIATE,
    ),
)
"""Those who read by mail and by SMS: each post comes to them as it is published, by SMS as a headline."""


async def seed(config: Path, note: Path) -> None:
    """Enter the profiles into a new database; must be called while the bridge does not run.

    ``note`` is a file that says that the readers were entered: earlier demos had none.
    """
    loaded = load(config)
    is_new, is_noted = _found(loaded.sqlite_path, note)
    if not is_new and is_noted:
        return
    now = SystemClock().now()
    async with app.open_storage(loaded), transaction():
        if is_new:
            for user, (name, answers) in _PROFILES.items():
                ref = UserRef(AccountId("telegram"), UserId(str(user)))
                identity = await people.meet(Sender(ref=ref, name=name, direct=ChatId(str(user))), now, privately=True)
                await people.save_profile(identity.person_id, answers, shown=True, now=now, community=cast.COMMUNITY_ID)
            await roster.take_in(invented.members(), cast.COMMUNITY_ID, verified={}, now=now)
        await roster.take_in(_READERS, cast.COMMUNITY_ID, verified={"mail": "claimed", "sms": "claimed"}, now=now)
    _leave(note)


def _found(database: Path | None, note: Path) -> tuple[bool, bool]:
    return database is not None and not database.exists(), note.exists()


def _leave(note: Path) -> None:
    note.touch(mode=0o600)
