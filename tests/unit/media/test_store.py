"""Files on disk: complete or not there, private, and found by their content alone."""

import asyncio
import hashlib
import os
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.errors import StorageUnavailable
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.media.store import MediaStore
from tests.unit.media.samples import stream


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


@pytest.mark.parametrize("size", [1, 1000, (1 << 18) - 1, 1 << 18, (1 << 20) + 7])
async def test_bytes_come_back(store: MediaStore, size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    stored = await store.put(stream(data, 999), limit=size)
    assert stored.size == size
    assert stored.sha256 == hashlib.sha256(data).hexdigest()
    path = store.path(stored.sha256)
    assert path.read_bytes() == data
    assert path.parent.parent.name + path.parent.name == stored.sha256[:4]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_one_byte_over_the_limit_is_refused(store: MediaStore) -> None:
    with pytest.raises(UnfitMedia) as caught:
        await store.put(stream(b"12345"), limit=4)
    assert caught.value.reason is MediaReason.TOO_BIG
    assert not list(store._incoming.iterdir())


async def test_a_stream_that_breaks_leaves_nothing(store: MediaStore) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield b"half"
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        await store.put(breaking(), limit=100)
    assert not list(store._incoming.iterdir())


async def test_a_cancelled_put_leaves_nothing(store: MediaStore) -> None:
    begun = asyncio.Event()

    async def hanging() -> AsyncIterator[bytes]:
        yield b"half"
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(store.put(hanging(), limit=100))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert not list(store._incoming.iterdir())


async def test_what_a_killed_process_left_is_swept(store: MediaStore) -> None:
    stored = await store.put(stream(b"whole"), limit=100)
    left = store._incoming / "left-behind"
    left.write_bytes(b"half")
    assert store.sweep() == 0, "somebody may be writing it"
    an_hour_ago = time.time() - 3601
    os.utime(left, (an_hour_ago, an_hour_ago))
    assert store.sweep() == 1
    assert not left.exists()
    assert store.path(stored.sha256).read_bytes() == b"whole"


async def test_a_sweep_spares_what_is_arriving(store: MediaStore) -> None:
    data = bytes(n % 251 for n in range(3 << 18))

    async def swept() -> AsyncIterator[bytes]:
        yield data[: 1 << 19]
        assert store.sweep() == 0
        yield data[1 << 19 :]

    stored = await store.put(swept(), limit=len(data))
    assert store.path(stored.sha256).read_bytes() == data


async def test_a_file_that_vanished_while_arriving_is_not_kept_by_halves(store: MediaStore) -> None:
    async def robbed() -> AsyncIterator[bytes]:
        yield bytes(1 << 19)
        [arriving] = store._incoming.iterdir()
        arriving.unlink()
        yield bytes(1 << 19)

    with pytest.raises(StorageUnavailable):
        await store.put(robbed(), limit=1 << 20)
    assert not list(store._root.glob("??/??/*"))


async def test_the_same_bytes_at_once_are_one_file(store: MediaStore) -> None:
    both = await asyncio.gather(*(store.put(stream(b"same"), limit=10) for _ in range(5)))
    assert len(set(both)) == 1
    assert store.path(both[0].sha256).read_bytes() == b"same"
    assert not list(store._incoming.iterdir())


async def test_a_folder_that_cannot_be_made_is_the_disks_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable, match="check the disk"):
        await MediaStore(tmp_path / "file").put(stream(b"x"), limit=10)


@given(st.text(max_size=80))
def test_no_name_is_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        MediaStore(Path("/srv/media")).path(name)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "/" + "a" * 63])
def test_what_looks_like_a_hash_and_is_none_is_no_path(name: str) -> None:
    with pytest.raises(ValueError, match="hex"):
        MediaStore(Path("/srv/media")).path(name)


async def test_nobody_else_may_look_in(tmp_path: Path) -> None:
    """Not into a folder on the way, either: a hash says which file a community has."""
    root = tmp_path / "far" / "away" / "media"
    await MediaStore(root).put(stream(b"a picture"), 100)
    open_to_others = [path for path in (root, *root.rglob("*")) if path.stat().st_mode & 0o077]
    assert open_to_others == []
