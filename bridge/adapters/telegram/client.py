"""python-telegram-bot's Bot without its object layer: plain JSON in, plain JSON out."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import quote

import telegram
from telegram.error import BadRequest

from bridge.adapters.telegram.capabilities import MAX_DOWNLOAD
from bridge.adapters.telegram.request import AiohttpRequest, Timeouts
from bridge.adapters.telegram.settings import Settings
from bridge.core.errors import MediaRefused
from bridge.media.refusal import MediaReason, UnfitMedia

# The library logs the address with its token, and the parameters with what people wrote, at DEBUG.
logging.getLogger("telegram").setLevel(logging.WARNING)

UPDATES: Final = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "my_chat_member",
    "message_reaction",
    "message_reaction_count",
    "poll",
    "poll_answer",
)
"""What we ask for. Always said aloud: Telegram remembers the last list it was given."""
POLL_SECONDS: Final = 30
_CHUNK: Final = 64 * 1024


def too_big_for_bots(most: int = MAX_DOWNLOAD) -> MediaRefused:
    """For a file that Telegram hands to its members and to no bot."""
    error = UnfitMedia(MediaReason.TOO_BIG, limit=most)
    error.args = (f"Telegram hands files over {most // 1_000_000} MB to no bot: ask for a smaller file",)
    return error


def gone() -> MediaRefused:
    """For a file that can only be sent again."""
    error = UnfitMedia(MediaReason.GONE)
    error.args = ("Telegram no longer has this file: ask for it to be sent again",)
    return error


def _larger_than(limit: int, size: int = 0) -> MediaRefused:
    error = UnfitMedia(MediaReason.TOO_BIG, limit=limit)
    has = f"the file has {size / 1e6:.1f} MB" if size else "the file is larger"
    error.args = (f"{has}, the limit is {limit / 1e6:.1f} MB",)
    return error


class Client(telegram.Bot):
    """The Bot API methods as they are documented.

    The object layer is passed by on purpose: one update or answer that it cannot read must not hide that a message was
    sent, nor stop a batch of updates, nor may fields that it does not know yet be lost.
    """

    def __init__(self, settings: Settings, timeouts: Timeouts | None = None) -> None:
        # A server spoken to in plain HTTP is on this machine or network, never behind the proxy.
        trust_env = settings.api_url.startswith("https:")
        requests = [AiohttpRequest(timeouts, trust_env=trust_env) for _ in range(2)]
        super().__init__(
            settings.token.get_secret_value(),
            base_url=f"{settings.api_url}/bot",
            base_file_url=f"{settings.api_url}/file/bot",
            request=requests[0],
            get_updates_request=requests[1],
        )
        self._requests = requests
        self._local_files = settings.server_files
        self._file_url = f"{settings.api_url}/file/bot{settings.token.get_secret_value()}/"

    def __repr__(self) -> str:  # the library's shows the token
        return f"{type(self).__name__}(...)"

    def _insert_defaults(self, data: dict[str, object]) -> None:
        """We have none; the library's would look for its own objects in a list of media."""

    async def open(self) -> None:
        """Ready the connections; no I/O. (`Bot.initialize` would put the token into an exception.)"""
        await asyncio.gather(*(request.initialize() for request in self._requests))

    async def close_connections(self) -> None:
        await asyncio.gather(*(request.shutdown() for request in self._requests))

    async def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """Call a method; returns its ``result``. Raises telegram.error.TelegramError and the classes of request.py.

        Files are given as telegram.InputFile.
        """
        return await self._post(method, dict(params or {}))

    async def updates(self, offset: int | None, timeout: int) -> Any:
        """Long poll for at most ``timeout`` seconds; confirms every update below ``offset``."""
        data = {"offset": offset, "timeout": timeout, "allowed_updates": list(UPDATES)}
        read = (self._requests[1].read_timeout or 0) + timeout
        return await self._post("getUpdates", data, read_timeout=read)

    async def file(self, file_id: str, *, limit: int) -> AsyncIterator[bytes]:
        """Stream a file; raises MediaRefused for what can never be had, TelegramError for trouble on the way."""
        try:
            info = await self.call("getFile", {"file_id": file_id})
        except BadRequest as error:
            if "too big" in str(error):
                raise too_big_for_bots() from None
            raise gone() from None
        path = info.get("file_path") if isinstance(info, dict) else None
        if not isinstance(path, str) or not path:
            raise MediaRefused("Telegram gives no way to this file: ask for it to be sent again")
        size = info.get("file_size")
        if isinstance(size, int) and size > limit:
            raise _larger_than(limit, size)
        if self._local_files is not None and path.startswith("/"):
            async for piece in self._from_disk(self._local_files, path, limit):
                yield piece
            return
        # A Bot API server run with --local answers with a path of its own disk: opened only where the operator says.
        if path.startswith(("/", "\\")) or ":" in path or ".." in PurePosixPath(path).parts:
            raise MediaRefused(
                "this Bot API server keeps files on its own disk: start it without --local, so that it hands them over,"
                " or name its folder (server_files)"
            )
        taken = 0
        async for piece in self._requests[0].stream(self._file_url + quote(path)):
            taken += len(piece)
            if taken > limit:
                raise _larger_than(limit)
            yield piece

    async def _from_disk(self, folder: Path, path: str, limit: int) -> AsyncIterator[bytes]:
        """Of a server that runs with --local; nothing outside its folder is ever opened."""
        whole = await asyncio.to_thread(lambda: Path(path).resolve())
        if not whole.is_relative_to(await asyncio.to_thread(folder.resolve)):
            raise MediaRefused("this Bot API server keeps the file outside the folder named by server_files")
        try:
            with await asyncio.to_thread(whole.open, "rb") as file:
                taken = 0
                while piece := await asyncio.to_thread(file.read, _CHUNK):
                    taken += len(piece)
                    if taken > limit:
                        raise _larger_than(limit)
                    yield piece
        except FileNotFoundError:
            raise gone() from None
