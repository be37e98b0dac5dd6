"""Moderators on two platforms, over the real router, database, ledger and worker: what people do and what they see.

Two accounts are scripted. Each remembers the messages and the buttons that stand in its chats, so that people press
what is really before them. Sending, time and timers go on only when they are told to.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog

from bridge import app, config
from bridge.core.capabilities import Guarantee
from bridge.core.community import Communities, Community, Group
from bridge.core.errors import TooSoon
from bridge.core.events import ButtonPressed, ChatKind, InboundEvent, MessagePosted, Reacted, Sender
from bridge.core.ids import AccountId, Address, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.policy import Policy, Role, Template
from bridge.core.ports import Outgoing, SendOutcome, Sent, Unknown
from bridge.core.states import DeliveryState, InboxState, ReviewState
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.delivery.worker import Worker
from bridge.intake import router
from bridge.intake.context import Context, PressAnswer
from bridge.members import contact
from bridge.moderation import permissions, timers
from bridge.moderation.deeds import DEEDS
from bridge.moderation.effects import arrivals
from bridge.storage import codec, desk, inbox, ledger, people
from bridge.storage.database import transaction
from bridge.storage.inbox import DurableSink
from bridge.storage.models import (
    Decision,
    Delivery,
    Handle,
    Identity,
    Inbox,
    Post,
    Query,
    Review,
    Revision,
    Submission,
)
from bridge.storage.models_desk import Note, Theme, Translation, Vote
from tests.unit.delivery.scripted import RICH, Scripted
from tests.unit.storage.stage import COMMUNITY, DESK, KENYA, MODS, NET, SLOW, UGANDA, FakeClock, sender

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
FAR = Address(NET, ChatId("far"))
GROUPS = (KENYA, UGANDA, FAR)
CHANNELS = (MODS, DESK)
ROLES = {
    UserRef(NET, UserId("grace")): Role.MODERATOR,
    UserRef(SLOW, UserId("grace2")): Role.MODERATOR,
    UserRef(SLOW, UserId("peter")): Role.MODERATOR,
    UserRef(NET, UserId("mary")): Role.MODERATOR,
    UserRef(NET, UserId("ruth")): Role.SENIOR,
}
WHO = {
    **{name: sender(name) for name in ("grace", "mary", "ruth", "amina", "mallory")},
    **{name: sender(name, account=SLOW) for name in ("peter", "daniel")},
    "grace2": sender("grace2", "Grace", SLOW),
    "mallory2": sender("mallory2", "Mallory", SLOW),
}
TAG = re.compile(r"(?:wording|answer|note|headline)-\d+")
ENDS = {
    "approve": ReviewState.APPROVED,
    "reject": ReviewState.REJECTED,
    "withdraw": ReviewState.WITHDRAWN,
    "lapse": ReviewState.LAPSED,
    "merge": ReviewState.MERGED,
}
"""The audit lines that end a review, with the state that each leaves it in."""
DECIDING = frozenset({"approve", "vote", "reject", "merge"})
AUTHORS_MAY = frozenset(
    {
        "withdraw",
        "answer",
        "appeal",
        "restore",
        "reword",
        "correct",
        "ask_retract",
        "consent_given",
        "consent_refused",
    }
)
PROGRAM_MAY = frozenset({"lapse", "claim_expired", "remind_author", "remind_moderators", "approve", "head"})
UNDER_WAY = (DeliveryState.PLANNED, DeliveryState.ATTEMPTING, DeliveryState.IN_DOUBT)


def here(**policy: Any) -> Community:
    """The community of ``stage`` with another group far from where people write, five moderators and two platforms."""
    values: dict[str, Any] = {
        "roles": ROLES,
        "questions": (Template(id="source", label="Source?", texts={"en": "{name}, where did you read that?"}),),
        "safeguarding_replies": (Template(id="help", label="Help line", texts={"en": "Please call the help line."}),),
        **policy,
    }
    return replace(COMMUNITY, groups=(*COMMUNITY.groups, Group(chat=FAR)), policy=Policy(**values))


@dataclass
class Phone(Scripted):
    """Remembers which buttons stand under which message, too: rows of (emoji, handle)."""

    buttons: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    read: list[tuple[ChatId, str]] = field(default_factory=list)
    """Every text that ever stood in a chat."""

    def to_payload(self, chat: ChatId, content: Any) -> Any:
        buttons = [[b.emoji, b.handle] for row in content.buttons for b in row if b.handle]
        return {"text": content.text.text, "buttons": buttons}

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        before = len(self.ever_shown)
        outcome = await super().send(outgoing, key)
        if len(self.ever_shown) > before:
            self._show(self.ever_shown[-1].id, outgoing.chat, outgoing)
        return outcome

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, key: str) -> SendOutcome:
        outcome = await super().edit(ref, outgoing, key)
        if isinstance(outcome, Sent | Unknown) and ref.message in self.shown:
            self._show(ref.message, ref.chat, outgoing)
        return outcome

    def _show(self, message: str, chat: ChatId, outgoing: Outgoing) -> None:
        rows: Any = outgoing.payload["buttons"]
        self.buttons[message] = [(str(emoji), str(handle)) for emoji, handle in rows]
        self.read.append((chat, str(outgoing.payload["text"])))


@dataclass(frozen=True)
class Picture:
    """Everything that invariants look at, read at one moment."""

    reviews: dict[int, Review]
    posts: dict[int, Post]
    lines: list[Decision]
    submissions: dict[int, Submission]
    revisions: dict[tuple[int, int], Revision]
    persons: dict[int, int]
    """Of identities."""
    identities: dict[int, Identity]
    rows: list[dict[str, Any]]
    """Of the ledger, oldest first."""

    def lines_of(self, *reviews: int) -> list[Decision]:
        return [line for line in self.lines if line.review_id in reviews]

    def person(self, line: Decision) -> int | None:
        """Who wrote a line of the audit log; None for the program."""
        name, _, number = line.actor.partition(":")
        return self.persons[int(number)] if name == "identity" else None

    def standing(self, review_id: int) -> list[Decision]:
        """The decisions on a review that were not undone."""
        found: list[Decision] = []
        for line in self.lines_of(review_id):
            if line.action in ENDS:
                found.append(line)
            elif line.action == "undo":
                found.pop()
        return found

    def approvals(self, submission_id: int) -> list[Decision]:
        """Those that stand, oldest first: of the post, then of its corrections."""
        theirs = [review.id for review in self.reviews.values() if review.submission_id == submission_id]
        found = [line for review_id in theirs for line in self.standing(review_id) if line.action == "approve"]
        return sorted(found, key=lambda line: line.id)

    def author(self, review_id: int) -> int:
        """The person."""
        return self.persons[self.submissions[self.reviews[review_id].submission_id].identity_id]


async def picture() -> Picture:
    columns = ("id", "kind", "operation", "state", "account", "chat", "message", "review_id", "post_id", "revision")
    more = ("target_id", "waits_for", "due_at", "shows", "reason", "planned_at", "done_at", "detail")
    identities = {row.id: row for row in await Identity.all()}
    return Picture(
        reviews={row.id: row for row in await Review.all().order_by("id")},
        posts={row.id: row for row in await Post.all().order_by("id")},
        lines=await Decision.all().order_by("id"),
        submissions={row.id: row for row in await Submission.all().order_by("id")},
        revisions={(row.submission_id, row.number): row for row in await Revision.all()},
        persons={row.id: row.person_id for row in identities.values()},
        identities=identities,
        rows=await Delivery.all().order_by("id").values(*columns, *more),
    )


async def moderated() -> list[tuple[Any, ...]]:
    """All that moderators can change, to be compared: never the same before and after a change."""
    found: list[tuple[Any, ...]] = [
        tuple(sorted((name, str(getattr(row, name))) for name in row._meta.db_fields))
        for row in await Review.all().order_by("id")
    ]
    found += await Post.all().order_by("id").values_list("id", "state", "revision", "headline", "notes")
    for model in (Note, Vote, Theme, Translation):
        found += await model.all().order_by("id").values_list()
    return found


class World:
    """One community, everybody in it, and the machines."""

    def __init__(self, directory: Path, community: Community) -> None:
        self.clock = FakeClock()
        self.community = community
        (directory / "baraza.toml").write_text(CONFIG)
        # As Telegram: a key says nothing, and nobody can be written to first. As Matrix: both are possible.
        net = replace(RICH, guarantee=Guarantee.AT_MOST_ONCE, interviews=False, opens_direct=False)
        slow = replace(RICH, guarantee=Guarantee.ONCE_BY_KEY, interviews=False)
        self.phones = {NET: Phone(NET, net), SLOW: Phone(SLOW, slow)}
        self.bridge = app.Bridge(config.load(directory / "baraza.toml"), clock=self.clock)
        self.communities = Communities((community,))
        self.directory = Directory(dict(self.phones))
        self.bridge._communities, self.bridge._directory = self.communities, self.directory
        self.worker = Worker(
            self.directory,
            installation="test",
            compose=self.bridge._compose,
            effects=arrivals(self.communities, self.clock.now),
            file_path=Path,
            clock=self.clock,
        )
        self.count = 0
        self.note: Callable[[str], object] = str
        """Is told everything that people do."""
        self.wrong: list[str] = []
        """What must never happen and did, seen while it happened."""

    async def open(self) -> None:
        """Grace has an account on both platforms, and is one person."""
        async with transaction():
            met = [await people.meet(WHO[name], self.clock.now()) for name in ("grace", "grace2")]
            await Identity.filter(id=met[1].id).update(person_id=met[0].person_id)

    def phone(self, address: Address) -> Phone:
        return self.phones[AccountId(str(address.account))]

    def key(self) -> str:
        self.count += 1
        return str(self.count)

    # --- events ---

    async def happens(self, event: InboundEvent) -> list[PressAnswer]:
        """An event comes in, is told twice, and is handled; returns what pressers are answered."""
        self.clock.pass_by(1)
        self.note(await self._in_words(event))
        for _ in range(2):
            await DurableSink(event.account, self.clock).accept([event], state={"offset": event.key})
        return await self.read_on()

    async def _in_words(self, event: InboundEvent) -> str:
        """For whoever reads a history that failed."""
        who = getattr(event, "sender", None)
        said = f"{self.clock.at:%d %H:%M:%S} {who and who.ref} in {event.account}:{event.chat} {event.type}"
        if isinstance(event, ButtonPressed):
            handle = await Handle.get_or_none(token=event.handle)
            return said if handle is None else f"{said} {_button(handle)}"
        row = await ledger.find_by_ref(to) if (to := getattr(event, "reply_to", None)) is not None else None
        about = "" if row is None else f" to {row.kind} {row.id} {row.view} of review {row.review_id}/{row.revision}"
        return f"{said} {getattr(getattr(event, 'text', None), 'text', '')}{getattr(event, 'emoji', '')}{about}"

    async def read_on(self) -> list[PressAnswer]:
        """Handle what has come in and is not handled yet."""
        answers: list[PressAnswer] = []
        while rows := await inbox.take(self.clock.now(), busy=set()):
            for row in rows:
                answers += await self._handle(row)
        return answers

    async def _handle(self, row: Inbox) -> list[PressAnswer]:
        event = codec.load(codec.EVENT, row.event)
        context = Context(communities=self.communities, directory=self.directory, now=self.clock.now(), event_id=row.id)
        before, newest = await moderated(), await self._newest()
        claims = {review.id: review for review in await Review.all()}
        try:
            async with transaction():
                await router.handle(event, context)
                assert await inbox.finish(row)
        except TooSoon:
            await inbox.wait(row, self.clock.now() + timedelta(seconds=1))
            return []
        await self._judge(event, before, await moderated(), newest, claims)
        if isinstance(event, ButtonPressed):
            await self._answered(event, context, newest[1])
        return context.answers

    async def _newest(self) -> tuple[int, int]:
        """The last line of the audit log, and the last row of the ledger."""
        line = await Decision.all().order_by("-id").first()
        row = await Delivery.all().order_by("-id").only("id").first()
        return 0 if line is None else line.id, 0 if row is None else row.id

    async def _judge(
        self,
        event: InboundEvent,
        before: list[tuple[Any, ...]],
        after: list[tuple[Any, ...]],
        newest: tuple[int, int],
        claims: dict[int, Review],
    ) -> None:
        """Was that in order? Whatever was not is kept for the invariants."""
        who: Sender | None = getattr(event, "sender", None)
        lines = await Decision.filter(id__gt=newest[0]).order_by("id")
        if who is None:
            return
        in_channel = Address(event.account, event.chat) in CHANNELS
        if who.ref.user.startswith("mallory") and (before != after or lines):
            self.wrong.append(f"a stranger changed something: {event!r}")
        if in_channel and before != after and not lines:
            changed = sorted(set(map(str, after)) ^ set(map(str, before)))
            self.wrong.append(f"no line in the audit log: {event!r} {changed}")
        heard = not isinstance(event, MessagePosted) or in_channel or await Delivery.filter(id__gt=newest[1]).exists()
        if not heard and not await self._had_enough(who):
            self.wrong.append(f"a member's message vanished without a word: {event!r}")
        if isinstance(event, MessagePosted):
            await self._given_back(event, newest[1])
        for line in lines:
            if line.action in DECIDING and line.review_id in claims and in_channel:
                await self._powers(line, claims[line.review_id], who)
            if line.action == "approve" and line.actor != "program":
                await self._saw_what_was_published(line, who)

    async def _had_enough(self, who: Sender) -> bool:
        """Who writes too much is told so once, until there is room again."""
        identity = await people.find(who.ref)
        until = "" if identity is None else await desk.setting(self.community.id, f"refused:{identity.person_id}")
        return bool(until) and datetime.fromisoformat(until) > self.clock.now()

    async def _given_back(self, event: MessagePosted, newest: int) -> None:
        """What is not taken and yet removed from its group goes back to whoever wrote it."""
        author = await people.find(event.sender.ref)
        new = Delivery.filter(id__gt=newest)
        removed = await new.filter(kind=ledger.REMOVAL, review_id__isnull=True).exists()
        if removed and author is not None and contact.reachable(author, self.directory):
            told = await new.filter(kind=ledger.NOTICE, chat=author.direct_chat)
            if not any(event.text.text in codec.load(codec.CONTENT, row.content).text.text for row in told):
                self.wrong.append(f"a text was removed and not given back: {event!r}")

    async def _powers(self, line: Decision, was: Review, who: Sender) -> None:
        identity = await people.find(who.ref)
        assert identity is not None
        if was.claimed_by and was.claimed_at is not None:
            ends = was.claimed_at + self.community.policy.claim_for
            if ends > self.clock.now() and not await permissions.is_claimant(was, identity):
                self.wrong.append(f"{who.ref} decided on what {was.claimed_by} had claimed: {line.action}")
        if was.escalated_at is not None and ROLES.get(who.ref) is not Role.SENIOR:
            self.wrong.append(f"{who.ref} decided on an escalated item: {line.action}")

    async def _saw_what_was_published(self, line: Decision, who: Sender) -> None:
        """Whoever approved had that wording, and all that goes out with it, before them."""
        channel = MODS if who.ref.account == NET else DESK
        shown = Delivery.filter(kind=ledger.CARD, review_id=line.review_id, revision=line.revision)
        card = (
            await shown.filter(account=channel.account, chat=channel.chat, state=DeliveryState.DELIVERED)
            .order_by("-id")
            .first()
        )
        if card is None:
            return  # nothing was shown there that could mislead
        published = codec.load_object(line.detail).get("shows")
        if card.shows != published:
            self.wrong.append(f"#{line.review_id}: approved {published}, the card showed {card.shows}")
        target = card if card.target_id is None else await Delivery.get(id=card.target_id)
        review = await Review.get(id=line.review_id)
        wording = await Revision.get(submission_id=review.submission_id, number=line.revision)
        message = self.phone(channel).shown.get(target.message)
        if message is not None and not set(TAG.findall(wording.text)) <= set(TAG.findall(message.text)):
            self.wrong.append(f"the card did not show the wording that was approved: {message.text}")

    async def _answered(self, event: ButtonPressed, context: Context, newest: int) -> None:
        """Every press is answered: in words, by a message, or by a card that will look different."""
        if len(context.answers) != 1:
            self.wrong.append(f"{len(context.answers)} answers to {event!r}")
        elif not context.answers[0].text:
            handle = await Handle.get_or_none(token=event.handle)
            seen = await Delivery.filter(id__gt=newest).exists()
            card = await Delivery.filter(kind=ledger.CARD, state__in=UNDER_WAY, payload="").exists()
            if not seen and not card and (handle is None or handle.action != "view"):
                self.wrong.append(f"no answer to {event!r}")

    # --- what people do ---

    def posted(self, name: str, where: Address, text: str, *, reply_to: RemoteRef | None = None) -> MessagePosted:
        key, private = self.key(), where == self.private(name)
        return MessagePosted(
            account=where.account,
            chat=where.chat,
            key=key,
            at=self.clock.now(),
            ref=RemoteRef(where.account, where.chat, MessageId(f"m{key}")),
            sender=WHO[name],
            chat_kind=ChatKind.PRIVATE if private else ChatKind.GROUP,
            text=plain(text),
            reply_to=reply_to,
        )

    def private(self, name: str) -> Address:
        return Address(WHO[name].ref.account, ChatId(WHO[name].ref.user))

    def channel(self, name: str) -> Address:
        return MODS if WHO[name].ref.account == NET else DESK

    def pressed(self, name: str, where: Address, handle: str, message: str = "") -> ButtonPressed:
        ref = RemoteRef(where.account, where.chat, MessageId(message)) if message else None
        return ButtonPressed(
            account=where.account,
            chat=where.chat,
            key=self.key(),
            at=self.clock.now(),
            ref=ref,
            sender=WHO[name],
            handle=handle,
            press=f"p{self.count}",
        )

    def reacted(self, name: str, where: Address, emoji: str, message: str) -> Reacted:
        return Reacted(
            account=where.account,
            chat=where.chat,
            key=self.key(),
            at=self.clock.now(),
            ref=RemoteRef(where.account, where.chat, MessageId(message)),
            sender=WHO[name],
            emoji=emoji,
        )

    # --- what the machines do ---

    async def deliver(self, rounds: int = 1) -> None:
        """Rounds of the worker, without its waiting. What it would only write to its log counts as wrong."""
        with structlog.testing.capture_logs() as logs:
            for _ in range(rounds):
                now = self.clock.now()
                await self.worker._judge.look(now)
                await self.worker._judge.idle()
                ids = [row_id for row_id, _ in await ledger.heads(now, ["net", "slow"])]
                for row in await ledger.claim(ids, now, self.bridge._compose, self.worker._books.effects):
                    await self.worker._carry(row)
                await self.worker._record()
        self._failures(logs)

    async def tick(self) -> None:
        with structlog.testing.capture_logs() as logs:
            await timers.tick(self.communities, self.directory, self.clock.now())
        self._failures(logs)

    def _failures(self, logs: Iterable[Any]) -> None:
        self.wrong += [str(entry) for entry in logs if str(entry["event"]).endswith("_failed")]

    async def run_dry(self) -> None:
        """All platforms answer, and everything that is due goes out; what is to go out later stays."""
        for phone in self.phones.values():
            phone.answers.clear()
        for _ in range(300):
            await self.read_on()
            await self.deliver()
            self.clock.pass_by(2)
            soon = self.clock.now() + timedelta(seconds=40)
            due = Delivery.filter(state__in=UNDER_WAY, due_at__lte=soon, waits_for__isnull=True)
            if not await due.exists() and not await Inbox.filter(state=InboxState.NEW).exists():
                return
        self.wrong.append("the worker does not run dry")

    # --- what is to be seen ---

    async def in_channel(self, channel: Address) -> list[Delivery]:
        """Our messages about items that stand in a channel, oldest first."""
        rows = await Delivery.filter(
            kind__in=[ledger.CARD, ledger.PROMPT, ledger.EXHIBIT],
            operation=ledger.SEND,
            account=channel.account,
            chat=channel.chat,
        ).order_by("id")
        return [row for row in rows if row.message and row.message in self.phone(channel).shown]


def _button(handle: Handle) -> str:
    return f"{handle.subject} {handle.subject_id}/{handle.revision} {handle.action} {handle.argument}"


def decides(action: str) -> bool:
    return action in DEEDS and DEEDS[action].decides


__all__ = ["ENDS", "GROUPS", "TAG", "WHO", "Phone", "Picture", "Query", "World", "here", "picture"]
