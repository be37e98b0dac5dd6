"""Random histories of reading privately, with the program killed between any two steps of a batch.

However it went, in the end everybody who reads was told of every post that was published while they did, and of none
twice: neither by two copies, nor by a copy and a digest.
"""

import asyncio
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bridge.core.membership import Reading
from bridge.core.reading import COPIED
from bridge.core.states import DeliveryState
from bridge.delivery import planning
from bridge.members import copies, preferences
from bridge.storage import codec, database, ledger
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Post
from bridge.storage.models_members import Membership
from tests.integration.reading_town import Readers

NAMES = ("joseph", "mary", "juma")
INDEX = re.compile(r"^#(\d+)[ ·]", re.MULTILINE)


class Killed(Exception):
    """The program ends here: nothing of the transaction stays."""


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One migrated database, copied for every history."""
    path = tmp_path_factory.mktemp("copies") / "template.db"

    async def make() -> None:
        await database.open_database(f"sqlite://{path}")
        await database.close_database()

    asyncio.run(make())
    Reading_.template = path
    yield
    Reading_.template = None


class Reading_(RuleBasedStateMachine):  # noqa: N801 - the name of the machine is Reading, which is taken
    template: Path | None = None

    @initialize(readings=st.lists(st.sampled_from([Reading.IMMEDIATE, *COPIED]), min_size=2, max_size=3))
    def begin(self, readings: list[Reading]) -> None:
        assert self.template is not None
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.mkdtemp(prefix="baraza-copies-")
        path = Path(self.folder) / "baraza.db"
        shutil.copy(self.template, path)
        self.do(database.open_database(f"sqlite://{path}", migrate=False))
        self.town = Readers()
        self.before: dict[str, set[int]] = {}
        """Those who read, and what had been published when they began."""
        copies.BATCH = 3
        for name, reading in zip(NAMES, readings, strict=False):
            self.begins(name, reading)
        self.publishes(0)
        self.a_batch()

    def do(self, work: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        try:
            self.do(self._settle())
        finally:
            copies.BATCH = 200
            self.do(database.close_database())
            self.loop.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- what happens ---

    def begins(self, name: str, reading: Reading) -> None:
        async def begin() -> None:
            await self.town.reads(name, reading)
            self.before[name] = {post.id for post in await Post.filter(publish_at__lte=self.town.now)}

        self.do(begin())

    @rule(name=st.sampled_from(NAMES), reading=st.sampled_from(COPIED))
    def begins_or_changes(self, name: str, reading: Reading) -> None:
        async def change() -> None:
            async with transaction():
                await preferences.set_reading(await self._member(name), reading, self.town.community, self.town.now)

        if name in self.before:
            self.do(change())
        else:
            self.begins(name, reading)

    @rule(name=st.sampled_from(NAMES), reading=st.sampled_from(COPIED))
    def changes_while_a_copy_waits(self, name: str, reading: Reading) -> None:
        self.publishes(0)
        self.a_batch()
        self.begins_or_changes(name, reading)

    async def _member(self, name: str) -> Membership:
        return await Membership.get(person_id=(await self.town.identity(name)).person_id)

    @rule(later=st.sampled_from([0, 0, 1, 30]))
    def publishes(self, later: int) -> None:
        at = None if not later else self.town.now + timedelta(hours=later)
        self.do(self.town.publishes(at=at))

    @rule(name=st.sampled_from(NAMES), days=st.sampled_from([None, 1, 3]))
    def goes_or_comes_back(self, name: str, days: int | None) -> None:
        async def change() -> None:
            async with transaction():
                until = None if days is None else self.town.now + timedelta(days=days)
                await preferences.set_away(await self._member(name), until, self.town.community, self.town.now)

        if name in self.before:
            self.do(change())

    @rule(minutes=st.sampled_from([1, 60, 600, 1500]))
    def time_passes(self, minutes: int) -> None:
        self.town.later(minutes=minutes)

    @rule(after=st.integers(0, 4))
    def a_batch_is_cut_short(self, after: int) -> None:
        """The program is killed when it has planned so many messages, before the commit."""

        async def cut() -> None:
            left = after
            plan, parts = ledger.plan, planning.plan_parts

            async def short(**values: Any) -> Delivery:
                nonlocal left
                if left == 0:
                    raise Killed
                left -= 1
                return await plan(**values)

            ledger.plan = short
            try:
                await copies.batch(self.town.community, self.town.directory, self.town.now)
            except Killed:
                pass
            finally:
                ledger.plan, planning.plan_parts = plan, parts

        self.do(cut())

    @rule()
    def a_batch(self) -> None:
        self.do(copies.batch(self.town.community, self.town.directory, self.town.now))

    @rule(most=st.integers(1, 4))
    def some_arrive(self, most: int) -> None:
        self.do(self.town.arrive(most))

    # --- what must be true ---

    @invariant()
    def nobody_is_told_twice(self) -> None:
        if hasattr(self, "town"):
            self.do(self._nobody_twice())

    async def _told(self, name: str) -> Counter[int]:
        numbers = {post.number: post.id for post in await Post.all()}
        told: Counter[int] = Counter()
        person = (await self.town.identity(name)).person_id
        rows = Delivery.filter(person_id=person, operation=ledger.SEND).exclude(state=DeliveryState.CANCELLED)
        for row in await rows:
            if row.kind == ledger.COPY and row.part == 1:
                told[int(row.post_id or 0)] += 1
            if row.kind == ledger.DIGEST:
                text = codec.load(codec.CONTENT, row.content).text.text
                told.update({numbers[int(number)] for number in INDEX.findall(text)})
        return told

    async def _nobody_twice(self) -> None:
        for name in self.before:
            told = await self._told(name)
            assert not [post for post, count in told.items() if count > 1], (name, told)

    async def _settle(self) -> None:
        """Everybody is back, a month goes by, and everything is sent."""
        for name in self.before:
            async with transaction():
                await preferences.set_away(await self._member(name), None, self.town.community, self.town.now)
        for days in (2, 35):
            self.town.later(days=days)
            await self.town.batches()
            await self.town.arrive()
        for name in self.before:
            expected = {post.id for post in await Post.all()} - self.before[name]
            told = await self._told(name)
            assert set(told) == expected, (name, told, expected)
            assert max(told.values(), default=1) == 1, (name, told)


TestReadingPrivately = Reading_.TestCase
TestReadingPrivately.settings = settings(
    max_examples=15,
    stateful_step_count=25,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)
