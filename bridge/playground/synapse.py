"""A real Matrix server for the demo and the tests: Synapse, run as a separate program out of a virtual environment of
its own, on the loopback interface and without federation.

Nothing here belongs to an event loop: a server started in one loop may be used and stopped in another.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import os
import secrets
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp

from bridge.playground.synapse_config import homeserver_config
from bridge.playground.synapse_install import SynapseError, SynapseUnavailable, install, is_installed, try_lock

__all__ = ["MatrixLogin", "SynapseError", "SynapseServer", "SynapseUnavailable", "free_port", "install", "is_installed"]

READY_SECONDS = 60.0
"""How long a server may take from its start to its first healthy answer."""
LOCK_SECONDS = 20.0
"""How long to wait for an earlier server of the same directory to go away; it needs about 2 s, and 5 s at worst."""
STOP_SECONDS = 10.0
"""How long a server may take to stop by itself before it is killed."""

ADMIN_USER = "baraza-admin"

# Runs inside Synapse's own process. Its standard input is a pipe that only the program which started it holds open, so
# the end of that program, however violent, is the end of the input. PR_SET_PDEATHSIG would not do: it fires when the
# *thread* that started the process ends (https://man7.org/linux/man-pages/man2/pr_set_pdeathsig.2const.html).
_LAUNCHER = """
import os, runpy, signal, threading, time

def follow_parent():
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    os._exit(1)

threading.Thread(target=follow_parent, daemon=True).start()
runpy.run_module("synapse.app.homeserver", run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class MatrixLogin:
    """One device of one user. ``access_token`` belongs to ``device_id``; both stay the same across restarts."""

    user_id: str
    access_token: str = field(repr=False)
    device_id: str
    password: str = field(repr=False)


class SynapseServer:
    """One Synapse with its whole state in ``directory`` (mode 700): configuration, keys, database, media, passwords.

    ``port`` 0 takes the port of the last time, or any free one. ``rate_limits`` False switches all of Synapse's limits
    off; True leaves its own defaults in force.
    """

    def __init__(
        self,
        directory: Path,
        *,
        venv: Path,
        port: int = 0,
        server_name: str = "baraza.local",
        rate_limits: bool = False,
    ) -> None:
        self.directory = directory.resolve()
        self.server_name = server_name
        self._venv = venv
        self._fixed_port = port
        self._port = port
        self._rate_limits = rate_limits
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The base address of its client API, known once it was started."""
        if not self._port:
            raise SynapseError("The local Matrix server was not started yet: call start() first.")
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    async def start(self) -> None:
        """Write what is missing, start it and wait until it answers. Raises SynapseUnavailable with the log's end."""
        if self.pid is not None:
            return
        self._make_directory()
        self._port = self._port or self._remembered_port() or free_port()
        for _attempt in range(3):
            lock = await self._lock()
            try:
                self._write_configuration()
                self._spawn(lock)
            finally:
                os.close(lock)
            if await self._became_ready():
                return
            if self._fixed_port:
                raise SynapseUnavailable(f"Port {self._port} is taken by another program: choose another one.")
            self._port = free_port()
        raise SynapseUnavailable(f"No free port was found for Synapse.\n{self._log_tail()}")

    async def stop(self) -> None:
        """Stop it and wait until it is gone; a server that does not listen is killed. Harmless when not running."""
        if self._process is None:
            return
        self._process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while self._process.poll() is None:
            if time.monotonic() > deadline:
                self._process.kill()
            await asyncio.sleep(0.02)
        self._forget_process()

    async def register(
        self, user: str, password: str | None = None, displayname: str | None = None, *, admin: bool = False
    ) -> MatrixLogin:
        """Make the user, or come back as the same device of the user made earlier.

        ``user`` is the part before the colon. Without a password a random one is made and kept in the directory.
        Idempotent across restarts, and without logging in again: Synapse limits logins severely.
        Raises SynapseError when the user exists with another password.
        """
        known = self._read_users()
        record = known.get(user, {})
        password = password or record.get("password") or secrets.token_urlsafe(18)
        async with aiohttp.ClientSession(self.url) as http:
            if record.get("password") == password and await self._token_works(http, record):
                await self._set_name(http, user, record, displayname)
            else:
                if "password" not in record:
                    # Written before it is used: killed in between, the next start still knows the password.
                    self._keep_user(user, {"password": password})
                record = await self._register_or_log_in(http, user, password, displayname, admin=admin)
                self._keep_user(user, record)
        return MatrixLogin(record["user_id"], record["access_token"], record["device_id"], password)

    async def lift_rate_limit(self, user_id: str) -> None:
        """Let this user send as fast as they like, also where limits are on (administrators do that for a bridge)."""
        admin = await self.register(ADMIN_USER, displayname="Administrator", admin=True)
        async with aiohttp.ClientSession(self.url) as http:
            path = f"/_synapse/admin/v1/users/{quote(user_id, safe='')}/override_ratelimit"
            await _call(http, "POST", path, admin.access_token, {"messages_per_second": 0, "burst_count": 0})

    # --- users

    async def _token_works(self, http: aiohttp.ClientSession, record: dict[str, str]) -> bool:
        if "access_token" not in record:
            return False
        status, answer = await _ask(http, "GET", "/_matrix/client/v3/account/whoami", record["access_token"])
        return status == 200 and answer.get("device_id") == record["device_id"]

    async def _set_name(
        self, http: aiohttp.ClientSession, user: str, record: dict[str, str], displayname: str | None
    ) -> None:
        if displayname is None or displayname == record.get("displayname"):
            return
        path = f"/_matrix/client/v3/profile/{quote(record['user_id'], safe='')}/displayname"
        await _call(http, "PUT", path, record["access_token"], {"displayname": displayname})
        record["displayname"] = displayname
        self._keep_user(user, record)

    async def _register_or_log_in(
        self, http: aiohttp.ClientSession, user: str, password: str, displayname: str | None, *, admin: bool
    ) -> dict[str, str]:
        # https://element-hq.github.io/synapse/latest/admin_api/register_api.html
        nonce = str((await _call(http, "GET", "/_synapse/admin/v1/register"))["nonce"])
        signed = "\0".join((nonce, user, password, "admin" if admin else "notadmin")).encode()
        mac = hmac.new(self._secrets()["registration"].encode(), signed, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": user, "password": password, "admin": admin, "mac": mac}
        if displayname is not None:
            body["displayname"] = displayname
        status, answer = await _ask(http, "POST", "/_synapse/admin/v1/register", None, body)
        if status == 200:
            return _login_record(answer, password, displayname)
        if answer.get("errcode") != "M_USER_IN_USE":
            raise SynapseError(f"The local Matrix server refused to make the user: {answer.get('error', status)}")
        body = {
            "type": "m.login.password",
            "identifier": {"type": "m.id.user", "user": user},
            "password": password,
            "initial_device_display_name": "Baraza playground",
        }
        record = _login_record(await _call(http, "POST", "/_matrix/client/v3/login", None, body), password, None)
        await self._set_name(http, user, record, displayname)
        return record

    def _read_users(self) -> dict[str, dict[str, str]]:
        path = self.directory / "users.json"
        return json.loads(path.read_text()) if path.exists() else {}

    def _keep_user(self, user: str, record: dict[str, str]) -> None:
        _write_private(self.directory / "users.json", json.dumps(self._read_users() | {user: record}, indent=1))

    # --- files

    def _make_directory(self) -> None:
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.directory.chmod(0o700)
        except OSError as error:
            raise SynapseUnavailable(f"Cannot write to {self.directory}: {error.strerror}.") from error

    def _secrets(self) -> dict[str, str]:
        path = self.directory / "secrets.json"
        if not path.exists():
            made = {name: secrets.token_urlsafe(32) for name in ("registration", "macaroon", "form")}
            _write_private(path, json.dumps(made, indent=1))
        known: dict[str, str] = json.loads(path.read_text())
        return known

    def _write_configuration(self) -> None:
        key = self.directory / "signing.key"
        if not key.exists():
            # Made here because Synapse's own generator starts a whole interpreter more.
            seed = base64.b64encode(os.urandom(32)).decode().rstrip("=")
            _write_private(key, f"ed25519 a_{secrets.token_hex(2)} {seed}\n")
        files = homeserver_config(
            self.directory,
            port=self._port,
            server_name=self.server_name,
            secrets=self._secrets(),
            rate_limits=self._rate_limits,
        )
        for name, content in files.items():
            _write_private(self.directory / name, json.dumps(content, indent=1))

    def _remembered_port(self) -> int:
        with contextlib.suppress(OSError, ValueError, KeyError, IndexError, TypeError):
            port = int(json.loads((self.directory / "homeserver.yaml").read_text())["listeners"][0]["port"])
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
            return port
        return 0

    def _log_tail(self) -> str:
        log = self.directory / "synapse.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join([f"The end of {log}:", *lines[-15:]])

    # --- the process

    async def _lock(self) -> int:
        """A lock that Synapse itself inherits and so holds exactly as long as it lives: it cannot become stale."""
        lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + LOCK_SECONDS
        while not try_lock(lock):
            if time.monotonic() > deadline:
                os.close(lock)
                raise SynapseUnavailable(
                    f"Another Synapse still runs on {self.directory}: stop the other Baraza, or use another directory."
                )
            await asyncio.sleep(0.05)
        return lock

    def _spawn(self, lock: int) -> None:
        log = self.directory / "synapse.log"
        if log.exists():
            log.replace(log.with_suffix(".log.1"))
        with open(log, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as output:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
                    [self._venv / "bin" / "python", "-c", _LAUNCHER, "-c", self.directory / "homeserver.yaml"],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    cwd=self.directory,
                    pass_fds=(lock,),
                    umask=0o077,
                    # Out of the terminal's reach: on Ctrl-C the bridge stops first, and then stops its server.
                    start_new_session=True,
                )
            except OSError as error:
                raise SynapseUnavailable(f"Synapse is not installed in {self._venv}: {error.strerror}.") from error

    async def _became_ready(self) -> bool:
        """Whether it answers; False when its port was taken. Raises SynapseUnavailable for any other end."""
        if self._process is None:
            raise AssertionError
        deadline = time.monotonic() + READY_SECONDS
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
                while (status := self._process.poll()) is None and time.monotonic() < deadline:
                    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                        async with http.get(f"{self.url}/health") as answer:
                            if answer.status == 200 and await answer.text() == "OK":
                                return True
                    await asyncio.sleep(0.05)
        except BaseException:
            await asyncio.shield(self.stop())
            raise
        tail = self._log_tail()
        await self.stop()
        if "Failed to listen on TCP port" in tail or "Address already in use" in tail:
            return False
        reason = f"did not answer within {READY_SECONDS:.0f} s" if status is None else f"ended with status {status}"
        raise SynapseUnavailable(f"Synapse {reason}.\n{tail}")

    def _forget_process(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None


def free_port() -> int:
    """A TCP port of 127.0.0.1 that was free a moment ago.

    Below those that systems give to outgoing connections, one of which could take it before it is listened on.
    """
    for _ in range(20):
        port = 15_000 + secrets.randbelow(17_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_private(path: Path, text: str) -> None:
    """Replace the file as a whole, readable by its owner only."""
    new = path.with_name(path.name + ".new")
    with open(new, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    new.replace(path)


def _login_record(answer: dict[str, Any], password: str, displayname: str | None) -> dict[str, str]:
    record = {name: str(answer[name]) for name in ("user_id", "access_token", "device_id")}
    return record | {"password": password} | ({} if displayname is None else {"displayname": displayname})


async def _ask(
    http: aiohttp.ClientSession, method: str, path: str, token: str | None = None, body: dict[str, Any] | None = None
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with http.request(method, path, json=body, headers=headers) as response:
        answer = await response.json(content_type=None)
        return response.status, answer if isinstance(answer, dict) else {}


async def _call(
    http: aiohttp.ClientSession, method: str, path: str, token: str | None = None, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    status, answer = await _ask(http, method, path, token, body)
    if status != 200:
        raise SynapseError(f"The local Matrix server refused {method} {path}: {answer.get('error', status)}")
    return answer
