"""What the config file says about one Telegram account."""

import re
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]+")
# https://core.telegram.org/bots/api#setwebhook
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class Settings(BaseModel):
    """One bot on Telegram."""

    # An error would otherwise show what was given, which may be a token.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: Literal["telegram"]
    token: SecretStr = Field(description="The bot's token, from @BotFather. Give it as env:NAME or file:PATH.")
    api_url: str = Field(
        default="https://api.telegram.org",
        description="The Bot API server. Change it only if you run a Bot API server of your own.",
    )
    server_files: Path | None = Field(
        default=None,
        description="Only for a Bot API server of your own that runs with --local: the folder where it keeps its files,"
        " readable for the bridge under the same path. Files of up to 2000 MB are carried then, instead of 20.",
    )
    updates: Literal["polling", "webhook"] = Field(
        default="polling",
        description="How messages arrive: polling needs no public address;"
        " webhook needs public_url and webhook_secret.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Proves that a webhook call comes from Telegram: 1 to 256 letters, digits, _ and -."
        " Give it as env:NAME or file:PATH.",
    )
    messages_per_second: int = Field(
        default=30, ge=0, description="Most messages of the whole bot in one second; 0 for no limit."
    )
    group_messages_per_minute: int = Field(
        default=20, ge=0, description="Most messages in one group in any 60 seconds; 0 for no limit."
    )
    chat_interval: float = Field(
        default=1.0, ge=0, description="Seconds between two messages in the same chat; 0 for no pause."
    )

    look_up_doubt: bool = Field(
        default=False,
        description="After a crash, find out whether a post is there by forwarding what may be it, without a sound, to"
        " the moderators' group and removing it again. Not tried with Telegram itself yet.",
    )

    @field_validator("token")
    @classmethod
    def _token_is_a_token(cls, token: SecretStr) -> SecretStr:
        stripped = token.get_secret_value().strip()
        if not _TOKEN.fullmatch(stripped):
            # The value itself stays out of the message: it may be most of a real token.
            raise ValueError("a bot's token looks like 123456789:AbC...; copy it again from @BotFather")
        return SecretStr(stripped)

    @field_validator("api_url")
    @classmethod
    def _address_is_http(cls, address: str) -> str:
        if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", address):
            raise ValueError("write the Bot API server as https://host or http://host:port")
        return address.rstrip("/")

    @field_validator("server_files")
    @classmethod
    def _folder_is_absolute(cls, folder: Path | None) -> Path | None:
        if folder is not None and not folder.is_absolute():
            raise ValueError("write server_files as a whole path, such as /var/lib/telegram-bot-api")
        return folder

    @model_validator(mode="after")
    def _files_are_of_our_own_server(self) -> Self:
        if self.server_files is not None and urlsplit(self.api_url).hostname == "api.telegram.org":
            raise ValueError("server_files needs api_url, the address of the Bot API server that keeps them")
        return self

    @model_validator(mode="after")
    def _webhook_is_guarded(self) -> Self:
        secret = self.webhook_secret.get_secret_value() if self.webhook_secret else ""
        if self.updates == "webhook" and not secret:
            raise ValueError('updates = "webhook" needs webhook_secret, or anybody could send us messages')
        if secret and not _SECRET.fullmatch(secret):
            raise ValueError("webhook_secret takes 1 to 256 letters, digits, _ and -")
        return self

    @property
    def bot_id(self) -> int:
        """The bot's user id: the part of the token before the colon, which is no secret."""
        return int(self.token.get_secret_value().partition(":")[0])
