"""What people type to the bot and among moderators: understood as an order, or taken for talk."""

import random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from bridge.core import when
from bridge.core.text import plain
from bridge.intake import bridging, commands
from bridge.moderation import channel, duty, queue, translating
from bridge.rendering.words import Words
from tests.fuzzing import FUZZ, NO_TIMEOUT, rng_of
from tests.unit.storage.stage import COMMUNITY, NOW, posted

if TYPE_CHECKING:
    from bridge.core.events import MessagePosted

LANGUAGES = tuple(map(Words, ("en", "fr", "pt", "es", "sw")))
ZONE = ZoneInfo("Africa/Nairobi")
PIECES = (
    *("/", "!", "#", ":", ".", ",", "\n", " ", "  ", "@", "+", "-", "'", '"', "(", ")", "\t", "\x00", "\u202e"),
    *("approve", "reject", "ask", "edit", "note", "later", "claim", "merge", "help", "start", "profile"),
    *("status", "get",),
    *("withdraw", "retract", "restore", "appeal", "join", "leave", "settings", "away", "back", "link", "forget"),
    *("language", "bridge", "unbridge", "hifa", "HIFA", "queue", "newtext", "STOP", "JOIN", "archive"),
    *("photo", "duty",),
    *("approuver", "refuser", "aprovar", "rechazar", "kubali", "kataa", "aide", "ayuda", "msaada", "12"),
    *("482", "٣", "²",),
    *("9" * 30, "tomorrow", "kesho", "demain", "amanhã", "mañana", "monday", "5 oct", "31.02.2026"),
    *("25:61", "8pm", "24h",),
    *("2026-11-25T09:00", "0000-00-00", "99999-1-1", "in 3 hours", "in 999999999999 days", "1e9", "en:"),
    *("sw:", "fr: x",),
    *("mon: @grace", "👍", "👩🏾\u200d⚕️", "é", "e\u0301" * 20, "שלום", "x" * 400, "kwa", "saa mbili", "next", "last"),
)  # fmt: skip


def typed(rng: random.Random) -> str:
    glue = rng.choice(("", " ", " ", " "))
    return glue.join(rng.choice(PIECES) for _ in range(rng.randrange(1, rng.choice((2, 3, 6, 20)))))


@pytest.mark.timeout(NO_TIMEOUT)
def test_whatever_is_typed_is_an_order_or_talk() -> None:
    rng = rng_of("words")
    for number in range(FUZZ or 1500):
        text = typed(rng)
        event: MessagePosted = posted(text, key=str(number))
        for parse in (commands.parse, commands.parse_in_channel, commands.parse_in_group):
            found = parse(event)
            assert found is None or found.name == found.name.casefold()
        bridging.parse(event)
        w = rng.choice(LANGUAGES)
        order = channel.instruction(plain(text), w)
        assert order is None or order[1].text in text
        channel.unclear(plain(text), w)
        duty.read(text, w)
        translating.read(plain(text), w)
        queue.parse(text, (COMMUNITY,))
        when.parse(text, NOW, ZONE)
