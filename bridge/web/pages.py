"""Which page an address means, for whom, and what it is answered with. Only POST /u/TOKEN changes anything."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from functools import partial

import structlog
from aiohttp import web

from bridge.core.archive import ArchivePolicy
from bridge.core.community import Community
from bridge.core.errors import MediaRefused, StorageUnavailable
from bridge.core.states import PostState
from bridge.rendering.words import Words, words
from bridge.storage import archive as stored
from bridge.storage import database, personal_links, small_pictures
from bridge.storage.archive import Reader
from bridge.web import archive, atom, post_page, shown
from bridge.web.archive import LANGUAGE, NUMBER, Room
from bridge.web.gate import Gate, Link
from bridge.web.ports import Ports
from bridge.web.replies import Reply, file_response, response
from bridge.web.templating import rendered
from bridge.web.visitors import THIS_MACHINE, Limit, Visitor, forwarded, language_of, networks

log = structlog.get_logger()

_SECONDS = 20.0
"""For one page, whatever it asks of the database or of the worker that makes pictures small."""
_MOST_BODY = 16_384
"""Bytes of a form that says one thing."""
_MONTH = re.compile(r"(\d{4})-(\d\d)")
_KINDS = ("160", "240", "480")
_SHOWN = re.compile(r"(image/(jpeg|png|webp|gif)|audio/[\w.+-]+|video/[\w.+-]+)")
_TAIL = "{tail:(/[^{}]*)?}"

Answer = web.StreamResponse


class Pages:
    """The archive and the pages for unsubscribing, as routes of the web server."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._trusted = (*THIS_MACHINE, *networks(ports.trusted_proxies))
        self._gate = Gate(ports.clock.monotonic)
        # Of personal links that open nothing. A right one always opens: whoever shares an address with somebody who
        # tries out many (a whole network's phones do) is not locked out, and 128 bits are not found by trying.
        self._guesses = Limit(burst=30, seconds=20.0, clock=ports.clock.monotonic)
        self._searches = Limit(burst=40, seconds=1.0, clock=ports.clock.monotonic)
        self._pictures = Limit(burst=20, seconds=3.0, clock=ports.clock.monotonic)

    def add_to(self, application: web.Application) -> None:
        """After the routes that have an address of their own."""
        application.router.add_route("*", "/robots.txt", self._guarded(self._robots))
        application.router.add_route("*", "/u/{token}", self._guarded(self._unsubscribing))
        application.router.add_route("*", "/", self._guarded(self._index))
        application.router.add_route("*", "/{community:[a-z0-9-]+}" + _TAIL, self._guarded(self._archive))

    def _guarded(
        self, handler: Callable[[web.Request, Visitor], Awaitable[Answer]]
    ) -> Callable[[web.Request], Awaitable[Answer]]:
        async def guarded(request: web.Request) -> Answer:
            visitor = Visitor.of(request.remote or "", request.headers, self._trusted, forwarded(request))
            try:
                async with asyncio.timeout(_SECONDS):
                    if wait := await self._gate.wait(visitor.address, self._link(request)):
                        return self._plain(request, visitor, 429, wait=wait)
                    return await handler(request, visitor)
            except (TimeoutError, StorageUnavailable, *database.UNAVAILABLE) as error:
                log.warning("page_unavailable", error=type(error).__name__)
                return self._plain(request, visitor, 503)
            except web.HTTPException:
                raise
            except Exception:
                log.exception("page_failed")
                return self._plain(request, visitor, 500)

        return guarded

    def _link(self, request: web.Request) -> Link | None:
        """The personal link that this address may be."""
        if token := request.match_info.get("token"):
            return Link(name=f"u/{token}", opens=partial(_unsubscribes, token))
        community = self._ports.communities.get(request.match_info.get("community", ""))
        key = request.match_info.get("tail", "").split("/")[1:2]
        if community is None or community.archive.policy is not ArchivePolicy.MEMBERS or not key:
            return None
        return Link(name=f"{community.id}/{key[0]}", opens=partial(_opens, key[0], str(community.id)))

    # --- answers without a community ---

    def _words(self, visitor: Visitor, community: Community | None = None) -> Words:
        fallback = community.language if community is not None else self._fallback()
        return words(language_of(visitor.accepts, fallback))

    def _fallback(self) -> str:
        return next((community.language for community in self._ports.communities.all), "en")

    def _plain(
        self, request: web.Request, visitor: Visitor, status: int, text: str = "", *, wait: int = 5, button: str = ""
    ) -> web.Response:
        """A page of a sentence or two."""
        w = self._words(visitor)
        said = {
            404: w._("There is no page at this address."),
            405: w._("Pages can only be read here."),
            410: w._("This post was taken back. It is not shown any more."),
            413: w._("That is too much."),
            429: w._("Too many questions at once. Please try again in a moment."),
            503: w._("This cannot be answered now. Please try again in a moment."),
        }
        heading = text or said.get(status) or w._("Something went wrong here. Please try again later.")
        body = rendered(
            "lines.html",
            w,
            title=heading,
            indexed=False,
            menu=[],
            heading=heading,
            lines=[],
            links=[],
            button=button,
        )
        headers = {"Retry-After": str(wait)} if status in (429, 503) else {}
        if status == 405:
            headers["Allow"] = "GET, HEAD"
        return response(Reply(body=body, status=status, private=True, headers=headers), request, visitor)

    async def _robots(self, request: web.Request, visitor: Visitor) -> Answer:
        """Nothing but what is public may be gathered, and nobody's questions."""
        lines = ["User-agent: *"]
        for community in self._ports.communities.all:
            if community.archive.policy is ArchivePolicy.PUBLIC:
                lines += [f"Allow: /{community.id}$", f"Allow: /{community.id}/", f"Disallow: /{community.id}/search"]
        lines.append("Disallow: /")
        body = "\n".join(lines) + "\n"
        return response(
            Reply(body=body.encode(), content_type="text/plain; charset=utf-8", indexed=True), request, visitor
        )

    async def _index(self, request: web.Request, visitor: Visitor) -> Answer:
        """The public archives that there are."""
        if request.method not in ("GET", "HEAD"):
            return self._plain(request, visitor, 405)
        public = [each for each in self._ports.communities.all if each.archive.policy is ArchivePolicy.PUBLIC]
        if not public:
            return self._plain(request, visitor, 404)
        w = self._words(visitor)
        heading = w._("Archives")
        links = [(str(community.id), community.name) for community in public]
        body = rendered(
            "lines.html", w, title=heading, indexed=True, menu=[], heading=heading, lines=[], links=links, button=""
        )
        return response(Reply(body=body, indexed=True), request, visitor)

    # --- unsubscribing ---

    async def _unsubscribing(self, request: web.Request, visitor: Visitor) -> Answer:
        """A form; only sending it changes anything, so that programs which follow every link in a mail do no harm.

        Mail programs send it by themselves (RFC 8058), as a form of either kind. What else it says does not matter:
        whoever has the address may stop the mail.
        """
        if request.method not in ("GET", "HEAD", "POST"):
            return self._plain(request, visitor, 405)
        token = request.match_info["token"]
        found = await personal_links.unsubscribes(token)
        (self._gate.closed if found is None else self._gate.opened)(f"u/{token}")
        if found is None and not self._guesses.takes(visitor.address):
            return self._plain(request, visitor, 429, wait=self._guesses.wait)
        w = self._words(visitor)
        community = None if found is None else self._ports.communities.get(found[1])
        if found is None or community is None:
            return self._plain(request, visitor, 404, w._("This link is no longer good: you are sent nothing by it."))
        w = self._words(visitor, community)
        name = community.name
        if request.method != "POST":
            said = w._("Stop everything that {community} sends to you?", community=name)
            return self._plain(request, visitor, 200, said, button=w._("Stop it"))
        if not await _is_short(request):
            return self._plain(request, visitor, 413)
        await self._ports.unsubscribe(*found)
        said = w._("{community} sends you nothing any more. To read again, write to it: SETTINGS", community=name)
        return self._plain(request, visitor, 200, said)

    # --- the archive ---

    async def _archive(self, request: web.Request, visitor: Visitor) -> Answer:
        community = self._ports.communities.get(request.match_info["community"])
        if community is None or community.archive.policy is ArchivePolicy.OFF:
            return self._plain(request, visitor, 404)
        parts = request.match_info["tail"].split("/")[1:]
        key = ""
        if community.archive.policy is ArchivePolicy.MEMBERS:
            key, parts = parts[0] if parts else "", parts[1:]
            good = await _opens(key, str(community.id))
            (self._gate.opened if good else self._gate.closed)(f"{community.id}/{key}")
            if not good:
                if not self._guesses.takes(visitor.address):
                    return self._plain(request, visitor, 429, wait=self._guesses.wait)
                return self._plain(request, visitor, 404)
        if request.method not in ("GET", "HEAD"):
            return self._plain(request, visitor, 405)
        address = community.archive.address or f"/{community.id}"
        room = Room(
            community=community,
            reader=Reader(
                community=str(community.id),
                now=self._ports.clock.now(),
                chosen=community.archive.policy is ArchivePolicy.MEMBERS,
            ),
            w=self._words(visitor, community),
            up=_up(key or str(community.id), parts),
            saves_data=visitor.saves_data,
            base=f"{address}/{key}" if key else address,
        )
        return await self._in_room(request, visitor, room, [part for part in parts if part])

    async def _in_room(self, request: web.Request, visitor: Visitor, room: Room, parts: list[str]) -> Answer:
        if parts[:1] == ["search"] and request.query.get("q") and not self._searches.takes(visitor.address):
            return self._plain(request, visitor, 429, wait=self._searches.wait)
        if parts and NUMBER.fullmatch(parts[0]):
            row = await stored.post(room.reader, int(parts[0]))
            if row is not None and row.state == PostState.RETRACTED:
                return self._plain(request, visitor, 410)
            if len(parts) > 2 and parts[1] == "file":
                return await self._file(request, visitor, room, parts)
        reply = await self._page(request, room, parts)
        return self._plain(request, visitor, 404) if reply is None else response(reply, request, visitor)

    async def _page(self, request: web.Request, room: Room, parts: list[str]) -> Reply | None:
        """The page of an address within an archive; None for an address that is none."""
        before, after = _number(request, "before"), _number(request, "after")
        match parts:
            case []:
                return await archive.latest(room, before)
            case ["themes"]:
                return await archive.themes(room)
            case ["months"]:
                return await archive.months(room)
            case ["how"]:
                return archive.how(room, self._ports.ways(room.community))
            case ["search"]:
                return await archive.search(room, request.query.get("q", ""), before)
            case ["feed.atom"]:
                return await atom.feed(room, await self._ports.installation())
            case ["theme", number] if NUMBER.fullmatch(number):
                return await archive.theme(room, int(number), before)
            case ["theme", number, "feed.atom"] if NUMBER.fullmatch(number):
                return await atom.feed(room, await self._ports.installation(), int(number))
            case ["thread", number] if NUMBER.fullmatch(number):
                return await archive.thread(room, int(number), after)
            case ["month", said] if match := _MONTH.fullmatch(said):
                return await archive.month(room, int(match[1]), int(match[2]), before)
            case [number] if NUMBER.fullmatch(number):
                return await post_page.post(room, int(number), "", whole="all" in request.query)
            case [number, wanted] if NUMBER.fullmatch(number) and LANGUAGE.fullmatch(wanted):
                return await post_page.post(room, int(number), wanted, whole="all" in request.query)
            case _:
                return None

    async def _file(self, request: web.Request, visitor: Visitor, room: Room, parts: list[str]) -> Answer:
        """A file of a post that is shown, or a picture of it in as many bytes as were asked for."""
        row = await stored.post(room.reader, int(parts[0]))
        files = [] if row is None else shown.attachments_of(row)
        if not NUMBER.fullmatch(parts[2]) or int(parts[2]) > len(files):
            return self._plain(request, visitor, 404)
        file = files[int(parts[2]) - 1]
        match parts[3:]:
            case []:
                path = self._ports.file(file.sha256)
                mime = file.mime if _SHOWN.fullmatch(file.mime) else "application/octet-stream"
                name, inline = file.name, mime != "application/octet-stream"
            case [kind] if kind in _KINDS and file.mime in shown.PICTURES:
                made = (await small_pictures.known([file.sha256])).get((file.sha256, kind))
                sha256 = "" if made is None else made.sha256
                if not sha256 or not await asyncio.to_thread(self._ports.file(sha256).is_file):
                    if not self._pictures.takes(visitor.address):
                        return self._plain(request, visitor, 429, wait=self._pictures.wait)
                    try:
                        picture = await self._ports.small(file.sha256, kind)
                    except MediaRefused:
                        return self._plain(request, visitor, 404)
                    if picture is None:
                        return self._plain(request, visitor, 503)
                    sha256 = picture.sha256
                path, mime, name, inline = self._ports.file(sha256), "image/jpeg", f"{parts[0]}-{kind}.jpg", True
            case _:
                return self._plain(request, visitor, 404)
        if not await asyncio.to_thread(path.is_file):
            return self._plain(request, visitor, 404)
        return file_response(path, mime=mime, name=name, shown=inline)


async def _opens(key: str, community: str) -> bool:
    return key.startswith("~") and await personal_links.opens(key[1:], community)


async def _unsubscribes(token: str) -> bool:
    return await personal_links.unsubscribes(token) is not None


def _up(folder: str, parts: list[str]) -> str:
    """The way from a page to the folder in which the archive's pages lie."""
    if not parts:
        return f"{folder}/"
    return "../" * (len(parts) - 1)


def _number(request: web.Request, name: str) -> int:
    said = request.query.get(name, "")
    return int(said) if NUMBER.fullmatch(said) else 0


async def _is_short(request: web.Request) -> bool:
    """Read what was sent, as far as it may go."""
    size = 0
    async for chunk in request.content.iter_chunked(4096):
        size += len(chunk)
        if size > _MOST_BODY:
            return False
    return True


__all__ = ["Pages"]
