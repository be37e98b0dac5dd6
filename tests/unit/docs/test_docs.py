"""The generated pages are what the code would generate now, and links between pages lead somewhere."""

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
