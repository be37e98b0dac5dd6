"""Secrets are references: ``env:NAME`` or ``file:PATH``. The config file itself can then be shown, copied and kept."""

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_MAX_BYTES = 64 * 1024
SHORTEST_HIDDEN = 4
"""Characters. A shorter secret cannot be taken out of the log without making the log unreadable."""


class SecretProblem(ValueError):
    """A reference to a secret that cannot be followed; ``suggestion`` says how to mend it."""

    def __init__(self, reason: str, suggestion: str) -> None:
        super().__init__(reason)
        self.suggestion = suggestion


def is_reference(text: str) -> bool:
    return text.startswith(("env:", "file:"))


def secret_example(name: tuple[str, ...]) -> str:
    """How a reference to the secret of an account and key is written."""
    variable = "_".join(("BARAZA", *name)).upper().replace("-", "_")
    return f'{name[-1]} = "env:{variable}" or {name[-1]} = "file:secrets/{"-".join(name)}"'


@dataclass
class SecretReader:
    """Follows references and remembers what it read, so that logs can leave it out."""

    base: Path
    """The folder of the config file, from which paths count."""
    environ: Mapping[str, str]
    pending: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Secrets whose files are still to be written."""
    found: list[str] = field(default_factory=list, repr=False)
    warnings: list[str] = field(default_factory=list)

    def read(self, reference: object, name: tuple[str, ...]) -> str:
        """The secret itself; raises SecretProblem. ``name`` (account and key) is for the examples in messages."""
        suggestion = f"write {secret_example(name)}"
        if not isinstance(reference, str):
            raise SecretProblem("must be text in quotes that says where the secret is", suggestion)
        if reference.startswith("env:"):
            secret = self._from_environment(reference.removeprefix("env:"))
        elif reference.startswith("file:"):
            secret = self._from_file(reference.removeprefix("file:"))
        else:
            raise SecretProblem(
                "the secret itself must not stand in this file",
                f"{suggestion} and put the secret there; if others could read this file, have a new secret made",
            )
        self.found.append(secret)
        return secret

    def _from_environment(self, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            raise SecretProblem("env: needs the name of a variable", "write for example env:BARAZA_TELEGRAM_TOKEN")
        value = self.environ.get(name, "").strip()
        if not value:
            how = "is empty" if name in self.environ else "is not set"
            raise SecretProblem(
                f"the environment variable {name} {how}",
                f"set {name} where Baraza is started, or use file: instead",
            )
        return value

    def _from_file(self, name: str) -> str:
        if not name.strip():
            raise SecretProblem("file: needs a path", "write for example file:secrets/telegram-token")
        if name in self.pending:
            return self.pending[name]
        path = self.base / Path(name.strip()).expanduser()
        try:
            with path.open("rb") as file:
                mode = path.stat().st_mode
                content = file.read(_MAX_BYTES + 1)
            value = content.decode().strip()
        except FileNotFoundError:
            raise SecretProblem(f"there is no file {path}", "create it with nothing but the secret in it") from None
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise SecretProblem(f"{path} cannot be read: {why}", "check what it is and who may read it") from None
        if not value or len(content) > _MAX_BYTES:
            how = "is empty" if not value else "is too long to be a secret"
            raise SecretProblem(f"the file {path} {how}", "put nothing but the secret in it")
        if stat.S_IMODE(mode) & 0o077:
            self.warnings.append(f"{path} can be read by other users of this machine: run chmod 600 {path}")
        return value
