"""Keeps the state in a JSON file, with uploaded files beside it, so that a restart shows the same chats."""

import asyncio
import contextlib
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

from bridge.playground.botapi.state import (
    Account,
    BotQueue,
    CallbackQuery,
    Chat,
    Member,
    Message,
    State,
    StoredFile,
)
from bridge.playground.botapi.world import World

_FORMAT = 1


def dump(state: State) -> str:
    """Return the state as JSON, without the bytes of files."""
    plain = {field.name: getattr(state, field.name) for field in dataclasses.fields(state) if field.name != "blobs"}
    return json.dumps({"format": _FORMAT, **plain}, default=vars, ensure_ascii=False)


def load(text: str) -> State:
    """Return the state from `dump`'s JSON; raise `ValueError` for another format."""
    raw: dict[str, Any] = json.loads(text)
    if raw.pop("format", None) != _FORMAT:
        raise ValueError("the state file has another format; remove it to start with empty chats")
    raw["accounts"] = {int(key): Account(**value) for key, value in raw["accounts"].items()}
    raw["chats"] = {key: _chat(value) for key, value in raw["chats"].items()}
    raw["files"] = {key: StoredFile(**value) for key, value in raw["files"].items()}
    raw["callbacks"] = {key: CallbackQuery(**value) for key, value in raw["callbacks"].items()}
    raw["queues"] = {int(key): BotQueue(**value) for key, value in raw["queues"].items()}
    return State(**raw)


def _chat(raw: dict[str, Any]) -> Chat:
    raw["members"] = {int(key): Member(**value) for key, value in raw["members"].items()}
    raw["messages"] = {int(key): Message(**value) for key, value in raw["messages"].items()}
    raw["topics"] = {int(key): value for key, value in raw["topics"].items()}
    return Chat(**raw)


class StateFile:
    """Writes the state soon after each change, in one atomic step, and when it is closed."""

    def __init__(self, path: Path, *, delay_seconds: float = 0.3) -> None:
        self.path = path
        self._folder = path.with_name(path.name + ".files")
        self._delay = delay_seconds
        self._dirty = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._world: World | None = None
        self._written: set[str] = set()

    def read(self) -> State | None:
        """Return the stored state, or None where there is no file yet."""
        if not self.path.exists():
            return None
        state = load(self.path.read_text("utf-8"))
        for unique_id in state.files:
            blob = self._folder / unique_id
            if blob.exists():
                state.blobs[unique_id] = blob.read_bytes()
                self._written.add(unique_id)
        return state

    def start(self, world: World) -> None:
        """Begin to follow the changes of `world`."""
        self._world = world
        world.on_change = self._dirty.set
        self._task = asyncio.create_task(self._run(), name="state file")

    async def stop(self) -> None:
        """Write what is not yet written."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._world is not None:
            self._write(self._world.state)

    async def _run(self) -> None:
        while self._world is not None:
            await self._dirty.wait()
            await asyncio.sleep(self._delay)
            self._dirty.clear()
            self._write(self._world.state)

    def _write(self, state: State) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for unique_id in state.blobs.keys() - self._written:
            self._folder.mkdir(exist_ok=True)
            _replace(self._folder / unique_id, state.blobs[unique_id])
            self._written.add(unique_id)
        _replace(self.path, dump(state).encode("utf-8", "surrogatepass"))


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(path.name + ".new")
    with temporary.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
