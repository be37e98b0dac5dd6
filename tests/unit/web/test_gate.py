"""Who is let in to the pages, when somebody asks for all that they can."""

import pytest

from bridge.web.gate import Gate, Link
from bridge.web.visitors import grouped, network_of


class Door:
    """A gate, a clock, and what the database was asked."""

    def __init__(self) -> None:
        self.now = 0.0
        self.gate = Gate(lambda: self.now)
        self.good = {"hifa/~amina", "hifa/~joseph"}
        self.looked_up: list[str] = []

    async def asks(self, address: str, link: str = "") -> bool:
        """Is it let in?"""

        async def opens() -> bool:
            self.looked_up.append(link)
            return link in self.good

        return not await self.gate.wait(grouped(address), Link(name=link, opens=opens) if link else None)

    async def hammers(self, *addresses: str, times: int = 3000) -> int:
        """How often it is let in."""
        return sum([await self.asks(addresses[n % len(addresses)]) for n in range(times)])


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("::ffff:198.51.100.7", "198.51.100.0/24"),
        ("2001:db8:2:3:4:5:6:7", "2001:db8:2::/48"),
        ("", ""),
        ("nonsense", "nonsense"),
    ],
)
def test_what_counts_as_one_network(address: str, network: str) -> None:
    assert network_of(grouped(address)) == network


@pytest.mark.parametrize(
    ("hostile", "elsewhere", "a_second"),
    [
        ([f"198.51.100.{n}" for n in range(256)], "198.51.101.1", 20),
        ([f"2001:db8:2:{n:x}::1" for n in range(600)], "2001:db8:3:1::1", 50),
    ],
)
async def test_a_network_that_asks_for_all_it_can_takes_nobody_elses_part(
    hostile: list[str], elsewhere: str, a_second: int
) -> None:
    door = Door()
    assert await door.hammers(*hostile) == 1000
    assert await door.asks(elsewhere)
    assert not await door.asks(hostile[-1])
    door.now += 1
    assert await door.hammers(*hostile) == a_second
    assert await door.asks(elsewhere)


async def test_whoever_has_a_link_reads_on_whatever_others_do() -> None:
    """In the hostile network itself, behind the very address, and when all of what everybody has is used up."""
    door = Door()
    everywhere = [f"198.51.{n}.{m}" for n in range(100) for m in range(2)]
    assert await door.hammers("198.51.100.1", times=500) == 240
    assert await door.asks("198.51.100.1", "hifa/~amina")
    assert await door.hammers(*everywhere, times=4000) == 2000 - 240
    assert not await door.asks("203.0.113.5")
    assert await door.asks("203.0.113.5", "hifa/~joseph")
    assert await door.asks("198.51.7.1", "hifa/~amina")
    assert not await door.asks("203.0.113.5", "hifa/~invented")


async def test_inventing_links_shuts_nobody_out_who_has_read_lately() -> None:
    door = Door()
    door.gate.opened("hifa/~amina")
    everywhere = [f"198.{n}.{m}.1" for n in range(20) for m in range(256)]
    for number, address in enumerate(everywhere * 2):
        await door.asks(address, f"hifa/~{number}")
    assert len(door.looked_up) <= 500
    assert await door.asks(everywhere[0], "hifa/~amina")
    door.now += 1
    assert await door.asks("203.0.113.5", "hifa/~joseph"), "and others are after a moment"


async def test_a_few_phones_take_nothing_from_a_mobile_providers_other_readers() -> None:
    """Each has a /64; all of a provider's phones may share a /48."""
    door, phones = Door(), [f"2001:db8:2:{n:x}::1" for n in range(12)]
    await door.hammers(*phones)
    for _ in range(60):
        door.now += 1
        await door.hammers(*phones, times=240)
        assert await door.asks("2001:db8:2:ffff::1")


@pytest.mark.parametrize("beside", ["198.51.100.1", "198.51.100.2", "203.0.113.5"])
async def test_whoever_invents_links_behind_a_members_address_does_not_keep_the_member_out(beside: str) -> None:
    """Phones of a whole network share an address, and after a restart nobody's link is remembered."""
    door, number = Door(), 0
    await door.hammers("198.51.100.1", times=500)
    for member in range(75):
        door.good.add(f"hifa/~{member:04}")
        for _ in range(80):
            number += 1
            door.now += 0.05
            await door.asks("198.51.100.1", f"hifa/~invented{number}")
        assert await door.asks(beside, f"hifa/~{member:04}")


async def test_the_database_is_asked_so_much_and_not_more() -> None:
    """However fast links are invented, at one address or everywhere."""
    door = Door()
    for addresses, most in ((["198.51.100.1"], 50), ([f"198.{n}.{m}.1" for n in range(20) for m in range(256)], 200)):
        for number in range(8000):
            await door.asks(addresses[number % len(addresses)], f"hifa/~invented{number}")
        before = len(door.looked_up)
        for number in range(8000):
            door.now += 1 / 8000
            await door.asks(addresses[number % len(addresses)], f"hifa/~again{number}")
        assert len(door.looked_up) - before <= most


async def test_good_links_cost_their_network_nothing() -> None:
    door = Door()
    await door.hammers("198.51.100.1", times=500)
    door.good |= {f"hifa/~{member}" for member in range(400)}
    assert all([await door.asks("198.51.100.1", f"hifa/~{member}") for member in range(400)])


async def test_a_link_that_is_passed_around_is_one_reader() -> None:
    door = Door()
    door.gate.opened("hifa/~amina")
    assert sum([await door.asks(f"198.51.{n}.1", "hifa/~amina") for n in range(250)]) == 240
    door.gate.closed("hifa/~amina")
    assert await door.asks("198.51.100.1", "hifa/~amina"), "as anybody is, who then finds no page"
