"""The people's side of the invented network: what the demo's SMS phone, tests and a curious operator use."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bridge.adapters.loopback.network import Line, append, read_lines


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message as it stands in a chat now."""

    id: str
    chat: str
    text: str
    user: str = ""
    """Who wrote it; empty: the bot."""
    name: str = ""
    marks: tuple[str, ...] = ()
    reply_to: str | None = None
    buttons: tuple[tuple[str, str], ...] = ()
    """(label, handle), in reading order."""
    files: tuple[str, ...] = ()
    """Names under ``files/``."""
    edited: bool = False
    facts: tuple[Mapping[str, Any], ...] = ()
    """What is said of each of the bot's files."""
    place: tuple[float, float] | None = None
    place_name: str = ""
    poll: tuple[str, ...] = ()
    multiple: bool = False
    author: str = ""
    previews: bool = False


class People:
    """Everybody on the network but the bot. All methods block, briefly."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "files").mkdir(parents=True, exist_ok=True)

    def does(self, *, chat: str, user: str, **fields: object) -> str:
        """Append one line to the inbox and return its id; for the fields see ``convert.Line``."""
        identity = f"p{uuid.uuid4().hex[:16]}"
        append(self.directory / "inbox.jsonl", {"id": identity, "chat": chat, "user": user, **fields})
        return identity

    def writes(self, chat: str, text: str, *, user: str, name: str = "", private: bool = False, **more: object) -> str:
        return self.does(chat=chat, user=user, name=name, private=private, text=text, **more)

    def shares(self, name: str, data: bytes) -> str:
        """Lay a file down, to be named in ``writes(..., file=...)``."""
        (self.directory / "files" / name).write_bytes(data)
        return name

    def describes(self, chat: str, title: str, *, members: Sequence[str], admins: Sequence[str] = ()) -> None:
        """Say what a group is called, who is in it and who runs it. The newest word counts."""
        line = {"chat": chat, "title": title, "members": list(members), "admins": list(admins)}
        append(self.directory / "chats.jsonl", line)

    def appends(self, raw: bytes) -> None:
        """Bytes as they are, for instance half a line."""
        with (self.directory / "inbox.jsonl").open("ab") as file:
            file.write(raw)

    def sent(self) -> list[dict[str, object]]:
        """Every operation of the bot, oldest first, as it stands in the outbox."""
        return list(read_lines(self.directory / "outbox.jsonl"))

    def shown(self, chat: str) -> list[Message]:
        """What stands in a chat now: members' messages first, then the bot's, each oldest first."""
        standing: dict[str, Message] = {}
        for line in [*read_lines(self.directory / "inbox.jsonl"), *self.sent()]:
            if line.get("chat") != chat or "press" in line or "vote" in line or line.get("op") == "answer":
                continue
            removed, changed = line.get("delete"), line.get("edit")
            if line.get("op") == "delete":
                removed = line["target"]
            if line.get("op") == "edit":
                changed = line["target"]
            if removed:
                standing.pop(str(removed), None)
            elif changed:
                if before := standing.get(str(changed)):
                    now = _message(line)
                    standing[before.id] = replace(now, id=before.id, reply_to=before.reply_to, edited=True)
            else:
                message = _message(line)
                standing[message.id] = message
                items = zip(_items(line, "items"), message.files, message.facts, strict=False)
                for number, (item, file, facts) in enumerate(items):
                    standing[item] = replace(message, id=item, files=(file,), facts=(facts,))
                    if number:
                        standing[item] = replace(standing[item], text="", marks=(), buttons=())
        return list(standing.values())

    def trouble(self, kind: str, *, chat: str | None = None, seconds: float = 1.0) -> None:
        """From now on the network misbehaves: refused, busy, broken, cut, forbidden or no_such_chat."""
        path = self.directory / "trouble.json"
        path.write_text(json.dumps({"kind": kind, "chat": chat, "seconds": seconds}) + "\n")

    def calm(self) -> None:
        (self.directory / "trouble.json").unlink(missing_ok=True)


def _message(line: Line) -> Message:
    own = line.get("file")
    return Message(
        id=str(line.get("id")),
        chat=str(line.get("chat")),
        text=str(line.get("text", "")),
        user=str(line.get("user", "")),
        name=str(line.get("name", "")),
        marks=tuple(str(mark[2]) for mark in _items(line, "marks")),
        reply_to=str(line["reply_to"]) if line.get("reply_to") else None,
        buttons=tuple((str(b["label"]), str(b["press"])) for row in _items(line, "buttons") for b in row),
        facts=tuple(_items(line, "files")),
        place=tuple(_items(line, "place")[:2]) or None,
        place_name=next(iter(_items(line, "place")[2:]), ""),
        poll=tuple(_items(line, "poll")),
        multiple=line.get("multiple") is True,
        author=next(iter(_items(line, "author")[1:]), ""),
        previews=bool(line.get("previews")),
        files=(str(own),) if own else tuple(str(file["sha256"]) for file in _items(line, "files")),
    )


def _items(line: Line, name: str) -> list[Any]:
    found = line.get(name)
    return found if isinstance(found, list) else []
