"""A plain browser on the archive: it asks the bridge for its real pages, and says what each weighs."""

import gzip
import re
from html import unescape
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

import aiohttp
import nh3
from markupsafe import Markup, escape

from bridge.playground.screen import DeviceRefused, Notice, Screen, Tab, Upload

_TAGS = {"nav", "h1", "h2", "h3", "p", "div", "ul", "ol", "li", "a", "b", "i", "em", "strong", "small"}
_TAGS |= {"bdi", "blockquote", "pre", "code", "br", "span", "del"}
_LINK = re.compile(r'<a href="([^"]*)"')
"""In cleaned HTML, where text has no "<"."""
_PATH = re.compile(r"/[A-Za-z0-9/_.~%-]{0,100}")
_SECONDS = 5.0
_MOST_PAGES = 50


class WebDevice:
    """``public`` is the archive's address as everybody knows it, ``local`` the same on this machine."""

    look: ClassVar[str] = "web"
    takes_pictures: ClassVar[bool] = False
    takes_replies: ClassVar[bool] = False
    longest: ClassVar[int] = 0

    def __init__(self, *, key: str, person: str, about: str, public: str, local: str, home: str) -> None:
        self.key = key
        self.person = person
        self.about = about
        self._public, self._local, self._home = public, local, home
        self._pages: dict[str, tuple[str, Markup]] = {}
        self._tags: dict[str, str] = {}

    def tabs(self) -> tuple[Tab, ...]:
        return (Tab(key=self._home, title="Archive"),)

    def screen(self, tab: str, start: str = "") -> Screen:
        path = self._path(tab)
        weight, body = self._pages.get(path, ("", Markup("")))
        return Screen(
            tab=path,
            tabs=self.tabs(),
            title=self._public + path,
            subtitle=weight,
            compose="none",
            page=body,
            empty="The bridge does not answer yet.",
        )

    async def open(self, tab: str) -> bool:
        """Ask for a page, as a browser that has it already does; whether something new came."""
        path = self._path(tab)
        headers = {"Accept-Encoding": "gzip"}
        if path in self._tags:
            headers["If-None-Match"] = self._tags[path]
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
                session.get(self._local + path, headers=headers, allow_redirects=False) as answer,
            ):
                raw = await answer.read()
                if answer.status == 304 or answer.content_type != "text/html":
                    return False
                is_packed = answer.headers.get("Content-Encoding") == "gzip"
                tag = answer.headers.get("ETag", "")
        except (aiohttp.ClientError, TimeoutError):
            return False
        html = gzip.decompress(raw) if is_packed else raw
        if len(self._pages) >= _MOST_PAGES:
            self._pages.clear()
            self._tags.clear()
        weight = f"{len(raw):,} bytes sent" + (f", {len(html):,} unpacked" if is_packed else "")
        self._pages[path] = (weight, self._cleaned(html.decode("utf-8", "replace"), path))
        if tag:
            self._tags[path] = tag
        return True

    async def refresh(self) -> bool:
        """Look whether the first page has changed."""
        return await self.open(self._home)

    async def write(self, tab: str, text: str, *, reply_to: str = "", upload: Upload | None = None) -> Notice | None:
        raise DeviceRefused("The archive can only be read.")

    def _path(self, tab: str) -> str:
        is_ours = tab == self._home or tab.startswith(f"{self._home}/")
        return tab if is_ours and ".." not in tab and _PATH.fullmatch(tab) else self._home

    def _cleaned(self, html: str, path: str) -> Markup:
        """The page's own words; its links lead on within this device."""
        cleaned = nh3.clean(
            html,
            tags=_TAGS,
            clean_content_tags={"style", "script", "title", "form"},
            attributes={"a": {"href"}, "*": {"dir", "lang"}},
            link_rel=None,
            url_schemes={"http", "https"},
        )

        def link(match: re.Match[str]) -> str:
            target = urlsplit(urljoin(self._local + path, unescape(match[1])))
            if f"{target.scheme}://{target.netloc}" != self._local or target.query:
                return f'<a href="{escape(target.geturl())}" target="_blank" rel="noopener noreferrer nofollow"'
            tab = escape(target.path)
            return f'<a href="?{self.key}={tab}#{self.key}" data-device="{self.key}" data-tab="{tab}"'

        return Markup(_LINK.sub(link, cleaned))  # noqa: S704 - nh3 has cleaned it, and every value put in is escaped
