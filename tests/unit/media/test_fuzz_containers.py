"""Films and sounds changed anywhere, many of each kind: told of or refused, quickly, and clean the first time."""

import io
import random
import time

import pytest

from bridge.media.containers.scrub import SCRUBBERS
from bridge.media.refusal import UnfitMedia
from tests.fuzzing import FUZZ, NO_TIMEOUT, rng_of
from tests.unit.media.test_containers import SAMPLES

SCRUBBED_AS = {"video/quicktime": "video/mp4", "audio/mp4": "video/mp4"}
KINDS = [name for name in SAMPLES if name != "long comments"]
NUMBERS = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\x7f\xff\xff\xff",
    b"\xff" * 8,
    bytes(8),
    b"\x00\x00\x00\x01",
    b"\x00\x00\x00\x08",
)
SECONDS = 2.0
"""Of processor time, for a file of a few kilobytes."""


def changed(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """With one to six changes; most of them near the beginning, where headers and lengths are."""
    file = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        at = rng.randrange(len(file)) if rng.random() < 0.5 else min(len(file) - 1, int(rng.expovariate(1 / 200)))
        kind = rng.random()
        if kind < 0.3:
            file[at] ^= 1 << rng.randrange(8)
        elif kind < 0.6:
            new = rng.choice(NUMBERS) if rng.random() < 0.5 else rng.randbytes(rng.randrange(1, 9))
            file[at : at + len(new)] = new
        elif kind < 0.7:
            del file[at : at + rng.randrange(1, 64)]
        elif kind < 0.8:
            file[at:at] = file[at : at + rng.randrange(1, 200)]
        elif kind < 0.9:
            start = rng.randrange(len(other))
            file[at:at] = other[start : start + rng.randrange(1, 300)]
        else:
            del file[max(8, at) :]
        if not file:
            return b"\x00"
    return bytes(file)


def judged(mime: str, data: bytes) -> bool:
    """The entry for fuzzing: facts or a refusal, nothing else; the file does not grow; what is clean stays as it is."""
    file, begun = io.BytesIO(data), time.process_time()
    try:
        facts = SCRUBBERS[mime](file, len(data))
    except UnfitMedia:
        return False
    finally:
        assert time.process_time() - begun < SECONDS
        assert len(file.getvalue()) <= len(data)
    assert facts.seconds is None or facts.seconds >= 0
    kept = file.getvalue()
    again = io.BytesIO(kept)
    same = SCRUBBERS[mime](again, len(kept))
    assert again.getvalue() == kept
    assert same.mime == facts.mime
    return True


@pytest.mark.timeout(NO_TIMEOUT)
@pytest.mark.parametrize("name", KINDS)
def test_whatever_is_changed_in_a_file_it_is_judged(name: str) -> None:
    rng = rng_of(name)
    make, mime = SAMPLES[name]
    data, others = make(), [SAMPLES[other][0]() for other in KINDS]
    for _ in range(FUZZ or 60):
        judged(SCRUBBED_AS.get(mime, mime), changed(rng, data, rng.choice(others)))


@pytest.mark.timeout(NO_TIMEOUT)
@pytest.mark.parametrize("mime", SCRUBBERS)
def test_bytes_without_sense_are_judged(mime: str) -> None:
    rng = rng_of(mime)
    starts = [make()[:12] for make, kind in SAMPLES.values() if SCRUBBED_AS.get(kind, kind) == mime]
    for _ in range(FUZZ or 60):
        judged(mime, rng.choice((b"", *starts)) + rng.randbytes(rng.randrange(300)))
