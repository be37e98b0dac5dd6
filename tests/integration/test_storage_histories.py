"""Random histories of a community, with crashes, over the real inbox, decisions, planning, ledger and worker.

What must hold is kept beside it as a plain model: which wordings were approved by somebody who may, and nothing else.
"""

import asyncio
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bridge import app, config
from bridge.core.capabilities import Guarantee
from bridge.core.community import Communities, Group
from bridge.core.errors import Refusal
from bridge.core.events import ButtonPressed, ChatKind, InboundEvent, MessageDeleted, MessageEdited
from bridge.core.ids import Address, ChatId, MessageId, RemoteRef
from bridge.core.policy import Check, Consequence, Rule
from bridge.core.ports import Later, Refused, SendOutcome, Unknown
from bridge.core.states import DeliveryState, InboxState
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.delivery.worker import Worker
from bridge.intake.processor import Processor
from bridge.moderation.effects import arrivals
from bridge.storage import afterwards, database, inbox, ledger, ledger_changes
from bridge.storage.inbox import DurableSink
from bridge.storage.models import Delivery, Handle, Inbox, Post, Review
from tests.unit.delivery.scripted import RICH, Scripted
from tests.unit.storage.stage import COMMUNITY, DESK, KENYA, MODS, NET, SLOW, UGANDA, FakeClock, posted, sender

CONFIG = """
[bridge]
database = "sqlite://baraza.db"
[web]
listen = "127.0.0.1:0"
[accounts.net]
kind = "loopback"
directory = "net"
[accounts.slow]
kind = "loopback"
directory = "slow"
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["net:mods"]
moderator_ids = ["net:grace"]
[[communities.groups]]
chat = "net:kenya"
"""
DONE = (DeliveryState.DELIVERED, DeliveryState.REFUSED, DeliveryState.UNCERTAIN, DeliveryState.CANCELLED)
STATUS = {"held": "waiting for a decision", "approved": "approved", "rejected": "rejected", "withdrawn": "withdrawn by"}
WORDING = re.compile(r"wording-\d+")
# A third group far from where people write, so that a post always has somewhere to go.
FAR = Address(NET, ChatId("far"))
# Everything is held, however much one person writes.
HERE = replace(
    COMMUNITY,
    groups=(*COMMUNITY.groups, Group(chat=FAR)),
    policy=replace(COMMUNITY.policy, rules=(Rule(check=Check.ALL, then=Consequence.HOLD),)),
)
GROUPS = (KENYA, UGANDA, FAR)

permitted = {("net", "grace"), ("slow", "peter")}
people = st.sampled_from([(MODS, "grace"), (DESK, "peter"), (MODS, "grace"), (MODS, "mallory"), (DESK, "grace")])
actions = st.sampled_from(["approve", "approve", "reject", "reasons", "confirm", "send_again"])
ANSWERS = ("later", "unknown", "refused")
CRASHES = ("", "", "", "after claim", "after send")
anything = st.integers(0, 1000)


@dataclass
class Decided:
    """What moderators decide on: the post, or a change of it once it is published."""

    revision: int
    state: str = "held"


@dataclass
class Item:
    """One submission as everybody would tell it."""

    author: str
    source: RemoteRef
    private: bool
    wordings: list[str]
    """Of the post and of its changes, in one count."""
    post: Decided = field(default_factory=lambda: Decided(1))
    changes: dict[int, Decided] = field(default_factory=dict)
    """By the id of their review."""
    approved: list[str] = field(default_factory=list)

    def under_review(self, review_id: int) -> Decided:
        return self.changes.get(review_id, self.post)

    def reworded(self, what: Decided, wording: str) -> None:
        self.wordings.append(wording)
        what.revision = len(self.wordings)


@pytest.fixture(scope="module", autouse=True)
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One migrated database, copied for every history."""
    path = tmp_path_factory.mktemp("histories") / "template.db"

    async def make() -> None:
        await database.open_database(f"sqlite://{path}")
        await database.close_database()

    asyncio.run(make())
    History.template = path
    yield
    History.template = None


class History(RuleBasedStateMachine):
    """Sync rules over one event loop: an asynchronous rule would only return its coroutine."""

    template: Path | None = None

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.directory = Path(tempfile.mkdtemp(prefix="baraza-history-"))
        self.clock = FakeClock()
        self.items: dict[int, Item] = {}
        self.sent_again: Counter[int] = Counter()
        self.count = 0

    def do(self, work: Awaitable[Any]) -> Any:
        async def done() -> Any:
            return await work

        return self.runner.run(done())

    @initialize()
    def open(self) -> None:
        assert self.template is not None
        shutil.copy(self.template, self.directory / "baraza.db")
        (self.directory / "baraza.toml").write_text(CONFIG)
        self.do(database.open_database(f"sqlite://{self.directory / 'baraza.db'}", migrate=False))
        self.net = Scripted(NET, replace(RICH, guarantee=Guarantee.AT_MOST_ONCE, interviews=False))
        self.slow = Scripted(SLOW, replace(RICH, guarantee=Guarantee.ONCE_BY_KEY, interviews=False))
        self.bridge = app.Bridge(config.load(self.directory / "baraza.toml"), clock=self.clock)
        self.bridge._communities = Communities((HERE,))
        self.bridge._directory = Directory({NET: self.net, SLOW: self.slow})
        self.start()

    def start(self) -> None:
        """The program begins (again), knowing nothing but the database."""

        async def no_files(*_: object) -> Any:
            raise AssertionError

        communities, known = self.bridge._communities, self.bridge._directory
        self.processor = Processor(communities, known, no_files, self.clock)
        self.worker = Worker(
            known,
            installation="test",
            compose=self.bridge._compose,
            effects=arrivals(communities, self.clock.now),
            file_path=Path,
            clock=self.clock,
        )
        self.do(self.worker.take_over())

    def teardown(self) -> None:
        try:
            if hasattr(self, "worker"):
                self.settle_down()
        finally:
            self.do(database.close_database())
            self.runner.close()
            shutil.rmtree(self.directory)

    # --- what people do ---------------------------------------------------------------------------------------------

    def key(self) -> str:
        self.count += 1
        return str(self.count)

    def happens(self, event: InboundEvent) -> None:
        """An event comes in, is told twice, and is handled."""

        async def handled() -> None:
            for _ in range(2):
                await DurableSink(event.account, self.clock).accept([event], state={"offset": event.key})
            while rows := await inbox.take(self.clock.now(), busy=set()):
                for row in rows:
                    await self.processor._process(row)

        self.do(handled())

    @rule(author=st.sampled_from(["amina", "daniel"]), where=st.sampled_from(["kenya", "uganda", "private"]))
    def somebody_posts(self, author: str, where: str) -> None:
        key = self.key()
        chat = {"kenya": KENYA, "uganda": UGANDA}.get(where, Address(NET, ChatId(author)))
        event = posted(f"wording-{key}", key=key, user=author, chat=chat)
        if where == "private":
            event = replace(event, chat_kind=ChatKind.PRIVATE)
        self.happens(event)
        self.items[len(self.items) + 1] = Item(author, event.ref, where == "private", [f"wording-{key}"])

    @precondition(lambda self: self.items)
    @rule(which=anything, by_author=st.booleans())
    def somebody_edits_a_message(self, which: int, by_author: bool) -> None:
        item, key = self.items[which % len(self.items) + 1], self.key()
        user = item.author if by_author else "mallory"
        self.happens(
            MessageEdited(
                account=item.source.account,
                chat=item.source.chat,
                key=key,
                at=self.clock.now(),
                ref=item.source,
                sender=sender(user, account=item.source.account),
                chat_kind=ChatKind.PRIVATE if item.private else ChatKind.GROUP,
                text=plain(f"wording-{key}"),
            )
        )
        if not by_author:
            return
        held = [decided for decided in (item.post, *item.changes.values()) if decided.state == "held"]
        if held:
            item.reworded(held[0], f"wording-{key}")
        elif item.post.state == "approved":
            changes = Review.filter(kind=afterwards.CORRECTION, submission__message=item.source.message)
            change = Decided(0)
            item.reworded(change, f"wording-{key}")
            item.changes[self.do(changes.order_by("-id").first()).id] = change

    @precondition(lambda self: self.items)
    @rule(which=anything, by_author=st.booleans())
    def somebody_deletes_a_message(self, which: int, by_author: bool) -> None:
        item = self.items[which % len(self.items) + 1]
        user = item.author if by_author else "mallory"
        self.happens(
            MessageDeleted(
                account=item.source.account,
                chat=item.source.chat,
                key=self.key(),
                at=self.clock.now(),
                ref=item.source,
                sender=sender(user, account=item.source.account),
            )
        )
        if by_author and item.post.state == "held":
            item.post.state = "withdrawn"

    @rule(which=anything, who=people, action=actions)
    def somebody_presses(self, which: int, who: tuple[Address, str], action: str) -> None:
        """Any button that was ever shown to moderators, by anybody who can see one."""
        found = Handle.filter(subject="review", action=action).order_by("subject_id", "revision", "argument")
        handles = self.do(found.all())
        if not handles:
            return
        self.presses(handles[which % len(handles)], who)

    def presses(self, handle: Handle, who: tuple[Address, str]) -> None:
        (channel, user), number = who, self.number_of(handle.subject_id)
        uncertain = handle.action in ("confirm", "send_again") and (
            self.do(Delivery.get(id=int(handle.argument))).state == DeliveryState.UNCERTAIN
        )
        self.happens(
            ButtonPressed(
                account=channel.account,
                chat=channel.chat,
                key=self.key(),
                at=self.clock.now(),
                ref=None,
                sender=sender(user, account=channel.account),
                handle=handle.token,
                press="p",
            )
        )
        if (channel.account, user) not in permitted:
            return
        if handle.action == "send_again" and uncertain:
            self.sent_again[number] += 1
        if handle.action in ("approve", "reject"):
            self.decided(handle.subject_id, handle.revision, handle.action)

    @rule(which=anything, who=people, what=st.sampled_from(["approve", "reject duplicate", "edit", "well…"]))
    def somebody_replies_to_a_card(self, which: int, who: tuple[Address, str], what: str) -> None:
        channel, user = who
        cards = self.do(
            Delivery.filter(kind=ledger.CARD, operation=ledger.SEND, state="delivered", account=channel.account)
            .order_by("id")
            .all()
        )
        if not cards:
            return
        card, key = cards[which % len(cards)], self.key()
        text = f"edit: wording-{key}" if what == "edit" else what
        self.happens(replace(posted(text, key=key, user=user, chat=channel), reply_to=card.ref, at=self.clock.now()))
        item = self.items[self.number_of(card.review_id)]
        if (channel.account, user) not in permitted:
            return
        decided = item.under_review(card.review_id)
        if what == "edit" and decided.state == "held" and card.revision == decided.revision:
            item.reworded(decided, f"wording-{key}")
        elif what != "edit":
            self.decided(card.review_id, card.revision, what.split()[0])

    @rule(
        answers=st.lists(st.sampled_from(ANSWERS), max_size=4), rounds=st.integers(1, 6), crash=st.sampled_from(CRASHES)
    )
    def a_post_goes_all_the_way(self, answers: list[str], rounds: int, crash: str) -> None:
        """What happens every day, with whatever may happen on the way."""
        self.somebody_posts("amina", "private")
        self.messages_go_out(3, "")
        if len(self.items) % 3 == 0:  # meanwhile the author thinks again, and the moderator has an older card in view
            self.somebody_edits_a_message(len(self.items) - 1, by_author=True)
        handles = Handle.filter(subject="review", action="approve").order_by("-subject_id", "revision")
        for index in range(len(self.do(handles.all()))):
            if self.items[len(self.items)].post.state != "held":
                break
            self.presses(self.do(handles.all())[index], (MODS, "grace"))
            self.messages_go_out(2, "")
        self.a_platform_will_answer("net", answers)
        self.messages_go_out(rounds, crash)

    def number_of(self, review_id: int) -> int:
        review = self.do(Review.get(id=review_id).select_related("submission"))
        return int(review.submission.number)

    def decided(self, review_id: int, revision: int, action: str) -> None:
        """What a permitted decision means, if it is about the wording that is under review."""
        item = self.items[self.number_of(review_id)]
        decided = item.under_review(review_id)
        if decided.state != "held" or revision != decided.revision or action not in ("approve", "reject"):
            return
        decided.state = "approved" if action == "approve" else "rejected"
        if action == "approve":
            item.approved.append(item.wordings[revision - 1])

    # --- what the machines do ---------------------------------------------------------------------------------------

    @rule(
        account=st.sampled_from(["net", "slow"]),
        answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3),
    )
    def a_platform_will_answer(self, account: str, answers: list[str]) -> None:
        made: dict[str, Callable[[], SendOutcome]] = {
            "later": lambda: Later(when=self.clock.now() + timedelta(seconds=20), why="busy"),
            "unknown": lambda: Unknown(why="the line broke"),
            "refused": lambda: Refused(reason=Refusal.FORBIDDEN),
        }
        adapter = self.net if account == "net" else self.slow
        adapter.answers.extend(made[answer]() for answer in answers)

    @rule(seconds=st.sampled_from([1, 30, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.clock.pass_by(seconds)

    @rule(rounds=st.integers(1, 4), crash=st.sampled_from(CRASHES))
    def messages_go_out(self, rounds: int, crash: str) -> None:
        for _ in range(rounds):
            self.do(self.deliver(crash))
            if crash:
                self.start()
                return

    async def deliver(self, crash: str = "") -> None:
        """One round of the worker, without its waiting, so that it can be stopped where it hurts."""
        now = self.clock.now()
        await self.worker._judge.look(now)
        await self.worker._judge.idle()
        ids = [row_id for row_id, _ in await ledger.heads(now, ["net", "slow"])]
        rows = await ledger.claim(ids, now, self.bridge._compose)
        if crash == "after claim":
            return
        for row in rows:
            await self.worker._carry(row)
        if crash == "after send":
            return
        await self.worker._record()

    # --- what must hold ---------------------------------------------------------------------------------------------

    def published(self, adapter: Scripted, group: Address) -> Counter[str]:
        found: Counter[str] = Counter()
        for message in adapter.ever_shown:
            if adapter.account == group.account and message.chat == group.chat:
                found.update(set(WORDING.findall(message.text)))
        return found

    @invariant()
    def only_approved_wordings_are_published(self) -> None:
        approved = {wording for item in self.items.values() for wording in item.approved}
        for group in GROUPS if hasattr(self, "net") else ():
            for adapter in (self.net, self.slow):
                assert set(self.published(adapter, group)) <= approved

    @invariant()
    def nothing_is_shown_twice_unless_somebody_asked_for_it(self) -> None:
        for group in GROUPS if hasattr(self, "net") else ():
            for number, item in self.items.items():
                for wording in item.approved:
                    assert self.published(self.net, group)[wording] <= 1 + self.sent_again[number]
                    assert self.published(self.slow, group)[wording] <= 1

    @invariant()
    def one_approval_is_one_plan(self) -> None:
        if not hasattr(self, "net"):
            return
        posts = self.do(Post.all().select_related("submission"))
        assert {post.number for post in posts} == {n for n, item in self.items.items() if item.post.state == "approved"}
        for post in posts:
            rows = self.do(Delivery.filter(post_id=post.id, operation=ledger.SEND).all())
            firsts = Counter(row.chat for row in rows if row.part == 1)
            assert set(firsts.values()) == {1}
            assert set(firsts) == {group.chat for group in GROUPS}

    @invariant()
    def the_database_tells_the_same_story(self) -> None:
        if not hasattr(self, "net"):
            return
        reviews = self.do(Review.all().select_related("submission"))
        posts = {r.submission.number: (r.state.value, r.revision) for r in reviews if r.kind == "post"}
        assert posts == {number: (item.post.state, item.post.revision) for number, item in self.items.items()}
        changes = {r.id: (r.state.value, r.revision) for r in reviews if r.kind == afterwards.CORRECTION}
        expected = {key: value for item in self.items.values() for key, value in item.changes.items()}
        assert changes == {key: (change.state, change.revision) for key, change in expected.items()}

    def settle_down(self) -> None:
        """Everything answers again and time passes: every row comes to an end, and every card says how it is."""
        self.net.answers.clear()
        self.slow.answers.clear()
        for _ in range(200):
            self.clock.pass_by(30)
            self.do(self.deliver())
            if not self.do(Delivery.exclude(state__in=list(DONE)).count()):
                break
        open_rows = self.do(Delivery.exclude(state__in=list(DONE)).all())
        assert open_rows == [], [(row.id, row.kind, row.operation, row.state, row.waits_for) for row in open_rows]
        assert self.do(Inbox.exclude(state=InboxState.DONE).count()) == 0
        self.only_approved_wordings_are_published()
        self.nothing_is_shown_twice_unless_somebody_asked_for_it()
        for card in self.do(Delivery.filter(kind=ledger.CARD, operation=ledger.SEND, state="delivered").all()):
            decided = self.items[self.number_of(card.review_id)].under_review(card.review_id)
            shown = (self.net if card.account == "net" else self.slow).shown[MessageId(card.message)]
            expected = STATUS[decided.state] if card.revision == decided.revision else "an older wording"
            assert expected in shown.text.splitlines()[0], (card.id, decided, shown)
        self.every_message_shows_the_newest_approved_wording()

    def every_message_shows_the_newest_approved_wording(self) -> None:
        """Where we know which message it is: somebody who says "it is there" does not say that."""
        sends = Delivery.filter(kind=ledger.POST, operation=ledger.SEND, state="delivered").exclude(message="")
        for row in self.do(sends.exclude(detail=ledger_changes.ORIGINAL).select_related("post")):
            shown = (self.net if row.account == "net" else self.slow).shown[MessageId(row.message)]
            newest = self.items[row.post.number].approved[-1]
            assert set(WORDING.findall(shown.text)) <= {newest}, (row.id, newest, shown)


TestHistories = History.TestCase
TestHistories.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    # A history that fails is told as it was found: making it shorter takes minutes. Add Phase.shrink when you have one.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
