"""What programs of an earlier version left empty while they worked beside this one: each start fills it.

In a rolling upgrade the program that starts last finds none of them there any more.
"""

import json

import structlog

from bridge.storage.models import Identity, Profile
from bridge.storage.people import called

log = structlog.get_logger()


async def fill() -> None:
    """Every column that such a program does not know, and that would say nothing of its rows."""
    named = await Identity.filter(called="").exclude(name="").values_list("id", "name")
    for number, name in named:
        await Identity.filter(id=number, name=name).update(called=called(str(name)))
    for number, answers in await Profile.filter(called="").values_list("id", "answers"):
        if name := _answered(int(str(number)), str(answers)):
            await Profile.filter(id=number).update(called=called(name))


def _answered(number: int, answers: str) -> str:
    """The name in a profile's answers; none where nobody can tell: nothing that stands there keeps us from starting."""
    try:
        found = json.loads(answers)
    except (ValueError, RecursionError):
        found = None
    name = found.get("name", "") if isinstance(found, dict) else None
    if not isinstance(name, str):
        log.warning("profile_not_read", id=number)
        return ""
    return name.encode("utf-8", "replace").decode().replace("\0", "")
