"""Migrations: applied, repeatable, refused when they are not ours, with a backup, and agreeing with the models."""

import asyncio
import importlib
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.context import get_current_context
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder

from bridge.core.errors import ConfigError, StorageUnavailable
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.states import ReviewState
from bridge.storage import additive, database, echoes, filling, fresh, ledger, migrations, submissions
from bridge.storage.models import Decision, Delivery, Identity, Meta, Person, Post, Profile, Review, Revision
from tests import schema
from tests.servers import OWNER, PostgresServer
from tests.unit.storage.stage import NOW

OURS = sorted(path.stem for path in Path(migrations.__file__).parent.glob("0*.py"))
NEXT = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

class Migration(migrations.Migration):
    dependencies = [("baraza", "{last}")]
    operations = [{operation}]
"""
ADDS = """ops.AddField("Person", "nickname", fields.CharField(max_length=20, null=True))"""
CHANGES = """ops.RemoveField("Person", "language")"""
FAILS = ADDS + """, ops.RunSQL("DROP TABLE no_such_table")"""


FIRST_RELEASE = """
INSERT INTO person (id, language, created_at) VALUES (1, 'sw', '2026-03-01 12:00:00+00:00');
INSERT INTO identity (id, person_id, account, "user", name, handle, direct_chat, direct_open, community, created_at)
    VALUES (1, 1, 'net', 'amina', 'Amina', '', 'amina', true, '', '2026-03-01 12:00:00+00:00');
INSERT INTO submission (id, community, number, identity_id, account, chat, message, private, intake, album,
    reply_excerpt, created_at)
    VALUES (1, 'hifa', 1, 1, 'net', 'kenya', 'm1', false, 'hold', '', '', '2026-03-01 12:00:00+00:00');
INSERT INTO revision (id, submission_id, number, text, attachments, uncarried, editor, created_at)
    VALUES (1, 1, 1, '{"text":"Zinc","marks":[]}', '[]', '[]', '', '2026-03-01 12:00:00+00:00');
INSERT INTO review (id, kind, community, submission_id, revision, state, reasons, decided_by, decided_name, reason,
    words, created_at)
    VALUES (1, 'post', 'hifa', 1, 1, 'approved', '{"codes":["all"]}', 'net:grace', 'Grace', '', '',
    '2026-03-01 12:00:00+00:00');
INSERT INTO decision (id, review_id, at, actor, action, revision, reason)
    VALUES (1, 1, '2026-03-01 12:00:00+00:00', 'net:grace', 'approve', 1, '');
INSERT INTO post (id, community, number, submission_id, revision, author, text, attachments, uncarried, card, state,
    approved_at)
    VALUES (1, 'hifa', 1, 1, 1, 'Amina', '{"text":"Zinc","marks":[]}', '[]', '[]', '{}', 'live',
    '2026-03-01 12:00:00+00:00');
INSERT INTO delivery (id, kind, community, post_id, account, chat, part, operation, revision, state, due_at,
    target_chat, target_message, content, payload, attempts, doubted, view, remote_chat, message, reason, detail,
    planned_at)
    VALUES (1, 'post', 'hifa', 1, 'net', 'kenya', 1, 'send', 0, 'delivered', '2026-03-01 12:00:00+00:00', '', '', '',
    '', 1, false, '', '', 'm9', '', '', '2026-03-01 12:00:00+00:00');
"""

EARLIER_RELEASE = """
UPDATE delivery SET remote_chat = 'kenya' WHERE id = 1;
INSERT INTO source (id, submission_id, account, chat, message) VALUES (1, 1, 'net', 'kenya', 'm1');
"""


CATALOGUE = {
    "tables": "SELECT relname, obj_description(oid) FROM pg_class WHERE relkind = 'r' "
    "AND relnamespace = 'public'::regnamespace ORDER BY 1",
    "columns": "SELECT c.relname, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, "
    "pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum) FROM pg_class c JOIN pg_attribute a "
    "ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind = 'r' "
    "AND c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "constraints": "SELECT conname, conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "sequences": "SELECT sequencename, data_type::text, last_value FROM pg_sequences "
    "WHERE sequencename <> 'tortoise_migrations_id_seq' ORDER BY 1",
    "triggers": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    "others": "SELECT relkind::text, count(*), sum((reloptions IS NOT NULL)::int) FROM pg_class "
    "WHERE relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 1",
    "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1, 2",
    "migrations": "SELECT app, name FROM tortoise_migrations ORDER BY id",
    "schema": "SELECT value FROM meta WHERE key = 'schema'",
}


@pytest.fixture
def later_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of migrations that begins with ours; put the next one into the returned file."""
    package = tmp_path / "later_migrations"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in OURS:
        (package / f"{name}.py").write_text(
            f"import importlib\nMigration = importlib.import_module('bridge.storage.migrations.{name}').Migration\n"
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package / "0999_next.py"
    for name in [name for name in sys.modules if name.startswith("later_migrations")]:
        del sys.modules[name]


def use(monkeypatch: pytest.MonkeyPatch, following: Path, operation: str) -> None:
    """From now on the program is the later one."""
    following.write_text(NEXT.format(last=OURS[-1], operation=operation))
    ours = database.tortoise_config

    def later(url: str, **options: Any) -> dict[str, object]:
        config = ours(url, **options)
        config["apps"][database.APP]["migrations"] = "later_migrations"
        return config

    monkeypatch.setattr(database, "tortoise_config", later)


async def test_opening_twice_changes_nothing(database_url: str) -> None:
    first = await database.open_database(database_url)
    await Person.create(language="sw", created_at=NOW)
    await database.close_database()
    second = await database.open_database(database_url)
    assert first == second
    assert [person.language for person in await Person.all()] == ["sw"]
    await database.close_database()


async def test_models_and_migrations_agree(opened: str) -> None:
    context = get_current_context()
    assert context is not None
    assert context.apps is not None
    found = await MigrationAutodetector(context.apps, database.tortoise_config(opened)["apps"]).changes()
    assert [(writer.name, writer.operations) for writer in found] == []


async def test_a_database_of_a_newer_program_is_refused_in_plain_words(database_url: str) -> None:
    await database.open_database(database_url)
    connection = Tortoise.get_connection("postgres" if database_url.startswith("postgres") else "sqlite")
    await connection.execute_script(
        "INSERT INTO tortoise_migrations (app, name, applied_at) VALUES ('baraza', '0999_future', '2030-01-01')"
    )
    await Meta.create(key="kept", value="yes")
    await database.close_database()
    with pytest.raises(ConfigError, match=r"newer Baraza \(it has 0999_future\): upgrade the program"):
        await database.open_database(database_url)
    await database.close_database()


async def test_an_upgrade_keeps_every_row_and_a_backup(
    database_url: str, later_program: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await database.open_database(database_url)
    await Person.create(language="sw", created_at=NOW)
    await database.close_database()
    use(monkeypatch, later_program, ADDS)
    await database.open_database(database_url)
    assert [person.language for person in await Person.all()] == ["sw"]
    connection = Tortoise.get_connection("postgres" if database_url.startswith("postgres") else "sqlite")
    assert [dict(row) for row in await connection.execute_query_dict("SELECT nickname FROM person")] == [
        {"nickname": None}
    ]
    await database.close_database()
    if database_url.startswith("sqlite"):
        backup = tmp_path / "baraza.db.before-0999_next"
        assert backup.stat().st_mode & 0o777 == 0o600
        saved = sqlite3.connect(backup)
        assert saved.execute("SELECT language FROM person").fetchall() == [("sw",)]
        assert saved.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with pytest.raises(sqlite3.OperationalError, match="no such column"):
            saved.execute("SELECT nickname FROM person")
        saved.close()


async def test_a_program_goes_on_where_a_later_one_only_added(
    postgres: str, later_program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rolling upgrade: what the earlier one would stumble over waits for its end, the rest is done beside it."""
    await database.open_database(postgres)
    await database.close_database()
    with monkeypatch.context() as patched:
        use(patched, later_program, CHANGES)
        with pytest.raises(ConfigError, match="stop all of them"):
            await database.open_database(postgres, program="one", alone=False)
    del sys.modules["later_migrations.0999_next"]
    with monkeypatch.context() as patched:
        use(patched, later_program, ADDS)
        await database.open_database(postgres, program="one", alone=False)
        await database.close_database()
    await database.open_database(postgres, program="one", alone=False)  # it may even be started anew
    await Person.create(language="sw", created_at=NOW)
    assert [person.language for person in await Person.all()] == ["sw"]
    await database.close_database()


async def test_an_upgrade_that_fails_is_not_half_done(
    database_url: str, later_program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await database.open_database(database_url)
    await Person.create(language="sw", created_at=NOW)
    await database.close_database()
    with monkeypatch.context() as patched:
        use(patched, later_program, FAILS)
        with pytest.raises(StorageUnavailable, match="cannot be used"):
            await database.open_database(database_url)
    await database.open_database(database_url)  # the older program goes on with it
    assert [person.language for person in await Person.all()] == ["sw"]
    await database.close_database()


@pytest.fixture
def first_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The package of migrations that the first release had."""
    package = tmp_path / "first_migrations"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "0001_initial.py").write_text(
        "import importlib\nMigration = importlib.import_module('bridge.storage.migrations.0001_initial').Migration\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "first_migrations"
    for name in [name for name in sys.modules if name.startswith("first_migrations")]:
        del sys.modules[name]


@pytest.fixture
def earlier_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The package of migrations that the release before this one had."""
    package = tmp_path / "earlier_migrations"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in OURS[: OURS.index("0003_members") + 1]:
        (package / f"{name}.py").write_text(
            f"import importlib\nMigration = importlib.import_module('bridge.storage.migrations.{name}').Migration\n"
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "earlier_migrations"
    for name in [name for name in sys.modules if name.startswith("earlier_migrations")]:
        del sys.modules[name]


async def test_a_database_of_the_first_release_is_brought_up_to_date(
    database_url: str, first_program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = database.tortoise_config

    def first(url: str, **options: Any) -> dict[str, object]:
        config = ours(url, **options)
        config["apps"][database.APP]["migrations"] = first_program
        return config

    with monkeypatch.context() as patched:
        patched.setattr(database, "tortoise_config", first)
        await database.open_database(database_url)
        connection = Tortoise.get_connection("postgres" if database_url.startswith("postgres") else "sqlite")
        await connection.execute_script(FIRST_RELEASE)
        await database.close_database()
    await database.open_database(database_url)
    review = await Review.get(id=1).select_related("submission__identity__person")
    assert (review.state, review.approvals, review.targets, review.consent) == (ReviewState.APPROVED, 1, "[]", "")
    assert [line.action for line in await Decision.filter(review_id=1)] == ["approve"]
    post = await Post.get(submission_id=1)
    assert (post.thread_number, post.notes, post.publish_at) == (1, "{}", None)
    assert (await Delivery.get(id=1)).shows == ""
    assert (await Revision.get(id=1)).findings == "{}"
    await database.close_database()


async def test_what_was_published_before_is_still_found(
    database_url: str, earlier_program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database of the release before this one: its messages are known, and its sources can be edited."""
    ours = database.tortoise_config

    def earlier(url: str, **options: Any) -> dict[str, object]:
        config = ours(url, **options)
        config["apps"][database.APP]["migrations"] = earlier_program
        return config

    with monkeypatch.context() as patched:
        patched.setattr(database, "tortoise_config", earlier)
        await database.open_database(database_url)
        connection = Tortoise.get_connection("postgres" if database_url.startswith("postgres") else "sqlite")
        await connection.execute_script(FIRST_RELEASE + EARLIER_RELEASE)
        await database.close_database()
    await database.open_database(database_url)
    row = await ledger.find_by_ref(RemoteRef(AccountId("net"), ChatId("kenya"), MessageId("m9")))
    assert row is not None
    assert await ledger.messages_of(row) == [row.ref]
    (source,) = await submissions.sources(1)
    assert (source.text, source.attachments, source.uncarried, source.posted_at) == ("", "[]", "[]", None)
    post, review = await Post.get(id=1), await Review.get(id=1)
    assert (post.text, post.previews, review.previews) == ('{"text":"Zinc","marks":[]}', False, False)
    assert await echoes.tally(1) == []
    await database.close_database()


async def test_nothing_is_made_for_a_command_that_only_looks(tmp_path: Path) -> None:
    path = tmp_path / "none" / "baraza.db"
    with pytest.raises(StorageUnavailable, match="there is no database yet"):
        await database.open_database(f"sqlite://{path}", migrate=False)
    assert not path.parent.exists()


async def test_a_database_of_another_kind_is_refused() -> None:
    with pytest.raises(ConfigError, match="write sqlite://PATH or postgres://"):
        await database.open_database("mysql://localhost/baraza")


async def test_a_server_that_is_not_there_is_said_without_the_password(postgres: str) -> None:
    wrong = postgres.rsplit("/", 1)[0].rsplit("@", 1)[0] + "wrong@" + postgres.rsplit("@", 1)[1]
    with pytest.raises(StorageUnavailable, match="the PostgreSQL server cannot be used") as refused:
        await database.open_database(wrong)
    assert "wrong" not in str(refused.value)


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "baraza.db"
    path.write_bytes(b"this is no database, but a letter" * 200)
    with pytest.raises(StorageUnavailable, match="cannot be used"):
        await database.open_database(f"sqlite://{path}")
    assert path.read_bytes().startswith(b"this is no database")


async def test_an_upgrade_that_is_killed_before_it_is_written_down_can_be_repeated(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the tables would be there already, and the database would never start again."""
    written_down = MigrationRecorder.record_applied

    async def killed(self: MigrationRecorder, app_label: str, name: str) -> None:
        if name == OURS[1]:
            raise ConnectionResetError("the program was killed here")
        await written_down(self, app_label, name)

    for from_script in (True, False):
        monkeypatch.setattr(MigrationRecorder, "record_applied", killed)
        with pytest.raises(StorageUnavailable):
            await database.open_database(postgres, from_script=from_script)
        monkeypatch.setattr(MigrationRecorder, "record_applied", written_down)
    await database.open_database(postgres)
    assert await Person.all().count() == 0
    await database.close_database()


async def test_programs_that_start_at_once_upgrade_one_after_the_other(postgres: str) -> None:
    script = (
        "import asyncio, sys; from bridge.storage import database; asyncio.run(database.open_database(sys.argv[1]))"
    )
    both = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, postgres, stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
        )
        for _ in range(3)
    ]
    for process in both:
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()[-500:]


async def test_a_new_database_is_what_all_migrations_come_to(tmp_path: Path) -> None:
    """Otherwise: ``make schema``."""
    path = tmp_path / "migrated.db"
    assert fresh.SCRIPT.read_text() == await schema.on_sqlite(path)
    with closing(sqlite3.connect(path)) as migrated:
        tables = [str(name) for (name,) in migrated.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        kept = {"meta", "tortoise_migrations", "sqlite_sequence", "sqlite_stat1"}
        ours = [name for name in tables if name not in kept and not name.startswith("archive_fts")]
        query = 'SELECT 1 FROM "{}" LIMIT 1'
        filled = [name for name in ours if migrated.execute(query.format(name)).fetchone()]
    assert filled == [], "what a migration writes, the script does not"
    begun = tmp_path / "begun.db"
    await database.open_database(f"sqlite://{begun}")
    await database.close_database()
    assert fresh.dumped(begun, database.MIGRATIONS) == fresh.dumped(path, database.MIGRATIONS)
    with closing(sqlite3.connect(begun)) as new, closing(sqlite3.connect(path)) as old:
        query = "SELECT app, name FROM tortoise_migrations ORDER BY id"
        assert new.execute(query).fetchall() == old.execute(query).fetchall()


async def test_so_is_a_new_one_on_postgresql(postgres: str, postgres_server: PostgresServer) -> None:
    """Otherwise: ``make schema``."""
    assert fresh.POSTGRES.read_text() == await schema.on_postgres(postgres)
    migrated = await catalogue(postgres)
    assert len(migrated["columns"]) > 400
    ours = [name for name, _ in migrated["tables"] if name not in ("meta", "tortoise_migrations")]
    admin: Any = await asyncpg.connect(postgres)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    filled = [name for name in ours if await admin.fetchval(f'SELECT true FROM "{name}" LIMIT 1')]  # noqa: S608 - our names
    assert filled == [], "what a migration writes, the script does not"
    await admin.execute(f"CREATE DATABASE begun TEMPLATE template0 OWNER {OWNER}")
    await admin.close()
    begun = postgres_server.url("begun")
    await database.open_database(begun)
    await database.close_database()
    assert await catalogue(begun) == migrated


async def test_where_others_have_tables_the_migrations_are_carried_out(
    postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows what they are: Tortoise says what is in its way."""
    admin: Any = await asyncpg.connect(postgres)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    await admin.execute("CREATE TABLE theirs (id int)")
    await admin.close()

    async def asked(*_: object) -> None:
        raise ConnectionResetError("this takes its time")

    monkeypatch.setattr(MigrationExecutor, "migrate", asked)
    with pytest.raises(StorageUnavailable, match="this takes its time"):
        await database.open_database(postgres)


async def test_a_schema_in_which_nothing_would_be_seen_is_refused(postgres: str) -> None:
    """By default PostgreSQL looks first into a schema named like the role, wherever there is one."""
    admin: Any = await asyncpg.connect(postgres)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    first = await database.open_database(postgres)
    await database.close_database()
    await admin.execute(f"CREATE SCHEMA {OWNER}")
    with pytest.raises(ConfigError, match=f"made in the schema {OWNER}, where no backup looks for them"):
        await database.open_database(postgres)
    assert await admin.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = $1", OWNER) == 0
    await admin.execute(f"DROP SCHEMA {OWNER}")
    await admin.close()
    assert await database.open_database(postgres) == first
    await database.close_database()


async def test_whoever_comes_second_to_an_empty_database_makes_its_tables_too(database_url: str) -> None:
    """The first one left it, or never got as far."""
    await database.open_database(database_url, from_script=database_url.startswith("postgres"), alone=False)
    assert await Person.all().count() == 0
    await database.close_database()


async def catalogue(url: str) -> dict[str, list[tuple[object, ...]]]:
    """What PostgreSQL itself knows of the tables of a database, and of the migrations that made them."""
    asked: Any = await asyncpg.connect(url)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    try:
        return {name: [tuple(row) for row in await asked.fetch(query)] for name, query in CATALOGUE.items()}
    finally:
        await asked.close()


def test_programs_of_the_version_before_go_on_beside_every_migration_since_there_are_several() -> None:
    """Expand first, contract later. One that cannot is named here, and in its version's notes: all must be stopped."""
    loaded = [importlib.import_module(f"{migrations.__name__}.{name}").Migration(name, database.APP) for name in OURS]
    since = OURS.index("0014_leases")
    assert [each.name for each in loaded[since:] if not additive.is_additive(each)] == []


async def test_what_an_earlier_program_left_empty_is_filled(opened: str) -> None:
    person = await Person.create(created_at=NOW)
    values: dict[str, Any] = {"person": person, "account": "net", "created_at": NOW}
    await Identity.create(user="amina", name="Amina", **values)
    await Identity.create(user="nobody", name="", **values)
    await Profile.create(person=person, community="hifa", version=1, answers='{"name":"Amina O."}', created_at=NOW)
    await filling.fill()
    assert [row.called for row in await Identity.all().order_by("id")] == ["amina", ""]
    assert [row.called for row in await Profile.all()] == ["amina o."]


async def test_answers_that_nobody_can_read_keep_no_program_from_starting(opened: str) -> None:
    odd = [
        "",
        "{",
        "[]",
        '"Amina"',
        '{"name":7}',
        '{"name":null}',
        '{"name":"\\ud800A\\u0000mina"}',
        '{"name":"Grace"}',
    ]
    for number, answers in enumerate(odd):
        person = await Person.create(created_at=NOW)
        await Profile.create(person=person, community="hifa", version=number, answers=answers, created_at=NOW)
    await filling.fill()
    assert [row.called for row in await Profile.all().order_by("id")] == [*[""] * 6, "?amina", "grace"]
