"""Every test that the page of invariants names is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_every_promise_has_tests_that_exist() -> None:
    rows = re.findall(r"^\| (\d+) \|.*$", (ROOT / "docs/invariants.md").read_text(), re.MULTILINE)
    assert rows == [str(number) for number in range(1, 13)]
    for line in (ROOT / "docs/invariants.md").read_text().splitlines():
        if not re.match(r"\| \d+ \|", line):
            continue
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
