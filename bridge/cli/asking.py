"""What ``baraza init`` asks about each kind of account: a handful of questions, each with where the answer is found."""

import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import typer

from bridge.cli.common import say
from bridge.cli.writing import AccountAnswers

_TELEGRAM_CHAT = re.compile(r"-?[0-9]{1,20}(/[0-9]{1,20})?")
_TELEGRAM_USER = re.compile(r"[0-9]{1,20}")
_TELEGRAM_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]+")
_MATRIX_ROOM = re.compile(r"![^\s,]+")
_MATRIX_USER = re.compile(r"@[^\s:,]+:[^\s,]+")
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_HOST_PORT = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}")
_MAILBOX = re.compile(r"[^\s@,A-Z]+@[^\s@,A-Z]+")
_COUNTRY = re.compile(r"[A-Z]{2}")
_SENDER = re.compile(r"\+?[0-9]{3,15}")
_PRESETS = ("kannel", "smsgate", "africastalking", "twilio", "textit")
"""Those that a handful of answers is enough for; for others there is the config file."""
_WITH_ADDRESS, _WITH_USER = ("kannel",), ("kannel", "smsgate", "africastalking", "twilio")
_OWN_SERVER = "Does a mail server of your own hand mail over to Baraza (no: it looks into a mailbox)?"

_FIND_TELEGRAM_GROUP = (
    "open the group at https://web.telegram.org/a/ : its id is what follows # in the address, with the minus sign. "
    "Where the bridge already runs, add the bot and write /id in the group"
)
_FIND_TELEGRAM_USER = (
    "numbers, not @names. Open Saved Messages at https://web.telegram.org/a/ : your id is what follows # in the address"
)
_FIND_MATRIX_ROOM = "in Element: the room's settings, Advanced, Internal room ID; it begins with !"


@dataclass
class Given:
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


def telegram(
    given: Given,
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


def matrix(
    given: Given,
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


@dataclass(frozen=True, kw_only=True)
class MailOptions:
    """As given on the command line."""

    domain: str | None
    smtp: str | None
    lmtp: str | None
    imap: str | None
    imap_user: str | None
    imap_password: str | None
    authserv_id: str | None
    moderators: Sequence[str] | None


def mail(given: Given, options: MailOptions, community: str) -> AccountAnswers:
    values = {
        "domain": given.text(
            "--mail-domain",
            options.domain,
            "The domain of the community's address",
            f"members will write to {community}@ that domain, such as lists.example.org",
            _like(_DOMAIN),
        ),
        "smtp": given.text(
            "--mail-smtp",
            options.smtp,
            "The mail server that sends",
            "its HOST:PORT; docs/how-to/email.md sets one up on this machine",
            _like(_HOST_PORT),
            default="127.0.0.1:25",
        ),
    }
    if options.imap or (given.asks and not options.lmtp and not typer.confirm(_OWN_SERVER, default=True)):
        values["imap"] = given.text(
            "--mail-imap", options.imap, "The mailbox's server", "its HOST:PORT for IMAP over TLS", _like(_HOST_PORT)
        )
        values["imap_user"] = given.text("--mail-imap-user", options.imap_user, "The mailbox's name", "to log in", bool)
        values["imap_password"] = given.secret(
            "--mail-imap-password",
            options.imap_password,
            "Its password (not shown while you type)",
            "many providers give one for programs alone",
            "mail-imap-password",
            bool,
        )
    else:
        values["lmtp"] = given.text(
            "--mail-lmtp",
            options.lmtp,
            "Where the mail server hands mail over to Baraza",
            "HOST:PORT on this machine (LMTP)",
            _like(_HOST_PORT),
            default="127.0.0.1:2424",
        )
    verifier = given.text(
        "--mail-authserv-id",
        options.authserv_id,
        "The name under which that server says whether a sender is proven (empty: it does not)",
        "authserv_id of OpenDMARC, often the server's own name. Without it every sender counts as unproven",
        _like(_DOMAIN, or_empty=True),
        default="",
    )
    people = given.several(
        "--mail-moderators",
        options.moderators,
        "Who moderates by mail (addresses, with commas between; empty: nobody)",
        "every held post comes to them as a letter, and they answer it",
        _MAILBOX,
        least=0,
    )
    return AccountAnswers(
        name="mail",
        kind="email",
        values={**values, **({"authserv_id": verifier} if verifier else {})},
        moderators="",
        moderator_ids=people,
        groups=(),
        inboxes=(community,),
        channels=people,
    )


@dataclass(frozen=True, kw_only=True)
class SmsOptions:
    """As given on the command line."""

    preset: str | None
    country: str | None
    sender: str | None
    url: str | None
    username: str | None
    password: str | None


def sms(given: Given, options: SmsOptions) -> AccountAnswers:
    preset = given.text(
        "--sms-preset",
        options.preset,
        "Which gateway",
        f"one of {', '.join(_PRESETS)}; docs/how-to/real-accounts.md says what each is",
        lambda text: text in _PRESETS,
    )
    values = {
        "preset": preset,
        "country": given.text(
            "--sms-country",
            options.country,
            "The country whose numbers are written without a country code",
            "two capital letters, such as UG",
            _like(_COUNTRY),
        ),
        "sender": given.text(
            "--sms-sender",
            options.sender,
            "The number or short code that members write to",
            "as they type it, such as 40404 or +256700000000",
            _like(_SENDER),
        ),
    }
    if preset in _WITH_ADDRESS:
        where = "its address, such as http://127.0.0.1:13013/cgi-bin/sendsms; bridge/adapters/sms/README.md has others"
        values["url"] = given.text("--sms-url", options.url, "The gateway's own address", where, _like(_ADDRESS))
    if preset in _WITH_USER:
        what = "for twilio the account's SID" if preset == "twilio" else "as the gateway knows you"
        values["username"] = given.text("--sms-username", options.username, "The user name there", what, bool)
    values["password"] = given.secret(
        "--sms-password",
        options.password,
        "The password, API key or token there (not shown while you type)",
        "from the gateway's own page or config",
        "sms-password",
        bool,
    )
    # Part of the address that the gateway calls: nobody has to think one up.
    given.secrets["sms-secret"] = secrets.token_urlsafe(24)
    values["secret"] = "file:secrets/sms-secret"  # noqa: S105 - where it is
    return AccountAnswers(name="sms", kind="sms", values=values, moderators="", moderator_ids=(), groups=())
