"""Debian packages that the tests' servers come from. Installed only where that is nobody's own machine."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path


def may_install() -> bool:
    """In CI, or in a container, and only where apt-get can be used."""
    contained = any(Path(mark).exists() for mark in ("/.dockerenv", "/run/.containerenv"))
    ours = os.environ.get("CI") == "true" or contained
    return ours and os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(packages: Sequence[str]) -> str:
    """What went wrong, in words; empty where all are there now. Starts none of their services."""
    wanted = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if not may_install():
        return f"not installed: {wanted}"
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    commands = (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages])
    for command in commands:
        step = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, env=environment
        )
        if step.returncode:
            return f"{' '.join(command[:2])} failed: {step.stderr.strip()[-300:]}"
    return ""
