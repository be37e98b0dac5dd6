"""A backup holds everything and comes back whole; whatever is wrong with it, what was there stays as it was."""

import hashlib
import io
import json
import os
import resource
import shutil
import sqlite3
import stat
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tortoise import Tortoise

from bridge import backups
from bridge.core.errors import BarazaError
from bridge.core.states import DeliveryState
from bridge.media.store import MediaStore
from bridge.storage import database, ledger, ownership, snapshots, upkeep
from bridge.storage.models import Delivery, Meta
from tests.integration.conftest import _migrated as migrated
from tests.integration.everything import Everything
from tests.servers import OWNER, unique
from tests.unit.storage.stage import NOW


async def picture(media: Path, data: bytes) -> str:
    async def once() -> AsyncIterator[bytes]:
        yield data

    return (await MediaStore(media).put(once(), 1 << 20)).sha256


async def contents() -> dict[str, list[str]]:
    """Every row of every table of the open database."""
    found = {}
    for model in Tortoise.apps[database.APP].values():
        rows = await model.all().values()
        found[model._meta.db_table] = sorted(map(repr, rows))
    return found


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder, but the locks, which say nothing."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in (".lock", ".db-shm", ".db-wal")
    }


def leftovers(folder: Path) -> list[Path]:
    return list(folder.rglob("*.partial"))


async def fresh(kind: str, folder: Path, postgres: str) -> str:
    """The address of a database that holds nothing."""
    if kind == "sqlite":
        return f"sqlite://{folder / 'baraza.db'}"
    name = unique("restored").replace("-", "_")
    admin = await asyncpg.connect(postgres)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 OWNER {OWNER}")
    await admin.close()
    return postgres.rpartition("/")[0] + f"/{name}"


async def test_there_and_back(kind: str, opened: str, tmp_path: Path) -> None:
    """Made while the database is open, put back elsewhere, then over a database that has gone on meanwhile."""
    await Everything().make()
    await Meta.get_or_create(key="installation", defaults={"value": "this one"})
    await database.close_database()
    await database.open_database(opened)  # which notes what the tables are made for
    media, file = tmp_path / "media", tmp_path / "backups" / "monday.tar.gz"
    file.parent.mkdir()
    pictures = {await picture(media, data) for data in (b"one", b"two" * 100_000)}
    before = await contents()
    made = await backups.backup(opened, media, file, NOW)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["monday.tar.gz"]
    assert set(made.media) == pictures
    assert {name: len(rows) for name, rows in before.items()}.items() <= made.tables.items()
    with pytest.raises(BarazaError, match="--replace"):
        await backups.backup(opened, media, file, NOW)

    elsewhere = tmp_path / "elsewhere"
    url = await fresh(kind, elsewhere, opened)
    await database.close_database()
    await backups.restore(url, elsewhere / "media", file, NOW, moved=True)
    await database.open_database(url)
    assert await contents() == before
    assert {sha256 for sha256, _ in MediaStore(elsewhere / "media").files()} == pictures

    # It goes on there, and is put back once more: what came since is kept beside, and only there.
    await Meta.create(key="since", value="then")
    late = await picture(elsewhere / "media", b"late")
    await database.close_database()
    with pytest.raises(BarazaError, match="--replace"):
        await backups.restore(url, elsewhere / "media", file, NOW)
    done = await backups.restore(url, elsewhere / "media", file, NOW, replace=True)
    await database.open_database(url)
    assert not await Meta.exists(key="since")
    assert await Meta.exists(key=snapshots.RESTORED)
    assert {sha256 for sha256, _ in MediaStore(elsewhere / "media").files()} == pictures
    await database.close_database()
    aside = [path for path in done.kept if path.is_dir()]
    assert {sha256 for sha256, _ in MediaStore(aside[0]).files()} == {*pictures, late}
    (kept,) = [path for path in done.kept if path.is_file()]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    if kind == "sqlite":
        assert sqlite3.connect(kept).execute("SELECT value FROM meta WHERE key = 'since'").fetchall() == [("then",)]
    else:
        assert (await snapshots.check_postgres(url, kept))["meta"] > 0
    await database.open_database(opened, migrate=False)


@pytest.fixture
async def made(
    tmp_path: Path, with_tables: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, Path]:
    """A database with its media, closed, and a backup of a former state of it."""
    folder = tmp_path / "data"
    url, media, file = f"sqlite://{folder / 'baraza.db'}", folder / "media", tmp_path / "backup.tar.gz"
    if "sqlite" not in with_tables:
        with_tables["sqlite"] = await migrated(f"sqlite://{tmp_path_factory.mktemp('tables') / 'template.db'}")
    folder.mkdir()
    shutil.copy(with_tables["sqlite"].removeprefix("sqlite://"), folder / "baraza.db")
    await database.open_database(url, migrate=False)
    await Meta.create(key="then", value="x" * 50_000)
    await picture(media, os.urandom(100_000))
    await backups.backup(url, media, file, NOW)
    await Meta.create(key="now", value="y")
    await picture(media, b"now")
    await database.close_database()
    return url, media, file


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def packed(file: Path, parts: dict[str, bytes]) -> None:
    with tarfile.open(file, "w:gz") as tar:
        for name, data in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def spoil(how: str, file: Path) -> None:
    data, parts = file.read_bytes(), members(file)
    manifest = json.loads(parts["manifest.json"])
    match how:
        case "cut off early":
            file.write_bytes(data[:1000])
        case "cut off late":
            file.write_bytes(data[:-20])
        case "a turned bit":
            file.write_bytes(data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 4]) + data[len(data) // 2 + 1 :])
        case "empty":
            file.write_bytes(b"")
        case "a letter":
            file.write_text("Dear operator")
        case "another archive":
            packed(file, {"holiday.jpg": b"x"})
        case "a way out":
            packed(file, {"../../baraza.toml": b"x", **parts})
        case "no manifest":
            packed(file, {name: part for name, part in parts.items() if name != "manifest.json"})
        case "no manifest that can be read":
            packed(file, {**parts, "manifest.json": b"[" * 100_000})
        case "another row count":
            manifest["tables"]["meta"] += 1
            packed(file, {**parts, "manifest.json": json.dumps(manifest).encode()})
        case "another database":
            packed(file, {**parts, "database.sqlite3": parts["database.sqlite3"][:-1] + b"?"})
        case "a file that is missing":
            packed(file, {name: part for name, part in parts.items() if not name.startswith("media/")})
        case "a newer program":
            manifest["migrations"].append("9999_later")
            packed(file, {**parts, "manifest.json": json.dumps(manifest).encode()})
        case "a newer form":
            packed(file, {**parts, "manifest.json": json.dumps({**manifest, "format": 2}).encode()})
        case "of a server":
            packed(file, {**parts, "manifest.json": json.dumps({**manifest, "kind": "postgres"}).encode()})


@pytest.mark.parametrize(
    "how",
    [
        "cut off early",
        "cut off late",
        "a turned bit",
        "empty",
        "a letter",
        "another archive",
        "a way out",
        "no manifest",
        "no manifest that can be read",
        "another row count",
        "another database",
        "a file that is missing",
        "a newer program",
        "a newer form",
        "of a server",
    ],
)
async def test_an_archive_that_is_unfit_changes_nothing(how: str, made: tuple[str, Path, Path], tmp_path: Path) -> None:
    url, media, file = made
    spoil(how, file)
    before = tree(tmp_path)
    with pytest.raises(BarazaError) as refused:
        await backups.restore(url, media, file, NOW, replace=True)
    assert "Nothing was changed" in str(refused.value)
    assert tree(tmp_path) == before
    assert not leftovers(tmp_path)


@contextmanager
def full_after(size: int) -> Iterator[None]:
    """No file may grow over this: writing fails as on a full disk, with a real error of the system."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [100, 60_000])
async def test_a_full_disk_changes_nothing(size: int, made: tuple[str, Path, Path], tmp_path: Path) -> None:
    url, media, file = made
    before = tree(tmp_path)
    with full_after(size), pytest.raises(BarazaError):
        await backups.backup(url, media, file, NOW, replace=True)
    assert tree(tmp_path) == before
    with full_after(size), pytest.raises(BarazaError, match="Nothing was changed"):
        await backups.restore(url, media, file, NOW, replace=True)
    assert tree(tmp_path) == before
    assert not leftovers(tmp_path)


async def test_a_running_program_is_not_restored_under(made: tuple[str, Path, Path], tmp_path: Path) -> None:
    url, media, file = made
    before = tree(tmp_path)
    async with ownership.only_program(url):
        with pytest.raises(BarazaError, match="already running"):
            await backups.restore(url, media, file, NOW, replace=True)
    assert tree(tmp_path) == before


async def test_a_stop_between_files_and_database_harms_nothing(
    made: tuple[str, Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, media, file = made
    before = tree(tmp_path)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(snapshots, "replace_sqlite", stopped)
    with pytest.raises(KeyboardInterrupt):
        await backups.restore(url, media, file, NOW, replace=True)
    assert tree(tmp_path) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_restored_by_root_it_belongs_to_whom_the_folder_belongs_to(
    made: tuple[str, Path, Path], tmp_path: Path
) -> None:
    url, media, file = made
    os.chown(media.parent, 1234, 1234)
    foreign = tmp_path / "shadow"
    foreign.touch()
    (media / "link").symlink_to(foreign)
    await backups.restore(url, media, file, NOW, replace=True)
    found = [path for path in media.parent.rglob("*") if path.name != "incoming"]
    assert {path.lstat().st_uid for path in found} == {1234}
    assert foreign.stat().st_uid == 0  # who may write there could else have any file given to them


async def test_a_rotten_picture_is_left_out_and_told(made: tuple[str, Path, Path], tmp_path: Path) -> None:
    url, media, _ = made
    sha256, path = next(MediaStore(media).files())
    path.write_bytes(b"rotten")
    manifest = await backups.backup(url, media, tmp_path / "second.tar.gz", NOW)
    assert manifest.damaged == (sha256,)
    assert sha256 not in manifest.media


async def test_what_was_to_be_sent_is_in_doubt_after_a_restore(opened: str) -> None:
    """It may have gone out between the backup and the restore: nothing may be published twice."""
    row: dict[str, Any] = {"account": "net", "chat": "kenya", "planned_at": NOW}
    due = await Delivery.create(**row, kind=ledger.POST, due_at=NOW)
    later = await Delivery.create(**row, kind=ledger.POST, due_at=NOW + timedelta(days=9))
    card = await Delivery.create(**row, kind=ledger.CARD, due_at=NOW)
    gone = await Delivery.create(**row, kind=ledger.POST, due_at=NOW, state=DeliveryState.DELIVERED)
    await upkeep.after_restore()
    assert (await Delivery.get(id=due.id)).state is DeliveryState.PLANNED
    await Meta.create(key=snapshots.RESTORED, value=(NOW + timedelta(days=2)).isoformat())
    await upkeep.after_restore()
    states = {found.id: found.state for found in await Delivery.all()}
    assert states == {
        due.id: DeliveryState.IN_DOUBT,
        later.id: DeliveryState.PLANNED,
        card.id: DeliveryState.PLANNED,
        gone.id: DeliveryState.DELIVERED,
    }
    found = await Delivery.get(id=due.id)
    assert found.doubted
    assert found.first_attempt_at == NOW  # a platform's memory for repeats may be over
    assert not await Meta.exists(key=snapshots.RESTORED)


async def test_without_the_tools_of_postgresql_it_is_said(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(snapshots, "_SERVER_PROGRAMS", tmp_path)
    with pytest.raises(BarazaError, match="postgresql-client"):
        await backups.backup(postgres, tmp_path / "media", tmp_path / "x.tar.gz", NOW)
    assert tree(tmp_path) == {}
