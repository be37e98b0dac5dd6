"""What a community's table says about its moderation: roles, rules, wordings, times."""

import re
from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bridge.config.problems import did_you_mean
from bridge.core.hygiene import clean_line
from bridge.core.ids import Address, UserId, UserRef
from bridge.core.money import Price
from bridge.core.policy import DEFAULT_RULES, NEUTRAL_REASONS, Check, Consequence, Policy, Reason, Role, Rule, Template
from bridge.core.when import Hours

_COUNTED = {Check.FIRST_POSTS: 1, Check.LINKS: 0, Check.ATTACHMENTS: 0}
"""Checks with a number of their own where none is written."""
_QUOTAS = (Check.AUTHOR_QUOTA, Check.SOURCE_QUOTA)
_USES = {
    **dict.fromkeys((*_COUNTED, Check.LENGTH), frozenset({"over"})),
    **dict.fromkeys(_QUOTAS, frozenset({"over", "hours"})),
    Check.DUPLICATE: frozenset({"hours"}),
    Check.WORDS: frozenset({"words"}),
}
"""What may be written beside ``if`` and ``then``; nothing, where a check is not named."""
_LONGEST = 600
"""Characters of a wording: it goes out as one message, also by SMS."""


def language_code(text: str) -> str:
    """A language tag as it was written. Raises ValueError for what is none."""
    try:
        Locale.parse(text, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        raise ValueError('is no language code; write for example "en", "fr", "sw" or "pt-BR"') from None
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('is no time zone; write for example "Africa/Nairobi" or "UTC"') from None
    return text


def _hours(text: str) -> str:
    Hours.parse(text)
    return text


def _price(text: str) -> str:
    Price.parse(text)
    return text


def _choice(kind: type[Check] | type[Consequence], what: str) -> PlainValidator:
    offered = [member.value for member in kind if member not in (Check.FAILED, Check.EMERGENCY)]

    def read(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"must be text in quotes; there is: {', '.join(offered)}")  # noqa: TRY004 - pydantic collects it
        if value not in offered:
            raise ValueError(f"{what}; {did_you_mean(value, offered)}")
        return kind(value)

    return PlainValidator(read)


def _words(words: tuple[str, ...]) -> tuple[str, ...]:
    if not all(any(map(str.isalnum, word)) for word in words):
        raise ValueError("every word needs at least one letter or digit")
    return words


def _template_id(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9_-]{1,40}", text):
        raise ValueError('may hold only the letters a-z, digits, "-" and "_", at most 40, for example which-dose')
    return text


def _label(text: str) -> str:
    if not clean_line(text) or len(text) > 40:
        raise ValueError("must be one to 40 letters: it stands on a button")
    return text


def _wordings(texts: dict[str, str]) -> dict[str, str]:
    if not texts:
        raise ValueError('must hold at least one language, for example text.en = "Which dose do you mean?"')
    for language, text in texts.items():
        try:
            language_code(language)
        except ValueError as error:
            raise ValueError(f"one of its keys {error}") from None
        if not clean_line(text):
            raise ValueError(f"the wording in {language} must not be empty")
        if len(text) > _LONGEST:
            raise ValueError(f"the wording in {language} has {len(text)} letters; at most {_LONGEST} are sent")
        if re.search(r"[{}]", text.replace("{name}", "")):
            raise ValueError(
                f"the wording in {language} has braces; only {{name}} is filled in, with the author's name"
            )
    return texts


def _reasons(names: tuple[str, ...]) -> tuple[str, ...]:
    offered = [reason.value for reason in NEUTRAL_REASONS]
    for name in names:
        if name not in offered:
            hint = did_you_mean(name, offered)
            raise ValueError(f"there is no such reason; disagreeing is none; {hint}")
    if len(set(names)) != len(names) or not names:
        raise ValueError(f"needs at least one reason, and each only once; there is: {', '.join(offered)}")
    return names


ReasonNames = Annotated[tuple[str, ...], AfterValidator(_reasons)]
ZoneName = Annotated[str, AfterValidator(_zone)]
PriceText = Annotated[str, AfterValidator(_price)]
HoursText = Annotated[str, AfterValidator(_hours)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class RuleSection(_Section):
    """``if`` asks, ``then`` says what a yes leads to."""

    check: Annotated[Any, _choice(Check, "there is no such rule")] = Field(alias="if")
    then: Annotated[Any, _choice(Consequence, "a rule cannot lead to that")]
    over: int | None = Field(default=None, ge=0, le=1_000_000)
    hours: int = Field(default=24, ge=1, le=24 * 90)
    words: Annotated[tuple[str, ...], AfterValidator(_words)] = ()

    @field_validator("then")
    @classmethod
    def _possible(cls, then: Consequence, info: ValidationInfo) -> Consequence:
        if then is Consequence.REFUSE and info.data.get("check") not in (None, *_QUOTAS):
            raise ValueError('only "author_quota" and "source_quota" may refuse; write then = "hold"')
        return then

    @field_validator("over", "hours", "words")
    @classmethod
    def _used(cls, value: object, info: ValidationInfo) -> object:
        check = info.data.get("check")
        if check is not None and info.field_name not in _USES.get(check, ()):
            raise ValueError(f'means nothing beside if = "{check.value}"; leave it out')
        if check is Check.FIRST_POSTS and not value:
            raise ValueError("must be at least 1: nobody has fewer than no posts")
        return value

    @model_validator(mode="after")
    def _complete(self) -> "RuleSection":
        if self.check in (Check.LENGTH, *_QUOTAS) and not self.over:
            raise ValueError(f'the rule "{self.check.value}" needs over = a number')
        if self.check is Check.WORDS and not self.words:
            raise ValueError('the rule "words" needs words = ["...", "..."]')
        return self

    def rule(self) -> Rule:
        over = self.over if self.over is not None else _COUNTED.get(self.check, 0)
        words = tuple(word.strip() for word in self.words)
        return Rule(check=self.check, then=self.then, over=over, hours=self.hours, words=words)


class TemplateSection(_Section):
    id: Annotated[str, AfterValidator(_template_id)]
    label: Annotated[str, AfterValidator(_label)]
    text: Annotated[dict[str, str], AfterValidator(_wordings)]

    def template(self) -> Template:
        texts = {language: clean_line(text, _LONGEST) for language, text in self.text.items()}
        return Template(id=self.id, label=clean_line(self.label, 40), texts=texts)


def price(text: str | None) -> Price | None:
    return None if text is None else Price.parse(text)


def user(address: Address) -> UserRef:
    return UserRef(address.account, UserId(str(address.chat)))


def policy(section: Any) -> Policy:
    """The policy that a checked ``[[communities]]`` table describes."""
    roles = {user(who): Role.MODERATOR for who in section.moderator_ids}
    roles |= {user(who): Role.SENIOR for who in section.senior_ids}
    roles |= {user(who): Role.COORDINATOR for who in section.coordinator_ids}
    return Policy(
        roles=roles,
        zone=ZoneInfo(section.time_zone),
        rules=tuple(row.rule() for row in section.rules) if section.rules is not None else DEFAULT_RULES,
        reasons=tuple(map(Reason, section.reject_reasons)),
        questions=tuple(row.template() for row in section.questions),
        safeguarding=frozenset(user(who) for who in section.safeguarding_ids),
        safeguarding_replies=tuple(row.template() for row in section.safeguarding_replies),
        own_posts=section.own_posts,
        empty_reply_approves=section.empty_reply_approves,
        approvals=section.approvals,
        consent_to_edits=section.consent_to_edits,
        mirror_reactions=section.mirror_reactions,
        undo=timedelta(seconds=section.undo_seconds),
        posts_per_hour=section.posts_per_hour,
        claim_for=timedelta(minutes=section.claim_minutes),
        waking=Hours.parse(section.waking_hours),
        remind_moderators=timedelta(hours=section.reminder_hours),
        remind_author=timedelta(hours=section.author_reminder_hours),
        lapse=timedelta(days=section.lapse_days),
    )
