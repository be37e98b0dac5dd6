"""The address of a PostgreSQL database may name several servers: ``postgres://USER:PASSWORD@ONE:5432,OTHER:5432/NAME``.

One of them is the primary, and only that one is used. All are tried at the same time: of one whose machine has
vanished no answer comes, not even a refusal.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

import asyncpg

_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey")


def each(url: str) -> list[str]:
    """An address of each server."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    return [urlunsplit(parts._replace(netloc=f"{user}{at}{host}")) for host in hosts.split(",")]


async def connect(url: str, **options: Any) -> Any:
    """As ``asyncpg.connect``, to the server that can be written to."""
    urls = each(url)
    if len(urls) == 1:
        return await _one(url, options)
    options.setdefault("target_session_attrs", "read-write")
    tries = [asyncio.ensure_future(_one(one, options)) for one in urls]
    chosen: Any = None
    error: BaseException | None = None
    try:
        for done in asyncio.as_completed(tries):
            try:
                chosen = await done
            except (OSError, asyncpg.exceptions.InternalClientError, asyncpg.exceptions.PostgresError) as failed:
                error = failed if error is None or not isinstance(failed, OSError) else error
            else:
                return chosen
        raise error if error is not None else OSError("no server is named")
    finally:
        for each_try in tries:
            each_try.cancel()
        for other in await asyncio.gather(*tries, return_exceptions=True):
            if isinstance(other, asyncpg.connection.Connection) and other is not chosen:
                other.terminate()  # type: ignore[no-untyped-call]  # asyncpg left it bare


async def _one(url: str, options: dict[str, Any]) -> Any:
    return await asyncpg.connect(url, **options)  # type: ignore[no-untyped-call]  # asyncpg left it bare


def environment(url: str) -> dict[str, str]:
    """The same for PostgreSQL's own programs. Not as arguments: every user of the machine sees those."""
    parts = urlsplit(url)
    servers = [urlsplit(one) for one in each(url)]
    named = {
        "PGHOST": ",".join(server.hostname or "" for server in servers),
        "PGPORT": ",".join(str(server.port or 5432) for server in servers),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        "PGCONNECT_TIMEOUT": "10",
        "PGTARGETSESSIONATTRS": "read-write" if len(servers) > 1 else "",
    }
    named |= {f"PG{name.upper()}": value for name, value in parse_qsl(parts.query) if name in _TLS}
    return {name: value for name, value in named.items() if value}
