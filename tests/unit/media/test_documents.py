"""Documents say nothing of who wrote them, when, and where their photos were taken; everything else in them stays."""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from bridge.media import documents
from bridge.media.documents.pictures import without_origin
from bridge.media.sniff import SUFFIXES
from tests.fuzzing import FUZZ, NO_TIMEOUT, rng_of
from tests.unit.media.samples import SECRET, exif, halves, saved

DOCX, XLSX, ODT, PDF = (
    next(mime for mime, names in SUFFIXES.items() if suffix in names) for suffix in (".docx", ".xlsx", ".odt", ".pdf")
)
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/"'
CORE = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<cp:coreProperties xmlns:cp="http://schemas.openxmlformats'
    f'.org/package/2006/metadata/core-properties" {DC}><dc:title>Plan</dc:title>'
    f"<dc:creator>{SECRET.decode()}</dc:creator>"
    f"<cp:lastModifiedBy>{SECRET.decode()}</cp:lastModifiedBy><dcterms:created>2026-11-20T08:00:00Z</dcterms:created>"
    "</cp:coreProperties>"
).encode()
APP = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Properties xmlns="http://schemas.openxmlformats.org/'
    'officeDocument/2006/extended-properties"><Template>Normal.dotm</Template><TotalTime>12</TotalTime><Pages>1</Pages>'
    "<Words>4</Words><Application>Microsoft Office Word</Application><DocSecurity>0</DocSecurity><Lines>1</Lines>"
    f"<Company>{SECRET.decode()}</Company><Manager>{SECRET.decode()}</Manager><AppVersion>16.0000</AppVersion></Properties>"
).encode()
META = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:'
    f'office:1.0" {DC} office:version="1.3"><office:meta><dc:creator>{SECRET.decode()}</dc:creator></office:meta>'
    "</office:document-meta>"
).encode()
WORDS = b"<w:document>One tablet a day</w:document>"


def photo(orientation: int = 1) -> bytes:
    about: dict[str, object] = {"xmp": b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>", "comment": SECRET}
    return saved(halves(), "JPEG", exif=exif(orientation), **about)


def office(
    parts: Mapping[str, bytes] | None = None, packing: int = zipfile.ZIP_DEFLATED, *, streamed: bool = False
) -> bytes:
    """``streamed``: as programs write that do not go back, with each entry's sums behind it."""
    whole = parts or {
        "[Content_Types].xml": b"<Types/>",
        "docProps/core.xml": CORE,
        "docProps/app.xml": APP,
        "docProps/custom.xml": b"<Properties>" + CORE + b"</Properties>",
        "word/document.xml": WORDS,
        "word/media/image1.jpeg": photo(6),
    }
    buffer = io.BytesIO()

    class Stream(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            return buffer.write(bytes(data))  # type: ignore[call-overload]  # any buffer

    with zipfile.ZipFile(Stream() if streamed else buffer, "w", packing) as archive:
        for name, data in whole.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def cleaned(data: bytes, mime: str, tmp_path: Path) -> bytes:
    path = tmp_path / "document"
    path.write_bytes(data)
    documents.clean(path, mime)
    return path.read_bytes()


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_office_document_keeps_its_words_and_loses_its_authors_name(
    packing: int, streamed: bool, tmp_path: Path
) -> None:
    before = office(packing=packing, streamed=streamed)
    after = cleaned(before, DOCX, tmp_path)
    assert len(after) == len(before)
    parts = unpacked(after)
    assert not any(SECRET in part for part in parts.values())
    assert b"2026-11-20" not in b"".join(parts.values())
    assert parts["word/document.xml"] == WORDS
    for name in ("docProps/core.xml", "docProps/app.xml", "docProps/custom.xml"):
        assert len(ET.fromstring(parts[name])) == 0  # noqa: S314 - our own
    with Image.open(io.BytesIO(parts["word/media/image1.jpeg"])) as image:
        image.load()
        assert dict(image.getexif()) == {0x0112: 6}, "which side is up"
        with Image.open(io.BytesIO(photo(6))) as original:
            assert image.tobytes() == original.tobytes()
    assert cleaned(after, DOCX, tmp_path) == after


def test_an_open_document_too(tmp_path: Path) -> None:
    parts = {"mimetype": ODT.encode(), "content.xml": WORDS, "meta.xml": META, "Pictures/1.jpg": photo()}
    after = unpacked(cleaned(office(parts), ODT, tmp_path))
    assert not any(SECRET in part for part in after.values())
    assert (after["mimetype"], after["content.xml"]) == (ODT.encode(), WORDS)
    assert len(ET.fromstring(after["meta.xml"])) == 0  # noqa: S314 - our own


@pytest.mark.parametrize("name", ["_xmlsignatures/sig1.xml", "META-INF/documentsignatures.xml"])
def test_what_is_signed_stays_as_it_was_signed(name: str, tmp_path: Path) -> None:
    data = office({"docProps/core.xml": CORE, name: b"<Signature/>"})
    assert cleaned(data, DOCX, tmp_path) == data


def test_what_has_no_room_stays(tmp_path: Path) -> None:
    data = office({"docProps/core.xml": b"<a/>", "word/document.xml": WORDS})
    assert cleaned(data, DOCX, tmp_path) == data


def pdf(*, trailer: bytes = b"", info: bytes = b"", more: bytes = b"") -> bytes:
    xmp = b"<?xpacket begin=''?><x:xmpmeta xmlns:x='adobe:ns:meta/'>" + SECRET + b"</x:xmpmeta><?xpacket end='w'?>"
    picture = photo()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Metadata 5 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/Title (kept)>>",
        info
        or b"<</Author("
        + SECRET
        + b" \\) \\( (nested))/Title<"
        + SECRET.hex().encode()
        + b">/CreationDate (D:20261120)>>",
        b"<</Type/Metadata/Subtype/XML/Length %d>>\nstream\n%s\nendstream" % (len(xmp), xmp),
        b"<</Subtype/Image/Filter/DCTDecode/Length %d>>\nstream\n%s\nendstream" % (len(picture), picture),
    ]
    body, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    body += more + b"xref\n0 7\n0000000000 65535 f \n" + table
    return (
        body
        + b"trailer\n<</Root 1 0 R/Info 4 0 R/Size 7"
        + trailer
        + b">>\nstartxref\n%d\n%%%%EOF\n" % body.index(b"xref\n0")
    )


def test_a_pdf_keeps_its_pages_and_loses_its_authors_name(tmp_path: Path) -> None:
    before = pdf()
    after = cleaned(before, PDF, tmp_path)
    assert len(after) == len(before)
    without_photo = re.sub(rb"\xff\xd8.*\xff\xd9", b"", after, flags=re.DOTALL)
    assert SECRET not in without_photo.replace(b"Comment", b"")
    assert SECRET.hex().encode() not in after
    assert b"D:2026" not in after
    assert b"Exif\x00\x00" not in after
    assert b"/Title (kept)" in after
    assert after.count(b"/Author(") == 1
    assert after[after.index(b"xref\n0") :] == before[before.index(b"xref\n0") :]
    assert cleaned(after, PDF, tmp_path) == after


def packing_pdf() -> bytes:
    """As many programs write it: properties among other objects in a packed stream, XMP packed for itself."""
    inside = [b"<</Kept(yes)>>", b"<</Author(" + SECRET + b")/Producer(Writer)>>"]
    head = b"8 0 4 %d " % (len(inside[0]) + 1)
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><a>" + SECRET + b"</a></x:xmpmeta>" + b"\n" * 400
    objects, about = zlib.compress(head + b"\n".join(inside) + b"\n" * 60, 1), zlib.compress(xmp)
    more = b"9 0 obj\n<</Type/ObjStm/N 2/First %d/Length %d/Filter/FlateDecode>>\nstream\n" % (len(head), len(objects))
    more += objects + b"\nendstream\nendobj\n10 0 obj\n<</Length %d/Filter[/FlateDecode]/Type/Metadata>>" % len(about)
    return pdf(info=b"null", more=more + b"stream\r\n" + about + b"\nendstream\nendobj\n")


def test_what_a_pdf_packs_is_cleaned_as_well(tmp_path: Path) -> None:
    before = packing_pdf()
    after = cleaned(before, PDF, tmp_path)
    assert len(after) == len(before)
    packed = re.compile(rb"Decode[^\n]*\n?stream\r?\n(x.*?)\nendstream|Decode>>\nstream\n(x.*?)\nendstream", re.DOTALL)
    found = [zlib.decompress(match[1] or match[2]) for match in packed.finditer(after)]
    assert len(found) == 2
    assert not any(SECRET in part for part in found)
    assert any(b"<</Kept(yes)>>" in part and b"/Author(" in part for part in found)


@pytest.mark.parametrize(
    "data",
    [
        pdf(more=b"7 0 obj<</Type/Sig/ByteRange [0 1 2 3]>>endobj\n"),
        pdf(trailer=b"/Encrypt 9 0 R"),
        b"%PDF-1.7\n...",
        b"%PDF-1.7\n/Info 4 0 R 4 0 obj<</Author(",
        b"%PDF-1.7\n/Info 4 0 R 4 0 obj<</Author(\\",
        b"%PDF-1.7\n/Info 4 0 R 4 0 obj<</Author(x)/Y<</Z(",
        b"%PDF-1.7\n<x:xmpmeta>",
        b"%PDF-1.7\n\xff\xe1\xff\xffExif\x00\x00",
    ],
)
def test_a_pdf_that_would_be_broken_or_is_stays(data: bytes, tmp_path: Path) -> None:
    assert cleaned(data, PDF, tmp_path) == data


def test_a_photo_without_its_end_is_left_alone() -> None:
    assert without_origin(b"\xff\xd8\xff\xe1\xff\xff" + SECRET) == b"\xff\xd8\xff\xe1\xff\xff" + SECRET
    assert without_origin(b"no picture") == b"no picture"
    for orientation in (0, 1, 9, 65535):
        assert b"Exif" not in without_origin(photo(orientation))


@pytest.mark.timeout(NO_TIMEOUT)
@pytest.mark.parametrize(
    ("mime", "data"), [(DOCX, office()), (XLSX, office(streamed=True)), (PDF, pdf()), (PDF, packing_pdf())]
)
def test_whatever_is_changed_in_a_document_it_stays_as_long(mime: str, data: bytes, tmp_path: Path) -> None:
    rng = rng_of(mime)
    for _ in range(FUZZ or 40):
        odd = bytearray(data)
        for _ in range(rng.choice((1, 1, 2, 5))):
            at = rng.randrange(len(odd))
            odd[at : at + rng.randrange(5)] = rng.choice((rng.randbytes(4), b"\xff" * 4, bytes(4), b"(", b"<<"))
        assert len(cleaned(bytes(odd), mime, tmp_path)) == len(odd)


def test_a_zip_that_unpacks_without_end_is_not_unpacked(tmp_path: Path) -> None:
    bomb = office({"docProps/core.xml": CORE, "word/media/a.jpg": b"\xff\xd8" + bytes(1000)})
    at = bomb.rindex(b"PK\x01\x02")
    lying = bomb[: at + 24] + struct.pack("<I", 2_000_000_000) + bomb[at + 28 :]
    assert SECRET not in unpacked_core(cleaned(lying, DOCX, tmp_path))


def unpacked_core(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        core = archive.read("docProps/core.xml")
    assert zlib.crc32(core)
    return core
