"""``baraza new-adapter``: a working adapter to change, not an empty one to fill.

The loopback adapter is the example to copy, so it is what gets copied: the contract suite is green from the first
minute, and stays the guide while the invented network is replaced by a real one.
"""

import keyword
import re
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.common import Exit, complain, say

EXAMPLE = "loopback"
_REGISTRY = Path("tests/contract/conftest.py")

_README = """\
# {title}

What this carries, in one sentence.

## Setting it up

The steps an operator takes on the platform's side, and the lines for the config file:

```toml
[accounts.{kind}]
kind = "{kind}"
directory = "data/{kind}"
```

## Limits

What this platform can do is listed in `docs/capabilities.md`, from `capabilities.py`. Here: what else there is.

| what | how much |
|---|---|
| longest text | |
| files | |
| edits, removals | |
| pace | |

## Guarantee

What is known after a send whose answer never came (`Guarantee` in `bridge/core/capabilities.py`), and why.

## Support level

Bronze, silver or gold, as CONTRIBUTING.md describes them.
"""


def new_adapter(
    name: Annotated[str, typer.Argument(help="A short name, such as zulip: the folder, and the kind in the config.")],
    root: Annotated[
        Path, typer.Option(help="The folder of Baraza's source.", file_okay=False, show_default="here")
    ] = Path(),
) -> None:
    """Write a new adapter's folder, README and contract harness, as a working copy of the loopback example."""
    problem = _problem(name, root)
    if problem:
        complain(problem)
        raise typer.Exit(Exit.FAILED)
    written = write(name, root)
    for path in written:
        say(f"  {path}")
    say(f"These are a working copy of the {EXAMPLE} adapter. Next, as CONTRIBUTING.md describes:")
    say(f"  1. .venv/bin/pytest tests/contract -k {name}   (green already)")
    say(f"  2. replace network.py and convert.py in bridge/adapters/{name}; say in capabilities.py what yours can do")
    say(f"  3. let tests/contract/harness_{name}.py drive a test server of your platform, until it is green again")


def _problem(name: str, root: Path) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,30}", name) or keyword.iskeyword(name):
        return f"{name!r} cannot be an adapter's name: use small letters, digits and _, such as zulip"
    if not (root / "bridge/adapters" / EXAMPLE / "adapter.py").is_file():
        return "This is not the folder of Baraza's source: go there (git clone it first), or name it with --root."
    if (root / "bridge/adapters" / name).exists():
        return f"bridge/adapters/{name} is there already: choose another name, or move it away."
    return ""


def write(name: str, root: Path) -> list[Path]:
    """Write the files and return their paths, relative to ``root``."""
    title = "".join(part.capitalize() for part in name.split("_"))

    def renamed(text: str) -> str:
        text = text.replace(EXAMPLE.capitalize(), title)
        return text.replace(EXAMPLE, name)

    written: list[Path] = []
    sources = [
        *sorted((root / "bridge/adapters" / EXAMPLE).glob("*.py")),
        *sorted((root / "tests/unit/adapters" / EXAMPLE).glob("*.py")),
        root / f"tests/contract/harness_{EXAMPLE}.py",
    ]
    for source in sources:
        if source.is_file():
            target = root / renamed(str(source.relative_to(root)))
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(renamed(source.read_text(encoding="utf-8")), encoding="utf-8")
            written.append(target.relative_to(root))
    readme = root / "bridge/adapters" / name / "README.md"
    readme.write_text(_README.format(title=title, kind=name), encoding="utf-8")
    written.append(readme.relative_to(root))
    if _register(root / _REGISTRY, renamed):
        written.append(_REGISTRY)
    return written


def _register(registry: Path, renamed: Callable[[str], str]) -> bool:
    """Repeat the example's lines of HARNESSES for the new adapter."""
    if not registry.is_file():
        return False
    lines = registry.read_text(encoding="utf-8").splitlines(keepends=True)
    own = [index for index, line in enumerate(lines) if f"harness_{EXAMPLE}:" in line]
    if not own:
        return False
    after = own[-1] + 1
    lines[after:after] = [renamed(lines[index]) for index in own]
    registry.write_text("".join(lines), encoding="utf-8")
    return True
