"""The loop that reads the inbox: in order per chat, several chats at once, each event in one transaction."""

import asyncio
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import PurePath

import structlog
from pydantic import ValidationError

from bridge.core.clock import Clock
from bridge.core.community import Communities, Intake
from bridge.core.errors import MediaRefused, StorageConflict, StorageContended, StorageUnavailable, TooSoon
from bridge.core.events import (
    ButtonPressed,
    ChatKind,
    InboundEvent,
    MessageEdited,
    MessagePosted,
    PollCounted,
    PollVoted,
    Reacted,
    ReactionsCounted,
    ReactionsSet,
)
from bridge.core.ids import AccountId
from bridge.core.message import Attachment, Content, Uncarried, UncarriedKind
from bridge.core.ports import CanAnswerPress
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.intake import belonging, bridging, commands, notices, pieces, router
from bridge.intake.context import Context, Fetch, Keep, PressAnswer
from bridge.intake.looking import Looks
from bridge.media.refusal import UnfitMedia
from bridge.members import contact
from bridge.rendering.refusals import TOO_MANY, UNFETCHED
from bridge.rendering.words import words
from bridge.storage import codec, erasure, fencing, inbox, ledger, memberships, people, submissions
from bridge.storage.bells import inbox_bell
from bridge.storage.database import UNAVAILABLE, transaction
from bridge.storage.models import Inbox
from bridge.storage.reads import Reads
from bridge.storage.tracing import Tracer

log = structlog.get_logger()
_IDLE = 15.0
"""Seconds between looks at the inbox when nothing rings."""
_LANES = 16
_IN_A_ROW = 8
"""Events of a chat that are handled before others get its place: who waits longest comes first."""
_QUICK = 0.5
"""Seconds after which a chat gives up its place: all accounts share the places, and only one platform may be slow."""
_MOMENT = timedelta(milliseconds=200)
MOST_FILES = 100
"""Of one message: a Matrix event has room for a thousand addresses, each of which is fetched and opened."""
_ECHOES = (Reacted, ReactionsSet, ReactionsCounted, PollVoted, PollCounted)


class _AlreadyDoneError(Exception):
    """Another worker finished this event first: nothing of ours may stay."""


class _FetchLaterError(Exception):
    """A file's platform does not answer now; after the last attempt the message goes on without the file."""


class Processor:
    """Handles inbox events. ``fetch`` brings a file into the media store, ``mine`` says whose events (None: all).

    ``fence``: what every transaction about an account's events asks first.
    """

    def __init__(
        self,
        communities: Communities,
        directory: Directory,
        fetch: Fetch,
        clock: Clock,
        keep: Keep | None = None,
        installation: str = "",
        mine: Callable[[], Reads] | None = None,
        fence: Callable[[str], fencing.Fence] | None = None,
    ) -> None:
        self._mine = mine
        self._fence = fence
        self._communities = communities
        self._directory = directory
        self._fetch = fetch
        self._clock = clock
        self._keep = keep
        self._tracer = Tracer(installation)
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._answers: set[asyncio.Task[None]] = set()
        self._looks = Looks(directory, clock)
        self._stopping = False

    async def run(self) -> None:
        """Work until ``stop``; events under way are finished."""
        while not self._stopping:
            wait = _IDLE
            try:
                now = self._clock.now()
                reads = None if self._mine is None else self._mine()
                if len(self._tasks) < _LANES:
                    room = _LANES - len(self._tasks)
                    for row in await inbox.take(now, busy=set(self._tasks), limit=room, reads=reads):
                        self._launch(row)
                due = await inbox.next_due(now, reads)
                if due is not None:
                    wait = min(wait, (due - now).total_seconds())
            except (StorageUnavailable, *UNAVAILABLE) as error:
                log.error("inbox_unavailable", error=str(error))
                wait = 2.0
            except Exception:  # nothing may end the loop: every chat hangs on it
                log.exception("intake_round_failed")
                wait = 2.0
            await inbox_bell.wait(max(0.05, wait))
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), timeout=4.0)
        if self._answers:
            await asyncio.wait(list(self._answers), timeout=1.0)
        for task in list(self._answers):
            task.cancel()

    def stop(self) -> None:
        self._stopping = True
        inbox_bell.ring()

    def is_idle(self, account: AccountId) -> bool:
        """Is no event of it under way?"""
        return all(lane[0] != account for lane in self._tasks)

    def _launch(self, row: Inbox) -> None:
        lane = (row.account, row.chat)
        with fencing.behind(None if self._fence is None else self._fence(row.account)):
            task = asyncio.create_task(self._lane(row), name=f"inbox-{row.id}")
        self._tasks[lane] = task

        def done(_: asyncio.Task[None]) -> None:
            self._tasks.pop(lane, None)
            inbox_bell.ring()

        task.add_done_callback(done)

    async def _lane(self, row: Inbox) -> None:
        """The events of a chat, one after the other; whatever is not settled ends it, and what follows waits for that.

        Looking through the whole inbox after each event would cost more than the events.
        """
        began = self._clock.monotonic()
        for number in range(_IN_A_ROW):
            if not await self._process(row, in_a_row=number > 0) or self._stopping:
                return
            if self._clock.monotonic() - began >= _QUICK:
                return
            if self._mine is not None and not self._mine().includes(row.account):
                return
            try:
                following = await inbox.following(row, self._clock.now())
            except (StorageUnavailable, *UNAVAILABLE) as error:
                log.error("inbox_unavailable", error=str(error))
                return
            if following is None:
                return
            row = following

    async def _process(self, row: Inbox, *, in_a_row: bool = False) -> bool:
        """One event to its end: done (True), tried again later, or put aside for a person.

        ``in_a_row``: it has not waited for its turn, so what brings files, which may take long, is left to wait for it.
        """
        structlog.contextvars.unbind_contextvars("trace")
        try:
            event = codec.load(codec.EVENT, row.event)
        except ValidationError:
            await self._park(row, "the stored event cannot be read by this version")
            return False
        if in_a_row and isinstance(event, MessagePosted | MessageEdited) and event.files:
            return False
        try:
            whole = await pieces.whole(row, event, self._clock.now())
            if whole.is_repeat:
                await self._forgo(row, whole)
                return True
            event = whole.event
            if trace := await self._tracer.before(event):
                structlog.contextvars.bind_contextvars(trace=trace)
            await self._handle(row, event, whole)
        except pieces.IncompleteError as error:
            await self._wait(row, error.until)
        except _AlreadyDoneError:
            return True
        except _FetchLaterError:
            log.warning("file_not_fetched_yet", id=row.id, account=row.account, attempts=row.attempts + 1)
            await self._postpone(row, event, "the file could not be fetched yet")
        except (TooSoon, StorageContended) as error:
            if isinstance(error, StorageContended):
                log.info("inbox_event_gave_way", id=row.id)
            await self._wait(row)
        except router.NotUnderstoodError as error:
            await self._park(row, str(error)[:200])
        except (StorageUnavailable, *UNAVAILABLE) as error:
            log.error("inbox_unavailable", id=row.id, error=str(error))
            await self._clock.sleep(1.0)
        except Exception as error:
            if isinstance(error, StorageConflict) and not row.attempts:
                # Somebody else may just have made the same row, as where a person's first two messages come at once.
                log.info("inbox_event_gave_way", id=row.id)
                await self._postpone(row, event, type(error).__name__)
                return False
            # No traceback: an exception's own words often quote the value it is about, and that is somebody's text.
            log.error(
                "inbox_event_failed", id=row.id, account=row.account, error=type(error).__name__, where=_frames(error)
            )
            await self._postpone(row, event, type(error).__name__)
        else:
            return True
        return False

    async def _handle(self, row: Inbox, event: InboundEvent, whole: pieces.Whole) -> None:
        event = await notices.as_written(event, self._communities)
        attachments, unfetched = await self._files(row, event)
        group, administers = await self._looks.at(event)
        context = Context(
            communities=self._communities,
            directory=self._directory,
            now=self._clock.now(),
            event_id=row.id,
            attachments=attachments,
            unfetched=unfetched,
            members_of=await self._members_of(event),
            group=group,
            administers=administers,
            keep=self._keep,
        )
        async with transaction():
            await pieces.keep(row, whole)
            await router.handle(event, context)
            if not await inbox.finish(row, inbox.ECHO if isinstance(event, _ECHOES) else ""):
                raise _AlreadyDoneError
            if attachments and isinstance(event, MessagePosted | MessageEdited):
                # Of what was refused, or changed nothing, no file is kept for nobody.
                unused = codec.sha256s(attachments) - await submissions.files_of(event.ref)
                await erasure.doom(unused, context.now)
            if await self._is_nobodys(event):
                await inbox.empty(row)
        await self._trace_after(event)
        log.info("inbox_event_done", id=row.id, account=row.account, type=event.type)
        for answer in context.answers:
            self._answer(answer)

    async def _forgo(self, row: Inbox, whole: pieces.Whole) -> None:
        """It says nothing new."""
        async with transaction():
            await pieces.keep(row, whole)
            if not await inbox.finish(row, "repeated"):
                raise _AlreadyDoneError
            await inbox.empty(row)
        log.info("inbox_event_repeated", id=row.id, account=row.account)

    async def _trace_after(self, event: InboundEvent) -> None:
        """Items of an album, and files that follow one another, become one submission: they share its id from here on.

        Everything else has its id already.
        """
        if not isinstance(event, MessagePosted) or not (event.album or event.files):
            return
        with suppress(StorageUnavailable, *UNAVAILABLE, LookupError):
            if trace := await self._tracer.after(event):
                structlog.contextvars.bind_contextvars(trace=trace)

    async def _members_of(self, event: InboundEvent) -> frozenset[str]:
        """Asked for before the transaction, too, and only where it matters."""
        if not isinstance(event, MessagePosted) or event.sender.bot or not commands.wants_a_post(event):
            return frozenset()
        return await belonging.asked(event, self._communities, self._directory)

    def _answer(self, answer: PressAnswer) -> None:
        """Tell who pressed. Nobody in that chat waits for it: of two hundred presses each would wait for all before."""
        task = asyncio.create_task(self._tell(answer), name=f"answer-{answer.press}")
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _tell(self, answer: PressAnswer) -> None:
        adapter: object = self._directory.adapter(answer.account)
        if not isinstance(adapter, CanAnswerPress):
            return
        try:
            await adapter.answer_press(answer.press, answer.text, alert=answer.alert)
        except Exception as error:  # it was decided all the same, and the card shows it
            log.warning("press_not_answered", account=answer.account, error=type(error).__name__)

    async def _files(self, row: Inbox, event: InboundEvent) -> tuple[tuple[Attachment, ...], tuple[Uncarried, ...]]:
        """Bring files in before the transaction: the network may take its time, the database may not wait for it."""
        if not isinstance(event, MessagePosted | MessageEdited) or not event.files or not await self._reads(event):
            return (), ()
        attachments: list[Attachment] = []
        unfetched: list[Uncarried] = []
        wanted = () if await self._is_banned(event) else event.files[:MOST_FILES]
        if rest := event.files[len(wanted) :]:
            kind = UncarriedKind(rest[0].kind.value)
            unfetched.append(Uncarried(kind=kind, detail=f"+{len(rest)}", refused=TOO_MANY))
        for file in wanted:
            try:
                attachments.append(await self._fetch(event.account, file))
            except StorageUnavailable:
                raise
            except OSError as error:
                if row.attempts + 1 < inbox.MAX_ATTEMPTS:
                    raise _FetchLaterError from error
                unfetched.append(Uncarried(kind=UncarriedKind(file.kind.value), refused=UNFETCHED))
            except MediaRefused as error:
                reason, limit = (error.reason.value, error.limit) if isinstance(error, UnfitMedia) else (UNFETCHED, 0)
                unfetched.append(Uncarried(kind=UncarriedKind(file.kind.value), refused=reason, limit=limit))
        return tuple(attachments), tuple(unfetched)

    async def _is_nobodys(self, event: InboundEvent) -> bool:
        """Was it said in a group that is not connected? Then its words are not for us to keep.

        Nor who reacts with what to whom: platforms tell that of every message in a group, and what counts is counted.
        """
        if isinstance(event, _ECHOES):  # somebody who only reacted can be meant by their @name as well
            return not isinstance(event, Reacted) or await ledger.find_by_ref(event.ref) is None
        if not isinstance(event, MessagePosted | MessageEdited) or event.chat_kind is ChatKind.PRIVATE:
            return False
        address = await inbox.origin(event.ref.address)
        used = self._communities.of_group(address) is not None or bool(self._communities.of_moderators(address))
        return not used and bridging.parse(event) is None

    async def _reads(self, event: MessagePosted | MessageEdited) -> bool:
        """May what this person sends become a post? Files of all others stay where they are."""
        if event.chat_kind is ChatKind.PRIVATE and event.sender.bot:
            return False
        if isinstance(event, MessageEdited):
            submission = await submissions.submission_by_source(event.ref)
            return submission is not None and submission.identity.ref == event.sender.ref
        if event.chat_kind is ChatKind.PRIVATE:
            return bool(self._communities.on_account(event.account))
        address = await inbox.origin(event.ref.address)
        found = self._communities.of_group(address)
        if found is not None and event.sender.bot and event.sender.ref not in found[0].allowed_bots:
            return False
        return found is not None and found[1].intake is not Intake.NONE and not self._communities.of_moderators(address)

    async def _is_banned(self, event: MessagePosted | MessageEdited) -> bool:
        """Nothing of what they send becomes a post, so none of it is fetched."""
        identity = await people.find(event.sender.ref)
        if identity is None:
            return False
        found = self._communities.of_group(await inbox.origin(event.ref.address))
        known = [found[0]] if found is not None else self._communities.on_account(event.account)
        bans = [await memberships.is_banned(identity.person_id, community.id) for community in known]
        return bool(bans) and all(bans)

    async def _wait(self, row: Inbox, until: datetime | None = None) -> None:
        with suppress(StorageUnavailable):
            await inbox.wait(row, until or self._clock.now() + _MOMENT)

    async def _park(self, row: Inbox, note: str) -> None:
        log.warning("inbox_event_parked", id=row.id, account=row.account, note=note)
        with suppress(StorageUnavailable):
            await inbox.park(row, note)

    async def _postpone(self, row: Inbox, event: InboundEvent, note: str) -> None:
        """Try a failed event again; the last time, tell its sender that a person will look at it."""
        try:
            if await inbox.postpone(row, self._clock.now(), note):
                return
            log.warning("inbox_event_parked", id=row.id, account=row.account, note=note)
            if isinstance(event, MessagePosted) and not event.sender.bot:
                await self._apologise(event)
            elif isinstance(event, ButtonPressed):
                text = words(event.sender.language)._("Something went wrong. Nothing was decided.")
                self._answer(PressAnswer(account=event.account, press=event.press, text=text, alert=True))
        except (StorageUnavailable, *UNAVAILABLE):
            await self._clock.sleep(1.0)

    async def _apologise(self, event: MessagePosted) -> None:
        now = self._clock.now()
        found = self._communities.of_group(await inbox.origin(event.ref.address))
        known = self._communities.on_account(event.account)
        community = found[0] if found else next(iter(known), None)
        if community is None:
            return
        async with transaction():
            identity = await people.meet(event.sender, now)
            w = contact.language_of(identity, community)
            text = w._("Your message could not be read by the program. It is kept, and a person will look at it.")
            if await contact.tell(identity, Content(text=plain(text)), community, self._directory, now) is None:
                await contact.reply_in_group(event.ref, text, community, self._directory, now)


def _frames(error: BaseException) -> list[str]:
    """Where an exception comes from, innermost last, for whoever mends it."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    return [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
