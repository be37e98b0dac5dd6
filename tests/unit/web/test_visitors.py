"""Who asks: the address that counts, the language, how often."""

import pytest

from bridge.web.visitors import Limit, Visitor, address_of, language_of, networks

TRUSTED = networks(("127.0.0.1", "10.0.0.0/8", "2001:db8:1::/48"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "counted"),
    [
        ("203.0.113.7", "", "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "192.0.2.1, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "192.0.2.1, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "198.51.100.1, unknown", "127.0.0.1"),
        ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("2001:db8:1::5", "2001:db8:2:3:4:5:6:7", "2001:db8:2:3::/64"),
        ("", "198.51.100.1", ""),
        ("127.0.0.1", ",".join(["10.0.0.1"] * 5000), "10.0.0.1"),
    ],
)
def test_whose_request_it_is(peer: str, forwarded: str, counted: str) -> None:
    assert address_of(peer, forwarded, TRUSTED) == counted


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert address_of("127.0.0.1", "198.51.100.1", ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "sw"),
        ("fr", "fr"),
        ("fr-CM;q=0.5, pt-BR;q=0.9", "pt"),
        ("de, ja;q=0.9", "sw"),
        ("en;q=0, fr;q=0.1", "fr"),
        ("*", "sw"),
        ("FR", "fr"),
        ("../../etc/passwd, fr", "fr"),
        ("a" * 100_000, "sw"),
        (",,,;;;q=9,\x00", "sw"),
    ],
)
def test_the_language_that_a_reader_likes_best(accepted: str, language: str) -> None:
    assert language_of(accepted, "sw") == language


def test_so_many_at_once_and_then_one_at_a_time() -> None:
    now = [0.0]
    limit = Limit(burst=3, seconds=2.0, clock=lambda: now[0])
    assert [limit.takes("a") for _ in range(4)] == [True, True, True, False]
    assert limit.takes("b")
    now[0] = 1.9
    assert not limit.takes("a")
    now[0] = 2.1
    assert limit.takes("a")
    assert not limit.takes("a")
    now[0] = 1000.0
    assert [limit.takes("a") for _ in range(4)] == [True, True, True, False]


def test_what_is_remembered_of_addresses_does_not_grow() -> None:
    limit = Limit(burst=1, seconds=2.0, clock=lambda: 0.0)
    for number in range(12_000):
        limit.takes(str(number))
    assert len(limit._left) <= 10_000


@pytest.mark.parametrize(
    ("coding", "zipped"),
    [("gzip, br", True), ("", False), ("br", False), ("gzip;q=0, br", False), ("gzip;q=0.5", True), ("GZIP", True)],
)
def test_what_a_browser_can_open(coding: str, zipped: bool) -> None:
    assert Visitor.of("", {"Accept-Encoding": coding}, ()).gzip is zipped
