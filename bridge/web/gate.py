"""Who is let in to the pages: an address, a network and everybody together ask for so much, and not for more.

A network that asks for all it can takes nobody else's part, and whoever has a personal link is let in beside it. What a
link may ask for is counted by the link: phones of a whole network share an address, and one of them may be hostile.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bridge.web.visitors import Limit, network_of

_LINKS = 10_000
"""Links that opened something lately, and are let in without being looked up."""
_ONE = "everybody"


@dataclass(frozen=True, kw_only=True)
class Link:
    """What may be a personal link. ``opens`` asks the database whether it is one."""

    name: str
    opens: Callable[[], Awaitable[bool]]


class Gate:
    """Many times what readers ask for, at each door."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._address = Limit(burst=240, seconds=0.25, clock=clock)
        self._network = Limit(burst=1000, seconds=0.05, clock=clock)
        # A /48 of IPv6 may be a customer's, or hold all the phones of a mobile provider, each with a /64 of its own,
        # counted as an address. So it has more; not as much as everybody together, or a single customer had it all.
        self._wide_network = Limit(burst=1000, seconds=0.02, clock=clock)
        self._all = Limit(burst=2000, seconds=0.01, clock=clock)
        self._link = Limit(burst=240, seconds=0.25, clock=clock)
        self._links = Limit(burst=2000, seconds=0.01, clock=clock)
        # Links are looked up although all else is used up, and only those that open nothing are counted: who has a good
        # one shares the address with whoever invents some. All together are, so that the database is not kept busy.
        self._invented = Limit(burst=240, seconds=0.04, clock=clock)
        self._invented_in_network = Limit(burst=240, seconds=0.02, clock=clock)
        self._lookups = Limit(burst=500, seconds=0.01, clock=clock)
        self._opened: OrderedDict[str, None] = OrderedDict()

    async def wait(self, address: str, link: Link | None = None) -> int:
        """Seconds until whoever asks is let in; 0: now."""
        if link is not None and link.name in self._opened:
            return self._by_link(link.name)
        network = network_of(address)
        of_network = self._wide_network if ":" in network else self._network
        wait = _first_wait((self._address, address), (of_network, network), (self._all, _ONE))
        if not wait or link is None or not await self._opens(link, address, network):
            return wait
        self.opened(link.name)
        return self._by_link(link.name)

    async def _opens(self, link: Link, address: str, network: str) -> bool:
        """False as well where too many that open nothing came from there."""
        if not (self._invented.has_some(address) and self._invented_in_network.has_some(network)):
            return False
        if not self._lookups.takes(_ONE):
            return False
        if await link.opens():
            return True
        self._invented.takes(address)
        self._invented_in_network.takes(network)
        return False

    def opened(self, name: str) -> None:
        """It is a link that opens something."""
        self._opened[name] = None
        self._opened.move_to_end(name)
        if len(self._opened) > _LINKS:
            self._opened.popitem(last=False)

    def closed(self, name: str) -> None:
        """It opens nothing any more."""
        self._opened.pop(name, None)

    def _by_link(self, name: str) -> int:
        return _first_wait((self._link, name), (self._links, _ONE))


def _first_wait(*limits: tuple[Limit, str]) -> int:
    """One is taken of each in turn; the seconds to wait where one has none left, and then none of those behind it."""
    for limit, whose in limits:
        if not limit.takes(whose):
            return limit.wait
    return 0
