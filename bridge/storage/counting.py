"""Running numbers. A number's row is locked by its own update until the caller's transaction ends."""

from tortoise.expressions import F

from bridge.storage import lookup
from bridge.storage.models import Counter


async def next_number(name: str) -> int:
    """The next of a running count, from 1."""
    if not await _raise(name):
        # Two may come here at once, for the very first number: one of them waits for the other, and then counts on.
        await Counter.bulk_create([Counter(name=name, value=0)], ignore_conflicts=True)
        await _raise(name)
    counter = await lookup.first(Counter, name=name)
    return 0 if counter is None else int(counter.value)


async def _raise(name: str) -> int:
    """In words of our own: every post is counted, and the mapper would look for its words each time."""
    connection = Counter._meta.db  # noqa: SLF001 - Tortoise's documented way from a model to its connection
    mark = "$1" if connection.capabilities.dialect == "postgres" else "?"
    statement = f'UPDATE "counter" SET "value" = "value" + 1 WHERE "name" = {mark}'  # noqa: S608 - a constant of ours
    return (await connection.execute_query(statement, [name]))[0]


async def next_would_be(name: str) -> int:
    """The number that ``next_number`` would give now."""
    counter = await Counter.get_or_none(name=name)
    return 1 if counter is None else int(counter.value) + 1


async def give_back(name: str, number: int) -> bool:
    """Let the next be this number again; False where a later one was given meanwhile."""
    return await Counter.filter(name=name, value=number).update(value=number - 1) == 1


async def lock(name: str) -> None:
    """Take turns: whoever comes second waits until the first one's transaction ends, and sees what it did."""
    if not await Counter.filter(name=name).update(value=F("value")):
        await Counter.bulk_create([Counter(name=name, value=0)], ignore_conflicts=True)
        await Counter.filter(name=name).update(value=F("value"))
