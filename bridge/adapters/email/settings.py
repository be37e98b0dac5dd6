"""What the config file says about one e-mail account: a domain with an address for each community."""

import re
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_HOST = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST_PORT = re.compile(rf"(?:{_HOST}|\[[0-9a-fA-F:.]+\]):([0-9]{{1,5}})")


class Settings(BaseModel):
    """Mail of one domain."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: Literal["email"] = "email"
    domain: str = Field(description="The domain of the communities' addresses, for example lists.example.org.")
    smtp: str = Field(
        default="127.0.0.1:25",
        description="HOST:PORT of the mail server (MTA) that takes our letters; it signs them and carries them on.",
    )
    smtp_connections: int = Field(
        default=10, ge=1, le=100, description="Most connections to the mail server at the same time."
    )
    lmtp: str = Field(
        default="",
        description="HOST:PORT at which the mail server hands us what comes, by LMTP, such as 127.0.0.1:2424."
        " Only the mail server may reach it.",
    )
    imap: str = Field(
        default="", description="HOST:PORT of a mailbox that is looked into instead, for those who have no mail server."
    )
    imap_user: str = Field(default="", description="The name of that mailbox.")
    imap_password: SecretStr | None = Field(default=None, description="Its password. Give it as env:NAME or file:PATH.")
    imap_folder: str = Field(default="INBOX", min_length=1, description="The folder that mail comes into.")
    imap_tls: bool = Field(default=True, description="Speak TLS from the first byte. False only on this machine.")
    imap_ca: str = Field(
        default="", description="The file of a certificate to trust there, where it is one of its own making."
    )
    poll_interval: float = Field(default=60.0, gt=0, le=3600, description="Seconds between two looks into the mailbox.")
    authserv_id: str = Field(
        default="",
        description="The name under which your own mail server says whether a sender is proven"
        " (Authentication-Results). Empty: no sender is.",
    )
    max_megabytes: int = Field(
        default=25, ge=1, le=200, description="Of the largest mail that is taken; your mail server's limit is smaller."
    )
    spool: Path = Field(
        default=Path("data/mail"),
        description="The folder where mail with files in it lies until they were taken out, and a few days more.",
    )
    keep_days: int = Field(default=7, ge=1, le=90, description="For so long.")
    prefix: bool = Field(default=True, description="Begin the subject of every letter with [NAME OF THE COMMUNITY].")

    @field_validator("domain")
    @classmethod
    def _domain_is_one(cls, domain: str) -> str:
        if len(domain) > 200 or "." not in domain or not re.fullmatch(_HOST, domain):
            raise ValueError("write the part of the addresses behind the @, such as lists.example.org")
        return domain.lower()

    @field_validator("smtp", "lmtp", "imap")
    @classmethod
    def _server_has_a_port(cls, value: str) -> str:
        match = _HOST_PORT.fullmatch(value)
        if value and (match is None or int(match[1]) > 65535):
            raise ValueError("write HOST:PORT, such as 127.0.0.1:25")
        return value

    @model_validator(mode="after")
    def _mail_comes_in_one_way(self) -> Self:
        if bool(self.lmtp) == bool(self.imap):
            raise ValueError('mail comes in by lmtp = "127.0.0.1:2424" or by imap = "HOST:993": write one of the two')
        if self.imap and not (self.imap_user and self.imap_password):
            raise ValueError("imap needs imap_user and imap_password")
        return self


def host_and_port(text: str) -> tuple[str, int]:
    """Of a checked HOST:PORT."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)
