"""A member whose app encrypts: matrix-nio's own machinery, of which the adapter uses nothing for keys.

Nothing runs in the background: what the homeserver has is fetched before anything is said or looked at.
"""

import json
import logging
from collections.abc import Mapping
from typing import Any

from nio.client.async_client import AsyncClient, AsyncClientConfig
from nio.crypto.attachments import decrypt_attachment, encrypt_attachment
from nio.events.room_events import Event, MegolmEvent
from nio.exceptions import EncryptionError
from nio.store.database import SqliteMemoryStore

from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin

logging.getLogger("peewee").setLevel(logging.ERROR)  # it would tell every row of the store of keys
_CLEAR = frozenset({"m.reaction", "m.room.encrypted"})
"""Nobody encrypts reactions; and what is to look encrypted is sent as it is."""


class SealedUser(MatrixUser):
    """Sends and reads encrypted, under the same methods."""

    def __init__(self, homeserver: str, login: MatrixLogin, directory: str) -> None:
        super().__init__(homeserver, login.user_id, login.access_token)
        config = AsyncClientConfig(encryption_enabled=True, store=SqliteMemoryStore, store_sync_tokens=False)
        self._client = AsyncClient(homeserver, login.user_id, login.device_id, directory, config)
        self._client.restore_login(login.user_id, login.device_id, login.access_token)
        self._files: dict[str, dict[str, Any]] = {}
        """How to open what lies in the media repository, by its address."""
        self._opened: dict[str, dict[str, Any]] = {}

    async def appears(self) -> None:
        """Publish the device: from then on it is given keys."""
        await self._client.sync(timeout=0, full_state=True)
        await self._client.keys_upload()

    async def stop(self) -> None:
        await self._client.close()  # type: ignore[no-untyped-call]
        await super().stop()

    async def _listens(self) -> None:
        await self._client.sync(timeout=0)
        if self._client.should_query_keys:
            await self._client.keys_query()
        if self._client.should_upload_keys:
            await self._client.keys_upload()

    # --- out ---

    async def send(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> str:
        if event_type in _CLEAR:
            return await super().send(room_id, event_type, content)
        await self._listens()
        assert self._client.rooms[room_id].encrypted
        sealed = self._with_keys(json.loads(json.dumps(content)))
        answer = await self._client.room_send(room_id, event_type, sealed, ignore_unverified_devices=True)
        return str(answer.event_id)

    async def upload(self, data: bytes, *, filename: str, mimetype: str) -> str:
        ciphertext, keys = encrypt_attachment(data)
        address = await super().upload(ciphertext, filename="sealed", mimetype="application/octet-stream")
        self._files[address] = {**keys, "url": address}
        return address

    def _with_keys(self, value: Any) -> Any:
        """The addresses of uploads become what opens them, as apps write it in encrypted events."""
        if not isinstance(value, dict):
            return value
        told = {name: self._with_keys(entry) for name, entry in value.items()}
        for clear, sealed in (("url", "file"), ("thumbnail_url", "thumbnail_file")):
            if told.get(clear) in self._files:
                told[sealed] = self._files[told.pop(clear)]
        return told

    # --- in ---

    async def opened(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Events of a room as this app can read them; what it cannot stays as it is."""
        sealed = [e for e in events if e["type"] == "m.room.encrypted" and e["event_id"] not in self._opened]
        if any("ciphertext" in event["content"] for event in sealed):
            await self._listens()
        for event in sealed:
            parsed = Event.parse_event(event)
            if isinstance(parsed, MegolmEvent):
                parsed.room_id = event["room_id"]
                try:
                    clear = self._client.decrypt_event(parsed)
                except EncryptionError:
                    continue
                self._opened[event["event_id"]] = {**event, **clear.source}
        return [self._without_keys(self._opened.get(event["event_id"], event)) for event in events]

    def _without_keys(self, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        told = {name: self._without_keys(entry) for name, entry in value.items()}
        for clear, sealed in (("url", "file"), ("thumbnail_url", "thumbnail_file")):
            if isinstance(file := value.get(sealed), dict) and isinstance(file.get("url"), str):
                assert clear not in told, "an encrypted event leads to a file in the clear"
                self._files[file["url"]] = file
                told[clear] = file["url"]
        return told

    async def download(self, mxc: str) -> bytes:
        file, data = self._files[mxc], await super().download(mxc)
        return bytes(decrypt_attachment(data, file["key"]["k"], file["hashes"]["sha256"], file["iv"]))
