"""A member with an encrypting client: matrix-nio's own machinery, of which the adapter uses nothing for keys."""

import asyncio
from pathlib import Path
from typing import Any

from nio.client.async_client import AsyncClient, AsyncClientConfig
from nio.crypto.attachments import decrypt_attachment
from nio.events.room_events import MegolmEvent, RoomMessage
from nio.store.database import SqliteMemoryStore

from bridge.playground.synapse import MatrixLogin
from tests.contract.harness import wait_for


class NioPerson:
    """Syncs in the background; ``read`` and ``unread`` are what came."""

    def __init__(self, address: str, login: MatrixLogin, directory: Path) -> None:
        config = AsyncClientConfig(encryption_enabled=True, store=SqliteMemoryStore, store_sync_tokens=False)
        self.client = AsyncClient(address, login.user_id, login.device_id, str(directory), config)
        self.client.restore_login(login.user_id, login.device_id, login.access_token)
        self.user_id = login.user_id
        self.events: dict[str, dict[str, Any]] = {}
        self.unread: list[str] = []
        self.client.add_event_callback(self._message, RoomMessage)
        self.client.add_event_callback(self._missed, MegolmEvent)
        self._task: asyncio.Task[None] | None = None

    async def _message(self, _room: object, event: Any) -> None:
        self.events[event.event_id] = event.source | {"decrypted": event.decrypted}

    async def _missed(self, _room: object, event: Any) -> None:
        self.unread.append(event.event_id)

    async def start(self) -> None:
        await self.client.sync(timeout=0, full_state=True)
        await self.client.keys_upload()
        self._task = asyncio.create_task(self.client.sync_forever(timeout=2_000), name="nio person")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.client.close()  # type: ignore[no-untyped-call]

    async def say(self, room: str, text: str, **content: Any) -> str:
        await wait_for(lambda: room in self.client.rooms, what="the room is known")
        message = {"msgtype": "m.text", "body": text} | content
        answer = await self.client.room_send(room, "m.room.message", message, ignore_unverified_devices=True)
        return str(answer.event_id)

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
