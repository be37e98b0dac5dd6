"""What a community's table says about its moderation: roles, rules, wordings, times."""

from datetime import timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, model_validator

from bridge.config.problems import did_you_mean
from bridge.core.hygiene import clean_line
from bridge.core.ids import Address, UserId, UserRef
from bridge.core.policy import DEFAULT_RULES, Check, Consequence, Policy, Role, Rule, Template
from bridge.core.when import Hours

_COUNTED = {Check.FIRST_POSTS: 1, Check.LINKS: 0, Check.ATTACHMENTS: 0}
"""Checks with a number of their own where none is written."""
_QUOTAS = (Check.AUTHOR_QUOTA, Check.SOURCE_QUOTA)


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('is no time zone; write for example "Africa/Nairobi" or "UTC"') from None
    return text


def _hours(text: str) -> str:
    Hours.parse(text)
    return text


def _choice(kind: type[Check] | type[Consequence]) -> PlainValidator:
    offered = [member.value for member in kind if member not in (Check.FAILED, Check.EMERGENCY)]

    def read(value: Any) -> Any:
        if isinstance(value, str) and value in offered:
            return kind(value)
        raise ValueError(f"there is no such rule; {did_you_mean(str(value), offered)}")

    return PlainValidator(read)


ZoneName = Annotated[str, AfterValidator(_zone)]
HoursText = Annotated[str, AfterValidator(_hours)]


class _Section(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, populate_by_name=True
    )


class RuleSection(_Section):
    """``if`` asks, ``then`` says what a yes leads to."""

    check: Annotated[Any, _choice(Check)] = Field(alias="if")
    then: Annotated[Any, _choice(Consequence)]
    over: int | None = Field(default=None, ge=0, le=1_000_000)
    hours: int = Field(default=24, ge=1, le=24 * 90)
    words: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "RuleSection":
        if self.check in (Check.LENGTH, *_QUOTAS) and not self.over:
            raise ValueError(f'the rule "{self.check.value}" needs over = a number')
        if self.check is Check.WORDS and not any(word.strip() for word in self.words):
            raise ValueError('the rule "words" needs words = ["...", "..."]')
        if self.then is Consequence.REFUSE and self.check not in _QUOTAS:
            raise ValueError('only "author_quota" and "source_quota" may refuse; hold it instead')
        return self

    def rule(self) -> Rule:
        over = self.over if self.over is not None else _COUNTED.get(self.check, 0)
        words = tuple(word.strip() for word in self.words if word.strip())
        return Rule(check=self.check, then=self.then, over=over, hours=self.hours, words=words)


class TemplateSection(_Section):
    id: str = Field(min_length=1, max_length=40, pattern=r"^[a-z0-9_-]+$")
    label: str = Field(min_length=1, max_length=40)
    text: dict[str, str] = Field(min_length=1)

    def template(self) -> Template:
        texts = {language: clean_line(text, 600) for language, text in self.text.items()}
        return Template(id=self.id, label=clean_line(self.label, 40), texts=texts)


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
        questions=tuple(row.template() for row in section.questions),
        safeguarding=frozenset(user(who) for who in section.safeguarding_ids),
        safeguarding_replies=tuple(row.template() for row in section.safeguarding_replies),
        own_posts=section.own_posts,
        approvals=section.approvals,
        consent_to_edits=section.consent_to_edits,
        undo=timedelta(seconds=section.undo_seconds),
        posts_per_hour=section.posts_per_hour,
        claim_for=timedelta(minutes=section.claim_minutes),
        waking=Hours.parse(section.waking_hours),
        remind_moderators=timedelta(hours=section.reminder_hours),
        remind_author=timedelta(hours=section.author_reminder_hours),
        lapse=timedelta(days=section.lapse_days),
    )
