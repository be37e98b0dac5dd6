"""The address of a PostgreSQL database may name several servers: ``postgres://USER:PASSWORD@ONE:5432,OTHER:5432/NAME``.

One of them is the primary, and only that one is used. All are tried at the same time: of one whose machine has
vanished no answer comes, not even a refusal. As long as one is waited for, those that said no are asked again: one of
them may just be made the primary.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import asyncpg

from bridge.core.servers import each_server

COMMAND = "baraza command"
"""How the sessions of all but a program that runs are called, unless they say more."""
BACKUP = "baraza backup"
_TLS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
_PATIENCE = 5.0
"""Seconds for which one server is waited for."""
_AGAIN = 0.5
"""Seconds after which one that said no is asked again."""
_LEAD = 0.3
"""Seconds for which those named first are waited for: where two can be written to, all connections go to the same."""
_FAILED = (OSError, asyncpg.exceptions.InternalClientError, asyncpg.exceptions.PostgresError)


async def connect(url: str, **options: Any) -> Any:
    """As ``asyncpg.connect``, to the server that can be written to; no session of ours is without a name."""
    options["server_settings"] = {"application_name": COMMAND} | (options.get("server_settings") or {})
    options.setdefault("timeout", _PATIENCE)
    urls = each_server(url)
    if len(urls) == 1:
        return await _one(url, options)
    options.setdefault("target_session_attrs", "read-write")
    failed: dict[str, Exception] = {}

    async def ask(one: str) -> Any:
        while True:
            try:
                there = await _one(one, options)
            except _FAILED as error:
                failed[one] = error
            else:
                failed.pop(one, None)
                return there
            if len(failed) == len(set(urls)):  # what a server answered says more than that another is not there
                raise min(failed.values(), key=lambda error: isinstance(error, OSError))
            await asyncio.sleep(_AGAIN)

    tries = [asyncio.ensure_future(ask(one)) for one in urls]
    chosen: Any = None
    try:
        done, _ = await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
        first = min(map(tries.index, done))
        if ahead := [tries[place] for place in range(first) if urls[place] not in failed]:
            await asyncio.wait(ahead, timeout=_LEAD, return_when=asyncio.FIRST_COMPLETED)
        there = [each for each in tries if each.done() and each.exception() is None]
        chosen = await next(iter([*there, *done]))
        return chosen
    finally:
        for each in tries:
            each.cancel()
        for other in await asyncio.gather(*tries, return_exceptions=True):
            if isinstance(other, asyncpg.connection.Connection) and other is not chosen:
                other.terminate()  # type: ignore[no-untyped-call]  # asyncpg left it bare


async def _one(url: str, options: dict[str, Any]) -> Any:
    return await asyncpg.connect(url, **options)  # type: ignore[no-untyped-call]  # asyncpg left it bare


def environment(url: str) -> dict[str, str]:
    """The same for PostgreSQL's own programs, which copy and restore.

    Not as arguments: every user of the machine sees those.
    """
    servers = [urlsplit(one) for one in each_server(url)]
    parts = servers[0]
    named = {
        "PGHOST": ",".join(server.hostname or "" for server in servers),
        "PGPORT": ",".join(str(server.port or 5432) for server in servers),
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": unquote(parts.path.lstrip("/")),
        "PGAPPNAME": BACKUP,
        "PGCONNECT_TIMEOUT": "10",
        "PGTARGETSESSIONATTRS": "read-write" if len(servers) > 1 else "",
    }
    named |= {f"PG{name.upper()}": value for name, value in parse_qsl(parts.query) if name in _TLS}
    return {name: value for name, value in named.items() if value}
