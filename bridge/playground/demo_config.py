"""Writes the demo's config: a real file with secrets beside it, as an operator's is."""

import json
import os
from pathlib import Path

from bridge.playground import cast
from bridge.playground.matrix_side import HEALTH, MODERATORS, MatrixAccount

CONFIG = "baraza.toml"


def write_config(
    directory: Path, *, bot_token: str, api_url: str, web_port: int, sms: Path, matrix: MatrixAccount | None
) -> Path:
    """The config of the demo in ``directory``; returns its path. Without ``matrix`` there is no Matrix account."""
    secrets = directory / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    _write(secrets / "telegram-token", bot_token + "\n")
    groups = [(f"telegram:{cast.CHW_KENYA}", "hold"), (f"telegram:{cast.MIDWIVES_UGANDA}", "copy")]
    moderators = [f"telegram:{cast.MODERATORS}"]
    people = [f"telegram:{cast.GRACE}"]
    accounts = f"""
[accounts.telegram]
kind    = "telegram"
token   = "file:secrets/telegram-token"
api_url = {_text(api_url)}                # the simulator

[accounts.sms]
kind          = "loopback"
directory     = {_text(str(sms.resolve()))}
thin          = true
poll_interval = 0.2
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
    groups.append((f"sms:{cast.JOSEPH_NUMBER}", "hold"))
    chats = "".join(
        f"\n[[communities.groups]]\nchat   = {_text(chat)}\nintake = {_text(intake)}\n" for chat, intake in groups
    )
    text = f"""# Written anew at each start of the demo: changes here are lost.
[bridge]
database = "sqlite://baraza.db"
media    = "media"
language = "en"

[web]
listen = "127.0.0.1:{web_port}"
{accounts}
[[communities]]
id            = {_text(cast.COMMUNITY_ID)}
name          = {_text(cast.COMMUNITY_NAME)}
moderators    = {_text(moderators)}
moderator_ids = {_text(people)}
undo_seconds = 0
{chats}"""
    path = directory / CONFIG
    _write(path, text)
    return path


def _text(value: str | list[str]) -> str:
    """A TOML string or list of strings: for these JSON is the same."""
    return json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    """Replace the file as a whole, readable by its owner only."""
    new = path.with_name(path.name + ".new")
    with open(new, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
    new.replace(path)
