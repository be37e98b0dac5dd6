"""The contract of the config file: what is read from it, and how a wrong one is refused."""

from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bridge.config import Config, InvalidConfig, Problem, default_path, load, settings_models
from bridge.core.checks import ChatUse
from bridge.core.community import Intake
from bridge.core.errors import ConfigError
from bridge.core.ids import AccountId, Address, UserId, UserRef

TOKEN = "123456:sesame-open-sesame-open-sesame"


class Chatty(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["chatty"]
    token: SecretStr
    updates: Literal["polling", "webhook"] = "polling"
    folder: Path | None = None
    pause: float = Field(default=1.0, description="Seconds between two looks.")


KINDS: dict[str, type[BaseModel]] = {"chatty": Chatty}

GOOD = """\
[bridge]
database = "sqlite://data/baraza.db"
media = "data/media"
language = "en"

[web]
listen = "127.0.0.1:8080"
public_url = "https://bridge.example.org/"

[accounts.main]
kind = "chatty"
token = "env:TOKEN"

[accounts.other]
kind = "chatty"
token = "file:secrets/token"
folder = "there"

[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["main:-1001", "other:!mods:example.org"]
moderator_ids = ["main:7", "other:@amina:example.org"]

[[communities.groups]]
chat = "main:-1002/45"
intake = "copy"

[[communities.groups]]
chat = "other:!room:example.org"
language = "fr"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "token").write_text("999999:from-a-file-from-a-file\n")
    (secrets / "token").chmod(0o600)
    return tmp_path


def read(folder: Path, text: str, **environ: str) -> Config:
    path = folder / "baraza.toml"
    path.write_text(text)
    return load(path, environ=environ or {"TOKEN": TOKEN}, kinds=KINDS)


def problems(folder: Path, text: str, **environ: str) -> dict[str, Problem]:
    with pytest.raises(InvalidConfig) as caught:
        read(folder, text, **environ)
    assert TOKEN not in str(caught.value)
    assert str(folder / "baraza.toml") in str(caught.value)
    for problem in caught.value.problems:
        assert str(problem) in str(caught.value)
    return {problem.key: problem for problem in caught.value.problems}


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


# --- a good file ----------------------------------------------------------------------------------------------------


def test_everything_is_read(folder: Path) -> None:
    config = read(folder, GOOD)
    assert config.database == f"sqlite://{folder}/data/baraza.db"
    assert config.sqlite_path == folder / "data/baraza.db"
    assert config.media == folder / "data/media"
    assert (config.web.host, config.web.port, config.web.public_url) == (
        "127.0.0.1",
        8080,
        "https://bridge.example.org",
    )
    main, other = config.accounts[AccountId("main")], config.accounts[AccountId("other")]
    assert isinstance(main, Chatty)
    assert main.token.get_secret_value() == TOKEN
    assert isinstance(other, Chatty)
    assert other.folder == folder / "there"
    assert other.token.get_secret_value() == "999999:from-a-file-from-a-file"
    assert config.warnings == ()

    (community,) = config.communities()
    assert community.name == "HIFA"
    assert community.language == "en"
    assert community.moderators == (Address.parse("main:-1001"), Address.parse("other:!mods:example.org"))
    assert UserRef(AccountId("other"), UserId("@amina:example.org")) in community.moderator_ids
    assert community.max_length == 20_000
    assert [group.intake for group in community.groups] == [Intake.COPY, Intake.HOLD]
    assert community.groups[0].chat == Address.parse("main:-1002/45")
    assert community.groups[1].language == "fr"


def test_what_accounts_are_told(folder: Path) -> None:
    config = read(folder, GOOD)
    main = AccountId("main")
    assert config.chat_uses(main) == (
        ChatUse(chat=Address.parse("main:-1001").chat, moderators=True, users=("7",)),
        ChatUse(chat=Address.parse("main:-1002/45").chat, intake=Intake.COPY),
    )
    assert config.inviters(AccountId("other")) == {"@amina:example.org"}
    assert config.chats(main) == {"-1001", "-1002/45"}


def test_a_minimal_file_has_defaults(folder: Path) -> None:
    config = read(
        folder,
        '[bridge]\ndatabase = "sqlite:///var/lib/b.db"\n[accounts.a]\nkind="chatty"\ntoken="env:TOKEN"\n'
        '[[communities]]\nid="x"\nname="X"\nmoderators=["a:1"]\ntrust_channel=true\n[[communities.groups]]\nchat="a:2"\n',
    )
    assert config.sqlite_path == Path("/var/lib/b.db")
    assert (config.web.host, config.web.port, config.web.public_url, config.language) == ("127.0.0.1", 8080, "", "en")
    assert config.media == folder / "data/media"
    assert config.communities()[0].groups[0].intake is Intake.HOLD


def test_secrets_are_known_but_not_shown(folder: Path) -> None:
    config = read(folder, GOOD)
    assert set(config.secrets) == {TOKEN, "999999:from-a-file-from-a-file"}
    assert "sesame" not in repr(config)
    assert "from-a-file" not in repr(config)


@pytest.mark.parametrize(
    ("listen", "expected"),
    [("192.0.2.1:1", ("192.0.2.1", 1)), ("[::1]:65535", ("::1", 65535)), ("localhost:0", ("localhost", 0))],
)
def test_listen(folder: Path, listen: str, expected: tuple[str, int]) -> None:
    config = read(folder, changed("127.0.0.1:8080", listen))
    assert (config.web.host, config.web.port) == expected


def test_a_file_saved_by_notepad(folder: Path) -> None:
    path = folder / "baraza.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert load(path, environ={"TOKEN": TOKEN}, kinds=KINDS).communities()[0].name == "HIFA"


def test_where_the_file_is() -> None:
    assert default_path({}) == Path("config/baraza.toml")
    assert default_path({"BARAZA_CONFIG": "/etc/baraza.toml"}) == Path("/etc/baraza.toml")
    assert default_path({"BARAZA_CONFIG": ""}) == Path("config/baraza.toml")


# --- the database's address -----------------------------------------------------------------------------------------


def test_a_database_password_is_a_secret(folder: Path) -> None:
    config = read(folder, changed("sqlite://data/baraza.db", "postgresql://u:p%40ss-word@db.example.org/name"))
    assert config.database == "postgres://u:p%40ss-word@db.example.org/name"
    assert config.sqlite_path is None
    assert {"p%40ss-word", "p@ss-word"} <= set(config.secrets)
    assert "p%40ss" not in repr(config)
    assert any("chmod 600" in warning for warning in config.warnings)


def test_the_database_may_be_a_reference(folder: Path) -> None:
    url = "postgres://u:password-of-it@h/n"
    config = read(folder, changed("sqlite://data/baraza.db", "env:DB"), TOKEN=TOKEN, DB=url)
    assert config.database == url
    assert {url, "password-of-it"} <= set(config.secrets)
    assert config.warnings == ()


def test_the_database_may_be_on_one_of_several_servers(folder: Path) -> None:
    url = "postgres://u:password-of-it@one:5432,[2001:db8::1]:5433/n?sslmode=verify-full"
    assert read(folder, changed("sqlite://data/baraza.db", url)).database == url


@pytest.mark.parametrize(
    "url",
    [
        "data/baraza.db",
        "sqlite://",
        "mysql://u@h/n",
        "postgres://h",
        "postgres:///n",
        "postgres://h:x/n",
        "postgres://a,,b/n",
    ],
)
def test_an_address_of_no_database(folder: Path, url: str) -> None:
    assert (
        "no address of a database"
        in problems(folder, changed("sqlite://data/baraza.db", url))["bridge.database"].reason
    )


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "key", "line", "said"),
    [
        ("database =", "databse =", "bridge.databse", 2, "did you mean database?"),
        ("database =", "databse =", "bridge.database", 1, "is missing"),
        ('"en"', '"xx-nowhere"', "bridge.language", 4, "no language code"),
        ('"en"', "3", "bridge.language", 4, "must be text"),
        ("[web]", "[wbe]", "wbe", 6, "did you mean web?"),
        ('"127.0.0.1:8080"', '"8080"', "web.listen", 7, "HOST:PORT"),
        ('"127.0.0.1:8080"', '"::1:8080"', "web.listen", 7, "HOST:PORT"),
        ('"127.0.0.1:8080"', '"h:70000"', "web.listen", 7, "HOST:PORT"),
        ("https://bridge", "ftp://bridge", "web.public_url", 8, "address others reach"),
        ("https://bridge", "https://u:pw@bridge", "web.public_url", 8, "address others reach"),
        ("[accounts.main]", '[accounts."ma:in"]', "accounts.'ma:in'", 10, "name may hold only"),
        ('kind = "chatty"', 'kind = "chaty"', "accounts.main.kind", 11, "did you mean chatty?"),
        ('kind = "chatty"', "", "accounts.main.kind", 10, "is missing"),
        ('token = "env:TOKEN"', "", "accounts.main.token", 10, "env:BARAZA_MAIN_TOKEN"),
        ('token = "env:TOKEN"', "token = 5", "accounts.main.token", 12, "must be text in quotes"),
        ("token =", "tokn =", "accounts.main.tokn", 12, "did you mean token?"),
        ('"there"', '"there"\npause = "1"', "accounts.other.pause", 18, "must be"),
        ('"there"', '"there"\nupdates = "poling"', "accounts.other.updates", 18, "did you mean polling?"),
        ('id = "hifa"', 'id = "HIFA!"', "communities[0].id", 20, "a-z"),
        ('id = "hifa"', "", "communities[0].id", 19, 'write for example id = "hifa"'),
        ('name = "HIFA"', 'name = " "', "communities[0].name", 21, "must not be empty"),
        ('name = "HIFA"', 'name = "a\\nb"', "communities[0].name", 21, "one line"),
        ('name = "HIFA"', 'name = "HIFA"\nmax_length = "20"', "communities[0].max_length", 22, "whole number"),
        ('name = "HIFA"', 'name = "HIFA"\ntrust_channel = 1', "communities[0].trust_channel", 22, "true or false"),
        ('name = "HIFA"', 'name = "HIFA"\nsince = 2020-01-01', "communities[0].since", 22, "is a date"),
        ('"main:-1001"', '"mian:-1001"', "communities[0].moderators[0]", 22, "did you mean main?"),
        ('["main:-1001", "other:!mods:example.org"]', "[]", "communities[0].moderators", 22, "at least 1"),
        ('["main:-1001", "other:!mods:example.org"]', '"main:-1"', "communities[0].moderators", 22, "must be a list"),
        ('"main:7"', '"7"', "communities[0].moderator_ids[0]", 23, "ACCOUNT:USER"),
        ('["main:7", "other:@amina:example.org"]', "[]", "communities[0].moderator_ids", 23, "nobody could approve"),
        ('chat = "main:-1002/45"', "", "communities[0].groups[0].chat", 25, "is missing"),
        ('chat = "main:-1002/45"', "chat = -1002", "communities[0].groups[0].chat", 26, "must be text"),
        ('"main:-1002/45"', '"main"', "communities[0].groups[0].chat", 26, "ACCOUNT:CHAT"),
        ('"copy"', '"copi"', "communities[0].groups[0].intake", 27, "did you mean copy?"),
        ('"main:-1002/45"', '"other:!room:example.org"', "communities[0].groups[1].chat", 30, "the same chat is"),
        ('"main:-1002/45"', '"main:-1001"', "communities[0].moderators[0]", 22, "the same chat is a group"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, old: str, new: str, key: str, line: int, said: str) -> None:
    found = problems(folder, changed(old, new))
    assert said in str(found[key])
    assert found[key].line == line


def test_all_problems_come_at_once(folder: Path) -> None:
    text = GOOD.replace('"en"', "1").replace('"chatty"', '"chaty"').replace('"hifa"', '"H"').replace('"copy"', '"no"')
    found = problems(folder, text)
    assert found.keys() == {
        "bridge.language",
        "accounts.main.kind",
        "accounts.other.kind",
        "communities[0].id",
        "communities[0].groups[0].intake",
    }
    assert [p.line for p in found.values()] == sorted(p.line or 0 for p in found.values())


def test_two_communities_cannot_share(folder: Path) -> None:
    again = '[[communities]]\nid = "hifa"\nname = "2"\nmoderators = ["main:-1001"]\nmoderator_ids = ["main:7"]\n'
    found = problems(folder, f'{GOOD}\n{again}[[communities.groups]]\nchat = "main:-1002/45"\n')
    assert found["communities[1].id"].reason == "is already the id of communities[0]"
    assert "communities[0].groups[0].chat" in found["communities[1].groups[0].chat"].reason


def test_two_communities_may_share_their_moderators(folder: Path) -> None:
    again = '[[communities]]\nid = "b"\nname = "2"\nmoderators = ["main:-1001"]\nmoderator_ids = ["main:8"]\n'
    config = read(folder, f'{GOOD}\n{again}[[communities.groups]]\nchat = "main:-1003"\n')
    assert config.chat_uses(AccountId("main"))[0].users == ("7", "8")


def test_an_empty_file(folder: Path) -> None:
    assert problems(folder, "").keys() == {"bridge", "accounts", "communities"}


def test_communities_as_a_plain_table(folder: Path) -> None:
    text = GOOD[: GOOD.index("[[communities]]")] + '[communities]\nid = "hifa"\n'
    assert "[[communities]]" in problems(folder, text)["communities"].reason


def test_a_webhook_needs_a_public_address(folder: Path) -> None:
    text = changed('token = "env:TOKEN"', 'token = "env:TOKEN"\nupdates = "webhook"')
    assert read(folder, text).web.public_url
    found = problems(folder, text.replace('public_url = "https://bridge.example.org/"', ""))
    assert "main" in found["web.public_url"].reason


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [('[bridge]\ndatabase = "x\n', 2, 14), ("[bridge]\na = 1\nb 2\n", 3, 3), ("[bridge\n", 1, 8)],
)
def test_broken_toml(folder: Path, text: str, line: int, column: int) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read(folder, text)
    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (line, column)
    assert f"line {line}, column {column}: not valid TOML" in str(caught.value)


def test_the_same_key_twice(folder: Path) -> None:
    with pytest.raises(InvalidConfig, match="only once"):
        read(folder, "[bridge]\na = 1\na = 2\n")


def test_no_file_and_no_text(folder: Path) -> None:
    with pytest.raises(ConfigError, match="baraza init"):
        load(folder / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(folder)
    (folder / "latin.toml").write_bytes(b"# Fran\xe7ais\n")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(folder / "latin.toml")


# --- secrets --------------------------------------------------------------------------------------------------------


def test_a_secret_in_the_file_is_refused_without_repeating_it(folder: Path) -> None:
    found = problems(folder, changed("env:TOKEN", TOKEN))
    assert "must not stand in this file" in found["accounts.main.token"].reason
    assert "file:secrets/main-token" in found["accounts.main.token"].suggestion


def test_a_secret_behind_a_misspelt_key_is_not_repeated(folder: Path) -> None:
    problems(folder, changed('token = "env:TOKEN"', f'tokn = "{TOKEN}"'))


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NOT_SET", "NOT_SET is not set"),
        ("env:EMPTY", "EMPTY is empty"),
        ("env:", "name of a variable"),
        ("file:", "needs a path"),
        ("file:secrets/none", "there is no file"),
        ("file:secrets/empty", "is empty"),
        ("file:secrets", "cannot be read"),
        ("file:secrets/binary", "it is not text"),
    ],
)
def test_a_reference_that_leads_nowhere(folder: Path, reference: str, said: str) -> None:
    (folder / "secrets/empty").touch()
    (folder / "secrets/binary").write_bytes(b"\xff\xfe\x00")
    found = problems(folder, changed("env:TOKEN", reference), TOKEN=TOKEN, EMPTY=" ")
    assert list(found) == ["accounts.main.token"]
    assert said in found["accounts.main.token"].reason


def test_a_secret_file_that_others_can_read_is_warned_of(folder: Path) -> None:
    (folder / "secrets/token").chmod(0o640)
    config = read(folder, GOOD)
    assert [w for w in config.warnings if "secrets/token" in w and "chmod 600" in w]


def test_a_validator_that_quotes_the_secret_does_not_show_it(folder: Path) -> None:
    from pydantic import field_validator

    class Tactless(BaseModel):
        kind: Literal["chatty"]
        token: SecretStr

        @field_validator("token")
        @classmethod
        def _never(cls, value: SecretStr) -> SecretStr:
            raise ValueError(f"{value.get_secret_value()} is bad")

    path = folder / "baraza.toml"
    path.write_text(GOOD.replace('folder = "there"\n', ""))
    with pytest.raises(InvalidConfig) as caught:
        load(path, environ={"TOKEN": TOKEN}, kinds={"chatty": Tactless})
    assert "[secret] is bad" in str(caught.value)
    assert TOKEN not in str(caught.value)


# --- not wrong, but worth a word ------------------------------------------------------------------------------------


def test_warnings(folder: Path) -> None:
    text = GOOD.replace(', "other:!mods:example.org"', "").replace("other:!room:example.org", "main:-9")
    warnings = read(folder, text.replace(', "other:@amina:example.org"', "")).warnings
    assert warnings == ("accounts.other: no community uses this account",)
    warnings = read(folder, changed(', "other:@amina:example.org"', "")).warnings
    assert len(warnings) == 1
    assert "can be read there but not answered" in warnings[0]
    warnings = read(folder, GOOD[: GOOD.index("[[communities.groups]]")]).warnings
    assert warnings == ("community hifa: it has no groups yet, so approved posts go nowhere",)


# --- the real adapters ----------------------------------------------------------------------------------------------


def test_the_examples_load() -> None:
    examples = sorted((Path(__file__).parents[3] / "config").glob("*.example.toml"))
    assert len(examples) >= 4
    environ = {
        "BARAZA_TELEGRAM_TOKEN": TOKEN,
        "BARAZA_TELEGRAM_WEBHOOK_SECRET": "a-long-enough-secret",
        "BARAZA_MATRIX_PASSWORD": "a password",
        "BARAZA_DATABASE": "postgres://baraza:password@db.example.org/baraza",
    }
    for example in examples:
        config = load(example, environ=environ)
        assert config.communities()
        assert config.warnings == ()


def test_every_adapter_folder_with_settings_is_a_kind() -> None:
    folders = Path(__file__).parents[3] / "bridge/adapters"
    assert settings_models().keys() == {path.parent.name for path in folders.glob("*/settings.py")}
