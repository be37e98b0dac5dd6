"""Every test that the pages of invariants and of faults name is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_promise_has_tests_that_exist() -> None:
    rows = re.findall(r"^\| (\d+) \|.*$", (ROOT / "docs/invariants.md").read_text(), re.MULTILINE)
    assert rows == [str(number) for number in range(1, 13)]
    for line in (ROOT / "docs/invariants.md").read_text().splitlines():
        if re.match(r"\| \d+ \|", line):
            _are_there(line)


def test_every_fault_has_tests_that_exist() -> None:
    rows = [line for line in (ROOT / "docs/faults.md").read_text().splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 15
    for line in rows:
        _are_there(line)


def _are_there(line: str) -> None:
    named = re.findall(r"`(tests/\S+\.py)::(\w+)`", line)
    assert named, line
    for file, name in named:
        tree = ast.parse((ROOT / file).read_text())
        known = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
        known |= {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        known |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
        assert name in known, f"{file}::{name}"
