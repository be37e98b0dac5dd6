"""``baraza check`` tells everything at once, and its exit status can be relied on."""

import json
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from bridge.core.checks import ChatUse, Level
from bridge.core.community import Intake
from bridge.core.errors import AccountError, StorageUnavailable
from bridge.core.ids import AccountId, ChatId
from tests.unit.cli.conftest import CONFIG, Checkable, FakeApp, Run, finding


def account(app: FakeApp, answer: object) -> Checkable:
    made = Checkable("net", answer)  # type: ignore[arg-type]  # each test passes a list or an exception
    app.adapters = {AccountId("net"): made}
    return made


def test_all_well(app: FakeApp, config: Path, baraza: Run) -> None:
    adapter = account(app, [finding(Level.OK, "everything is there")])
    result = baraza("check", "--config", config)
    assert result.status == 0
    assert "account net" in result.out
    assert "everything is there" in result.out
    assert "baraza run" in result.out
    assert "glimpsed" in result.out
    assert adapter.stopped
    assert [use.chat for use in adapter.asked] == ["mods", "members"]
    assert ChatUse(chat=ChatId("mods"), moderators=True, users=("amina",)) in adapter.asked
    assert app.state.values == {"seen": "yes"}


def test_groups_connected_in_chats_are_looked_at_too(app: FakeApp, config: Path, baraza: Run) -> None:
    adapter = account(app, [finding(Level.OK, "everything is there")])
    app.linked_uses = [ChatUse(chat=ChatId("clinic"), intake=Intake.COPY)]
    assert baraza("check", "--config", config).status == 0
    assert ChatUse(chat=ChatId("clinic"), intake=Intake.COPY) in adapter.asked


@pytest.mark.parametrize(
    ("archive", "public_url", "said"),
    [
        ("off", "", "hifa: off, nothing can be read"),
        ("members", "", "but nobody can be told where it is"),
        ("public", "http://bridge.example.org", "where others on the way can read it"),
        ("public", "https://bridge.example.org", "at https://bridge.example.org/hifa"),
    ],
)
def test_who_may_read_the_archive(
    app: FakeApp, config: Path, baraza: Run, archive: str, public_url: str, said: str
) -> None:
    account(app, [finding(Level.OK, "everything is there")])
    text = CONFIG.replace("[web]\n", f'[web]\npublic_url = "{public_url}"\n')
    config.write_text(text.replace('name = "HIFA"\n', f'name = "HIFA"\narchive = "{archive}"\n'))
    result = baraza("check", "--json", "--config", config)
    assert result.status == 0
    found = [each for each in json.loads(result.out)["findings"]["this machine"] if each["subject"] == "archive"]
    assert len(found) == 1
    assert said in found[0]["message"]
    good = archive == "off" or public_url.startswith("https")
    assert found[0]["level"] == ("ok" if good else "warning")


def test_a_warning_does_not_fail(app: FakeApp, config: Path, baraza: Run) -> None:
    account(app, [finding(Level.WARNING, "rather slow", "wait")])
    result = baraza("check", "--config", config)
    assert result.status == 0
    assert "1 warning to look at" in result.out


def test_an_error_fails_and_says_how_to_mend_it(app: FakeApp, config: Path, baraza: Run) -> None:
    adapter = account(app, [finding(Level.ERROR, "may not delete", "make the bot an admin")])
    result = baraza("check", "--config", config)
    assert result.status == 1
    assert "make the bot an admin" in result.out
    assert "1 error, 0 warnings" in result.out
    assert adapter.stopped


@pytest.mark.parametrize(
    ("error", "said"),
    [(AccountError("the token is wrong: get another"), "get another"), (ZeroDivisionError("x"), "ZeroDivisionError")],
)
def test_a_failing_account_hides_nobody_else(
    app: FakeApp, config: Path, baraza: Run, error: Exception, said: str
) -> None:
    account(app, error)
    other = Checkable("other", [finding(Level.OK, "the other is well")])
    app.adapters[AccountId("other")] = other
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bridge.cli.checking.log.exception", lambda *_, **__: None)
        result = baraza("check", "--config", config)
    assert result.status == 1
    assert said in result.out
    assert "the other is well" in result.out


def test_a_broken_database(app: FakeApp, config: Path, baraza: Run) -> None:
    app.broken = StorageUnavailable("the database is locked")
    result = baraza("check", "--config", config)
    assert result.status == 1
    assert "the database is locked" in result.out
    assert "was not looked at" in result.out


def test_a_media_folder_that_cannot_be_made(app: FakeApp, config: Path, baraza: Run) -> None:
    (config.parent / "data").mkdir()
    (config.parent / "data/media").write_text("a file stands in the way")
    account(app, [])
    result = baraza("check", "--config", config)
    assert result.status == 1
    assert "data/media cannot be written" in result.out


def test_a_full_disk(app: FakeApp, config: Path, baraza: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(5_000_000))
    account(app, [])
    result = baraza("check", "--config", config)
    assert result.status == 1
    assert "make room" in result.out


def test_a_port_that_is_taken(app: FakeApp, config: Path, baraza: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        config.write_text(CONFIG.replace("127.0.0.1:0", f"127.0.0.1:{port}"))
        account(app, [])
        result = baraza("check", "--config", config)
    assert result.status == 1
    assert "choose another port" in result.out


def test_json(app: FakeApp, config: Path, baraza: Run) -> None:
    account(app, [finding(Level.ERROR, "no [bold]markup[/bold]", "mend")])
    result = baraza("check", "--config", config, "--json")
    assert result.status == 1
    told = json.loads(result.out)
    assert told["ok"] is False
    assert told["findings"]["net"] == [
        {"level": "error", "subject": "thing", "message": "no [bold]markup[/bold]", "mend": "mend"}
    ]
    assert {found["subject"] for found in told["findings"]["this machine"]} >= {
        "config file",
        "database",
        "media",
        "web",
    }


def test_a_wrong_config_has_its_own_status(config: Path, baraza: Run) -> None:
    config.write_text(CONFIG.replace("moderators =", "moderatrs ="))
    result = baraza("check", "--config", config)
    assert result.status == 2
    assert "did you mean moderators?" in result.err
    assert result.out == ""
    result = baraza("check", "--config", config, "--json")
    assert result.status == 2
    assert {p["key"] for p in json.loads(result.out)["problems"]} == {
        "communities[0].moderators",
        "communities[0].moderatrs",
    }


def test_foreign_text_is_harmless(app: FakeApp, config: Path, baraza: Run) -> None:
    account(app, [finding(Level.OK, "titled \x1b[31m[red]x\u202e")])
    result = baraza("check", "--config", config)
    assert "\x1b" not in result.out
    assert "\u202e" not in result.out
    assert "[red]x" in result.out


def test_in_our_image_it_says_who_cannot_reach_it(
    app: FakeApp, config: Path, baraza: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(app, [finding(Level.OK, "everything is there")])
    assert "this container" not in baraza("check", "--config", config).out
    monkeypatch.setenv("BARAZA_CONTAINER", "1")
    found = json.loads(baraza("check", "--json", "--config", config).out)["findings"]["this machine"]
    (web,) = [each for each in found if each["subject"] == "web"]
    assert (web["level"], "under [web]" in web["mend"]) == ("warning", True)
    assert "nobody outside of this container" in web["message"]


def test_the_folder_of_media_is_its_owners_alone(app: FakeApp, config: Path, baraza: Run, tmp_path: Path) -> None:
    account(app, [finding(Level.OK, "everything is there")])
    baraza("check", "--config", config)
    (media,) = tmp_path.rglob("media")
    assert media.stat().st_mode & 0o777 == 0o700
