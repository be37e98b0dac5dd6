"""The playground's page: everybody's devices, drawn on the server, kept up to date by a stream of events."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bridge.core.hygiene import clean_filename
from bridge.playground.board import STATUS, Board
from bridge.playground.botapi import UsersSide
from bridge.playground.devices import Device
from bridge.playground.mail_device import MailDevice
from bridge.playground.matrix_device import MatrixDevice
from bridge.playground.page_guard import guard
from bridge.playground.phone_device import PhoneDevice
from bridge.playground.screen import DeviceRefused, Notice, Upload
from bridge.playground.telegram_device import TelegramDevice
from bridge.playground.web_device import WebDevice

HERE = Path(__file__).parent
MAX_BODY = 21 * 1024 * 1024
"""Bytes of one request: the largest file that a bot may fetch is 20 MB."""
_BEAT_SECONDS = 15.0
_STATIC = {"demo.css": "text/css", "demo.js": "text/javascript", "icon.svg": "image/svg+xml"}
_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass(frozen=True, kw_only=True)
class Status:
    """The line over the phones."""

    bridge: str
    bridge_is_well: bool
    matrix: str
    matrix_is_well: bool
    archive: str = ""
    """Where the community's public archive is, in a browser on this machine."""


class Page:
    """The web application. ``port`` is where it will be reached on 127.0.0.1.

    ``resolve``: the bridge's public address, which is invented, and where it answers on this machine: links to the
    first open the second, as names are looked up.
    """

    def __init__(
        self,
        board: Board,
        users: UsersSide,
        status: Callable[[], Status],
        *,
        port: int,
        resolve: tuple[str, str] = ("", ""),
    ) -> None:
        self._board = board
        self._users = users
        self._status = status
        self._closing = False
        self._resolve = resolve
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.app = web.Application(middlewares=[guard(port)], client_max_size=MAX_BODY)
        self.app.on_shutdown.append(self._close)
        self.app.add_routes(
            [
                web.get("/", self._page),
                web.get("/status", self._status_line),
                web.get("/events", self._events),
                web.get("/screens/{device}", self._screen),
                web.get("/static/{name}", self._static),
                web.get("/files/telegram/{file}", self._telegram_file),
                web.get("/files/matrix/{device}/{tab}", self._matrix_file),
                web.post("/devices/{device}/{action}", self._act),
            ]
        )

    # --- what is shown

    async def _page(self, request: web.Request) -> web.Response:
        view = self._view(request.query)
        shown = []
        for key, device in self._board.devices.items():
            if isinstance(device, WebDevice):
                await device.open(view.get(key, ""))
            screen = device.screen(view.get(key, ""), view.get(f"start_{key}", ""))
            found = {bubble.id: bubble for bubble in screen.bubbles if not bubble.service}
            edit = found.get(view.get(f"edit_{key}", ""))
            shown.append(
                {
                    "device": device,
                    "screen": screen,
                    "notice": self._board.notice(key),
                    "reply": found.get(view.get(f"reply_{key}", "")),
                    "edit": edit if edit and edit.source else None,
                    "draft": self._board.take_draft(key),
                }
            )
        return self._html("page.html", phones=shown, status=self._status(), back=urlencode(view))

    async def _screen(self, request: web.Request) -> web.Response:
        device = self._device(request)
        if isinstance(device, WebDevice):
            await device.open(request.query.get("tab", ""))
        screen = device.screen(request.query.get("tab", ""), request.query.get("start", ""))
        return self._html(
            "screen.html", device=device, screen=screen, notice=self._board.notice(device.key), back=device.key
        )

    async def _status_line(self, request: web.Request) -> web.Response:
        return self._html("status.html", status=self._status())

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in _STATIC:
            raise web.HTTPNotFound
        return web.Response(body=(HERE / "static" / name).read_bytes(), content_type=_STATIC[name], charset="utf-8")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: each names the phones that changed; the first one names all."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        await response.prepare(request)
        with self._board.listening() as listener:
            listener.tell({STATUS, *self._board.devices})
            try:
                while not self._closing:
                    changed = await listener.wait(_BEAT_SECONDS)
                    line = f"data: {json.dumps(sorted(changed))}\n\n" if changed else ": still here\n\n"
                    await response.write(line.encode())
            except ConnectionError:  # the page was closed
                pass
        return response

    # --- files

    async def _telegram_file(self, request: web.Request) -> web.Response:
        unique = request.match_info["file"]
        state = self._users.state
        if unique not in state.files or unique not in state.blobs:
            raise web.HTTPNotFound
        return _file(state.blobs[unique], state.files[unique].file_name or "")

    async def _matrix_file(self, request: web.Request) -> web.Response:
        device = self._device(request)
        if not isinstance(device, MatrixDevice):
            raise web.HTTPNotFound
        try:
            media, data = await device.file(request.match_info["tab"], request.query.get("event", ""))
        except (LookupError, DeviceRefused):
            raise web.HTTPNotFound from None
        return _file(data, media.filename)

    # --- what people do

    async def _act(self, request: web.Request) -> web.Response:
        """Carry out what somebody did. The page's script hears 204 or 422; a plain form is sent back to the page."""
        device = self._device(request)
        form = await _read(request)
        notice: Notice | None = None
        refused = False
        try:
            notice = await self._carry_out(device, request.match_info["action"], form)
        except DeviceRefused as error:
            notice, refused = Notice(text=str(error), kind="error"), True
            self._board.keep_draft(device.key, form.text("text"))
        if notice is not None or request.match_info["action"] == "dismiss":
            self._board.show(device.key, notice)
        self._board.poke()
        if request.headers.get("X-Baraza-Page"):
            self._board.take_draft(device.key)
            return web.Response(status=422 if refused else 204, text=notice.text if notice and refused else None)
        view = self._view(dict(parse_qsl(form.text("back"))))
        kept = {name: value for name, value in view.items() if name in self._board.devices}
        raise web.HTTPSeeOther(f"/?{urlencode(kept)}#{device.key}")

    async def _carry_out(self, device: Device, action: str, form: "_Form") -> Notice | None:
        tab = form.text("tab")
        match device, action:
            case _, "write":
                text = form.text("text")
                if not text.strip() and form.upload is None:
                    raise DeviceRefused("Write something first.")
                if isinstance(device, MailDevice):
                    return await device.write(tab, text, subject=form.text("subject"), upload=form.upload)
                if form.text("edit") and not isinstance(device, PhoneDevice | WebDevice):
                    await device.edit(tab, form.text("edit"), text)
                else:
                    await device.write(tab, text, reply_to=form.text("reply_to"), upload=form.upload)
            case ((TelegramDevice() | MatrixDevice()), "delete"):
                await device.delete(tab, form.text("message"))
            case TelegramDevice(), "press":
                return await device.press(tab, form.text("message"), form.text("data"))
            case TelegramDevice(), "start":
                await device.start(tab, form.text("start"))
            case ((TelegramDevice() | MatrixDevice()), "react"):
                await device.react(tab, form.text("message"), form.text("key"))
            case MailDevice(), "unsubscribe":
                return await device.unsubscribe(tab)
            case MatrixDevice(), "join":
                await device.join(tab)
            case _, "dismiss":
                pass
            case _:
                raise web.HTTPNotFound
        return None

    # --- helpers

    def _device(self, request: web.Request) -> Device:
        device = self._board.devices.get(request.match_info["device"])
        if device is None:
            raise web.HTTPNotFound
        return device

    def _view(self, query: Mapping[str, str]) -> dict[str, str]:
        """Which chat each phone shows, and what is being answered: only what the page knows of, in short values."""
        names = [f"{before}{key}" for key in self._board.devices for before in ("", "start_", "reply_", "edit_")]
        return {name: query[name][:128] for name in names if name in query}

    def _html(self, template: str, **values: object) -> web.Response:
        text = self._templates.get_template(template).render(values)
        public, local = self._resolve
        if public:
            text = text.replace(f'href="{public}', f'href="{local}')
        return web.Response(text=text, content_type="text/html")

    async def _close(self, app: web.Application) -> None:
        self._closing = True
        self._board.wake_all()


@dataclass(frozen=True)
class _Form:
    values: Mapping[str, str]
    upload: Upload | None

    def text(self, name: str) -> str:
        return self.values.get(name, "")


async def _read(request: web.Request) -> _Form:
    values: dict[str, str] = {}
    upload: Upload | None = None
    try:
        posted = await request.post()
    except ValueError:
        raise web.HTTPBadRequest(text="That is no form.\n") from None
    for name, value in posted.items():
        if isinstance(value, str):
            values[name] = value.replace("\r\n", "\n")  # which is how browsers send the lines of a text field
        elif isinstance(value, web.FileField) and name == "file" and value.filename:
            data = value.file.read()
            mime = _sniffed(data) or "application/octet-stream"
            upload = Upload(name=clean_filename(value.filename), mime=mime, data=data)
    return _Form(values, upload)


def _sniffed(data: bytes) -> str | None:
    """The kind of picture, by its first bytes; None for anything else."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return next((mime for magic, mime in _MAGIC.items() if data.startswith(magic)), None)


def _file(data: bytes, name: str) -> web.Response:
    """Pictures are shown; anything else is only handed over, so that nothing runs as a page of ours."""
    mime = _sniffed(data)
    # A file never changes under its address; without this, pictures flicker whenever a phone is drawn again.
    headers = {
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=86400, immutable",
    }
    if mime is None:
        shown = clean_filename(name).encode("ascii", "replace").decode().replace('"', "").replace("\\", "")
        headers["Content-Disposition"] = f'attachment; filename="{shown}"'
    return web.Response(body=data, content_type=mime or "application/octet-stream", headers=headers)
