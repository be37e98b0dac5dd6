"""What readers by SMS are sent, in twelve languages, read from the ledger of what was really handed over."""

import asyncio
import json
from functools import partial
from pathlib import Path

import pytest

from bridge.core.gsm import segments
from bridge.core.states import DeliveryState
from bridge.storage import handovers
from bridge.storage.models import Delivery
from bridge.storage.models_handover import Handover
from tests.acceptance.test_sms_walk import JOAO, Town, secrets
from tests.acceptance.world import until
from tests.sms_gateways import KannelStub

POSTS: dict[str, str] = json.loads((Path(__file__).parents[1] / "corpora/sms.json").read_text(encoding="utf-8"))
FOLDED = {"en", "fr", "pt", "es", "sw", "ha"}
"""Those whose readers read them without accents: one SMS. The others stay as they are written: two."""


async def test_no_message_costs_more_than_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = KannelStub()
    secrets(monkeypatch, stub)
    async with Town(tmp_path, stub, more="pushes_per_day = 0").open() as town:
        await town.says(JOAO, "JOIN", "You are now a member")
        await town.says(JOAO, "IMMEDIATE", "")
        for number, (language, text) in enumerate(POSTS.items(), 1):
            author = f"amina{number}"
            town.world.chat.writes(author, text, user=author, name="Amina Okello", private=True)
            await until(partial(town.world.card, number))
            town.world.press("Approve", by="grace", number=number)
            pushed = await town.hears(JOAO, f"HIFA #{number} ")
            assert pushed.count("?") <= text.count("?") + text.count("؟") + text.count("፦"), f"{language}: {pushed}"
            found = segments(pushed)
            assert (found.encoding, found.count) in (
                [("gsm7", 1)] if language in FOLDED else [("gsm7", 1), ("ucs2", 2)]
            )
            if language not in FOLDED:
                words = text.split()[:2]
                assert all(word in pushed for word in words), f"{language} was changed: {pushed}"
            page = await town.says(JOAO, f"GET {number}", f"#{number}")
            assert segments(page).count <= 3
        async with asyncio.timeout(15):  # the telephone has the last page before the ledger has the answer
            waiting = [DeliveryState.PLANNED, DeliveryState.ATTEMPTING]
            while await Delivery.exists(account="phone", state__in=waiting):  # noqa: ASYNC110 - nothing rings
                await asyncio.sleep(0.02)
        copies = [row.id for row in await Delivery.filter(kind="copy")]
        assert len(copies) == len(POSTS)
        rows = await Handover.filter(channel="sms")
        assert {row.currency for row in rows} == {"KES"}
        assert all(row.cost == 800_000 * row.segments for row in rows)
        assert max(row.segments for row in rows) <= 3
        assert max(row.segments for row in rows if row.delivery_id in copies) <= 2
        pushes = [row.segments for row in rows if row.delivery_id in copies]
        assert pushes.count(1) >= len(FOLDED)
        spread = {(row.channel, row.kind): row for row in await handovers.spreads(rows[0].handed_at)}
        assert spread["sms", "copy"].segments_p50 in (1, 2)
        assert spread["sms", "copy"].segments_p95 == 2
        assert spread["sms", "notice"].segments_p95 <= 3
        assert spread["loopback", "post"].bytes_p95 > 0
        [month] = [line for line in await handovers.months(rows[0].handed_at) if line.channel == "sms"]
        assert month.messages == len(rows)
        assert month.segments == sum(row.segments for row in rows)
        assert month.cost is not None
        assert month.cost.amount * 1_000_000 == sum(row.cost for row in rows)
