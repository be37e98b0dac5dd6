"""A line between the program and a server that can be as bad as lines are."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class Line:
    """Carries bytes from ``port`` to ``to`` on this machine; what is changed holds for open connections, too."""

    to: int
    port: int = 0
    delay: float = 0.0
    """Seconds that every piece takes, either way."""
    silent: bool = False
    """Half open: what is sent is taken, and nothing ever comes back."""
    watch: Callable[[bytes], object] = lambda _: None
    """Is shown each piece that goes to the server."""
    _whole: asyncio.Event = field(default_factory=_set)
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Nobody is reached any more, and whoever is connected is cut off."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def break_(self) -> None:
        """From now on nothing comes through either way, and nobody is told. What is under way comes after ``heal``."""
        self._whole.clear()

    def heal(self) -> None:
        self._whole.set()

    def cut(self) -> None:
        """Every connection breaks now."""
        for writer in self._writers:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        there: asyncio.StreamWriter | None = None
        try:
            with suppress(OSError):
                await self._whole.wait()
                back, there = await asyncio.open_connection("127.0.0.1", self.to)
                self._writers.add(there)
                ways = (self._pump(reader, there, comes_back=False), self._pump(back, writer, comes_back=True))
                await asyncio.gather(*ways)
        except asyncio.CancelledError:
            pass  # the line is closed
        finally:
            for each in (writer, there):
                if each is not None:
                    self._writers.discard(each)
                    each.close()
            self._tasks.discard(task)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, comes_back: bool) -> None:
        while piece := await reader.read(1 << 16):
            if self.delay:
                await asyncio.sleep(self.delay)
            await self._whole.wait()
            if not comes_back:
                self.watch(piece)
            if not (comes_back and self.silent):
                writer.write(piece)
                await writer.drain()
        await self._whole.wait()
        writer.close()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    line = Line(port)
    await line.open()
    try:
        yield line
    finally:
        await line.close()
