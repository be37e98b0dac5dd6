"""Keeps other web pages, and other machines, away from the playground's page."""

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def guard(port: int) -> Middleware:
    """A middleware that answers only to this machine's own names, and takes orders only from its own page.

    A name that somebody else points at 127.0.0.1 is not ours (https://en.wikipedia.org/wiki/DNS_rebinding), and every
    browser says with a POST where its page came from.
    """
    hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
    if port == 80:
        hosts |= {"127.0.0.1", "localhost"}
    origins = {f"http://{host}" for host in hosts}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.getall("Host", []) not in [[host] for host in hosts]:
            return _protected(web.Response(status=421, text="This page is only at http://127.0.0.1.\n"))
        if request.method not in ("GET", "HEAD") and request.headers.get("Origin") not in origins:
            return _protected(web.Response(status=403, text="Only the playground's own page may do that.\n"))
        try:
            return _protected(await handler(request))
        except web.HTTPException as error:
            _protected(error)
            raise

    return check


def _protected(response: web.StreamResponse) -> web.StreamResponse:
    if not response.prepared:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
    return response
