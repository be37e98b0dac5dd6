"""An event that makes the program fail is tried again, then put aside with a word to its sender; others go on."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from bridge import logs
from bridge.core.errors import MediaRefused
from bridge.core.events import ButtonPressed, MessagePosted
from bridge.core.message import Attachment, AttachmentKind, RemoteFile
from bridge.delivery.directory import Directory
from bridge.intake import processor, router
from bridge.intake.processor import Processor
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.storage import codec, database, inbox
from bridge.storage.inbox import DurableSink
from bridge.storage.models import Delivery, Inbox, Review, Revision
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import COMMUNITIES, MODS, NET, NOW, SLOW, FakeClock, posted, sender


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config(), sys.excepthook)
    stream = io.StringIO()
    logs.configure(format="json", stream=stream)
    yield stream
    root.handlers[:], sys.excepthook = before[0], before[3]
    root.setLevel(before[1])
    structlog.configure(**before[2])
    logging.captureWarnings(False)


@pytest.fixture
async def clock(tmp_path: Path) -> AsyncIterator[FakeClock]:
    await database.open_database(f"sqlite://{tmp_path / 'baraza.db'}")
    yield FakeClock()
    await database.close_database()


async def no_files(account: str, file: RemoteFile) -> Attachment:
    raise AssertionError


def made(clock: FakeClock, answer: Exception | None = None) -> Processor:
    async def fetch(account: str, file: RemoteFile) -> Attachment:
        assert answer is not None
        raise answer

    return Processor(COMMUNITIES, Directory({NET: Scripted(NET), SLOW: Scripted(SLOW)}), fetch, clock)


async def work(worker: Processor, clock: FakeClock, *, rounds: int = 1) -> None:
    for _ in range(rounds):
        for row in await inbox.take(clock.now(), busy=set()):
            await worker._process(row)
        clock.pass_by(601)


async def test_a_failing_event_is_parked_and_its_author_told_without_a_word_in_the_log(
    clock: FakeClock, out: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle = router.handle

    async def fails(event: Any, context: Any) -> None:
        if isinstance(event, MessagePosted) and "zincword" in event.text.text:
            raise ValueError(f"cannot make sense of {event.text.text!r} by {event.sender.name}")
        await handle(event, context)

    monkeypatch.setattr(processor.router, "handle", fails)  # type: ignore[attr-defined]  # the module it calls
    await DurableSink(NET, clock).accept([posted("zincword", key="1", name="Aminaname"), posted("fine", key="2")])
    await work(made(clock), clock, rounds=inbox.MAX_ATTEMPTS + 1)
    assert [(row.key, row.state.value) for row in await Inbox.all().order_by("id")] == [("1", "parked"), ("2", "done")]
    told = [row.content for row in await Delivery.filter(kind="notice").order_by("id")]
    assert "could not be read by the program. It is kept" in told[0]
    assert await Review.all().count() == 1
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    failed = [line for line in lines if line["event"] == "inbox_event_failed"]
    assert len(failed) == inbox.MAX_ATTEMPTS
    assert failed[0]["error"] == "ValueError"
    assert failed[0]["where"][-1].startswith("test_processor.py:")
    assert "zincword" not in out.getvalue()
    assert "Aminaname" not in out.getvalue()


FILE = RemoteFile(ref="f", kind=AttachmentKind.PHOTO)


@pytest.mark.parametrize(
    ("answer", "code", "rounds"),
    [
        (UnfitMedia(MediaReason.TOO_BIG), "too_big", 1),
        (MediaRefused(), "unfetched", 1),
        (ConnectionResetError(), "unfetched", inbox.MAX_ATTEMPTS),
    ],
    ids=["too big", "refused", "never fetched"],
)
async def test_a_file_that_cannot_be_had_is_said(clock: FakeClock, answer: Exception, code: str, rounds: int) -> None:
    event = posted("look at this", key="1")
    await DurableSink(NET, clock).accept([MessagePosted(**{**vars(event), "files": (FILE,)})])
    await work(made(clock, answer), clock, rounds=rounds - 1)
    assert await Review.all().count() == 0
    await work(made(clock, answer), clock)
    (wording,) = await Revision.all()
    (missing,) = codec.load(codec.UNCARRIED, wording.uncarried)
    assert (missing.kind.value, missing.detail, missing.refused) == ("photo", "", code)
    (receipt,) = [row.content for row in await Delivery.filter(kind="notice").order_by("id").limit(1)]
    assert "Your photo was not carried: " in receipt


class Silent(Scripted):
    """A platform that takes for ever to hear what a presser is told."""

    async def answer_press(self, press: str, text: str, *, alert: bool = False) -> None:
        self.pressed.append(press)
        await asyncio.Event().wait()


async def test_nobody_waits_for_an_answer_to_a_press(clock: FakeClock) -> None:
    """Of two hundred presses each would else wait for all before it, and so would whoever writes in that channel."""
    silent = Silent(NET)
    worker = Processor(COMMUNITIES, Directory({NET: silent, SLOW: Scripted(SLOW)}), no_files, clock)
    presses = [
        ButtonPressed(
            account=NET,
            chat=MODS.chat,
            key=f"p{n}",
            at=NOW,
            ref=None,
            sender=sender("grace"),
            handle="x",
            press=f"p{n}",
        )
        for n in range(200)
    ]
    await DurableSink(NET, clock).accept([*presses, posted("zinc", key="after")])
    async with asyncio.timeout(30):
        for _ in range(201):
            await work(worker, clock)
    await asyncio.sleep(0)
    assert silent.pressed == [f"p{n}" for n in range(200)]
    assert await Inbox.filter(state="done").count() == 201
    worker.stop()
    async with asyncio.timeout(5):
        await worker.run()
