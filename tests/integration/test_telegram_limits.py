"""Telegram's own limits, in compressed time: all of what is permitted is used, and nothing is ever refused."""

import asyncio
import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from bridge.core.ids import Address, ChatId
from bridge.core.message import Attachment, AttachmentKind, Content
from bridge.core.states import DeliveryState
from bridge.core.text import plain
from bridge.delivery.worker import Worker
from bridge.storage import codec, ledger
from bridge.storage.ledger import Frozen
from bridge.storage.models import Delivery
from tests.integration.test_searching import ACCOUNT, BOT, Town, opened_town
from tests.unit.storage.stage import NOW

POSTS, ALBUM, EDITS, RESTART_AFTER = 40, 4, 8, 30.0


class Counted:
    """Rounds of a worker, in which time passes as the worker waits."""

    def __init__(self, town: Town, files: Path) -> None:
        self.town, self.files, self.refused = town, files, 0
        limiter = town.simulator.world.limiter
        refuse = limiter._refuse

        def counted(wait: float) -> None:
            self.refused += wait > 0
            refuse(wait)

        limiter._refuse = counted  # type: ignore[method-assign]

    async def worker(self) -> Worker:
        async def frozen(row: Delivery) -> Frozen:
            payload = self.town.adapter.to_payload(row.address.chat, codec.load(codec.CONTENT, row.content))
            return Frozen(payload=codec.dump_object(payload), content=row.content)

        async def nothing(_: Sequence[Delivery]) -> None: ...

        worker = Worker(
            self.town.directory,
            installation="i",
            compose=frozen,
            effects=nothing,
            file_path=lambda name: self.files / name,
            clock=self.town.clock,
        )
        await worker.take_over()
        return worker

    async def work(self, worker: Worker, until: float | None = None) -> float:
        """Until nothing is left, or so many seconds have passed; returns how many seconds have."""
        clock, began = self.town.clock, self.town.clock.monotonic()
        while until is None or clock.monotonic() - began < until:
            wait = await worker._round()
            await asyncio.gather(*worker._tasks)
            left = await Delivery.filter(state__in=[DeliveryState.PLANNED, DeliveryState.ATTEMPTING]).count()
            if not left and not worker._done:
                break
            if not worker._done:
                clock.pass_by(wait)
        return clock.monotonic() - began


async def test_all_that_a_group_may_be_sent_is_used_and_nothing_is_refused_over_a_restart(
    opened: str, tmp_path: Path
) -> None:
    async with opened_town() as town:
        counted = Counted(town, tmp_path)
        groups = [town.group, await town.simulator.users.create_group("2", town.owner, supergroup=True, members=[BOT])]
        picture = io.BytesIO()
        Image.new("RGB", (4, 3)).save(picture, "PNG")
        digest = hashlib.sha256(picture.getvalue()).hexdigest()
        (tmp_path / digest).write_bytes(picture.getvalue())
        photo = Attachment(sha256=digest, kind=AttachmentKind.PHOTO, mime="image/png", size=99, name="p.png")
        for chat in groups:
            where = Address(ACCOUNT, ChatId(str(chat)))
            posts = []
            for number in range(POSTS):
                content = Content(text=plain(f"Post {number}"))
                if number == POSTS // 2:
                    content = replace(content, attachments=(photo,) * ALBUM)
                posts.append(
                    await ledger.plan(kind=ledger.POST, address=where, now=NOW, community=f"c{chat}", content=content)
                )
            for post in posts[:EDITS]:
                await ledger.plan(
                    kind=ledger.POST,
                    address=where,
                    now=NOW,
                    community=f"c{chat}",
                    operation=ledger.EDIT,
                    content=Content(text=plain("Corrected")),
                    target=post,
                )
        seconds = await counted.work(await counted.worker(), RESTART_AFTER)
        seconds += await counted.work(await counted.worker())
        states = {row.state for row in await Delivery.all()}
    messages = POSTS - 1 + ALBUM + EDITS
    least = (messages - 1) // 20 * 60 + (messages - 1) % 20  # twenty a minute, of these one a second
    assert counted.refused == 0
    assert states == {DeliveryState.DELIVERED}
    assert least <= seconds <= least / 0.95
