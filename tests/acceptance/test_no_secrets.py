"""Every failure with secrets in play, and none of them in what anybody could read: logs, commands, figures, answers.

The secrets are of every kind there is. Each place where they are used is made to fail, with the real program.
"""

import asyncio
import contextlib
import io
import logging
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest
import structlog
from aiohttp import web
from multidict import CIMultiDict

from bridge import logs
from tests.acceptance.program import Program, command
from tests.acceptance.world import World, until
from tests.servers import free_port

TOKEN = "5000009:AAzq7SecretOfTelegram_0123456789abcdef"
HOOK = "hook-zq7SecretOfWebhook-0123456789"
MATRIX = 'zq7Secret of/Matrix"+é'
POSTGRES = "zq7Secret@of:Postgres/%"
SECRETS = (TOKEN, HOOK, MATRIX, POSTGRES)
MARK = "zq7Secret"
"""Stands in every secret, whatever is done to the rest of it by quoting."""

CONFIG = """
[bridge]
database = "{database}"
media = "media"
[web]
listen = "127.0.0.1:{port}"
public_url = "http://127.0.0.1:{port}"
[accounts.telegram]
kind = "telegram"
token = "file:secrets/token"
updates = "webhook"
webhook_secret = "file:secrets/hook"
api_url = "{telegram}"
[accounts.matrix]
kind = "matrix"
homeserver = "{matrix}"
user_id = "@baraza:example.org"
password = "env:ZQ_MATRIX"
[accounts.net]
kind = "loopback"
directory = "net"
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["net:mods"]
moderator_ids = ["net:grace"]
[[communities.groups]]
chat = "telegram:-100123"
[[communities.groups]]
chat = "matrix:!room:example.org"
"""


def write(folder: Path, telegram: str, matrix: str, database: str = "sqlite://baraza.db") -> tuple[Path, int]:
    (folder / "secrets").mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, value in (("token", TOKEN), ("hook", HOOK), ("database", database)):
        (folder / "secrets" / name).touch(mode=0o600)
        (folder / "secrets" / name).write_text(value)
    port = free_port()
    path = folder / "baraza.toml"
    path.write_text(CONFIG.format(database="file:secrets/database", port=port, telegram=telegram, matrix=matrix))
    return path, port


def nowhere(text: str, where: str) -> None:
    assert MARK not in text, f"{where}: {text[max(0, text.find(MARK) - 300) : text.find(MARK) + 60]}"


class Unfriendly:
    """A platform that answers everything wrongly, and repeats all it was told: in words, in JSON, in a redirect."""

    def __init__(self) -> None:
        self.count = 0

    async def answer(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode(errors="replace")
        said = f"{request.method} {request.rel_url} {dict(request.headers)} {body}"
        self.count += 1
        match self.count % 6:
            case 1:
                return web.Response(status=500, text=said)
            case 2:
                return web.Response(status=302, headers={"Location": f"/elsewhere?{quote(said)[:500]}"})
            case 3:
                return web.json_response({"ok": True, "result": said, "access_token": 7, "flows": said})
            case 4:
                if request.transport is not None:
                    request.transport.close()
                return web.Response()
            case 5:
                limit = {"ok": False, "error_code": 429, "description": said, "parameters": {"retry_after": 1}}
                return web.json_response(limit, status=429)
            case _:
                refusal = {"ok": False, "error_code": 401, "description": said, "errcode": "X", "error": said}
                return web.json_response(refusal, status=401)


@pytest.fixture(autouse=True)
def matrix_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZQ_MATRIX", MATRIX)


@pytest.mark.timeout(300)
async def test_with_unfriendly_platforms_and_a_broken_database(tmp_path: Path) -> None:
    platform, application = Unfriendly(), web.Application()
    application.router.add_route("*", "/{path:.*}", platform.answer)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    config, port = write(tmp_path, url, url)
    tables = World(tmp_path / "tables", free_port())
    await tables.with_tables()
    await asyncio.to_thread((tables.directory / "baraza.db").rename, tmp_path / "baraza.db")
    program = Program(config)
    await program.spawn()
    try:
        async with aiohttp.ClientSession() as http:
            await until(lambda: platform.count >= 6, 60)
            for secret in (HOOK, HOOK + "x", ""):
                headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
                for data in (b"{", b"[]", b"\xff", b'{"update_id": "x"}', b'{"update_id": 1}'):
                    address = f"http://127.0.0.1:{port}/webhook/telegram/telegram"
                    async with http.post(address, data=data, headers=headers) as answer:
                        nowhere(await answer.text(), "webhook")
            with contextlib.closing(sqlite3.connect(tmp_path / "baraza.db")) as locked:
                locked.execute("DROP TABLE inbox")  # whatever comes now meets an error of the database
                locked.commit()
            async with http.post(
                address, data=b'{"update_id": 2}', headers={"X-Telegram-Bot-Api-Secret-Token": HOOK}
            ) as answer:
                nowhere(await answer.text(), "webhook without a table")
            for page in ("readyz", "metrics", "healthz", "nothing"):
                async with http.get(f"http://127.0.0.1:{port}/{page}") as answer:
                    nowhere(await answer.text(), page)
            for arguments in (["check"], ["status"], ["trace", "1"]):
                _, output = await command(config, *arguments)
                nowhere(output, arguments[0])
        await program.stop()
    finally:
        if program.process is not None and program.process.returncode is None:
            await program.kill()
        await runner.cleanup()
    said = "\n".join(program.output)
    assert "telegram" in said
    assert "matrix" in said
    nowhere(said, "log")


async def test_a_database_server_that_refuses(tmp_path: Path, postgres: str) -> None:
    """A wrong password with every sign that an address must quote; a server that is not there."""
    host = postgres.rpartition("@")[2]
    for database in (
        f"postgres://baraza:{quote(POSTGRES, safe='')}@{host}",
        f"postgres://baraza:{quote(POSTGRES, safe='')}@127.0.0.1:{free_port()}/x",
        f"postgres://baraza:{POSTGRES}@127.0.0.1:bad/x",
    ):
        config, _ = write(tmp_path, "http://127.0.0.1:9", "http://127.0.0.1:9", database)
        for arguments in (["run"], ["backup", str(tmp_path / "x.tar.gz")]):
            status, output = await command(config, *arguments)
            assert status != 0
            assert "Traceback" not in output
            nowhere(output, f"{arguments[0]} with {database}")


async def test_a_config_file_with_secrets_in_wrong_places(tmp_path: Path) -> None:
    config, _ = write(tmp_path, "http://127.0.0.1:9", "http://127.0.0.1:9")
    text = config.read_text()
    for wrong in (
        text.replace("file:secrets/token", TOKEN),
        text.replace("file:secrets/token", "file:secrets/hook"),
        text.replace("env:ZQ_MATRIX", "file:secrets"),
        text.replace('kind = "matrix"', 'kind = "matrox"'),
    ):
        config.write_text(wrong)
        status, output = await command(config, "check")
        assert status != 0
        assert "Traceback" not in output
        nowhere(output, "check")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config(), sys.excepthook)
    stream = io.StringIO()
    logs.configure(format="json", level="debug", secrets=SECRETS, stream=stream)
    yield stream
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    structlog.configure(**before[2])
    sys.excepthook = before[3]
    logging.captureWarnings(False)


def _kinds() -> list[BaseException]:
    """Exceptions as libraries make them, with a secret in each place that has room for one."""
    request = aiohttp.RequestInfo(f"http://x/bot{TOKEN}/getMe", "GET", {}, f"http://x/bot{TOKEN}")  # type: ignore[arg-type]
    grouped = ExceptionGroup(f"both {HOOK}", [ValueError(TOKEN), OSError(5, MATRIX, f"/secrets/{HOOK}")])
    noted = RuntimeError("see the note")
    noted.add_note(f"the note: {MATRIX}")
    headers = CIMultiDict(Authorization=f"Bearer {HOOK}")
    return [
        aiohttp.ClientResponseError(request, (), status=401, message=f"for {TOKEN}", headers=headers),
        ConnectionError(f"postgres://baraza:{quote(POSTGRES, safe='')}@db/x"),
        KeyError(MATRIX),
        UnicodeDecodeError("utf-8", HOOK.encode(), 0, 1, TOKEN),
        grouped,
        noted,
    ]


def _fails(error: BaseException) -> None:
    local = MATRIX  # noqa: F841 - a traceback that shows local variables would show it
    raise error


def test_exceptions_with_secrets_in_their_arguments(lines: io.StringIO) -> None:
    log = structlog.get_logger("bridge.test")
    for error in _kinds():
        try:
            try:
                _fails(error)
            except BaseException as inner:
                raise RuntimeError(f"while using {HOOK}") from inner
        except RuntimeError as outer:
            log.exception("failed", error=outer, cause=error, arguments=error.args)
            logging.getLogger("some.library").exception("failed with %r", error)
            sys.excepthook(type(outer), outer, outer.__traceback__)
    log.info(
        "beside", **{f"key {HOOK}": {"deep": [(MATRIX, {TOKEN: POSTGRES})]}}, quoted=quote(MATRIX), shown=repr(MATRIX)
    )
    text = lines.getvalue()
    assert text.count("\n") == 3 * len(_kinds()) + 1
    nowhere(text, "log")
