"""Many inputs that nobody would write, quickly: a seeded generator, not Hypothesis, which makes some fifty a second.

``make fuzz`` says how many (``BARAZA_FUZZ``); without it, tests take as few as they like.
"""

import os
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from bridge.core.events import InboundEvent
from bridge.storage import codec

FUZZ: Final = int(os.environ.get("BARAZA_FUZZ", "0"))
SEED: Final = int(os.environ.get("BARAZA_FUZZ_SEED", "20261125"))
NO_TIMEOUT: Final = 0 if FUZZ else 120

_NULL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_ODD: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, -(2**64), 10**30, 0.5, -7.25, 1e300),
    *(float("nan"), float("inf"), float("-inf")),
    *("", " ", "x", "0", "-1", "\x00", "a\x00b", "\ud83d", "\udc00x", "\u202e", "e\u0301" * 40, "👩🏾\u200d⚕️", "שלום"),
    *("<b>x</b>", "/start", "@room", "https://example.org/", "x" * 300, [], {}, [[]], [None], {"": {}}),
)


def rng_of(name: str) -> random.Random:
    """The same for the same test, so that what was found is found again."""
    return random.Random(f"{SEED} {name}")


def some_json(rng: random.Random, names: Sequence[str], words: Sequence[Any], depth: int = 3) -> Any:
    """A value of any shape, its names and half of its words among those that the reader knows."""
    kind = rng.random()
    if depth == 0 or kind < 0.5:
        return rng.choice(words) if words and rng.random() < 0.5 else rng.choice(_ODD)
    if kind < 0.65:
        return [some_json(rng, names, words, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(names): some_json(rng, names, words, depth - 1) for _ in range(rng.randrange(5))}


def mutated(rng: random.Random, value: Any, names: Sequence[str], words: Sequence[Any] = (), *, times: int = 1) -> Any:
    """The same JSON with so many changes, each at any place of it."""
    for _ in range(times):
        value = _changed(rng, value, names, words)
    return value


def _changed(rng: random.Random, value: Any, names: Sequence[str], words: Sequence[Any]) -> Any:
    if not isinstance(value, dict | list) or not value or rng.random() < 0.15:
        return _other(rng, value, names, words)
    copy: Any = value.copy()
    at = rng.choice(list(value)) if isinstance(value, dict) else rng.randrange(len(value))
    if rng.random() < 0.15:
        del copy[at]
    else:
        copy[at] = _changed(rng, copy[at], names, words)
    return copy


def _other(rng: random.Random, value: Any, names: Sequence[str], words: Sequence[Any]) -> Any:
    """Something else in place of a value, or with something more in it."""
    kind = rng.random()
    if isinstance(value, dict) and kind < 0.7:
        return value | {rng.choice(names): some_json(rng, names, words, 2)}
    if isinstance(value, list) and kind < 0.6:
        return value * rng.choice((2, 2, 3, 40)) + ([some_json(rng, names, words, 2)] if kind < 0.3 else [])
    if isinstance(value, str) and kind < 0.6:
        at = rng.randrange(len(value) + 1)
        odd = rng.choice(_ODD)
        return value[:at] + (odd if isinstance(odd, str) else str(odd)) + value[at:]
    if isinstance(value, int | float) and kind < 0.4:
        return rng.choice((-value, value + 1, str(value), [value]))
    return some_json(rng, names, words)


def names_in(value: Any) -> set[str]:
    """Every name anywhere in some JSON."""
    if isinstance(value, Mapping):
        return {str(name) for name in value}.union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


def mangled(
    rng: random.Random, raw: bytes, pieces: Sequence[bytes], *, others: Sequence[bytes] = (), times: int = 1
) -> bytes:
    """The same bytes with so many changes: something cut, doubled, put in, flipped, or gone on with as another one."""
    for _ in range(times):
        at = rng.randrange(len(raw) + 1)
        to = min(len(raw), at + rng.choice((1, 2, 8, 60, 400)))
        match rng.randrange(7):
            case 0:
                raw = raw[:at] + raw[to:]
            case 1:
                raw = raw[:to] + raw[at:to] * rng.choice((1, 1, 3, 30)) + raw[to:]
            case 2 | 3 if pieces:
                raw = raw[:at] + rng.choice(pieces) + raw[at:]
            case 4:
                raw = raw[:at] + rng.randbytes(rng.choice((1, 1, 2, 9))) + raw[to:]
            case 5 if others:
                other = rng.choice(others)
                raw = raw[:at] + other[rng.randrange(len(other) + 1) :]
            case _:
                raw = raw[:at]
    return raw


def kept(event: InboundEvent) -> None:
    """It can be stored as it is on either database, and read again. (What came raw has a cleaned column of its own.)"""
    written = codec.dump(codec.EVENT, replace(event, raw=""))
    written.encode()
    assert not _NULL.search(written), f"PostgreSQL keeps no null character: {written}"
    assert codec.load(codec.EVENT, written).key == event.key != ""
