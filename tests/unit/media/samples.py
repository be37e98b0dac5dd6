"""Files as people and attackers send them, made on the spot."""

import io
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator

from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

SECRET = b"Zawadi was here"
GPS = 0x8825


async def stream(data: bytes, size: int = 1 << 16) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def halves(width: int = 80, height: int = 40, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (width // 2, 0, width, height))
    return image.convert(mode)


def exif(orientation: int = 1) -> bytes:
    data = Image.Exif()
    data[0x0112] = orientation
    data[0x010F] = SECRET.decode()
    data[0x9286] = SECRET.decode()
    gps = data.get_ifd(GPS)
    gps[1], gps[2] = "S", (IFDRational(1), IFDRational(17), IFDRational(30))
    gps[3], gps[4] = "E", (IFDRational(36), IFDRational(49), IFDRational(0))
    return data.tobytes()


def talkative_jpeg(orientation: int = 1) -> bytes:
    """EXIF with a place, XMP, a comment and a colour profile."""
    return saved(
        halves(),
        "JPEG",
        exif=exif(orientation),
        xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>",
        comment=SECRET,
        icc_profile=SECRET * 10,
        quality=95,
    )


def talkative_png() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Comment", SECRET.decode())
    notes.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    return saved(halves(), "PNG", pnginfo=notes, exif=exif(), icc_profile=SECRET * 10)


def talkative_webp() -> bytes:
    return saved(halves(), "WEBP", exif=exif(), xmp=SECRET, icc_profile=SECRET * 10)


def animation(form: str) -> bytes:
    return saved(halves(), form, save_all=True, append_images=[Image.new("RGB", (80, 40), "green")])


def png_claiming(width: int, height: int) -> bytes:
    """A small PNG whose pixels are all zero, however many it claims: what decoding it would cost is not in its size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compressobj(9)
    line = bytes(1 + (width + 7) // 8)
    body = b"".join(rows.compress(line) for _ in range(height)) + rows.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def packed(*names: str, mimetype: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


def ole(*streams: str) -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504) + b"".join(s.encode("utf-16-le") for s in streams)


DOCX = packed("[Content_Types].xml", "word/document.xml")
