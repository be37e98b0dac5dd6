"""``baraza init``: a handful of questions, each with one line on how to find the answer."""

import os
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli.common import ConfigOption, Exit, complain, config_path, say
from bridge.cli.writing import AccountAnswers, Answers, config_text, write_privately
from bridge.config import InvalidConfig, default_path, parse, settings_models
from bridge.core.errors import ConfigError
from bridge.core.hygiene import clean_name

_TELEGRAM_CHAT = re.compile(r"-?[0-9]{1,20}(/[0-9]{1,20})?")
_TELEGRAM_USER = re.compile(r"[0-9]{1,20}")
_TELEGRAM_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]+")
_MATRIX_ROOM = re.compile(r"![^\s,]+")
_MATRIX_USER = re.compile(r"@[^\s:,]+:[^\s,]+")
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")

_FIND_TELEGRAM_GROUP = (
    "open the group at https://web.telegram.org/a/ : its id is what follows # in the address, with the minus sign. "
    "Where the bridge already runs, add the bot and write /id in the group"
)
_FIND_TELEGRAM_USER = (
    "numbers, not @names. Open Saved Messages at https://web.telegram.org/a/ : your id is what follows # in the address"
)
_FIND_MATRIX_ROOM = "in Element: the room's settings, Advanced, Internal room ID; it begins with !"


@dataclass
class _Given:
    """Where answers come from: options first, then questions where somebody can answer them."""

    asks: bool
    missing: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    variables: set[str] = field(default_factory=set)

    def text(
        self,
        option: str,
        value: str | None,
        question: str,
        help_line: str,
        good: Callable[[str], bool],
        *,
        default: str | None = None,
        hidden: bool = False,
    ) -> str:
        """One answer; asks again until it is good. Without a terminal a bad or missing answer ends the command."""
        if value is not None or not self.asks:
            answer = (value if value is not None else default or "").strip()
            if good(answer):
                return answer
            self.missing.append(f"{option} {'is missing' if value is None else 'cannot be right'}: {help_line}")
            return answer
        say(f"\n{question}: {help_line}.")
        while True:
            asked: str = typer.prompt(
                "  ", default=default, hide_input=hidden, prompt_suffix="> ", show_default=bool(default)
            ).strip()
            if good(asked):
                return asked
            say("  That cannot be right; please look again.")

    def several(
        self, option: str, value: Sequence[str] | None, question: str, help_line: str, good: re.Pattern[str], least: int
    ) -> tuple[str, ...]:
        """A list of ids, written with commas between them."""
        joined = ",".join(value) if value else None

        def all_good(text: str) -> bool:
            return len(_parts(text)) >= least and all(good.fullmatch(part) for part in _parts(text))

        optional = "" if least == 0 else None
        return _parts(self.text(option, joined, question, help_line, all_good, default=optional))

    def secret(
        self, option: str, value: str | None, question: str, help_line: str, name: str, good: Callable[[str], bool]
    ) -> str:
        """A reference to a secret. A secret itself is kept for a file of its own; a reference is taken as it is."""
        answer = self.text(
            option,
            value,
            question,
            help_line,
            lambda text: text.startswith(("env:", "file:")) or good(text),
            hidden=True,
        )
        if answer.startswith("env:"):
            self.variables.add(answer.removeprefix("env:"))
            return answer
        if answer.startswith("file:"):
            return answer
        self.secrets[name] = answer
        return f"file:secrets/{name}"


def _parts(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def init(
    context: typer.Context,
    config: ConfigOption = None,
    name: Annotated[str | None, typer.Option(help="The community's name.")] = None,
    language: Annotated[str | None, typer.Option(help="Its language, such as en, fr or sw.")] = None,
    telegram_token: Annotated[
        str | None,
        typer.Option(
            envvar="BARAZA_TELEGRAM_TOKEN",
            show_envvar=True,
            help="env:NAME, file:PATH, or the token itself (which then goes into a file of its own).",
        ),
    ] = None,
    telegram_moderators: Annotated[str | None, typer.Option(help="Id of the moderators' group.")] = None,
    telegram_moderator_ids: Annotated[list[str] | None, typer.Option(help="User id; may be repeated.")] = None,
    telegram_groups: Annotated[list[str] | None, typer.Option(help="Id of a group; may be repeated.")] = None,
    telegram_api_url: Annotated[str | None, typer.Option(help="Another Bot API server.")] = None,
    matrix_homeserver: Annotated[str | None, typer.Option(help="Address of the homeserver.")] = None,
    matrix_user: Annotated[str | None, typer.Option(help="The bridge's own account.")] = None,
    matrix_password: Annotated[
        str | None,
        typer.Option(
            envvar="BARAZA_MATRIX_PASSWORD",
            show_envvar=True,
            help="env:NAME, file:PATH, or the password itself (which then goes into a file of its own).",
        ),
    ] = None,
    matrix_moderators: Annotated[str | None, typer.Option(help="Id of the moderators' room.")] = None,
    matrix_moderator_ids: Annotated[list[str] | None, typer.Option(help="User id; may be repeated.")] = None,
    matrix_groups: Annotated[list[str] | None, typer.Option(help="Id of a room; may be repeated.")] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing: what is needed comes by options.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there without asking.")] = False,
) -> None:
    """Ask a handful of questions and write a commented config file, with the secrets in files of their own."""
    given = _Given(asks=not no_input and sys.stdin.isatty())
    path = config_path(context, config)
    if given.asks:
        say(f"This writes {path}. Every answer can be changed there later.")
        say("Ctrl-C stops it; nothing is written before the end.")
    if path.exists() and not force:
        _may_replace(given, path)
    kinds = settings_models()
    shown = given.text(
        "--name", name, "The community's name", "it stands before every author's profile, such as HIFA", _is_name
    )
    spoken = given.text(
        "--language", language, "Its language", "a short code, such as en, fr or sw", _is_language, default="en"
    )
    accounts: list[AccountAnswers] = []
    if "telegram" in kinds and _wanted(given, "Telegram", telegram_token, telegram_moderators, telegram_groups):
        accounts.append(
            _telegram(
                given, telegram_token, telegram_moderators, telegram_moderator_ids, telegram_groups, telegram_api_url
            )
        )
    if "matrix" in kinds and _wanted(given, "Matrix", matrix_homeserver, matrix_user, matrix_moderators, matrix_groups):
        accounts.append(
            _matrix(
                given,
                matrix_homeserver,
                matrix_user,
                matrix_password,
                matrix_moderators,
                matrix_moderator_ids,
                matrix_groups,
            )
        )
    if not accounts:
        given.missing.append("an account is missing: give at least --telegram-token or --matrix-homeserver")
    elif not any(account.moderators for account in accounts):
        given.missing.append("a moderators' group is missing: give --telegram-moderators or --matrix-moderators")
    if given.missing:
        complain("Nothing was written.\n" + "\n".join(f"  {line}" for line in given.missing))
        raise typer.Exit(Exit.CONFIG)
    answers = Answers(id=_slug(shown), name=shown, language=spoken, accounts=tuple(accounts))
    _write(path, answers, given, force)
    say(f"\nWritten: {path}" + (f", and the secrets in {path.parent / 'secrets'}." if given.secrets else "."))
    for variable in sorted(given.variables - os.environ.keys()):
        say(f"Set the environment variable {variable} before you start Baraza.")
    where = "" if path == default_path() else f" --config {path}"
    say(f"Now run `baraza check{where}`: it tells what is still missing out there.")


def _wanted(given: _Given, what: str, *options: object) -> bool:
    return any(options) or (given.asks and typer.confirm(f"\nShall it work with {what}?", default=True))


def _telegram(
    given: _Given,
    token: str | None,
    moderators: str | None,
    people: Sequence[str] | None,
    groups: Sequence[str] | None,
    api_url: str | None,
) -> AccountAnswers:
    values = {
        "token": given.secret(
            "--telegram-token",
            token,
            "The bot's token (not shown while you type)",
            "write /newbot to @BotFather in Telegram; it answers with the token",
            "telegram-token",
            _like(_TELEGRAM_TOKEN),
        )
    }
    if api_url:
        help_line = "such as https://api.telegram.org"
        values["api_url"] = given.text("--telegram-api-url", api_url, "Bot API server", help_line, _like(_ADDRESS))
    channel = given.text(
        "--telegram-moderators",
        moderators,
        "The moderators' private group (empty: none on Telegram)",
        _FIND_TELEGRAM_GROUP,
        _like(_TELEGRAM_CHAT, or_empty=True),
        default="",
    )
    return AccountAnswers(
        name="telegram",
        kind="telegram",
        values=values,
        moderators=channel,
        moderator_ids=given.several(
            "--telegram-moderator-ids",
            people,
            "Who may approve (user ids, with commas between)",
            _FIND_TELEGRAM_USER,
            _TELEGRAM_USER,
            least=1 if channel else 0,
        ),
        groups=given.several(
            "--telegram-groups",
            groups,
            "The members' groups (ids, with commas between; empty: none yet)",
            _FIND_TELEGRAM_GROUP,
            _TELEGRAM_CHAT,
            least=0,
        ),
    )


def _matrix(
    given: _Given,
    homeserver: str | None,
    user: str | None,
    password: str | None,
    moderators: str | None,
    people: Sequence[str] | None,
    groups: Sequence[str] | None,
) -> AccountAnswers:
    values = {
        "homeserver": given.text(
            "--matrix-homeserver",
            homeserver,
            "The homeserver",
            "its address, such as https://matrix.example.org",
            _like(_ADDRESS),
        ),
        "user_id": given.text(
            "--matrix-user",
            user,
            "The bridge's own account",
            "make one for it in Element; its full id looks like @baraza:example.org",
            _like(_MATRIX_USER),
        ),
        "password": given.secret(
            "--matrix-password",
            password,
            "Its password (not shown while you type)",
            "used once to log in; the login is then kept",
            "matrix-password",
            bool,
        ),
    }
    channel = given.text(
        "--matrix-moderators",
        moderators,
        "The moderators' private room (empty: none on Matrix)",
        _FIND_MATRIX_ROOM,
        _like(_MATRIX_ROOM, or_empty=True),
        default="",
    )
    return AccountAnswers(
        name="matrix",
        kind="matrix",
        values=values,
        moderators=channel,
        moderator_ids=given.several(
            "--matrix-moderator-ids",
            people,
            "Who may approve (full ids, with commas between)",
            "such as @amina:example.org, @joao:example.org",
            _MATRIX_USER,
            least=1 if channel else 0,
        ),
        groups=given.several(
            "--matrix-groups",
            groups,
            "The members' rooms (ids, with commas between; empty: none yet)",
            _FIND_MATRIX_ROOM,
            _MATRIX_ROOM,
            least=0,
        ),
    )


def _like(pattern: re.Pattern[str], *, or_empty: bool = False) -> Callable[[str], bool]:
    return lambda text: bool(pattern.fullmatch(text)) or (or_empty and not text)


def _is_name(text: str) -> bool:
    return bool(text) and clean_name(text) == text


def _is_language(text: str) -> bool:
    return bool(re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", text))


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-") or "community"


# --- writing --------------------------------------------------------------------------------------------------------


def _may_replace(given: _Given, path: Path) -> None:
    if given.asks and typer.confirm(f"{path} is there already. Write over it?", default=False):
        return
    complain(f"{path} is left as it is. To write over it use --force; to write another use --config.")
    raise typer.Exit(Exit.FAILED)


def _write(path: Path, answers: Answers, given: _Given, force: bool) -> None:
    """All or nothing: the text is checked as a config file before anything is written."""
    folder = path.parent / "secrets"
    text = config_text(answers, settings_models())
    environ = {**dict.fromkeys(given.variables, "1:unset"), **os.environ}
    try:
        parse(text, path, environ=environ, pending={f"secrets/{name}": found for name, found in given.secrets.items()})
    except InvalidConfig as error:
        problems = "".join(f"\n  {replace(problem, line=None)}" for problem in error.problems)
        raise ConfigError(f"Nothing was written.{problems}") from None
    try:
        for name, secret in given.secrets.items():
            old = folder / name
            if old.exists() and not force and old.read_text(encoding="utf-8").strip() != secret:
                _may_replace(given, old)
        path.parent.mkdir(parents=True, exist_ok=True)
        for name, secret in given.secrets.items():
            write_privately(folder, name, secret)
        draft = path.with_name(f".{path.name}.new")
        draft.write_text(text, encoding="utf-8")
        draft.rename(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}; check who may write in its folder") from None
