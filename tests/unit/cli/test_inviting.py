"""``baraza invite``: links, words and pictures by which people join."""

import json
from pathlib import Path

import pytest

from bridge.cli import main

CONFIG = """
[bridge]
database = "sqlite://baraza.db"
media = "media"
language = "en"
[web]
listen = "127.0.0.1:0"
[accounts.chat]
kind = "loopback"
directory = "chat"
[accounts.matrix]
kind = "matrix"
homeserver = "http://127.0.0.1:1"
user_id = "@baraza:example.org"
password = "env:BARAZA_TEST_PASSWORD"
[[communities]]
id = "hifa"
name = "HIFA"
joining = "{joining}"
moderators = ["chat:mods"]
moderator_ids = ["chat:grace"]
[[communities.groups]]
chat = "matrix:!a:example.org"
"""


def invite(directory: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, joining: str = "open") -> int:
    monkeypatch.setenv("BARAZA_TEST_PASSWORD", "not asked for")
    path = directory / "baraza.toml"
    path.write_text(CONFIG.format(joining=joining))
    with pytest.raises(SystemExit) as ended:
        main(["--config", str(path), "invite", *arguments])
    return int(ended.value.code or 0)


def test_links_and_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert invite(tmp_path, monkeypatch) == 0
    said = capsys.readouterr().out
    assert "write: JOIN hifa" in said
    assert "https://matrix.to/#/@baraza:example.org" in said
    assert "█" in said
    assert "Invitation code" not in said
    assert not (tmp_path / "baraza.db").exists()  # nothing was made that did not have to be


def test_a_code_where_one_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invite(tmp_path, monkeypatch, "--json", joining="invitation") == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["code"]) == 8
    assert {way["words"] for way in said["ways"]} == {f"JOIN {said['code'][:4]}-{said['code'][4:]}"}


def test_a_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "poster.png"
    assert invite(tmp_path, monkeypatch, "--png", str(picture)) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert invite(tmp_path, monkeypatch, "--png", str(picture), "--account", "chat") == 1
    assert "none has a link" in capsys.readouterr().err
