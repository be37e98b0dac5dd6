"""The invented network and the client that speaks to it. A real adapter has a library and somebody's servers instead.

The network is a folder. People append what they do to ``inbox.jsonl``; the client appends what the bot does to
``outbox.jsonl``; files lie under ``files/``. ``trouble.json``, while it is there, says how the network misbehaves.
"""

import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Line = Mapping[str, object]
MAX_LINE = 1 << 20
"""Bytes; what is longer is handed over cut, as no whole line."""
MAX_BATCH = 100


class NetworkRefused(Exception):
    """The network said no, with one of its codes: forbidden, no_such_chat, no_such_message, too_long, broken."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NetworkBusy(Exception):
    """The network asks to be left alone for some seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"wait {seconds:g} s")
        self.seconds = seconds


@dataclass(frozen=True)
class Received:
    """One line of the inbox: where it starts, where the next one starts, and its bytes."""

    start: int
    end: int
    raw: bytes


def append(path: Path, line: Line) -> None:
    """One line in one write: it is there entirely or not at all, also when the process is killed just now."""
    data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        if os.write(descriptor, data) != len(data):
            raise OSError("the disk took only a part of the line")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_lines(path: Path) -> Iterator[dict[str, object]]:
    """The lines that are whole JSON objects; the others are left out."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for raw in file:
            try:
                line = json.loads(raw)
            except ValueError:
                continue
            if isinstance(line, dict):
                yield line


class Network:
    """A connection for one bot. Its methods block; they may be called from several threads."""

    def __init__(self, directory: Path, *, text_limit: int, caption_limit: int) -> None:
        self._inbox = directory / "inbox.jsonl"
        self._outbox = directory / "outbox.jsonl"
        self._trouble = directory / "trouble.json"
        self._files = directory / "files"
        self._chats = directory / "chats.jsonl"
        self._text_limit = text_limit
        self._caption_limit = caption_limit
        self._lock = threading.Lock()
        self._keys: dict[tuple[str, str], list[str]] = {}
        self._standing: set[tuple[str, str]] = set()
        self._gone: set[tuple[str, str]] = set()
        self._count = 0

    def open(self) -> None:
        """Make the folder and learn what was sent before; raises OSError where that cannot be."""
        with self._lock:
            self._files.mkdir(parents=True, exist_ok=True)
            with self._outbox.open("ab+") as file:
                if file.tell():
                    file.seek(-1, os.SEEK_END)
                    if file.read(1) != b"\n":  # killed in the middle of a line: the next one must not stick to it
                        file.write(b"\n")
            self._keys, self._standing, self._gone, self._count = {}, set(), set(), 0
            for line in read_lines(self._outbox):
                self._learn(line)

    def post(self, line: Line, files: Sequence[tuple[str, Path]] = ()) -> list[str]:
        """Carry out one operation (``op``: send, edit, delete or answer) and return the message's id.

        Several files sent together are shown side by side, each as a message with an id of its own.

        Raises NetworkRefused, NetworkBusy or ConnectionRefusedError (certainly not done), or another OSError (unknown).
        """
        trouble = self._misbehaviour(str(line["chat"]))
        match trouble.get("kind"):
            case "refused":
                raise ConnectionRefusedError("nobody listens")
            case "busy":
                raise NetworkBusy(float(str(trouble.get("seconds", 1))))
            case "forbidden" | "no_such_chat" | "broken" as code:
                raise NetworkRefused(code)
        with self._lock:
            first = self._check(line)
            shown = line.get("files")
            count = len(shown) if line["op"] == "send" and isinstance(shown, list) else 1
            ids = [first, *(f"{first}.{number}" for number in range(2, count + 1))]
            for sha256, path in files:
                shutil.copyfile(path, self._files / sha256)
            line = {"id": first, **({"items": ids} if count > 1 else {}), **line}
            append(self._outbox, line)
            self._learn(line)
        if trouble.get("kind") == "cut":
            raise ConnectionResetError("the line broke before the answer")
        return ids

    def find(self, chat: str, key: str) -> list[str]:
        """The messages made by an earlier ``post`` with this key; raises OSError where the network cannot be asked."""
        if self._misbehaviour(chat).get("kind") == "refused":
            raise ConnectionRefusedError("nobody listens")
        with self._lock:
            return self._keys.get((chat, key), [])

    def about(self, chat: str) -> Line:
        """What people have said of a chat, the newest line first; nothing where they said nothing.

        Raises NetworkRefused where there is no such chat, OSError where the network cannot be asked.
        """
        match self._misbehaviour(chat).get("kind"):
            case "forbidden" | "no_such_chat" as code:
                raise NetworkRefused(code)
            case str() as kind:
                raise ConnectionRefusedError(kind)
        return next((line for line in reversed(list(read_lines(self._chats))) if line.get("chat") == chat), {})

    def receive(self, offset: int) -> list[Received]:
        """Whole lines from that byte on, a batch at a time; a last line that is still being written waits."""
        found: list[Received] = []
        if not self._inbox.exists():
            return found
        with self._inbox.open("rb") as file:
            if offset > file.seek(
                0, os.SEEK_END
            ):  # somebody put another file there: repeats are recognised by their ids
                offset = 0
            file.seek(offset)
            while len(found) < MAX_BATCH:
                start, raw = file.tell(), file.readline(MAX_LINE)
                rest = raw
                while rest and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_LINE)
                if not rest:
                    break
                found.append(Received(start, file.tell(), raw))
        return found

    def read_file(self, name: str, limit: int) -> bytes:
        """At most ``limit`` bytes of a file."""
        with (self._files / name).open("rb") as file:
            return file.read(limit)

    def _check(self, line: Line) -> str:
        limit = self._caption_limit if line.get("files") else self._text_limit
        if len(str(line.get("text", ""))) > limit:
            raise NetworkRefused("too_long")
        if line["op"] in ("send", "answer"):
            return f"b{self._count + 1}"
        target = (str(line["chat"]), str(line["target"]))
        if target in self._gone or (line["op"] == "edit" and target not in self._standing):
            raise NetworkRefused("no_such_message")
        return target[1]

    def _learn(self, line: Line) -> None:
        self._count += 1
        chat, message = str(line.get("chat")), str(line.get("id"))
        items = line.get("items")
        ids = [str(item) for item in items] if isinstance(items, list) else [message]
        self._keys[chat, str(line.get("key"))] = ids
        match line.get("op"):
            case "send":
                self._standing.update((chat, each) for each in ids)
            case "delete":
                self._standing.discard((chat, message))
                self._gone.add((chat, message))

    def _misbehaviour(self, chat: str) -> dict[str, object]:
        for trouble in read_lines(self._trouble):
            if trouble.get("chat") in (None, chat):
                return trouble
        return {}
