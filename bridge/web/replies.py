"""What a page is sent with: compressed, with a tag for the next time, and with headers that let it do nothing."""

import base64
import gzip
import hashlib
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from aiohttp import web

from bridge.web.visitors import Visitor

LEVEL = 9
"""Of gzip: pages are small, and whoever reads them pays for each byte."""
_SHORTEST = 150
"""Bytes below which gzip makes nothing smaller."""
STYLE = (
    ":root{color-scheme:light dark}body{font:1em/1.45 sans-serif;max-width:38em;margin:auto;padding:0 .6em 1em;"
    "overflow-wrap:anywhere}h1,h2,h3{font-size:1.15em;line-height:1.3;margin:1em 0 .3em}h2{font-size:1em}"
    "p,pre{margin:.4em 0}nav a{display:inline-block;padding:.5em .7em .5em 0}blockquote{margin:.4em 0;padding:0 .6em;"
    "border-inline-start:3px solid}pre{white-space:pre-wrap}small{opacity:.85}input{font:inherit;width:9em}"
    "button{font:inherit}.x:not(:hover,:focus){background:CanvasText;color:CanvasText}"
    "@media print{nav,form{display:none}a{color:inherit}}"
)
"""One for all pages: no colours of its own, so that dark screens, paper and people's own settings are right."""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
CSP = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self' data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_FILE_CSP = "default-src 'none'; style-src 'unsafe-inline'; sandbox; base-uri 'none'; frame-ancestors 'none'"
ALWAYS_ASK = "no-cache"
"""Kept, but looked after each time: what is taken back or erased is gone at once."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A page, not yet sent."""

    body: bytes
    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    indexed: bool = False
    """May search engines keep it?"""
    private: bool = False
    """Only for who has its address: nobody between us keeps it."""
    changed: datetime | None = None
    headers: dict[str, str] = field(default_factory=dict)


def squeezed(body: bytes) -> bytes:
    """As it is sent; the same bytes for the same page."""
    return gzip.compress(body, compresslevel=LEVEL, mtime=0)


def secure(*, indexed: bool, csp: str = CSP) -> dict[str, str]:
    """Headers of everything that is shown to strangers."""
    found = {
        "Content-Security-Policy": csp,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return found if indexed else {**found, "X-Robots-Tag": "noindex, nofollow"}


def response(reply: Reply, request: web.Request, visitor: Visitor) -> web.Response:
    """What is sent, or that nothing has changed."""
    headers = {**secure(indexed=reply.indexed), **reply.headers}
    headers["Cache-Control"] = f"{'private' if reply.private else 'public'}, {ALWAYS_ASK}"
    headers["Vary"] = "Accept-Encoding, Accept-Language, Save-Data"
    if reply.status >= 400:
        headers["Cache-Control"] = "no-store"
    else:
        # The body says everything that may change: who was erased, what was answered. A date would not.
        tag = f'W/"{hashlib.sha256(reply.body).hexdigest()[:20]}"'
        headers["ETag"] = tag
        if reply.changed is not None:
            headers["Last-Modified"] = format_datetime(reply.changed.astimezone(UTC), usegmt=True)
        if matches(request.headers.get("If-None-Match", ""), tag):
            return web.Response(status=304, headers=headers)
    headers["Content-Type"] = reply.content_type
    body = reply.body
    if visitor.gzip and len(body) > _SHORTEST:
        body = squeezed(body)
        headers["Content-Encoding"] = "gzip"
    return web.Response(status=reply.status, body=body, headers=headers)


def matches(said: str, tag: str) -> bool:
    """Does If-None-Match name it? A weak comparison: https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match"""
    opaque = tag.removeprefix("W/")
    return said.strip() == "*" or opaque in re.findall(r'"[^"]{0,100}"', said[:2000])


def file_response(path: Path, *, mime: str, name: str, shown: bool) -> web.FileResponse:
    """A file of a post. Kept by its reader's own browser alone, who has it already. ``shown``: opened, not saved."""
    disposition = "inline" if shown else "attachment"
    quoted = re.sub(r"[^A-Za-z0-9._-]", "_", name) or "file"
    return web.FileResponse(
        path,
        headers={
            **secure(indexed=False, csp=_FILE_CSP),
            "Content-Type": mime,
            "Content-Disposition": f'{disposition}; filename="{quoted}"',
            "Cache-Control": "private, max-age=86400",
            "Vary": "Save-Data",
        },
    )


__all__ = ["CSP", "STYLE", "Reply", "file_response", "matches", "response", "secure", "squeezed"]
