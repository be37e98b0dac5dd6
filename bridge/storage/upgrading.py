"""Brings a database up to the tables of this program: all of it or nothing, one program at a time.

Tortoise itself records a migration after the transaction that applied it: killed between the two, a database would
never start again, for its tables would be there already.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.migrations.executor import MigrationExecutor, PlanStep
from tortoise.transactions import in_transaction

from bridge.core.errors import ConfigError, StorageUnavailable
from bridge.storage import additive, fresh, sqlite_files

log = structlog.get_logger()

Apps = dict[str, dict[str, Any]]
"""The part of Tortoise's configuration that says which models and migrations there are."""
_KEY = 0x0BA2A2B
"""The number of the lock for upgrades among a PostgreSQL database's advisory locks."""
_HERE = "SELECT current_schema() AS here, to_regclass(quote_ident(current_schema()) || '.meta') IS NOT NULL AS ours"


async def on_sqlite(connection: BaseDBAsyncClient, path: Path, apps: Apps, *, alone: bool) -> None:
    """Carry out what is outstanding. The connection is one that lets rows without parents be for a while.

    Raises ConfigError where the database is newer than the program, or others (unless ``alone``) could not go on.
    """
    executor = MigrationExecutor(connection, apps)
    applied = await _applied(executor)
    await executor.loader.build_graph()
    _refuse_newer(applied - _known(executor))
    plan = await executor.plan()
    _refuse_beside(plan, alone=alone or not applied)
    if not plan:  # looking for rows without parents reads everything there is: not at every start
        return
    if applied:
        saved = await asyncio.to_thread(sqlite_files.back_up, path, plan[0].migration.name)
        log.info("database_backed_up", file=saved.name)
    await executor.migrate()
    broken = await connection.execute_query_dict("PRAGMA foreign_key_check")
    if broken:
        raise StorageUnavailable(
            f"the upgrade left {len(broken)} rows without their parents: restore the backup beside {path} "
            "and report this"
        )


async def on_postgres(connection: BaseDBAsyncClient, apps: Apps, *, from_script: bool, alone: bool) -> None:
    """The same, in one transaction; two programs that start at once take turns. A new database begins from a script.

    A program that is older goes on where only was added what it need not know.
    """
    async with in_transaction(connection.connection_name) as whole:
        await whole.execute_query("SELECT pg_advisory_xact_lock($1)", [_KEY])
        (where,) = await whole.execute_query_dict(_HERE)
        if not where["ours"] and where["here"] != "public":
            raise ConfigError(
                f"the tables of a new database would be made in the schema {where['here'] or '(none)'}, where no "
                "backup looks for them, and an installation that is there already would not be seen: remove that "
                "schema, or give the role its search_path (ALTER ROLE ... SET search_path = public), then start again"
            )
        executor = MigrationExecutor(whole, apps)
        # Looked for in a transaction, a table of migrations that is not there would end it.
        await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))  # noqa: SLF001 - there is no other way to it
        applied = await _applied(executor)
        await executor.loader.build_graph()
        if unknown := applied - (known := _known(executor)):
            if not await additive.may_go_on(whole, known, unknown):
                _refuse_newer(unknown)
            log.info("database_is_newer", migrations=sorted(unknown))
            return
        plan = await executor.plan()
        _refuse_beside(plan, alone=alone or not applied)
        if plan and not (from_script and not applied and await fresh.create_on_postgres(whole, _module(apps))):
            await executor.migrate()
        await additive.remember(whole, executor._migration_plan(None, set(), executor.loader.graph))  # noqa: SLF001 - likewise


async def _applied(executor: MigrationExecutor) -> set[str]:
    return {key.name for key in await executor.recorder.applied_migrations() if key.app_label == fresh.APP}


def _known(executor: MigrationExecutor) -> set[str]:
    return {key.name for key in executor.loader.graph.nodes if key.app_label == fresh.APP}


def _module(apps: Mapping[str, Mapping[str, Any]]) -> str:
    return str(apps[fresh.APP]["migrations"])


def _refuse_newer(unknown: set[str]) -> None:
    if unknown:
        raise ConfigError(
            f"the database was written by a newer Baraza (it has {', '.join(sorted(unknown))}): "
            "upgrade the program, or restore the backup made before the upgrade"
        )


def _refuse_beside(plan: list[PlanStep], *, alone: bool) -> None:
    """Unless nobody else works with it meanwhile, only what others need not know of."""
    if not alone and not all(additive.is_additive(step.migration) for step in plan):
        raise ConfigError(
            "this version changes tables that programs of an earlier version are using: stop all of them, "
            "start this one, then start the others in this version"
        )


__all__ = ["on_postgres", "on_sqlite"]
