"""A person with a Matrix app: a small client of the client-server API, for the demo's page and for the tests.

It shares no code with the Matrix adapter and does not use its library, so that a mistake in one shows in the other.
https://spec.matrix.org/latest/client-server-api/
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp
from yarl import URL

from bridge.core.errors import BarazaError
from bridge.playground.matrix_timeline import POLL, VOTE, Member, Room, TimelineItem

__all__ = ["MatrixUser", "MatrixUserError", "Member", "Room", "TimelineItem"]

T = TypeVar("T")

_V3 = "/_matrix/client/v3"
_SYNC_MS = 30_000
_TIMELINE = 100
"""Messages of each room that the first sync brings."""


class MatrixUserError(BarazaError):
    """The Matrix server refused a request. ``errcode`` is its own word for it, such as M_FORBIDDEN."""

    def __init__(self, errcode: str, error: str, status: int) -> None:
        super().__init__(f"{errcode}: {error} (HTTP {status})")
        self.errcode = errcode
        self.status = status


class MatrixUser:
    """One logged-in device. ``rooms`` is kept up to date from ``start()`` to ``stop()``, or inside ``async with``.

    ``since`` continues an earlier sync: the rooms' state comes complete, their timelines only from there on.
    """

    def __init__(self, homeserver: str, user_id: str, access_token: str, *, since: str | None = None) -> None:
        self.user_id = user_id
        self.since = since
        self.rooms: dict[str, Room] = {}
        self.failure: MatrixUserError | None = None
        """Why syncing ended by itself: the token is no longer accepted."""
        self.longest_wait = 30.0
        """Seconds a request waits at most when the server asks to slow down; beyond that it is refused."""
        self._homeserver = homeserver.rstrip("/")
        self._token = access_token
        self._http: aiohttp.ClientSession | None = None
        self._syncing: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @classmethod
    async def log_in(cls, homeserver: str, user: str, password: str) -> "MatrixUser":
        """A new device for that user, by password. Servers limit logins severely: prefer a token that is there."""
        person = cls(homeserver, "", "")
        try:
            body = {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": user},
                "password": password,
            }
            answer = await person._call("POST", f"{_V3}/login", body)
        finally:
            await person.stop()
        return cls(homeserver, str(answer["user_id"]), str(answer["access_token"]))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Sync once and go on syncing in the background. Raises MatrixUserError or aiohttp.ClientError."""
        try:
            await self._sync(timeout_ms=0, full_state=True)
        except BaseException:
            await self.stop()
            raise
        self._syncing = asyncio.create_task(self._sync_for_ever(), name=f"sync of {self.user_id}")

    async def stop(self) -> None:
        """Stop syncing and close the connections. The rooms stay as they were last seen."""
        if self._syncing is not None:
            self._syncing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._syncing
            self._syncing = None
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def log_out(self) -> None:
        """Give up this device and its token."""
        await self._call("POST", f"{_V3}/logout", {})

    async def wait_for(self, predicate: Callable[["MatrixUser"], T | None], timeout: float = 10.0) -> T:
        """The first true answer of ``predicate``, asked now and after every sync.

        Raises TimeoutError after ``timeout`` seconds, MatrixUserError when syncing has ended.
        """
        try:
            async with asyncio.timeout(timeout):
                while not (found := predicate(self)):
                    if self.failure is not None:
                        raise self.failure
                    await self._changed.wait()
        except TimeoutError:
            seen = {
                room.name or room.room_id: [item.body for item in room.timeline[-5:]] for room in self.rooms.values()
            }
            raise TimeoutError(f"{self.user_id} waited {timeout} s in vain; last seen: {seen}") from None
        return found

    # --- rooms

    async def create_room(
        self,
        name: str,
        *,
        topic: str = "",
        invite: Sequence[str] = (),
        power_levels: Mapping[str, Any] | None = None,
        room_version: str | None = None,
        direct: bool = False,
    ) -> str:
        """A private room; its id. ``power_levels`` overrides the default content.

        From room version 12 on (the servers' default) the creator stands above all levels and must not be named in it.
        """
        body: dict[str, Any] = {"preset": "private_chat", "name": name, "invite": list(invite), "is_direct": direct}
        if topic:
            body["topic"] = topic
        if power_levels is not None:
            body["power_level_content_override"] = dict(power_levels)
        if room_version is not None:
            body["room_version"] = room_version
        return str((await self._call("POST", f"{_V3}/createRoom", body))["room_id"])

    async def join(self, room: str) -> str:
        """Join by id or alias; the room's id."""
        return str((await self._call("POST", f"{_V3}/join/{_part(room)}", {}))["room_id"])

    async def leave(self, room_id: str) -> None:
        await self._call("POST", f"{_room(room_id)}/leave", {})

    async def invite(self, room_id: str, user_id: str) -> None:
        await self._call("POST", f"{_room(room_id)}/invite", {"user_id": user_id})

    async def kick(self, room_id: str, user_id: str, reason: str = "") -> None:
        await self._call("POST", f"{_room(room_id)}/kick", {"user_id": user_id, "reason": reason})

    async def set_power_levels(
        self, room_id: str, *, users: Mapping[str, int] | None = None, levels: Mapping[str, Any] | None = None
    ) -> None:
        """Change some people's levels and some of the room's (``{"redact": 50}``); the others stay as they are."""
        path = f"{_room(room_id)}/state/m.room.power_levels"
        content = await self._call("GET", path)
        content |= dict(levels or {})
        content["users"] = dict(content.get("users", {})) | dict(users or {})
        await self._call("PUT", path, content)

    async def set_displayname(self, name: str) -> None:
        await self._call("PUT", f"{_V3}/profile/{_part(self.user_id)}/displayname", {"displayname": name})

    # --- messages: each returns the id of the new event

    async def send_text(self, room_id: str, body: str, html: str | None = None) -> str:
        return await self.send(room_id, "m.room.message", _text(body, html))

    async def reply(self, room_id: str, event_id: str, body: str, html: str | None = None) -> str:
        content = _text(body, html) | {"m.relates_to": {"m.in_reply_to": {"event_id": event_id}}}
        return await self.send(room_id, "m.room.message", content)

    async def edit(self, room_id: str, event_id: str, body: str, html: str | None = None) -> str:
        """Replace the text of an own message; ``event_id`` is the original's, also for a second edit."""
        content = _text(f"* {body}", None if html is None else f"* {html}")
        content |= {
            "m.new_content": _text(body, html),
            "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
        }
        return await self.send(room_id, "m.room.message", content)

    async def react(self, room_id: str, event_id: str, key: str) -> str:
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send(room_id, "m.reaction", {"m.relates_to": relation})

    async def redact(self, room_id: str, event_id: str, reason: str = "") -> str:
        """Remove a message, a reaction or an edit."""
        path = f"{_room(room_id)}/redact/{_part(event_id)}/{secrets.token_hex(8)}"
        return str((await self._call("PUT", path, {"reason": reason} if reason else {}))["event_id"])

    async def send_image(
        self,
        room_id: str,
        data: bytes,
        *,
        filename: str,
        mimetype: str,
        caption: str = "",
        size: tuple[int, int] = (0, 0),
    ) -> str:
        """Upload a picture and send it; ``size`` is its width and height in pixels."""
        info = {"w": size[0], "h": size[1]} if all(size) else {}
        return await self.send_media(
            room_id, "m.image", data, filename=filename, mimetype=mimetype, caption=caption, info=info
        )

    async def send_file(self, room_id: str, data: bytes, *, filename: str, mimetype: str, caption: str = "") -> str:
        return await self.send_media(room_id, "m.file", data, filename=filename, mimetype=mimetype, caption=caption)

    async def send_media(
        self,
        room_id: str,
        msgtype: str,
        data: bytes,
        *,
        filename: str,
        mimetype: str,
        caption: str = "",
        info: Mapping[str, Any] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> str:
        """A film, a voice message or whatever else has bytes; ``more`` goes beside its address."""
        content = {
            "msgtype": msgtype,
            "body": caption or filename,
            "filename": filename,
            "url": await self.upload(data, filename=filename, mimetype=mimetype),
            "info": {"mimetype": mimetype, "size": len(data), **(info or {})},
            **(more or {}),
        }
        return await self.send(room_id, "m.room.message", content)

    async def send_poll(self, room_id: str, question: str, options: Sequence[str]) -> str:
        answers = [{"id": secrets.token_hex(4), "org.matrix.msc1767.text": option} for option in options]
        start = {
            "kind": "org.matrix.msc3381.poll.disclosed",
            "max_selections": 1,
            "question": {"org.matrix.msc1767.text": question},
            "answers": answers,
        }
        words = "\n".join((question, *options))
        return await self.send(room_id, POLL, {POLL: start, "org.matrix.msc1767.text": words})

    async def vote(self, room_id: str, event_id: str, answers: Sequence[str]) -> str:
        """Choose answers of a poll by their ids; none takes the vote back."""
        relation = {"rel_type": "m.reference", "event_id": event_id}
        return await self.send(room_id, VOTE, {"m.relates_to": relation, VOTE: {"answers": list(answers)}})

    async def send(self, room_id: str, event_type: str, content: Mapping[str, Any]) -> str:
        """Any event."""
        path = f"{_room(room_id)}/send/{_part(event_type)}/{secrets.token_hex(8)}"
        return str((await self._call("PUT", path, content))["event_id"])

    async def upload(self, data: bytes, *, filename: str, mimetype: str) -> str:
        """Store a file on the server; its ``mxc://`` address."""
        path = f"/_matrix/media/v3/upload?filename={_part(filename)}"
        return str((await self._call("POST", path, data, content_type=mimetype))["content_uri"])

    async def download(self, mxc: str) -> bytes:
        """The bytes behind an ``mxc://`` address."""
        server, media = mxc.removeprefix("mxc://").split("/", 1)
        path = f"/_matrix/client/v1/media/download/{_part(server)}/{_part(media)}"
        async with self._request("GET", path) as response:
            if response.status != 200:
                raise await _refusal(response)
            return await response.read()

    # --- syncing

    async def _sync_for_ever(self) -> None:
        pause = 0.2
        while True:
            try:
                await self._sync(timeout_ms=_SYNC_MS)
                pause = 0.2
            except MatrixUserError as error:
                if error.errcode == "M_UNKNOWN_TOKEN":
                    self.failure = error
                    self._announce()
                    return
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
            except (aiohttp.ClientError, TimeoutError):
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _sync(self, *, timeout_ms: int, full_state: bool = False) -> None:
        wanted = {"room": {"timeline": {"limit": _TIMELINE}}, "presence": {"types": []}}
        query = f"timeout={timeout_ms}&filter={_part(json.dumps(wanted))}"
        if self.since is not None:
            query += f"&since={_part(self.since)}" + ("&full_state=true" if full_state else "")
        answer = await self._call("GET", f"{_V3}/sync?{query}")
        rooms = answer.get("rooms", {})
        for room_id, part in rooms.get("join", {}).items():
            await self._apply(room_id, "join", part)
        for room_id, part in rooms.get("leave", {}).items():
            await self._apply(room_id, "leave", part)
        for room_id, part in rooms.get("invite", {}).items():
            room = self.rooms.setdefault(room_id, Room(room_id))
            room.membership = "invite"
            room.apply_state(part.get("invite_state", {}).get("events", []))
        self.since = str(answer["next_batch"])
        self._announce()

    async def _apply(self, room_id: str, membership: str, part: Mapping[str, Any]) -> None:
        room = self.rooms.setdefault(room_id, Room(room_id))
        timeline = part.get("timeline", {})
        missed: list[dict[str, Any]] = []
        if timeline.get("limited") and not room.is_new():
            missed = await self._fill_gap(room, str(timeline["prev_batch"]))
        room.membership = membership
        room.apply_state(part.get("state", {}).get("events", []))
        room.apply_timeline(missed)
        room.apply_timeline(timeline.get("events", []))

    async def _fill_gap(self, room: Room, start: str) -> list[dict[str, Any]]:
        """What a limited sync left out, oldest first: pages backwards until something known."""
        missed: list[dict[str, Any]] = []
        while True:
            page = await self._call("GET", f"{_room(room.room_id)}/messages?dir=b&limit=100&from={_part(start)}")
            for event in page["chunk"]:
                if room.has_seen(str(event["event_id"])):
                    return missed[::-1]
                missed.append(event)
            if not page["chunk"] or "end" not in page:
                return missed[::-1]
            start = str(page["end"])

    def _announce(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    # --- HTTP

    async def _call(
        self, method: str, path: str, body: Mapping[str, Any] | bytes | None = None, *, content_type: str = ""
    ) -> dict[str, Any]:
        """A request that waits as an app would when the server says it is too fast. Raises MatrixUserError."""
        for _attempt in range(5):
            async with self._request(method, path, body, content_type) as response:
                if response.status == 200:
                    answer: dict[str, Any] = await response.json()
                    return answer
                refusal = await _refusal(response)
                wait = float(response.headers.get("Retry-After", "1"))
            if refusal.status != 429 or wait > self.longest_wait:
                raise refusal
            await asyncio.sleep(wait)
        raise refusal

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | bytes | None = None, content_type: str = ""
    ) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]:
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SYNC_MS / 1000 + 30))
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
        if content_type:
            headers["Content-Type"] = content_type
        url = URL(self._homeserver + path, encoded=True)
        if isinstance(body, bytes):
            return self._http.request(method, url, data=body, headers=headers)
        return self._http.request(method, url, json=body, headers=headers)


async def _refusal(response: aiohttp.ClientResponse) -> MatrixUserError:
    try:
        answer = await response.json(content_type=None)
    except ValueError:
        answer = None
    answer = answer if isinstance(answer, dict) else {}
    return MatrixUserError(
        str(answer.get("errcode", "M_UNKNOWN")), str(answer.get("error", response.reason)), response.status
    )


def _text(body: str, html: str | None) -> dict[str, Any]:
    content = {"msgtype": "m.text", "body": body}
    return content if html is None else content | {"format": "org.matrix.custom.html", "formatted_body": html}


def _part(text: str) -> str:
    return quote(text, safe="")


def _room(room_id: str) -> str:
    return f"{_V3}/rooms/{_part(room_id)}"
