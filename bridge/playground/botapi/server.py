"""The HTTP face of the simulator: `/bot<TOKEN>/<method>`, `/file/bot<TOKEN>/<path>` and the users' side."""

import asyncio
import base64
import binascii
import inspect
import re
from collections.abc import Callable
from typing import Any

from aiohttp import BodyPartReader, web

from bridge.playground.botapi import (
    methods_chats,
    methods_edit,
    methods_media,
    methods_other,
    methods_send,
    methods_updates,
)
from bridge.playground.botapi.access import unauthorized
from bridge.playground.botapi.errors import ApiError, bad_request
from bridge.playground.botapi.faults import Faults
from bridge.playground.botapi.files import MAX_UPLOAD_BYTES, by_path
from bridge.playground.botapi.params import Params, Upload
from bridge.playground.botapi.registry import METHODS, Call
from bridge.playground.botapi.state import Account, JsonObject
from bridge.playground.botapi.users import UsersSide, operations
from bridge.playground.botapi.world import World

#: Importing these modules fills the table of methods.
METHOD_MODULES = (methods_chats, methods_edit, methods_media, methods_other, methods_send, methods_updates)
#: How long a path from getFile works; Telegram promises an hour at least, so nobody may rely on more.
LINK_LIFETIME = 3600.0
_TOKEN = re.compile(r"\d{1,18}:[A-Za-z0-9_-]{5,80}")


class ApiServer:
    """Reads calls, hands them to the methods and writes answers in the Bot API's form."""

    def __init__(self, world: World, users: UsersSide, faults: Faults, after_call: Callable[[], None]) -> None:
        self._world = world
        self._users = users
        self._operations = operations(users)
        self._faults = faults
        self._after_call = after_call
        self.latency = 0.0
        # People's files come as base64 in JSON, a third longer; what bots upload is counted while it is read.
        self.app = web.Application(client_max_size=2 * MAX_UPLOAD_BYTES)
        self.app.router.add_route("*", "/bot{token:[^/]+}/{method}", self._call)
        self.app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self._file)
        self.app.router.add_get("/_users/file/{unique}", self._user_file)
        self.app.router.add_post("/_users/{operation}", self._user_operation)
        self.app.router.add_post("/_control/fail_next", self._fail_next)

    def _bot(self, token: str) -> Account:
        if not _TOKEN.fullmatch(token):
            raise ApiError(404, "Not Found")
        bot = self._world.state.bot_by_token(token)
        if bot is None:
            raise unauthorized()
        return bot

    async def _call(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        fault = self._faults.take(name)
        if fault == "drop_before":
            return _cut(request)
        try:
            if isinstance(fault, ApiError):
                raise fault
            result = await self._answer(request, name)
            response = web.json_response({"ok": True, "result": result})
        except ApiError as error:
            response = web.json_response(error.body(), status=error.code)
        if fault == "drop_after":
            return _cut(request)
        return response

    async def _answer(self, request: web.Request, name: str) -> Any:
        bot = self._bot(request.match_info["token"])
        found = METHODS.get(name.lower())
        if found is None or request.method not in {"GET", "POST"}:
            raise ApiError(404, "Not Found")
        params = await read_params(request)
        params.check_names(found.parameters, found.unsupported)
        if self.latency:
            await asyncio.sleep(self.latency)
        result = await found.handler(Call(self._world, bot, params))
        self._after_call()
        return result

    async def _file(self, request: web.Request) -> web.Response:
        try:
            self._bot(request.match_info["token"])
        except ApiError as error:
            return web.json_response(error.body(), status=error.code)
        stored = by_path(self._world.state, request.match_info["path"])
        asked = None if stored is None else stored.linked_at
        if stored is None or stored.unique_id not in self._world.state.blobs or asked is None:
            return web.json_response(ApiError(404, "Not Found").body(), status=404)
        if self._world.clock() - asked > LINK_LIFETIME:
            return web.json_response(ApiError(404, "Not Found").body(), status=404)
        data = self._world.state.blobs[stored.unique_id]
        return web.Response(body=data, content_type="application/octet-stream")

    async def _user_file(self, request: web.Request) -> web.Response:
        state, unique = self._world.state, request.match_info["unique"]
        if unique not in state.blobs:
            raise web.HTTPNotFound
        mime = "image/jpeg" if state.files[unique].kind == "photo" else "application/octet-stream"
        # The type is a fallback for <img>; nothing here may run as a page.
        headers = {"Content-Type": mime, "X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        return web.Response(body=state.blobs[unique], headers=headers)

    async def _user_operation(self, request: web.Request) -> web.Response:
        operation = self._operations.get(request.match_info["operation"])
        if operation is None:
            raise web.HTTPNotFound
        try:
            arguments = await _json_object(request)
            for files in (arguments, *(item for item in arguments.get("items") or () if isinstance(item, dict))):
                for name in ("data", "thumbnail"):
                    if isinstance(files.get(name), str) and "kind" in files:
                        files[name] = _decode(files[name])
            try:
                bound = inspect.signature(operation).bind(**arguments)
            except TypeError as error:
                raise bad_request(str(error)) from None
            result = await operation(*bound.args, **bound.kwargs)
        except ApiError as error:
            return web.json_response(error.body(), status=error.code)
        self._after_call()
        return web.json_response({"ok": True, "result": result})

    async def _fail_next(self, request: web.Request) -> web.Response:
        try:
            self._faults.fail_next(**await _json_object(request))
        except ApiError as error:
            return web.json_response(error.body(), status=error.code)
        except (TypeError, ValueError) as error:
            return web.json_response(bad_request(str(error)).body(), status=400)
        return web.json_response({"ok": True, "result": True})


def _cut(request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer, as a broken network does."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _decode(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except binascii.Error:
        raise bad_request("data must be base64") from None


async def _json_object(request: web.Request) -> JsonObject:
    if request.can_read_body and request.content_type != "application/json":
        # Only JSON: a foreign page in the same browser could send anything else here unasked.
        raise bad_request("the content type must be application/json")
    try:
        value = await request.json() if request.can_read_body else {}
    except ValueError:
        raise bad_request("can't parse JSON object") from None
    if not isinstance(value, dict):
        raise bad_request("expected a JSON object")
    return value


async def read_params(request: web.Request) -> Params:
    """Return the parameters from the address and the body (JSON, form or multipart)."""
    values: JsonObject = dict(request.query)
    uploads: dict[str, Upload] = {}
    if request.content_type == "application/json":
        values |= await _json_object(request)
    elif request.content_type == "multipart/form-data":
        try:
            await _read_multipart(request, values, uploads)
        except ValueError:
            raise bad_request("can't parse multipart/form-data") from None
    elif request.content_type == "application/x-www-form-urlencoded":
        values |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    elif request.body_exists and request.can_read_body and await request.read():
        raise bad_request("[simulator] unknown content type")
    return Params(values, uploads)


async def _read_multipart(request: web.Request, values: JsonObject, uploads: dict[str, Upload]) -> None:
    reader = await request.multipart()
    total = 0
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or part.name is None:
            raise bad_request("can't parse multipart/form-data")
        data = bytearray()
        while chunk := await part.read_chunk():
            data += chunk
            total += len(chunk)
            if total > MAX_UPLOAD_BYTES + 2**20:
                raise ApiError(413, "Request Entity Too Large")
        if part.filename is not None:
            uploads[part.name] = Upload(bytes(data), part.filename, part.headers.get("Content-Type"))
        else:
            values[part.name] = data.decode("utf-8")
