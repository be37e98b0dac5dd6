"""What the config file says about one SMS gateway."""

import re
from ipaddress import ip_network
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

import phonenumbers
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from bridge.adapters.sms import numbers, templates
from bridge.core.money import Price
from bridge.core.when import Hours

Preset = Literal["kannel", "smsgate", "africastalking", "twilio", "rapidpro", "textit", "custom"]

_SECRET = re.compile(r"[A-Za-z0-9_-]{22,200}")
"""22 characters of this alphabet hold 128 bits."""
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}")

URLS: dict[str, str] = {
    "kannel": "http://127.0.0.1:13013/cgi-bin/sendsms",
    "smsgate": "https://api.sms-gate.app/3rdparty/v1",
    "africastalking": "https://api.africastalking.com/version1/messaging",
    "twilio": "https://api.twilio.com/2010-04-01",
    "textit": "https://textit.com/api/v2",
}
"""Where each preset's gateway is, unless the config says another place."""
_PER_SECOND: dict[str, float] = {"kannel": 10, "africastalking": 10, "twilio": 1, "textit": 2, "smsgate": 0.5}
_NEEDS: dict[str, tuple[str, ...]] = {
    "kannel": ("username", "password"),
    "smsgate": ("username", "password"),
    "africastalking": ("username", "password"),
    "twilio": ("username", "password", "sender"),
    "textit": ("password",),
    "rapidpro": ("url",),
    "custom": ("url", "body"),
}


def _price(text: str) -> str:
    Price.parse(text)
    return text


def _hours(text: str) -> str:
    if text:
        Hours.parse(text)
    return text


def _network(text: str) -> str:
    try:
        ip_network(text)
    except ValueError:
        raise ValueError("is no address and no network; write 192.0.2.7 or 192.0.2.0/24") from None
    return text


PriceText = Annotated[str, AfterValidator(_price)]


class Settings(BaseModel):
    """One gateway, with one number or short code."""

    # An error would otherwise show what was given, which may be a password.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    private_only: ClassVar[bool] = True
    """Nobody is in a group over there: no community has to name a chat of it."""

    kind: Literal["sms"]
    preset: Preset = Field(
        description="Which gateway: kannel, smsgate (an Android phone), africastalking, twilio, rapidpro (any gateway"
        " made for RapidPro's External API), textit (a TextIt or RapidPro account), or custom."
    )
    country: str = Field(description="The country whose numbers are written without a country code, such as UG.")
    secret: SecretStr = Field(
        description="Part of the address that the gateway calls, so that nobody else can: 22 or more letters, digits,"
        " _ and -, made at random. Give it as env:NAME or file:PATH."
    )
    sender: str = Field(default="", description="The number or short code that members write to, such as 40404.")
    url: str = Field(default="", description="The gateway's own address. Leave it out for the preset's usual one.")
    callback_url: str = Field(
        default="",
        description="Where the gateway reaches Baraza, if not at public_url: http://127.0.0.1:8080 for a Kannel on the"
        " same machine.",
    )
    username: str = Field(default="", description="The gateway's user name; for twilio the account's SID.")
    password: SecretStr | None = Field(
        default=None,
        description="The gateway's password, API key or token. Give it as env:NAME or file:PATH.",
    )
    signing_key: SecretStr | None = Field(
        default=None,
        description="Calls must be signed with it (smsgate, custom and rapidpro: X-Signature). Twilio signs with the"
        " password. Give it as env:NAME or file:PATH.",
    )
    addresses: tuple[Annotated[str, AfterValidator(_network)], ...] = Field(
        default=(), description="Only these addresses or networks may call; leave it out for any that know the secret."
    )
    method: Literal["POST", "GET", "PUT"] = Field(
        default="POST", description="For custom and rapidpro: how the gateway is called."
    )
    content_type: str = Field(
        default="application/x-www-form-urlencoded",
        description="For custom and rapidpro: what the body is. In application/json each {{name}} becomes a quoted"
        " string; in a form and in the address it is encoded.",
    )
    headers: dict[str, str] = Field(
        default_factory=dict, description="For custom and rapidpro: more headers; {{password}} stands for the password."
    )
    body: str = Field(
        default="",
        description="For custom and rapidpro: the body, with {{to}} {{to_no_plus}} {{text}} {{id}} {{from}}"
        " {{from_no_plus}}.",
    )
    response_check: str = Field(
        default="", description="For custom and rapidpro: words that only an answer that took the message has."
    )
    sim: int | None = Field(default=None, ge=1, le=4, description="For smsgate: which SIM card of the phone sends.")
    per_second: float | None = Field(
        default=None,
        ge=0.02,
        le=1000,
        description="Most messages in a second. Leave it out for the preset's usual number.",
    )
    price: PriceText | None = Field(
        default=None, description='What one SMS costs where no price of its country is given, such as "UGX 35".'
    )
    prices: dict[str, PriceText] = Field(
        default_factory=dict, description="What one SMS costs by country, in the same currency."
    )
    monthly_cap: PriceText | None = Field(
        default=None,
        description='What may be spent in a calendar month, such as "UGX 500000". Then nothing more is sent, and the'
        " moderators are told.",
    )
    quiet_hours: Annotated[str, AfterValidator(_hours)] = Field(
        default="20:00-07:00", description="When nobody is sent what can wait, in their own time; empty for never."
    )
    pushes_per_day: int = Field(
        default=3, ge=0, le=100, description="Most messages a day that a member did not ask for; 0 for no limit."
    )

    @field_validator("country")
    @classmethod
    def _country_is_known(cls, code: str) -> str:
        if code not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError("is no country's code of two capital letters, such as UG")
        return code

    @field_validator("secret")
    @classmethod
    def _secret_is_long(cls, secret: SecretStr) -> SecretStr:
        if not _SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError("takes 22 or more letters, digits, _ and -: make one with `openssl rand -hex 16`")
        return secret

    @field_validator("prices")
    @classmethod
    def _prices_are_of_countries(cls, prices: dict[str, str]) -> dict[str, str]:
        for code in prices:
            if code not in phonenumbers.SUPPORTED_REGIONS:
                raise ValueError(f'"{code}" is no country\'s code of two capital letters')
        return prices

    @field_validator("headers")
    @classmethod
    def _headers_are_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not re.fullmatch(r"[A-Za-z0-9-]+", name) or not re.fullmatch(r"[ -~]*", value):
                raise ValueError("holds something that is no header: a name of letters and -, and a line of text")
        return headers

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for key in _NEEDS[self.preset]:
            if not getattr(self, key) and not (key == "body" and self.method == "GET"):
                raise ValueError(f'preset = "{self.preset}" needs {key}')
        if self.sender and numbers.read(self.sender, self.country) is None and not self._is_named:
            raise ValueError("sender is no number of that country, no short code and no name of at most 11 letters")
        if not re.fullmatch(r"https?://[^\s/?#]+(/[^\s#]*)?(\?[^\s#]*)?", self.gateway_url):
            raise ValueError("write url as http://host/path or https://host/path")
        if self.callback_url and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", self.callback_url):
            raise ValueError("write callback_url as http://host:port or https://host")
        return self

    @model_validator(mode="after")
    def _money_is_of_one_kind(self) -> Self:
        prices = [Price.parse(text) for text in (self.price, self.monthly_cap, *self.prices.values()) if text]
        if len({price.currency for price in prices}) > 1:
            raise ValueError("price, prices and monthly_cap must be in one currency")
        if self.monthly_cap and not (self.price or self.prices):
            raise ValueError("monthly_cap needs price or prices, or nothing could be added up")
        return self

    @model_validator(mode="after")
    def _templates_are_whole(self) -> Self:
        for template in (self.url, self.body, *self.headers.values()):
            if unknown := templates.unknown(template):
                raise ValueError(f"there is no {{{{{unknown}}}}}: {', '.join(templates.NAMES)} can be used")
        return self

    @property
    def _is_named(self) -> bool:
        """Twilio's messaging services have ids; other senders may be names, which take no replies."""
        return bool(_ALPHANUMERIC.fullmatch(self.sender) or re.fullmatch(r"MG[0-9a-f]{32}", self.sender))

    @property
    def gateway_url(self) -> str:
        return (self.url or URLS.get(self.preset, "")).rstrip("/")

    @property
    def is_local(self) -> bool:
        """Is the gateway on this machine? Elsewhere plain HTTP shows texts and passwords to whoever carries them."""
        return urlsplit(self.gateway_url).hostname in ("127.0.0.1", "localhost", "::1")

    @property
    def rate(self) -> float:
        return self.per_second or _PER_SECOND.get(self.preset, 1.0)

    @property
    def quiet(self) -> Hours | None:
        return Hours.parse(self.quiet_hours) if self.quiet_hours else None

    @property
    def hidden_password(self) -> str:
        return self.password.get_secret_value() if self.password else ""

    def price_to(self, number: str) -> Price | None:
        """What one SMS to a number costs; None where nobody said."""
        text = self.prices.get(numbers.country_of(number)) or self.price
        return Price.parse(text) if text else None
