"""What no single table of the config file can tell: the same thing twice, and nobody who could approve."""

from collections.abc import Callable, Iterator
from typing import Any

from bridge.config.problems import Loc, dotted
from bridge.config.sections import EXAMPLES
from bridge.core.archive import RESERVED, ArchivePolicy
from bridge.core.ids import Address, AddressError

Tell = Callable[[Loc, str, str], None]
"""Takes a place, what is wrong with it, and what to do."""


def across(tables: list[Any], problem: Tell) -> None:
    """What no single table can tell: the same id or chat twice, and nobody who could approve."""
    ids: dict[str, Loc] = {}
    groups: dict[Address, Loc] = {}
    rows = [(("communities", n), table) for n, table in enumerate(tables) if isinstance(table, dict)]
    for loc, table in rows:
        name = table.get("id")
        if isinstance(name, str) and ids.setdefault(name, loc) != loc:
            problem((*loc, "id"), f"is already the id of {dotted(ids[name])}", "choose another")
        who = ("moderator_ids", "senior_ids", "coordinator_ids")
        if not any(table.get(key) for key in who) and table.get("trust_channel") is not True:
            problem(
                (*loc, "moderator_ids"),
                "nobody could approve a post",
                f"write {EXAMPLES['communities.moderator_ids']}, or trust_channel = true to let everybody in the "
                "moderators' channel decide",
            )
        if name in RESERVED and table.get("archive", ArchivePolicy.OFF.value) != ArchivePolicy.OFF.value:
            problem(
                (*loc, "archive"),
                f'a community whose id is "{name}" can have no archive: its address is taken',
                'write archive = "off"',
            )
        _templates(table, loc, problem)
        for place, address in _addresses(table.get("groups"), (*loc, "groups")):
            if groups.setdefault(address, place) != place:
                problem(place, f"the same chat is {dotted(groups[address])} too", "leave one of them out")
    inboxes: dict[Address, Loc] = {}
    for loc, table in rows:
        accounts: dict[str, Loc] = {}
        for place, address in _addresses(table.get("inboxes"), (*loc, "inboxes")):
            first = accounts.setdefault(address.account, place)
            if first != place:
                problem(place, f"has an address on that account already, {dotted(first)}", "leave one out")
            taken = groups.get(address) or inboxes.setdefault(address, place)
            if taken != place:
                problem(place, f"the same address is {dotted(taken)} too", "leave one of them out")
    for loc, table in rows:
        for place, address in _addresses(table.get("moderators"), (*loc, "moderators")):
            if address in groups:
                problem(
                    place,
                    f"the same chat is a group, {dotted(groups[address])}",
                    "moderators need a private channel of their own",
                )


def _templates(table: dict[str, Any], loc: Loc, problem: Tell) -> None:
    """A ready wording is asked for by its id or its label: either may belong to one only."""
    for key in ("questions", "safeguarding_replies"):
        known: dict[str, Loc] = {}
        rows = table.get(key)
        for index, row in enumerate(rows if isinstance(rows, list) else ()):
            for name in ("id", "label"):
                said = row.get(name) if isinstance(row, dict) else None
                here: Loc = (*loc, key, index)
                if isinstance(said, str) and known.setdefault(said.strip().casefold(), here) != here:
                    place = (*here, name)
                    problem(place, f"is already taken by {dotted(known[said.strip().casefold()])}", "choose another")


def _addresses(rows: Any, loc: Loc) -> Iterator[tuple[Loc, Address]]:
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        text = row.get("chat") if isinstance(row, dict) else row
        place: Loc = (*loc, index, "chat") if isinstance(row, dict) else (*loc, index)
        try:
            yield place, Address.parse(str(text))
        except AddressError:
            continue
