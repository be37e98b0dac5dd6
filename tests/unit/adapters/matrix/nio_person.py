"""A member with an encrypting client: matrix-nio's own machinery, of which the adapter uses nothing for keys."""

import asyncio
import io
import logging
from pathlib import Path
from typing import Any

from nio.client.async_client import AsyncClient, AsyncClientConfig
from nio.crypto.attachments import decrypt_attachment, encrypt_attachment
from nio.events.room_events import Event, MegolmEvent
from nio.store.database import SqliteMemoryStore

from bridge.playground.matrix_timeline import Room, TimelineItem
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin
from tests.contract.harness import wait_for

logging.getLogger("peewee").setLevel(logging.ERROR)  # it would tell every row of the store of keys


class NioPerson:
    """Syncs in the background; ``events`` and ``unread`` are what came, ``rooms`` shows it as an app would."""

    def __init__(self, address: str, login: MatrixLogin, directory: Path) -> None:
        config = AsyncClientConfig(encryption_enabled=True, store=SqliteMemoryStore, store_sync_tokens=False)
        self.client = AsyncClient(address, login.user_id, login.device_id, str(directory), config)
        self.client.restore_login(login.user_id, login.device_id, login.access_token)
        self.user_id = login.user_id
        self.plain = MatrixUser(address, login.user_id, login.access_token)
        """The same device without encryption: for reactions, removals and whatever else is in the clear."""
        self.events: dict[str, dict[str, Any]] = {}
        self.rooms: dict[str, Room] = {}
        self.unread: list[str] = []
        self.client.add_event_callback(self._came, Event)
        self._task: asyncio.Task[None] | None = None

    async def _came(self, room: Any, event: Any) -> None:
        if isinstance(event, MegolmEvent):
            self.unread.append(event.event_id)
        self.events[event.event_id] = event.source | {"decrypted": event.decrypted}
        self.rooms.setdefault(room.room_id, Room(room.room_id)).apply_timeline([event.source])

    async def start(self) -> None:
        await self.client.sync(timeout=0, full_state=True)
        await self.client.keys_upload()
        self._task = asyncio.create_task(self.client.sync_forever(timeout=2_000), name="nio person")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.client.close()  # type: ignore[no-untyped-call]  # nio left it bare
        await self.plain.stop()

    async def say(self, room: str, text: str, **content: Any) -> str:
        await wait_for(lambda: room in self.client.rooms, what="the room is known")
        message = {"msgtype": "m.text", "body": text} | content
        answer = await self.client.room_send(room, "m.room.message", message, ignore_unverified_devices=True)
        return str(answer.event_id)

    async def uploads(self, data: bytes) -> dict[str, Any]:
        """Upload a file encrypted with a key of its own: the `file` of an event."""
        # Encrypted beforehand: `upload(encrypt=True)` has no keys yet where the answer is faster than its generator.
        secret, keys = encrypt_attachment(data)
        answer, _ = await self.client.upload(io.BytesIO(secret), filesize=len(secret))
        return {**keys, "url": answer.content_uri}

    async def shares(self, room: str, data: bytes, *, name: str, mime: str, **info: Any) -> str:
        """Send a picture, encrypted with a key of its own."""
        file = await self.uploads(data)
        info = {"mimetype": mime, "size": len(data)} | info
        return await self.say(room, name, msgtype="m.image", info=info, file=file)

    async def sees(self, room: str, text: str, *, seconds: float = 20.0) -> TimelineItem:
        """The newest message of a room that contains a text, waiting for it to appear."""

        def found() -> TimelineItem | None:
            return self.rooms[room].find(text) if room in self.rooms else None

        await wait_for(lambda: found() is not None, what=f"{self.user_id} sees {text!r}", timeout=seconds)
        item = found()
        assert item is not None
        return item

    async def hears(self, text: str) -> dict[str, Any]:
        """The decrypted event with this body."""

        def found() -> dict[str, Any] | None:
            return next((e for e in self.events.values() if e["content"].get("body") == text), None)

        await wait_for(lambda: found() is not None, what=f"{self.user_id} hears")
        event = found()
        assert event is not None
        return event

    async def file_of(self, event: dict[str, Any]) -> bytes:
        file = event["content"]["file"]
        answer = await self.client.download(file["url"])
        return bytes(decrypt_attachment(answer.body, file["key"]["k"], file["hashes"]["sha256"], file["iv"]))
