"""Synapse from its PyPI package, in a virtual environment of its own: never in the program's, nor in its lock file."""

import asyncio
import fcntl
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

from bridge.core.errors import BarazaError

REQUIREMENTS = Path(__file__).with_name("synapse-requirements.txt")


class SynapseError(BarazaError):
    """The local Matrix server refused a request: see synapse.log in its directory."""


class SynapseUnavailable(SynapseError):
    """The local Matrix server cannot be installed or started here."""


async def install(venv: Path, *, on_progress: Callable[[str], None] = lambda _words: None) -> None:
    """Install Synapse into the virtual environment ``venv`` (made if missing, remade if incomplete or out of date).

    Returns at once when it is there already. ``on_progress`` gets short sentences for a person. Safe to call from
    several processes: the later ones wait. Raises SynapseUnavailable with the reason in plain words.
    """
    if is_installed(venv):
        return
    lock = _open_directory(venv)
    try:
        if not try_lock(lock):
            on_progress("Another program is installing Synapse: waiting for it")
            while not try_lock(lock):  # noqa: ASYNC110 - the other side is another process
                await asyncio.sleep(0.2)
        if not is_installed(venv):
            await _fill(venv, lock, on_progress)
    finally:
        os.close(lock)


def is_installed(venv: Path) -> bool:
    """Whether ``venv`` holds exactly the pinned Synapse, for this version of Python."""
    try:
        return (venv / "bin" / "python").exists() and _marker(venv).read_text() == _fingerprint()
    except OSError:
        return False


async def _fill(venv: Path, lock: int, on_progress: Callable[[str], None]) -> None:
    on_progress("Making a virtual environment for Synapse")
    await _run(lock, sys.executable, "-m", "venv", "--clear", str(venv))
    pins = sum("==" in line for line in REQUIREMENTS.read_text().splitlines() if not line.startswith(("#", " ")))
    seen = 0

    def follow(line: str) -> None:
        nonlocal seen
        if line.startswith(("Collecting ", "Processing ")):
            seen += 1
            on_progress(f"Fetching Synapse: package {seen} of {pins}")
        elif line.startswith("Installing collected packages"):
            on_progress("Unpacking Synapse")

    # Wheels only: a machine without a compiler is told so at once, and no package runs a build script here.
    await _run(
        lock,
        str(venv / "bin" / "python"),
        *("-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"),
        *("--require-hashes", "--only-binary", ":all:", "--retries", "3", "-r", str(REQUIREMENTS)),
        follow=follow,
    )
    _marker(venv).write_text(_fingerprint())
    on_progress("Synapse is installed")


async def _run(lock: int, *command: str, follow: Callable[[str], None] = lambda _line: None) -> None:
    """Run a step of the installation. It inherits the lock, so that even an orphaned pip keeps others out."""
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "PYTHONPATH"}}
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        limit=1 << 20,
        env=environment | {"LC_ALL": "C.UTF-8"},
        pass_fds=(lock,),
    )
    lines: list[str] = []
    try:
        if process.stdout is None:
            raise AssertionError
        async for raw in process.stdout:
            lines.append(raw.decode(errors="replace").rstrip())
            follow(lines[-1])
        status = await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status:
        raise SynapseUnavailable(_explain(lines))


def _explain(lines: list[str]) -> str:
    """Plain words for what venv or pip said."""
    text = "\n".join(lines)
    errors = [line for line in lines if line.startswith("ERROR:")] or [line for line in lines if line.strip()]
    said = (" It said: " + " / ".join(errors[-2:])[:400]) if errors else ""
    unreachable = ("NewConnectionError", "Max retries", "Temporary failure in name", "ConnectTimeout", "ReadTimeout")
    if "ensurepip" in text:
        return "Python's venv module is incomplete here: install it (Debian: apt install python3-venv)." + said
    if "No space left" in text:
        return "Synapse needs about 250 MB of disk space, and there is too little." + said
    if any(word in text for word in (*unreachable, "ProxyError", "SSLError", "Connection refused")):
        return "The Python package index could not be reached: check the network, then start again." + said
    if "DO NOT MATCH THE HASHES" in text:
        return "The package index served a file other than the pinned one; nothing was installed." + said
    if "No matching distribution" in text:
        return "The package index has no ready-built Synapse for this processor and this version of Python." + said
    return "Synapse could not be installed." + said


def _marker(venv: Path) -> Path:
    return venv / "installed.sha256"


def _fingerprint() -> str:
    python = f"{sys.version_info.major}.{sys.version_info.minor}".encode()
    return hashlib.sha256(python + b"\n" + REQUIREMENTS.read_bytes()).hexdigest()


def _open_directory(venv: Path) -> int:
    """For a lock on the directory itself: no file is left beside it, and `venv --clear` only empties it."""
    try:
        venv.mkdir(parents=True, exist_ok=True)
        return os.open(venv, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise SynapseUnavailable(f"Cannot write to {venv}: {error.strerror}. Make it writable, or free it.") from error


def try_lock(lock: int) -> bool:
    """Lock the open file ``lock`` for as long as anybody holds it open; False when somebody else has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
