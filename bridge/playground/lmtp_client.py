"""How a mail server hands one mail to the program behind it (LMTP, RFC 2033)."""

import asyncio

from bridge.core.errors import BarazaError

_SECONDS = 20.0


class LmtpRefused(BarazaError):
    """It will never be taken; the words are the other side's."""


async def hand_over(port: int, sender: str, recipient: str, mail: bytes) -> None:
    """Returns when the other side has it. Raises LmtpRefused, and OSError, EOFError or ValueError: try again."""
    async with asyncio.timeout(_SECONDS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await _expect(reader)
            for line in (
                b"LHLO demo.example",
                f"MAIL FROM:<{sender}> BODY=8BITMIME".encode(),
                f"RCPT TO:<{recipient}>".encode(),
                b"DATA",
            ):
                writer.write(line + b"\r\n")
                await _expect(reader)
            lines = mail.removesuffix(b"\r\n").split(b"\r\n")
            stuffed = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
            writer.write(stuffed + b"\r\n.\r\n")
            await _expect(reader)
            writer.write(b"QUIT\r\n")
        finally:
            writer.close()


async def _expect(reader: asyncio.StreamReader) -> None:
    """Read one answer of one or more lines."""
    while True:
        line = (await reader.readuntil(b"\n")).decode("ascii", "replace").rstrip()
        if line[3:4] != "-":
            break
    if line.startswith("5"):
        raise LmtpRefused(line)
    if line[:1] not in ("2", "3"):
        raise ConnectionError(line)
