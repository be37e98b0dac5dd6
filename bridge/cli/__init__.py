"""The command line. Expected troubles are one sentence on stderr and an exit status, never a traceback."""

from bridge.cli.commands import app, main

__all__ = ["app", "main"]
