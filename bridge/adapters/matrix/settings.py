"""What an operator writes about one Matrix account."""

import re
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator


class Settings(BaseModel):
    """One account on a Matrix homeserver. Give either ``password``, or ``access_token`` together with ``device_id``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["matrix"]
    homeserver: str = Field(description="Address of the homeserver's client API, such as https://matrix.example.org.")
    user_id: str = Field(description="Full id of the bridge's own account, such as @baraza:example.org.")
    password: SecretStr | None = Field(
        default=None, description="Password of the account. Logs in once; the login is then kept for ever."
    )
    access_token: SecretStr | None = Field(
        default=None, description="Instead of a password: the token of a login made elsewhere. Needs device_id."
    )
    device_id: str | None = Field(default=None, description="The device that access_token belongs to.")
    device_name: str = Field(default="Baraza", description="How the login is called in the account's list of devices.")
    direct_invites: Literal["anyone", "nobody"] = Field(
        default="anyone", description="Whose invitations to a private chat are followed: anyone's or nobody's."
    )

    group_invites: Literal["anyone", "moderators"] = Field(
        default="anyone",
        description=(
            "Whose invitations to a room are followed: anyone's or the moderators'. A room that nobody asks to connect "
            "is left after a day."
        ),
    )
    unlinked_rooms: int = Field(
        default=20, ge=0, le=1000, description="In how many rooms of others that are not connected it waits at a time."
    )
    author_names: bool = Field(
        default=True,
        description=(
            "Whether posts say in a form for Matrix apps (MSC4144) whose words they carry, so that apps that know it "
            "show the author's name above the message. Other apps show posts as they do without."
        ),
    )

    @field_validator("homeserver")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
            raise ValueError("write the homeserver as an address, for example https://matrix.example.org")
        return value.rstrip("/")

    @field_validator("user_id")
    @classmethod
    def _is_a_user(cls, value: str) -> str:
        if not re.fullmatch(r"@[^\s:]+:\S+", value):
            raise ValueError("write the full id of the account, for example @baraza:example.org")
        return value

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if (self.password is None) == (self.access_token is None):
            raise ValueError("give exactly one of password and access_token (with device_id)")
        if (self.access_token is None) != (self.device_id is None):
            raise ValueError(
                "access_token and device_id belong together: give both, or a password alone "
                "(the token's device is shown by the homeserver under /account/whoami)"
            )
        return self
