"""What programs of an earlier version left empty while they worked beside this one: each start fills it.

In a rolling upgrade the program that starts last finds none of them there any more.
"""

from bridge.storage import codec
from bridge.storage.models import Identity, Profile
from bridge.storage.people import called


async def fill() -> None:
    """Every column that such a program does not know, and that would say nothing of its rows."""
    named = await Identity.filter(called="").exclude(name="").values_list("id", "name")
    for number, name in named:
        await Identity.filter(id=number, name=name).update(called=called(str(name)))
    for number, answers in await Profile.filter(called="").values_list("id", "answers"):
        if name := codec.load_object(answers).get("name", ""):
            await Profile.filter(id=number).update(called=called(name))
