"""The browser on the archive: what it shows of a page, where its links lead, and what it asks for."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bridge.playground.web_device import WebDevice

PAGE = (
    "<!DOCTYPE html><title>t</title><style>p{}</style><nav><a href='demo/how'>Take part</a></nav>"
    "<p onclick=x()>href=\"words\"<script>alert(1)</script> <a href='javascript:x'>bad</a> <a href='https://who.int/?a=1&b=2'>W</a>"
)


@pytest.fixture
async def asked() -> AsyncIterator[tuple[WebDevice, list[str]]]:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if request.headers.get("If-None-Match") == 'W/"1"':
            return web.Response(status=304)
        response = web.Response(text=PAGE, content_type="text/html", headers={"ETag": 'W/"1"'})
        response.enable_compression(web.ContentCoding.gzip)
        return response

    application = web.Application()
    application.router.add_get("/{tail:.*}", answer)
    async with TestServer(application) as server:
        local = f"http://127.0.0.1:{server.port}"
        device = WebDevice(
            key="reader", person="A", about="", public="https://baraza.example", local=local, home="/demo"
        )
        yield device, asked


async def test_a_page_is_shown_without_script_and_its_links_stay_on_the_device(
    asked: tuple[WebDevice, list[str]],
) -> None:
    device, _ = asked
    assert await device.open("") is True
    screen = device.screen("")
    assert screen.title == "https://baraza.example/demo"
    assert f"{len(PAGE)} unpacked" in screen.subtitle
    assert 'href="?reader=/demo/how#reader" data-device="reader" data-tab="/demo/how">Take part' in screen.page
    assert 'href="https://who.int/?a=1&amp;b=2" target="_blank"' in screen.page
    assert '<p>href="words"' in screen.page
    for word in ("script", "style", "onclick", "alert", "<title"):
        assert word not in screen.page
    assert await device.refresh() is False, "what it has already is not sent again"


@pytest.mark.parametrize("tab", ["/metrics", "//evil.example", "/demo/../metrics", "/demon", "/demo/1?x", "/demo/\r\n"])
async def test_it_asks_for_nothing_but_the_archive(asked: tuple[WebDevice, list[str]], tab: str) -> None:
    device, paths = asked
    await device.open(tab)
    assert paths == ["/demo"]


async def test_without_a_bridge_it_says_so() -> None:
    device = WebDevice(
        key="reader", person="A", about="", public="https://b.example", local="http://127.0.0.1:9", home="/demo"
    )
    assert await device.open("") is False
    assert not device.screen("").page
    assert "does not answer yet" in device.screen("").empty
