"""Which questions to the database take long: the program runs in this process, and every one is timed."""

import asyncio
import re
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from bridge import app, config
from bridge.storage import sqlite_immediate

_NOTED = 0.004
"""Seconds from which on a question is listed."""


class Listener:
    """Times every query of every SQLite connection, from now on."""

    def __init__(self) -> None:
        self.heard: dict[str, list[float]] = {}
        self.examples: dict[str, tuple[str, list[Any]]] = {}
        client = sqlite_immediate.ImmediateSqliteClient
        for owner in client.__mro__:
            for name in ("execute_query", "execute_query_dict", "execute_insert", "execute_many", "execute_script"):
                if name in owner.__dict__:
                    setattr(owner, name, self._timed(owner.__dict__[name]))

    def _timed(self, real: Any) -> Any:
        async def timed(client: Any, query: str, *values: Any) -> Any:
            began = time.perf_counter()
            try:
                return await real(client, query, *values)
            finally:
                self._note(query, list(values[0]) if values and values[0] else [], time.perf_counter() - began)

        return timed

    def _note(self, query: str, values: list[Any], seconds: float) -> None:
        shape = re.sub(r"\((\?,)+\?\)", "(?, ...)", query.replace('"', ""))
        self.heard.setdefault(shape, []).append(seconds)
        if seconds >= max(self.heard[shape]):
            self.examples[shape] = (query, values)

    def report(self, database: Path, most: int = 60) -> None:
        """The longest first, and those that read whole tables, however long it took."""
        print("\nThe slowest questions: ms at most, on the average, how often")
        with closing(sqlite3.connect(database)) as connection:
            shapes = sorted(self.heard, key=lambda shape: -max(self.heard[shape]))
            for shape in shapes[:most]:
                times = self.heard[shape]
                if max(times) < _NOTED:
                    break
                query, values = self.examples[shape]
                print(f"{1000 * max(times):7.0f} {1000 * sum(times) / len(times):7.1f} {len(times):5}  {_short(shape)}")
                for step in _plan(connection, query, values):
                    print(f"{'':24}{step}")


def _short(shape: str) -> str:
    """Without the columns that are read."""
    return re.sub(r"^SELECT (?!COUNT|DISTINCT|1 ).{80,}? FROM", "SELECT ... FROM", shape)[:400]


def _plan(connection: sqlite3.Connection, query: str, values: list[Any]) -> list[str]:
    try:
        return [str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", list(map(_plain, values)))]
    except sqlite3.Error:
        return []


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | float | str | bytes | None) else str(value)


async def of(path: Path, work: Callable[[], Awaitable[None]], database: Path) -> None:
    """Run the program of a config file here, let people work with it, and print what took long."""
    listener = Listener()
    ready = asyncio.Event()
    task = asyncio.create_task(app.run(config.load(path), ready=ready.set))
    await ready.wait()
    try:
        await work()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    listener.report(database)
