"""Notices which phones changed, and tells the pages that are open."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

from bridge.playground.botapi.world import World
from bridge.playground.devices import Device
from bridge.playground.screen import Notice, Screen
from bridge.playground.web_device import WebDevice

STATUS = "status"
"""The key of the line over the phones, beside the devices' own."""
TOAST_SECONDS = 6.0
_SETTLE_SECONDS = 0.03
_LOOK_SECONDS = 1.5


class Listener:
    """One open page: collects the keys of what changed until the page is told."""

    def __init__(self) -> None:
        self._changed: set[str] = set()
        self._wake = asyncio.Event()

    def tell(self, keys: set[str]) -> None:
        self._changed |= keys
        self._wake.set()

    async def wait(self, timeout: float) -> set[str]:
        """What changed since the last time; empty after ``timeout`` seconds of silence."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._wake.wait()
        self._wake.clear()
        changed, self._changed = self._changed, set()
        return changed


class Board:
    """All phones, what they showed last, and the notices over them."""

    def __init__(self, devices: Mapping[str, Device], status: Callable[[], object]) -> None:
        self.devices = devices
        self._status = status
        self._shown: dict[str, object] = {}
        self._notices: dict[str, Notice] = {}
        self._drafts: dict[str, str] = {}
        self._listeners: set[Listener] = set()
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """Something may have changed: look soon."""
        self._poked.set()

    def wake_all(self) -> None:
        """Let every open page look up, though nothing changed: the program ends."""
        for listener in self._listeners:
            listener.tell(set())

    @contextlib.contextmanager
    def listening(self) -> Iterator[Listener]:
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    # --- notices and what was typed in vain

    def notice(self, key: str) -> Notice | None:
        return self._notices.get(key)

    def show(self, key: str, notice: Notice | None) -> None:
        """Lay a notice over a phone, or take it away; alerts stay, the others go by themselves."""
        if notice is None:
            self._notices.pop(key, None)
        else:
            self._notices[key] = notice
            if notice.kind != "alert":
                asyncio.get_running_loop().call_later(TOAST_SECONDS, self._expire, key, notice)
        self._tell({key})

    def keep_draft(self, key: str, text: str) -> None:
        self._drafts[key] = text

    def take_draft(self, key: str) -> str:
        return self._drafts.pop(key, "")

    def _expire(self, key: str, notice: Notice) -> None:
        if self._notices.get(key) is notice:
            self.show(key, None)

    # --- changes

    async def run(self, world: World) -> None:
        """Follow everything until cancelled."""
        self.look()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_telegram(world))
            group.create_task(self._follow_pages())
            async for _ in self._pokes():
                self.look()

    def look(self) -> None:
        """Compare all phones with what they showed last and tell the pages what differs."""
        changed = set()
        for key, shown in self._everything():
            if self._shown.get(key) != shown:
                self._shown[key] = shown
                changed.add(key)
        self._tell(changed)

    def _everything(self) -> Iterator[tuple[str, object]]:
        yield STATUS, self._status()
        for key, device in self.devices.items():
            screens: list[Screen] = [device.screen(tab.key) for tab in device.tabs()]
            yield key, screens

    def _tell(self, changed: set[str]) -> None:
        if changed:
            for listener in self._listeners:
                listener.tell(changed)

    async def _pokes(self) -> AsyncIterator[None]:
        while True:
            await self._poked.wait()
            await asyncio.sleep(_SETTLE_SECONDS)  # what belongs together arrives together
            self._poked.clear()
            yield

    async def _follow_telegram(self, world: World) -> None:
        version = -1
        while True:
            version = await world.wait_for_change(version, 3600)
            self.poke()

    async def _follow_pages(self) -> None:
        """A browser is told nothing: while somebody looks, it asks again."""
        browsers = [device for device in self.devices.values() if isinstance(device, WebDevice)]
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for browser in browsers if self._listeners else ():
                if await browser.refresh():
                    self.poke()
