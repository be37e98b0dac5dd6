"""Files in the homeserver's media repository: put there once, and looked after."""

import asyncio
from datetime import datetime, timedelta

import structlog

from bridge.adapters.matrix.client import TROUBLE, Answer, NoAnswer
from bridge.adapters.matrix.media_in import media_of
from bridge.adapters.matrix.outcomes import Refuse
from bridge.adapters.matrix.sealed_files import opened_ref, sealed_file
from bridge.adapters.matrix.session import Session
from bridge.core.clock import Clock
from bridge.core.errors import Refusal
from bridge.core.ports import Json, LocalFile, Outgoing

_log = structlog.get_logger(__name__)
_TRUSTED = timedelta(days=1)
"""How long an address is used again without asking whether the file is still there: administrators tidy up."""
_GONE = (404, 410)


class Uploads:
    """Remembers where what lies, for as long as the homeserver has it."""

    def __init__(self, clock: Clock, session: Session) -> None:
        self._clock, self._session = clock, session

    async def of(self, outgoing: Outgoing, *, seal: bool = False) -> dict[str, Json]:
        """Where the message's files lie, by SHA-256; ``seal``: encrypted, with their keys.

        Raises Refuse, and what the homeserver's client raises.
        """
        found: dict[str, Json] = {}
        if "file" in outgoing.payload:
            sha256 = str(outgoing.payload["file"])
            found[sha256] = await self._address(sha256, outgoing, seal=seal)
        if "thumbnail" in outgoing.payload:
            sha256 = str(outgoing.payload["thumbnail"])
            try:
                found[sha256] = await self._address(sha256, outgoing, seal=seal)
            except Refuse as missing:  # what it is the thumbnail of is worth sending without
                _log.warning("thumbnail_missing", reason=missing.detail)
        return found

    async def _address(self, sha256: str, outgoing: Outgoing, *, seal: bool) -> Json:
        key = f"sealed:{sha256}" if seal else f"mxc:{sha256}"
        known = await self._known(key)
        if known is not None:
            return known
        file = next((file for file in outgoing.files if file.attachment.sha256 == sha256), None)
        if file is None:
            raise Refuse(Refusal.BAD_CONTENT, "the message names a file that was not handed over")
        address = await self._upload(file, seal=seal)
        await self._remember(key, address)
        return _place(address)

    async def _known(self, key: str) -> Json:
        address, _, seen = (await self._session.state.get(key) or "").partition(" ")
        media = media_of(address)
        if media is None:
            return None
        if seen and self._clock.now() - datetime.fromisoformat(seen) < _TRUSTED:
            return _place(address)
        try:
            async with self._session.server.download_of(*media):
                pass  # the answer's head says that it is there
        except TROUBLE as error:
            if isinstance(error, Answer) and error.status in _GONE:
                await self._session.state.delete(key)
                return None
            return _place(address)  # nobody says that it is gone
        await self._remember(key, address)
        return _place(address)

    async def _remember(self, key: str, address: str) -> None:
        await self._session.state.set(key, f"{address} {self._clock.now().isoformat()}")

    async def _upload(self, file: LocalFile, *, seal: bool) -> str:
        """The bytes go from the disk to the homeserver piece by piece."""
        try:
            size = (await asyncio.to_thread(file.path.stat)).st_size
        except OSError as error:
            raise Refuse(Refusal.BAD_CONTENT, f"the stored file cannot be read: {error.strerror}") from None
        if seal:
            sealed = sealed_file(await self._session.server.put_sealed_file(file.path, size))
            if sealed is None:
                raise NoAnswer("uploaded, but the answer holds no usable address")
            return sealed.ref
        return await self._session.server.put_file(file.path, size, file.attachment.mime, file.attachment.name)


def _place(address: str) -> Json:
    """As an event names it."""
    sealed = opened_ref(address)
    return address if sealed is None else sealed.described()
