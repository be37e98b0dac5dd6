"""An address with several servers in it, taken apart."""

from bridge.core.servers import each_server


def test_every_server_has_an_address_of_its_own() -> None:
    assert each_server("postgres://u:p,w@one:5432,[2001:db8::1]:5433/n?sslmode=verify-full&x=a,b") == [
        "postgres://u:p,w@one:5432/n?sslmode=verify-full&x=a,b",
        "postgres://u:p,w@[2001:db8::1]:5433/n?sslmode=verify-full&x=a,b",
    ]


def test_one_server_stays_as_it_is() -> None:
    for url in ("postgres://one/n", "postgres://u@one?x=1/2", "postgres:///n", "postgres:n", ""):
        assert each_server(url) == [url]
