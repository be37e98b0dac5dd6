"""``baraza init`` writes a file that loads, keeps secrets apart, and overwrites nothing unasked."""

import stat
from pathlib import Path

import pytest
import typer

from bridge.config import load
from bridge.core.ids import Address
from tests.unit.cli.conftest import Run

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
TELEGRAM = [
    "--telegram-token",
    TOKEN,
    "--telegram-moderators",
    "-1001111111111",
    "--telegram-moderator-ids",
    "12345",
    "--telegram-groups",
    "-1002222222222",
    "--telegram-groups",
    "-1003333333333/45",
]
MATRIX = [
    "--matrix-homeserver",
    "https://matrix.example.org",
    "--matrix-user",
    "@baraza:example.org",
    "--matrix-password",
    'a "quoted" \\ password',
    "--matrix-moderators",
    "!mods:example.org",
    "--matrix-moderator-ids",
    "@amina:example.org",
    "--matrix-groups",
    "!room:example.org",
]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_everything_by_options(tmp_path: Path, baraza: Run) -> None:
    path = tmp_path / "config/baraza.toml"
    name = 'Clinique "Été"'
    result = baraza("init", "--config", path, "--name", name, "--language", "fr", *TELEGRAM, *MATRIX)
    assert result.status == 0, result.err
    config = load(path, environ={})
    assert config.warnings == ()
    (community,) = config.communities()
    assert (community.id, community.name, community.language) == ("clinique-ete", name, "fr")
    assert community.moderators == (Address.parse("telegram:-1001111111111"), Address.parse("matrix:!mods:example.org"))
    assert {str(user) for user in community.moderator_ids} == {"telegram:12345", "matrix:@amina:example.org"}
    assert [str(group.chat) for group in community.groups] == [
        "telegram:-1002222222222",
        "telegram:-1003333333333/45",
        "matrix:!room:example.org",
    ]
    assert set(config.secrets) == {TOKEN, 'a "quoted" \\ password'}


MAIL = ["--mail-domain", "lists.example.org", "--mail-authserv-id", "mx.example.org"]
SMS = ["--sms-preset", "kannel", "--sms-country", "UG", "--sms-sender", "40404", "--sms-username", "bridge"]


def test_mail_and_sms_by_options(tmp_path: Path, baraza: Run) -> None:
    path = tmp_path / "baraza.toml"
    options = [*MAIL, "--mail-lmtp", "127.0.0.1:2424", "--mail-moderators", "grace@example.org", *SMS]
    options += ["--sms-url", "http://127.0.0.1:13013/cgi-bin/sendsms", "--sms-password", "a password"]
    result = baraza("init", "--config", path, "--name", "HIFA", *options)
    assert result.status == 0, result.err
    (community,) = load(path, environ={}).communities()
    assert [str(inbox) for inbox in community.inboxes] == ["mail:hifa"]
    assert [str(channel) for channel in community.moderators] == ["mail:grace@example.org"]
    assert {str(user) for user in community.moderator_ids} == {"mail:grace@example.org"}
    assert (tmp_path / "secrets/sms-password").read_text().strip() == "a password"
    made = (tmp_path / "secrets/sms-secret").read_text().strip()
    assert len(made) >= 22
    assert made not in path.read_text() + result.out + result.err


def test_a_mailbox_by_options(tmp_path: Path, baraza: Run) -> None:
    path = tmp_path / "baraza.toml"
    box = ["--mail-imap", "imap.example.org:993", "--mail-imap-user", "hifa", "--mail-imap-password", "a password"]
    result = baraza("init", "--config", path, "--name", "HIFA", *TELEGRAM, *MAIL, *box)
    assert result.status == 0, result.err
    config = load(path, environ={})
    assert "a password" in config.secrets
    assert len(config.accounts) == 2


def test_secrets_stand_apart(tmp_path: Path, baraza: Run) -> None:
    path = tmp_path / "baraza.toml"
    result = baraza("init", "--config", path, "--name", "X", *TELEGRAM)
    assert TOKEN not in path.read_text()
    assert TOKEN not in result.out + result.err
    assert (tmp_path / "secrets/telegram-token").read_text().strip() == TOKEN
    assert mode(tmp_path / "secrets/telegram-token") == 0o600
    assert mode(tmp_path / "secrets") == 0o700
    assert sorted(p.name for p in tmp_path.iterdir()) == ["baraza.toml", "secrets"]


def test_the_file_explains_itself(tmp_path: Path, baraza: Run) -> None:
    path = tmp_path / "baraza.toml"
    baraza("init", "--config", path, "--name", "X", *TELEGRAM)
    text = path.read_text()
    assert '# updates = "polling"' in text
    assert "# trust_channel = false" in text
    lines = text.splitlines()
    for index, line in enumerate(lines):
        if line.startswith(("database", "token", "name ")):
            assert lines[index - 1].startswith("#"), line


def test_a_reference_is_kept_as_it_is(tmp_path: Path, baraza: Run) -> None:
    path = tmp_path / "baraza.toml"
    options = [*TELEGRAM[2:], "--telegram-token", "env:BARAZA_UNSET_TOKEN"]
    result = baraza("init", "--config", path, "--name", "X", *options)
    assert result.status == 0, result.err
    assert "Set the environment variable BARAZA_UNSET_TOKEN" in result.out
    assert not (tmp_path / "secrets").exists()
    assert load(path, environ={"BARAZA_UNSET_TOKEN": TOKEN}).secrets == (TOKEN,)


def test_the_token_may_come_by_the_environment(tmp_path: Path, baraza: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BARAZA_TELEGRAM_TOKEN", TOKEN)
    path = tmp_path / "baraza.toml"
    assert baraza("init", "--config", path, "--name", "X", *TELEGRAM[2:]).status == 0
    assert load(path, environ={}).secrets == (TOKEN,)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], "--name is missing"),
        (["--name", "X"], "an account is missing"),
        (["--name", "X", *TELEGRAM[:2]], "moderators' group is missing"),
        (["--name", "X", *TELEGRAM[:4]], "--telegram-moderator-ids is missing"),
        (["--name", "X", *TELEGRAM, "--telegram-groups", "the nurses"], "--telegram-groups cannot be right"),
        (["--name", "X", *TELEGRAM[2:], "--telegram-token", "hunter2"], "--telegram-token cannot be right"),
        (["--name", "X", *TELEGRAM, "--telegram-groups", "-1001111111111"], "the same chat is a group"),
        (["--name", "X", "--language", "klingon", *TELEGRAM], "--language cannot be right"),
        (["--name", "X", *MATRIX[2:]], "--matrix-homeserver is missing"),
    ],
)
def test_what_is_missing_or_wrong_is_named(tmp_path: Path, baraza: Run, options: list[str], said: str) -> None:
    result = baraza("init", "--config", tmp_path / "baraza.toml", *options)
    assert result.status == 2
    assert "Nothing was written" in result.err
    assert said in result.err
    assert "hunter2" not in result.err
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten_unasked(tmp_path: Path, baraza: Run) -> None:
    path = tmp_path / "baraza.toml"
    path.write_text("mine")
    result = baraza("init", "--config", path, "--name", "X", *TELEGRAM)
    assert result.status == 1
    assert path.read_text() == "mine"
    assert not (tmp_path / "secrets").exists()
    assert baraza("init", "--config", path, "--name", "X", *TELEGRAM, "--force").status == 0
    assert load(path, environ={}).communities()


def test_another_secret_is_not_overwritten_unasked(tmp_path: Path, baraza: Run) -> None:
    path = tmp_path / "baraza.toml"
    secret = tmp_path / "secrets/telegram-token"
    secret.parent.mkdir()
    secret.write_text("another")
    assert baraza("init", "--config", path, "--name", "X", *TELEGRAM).status == 1
    assert secret.read_text() == "another"
    assert not path.exists()


def test_questions(tmp_path: Path, baraza: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a terminal: a bad answer is asked for again, and every question says how to find its answer."""
    answers = iter(
        ["Nurses", "en", "not a token", TOKEN, "-1001", "@amina", "12345, 67890", "-1002"],
    )
    confirmed = {"Telegram": True, "Matrix": False, "e-mail": False, "SMS": False}
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr(typer, "prompt", lambda *_, **__: next(answers))
    monkeypatch.setattr(
        typer,
        "confirm",
        lambda text, **_: next(answer for what, answer in confirmed.items() if what in text),
    )
    path = tmp_path / "baraza.toml"
    result = baraza("init", "--config", path)
    assert result.status == 0, result.err
    assert next(answers, None) is None
    assert result.out.count("That cannot be right") == 2
    assert "@BotFather" in result.out
    (community,) = load(path, environ={}).communities()
    assert {str(user) for user in community.moderator_ids} == {"telegram:12345", "telegram:67890"}
    assert [str(group.chat) for group in community.groups] == ["telegram:-1002"]


def test_an_unused_secret_is_shown_as_a_reference(tmp_path: Path, baraza: Run) -> None:
    path = tmp_path / "baraza.toml"
    baraza("init", "--config", path, "--name", "X", *TELEGRAM)
    assert '# webhook_secret = "file:secrets/telegram-webhook-secret"' in path.read_text()
