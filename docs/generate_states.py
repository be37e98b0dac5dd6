"""Draws the state machines of ``bridge/core/states.py`` into ``docs/states.md``: ``make docs``; a test compares."""

import ast
import inspect
from enum import StrEnum
from pathlib import Path

from bridge.core.states import MACHINES, Machine

TARGET = Path(__file__).with_name("states.md")

HEAD = """\
# State machines

Generated from `bridge/core/states.py` by `docs/generate_states.py` (`make docs`): change the tables, not this page.
Nothing changes state anywhere else, and every change is one conditional update in the database, so of two people who
press at once exactly one wins.
"""


def parsed(kind: type[StrEnum]) -> ast.ClassDef:
    body = ast.parse(inspect.getsource(kind)).body[0]
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"{kind} is no class")
    return body


def notes(kind: type[StrEnum]) -> dict[str, str]:
    """The docstring of each member: Python drops them, the source has them."""
    body = parsed(kind)
    found: dict[str, str] = {}
    member = ""
    for node in body.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            member = node.targets[0].id
        elif member and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found[kind[member].value] = " ".join(str(node.value.value).split())
            member = ""
        else:
            member = ""
    return found


def diagram(machine: Machine) -> str:  # type: ignore[type-arg]  # any states, any steps
    """One section: what it is, the mermaid diagram, and the remarks on its states and steps."""
    state_kind, step_kind = type(machine.initial), type(next(iter(machine.table))[1])
    lines = [f"## {machine.name.capitalize()}", ""]
    if about := ast.get_docstring(parsed(state_kind)):
        lines += [about, ""]
    lines += ["```mermaid", "stateDiagram-v2", f"    [*] --> {machine.initial.value}"]
    lines += [f"    {before.value} --> {after.value}: {step.value}" for (before, step), after in machine.table.items()]
    left = {before for before, _ in machine.table}
    lines += [f"    {state.value} --> [*]" for state in state_kind if state not in left]
    lines += ["```", ""]
    remarks = {**notes(state_kind), **notes(step_kind)}
    lines += [f"- **{name}**: {text}" for name, text in remarks.items()]
    return "\n".join(lines).rstrip() + "\n"


def page() -> str:
    """The whole of ``docs/states.md``."""
    return "\n".join([HEAD, *(diagram(machine) for machine in MACHINES)])


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
