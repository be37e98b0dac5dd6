"""The program of before the newest migration works beside this one, on the tables that this one has changed.

It is taken from the history of this checkout.
"""

import asyncio
import io
import subprocess
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.program import ROOT
from tests.acceptance.test_sharing import ALL_ROLES, Partner, Town, eventually, town
from tests.acceptance.world import until

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]
MIGRATIONS = "bridge/storage/migrations"


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("there is no git here: the program of before cannot be had")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this is no checkout with a history: {error.stderr.decode(errors='replace').strip()}")


def _names(listing: bytes) -> set[str]:
    return {path.rpartition("/")[2] for path in listing.decode().split() if path.rpartition("/")[2].startswith("0")}


def _before() -> str:
    """The last commit that has every migration except the newest."""
    ours = {path.name for path in (ROOT / MIGRATIONS).glob("0*.py")}
    for commit in _git("rev-list", "HEAD").decode().split():
        if _names(_git("ls-tree", "--name-only", commit, f"{MIGRATIONS}/")) == ours - {max(ours)}:
            return commit
    pytest.skip("the history of this checkout does not reach back to before the newest migration (a shallow clone?)")


class Before(Partner):
    """That program. It makes the tables itself."""

    async def _begin(self) -> None:
        """Nothing is there yet."""


@pytest.fixture
async def here(tmp_path: Path, postgres: str) -> AsyncIterator[Town]:
    Before.root = tmp_path / "before"
    with tarfile.open(fileobj=io.BytesIO(_git("archive", _before(), "bridge"))) as archive:
        archive.extractall(Before.root, filter="data")
    async with town(tmp_path, postgres, *ALL_ROLES * 2, kind=Before) as here:
        yield here


async def _writes(here: Town, count: int = 5) -> None:
    for _ in range(count):
        here.write()
        await asyncio.sleep(0.1)  # some while the tables are changed
    await until(lambda: all(here.copies()), 30)


async def _is_replaced(here: Town, number: int) -> Partner:
    """As on one machine after the other: stopped, and started in the new version. Posts go on meanwhile."""
    writing = asyncio.create_task(_writes(here, 30))
    assert await here.programs[number].stop() == 0
    new = here.program()
    await new.start()
    await writing
    await here.is_shared()
    return new


async def test_programs_are_replaced_one_after_the_other(here: Town) -> None:
    await here.is_shared()
    await _writes(here)
    _, last = here.programs
    new = await _is_replaced(here, 0)
    had = set()
    for _ in range(2):
        had.add((await here.leases())["account:chat"])
        await _writes(here)
        assert await last.stop() == 0  # it comes back, on the newer tables, and has the other part
        await last.start()
        await here.is_shared()
    assert here.said(last, "database_is_newer")
    assert len(had) == 2, "each has read what people write, while the other sent"
    newest = await _is_replaced(here, 1)
    await here.is_whole()
    unfilled = "SELECT count(*) FROM identity WHERE name <> '' AND called = ''"
    await eventually(lambda: here.admin.fetchval(unfilled), 0, 5)
    assert await here.owners() == {await here.holder(new), await here.holder(newest)}
    for program in (new, newest, last):
        assert not any('"level": "error"' in line or "Traceback" in line for line in program.output), program.output
