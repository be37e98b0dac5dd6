"""Generated pages are what the code would generate now, links lead somewhere, and tests that a page names exist."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "bridge/**/README.md")
    for path in ROOT.glob(pattern)
    if "changes" not in path.parts
)


@pytest.mark.parametrize("name", ["states", "capabilities"])
def test_the_generated_pages_are_up_to_date(name: str) -> None:
    page = runpy.run_path(str(ROOT / f"docs/generate_{name}.py"))["page"]()
    assert (ROOT / f"docs/{name}.md").read_text(encoding="utf-8") == page, "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), f"{page.name} links to {target}"


def _traps() -> list[str]:
    """The rows of the tables of docs/platform-traps.md."""
    lines = (ROOT / "docs/platform-traps.md").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith("| what surprises")]


def test_every_trap_names_tests_that_exist() -> None:
    rows = _traps()
    assert len(rows) >= 44
    missing = []
    for row in rows:
        found = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
        assert found, f"no test is named: {row}"
        for file, name in found:
            path = ROOT / file
            if not path.exists() or not re.search(rf"^(async )?def {name}\(", path.read_text("utf-8"), re.MULTILINE):
                missing.append(f"{file}::{name}")
    assert not missing
