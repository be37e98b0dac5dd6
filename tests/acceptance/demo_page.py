"""The demo as a program of its own, and a visitor at its page who has no script."""

import asyncio
import contextlib
import html
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20.0
STOP_SECONDS = 10.0
ARRIVAL_SECONDS = 40.0


class Demo:
    """One run of the demo. ``said`` is all that it printed."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self.process = process
        self.url = url
        self.said = ""
        self.http = aiohttp.ClientSession(headers={"Origin": url})

    async def get(self, path: str) -> str:
        async with self.http.get(self.url + path) as answer:
            assert answer.status == 200, (path, answer.status)
            return await answer.text()

    async def screen(self, device: str, tab: str) -> str:
        """What a phone shows, as text."""
        return words(await self.get(f"/screens/{device}?tab={tab}"))

    async def do(self, device: str, action: str, **fields: str) -> None:
        """Send one of the page's forms, as a browser without script does, and follow it back to the page."""
        async with self.http.post(f"{self.url}/devices/{device}/{action}", data=fields) as answer:
            assert answer.status == 200, (device, action, answer.status)
            assert answer.url.path == "/"

    async def shows(self, device: str, tab: str, *texts: str) -> str:
        """Wait until a phone shows all the texts, following the page's own events."""
        shown = ""
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS), self.http.get(f"{self.url}/events") as stream:
                while True:
                    shown = await self.screen(device, tab)
                    if all(text in shown for text in texts):
                        return shown
                    await stream.content.readuntil(b"\n\n")
        except TimeoutError:
            raise AssertionError(f"{device} never showed {texts}, but: {shown}") from None

    async def button(self, device: str, tab: str, label: str) -> dict[str, str]:
        """The fields of the newest inline button with that word on it."""
        page = await self.get(f"/screens/{device}?tab={tab}")
        found = ("", "")
        for form in re.findall(r'<form class="keyboard".*?</form>', page, re.DOTALL):
            message = re.search(r'name="message" value="([^"]+)"', form)
            for data, shown in re.findall(r'name="data" value="([^"]+)">([^<]*)<', form):
                if label in shown and message is not None:
                    found = (message[1], html.unescape(data))
        assert found[0], f"{device} has no button {label}: {words(page)}"
        return {"tab": tab, "message": found[0], "data": found[1]}

    async def newest_letter(self, device: str) -> str:
        """The id of the newest letter that came."""
        page = await self.get(f"/screens/{device}?tab=inbox")
        found = re.search(r'<li><a [^>]*data-tab="([0-9a-f]+)"', page)
        assert found is not None, words(page)
        return found[1]

    async def archive(self) -> str:
        """The page that the line over the devices links to."""
        found = re.search(r'Archive: <a href="([^"]+)"', await self.get("/status"))
        assert found is not None
        async with self.http.get(found[1]) as answer:
            assert answer.status == 200
            return await answer.text()

    async def ready(self, *, matrix: bool = False) -> None:
        """Wait until the line over the phones says that the bridge (and Matrix) runs."""
        await self.status("Bridge: running", *(["Matrix: ready"] if matrix else []))

    async def status(self, *texts: str) -> None:
        """Wait until the line over the phones says all that at once."""
        shown = ""
        try:
            async with asyncio.timeout(90), self.http.get(f"{self.url}/events") as stream:
                while True:
                    shown = words(await self.get("/status"))
                    if all(text in shown for text in texts):
                        return
                    await stream.content.readuntil(b"\n\n")
        except TimeoutError:
            raise AssertionError(f"the line never said {texts}, but: {shown}") from None

    async def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Stop it as a person does; its exit status. Raises TimeoutError where it does not stop in time."""
        await self.http.close()
        self.process.send_signal(how)
        assert self.process.stdout is not None
        async with asyncio.timeout(STOP_SECONDS):
            self.said += (await self.process.stdout.read()).decode()
            return await self.process.wait()


def words(page: str) -> str:
    """The text of some HTML, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


async def spawn(data: Path, *, port: int = 0, venv: Path | None = None) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bridge", "demo", "--data", str(data), "--port", str(port)),
        *(("--synapse-venv", str(venv)) if venv is not None else ("--no-synapse",)),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


@contextlib.asynccontextmanager
async def running_demo(data: Path, *, venv: Path | None = None) -> AsyncIterator[Demo]:
    """A demo whose page answers; killed at the end where it was not stopped."""
    process = await spawn(data, venv=venv)
    assert process.stdout is not None
    demo: Demo | None = None
    try:
        async with asyncio.timeout(START_SECONDS):
            line = (await process.stdout.readline()).decode()
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert address is not None, line + (await process.stdout.read()).decode()
        demo = Demo(process, address[0])
        demo.said = line
        yield demo
    finally:
        if demo is not None:
            await demo.http.close()
        if process.returncode is None:
            process.kill()
        # Read to the end, so that the pipe is closed with the process.
        await process.communicate()
