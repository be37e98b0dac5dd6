"""Copies of the database that an upgrade left behind."""

import os
from pathlib import Path

from bridge.storage import sqlite_files


def test_copies_from_before_upgrades_are_not_kept_for_ever(tmp_path: Path) -> None:
    """They hold what was erased since."""
    old, new = tmp_path / "baraza.db.before-0002", tmp_path / "baraza.db.before-0003"
    for path in (old, new, tmp_path / "baraza.db"):
        path.write_bytes(b"x")
    os.utime(old, (0, 0))
    assert sqlite_files.forget_backups(tmp_path / "baraza.db", 3600) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["baraza.db", "baraza.db.before-0003"]
    assert sqlite_files.forget_backups(None, 3600) == 0
