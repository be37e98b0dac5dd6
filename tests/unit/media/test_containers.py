"""Films and sounds: what is told of them, that nothing else stays in them, and what a hostile one does."""

import contextlib
import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.media.containers.common import Facts
from bridge.media.containers.scrub import SCRUBBERS, container
from bridge.media.refusal import MediaReason, UnfitMedia
from tests.unit.media import films
from tests.unit.media.samples import SECRET

SAMPLES: dict[str, tuple[Callable[[], bytes], str]] = {
    "mp4": (films.mp4, "video/mp4"),
    "mov": (lambda: films.mp4(brand=b"qt  "), "video/quicktime"),
    "m4a": (films.m4a, "audio/mp4"),
    "webm": (films.webm, "video/webm"),
    "recorded": (lambda: films.webm(0, unknown=True), "video/webm"),
    "opus": (films.ogg_opus, "audio/ogg"),
    "long comments": (lambda: films.ogg_opus(entries=[SECRET * 20_000]), "audio/ogg"),
    "vorbis": (films.ogg_vorbis, "audio/ogg"),
    "mp3": (films.mp3, "audio/mpeg"),
    "wav": (films.wav, "audio/x-wav"),
    "flac": (films.flac, "audio/flac"),
    "amr": (films.amr, "audio/amr"),
    "aac": (films.aac, "audio/aac"),
}


def scrubbed(data: bytes) -> tuple[Facts, bytes]:
    mime = container(data[:4096])
    assert mime is not None
    file = io.BytesIO(data)
    facts = SCRUBBERS[mime](file, len(data))
    return facts, file.getvalue()


def refused(data: bytes) -> MediaReason:
    with pytest.raises(UnfitMedia) as caught:
        scrubbed(data)
    return caught.value.reason


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_but_film_and_sound_stays(name: str) -> None:
    make, mime = SAMPLES[name]
    facts, kept = scrubbed(make())
    assert facts.mime == mime
    assert SECRET not in kept
    assert films.PLACE not in kept
    assert films.CREATED.to_bytes(4, "big") not in kept
    again, same = scrubbed(kept)
    assert same == kept, "what is clean stays as it is"
    assert (again.seconds, again.width, again.height) == (facts.seconds, facts.width, facts.height)


@pytest.mark.parametrize("name", ["mp4", "mov", "m4a", "webm", "opus", "vorbis", "mp3", "flac"])
def test_its_length_is_told(name: str) -> None:
    assert scrubbed(SAMPLES[name][0]())[0].seconds == pytest.approx(7, abs=0.1)


def test_a_song_keeps_its_title() -> None:
    facts, _ = scrubbed(films.mp3())
    assert (facts.title, facts.performer) == ("Song", "Wanjiku")


def test_an_mp4_box_may_not_lie() -> None:
    start = films.box(b"ftyp", b"isom", bytes(4))
    for size in (b"\x00\x00\x00\x02", b"\x00\x00\x00\x07", b"\xff\xff\xff\xff", b"\x00\x00\x00\x01"):
        assert refused(start + size + b"moov" + b"\xff" * 8) is MediaReason.BROKEN
    nested = b""
    for _ in range(10_000):
        nested = films.box(b"moov", nested)
    assert refused(start + nested) is MediaReason.BROKEN


def test_a_film_whose_length_is_nonsense_is_refused() -> None:
    assert refused(films.mp4(4_000_000)) is MediaReason.BROKEN
    assert (
        refused(films.webm(4_000_000, payload=0).replace(b"\xe7" + films.size_of(1) + b"\x00", b""))
        is MediaReason.BROKEN
    )


def test_a_wrong_checksum_is_refused() -> None:
    data = bytearray(films.ogg_opus())
    data[-1] ^= 1
    assert refused(bytes(data)) is MediaReason.BROKEN


def test_an_ogg_that_lies_about_its_length_is_refused() -> None:
    data = films.ogg_opus(1)
    body = b"\xf8\xff\xfe" * 20
    assert refused(data + films.ogg_page(body, 3, 48_000 * 3600, 4)) is MediaReason.BROKEN


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "long comments"])
def test_cut_anywhere_it_is_judged_all_the_same(name: str) -> None:
    data = SAMPLES[name][0]()
    for end in range(8, len(data), max(1, len(data) // 60)):
        try:
            scrubbed(data[:end])
        except UnfitMedia:
            continue
        except AssertionError:
            continue


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in ("long comments", "mp3")])
@settings(max_examples=40, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=8)), max_size=6),
    cut=st.integers(0, 5000),
)
def test_whatever_it_holds_the_walk_ends(name: str, changes: list[tuple[int, bytes]], cut: int) -> None:
    make, _ = SAMPLES[name]
    data = bytearray(make())
    for place, new in changes:
        place %= len(data)
        data[place : place + len(new)] = new
    fuzz(SAMPLES[name][1], bytes(data[: cut or None]))


@pytest.mark.parametrize("mime", SCRUBBERS)
@settings(max_examples=40, deadline=None)
@given(data=st.binary(max_size=400))
def test_any_bytes_at_all(mime: str, data: bytes) -> None:
    fuzz(mime, data)


def fuzz(mime: str, data: bytes) -> None:
    """The entry for fuzzing: facts or a refusal, nothing else; and the file does not grow."""
    known = {"video/quicktime": "video/mp4", "audio/mp4": "video/mp4"}.get(mime, mime)
    file = io.BytesIO(data)
    with contextlib.suppress(UnfitMedia):
        SCRUBBERS[known](file, len(data))
    assert len(file.getvalue()) <= len(data)
