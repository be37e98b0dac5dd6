"""Strangers' files: what is shown of them, and what is refused with which reason."""

import asyncio
import io
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bridge.core.errors import MediaRefused, StorageUnavailable
from bridge.core.message import Attachment, AttachmentKind, RemoteFile
from bridge.media.clean import DEFAULT_LIMITS, Limits
from bridge.media.ingest import ingest, neutral_name
from bridge.media.refusal import WORDS, MediaReason, UnfitMedia
from bridge.media.store import MediaStore
from tests.unit.media import samples
from tests.unit.media.samples import SECRET, stream


@pytest.fixture
def store(tmp_path: Path) -> MediaStore:
    return MediaStore(tmp_path / "media")


async def take(store: MediaStore, data: bytes, name: str = "file", limits: Limits = DEFAULT_LIMITS) -> Attachment:
    remote = RemoteFile(ref="r", kind=AttachmentKind.DOCUMENT, name=name, mime="image/svg+xml")
    return await ingest(store, stream(data), remote, limits)


async def refused(store: MediaStore, data: bytes, name: str = "file", limits: Limits = DEFAULT_LIMITS) -> MediaReason:
    with pytest.raises(UnfitMedia) as caught:
        await take(store, data, name, limits)
    assert stored_files(store) == [], "what is refused is not kept"
    return caught.value.reason


def stored_files(store: MediaStore) -> list[Path]:
    return [path for path in store._root.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("data", "mime", "suffix"),
    [
        (samples.talkative_jpeg(), "image/jpeg", ".jpg"),
        (samples.talkative_png(), "image/png", ".png"),
        (samples.talkative_webp(), "image/webp", ".webp"),
        (samples.saved(samples.halves(), "GIF", comment=SECRET), "image/png", ".png"),
    ],
    ids=["jpeg", "png", "webp", "gif"],
)
async def test_a_picture_keeps_its_pixels_and_nothing_else(
    store: MediaStore, data: bytes, mime: str, suffix: str
) -> None:
    assert SECRET in data
    found = await take(store, data, "IMG_2041.HEIC")
    assert (found.kind, found.mime, found.width, found.height) == (AttachmentKind.PHOTO, mime, 80, 40)
    assert found.name == f"IMG_2041{suffix}"
    [path] = stored_files(store)
    assert path == store.path(found.sha256)
    kept = path.read_bytes()
    assert len(kept) == found.size
    assert SECRET not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert not image.getexif()
        assert not set(image.info) & {"exif", "xmp", "icc_profile", "comment", "Comment", "XML:com.adobe.xmp"}
        assert nearest(image, 5, 20) == "red"
        assert nearest(image, 75, 20) == "blue"


def nearest(image: Image.Image, x: int, y: int) -> str:
    pixel = image.convert("RGB").getpixel((x, y))
    assert isinstance(pixel, tuple)
    return {0: "red", 1: "green", 2: "blue"}[max(range(3), key=lambda n: pixel[n])]


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (80, 40), (5, 20)),
        (2, (80, 40), (75, 20)),
        (3, (80, 40), (75, 20)),
        (4, (80, 40), (5, 20)),
        (5, (40, 80), (20, 5)),
        (6, (40, 80), (20, 5)),
        (7, (40, 80), (20, 75)),
        (8, (40, 80), (20, 75)),
    ],
)
async def test_a_picture_stands_upright(
    store: MediaStore, orientation: int, size: tuple[int, int], red_at: tuple[int, int]
) -> None:
    found = await take(store, samples.talkative_jpeg(orientation))
    assert (found.width, found.height) == size
    with Image.open(store.path(found.sha256)) as image:
        assert nearest(image, *red_at) == "red"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
async def test_every_kind_of_png_is_shown(store: MediaStore, mode: str) -> None:
    source = samples.halves().convert("L" if mode.startswith("I") else mode)
    data = samples.saved(source.convert(mode), "PNG")
    found = await take(store, data)
    assert found.mime == "image/png"
    assert (found.width, found.height) == (80, 40)


async def test_transparency_is_kept(store: MediaStore) -> None:
    image = Image.new("P", (10, 10), 0)
    found = await take(store, samples.saved(image, "PNG", transparency=0))
    with Image.open(store.path(found.sha256)) as kept:
        assert kept.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]  # RGBA pixels are tuples


async def test_a_printers_jpeg_is_shown(store: MediaStore) -> None:
    found = await take(store, samples.saved(samples.halves(mode="CMYK"), "JPEG"))
    with Image.open(store.path(found.sha256)) as image:
        assert image.mode == "RGB"


async def test_a_phones_double_picture_is_one_picture(store: MediaStore) -> None:
    data = samples.saved(samples.halves(), "MPO", save_all=True, append_images=[samples.halves()])
    found = await take(store, data)
    assert found.mime == "image/jpeg"
    assert (found.width, found.height) == (80, 40)


async def test_a_large_picture_is_made_smaller(store: MediaStore) -> None:
    found = await take(store, samples.saved(samples.halves(800, 400), "JPEG"), limits=Limits(max_side=200))
    assert (found.width, found.height) == (200, 100)


async def test_a_long_strip_is_a_document(store: MediaStore) -> None:
    found = await take(store, samples.saved(samples.halves(10, 300), "PNG"))
    assert found.kind is AttachmentKind.DOCUMENT


async def test_the_same_file_twice_is_stored_once(store: MediaStore) -> None:
    first, second = await take(store, samples.DOCX), await take(store, samples.DOCX, "other name")
    assert first.sha256 == second.sha256
    assert len(stored_files(store)) == 1


@pytest.mark.parametrize(
    ("data", "name", "mime", "shown"),
    [
        (b"%PDF-1.7\n...", "Dosing guide.pdf", "application/pdf", "Dosing guide.pdf"),
        (b"%PDF-1.7\n...", "../../etc/guide.exe", "application/pdf", "guide.pdf"),
        (b"%PDF-1.7\n...", "gpj.\u202efdp.exe", "application/pdf", "gpj.fdp.pdf"),
        (b"%PDF-1.7\n...", "", "application/pdf", "document.pdf"),
        (
            samples.DOCX,
            "plan.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "plan.docx",
        ),
        (
            samples.packed("[Content_Types].xml", "xl/workbook.xml"),
            "stock.zip",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "stock.xlsx",
        ),
        (
            samples.packed("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
            "plan.odt",
            "application/vnd.oasis.opendocument.text",
            "plan.odt",
        ),
        (samples.ole("Root Entry", "WordDocument"), "old.doc", "application/msword", "old.doc"),
        (samples.ole("Root Entry", "Workbook"), "old.xls", "application/vnd.ms-excel", "old.xls"),
        (b"village,cases\nKibera,4\n", "cases.csv", "text/csv", "cases.csv"),
        ("Dawa ya kuhara: ORS é".encode(), "notes.txt", "text/plain", "notes.txt"),
        ("Zoë".encode("cp1252"), "notes.txt", "text/plain", "notes.txt"),
        ("Zoë".encode("utf-16"), "notes.txt", "text/plain", "notes.txt"),
        (b"{\\rtf1 hello}", "letter.rtf", "application/rtf", "letter.rtf"),
    ],
)
async def test_a_document_is_kept_byte_for_byte(
    store: MediaStore, data: bytes, name: str, mime: str, shown: str
) -> None:
    found = await take(store, data, name)
    assert (found.kind, found.mime, found.name) == (AttachmentKind.DOCUMENT, mime, shown)
    assert store.path(found.sha256).read_bytes() == data
    assert found.size == len(data)


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "empty.txt", MediaReason.EMPTY),
        (b"MZ\x90\x00" + bytes(100), "photo.jpg", MediaReason.EXECUTABLE),
        (b"\x7fELF" + bytes(100), "guide.pdf", MediaReason.EXECUTABLE),
        (b"#!/bin/sh\nrm -rf ~\n", "notes.txt", MediaReason.EXECUTABLE),
        (b"WScript.Echo(1)", "invoice.pdf.js", MediaReason.EXECUTABLE),
        (b"dir", "run.bat. ", MediaReason.EXECUTABLE),
        (b"  <!DOCTYPE html><script>x()</script>", "page.txt", MediaReason.EXECUTABLE),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "drawing.png", MediaReason.EXECUTABLE),
        (
            samples.packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
            "a.docx",
            MediaReason.EXECUTABLE,
        ),
        (samples.packed("META-INF/MANIFEST.MF", "A.class"), "a.docx", MediaReason.EXECUTABLE),
        (samples.packed("AndroidManifest.xml", "classes.dex"), "app.zip", MediaReason.EXECUTABLE),
        (samples.ole("WordDocument", "_VBA_PROJECT"), "old.doc", MediaReason.EXECUTABLE),
        (samples.ole("Property"), "setup.msi", MediaReason.EXECUTABLE),
        (b"{\\rtf1 \\objdata 01050000}", "letter.rtf", MediaReason.EXECUTABLE),
        (samples.packed("a.txt"), "files.zip", MediaReason.ARCHIVE),
        (b"Rar!\x1a\x07\x00" + bytes(20), "files.rar", MediaReason.ARCHIVE),
        (samples.DOCX[:-10], "cut.docx", MediaReason.BROKEN),
        (samples.talkative_jpeg()[:-300], "cut.jpg", MediaReason.BROKEN),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "x.png", MediaReason.BROKEN),
        (b"\xff\xd8\xff" + b"\x00" * 5000, "x.jpg", MediaReason.BROKEN),
        (bytes(range(256)), "data", MediaReason.UNSUPPORTED),
        (b"\x00\x00\x00\x20ftypisom" + bytes(100), "clip.mp4", MediaReason.BROKEN),
        (b"\x00\x00\x00\x20ftypheic" + bytes(100), "IMG_1.HEIC", MediaReason.BROKEN),
    ],
)
async def test_what_is_not_carried_is_refused_with_its_reason(
    store: MediaStore, data: bytes, name: str, reason: MediaReason
) -> None:
    assert await refused(store, data, name) is reason


@pytest.mark.parametrize(("side", "size"), [(10_000, 100_000), (14_000, 100_000)])
async def test_a_bomb_is_refused_before_it_is_decoded(store: MediaStore, side: int, size: int) -> None:
    bomb = samples.png_claiming(side, side)
    assert len(bomb) < size
    assert await refused(store, bomb) is MediaReason.TOO_MANY_PIXELS


async def test_the_largest_picture_allowed_is_shown(store: MediaStore) -> None:
    found = await take(store, samples.png_claiming(8_000, 5_000))
    assert (found.width, found.height) == (2560, 1600)


async def test_a_decoder_that_wants_too_much_is_stopped(store: MediaStore) -> None:
    wide = samples.png_claiming(20_000, 20_000)
    assert await refused(store, wide, limits=Limits(max_pixels=10**9, max_memory=400 << 20)) is MediaReason.BROKEN
    shown = await take(store, wide, limits=Limits(max_pixels=10**9, max_memory=3 << 30))
    assert shown.width == 2560, "it is the memory that stops it"


async def test_a_decoder_that_takes_too_long_is_stopped(store: MediaStore) -> None:
    """A progressive JPEG may name the same pixels in thousands of scans: small to send, endless to decode."""
    assert await refused(store, many_scans(4000), limits=Limits(max_seconds=1)) is MediaReason.BROKEN
    shown = await take(store, many_scans(2))
    assert shown.width == 2560, "it is the time that stops it"


def many_scans(count: int) -> bytes:
    data = samples.saved(Image.new("L", (6000, 6000)), "JPEG", progressive=True, quality=50)
    start = data.rindex(b"\xff\xda")
    return data[:start] + data[start:-2] * count + b"\xff\xd9"


async def test_too_many_bytes_are_refused_while_they_come(store: MediaStore) -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield bytes(1000)

    remote = RemoteFile(ref="r", kind=AttachmentKind.DOCUMENT)
    with pytest.raises(UnfitMedia) as caught:
        await ingest(store, endless(), remote, Limits(max_bytes=10_000))
    assert caught.value.reason is MediaReason.TOO_BIG
    assert taken == 11
    assert stored_files(store) == []


async def test_a_claimed_size_over_the_limit_is_refused_unread(store: MediaStore) -> None:
    remote = RemoteFile(ref="r", kind=AttachmentKind.DOCUMENT, size=10_001)
    untouched = stream(b"x")
    with pytest.raises(UnfitMedia):
        await ingest(store, untouched, remote, Limits(max_bytes=10_000))
    assert [chunk async for chunk in untouched] == [b"x"]


async def test_a_picture_that_grows_is_refused(store: MediaStore) -> None:
    noise = Image.frombytes("RGB", (200, 200), os.urandom(120_000))
    data = samples.saved(noise, "WEBP", quality=1)
    assert await refused(store, data, limits=Limits(max_bytes=len(data) + 100)) is MediaReason.TOO_BIG


async def test_the_child_inherits_no_secret(store: MediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONSTARTUP", "/nonexistent")
    monkeypatch.setenv("BARAZA_TELEGRAM_TOKEN", "very-secret")
    seen: list[object] = []
    real = asyncio.create_subprocess_exec

    async def watching(*arguments: Any, **options: Any) -> object:
        seen.extend([arguments, options])
        return await real(*arguments, **options)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", watching)
    await take(store, b"plain", "notes about Zawadi.txt")
    assert seen
    assert "very-secret" not in repr(seen)
    assert "Zawadi" not in repr(seen)


async def test_a_disk_that_takes_nothing_is_not_the_files_fault(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file where the folder should be")
    with pytest.raises(StorageUnavailable, match="check the disk"):
        await take(MediaStore(tmp_path / "media"), b"plain")


def test_every_reason_has_words() -> None:
    assert set(WORDS) == set(MediaReason)
    for reason in MediaReason:
        unfit = UnfitMedia(reason)
        assert isinstance(unfit, MediaRefused)
        assert str(unfit) == WORDS[reason]


@pytest.mark.parametrize(
    ("name", "mime", "expected"),
    [
        ("wound.jpeg", "image/jpeg", "wound.jpeg"),
        ("wound.png", "image/jpeg", "wound.jpg"),
        ("...", "image/jpeg", "photo.jpg"),
        ("CON.pdf.exe", "application/pdf", "CON.pdf.pdf"),
        ("a" * 200 + ".exe", "application/pdf", "a" * 70 + ".pdf"),
        ("Dr. Wanjiku notes", "text/plain", "Dr. Wanjiku notes.txt"),
    ],
)
def test_a_name_says_what_the_file_is(name: str, mime: str, expected: str) -> None:
    assert neutral_name(name, mime) == expected
