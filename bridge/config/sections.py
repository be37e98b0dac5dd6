"""The tables of the config file, one model each. Types are strict: "20" is no number and 1 is not true."""

import re
from ipaddress import ip_network
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo

from bridge.config.membership import ProfileFieldSection, RetentionSection, no_twins
from bridge.config.moderating import (
    HoursText,
    PriceText,
    ReasonNames,
    RuleSection,
    TemplateSection,
    ZoneName,
    language_code,
)
from bridge.config.problems import did_you_mean
from bridge.core.archive import ArchivePolicy
from bridge.core.card import CardForm
from bridge.core.community import Intake
from bridge.core.hygiene import MAX_NAME, clean_name
from bridge.core.ids import Address, AddressError
from bridge.core.membership import Joining, Reading, WithoutProfile
from bridge.core.policy import NEUTRAL_REASONS


def _address(value: Any, info: ValidationInfo) -> Address:
    if not isinstance(value, str):
        raise ValueError("must be text in quotes: ACCOUNT:CHAT, for example telegram:-1002222222222")  # noqa: TRY004 - pydantic collects it
    try:
        address = Address.parse(value)
    except AddressError:
        raise ValueError("is not an address: write ACCOUNT:CHAT, for example telegram:-1002222222222") from None
    accounts = (info.context or {}).get("accounts", ())
    if address.account not in accounts:
        hint = did_you_mean(address.account, accounts)
        raise ValueError(f"there is no account {clean_name(address.account)!r}" + (f"; {hint}" if hint else ""))
    return address


def _person(value: Any, info: ValidationInfo) -> Address:
    if not isinstance(value, str) or ":" not in value:
        raise ValueError("must be ACCOUNT:USER in quotes, for example telegram:12345 or matrix:@amina:example.org")
    return _address(value, info)


def _shown_name(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty: it stands before every author's profile")
    if clean_name(text) != text:
        raise ValueError(f"must be one line of at most {MAX_NAME} letters, without surrounding spaces or odd signs")
    return text


def _community_id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{1,64}", text):
        raise ValueError('may hold only the letters a-z, digits and "-", for example hifa-english')
    return text


def _listen(text: str) -> str:
    if split_listen(text) is None:
        raise ValueError('must be HOST:PORT, for example "127.0.0.1:8080" or "[::1]:8080"')
    return text


def _public_url(text: str) -> str:
    if not text:
        return text
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and not (parts.query or parts.fragment)
        good = good and parts.username is None and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise ValueError('must be the address others reach this program at, such as "https://bridge.example.org"')
    return text.rstrip("/")


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        try:
            ip_network(text)
        except ValueError:
            raise ValueError(f"{clean_name(text)!r} is no address: write 127.0.0.1, ::1 or 10.0.0.0/8") from None
    return texts


def split_listen(text: str) -> tuple[str, int] | None:
    """Host and port of ``HOST:PORT``, or None where it is not one."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if not colon or not host or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        return None
    if (":" in host) is not bracketed or re.search(r"[\s/\[\]]", host):
        return None
    return host, int(port)


LanguageCode = Annotated[str, AfterValidator(language_code)]
ChatAddress = Annotated[Address, PlainValidator(_address)]
PersonAddress = Annotated[Address, PlainValidator(_person)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class BridgeSection(Section):
    database: str = Field(min_length=1)
    media: str = Field(default="data/media", min_length=1)
    max_megabytes: int = Field(default=50, ge=1, le=2000)
    language: LanguageCode = "en"


class WebSection(Section):
    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8080"
    public_url: Annotated[str, AfterValidator(_public_url)] = ""
    trusted_proxies: Annotated[tuple[str, ...], AfterValidator(_networks)] = ()


class GroupSection(Section):
    chat: ChatAddress
    intake: Intake = Intake.HOLD
    language: LanguageCode | None = None
    quiet_hours: HoursText | None = None
    time_zone: ZoneName | None = None
    sms_price: PriceText | None = None
    card: CardForm = CardForm.DEFAULT


class CommunitySection(Section):
    id: Annotated[str, AfterValidator(_community_id)]
    name: Annotated[str, AfterValidator(_shown_name)]
    language: LanguageCode | None = None
    moderators: tuple[ChatAddress, ...] = Field(min_length=1)
    moderator_ids: tuple[PersonAddress, ...] = ()
    senior_ids: tuple[PersonAddress, ...] = ()
    coordinator_ids: tuple[PersonAddress, ...] = ()
    trust_channel: bool = False
    allow_bots: tuple[PersonAddress, ...] = ()
    max_length: int = Field(default=20_000, ge=1, le=100_000)
    time_zone: ZoneName = "UTC"
    waking_hours: HoursText = "07:00-21:00"
    reminder_hours: int = Field(default=6, ge=1, le=24 * 7)
    author_reminder_hours: int = Field(default=24, ge=1, le=24 * 30)
    lapse_days: int = Field(default=14, ge=1, le=365)
    claim_minutes: int = Field(default=30, ge=1, le=24 * 60)
    undo_seconds: int = Field(default=10, ge=0, le=3600)
    posts_per_hour: int = Field(default=0, ge=0, le=10_000)
    approvals: int = Field(default=1, ge=1, le=5)
    own_posts: bool = False
    empty_reply_approves: bool = False
    consent_to_edits: bool = False
    mirror_reactions: bool = False
    sms_price: PriceText | None = None
    safeguarding_ids: tuple[PersonAddress, ...] = ()
    rules: tuple[RuleSection, ...] | None = None
    reject_reasons: ReasonNames = tuple(reason.value for reason in NEUTRAL_REASONS)
    questions: tuple[TemplateSection, ...] = ()
    safeguarding_replies: tuple[TemplateSection, ...] = ()
    joining: Joining = Joining.OPEN
    without_profile: WithoutProfile = WithoutProfile.PLAIN
    review_profiles: bool = True
    keep_posts: bool = False
    reading: Reading = Reading.GROUPS
    archive: ArchivePolicy = ArchivePolicy.OFF
    profile: Annotated[tuple[ProfileFieldSection, ...], AfterValidator(no_twins)] = ()
    inboxes: tuple[ChatAddress, ...] = ()
    groups: tuple[GroupSection, ...] = ()


KEYS: dict[str, frozenset[str]] = {
    "": frozenset({"bridge", "web", "retention", "accounts", "communities"}),
    "bridge": frozenset(BridgeSection.model_fields),
    "web": frozenset(WebSection.model_fields),
    "retention": frozenset(RetentionSection.model_fields),
    "communities": frozenset(CommunitySection.model_fields),
    "communities.groups": frozenset(GroupSection.model_fields),
    "communities.rules": frozenset({*RuleSection.model_fields} - {"check"} | {"if"}),
    "communities.profile": frozenset(ProfileFieldSection.model_fields),
    "communities.questions": frozenset(TemplateSection.model_fields),
    "communities.safeguarding_replies": frozenset(TemplateSection.model_fields),
}
"""What may stand in each table, for suggestions."""

EXAMPLES: dict[str, str] = {
    "bridge": '[bridge] with database = "sqlite://data/baraza.db"',
    "bridge.database": 'database = "sqlite://data/baraza.db"',
    "bridge.media": 'media = "data/media"',
    "bridge.max_megabytes": "max_megabytes = 50",
    "bridge.language": 'language = "en"',
    "web": '[web] with listen = "127.0.0.1:8080"',
    "web.listen": 'listen = "127.0.0.1:8080"',
    "web.trusted_proxies": 'trusted_proxies = ["127.0.0.1"]',
    "web.public_url": 'public_url = "https://bridge.example.org"',
    "retention": "[retention] with raw_days = 30",
    "retention.raw_days": "raw_days = 30",
    "retention.message_days": "message_days = 90",
    "retention.rejected_days": "rejected_days = 365",
    "retention.left_days": "left_days = 365",
    "accounts": '[accounts.telegram] with kind = "telegram"',
    "communities": '[[communities]] with id = "hifa"',
    "communities.id": 'id = "hifa"',
    "communities.name": 'name = "HIFA"',
    "communities.language": 'language = "en"',
    "communities.moderators": 'moderators = ["telegram:-1001111111111"]',
    "communities.moderator_ids": 'moderator_ids = ["telegram:12345"]',
    "communities.inboxes": 'inboxes = ["mail:hifa"]',
    "communities.trust_channel": "trust_channel = false",
    "communities.allow_bots": 'allow_bots = ["telegram:12345"]',
    "communities.max_length": "max_length = 20000",
    "communities.senior_ids": 'senior_ids = ["telegram:12345"]',
    "communities.coordinator_ids": 'coordinator_ids = ["telegram:12345"]',
    "communities.safeguarding_ids": 'safeguarding_ids = ["telegram:12345"]',
    "communities.approvals": "approvals = 1",
    "communities.own_posts": "own_posts = false",
    "communities.empty_reply_approves": "empty_reply_approves = false",
    "communities.consent_to_edits": "consent_to_edits = false",
    "communities.mirror_reactions": "mirror_reactions = false",
    "communities.sms_price": 'sms_price = "KES 0.80"',
    "communities.undo_seconds": "undo_seconds = 10",
    "communities.posts_per_hour": "posts_per_hour = 0",
    "communities.claim_minutes": "claim_minutes = 30",
    "communities.time_zone": 'time_zone = "Africa/Nairobi"',
    "communities.waking_hours": 'waking_hours = "07:00-21:00"',
    "communities.reminder_hours": "reminder_hours = 6",
    "communities.author_reminder_hours": "author_reminder_hours = 24",
    "communities.lapse_days": "lapse_days = 14",
    "communities.rules": '[[communities.rules]] with if = "links" and then = "hold"',
    "communities.rules.if": 'if = "links"',
    "communities.rules.then": 'then = "hold"',
    "communities.rules.over": "over = 3",
    "communities.rules.hours": "hours = 24",
    "communities.rules.words": 'words = ["insulin", "blood bank"]',
    "communities.reject_reasons": 'reject_reasons = ["relevance", "clarity"]',
    "communities.questions": "[[communities.questions]] with id, label and text.en",
    "communities.questions.id": 'id = "which-dose"',
    "communities.questions.label": 'label = "Which dose?"',
    "communities.questions.text": 'text.en = "Which dose do you mean?"',
    "communities.safeguarding_replies": "[[communities.safeguarding_replies]] with id, label and text.en",
    "communities.safeguarding_replies.id": 'id = "help"',
    "communities.safeguarding_replies.label": 'label = "Where to get help"',
    "communities.safeguarding_replies.text": 'text.en = "Thank you for telling us. ..."',
    "communities.joining": 'joining = "open"',
    "communities.without_profile": 'without_profile = "plain"',
    "communities.review_profiles": "review_profiles = true",
    "communities.keep_posts": "keep_posts = false",
    "communities.reading": 'reading = "daily"',
    "communities.archive": 'archive = "members"',
    "communities.profile": '[[communities.profile]] with id = "role"',
    "communities.profile.id": 'id = "role"',
    "communities.profile.kind": 'kind = "text"',
    "communities.profile.max_length": "max_length = 120",
    "communities.profile.required": "required = true",
    "communities.profile.shown": "shown = true",
    "communities.profile.label": 'label.en = "Years of practice"',
    "communities.profile.question": 'question.en = "For how many years have you practised?"',
    "communities.groups": '[[communities.groups]] with chat = "telegram:-1002222222222"',
    "communities.groups.chat": 'chat = "telegram:-1002222222222"',
    "communities.groups.intake": 'intake = "hold"',
    "communities.groups.language": 'language = "fr"',
    "communities.groups.quiet_hours": 'quiet_hours = "22:00-06:00"',
    "communities.groups.time_zone": 'time_zone = "Africa/Lusaka"',
    "communities.groups.sms_price": 'sms_price = "ZMW 0.35"',
    "communities.groups.card": 'card = "two_lines"',
}
"""How a key is written, for messages."""
