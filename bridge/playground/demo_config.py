"""Writes the demo's config: a real file with secrets beside it, as an operator's is."""

import json
import os
from pathlib import Path
from secrets import token_hex

from bridge.playground import cast
from bridge.playground.matrix_side import HEALTH, MODERATORS, MatrixAccount
from bridge.playground.post_office import AUTHSERV_ID, DOMAIN, PostOffice
from bridge.playground.sms_gateway import CURRENCY, PRICE, SHORT_CODE, SmsGateway

CONFIG = "baraza.toml"


def write_config(
    directory: Path,
    *,
    bot_token: str,
    api_url: str,
    web_port: int,
    gateway: SmsGateway,
    office: PostOffice,
    matrix: MatrixAccount | None,
) -> Path:
    """The config of the demo in ``directory``; returns its path. Without ``matrix`` there is no Matrix account.

    The gateway is told where the bridge will be called.
    """
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    _write(secrets / "telegram-token", bot_token + "\n")
    calls = _kept_secret(secrets / "sms-calls")
    gateway.callback = f"http://127.0.0.1:{web_port}/sms/sms/{calls}"
    _write(secrets / "sms-password", gateway.password + "\n")
    _write(secrets / "sms-signing-key", gateway.signing_key + "\n")
    groups = [(f"telegram:{cast.CHW_KENYA}", "hold"), (f"telegram:{cast.MIDWIVES_UGANDA}", "copy")]
    moderators = [f"telegram:{cast.MODERATORS}"]
    people = [f"telegram:{cast.GRACE}"]
    accounts = f"""
[accounts.telegram]
kind    = "telegram"
token   = "file:secrets/telegram-token"
api_url = {_text(api_url)}                # the simulator

[accounts.sms]
kind           = "sms"
preset         = "custom"                  # the demo's own gateway
country        = "KE"
sender         = {_text(SHORT_CODE)}
url            = "http://127.0.0.1:{gateway.port}/send"
content_type   = "application/json"
body           = '{{"to": {{{{to}}}}, "from": {{{{from}}}}, "text": {{{{text}}}}, "id": {{{{id}}}}}}'
headers        = {{ Authorization = "Bearer {{{{password}}}}" }}
response_check = "accepted"
password       = "file:secrets/sms-password"
secret         = "file:secrets/sms-calls"
signing_key    = "file:secrets/sms-signing-key"
callback_url   = "http://127.0.0.1:{web_port}"
per_second     = 20
price          = "{CURRENCY} {PRICE / 100:.2f}"
monthly_cap    = "{CURRENCY} 500"
quiet_hours    = ""                        # visitors come at night, too
pushes_per_day = 0

[accounts.mail]
kind          = "email"
domain        = {_text(DOMAIN)}
smtp          = "127.0.0.1:{office.port}"           # the demo's own mail server
lmtp          = "127.0.0.1:{office.lmtp_port}"
authserv_id   = {_text(AUTHSERV_ID)}
spool         = "mail/spool"
"""
    if matrix is not None:
        _write(secrets / "matrix-password", matrix.login.password + "\n")
        groups.append((f"matrix:{matrix.rooms[HEALTH]}", "hold"))
        moderators.append(f"matrix:{matrix.rooms[MODERATORS]}")
        people.append(f"matrix:{matrix.moderator}")
        accounts += f"""
[accounts.matrix]
kind       = "matrix"
homeserver = {_text(matrix.homeserver)}   # the Synapse that the demo has started
user_id    = {_text(matrix.login.user_id)}
password   = "file:secrets/matrix-password"
"""
    chats = "".join(
        f"\n[[communities.groups]]\nchat   = {_text(chat)}\nintake = {_text(intake)}\n" for chat, intake in groups
    )
    text = f"""# Written anew at each start of the demo: changes here are lost.
[bridge]
database = "sqlite://baraza.db"
media    = "media"
language = "en"

[web]
listen     = "127.0.0.1:{web_port}"
public_url = {_text(cast.PUBLIC_URL)}
{accounts}
[[communities]]
id            = {_text(cast.COMMUNITY_ID)}
name          = {_text(cast.COMMUNITY_NAME)}
moderators    = {_text(moderators)}
moderator_ids = {_text(people)}
inboxes       = ["mail:{cast.COMMUNITY_ID}"]
archive       = "public"
undo_seconds  = 0
{chats}"""
    path = directory / CONFIG
    _write(path, text)
    return path


def _text(value: str | list[str]) -> str:
    """A TOML string or list of strings: for these JSON is the same."""
    return json.dumps(value, ensure_ascii=False)


def _kept_secret(path: Path) -> str:
    """The same at every start: a gateway's calls may be on their way."""
    if not path.exists():
        _write(path, token_hex(16) + "\n")
    return path.read_text("utf-8").strip()


def _write(path: Path, text: str) -> None:
    """Replace the file as a whole, readable by its owner only."""
    new = path.with_name(path.name + ".new")
    with open(new, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    new.replace(path)
