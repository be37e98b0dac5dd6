"""``baraza backup`` and ``baraza restore``: database and media as one archive, and back. Imported by cli alone.

The archive is a compressed tar: the database's copy, the files, and at its end a manifest with the number of rows
of every table and the hash of everything. What has no manifest is not whole.
"""

import asyncio
import contextlib
import gzip
import hashlib
import json
import os
import re
import secrets
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO

from bridge.core.errors import BarazaError
from bridge.media.store import MediaStore
from bridge.storage import ownership, snapshots

FORMAT = 1
_MANIFEST = "manifest.json"
_DATABASES = {"sqlite": "database.sqlite3", "postgres": "database.pgdump"}
_FILE = re.compile(r"media/([0-9a-f]{64})")
_CHUNK = 1 << 20


class BackupRefused(BarazaError):
    """This backup cannot be made or put back; nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an archive holds."""

    format: int
    program: str
    made_at: str
    kind: str
    """sqlite or postgres."""
    installation: str
    migrations: tuple[str, ...]
    tables: Mapping[str, int]
    """Rows of every table."""
    database: str
    """The hash of the database's copy."""
    media: Mapping[str, int] = field(default_factory=dict)
    """Bytes of every file, by its hash."""
    damaged: tuple[str, ...] = ()
    """Files that were no longer what their name says: they are left out."""

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def _kind(url: str) -> str:
    return "sqlite" if url.startswith("sqlite://") else "postgres"


def _path(url: str) -> Path:
    return Path(url.removeprefix("sqlite://"))


# --- making one -----------------------------------------------------------------------------------------------------


async def backup(url: str, media: Path, file: Path, now: datetime, *, replace: bool = False) -> Manifest:
    """Write everything into ``file``, whether or not the program runs. Raises BackupRefused, StorageUnavailable."""
    file = await asyncio.to_thread(_free, file, replace)
    try:
        with _beside(file) as folder:
            copy = folder / _DATABASES[_kind(url)]
            if _kind(url) == "sqlite":
                counted = await asyncio.to_thread(snapshots.copy_sqlite, _path(url), copy)
            else:
                counted = await snapshots.copy_postgres(url, copy)
            manifest = await asyncio.to_thread(_pack, folder / "archive", copy, counted, _kind(url), media, now)
            await asyncio.to_thread(_keep, folder / "archive", file)
    except snapshots.Damaged as error:
        raise BackupRefused(
            f"no backup was made, {error}: keep a copy of its files as they are, and restore an older one"
        ) from error
    except OSError as error:
        raise BackupRefused(
            f"the backup cannot be written to {file.parent} ({error.strerror or error}): nothing was left there"
        ) from error
    return manifest


def _free(file: Path, replace: bool) -> Path:
    if file.is_dir() or (file.exists() and not replace):
        raise BackupRefused(f"{file} is there already: name another file, or say --replace")
    return file.absolute()


@contextlib.contextmanager
def _beside(place: Path) -> Iterator[Path]:
    """A private folder on the same disk, gone at the end."""
    folder = place.with_name(f".{place.name}.{secrets.token_hex(6)}.partial")
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pack(archive: Path, copy: Path, counted: snapshots.Counted, kind: str, media: Path, now: datetime) -> Manifest:
    sizes: dict[str, int] = {}
    damaged: list[str] = []
    with _new(archive) as file, tarfile.open(fileobj=file, mode="w:gz", compresslevel=3) as tar:
        digest = _add(tar, copy.name, copy)
        for sha256, path in MediaStore(media).files():
            try:
                if _digest(path) != sha256:
                    damaged.append(sha256)
                    continue
                _add(tar, f"media/{sha256}", path)
                sizes[sha256] = path.stat().st_size
            except FileNotFoundError:  # erased meanwhile: it is to be nowhere
                sizes.pop(sha256, None)
        manifest = Manifest(
            format=FORMAT,
            program=_version(),
            made_at=now.isoformat(),
            kind=kind,
            installation=counted.installation,
            migrations=counted.migrations,
            tables=dict(counted.tables),
            database=digest,
            media=sizes,
            damaged=tuple(damaged),
        )
        text = archive.with_name(_MANIFEST)
        text.write_text(json.dumps(asdict(manifest)))
        _add(tar, _MANIFEST, text)
    return manifest


def _new(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")


class _Hashing:
    """Reads a file and hashes what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.sha256 = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.sha256.update(data)
        return data


def _add(tar: tarfile.TarFile, name: str, path: Path) -> str:
    with path.open("rb") as file:
        info = tarfile.TarInfo(name)
        info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
        reading = _Hashing(file)
        tar.addfile(info, reading)
    return reading.sha256.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _keep(archive: Path, file: Path) -> None:
    """Under its name it is whole and on the disk, or not there at all."""
    for path in (archive, file.parent):
        if path == file.parent:
            archive.replace(file)
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _version() -> str:
    try:
        return version("baraza")
    except PackageNotFoundError:
        return ""


# --- putting one back -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Restored:
    manifest: Manifest
    kept: tuple[Path, ...]
    """Where the former database and media are."""


async def restore(
    url: str, media: Path, file: Path, now: datetime, *, replace: bool = False, moved: bool = False
) -> Restored:
    """Put an archive in the place of database and media; the former ones are kept beside. All or nothing.

    ``moved``: nothing ran since the backup was made, so its ledger is the whole truth. Raises BackupRefused where the
    archive or the place is unfit, StorageUnavailable where a program is running.
    """
    if not await asyncio.to_thread(file.is_file):
        raise BackupRefused(f"there is no file {file}")
    label = f"{now:%Y%m%dT%H%M%SZ}"
    async with ownership.only_program(url):
        await _refuse_full(url, media, replace=replace)
        try:
            with _beside(_path(url) if _kind(url) == "sqlite" else media) as folder, _beside(media) as files:
                manifest = await asyncio.to_thread(_unpack, file, folder, files, _kind(url))
                copy = folder / _DATABASES[manifest.kind]
                await _verify(url, manifest, copy)
                swap = _MediaSwap(media, files, label)
                try:
                    await asyncio.to_thread(swap.add, manifest)
                    kept = await _replace(url, copy, media, label, "" if moved else now.isoformat())
                except BaseException:
                    await asyncio.to_thread(swap.undo)
                    raise
                await asyncio.to_thread(swap.finish, manifest)
                await asyncio.to_thread(_hand_over, url, media)
        except snapshots.Damaged as error:
            raise BackupRefused(f"{file} cannot be used: {error}. Nothing was changed") from error
        except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BackupRefused(
                f"{file} is no backup, or damaged, or cut off ({error}). Nothing was changed"
            ) from error
        except OSError as error:
            raise BackupRefused(f"it cannot be put back ({error.strerror or error}). Nothing was changed") from error
    return Restored(manifest=manifest, kept=tuple(path for path in (kept, swap.aside) if path is not None))


async def _refuse_full(url: str, media: Path, *, replace: bool) -> None:
    """Nobody's posts are replaced by a slip of the hand."""
    if replace:
        return
    if _kind(url) == "sqlite":
        empty = await asyncio.to_thread(snapshots.sqlite_is_empty, _path(url))
    else:
        empty = await snapshots.postgres_is_empty(url)
    if not empty or next(MediaStore(media).files(), None) is not None:
        raise BackupRefused(
            "there is a database (or media) already: say --replace to put the backup in its place; it is kept beside"
        )


def _unpack(file: Path, folder: Path, files: Path, kind: str) -> Manifest:
    """Everything out of the archive and into private folders, each file hashed. Raises what a bad archive raises."""
    found: dict[str, str] = {}
    manifest: Manifest | None = None
    with gzip.open(file) as stream:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                data = tar.extractfile(member) if member.isreg() else None
                name = member.name
                if data is None or manifest is not None or name in found:
                    raise snapshots.Damaged(f"it is not in the form of a backup ({name[:80]!r} is in it)")
                if name == _MANIFEST:
                    manifest = _manifest(data.read(_CHUNK << 8))
                elif name in _DATABASES.values():
                    found[name] = _write(folder / name, data)
                elif match := _FILE.fullmatch(name):
                    found[name] = _write(files / match[1], data)
                else:
                    raise snapshots.Damaged(f"it is not in the form of a backup ({name[:80]!r} is in it)")
        while stream.read(_CHUNK):  # to its end, where its checksum is
            pass
    if manifest is None:
        raise snapshots.Damaged("it has no list of what it holds: it was cut off, or is no backup")
    if manifest.kind != kind:
        raise snapshots.Damaged(f"it holds a database of {manifest.kind}, and the config file names one of {kind}")
    if found.pop(_DATABASES[kind], "") != manifest.database:
        raise snapshots.Damaged("its database is not the one that was written")
    if {f"media/{sha256}": sha256 for sha256 in manifest.media} != found:
        raise snapshots.Damaged("its files are not those that were written")
    return manifest


def _manifest(text: bytes) -> Manifest:
    try:
        value = json.loads(text)
        if value["format"] != FORMAT:
            raise snapshots.Damaged(f"its form {value['format']} is not known: it was written by a newer Baraza")
        manifest = Manifest(**value)
        if manifest.kind in _DATABASES and all(isinstance(count, int) for count in manifest.tables.values()):
            return manifest
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise snapshots.Damaged("its list of what it holds cannot be read")


def _write(path: Path, data: IO[bytes]) -> str:
    digest = hashlib.sha256()
    with _new(path) as file:
        while chunk := data.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return digest.hexdigest()


async def _verify(url: str, manifest: Manifest, copy: Path) -> None:
    """Does the database hold what the manifest says, and can this program read it? Raises Damaged."""
    if newer := snapshots.unknown_migrations(manifest.migrations):
        raise snapshots.Damaged(f"it was made by a newer Baraza (it has {', '.join(newer)}): upgrade this one first")
    if manifest.kind == "sqlite":
        tables = dict((await asyncio.to_thread(snapshots.check_sqlite, copy)).tables)
    else:
        tables = await snapshots.check_postgres(url, copy)
    for name in sorted({*tables, *manifest.tables}):
        if tables.get(name) != manifest.tables.get(name):
            raise snapshots.Damaged(
                f"its table {name} has {tables.get(name)} rows where {manifest.tables.get(name)} were written"
            )


async def _replace(url: str, copy: Path, media: Path, label: str, moment: str) -> Path | None:
    """The database itself, in one step. Returns where the former one is."""
    if _kind(url) == "sqlite":
        path = _path(url)
        kept = path.with_name(f"{path.name}.before-restore-{label}")
        if moment:
            await asyncio.to_thread(snapshots.mark_sqlite, copy, moment)
        await asyncio.to_thread(snapshots.replace_sqlite, copy, path, kept)
        return kept if kept.exists() else None
    former: Path | None = None
    if not await snapshots.postgres_is_empty(url):
        former = media.with_name(f"{media.name}.before-restore-{label}.pgdump")
        await snapshots.copy_postgres(url, former)
    await snapshots.replace_postgres(url, copy, moment)
    return former


def _hand_over(url: str, media: Path) -> None:
    """Restored by root, it belongs to whom the folder belongs to: the program that is to use it seldom is root."""
    if os.geteuid() != 0:
        return
    places = [media, *media.parent.glob(f"{media.name}.before-restore-*")]
    places += [inside for place in places for inside in place.rglob("*")]
    if _kind(url) == "sqlite":
        path = _path(url)
        places += [path, *path.parent.glob(f"{path.name}[.-]*")]
    owner = (_path(url) if _kind(url) == "sqlite" else media).parent.stat()
    for place in places:
        if place.exists():
            # Not what a link leads to: who may write here could have root give away any file of the machine.
            os.chown(place, owner.st_uid, owner.st_gid, follow_symlinks=False)


class _MediaSwap:
    """Files are only added before the database is replaced, and only removed after: a stop between harms nothing."""

    def __init__(self, media: Path, files: Path, label: str) -> None:
        self._store = MediaStore(media)
        self._files = files
        self._aside = self._store.kept_aside(label)
        self._added: list[Path] = []
        self.aside: Path | None = None

    def add(self, manifest: Manifest) -> None:
        for sha256, path in self._store.files():
            self.aside = self._aside
            kept = MediaStore(self._aside).make_room(sha256)
            try:
                os.link(path, kept)
            except OSError:  # a file system without hard links
                shutil.copy2(path, kept)
        for sha256 in manifest.media:
            place = self._store.make_room(sha256)
            if not place.exists():
                self._added.append(place)
            (self._files / sha256).replace(place)

    def undo(self) -> None:
        for place in self._added:
            place.unlink(missing_ok=True)
        if self.aside is not None:
            shutil.rmtree(self.aside, ignore_errors=True)

    def finish(self, manifest: Manifest) -> None:
        for sha256, path in self._store.files():
            if sha256 not in manifest.media:
                path.unlink(missing_ok=True)
