"""``baraza init``: a handful of questions, each with one line on how to find the answer."""

import os
import re
import sys
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli import asking
from bridge.cli.asking import Given
from bridge.cli.common import ConfigOption, Exit, complain, config_path, say
from bridge.cli.writing import AccountAnswers, Answers, config_text, write_privately
from bridge.config import InvalidConfig, default_path, parse, settings_models
from bridge.core.errors import ConfigError
from bridge.core.hygiene import clean_name


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
    mail_domain: Annotated[str | None, typer.Option(help="Domain of the community's mail address.")] = None,
    mail_smtp: Annotated[str | None, typer.Option(help="HOST:PORT of the mail server that sends.")] = None,
    mail_lmtp: Annotated[str | None, typer.Option(help="HOST:PORT where it hands mail over (LMTP).")] = None,
    mail_imap: Annotated[str | None, typer.Option(help="HOST:PORT of a mailbox to look into instead.")] = None,
    mail_imap_user: Annotated[str | None, typer.Option(help="The mailbox's name.")] = None,
    mail_imap_password: Annotated[
        str | None,
        typer.Option(envvar="BARAZA_IMAP_PASSWORD", show_envvar=True, help="env:NAME, file:PATH, or itself."),
    ] = None,
    mail_authserv_id: Annotated[str | None, typer.Option(help="Who says that a sender is proven.")] = None,
    mail_moderators: Annotated[list[str] | None, typer.Option(help="Who moderates by mail; may be repeated.")] = None,
    sms_preset: Annotated[str | None, typer.Option(help="The SMS gateway, such as kannel or smsgate.")] = None,
    sms_country: Annotated[str | None, typer.Option(help="Its country, such as UG.")] = None,
    sms_sender: Annotated[str | None, typer.Option(help="The number or short code.")] = None,
    sms_url: Annotated[str | None, typer.Option(help="The gateway's address (kannel).")] = None,
    sms_username: Annotated[str | None, typer.Option(help="The user name there.")] = None,
    sms_password: Annotated[
        str | None, typer.Option(envvar="BARAZA_SMS_PASSWORD", show_envvar=True, help="env:NAME, file:PATH, or itself.")
    ] = None,
    no_input: Annotated[bool, typer.Option("--no-input", help="Ask nothing: what is needed comes by options.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over what is there without asking.")] = False,
) -> None:
    """Ask a handful of questions and write a commented config file, with the secrets in files of their own."""
    given = Given(asks=not no_input and sys.stdin.isatty())
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
            asking.telegram(
                given, telegram_token, telegram_moderators, telegram_moderator_ids, telegram_groups, telegram_api_url
            )
        )
    if "matrix" in kinds and _wanted(given, "Matrix", matrix_homeserver, matrix_user, matrix_moderators, matrix_groups):
        accounts.append(
            asking.matrix(
                given,
                matrix_homeserver,
                matrix_user,
                matrix_password,
                matrix_moderators,
                matrix_moderator_ids,
                matrix_groups,
            )
        )
    letters = asking.MailOptions(
        domain=mail_domain,
        smtp=mail_smtp,
        lmtp=mail_lmtp,
        imap=mail_imap,
        imap_user=mail_imap_user,
        imap_password=mail_imap_password,
        authserv_id=mail_authserv_id,
        moderators=mail_moderators,
    )
    if "email" in kinds and _wanted(given, "e-mail", mail_domain, mail_lmtp, mail_imap, default=False):
        accounts.append(asking.mail(given, letters, _slug(shown)))
    gateway = asking.SmsOptions(
        preset=sms_preset,
        country=sms_country,
        sender=sms_sender,
        url=sms_url,
        username=sms_username,
        password=sms_password,
    )
    if "sms" in kinds and _wanted(given, "SMS", sms_preset, sms_sender, default=False):
        accounts.append(asking.sms(given, gateway))
    if not accounts:
        given.missing.append(
            "an account is missing: give at least --telegram-token, --matrix-homeserver or --mail-domain"
        )
    elif not any(account.moderators or account.channels for account in accounts):
        given.missing.append(
            "a moderators' group is missing: give --telegram-moderators, --matrix-moderators or --mail-moderators"
        )
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


def _wanted(given: Given, what: str, *options: object, default: bool = True) -> bool:
    return any(options) or (given.asks and typer.confirm(f"\nShall it work with {what}?", default=default))


def _is_name(text: str) -> bool:
    return bool(text) and clean_name(text) == text


def _is_language(text: str) -> bool:
    return bool(re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", text))


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-") or "community"


# --- writing --------------------------------------------------------------------------------------------------------


def _may_replace(given: Given, path: Path) -> None:
    if given.asks and typer.confirm(f"{path} is there already. Write over it?", default=False):
        return
    complain(f"{path} is left as it is. To write over it use --force; to write another use --config.")
    raise typer.Exit(Exit.FAILED)


def _write(path: Path, answers: Answers, given: Given, force: bool) -> None:
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
