"""Every way a request can fail, against small servers that fail so: certain, or not?"""

import asyncio
import contextlib
import io
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from telegram import InputFile
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, TelegramError
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter

from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.request import (
    AiohttpRequest,
    FloodControl,
    GarbledAnswer,
    MaybeSent,
    NoAnswer,
    NotSent,
    ServerTrouble,
    Timeouts,
)
from bridge.adapters.telegram.settings import Settings
from bridge.delivery import worker
from tests.contract.harness import wait_for

TOKEN = "4242:secret-part-of-the-token"
PERSONAL = "Zawadi asks"
Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Head and body of one request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    return head, await reader.readexactly(length)


def answer(status: str, body: bytes, mime: str = "application/json", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Type: {mime}\r\nContent-Length: {size}\r\n\r\n".encode() + body


@asynccontextmanager
async def serving(serve: Serve, timeouts: Timeouts | None = None) -> AsyncIterator[Client]:
    """A client whose server does ``serve`` with every connection."""

    handlers: set[asyncio.Task[None] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()  # what was written still goes out
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = client_for(f"http://127.0.0.1:{port}", timeouts)
    await client.open()
    try:
        yield client
    finally:
        await client.close_connections()
        server.close()
        await asyncio.gather(*filter(None, handlers))


def client_for(url: str, timeouts: Timeouts | None = None) -> Client:
    return Client(Settings.model_validate({"kind": "telegram", "token": TOKEN, "api_url": url}), timeouts)


def answering(reply: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(reply)
        await writer.drain()

    return serve


async def failure(client: Client, **params: object) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        await client.call("sendMessage", {"chat_id": 1, "text": PERSONAL, **params})
    return caught.value


async def test_an_answer_is_the_result_and_the_request_is_json_with_its_types() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend(await read_request(reader))
        writer.write(answer("200 OK", b'{"ok":true,"result":{"message_id":7,"of_tomorrow":[1]}}'))
        await writer.drain()

    async with serving(serve) as client:
        result = await client.call("sendMessage", {"chat_id": -5, "text": "x", "entities": [{"offset": 0}]})
    assert result == {"message_id": 7, "of_tomorrow": [1]}
    assert seen[0].startswith(f"POST /bot{TOKEN}/sendMessage ".encode())
    assert seen[1] == b'{"chat_id": -5, "text": "x", "entities": [{"offset": 0}]}'


async def test_a_refused_connection_is_certain() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening
        client = client_for(f"http://127.0.0.1:{taken.getsockname()[1]}")
        await client.open()
        assert isinstance(await failure(client), NotSent)
        await client.close_connections()


async def test_an_unknown_host_is_certain() -> None:
    client = client_for("http://no-such-host.invalid")
    await client.open()
    assert isinstance(await failure(client), NotSent)
    await client.close_connections()


async def test_a_broken_tls_handshake_is_certain() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"this is no TLS")
        await writer.drain()

    async with serving(serve) as plain:
        client = client_for(plain.base_url.removesuffix(f"/bot{TOKEN}").replace("http://", "https://"))
        await client.open()
        assert isinstance(await failure(client), NotSent)
        await client.close_connections()


async def test_a_connection_that_takes_too_long_is_certain() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)  # nobody accepts: after one or two connections the kernel leaves the next waiting
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(address)
        client = client_for(f"http://127.0.0.1:{address[1]}", Timeouts(connect=0.2, read=0.2, write=0.2))
        await client.open()
        assert isinstance(await failure(client), NotSent)
        await client.close_connections()
        for filler in fillers:
            filler.close()


async def test_a_closed_client_is_certain() -> None:
    client = client_for("http://127.0.0.1:9")
    assert isinstance(await failure(client), NotSent)


async def test_a_connection_cut_before_the_answer_is_doubt() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.transport.abort()

    async with serving(serve) as client:
        assert isinstance(await failure(client), MaybeSent)


async def test_a_connection_closed_without_reading_is_doubt() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with serving(serve) as client:
        assert isinstance(await failure(client), MaybeSent)


async def test_an_answer_cut_in_its_middle_is_doubt() -> None:
    async with serving(answering(answer("200 OK", b'{"ok":true,"res', length=400))) as client:
        assert isinstance(await failure(client), MaybeSent)


async def test_no_answer_in_time_is_doubt() -> None:
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await over.wait()

    async with serving(serve, Timeouts(connect=5, read=0.1, write=5)) as client:
        assert isinstance(await failure(client), NoAnswer)
        over.set()


async def test_an_upload_that_nobody_reads_ends_in_time_and_is_certain() -> None:
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()

    async with serving(serve, Timeouts(connect=0.2, read=0.2, upload=0.2, slowest=1e9)) as client:
        file = InputFile(io.BytesIO(b"x" * 30_000_000), filename="big.pdf", read_file_handle=False)
        assert isinstance(await failure(client, document=file), NotSent)
        over.set()


async def test_an_upload_cut_before_its_end_is_certain() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.transport.abort()

    async with serving(serve) as client:
        file = InputFile(io.BytesIO(b"x" * 20_000_000), filename="big.pdf", read_file_handle=False)
        assert isinstance(await failure(client, document=file), NotSent)


async def test_an_upload_taken_whole_and_cut_then_is_doubt() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.transport.abort()

    async with serving(serve) as client:
        file = InputFile(io.BytesIO(b"x" * 3_000_000), filename="big.pdf", read_file_handle=False)
        assert isinstance(await failure(client, document=file), MaybeSent)


async def test_an_upload_is_a_form_with_the_files_own_name() -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend(await read_request(reader))
        writer.write(answer("200 OK", b'{"ok":true,"result":{"message_id":7}}'))
        await writer.drain()

    async with serving(serve) as client:
        file = InputFile(io.BytesIO(b"%PDF-1"), filename='mwongozo "wa" شرح.pdf', read_file_handle=False)
        await client.call("sendDocument", {"chat_id": 1, "caption": "é", "document": file})
    head, body = seen
    assert b"multipart/form-data" in head
    assert 'name="document"; filename="mwongozo _wa_ شرح.pdf"'.encode() in body
    assert b"application/pdf" in body
    assert b"\r\n\r\n%PDF-1\r\n" in body
    assert "\r\n\r\né\r\n".encode() in body


@pytest.mark.parametrize("status", ["500 Internal Server Error", "502 Bad Gateway", "504 Gateway Timeout"])
@pytest.mark.parametrize("body", [b"<html>nginx</html>", b'{"ok":false,"error_code":500,"description":"no"}'])
async def test_a_server_error_is_doubt(status: str, body: bytes) -> None:
    async with serving(answering(answer(status, body))) as client:
        error = await failure(client)
    assert isinstance(error, ServerTrouble)
    assert "html" not in str(error)


@pytest.mark.parametrize(
    "body",
    [b"<html>Welcome to the hotel</html>", b"[]", b"{}", b'{"ok":true}', b"\xff\xfe", b"[" * 100_000, b""],
)
async def test_a_200_that_is_no_answer_is_garbled(body: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(answering(answer("200 OK", body, "text/html"))) as client:
        error = await failure(client)
    assert isinstance(error, GarbledAnswer)
    assert error.status == 200
    assert "hotel" not in caplog.text


@pytest.mark.parametrize("status", [302, 403, 404, 407, 413])
async def test_a_4xx_that_is_no_answer_is_not_telegrams(status: int) -> None:
    reply = answer(f"{status} No\r\nLocation: http://127.0.0.1:9/", b"<html>proxy</html>", "text/html")
    async with serving(answering(reply)) as client:
        error = await failure(client)
    assert isinstance(error, GarbledAnswer)
    assert error.status == status


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (b'{"ok":false,"error_code":429,"description":"Too Many","parameters":{"retry_after":17}}', 17.0),
        (b'{"ok":false,"error_code":429,"description":"Too Many"}', 5.0),
        (b'{"ok":false,"parameters":{"retry_after":"soon"}}', 5.0),
        (b"<html>slow down</html>", 5.0),
    ],
)
async def test_a_429_says_how_long(body: bytes, seconds: float) -> None:
    async with serving(answering(answer("429 Too Many Requests", body))) as client:
        error = await failure(client)
    assert isinstance(error, FloodControl)
    assert error.seconds == seconds


@pytest.mark.parametrize(
    ("status", "extra", "expected"),
    [
        (400, "", BadRequest),
        (400, ',"parameters":{"migrate_to_chat_id":-1005}', ChatMigrated),
        (401, "", InvalidToken),
        (403, "", Forbidden),
        (404, "", InvalidToken),
        (409, "", Conflict),
    ],
)
async def test_telegrams_own_refusals_keep_the_librarys_classes(
    status: int, extra: str, expected: type[TelegramError]
) -> None:
    body = f'{{"ok":false,"error_code":{status},"description":"Words"{extra}}}'.encode()
    async with serving(answering(answer(f"{status} No", body))) as client:
        assert isinstance(await failure(client), expected)


async def test_a_connection_the_server_closed_while_idle_is_not_written_to() -> None:
    served = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await read_request(reader)
        served += 1
        writer.write(answer("200 OK", b'{"ok":true,"result":true}'))
        await writer.drain()  # and the connection is closed, though nothing in the answer said so

    async with serving(serve) as client:
        for _ in range(20):
            assert await client.call("sendMessage", {"chat_id": 1, "text": "x"}) is True
    assert served == 20


async def test_the_proxy_of_the_environment_is_used_but_not_for_the_hosts_it_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            seen.append((await read_request(reader))[0].split(b"\r\n")[0])
            writer.write(answer("200 OK", b'{"ok":true,"result":{}}'))
            await writer.drain()

    async with serving(serve) as client:
        here = client.base_url.removesuffix(f"/bot{TOKEN}")
        data = RequestData([RequestParameter.from_input("text", PERSONAL)])
        monkeypatch.setenv("http_proxy", here)
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with AiohttpRequest() as request:
            await request.post("http://telegram.invalid/bot/getMe", data)
            await request.post(f"{here}/bot/getMe", data)
        async with AiohttpRequest(trust_env=False) as request:
            with pytest.raises(NotSent):
                await request.post("http://telegram.invalid/bot/getMe", data)
        monkeypatch.setenv("http_proxy", "socks5://me:proxy-password@127.0.0.1:9")
        async with AiohttpRequest() as request:
            with pytest.raises(NotSent) as failed:
                await request.post("http://telegram.invalid/bot/getMe", data)
    assert seen == [b"POST http://telegram.invalid/bot/getMe HTTP/1.1", b"POST /bot/getMe HTTP/1.1"]
    assert "proxy-password" not in repr(failed.value)


async def test_the_answer_to_a_button_does_not_wait_for_sends_that_hang() -> None:
    hanging = asyncio.Event()
    waiting = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal waiting
        if b"answerCallbackQuery" not in (await read_request(reader))[0]:
            waiting += 1
            await hanging.wait()
        writer.write(answer("200 OK", b'{"ok":true,"result":true}'))
        await writer.drain()

    async with serving(serve) as client:
        sends = [asyncio.create_task(client.call("sendMessage", {"chat_id": 1})) for _ in range(worker._AT_ONCE)]
        await wait_for(lambda: waiting == len(sends))
        async with asyncio.timeout(5):
            assert await client.call("answerCallbackQuery", {"callback_query_id": "1"})
        hanging.set()
        await asyncio.gather(*sends)


async def test_no_failure_tells_the_token_or_the_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.transport.abort()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        await asyncio.sleep(0.3)

    told: list[str] = []
    replies = [answer("502 Bad", b"<html>"), answer("200 OK", b"{"), answer("302 Found", b""), answer("404 No", b"")]
    for serve in (reset, silence, *map(answering, replies)):
        async with serving(serve, Timeouts(connect=1, read=0.1, write=1)) as client:
            error: BaseException | None = await failure(client)
            while error is not None:
                assert isinstance(error, NetworkError)
                told += [str(error), repr(error)]
                error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    told.append(caplog.text)
    assert not [line for line in told if TOKEN.partition(":")[2] in line or PERSONAL in line]


@pytest.mark.parametrize(
    "reply", [b"", answer("404 Gone", b""), answer("302 Found", b""), answer("200 OK", b"x", length=9)]
)
async def test_a_download_that_breaks_does_not_tell_the_files_address(
    reply: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It holds the bot's token."""
    caplog.set_level(logging.DEBUG)
    asked: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.split(b" ")[1])
        found = answer("200 OK", b'{"ok":true,"result":{"file_id":"f","file_path":"photos/1.jpg"}}')
        writer.write(found if head.startswith(b"POST") else reply)
        await writer.drain()

    async with serving(serve) as client:
        with pytest.raises(TelegramError) as caught:
            _ = [piece async for piece in client.file("f", limit=1_000)]
    assert asked[-1] == f"/file/bot{TOKEN}/photos/1.jpg".encode()
    told, error = [caplog.text], caught.value
    chain: BaseException | None = error
    while chain is not None:
        told += [str(chain), repr(chain)]
        chain = chain.__cause__ or (None if chain.__suppress_context__ else chain.__context__)
    assert not [line for line in told if TOKEN.partition(":")[2] in line]
