"""What ``baraza init`` writes: a config file that explains itself, and a private file for each secret."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

from bridge.config import mentions

_WIDTH = 110


@dataclass(frozen=True, kw_only=True)
class AccountAnswers:
    """One account, as answered: ready values by key; secrets are already references."""

    name: str
    kind: str
    values: Mapping[str, str]
    moderators: str
    moderator_ids: tuple[str, ...]
    groups: tuple[str, ...]
    inboxes: tuple[str, ...] = ()
    """Addresses at which members write to the community."""
    channels: tuple[str, ...] = ()
    """Further moderators' channels: mailboxes of people."""


@dataclass(frozen=True, kw_only=True)
class Answers:
    id: str
    name: str
    language: str
    accounts: tuple[AccountAnswers, ...]
    database: str = "sqlite://data/baraza.db"
    listen: str = "127.0.0.1:8080"
    public_url: str = ""
    intake: str = "hold"


def quoted(value: str) -> str:
    """A TOML basic string; JSON's escapes are TOML's too, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _listed(values: Sequence[str]) -> str:
    return f"[{', '.join(map(quoted, values))}]"


def _literal(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    return quoted(value) if isinstance(value, str) else None


def _comment(text: str) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > _WIDTH:
            lines.append("")
        lines[-1] += f" {word}"
    return [f"#{line}" for line in lines]


def config_text(answers: Answers, kinds: Mapping[str, type[BaseModel]]) -> str:
    """The commented config file. What an adapter offers is explained in its own words, with its defaults."""
    lines = [
        "# Written by `baraza init`. After a change run `baraza check`, then restart `baraza run`.",
        "# Paths count from the folder of this file. A secret never stands here, only where it is:",
        "# env:NAME (a variable) or file:PATH (a file with nothing else in it).",
        "",
        "[bridge]",
        "# Where everything is kept: sqlite://PATH, or postgres://user:password@host/name. Back this up.",
        f"database = {quoted(answers.database)}",
        "# Photos and documents, without their hidden data (place, camera).",
        'media    = "data/media"',
        "# What the bridge speaks where a community or group has no language of its own.",
        f"language = {quoted(answers.language)}",
        "",
        "[web]",
        "# Health, metrics and webhooks. Leave it on 127.0.0.1 unless a reverse proxy stands before it.",
        f"listen     = {quoted(answers.listen)}",
        "# The address others reach it at; needed only for webhooks and public links.",
        f"public_url = {quoted(answers.public_url)}"
        if answers.public_url
        else '# public_url = "https://bridge.example.org"',
    ]
    for account in answers.accounts:
        lines += ["", *_account(account, kinds[account.kind])]
    people = [f"{a.name}:{person}" for a in answers.accounts for person in a.moderator_ids]
    channels = [f"{a.name}:{chat}" for a in answers.accounts for chat in (a.moderators, *a.channels) if chat]
    inboxes = [f"{a.name}:{inbox}" for a in answers.accounts for inbox in a.inboxes]
    lines += [
        "",
        "[[communities]]",
        f"id   = {quoted(answers.id)}",
        "# Stands before every author's profile.",
        f"name = {quoted(answers.name)}",
        "# The private channels in which posts are shown to moderators.",
        f"moderators = {_listed(channels)}",
        "# Who may decide: nobody else.",
        f"moderator_ids = {_listed(people)}",
        "# true: whoever writes or presses in a moderators' channel may decide.",
        "# trust_channel = false",
        *(["# Addresses at which members write to it.", f"inboxes = {_listed(inboxes)}"] if inboxes else []),
        "# Longest post, in characters.",
        "# max_length = 20000",
        "",
        "# The groups that are bridged. What happens to a message that a member writes in one (intake):",
        "#   hold  it is removed, and comes back with its author's profile once approved",
        "#         (the bot needs the right to delete messages)",
        "#   copy  it stays; once approved, the other groups receive it",
        "#   none  the group only receives; members write to the bot privately",
    ]
    for account in answers.accounts:
        for group in account.groups:
            chat = quoted(f"{account.name}:{group}")
            lines += ["[[communities.groups]]", f"chat   = {chat}", f"intake = {quoted(answers.intake)}", ""]
    return "\n".join(lines).rstrip() + "\n"


def _account(account: AccountAnswers, model: type[BaseModel]) -> list[str]:
    lines = [f"[accounts.{account.name}]", f"kind = {quoted(account.kind)}"]
    for key, info in model.model_fields.items():
        if key == "kind":
            continue
        comment = _comment(info.description or "")
        if key in account.values:
            lines += [*comment, f"{key} = {quoted(account.values[key])}"]
        elif (default := _literal(info.default)) is not None:
            lines += [*comment, f"# {key} = {default}"]
        elif mentions(info.annotation, SecretStr):
            name = f"{account.name}-{key.replace('_', '-')}"
            lines += [*comment, f'# {key} = "file:secrets/{name}"']
        elif not info.is_required():
            lines += [*comment, f'# {key} = ""']
    return lines


def write_privately(folder: Path, name: str, secret: str) -> Path:
    """A secret in a file of mode 600, in a folder of mode 700; replaces what was there in one step."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    path = folder / name
    draft = folder / f".{name}.new"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(f"{secret}\n")
    draft.rename(path)
    return path
