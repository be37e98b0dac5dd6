"""Files on their way out: streamed from disk, sent once and named by Telegram's id afterwards."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import structlog
from telegram import InputFile
from telegram.error import TelegramError

from bridge.adapters.telegram import faults, media
from bridge.adapters.telegram.client import Client
from bridge.core.errors import BarazaError, StorageUnavailable
from bridge.core.ids import AccountId
from bridge.core.ports import LocalFile, StateStore

log = structlog.get_logger()


class StaleUploadError(Exception):
    """A remembered file id is refused: it is forgotten, and the same call made again uploads the file."""


class NoBytesError(Exception):
    """A file came without its bytes."""


class Attempt:
    """How far a send came."""

    handed_over = False
    """Was the deciding request begun? Before that, a failure is no doubt: nothing was sent."""


@dataclass(frozen=True)
class _Place:
    """Where a request names a file: ``holder[field]`` is its sha256 until it is replaced."""

    holder: dict[str, Any]
    field: str
    kind: str
    key: str
    """Under which its id is remembered."""

    @property
    def sha256(self) -> str:
        return str(self.holder[self.field])


class Uploads:
    """Calls methods whose parameters name files by their sha256."""

    def __init__(self, client: Client, account: AccountId) -> None:
        self._client, self._account = client, account
        self.state: StateStore | None = None

    async def call(self, method: str, params: Mapping[str, Any], files: Sequence[LocalFile], attempt: Attempt) -> Any:
        """Raises NoBytesError, FileNotFoundError and StaleUploadError besides what ``Client.call`` raises."""
        ready, places = _places(method, params, files)
        known = [await self._recall(place.key) for place in places]
        async with AsyncExitStack() as stack:
            for number, (place, file_id) in enumerate(zip(places, known, strict=True)):
                if file_id:
                    place.holder[place.field] = file_id
                    place.holder.pop("thumbnail", None)  # it has come with the upload
                else:
                    await self._attach(ready, place, number, files, stack)
            attempt.handed_over = True
            try:
                answer = await self._client.call(method, ready)
            except TelegramError as error:
                if any(known) and faults.is_stale_file(error):
                    for place in places:
                        await self._forget(place.key)
                    raise StaleUploadError from None
                raise
        shown = answer if isinstance(answer, list) else [answer]
        for place, file_id, message in zip(places, known, shown, strict=False):
            if not file_id and isinstance(message, Mapping):
                await self._remember(place.key, _file_id(message.get(place.kind)))
        return answer

    async def _attach(
        self, params: dict[str, Any], place: _Place, number: int, files: Sequence[LocalFile], stack: AsyncExitStack
    ) -> None:
        local = _local(place.sha256, files)
        if local is None:
            raise NoBytesError
        file = await _opened(local, stack)
        small = _local(str(place.holder.get("thumbnail")), files)
        if place.holder is params:
            place.holder[place.field] = file
        else:
            place.holder[place.field] = f"attach://file{number}"
            params[f"file{number}"] = file
        place.holder.pop("thumbnail", None)
        if small is not None:
            try:
                params[f"thumbnail{number}"] = await _opened(small, stack)
            except FileNotFoundError:
                return  # the file is worth sending without it
            place.holder["thumbnail"] = f"attach://thumbnail{number}"

    async def _recall(self, key: str) -> str | None:
        if self.state is None:
            return None
        try:
            return await self.state.get(key)
        except StorageUnavailable:
            return None  # uploaded once more

    async def _remember(self, key: str, file_id: str) -> None:
        if file_id and self.state is not None:
            try:
                await self.state.set(key, file_id)
            except BarazaError:  # what was sent is sent
                log.warning("telegram.upload_not_remembered", account=self._account)

    async def _forget(self, key: str) -> None:
        if self.state is not None:
            try:
                await self.state.delete(key)
            except BarazaError:
                log.warning("telegram.upload_not_forgotten", account=self._account)


def _places(method: str, params: Mapping[str, Any], files: Sequence[LocalFile]) -> tuple[dict[str, Any], list[_Place]]:
    """A copy of the parameters, whose files can be replaced, and where those are."""
    ready = dict(params)
    given = ready.get("media")
    if isinstance(given, Mapping):
        ready["media"] = dict(given)
        found = [(ready["media"], "media", str(given["type"]))]
    elif isinstance(given, list):
        ready["media"] = [dict(item) for item in given]
        found = [(item, "media", str(item["type"])) for item in ready["media"]]
    elif field := media.FILE_FIELD.get(method):
        found = [(ready, field, field)]
    else:
        found = []
    return ready, [_Place(holder, field, kind, _key(holder, field, kind, files)) for holder, field, kind in found]


def _key(holder: Mapping[str, Any], field: str, kind: str, files: Sequence[LocalFile]) -> str:
    """Where an upload's id is kept. What Telegram keeps of the first upload (its name, who sings) is part of it."""
    sha256 = str(holder[field])
    local = _local(sha256, files)
    named = kind not in ("photo", "voice", "video_note", "sticker")
    facts = [local.attachment.name if local and named else ""]
    facts += [str(holder.get(name) or "") for name in ("title", "performer", "thumbnail")]
    told = "\0".join(facts).rstrip("\0")
    return f"file:{sha256}/{kind}" + (f"/{hashlib.sha256(told.encode()).hexdigest()[:16]}" if told else "")


def _local(sha256: str, files: Sequence[LocalFile]) -> LocalFile | None:
    return next((file for file in files if file.attachment.sha256 == sha256), None)


async def _opened(local: LocalFile, stack: AsyncExitStack) -> InputFile:
    handle = await asyncio.to_thread(local.path.open, "rb")
    stack.callback(handle.close)
    file = InputFile(handle, filename=local.attachment.name, read_file_handle=False)
    file.mimetype = local.attachment.mime or file.mimetype
    return file


def _file_id(sent: object) -> str:
    """Of a file, or of the biggest size of a photo."""
    item = sent[-1] if isinstance(sent, list) and sent else sent
    return str(item.get("file_id") or "") if isinstance(item, Mapping) else ""
