"""``baraza new-adapter`` writes a copy of the example that works before anything is changed in it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run

ROOT = Path(__file__).parents[3]
_FILES = (
    "pyproject.toml",
    "tests/__init__.py",
    "tests/smallest_files.py",
    "tests/unit/__init__.py",
    "tests/unit/adapters/__init__.py",
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "telegram", "matrix", "playground", "migrations")
    for folder in ("bridge", "tests/contract", "tests/unit/adapters/loopback"):
        if (ROOT / folder).is_dir():
            shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for file in _FILES:
        if (ROOT / file).is_file():
            shutil.copy(ROOT / file, tmp_path / file)
    registry = tmp_path / "tests/contract/conftest.py"
    lines = registry.read_text().splitlines(keepends=True)
    registry.write_text(
        "".join(line for line in lines if "tests.contract.harness_" not in line or "harness_loopback" in line)
    )
    return tmp_path


def test_the_copy_keeps_the_contract(source: Path, baraza: Run) -> None:
    result = baraza("new-adapter", "pigeon", "--root", source)
    assert result.status == 0, result.err
    written = source / "bridge/adapters/pigeon"
    expected = {"adapter.py", "capabilities.py", "convert.py", "settings.py", "README.md"}
    assert expected <= {path.name for path in written.iterdir()}
    assert not [path for path in written.iterdir() if "loopback" in path.read_text().lower()]
    listed = (source / "tests/contract/conftest.py").read_text()
    assert listed.count("tests.contract.harness_pigeon:") == listed.count("tests.contract.harness_loopback:") > 0
    # The whole suite of the copy takes long; what comes in, for one of its harnesses, proves that the pieces fit.
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/contract",
        "-k",
        "pigeon and arrives",
    ]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


@pytest.mark.parametrize("name", ["Pigeon", "carrier pigeon", "import", "../x", "p", "loopback"])
def test_a_name_that_cannot_be(source: Path, baraza: Run, name: str) -> None:
    before = sorted(source.rglob("*"))
    result = baraza("new-adapter", name, "--root", source)
    assert result.status == 1
    assert result.err
    assert sorted(source.rglob("*")) == before


def test_only_in_the_source(tmp_path: Path, baraza: Run) -> None:
    result = baraza("new-adapter", "pigeon", "--root", tmp_path)
    assert result.status == 1
    assert "--root" in result.err
