"""The address of a database may name several servers: ``postgres://USER:PASSWORD@ONE:5432,[2001:db8::1]:5433/NAME``."""


def each_server(url: str) -> list[str]:
    """An address of each of them.

    Taken apart before anything else looks at it: Python itself refuses a list with an IPv6 address in it as no host.
    """
    scheme, colon, rest = url.partition("://")
    end = min((found for mark in "/?#" if (found := rest.find(mark)) >= 0), default=len(rest))
    user, at, hosts = rest[:end].rpartition("@")
    return [f"{scheme}{colon}{user}{at}{host}{rest[end:]}" for host in hosts.split(",")]
