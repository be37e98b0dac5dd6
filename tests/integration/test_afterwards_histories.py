"""Random histories after publication: corrected again and again, refused, in doubt, tried again, taken back.

However it went, in the end every group that can be changed shows the newest approved wording, whole and once, or
nothing after a retraction; and nobody is ever shown a wording that was not approved.
"""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bridge.core.capabilities import Guarantee
from bridge.core.errors import Refusal
from bridge.core.ids import Address, MessageId, RemoteRef
from bridge.core.message import Attachment, AttachmentKind
from bridge.core.ports import Later, Outgoing, Refused, SendOutcome, Sent, Unknown
from bridge.core.states import DeliveryState, PostState
from bridge.core.text import plain
from bridge.delivery import planning
from bridge.moderation import arrival, corrections, decisions, retracting, retrying
from bridge.moderation.facts import facts_of
from bridge.rendering.words import words
from bridge.storage import database, ledger, submissions
from bridge.storage.models import Delivery, Review
from tests.integration.afterwards_town import GROUPS, PHONES, SMS, Town
from tests.unit.delivery.scripted import LINE, RICH, Scripted
from tests.unit.storage.stage import KENYA, NET, PETER, SLOW, UGANDA

PHOTOS = tuple(
    Attachment(sha256=f"{n:064d}", kind=AttachmentKind.PHOTO, mime="image/jpeg", size=1000, name=f"{n}.jpg")
    for n in range(2)
)
TAG = re.compile(r"wording-\d+-")
ANSWERS = ("later", "unknown", "refused", "arrives")


class Keyed(Scripted):
    """The far side recognises a repeated key before anything else, and can refuse changes, too."""

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        known = self._by_key.get(key)
        if known is not None:
            return Sent(refs=(RemoteRef(self.account, outgoing.chat, MessageId(known)),))
        return await super().send(outgoing, key)

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, key: str) -> SendOutcome:
        if self.answers and isinstance(self.answers[0], Refused):
            return self.answers.popleft()
        return await super().edit(ref, outgoing, key)

    async def delete(self, ref: RemoteRef, key: str) -> SendOutcome:
        if self.answers and isinstance(self.answers[0], Refused):
            return self.answers.popleft()
        return await super().delete(ref, key)


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One migrated database, copied for every history."""
    path = tmp_path_factory.mktemp("afterwards") / "template.db"

    async def make() -> None:
        await database.open_database(f"sqlite://{path}")
        await database.close_database()

    asyncio.run(make())
    Afterwards.template = path
    yield
    Afterwards.template = None


class Afterwards(RuleBasedStateMachine):
    """Sync rules over one event loop: an asynchronous rule would only return its coroutine."""

    template: Path | None = None

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="baraza-afterwards-"))
        self.approved: list[str] = []
        self.count = 0

    def do(self, work: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await work

        return self.runner.run(done())

    @initialize(photos=st.integers(0, 2), size=st.integers(0, 3), where=st.sampled_from([KENYA, UGANDA]))
    def open(self, photos: int, size: int, where: Address) -> None:
        assert self.template is not None
        shutil.copy(self.template, self.directory / "baraza.db")
        self.do(database.open_database(f"sqlite://{self.directory / 'baraza.db'}", migrate=False))
        self.town = Town()
        once = Guarantee.ONCE_BY_KEY
        self.accounts = {
            NET: Keyed(NET, replace(RICH, guarantee=once)),
            SLOW: Keyed(SLOW, replace(RICH, guarantee=once)),
            SMS: Keyed(SMS, replace(LINE, guarantee=once)),
        }
        self.town.accounts = dict(self.accounts)
        self.town.directory._adapters = dict(self.accounts)
        self.review: Review = self.do(self.town.writes(self.wording(size), where=where, files=PHOTOS[:photos]))
        self.do(self.town.rounds(2))
        assert self.do(self.town.approves(self.review)) is decisions.Verdict.DONE

    def wording(self, size: int) -> str:
        """A text of its own, approved from now on, of one to four messages."""
        self.count += 1
        self.approved.append(f"wording-{self.count}-")
        return f"{self.approved[-1]} " + f"{self.count} and so on. " * (1, 100, 400, 700)[size]

    # --- what happens ---

    @rule(answers=st.lists(st.tuples(st.sampled_from([NET, SLOW, SMS]), st.sampled_from(ANSWERS)), max_size=6))
    def the_worker_goes_round(self, answers: list[tuple[Any, str]]) -> None:
        for account, answer in answers:
            self.accounts[account].answers.append(self.scripted(answer))
        self.do(self.town.rounds(2))
        for adapter in self.accounts.values():
            adapter.answers.clear()

    def scripted(self, answer: str) -> SendOutcome:
        match answer:
            case "later":
                return Later(when=self.town.now + timedelta(seconds=5), why="busy")
            case "unknown":
                return Unknown(why="the line broke")
            case "refused":
                return Refused(reason=Refusal.FORBIDDEN)
            case _:
                return Sent()

    @rule(size=st.integers(0, 3))
    def corrected(self, size: int) -> None:
        self.do(self.correct(self.wording(size)))

    async def correct(self, text: str) -> None:
        async with database.transaction():
            post = await self.town.post()
            if post.state == PostState.RETRACTED:
                return
            review = await corrections.propose(
                self.review,
                post,
                plain(text),
                self.town.community,
                self.town.directory,
                self.town.now,
                by=(await self.town.act(self.review)).identity,
                editor="Grace",
            )
        assert await self.town.approves(review, by=PETER) is decisions.Verdict.DONE

    @rule()
    def tried_again(self) -> None:
        self.do(self.retry())

    async def retry(self) -> None:
        async with database.transaction():
            await retrying.retry(await self.town.act(self.review))

    @rule()
    def a_correction_is_proposed_and_never_approved(self) -> None:
        self.do(self.propose())

    async def propose(self) -> None:
        async with database.transaction():
            post = await self.town.post()
            if post.state == PostState.LIVE:
                act = await self.town.act(self.review)
                await corrections.propose(
                    self.review,
                    post,
                    plain("wording-0- nobody approved this"),
                    self.town.community,
                    self.town.directory,
                    self.town.now,
                    by=act.identity,
                    editor="Grace",
                )

    @rule(chance=st.integers(0, 3))
    def taken_back(self, chance: int) -> None:
        if not chance:
            self.do(self.retract())

    async def retract(self) -> None:
        async with database.transaction():
            await retracting.retract(await self.town.act(self.review, "A patient can be recognised."))

    # --- what must hold ---

    @invariant()
    def nobody_is_shown_what_was_not_approved(self) -> None:
        if self.approved:
            groups = {group.chat for group in GROUPS}
            seen = [m.text for adapter in self.accounts.values() for m in adapter.ever_shown if m.chat in groups]
            assert set(TAG.findall("".join(seen))) <= set(self.approved)

    def teardown(self) -> None:
        try:
            if hasattr(self, "review"):
                self.do(self.in_the_end())
        finally:
            self.do(database.close_database())
            self.runner.close()
            shutil.rmtree(self.directory, ignore_errors=True)

    async def in_the_end(self) -> None:
        """Every line works again, and somebody tries again whatever was refused."""
        for _ in range(3):
            await self.until_quiet()
            await self.retry()
        await self.until_quiet()
        post = await self.town.post()
        said = arrival.lines(await facts_of(self.review, self.town.community, 1), words("en"))
        if post.state == PostState.RETRACTED:
            assert self.town.texts(KENYA) == self.town.texts(UGANDA) == []
            assert said[0] == f"Taken back in {2 if self.town.texts(PHONES) else 3} of 3 groups"
            assert await submissions.count_held("hifa") == 0
            return
        review = await submissions.review_by_id(self.review.id)
        assert review is not None
        view = await planning.view_of(post, self.town.community)
        for group in self.town.community.groups:
            shown = self.town.texts(group.chat)
            if group.chat == PHONES:  # what is there cannot be changed: it is one wording, whole
                tags = TAG.findall("".join(shown))
                assert len(tags) == 1
                continue
            beside = await planning.original_stays(review.submission, group, group.chat)
            wanted = await planning.contents(
                post, review.submission, self.town.community, group, view, self.town.directory, beside=beside
            )
            assert sorted(shown) == sorted(content.text.text for content in wanted)
        assert said[0] == "Arrived in 3 of 3 groups"

    async def until_quiet(self) -> None:
        under_way = [DeliveryState.PLANNED, DeliveryState.ATTEMPTING, DeliveryState.IN_DOUBT]
        for _ in range(60):
            if not await Delivery.filter(kind=ledger.POST, state__in=under_way).exists():
                return
            await self.town.rounds(1, seconds=60)
        raise AssertionError("something is still under way after an hour")


Afterwards.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    # A history that fails is told as it was found: making it shorter takes minutes. Add Phase.shrink when you have one.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAfterwards = Afterwards.TestCase
