"""Who asks: from which address, in which language, how often, and whether their data is dear."""

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import web

from bridge.rendering.words import catalogues

_KNOWN = 10_000
"""Addresses that are remembered: the one not seen for longest is forgotten first."""
_LATELY = 24 * 3600.0
"""Seconds for which it counts that somebody was let in."""
_HOPS = 20
_RANGE = re.compile(r"([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*|\*)(?:\s*;\s*q\s*=\s*([01](?:\.\d{0,3})?))?")
Networks = tuple[IPv4Network | IPv6Network, ...]


def networks(texts: Sequence[str]) -> Networks:
    return tuple(ip_network(text) for text in texts)


THIS_MACHINE = networks(("127.0.0.0/8", "::1/128"))
"""A proxy there is believed without being named: else all readers behind it would be one, who soon reads too much."""


def address_of(peer: str, forwarded: str, trusted: Networks) -> str:
    """Whose request it is: the last address that no proxy of ours gave.

    ``forwarded``: the X-Forwarded-For header, which anybody can write and which only counts from a proxy of ours.
    """
    return grouped(caller_of(peer, forwarded, trusted))


def forwarded(request: web.Request) -> str:
    """X-Forwarded-For in one line. Some proxies add a line of their own below the one that a stranger sent."""
    return ",".join(request.headers.getall("X-Forwarded-For", []))


def caller_of(peer: str, forwarded: str, trusted: Networks) -> str:
    """The same to the last digit."""
    found = peer
    for hop in reversed(forwarded[-1000:].split(",")[-_HOPS:]):
        if not _is_trusted(found, trusted):
            break
        candidate = hop.strip()
        if _parsed(candidate) is None:
            break
        found = candidate
    return found


def _parsed(text: str) -> object:
    try:
        return ip_address(text)
    except ValueError:
        return None


def _is_trusted(text: str, trusted: Networks) -> bool:
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in trusted)


def grouped(text: str) -> str:
    """One household or one phone has a whole /64 of IPv6."""
    try:
        address = ip_address(text)
    except ValueError:
        return text[:64]
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(ip_network((address, 64), strict=False))
    return str(address)


def network_of(text: str) -> str:
    """What one customer of a provider has at the most, of an address as ``grouped`` gives it: a /24, a /48 of IPv6."""
    try:
        found = ip_network(text)
    except ValueError:
        return text[:64]
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    if mapped is not None:
        return str(ip_network((mapped, 24), strict=False))
    return str(ip_network((found.network_address, 48 if isinstance(found, IPv6Network) else 24), strict=False))


class Limit:
    """So many at once, and then one in so many seconds, for each address."""

    def __init__(self, burst: int, seconds: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._seconds = seconds
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, address: str) -> bool:
        now = self._clock()
        left, at = self._left.pop(address, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) / self._seconds)
        taken = left >= 1
        self._left[address] = (left - 1 if taken else left, now)
        if len(self._left) > _KNOWN:
            self._left.popitem(last=False)
        return taken

    def has_some(self, address: str) -> bool:
        """Would another one be taken? Nothing is counted."""
        left, at = self._left.get(address, (float(self._burst), self._clock()))
        return left + (self._clock() - at) / self._seconds >= 1

    @property
    def wait(self) -> int:
        """Seconds until another one is taken."""
        return max(1, round(self._seconds))


class Strangers:
    """Calls that are not let in, for each address: so many at once, and then one in so many seconds.

    Where somebody was let in lately, nobody is shut out: whoever shares an address with a gateway, behind the same
    proxy or the same network's gate, could otherwise silence it with a handful of calls.
    """

    def __init__(self, burst: int, seconds: float, clock: Callable[[], float]) -> None:
        self._limit = Limit(burst, seconds, clock)
        self._clock = clock
        self._let_in: OrderedDict[str, float] = OrderedDict()

    def heard(self, address: str) -> bool:
        """Is one more call from there listened to?"""
        at = self._let_in.get(address)
        return (at is not None and self._clock() - at < _LATELY) or self._limit.has_some(address)

    def let_in(self, address: str) -> None:
        self._let_in[address] = self._clock()
        self._let_in.move_to_end(address)
        if len(self._let_in) > _KNOWN:
            self._let_in.popitem(last=False)

    def refused(self, address: str) -> None:
        self._limit.takes(address)

    @property
    def wait(self) -> int:
        """Seconds until another call is listened to."""
        return self._limit.wait


@lru_cache(maxsize=1)
def _spoken() -> dict[str, str]:
    return {tag.casefold(): tag for tag in catalogues()}


def language_of(accepted: str, fallback: str) -> str:
    """The language of ours that a reader likes best (Accept-Language), else their community's."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:500].split(",")[:20]):
        match = _RANGE.fullmatch(part.strip())
        if match is not None and match[1] != "*" and (quality := float(match[2] or 1)) > 0:
            wanted.append((-quality, place, match[1].casefold()))
    for _, _, tag in sorted(wanted):
        for candidate in (tag, tag.split("-")[0]):
            if candidate in _spoken():
                return _spoken()[candidate]
    return fallback


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """What a request says of who asks."""

    address: str
    accepts: str
    """Accept-Language."""
    gzip: bool
    saves_data: bool

    @classmethod
    def of(cls, peer: str, headers: Mapping[str, str], trusted: Networks, said: str = "") -> "Visitor":
        """``said``: by a proxy, of whom it asks for (``forwarded``)."""
        coding = headers.get("Accept-Encoding", "")[:500].casefold()
        zipped = re.search(r"\bgzip\b(?!\s*;\s*q\s*=\s*0(?:\.0*)?\s*(?:,|$))", coding) is not None
        return cls(
            address=address_of(peer, said, trusted),
            accepts=headers.get("Accept-Language", ""),
            gzip=zipped,
            saves_data=headers.get("Save-Data", "").strip().casefold() == "on",
        )


__all__ = [
    "THIS_MACHINE",
    "Limit",
    "Networks",
    "Strangers",
    "Visitor",
    "address_of",
    "caller_of",
    "forwarded",
    "grouped",
    "language_of",
    "network_of",
    "networks",
]
