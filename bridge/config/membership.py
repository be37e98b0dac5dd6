"""What the config says about members: joining, the profile's questions, how long things are kept."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from bridge.config.moderating import language_code
from bridge.core.hygiene import clean_line
from bridge.core.membership import DEFAULT_FIELDS, FieldKind, MemberPolicy, ProfileField, Retention

_KNOWN = {field.id: field for field in DEFAULT_FIELDS}
_MOST = 12


def _field_id(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", text):
        raise ValueError('may hold only the letters a-z, digits and "_", at most 32, for example years_of_practice')
    return text


def _by_language(texts: dict[str, str]) -> dict[str, str]:
    for language, text in texts.items():
        try:
            language_code(language)
        except ValueError as error:
            raise ValueError(f"one of its keys {error}") from None
        if not clean_line(text) or len(text) > 200:
            raise ValueError(f"the wording in {language} must have one to 200 letters")
    return texts


Wordings = Annotated[dict[str, str], AfterValidator(_by_language)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class ProfileFieldSection(_Section):
    """One question. A field that Baraza knows needs nothing but its id."""

    id: Annotated[str, AfterValidator(_field_id)]
    kind: FieldKind | None = None
    max_length: int | None = Field(default=None, ge=1, le=1000)
    required: bool | None = None
    shown: bool | None = None
    label: Wordings = Field(default_factory=dict, validate_default=True)
    question: Wordings = Field(default_factory=dict, validate_default=True)

    @field_validator("label", "question")
    @classmethod
    def _said(cls, value: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        name = info.data.get("id")
        if not value and name is not None and name not in _KNOWN:
            raise ValueError(
                f'is missing: Baraza has no words of its own for "{name}"; write {info.field_name}.en = "..."'
            )
        return value

    def field(self) -> ProfileField:
        known = _KNOWN.get(self.id, ProfileField(id=self.id))
        return ProfileField(
            id=self.id,
            kind=known.kind if self.kind is None else self.kind,
            limit=known.limit if self.max_length is None else self.max_length,
            required=known.required if self.required is None else self.required,
            shown=known.shown if self.shown is None else self.shown,
            label=dict(self.label),
            question=dict(self.question),
        )


def no_twins(rows: tuple[ProfileFieldSection, ...]) -> tuple[ProfileFieldSection, ...]:
    """Every question once, and not too many for a person with a small phone."""
    names = [row.id for row in rows]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f'asks for "{twice}" twice: leave one of them out')
    if len(rows) > _MOST:
        raise ValueError(f"has {len(rows)} questions; at most {_MOST} are asked of anybody")
    return rows


class RetentionSection(_Section):
    """Days; 0: for ever."""

    raw_days: int = Field(default=30, ge=0, le=3650)
    message_days: int = Field(default=90, ge=0, le=3650)
    rejected_days: int = Field(default=365, ge=0, le=3650)
    left_days: int = Field(default=365, ge=0, le=3650)

    def retention(self) -> Retention:
        def days(number: int) -> timedelta | None:
            return timedelta(days=number) if number else None

        return Retention(
            raw=days(self.raw_days),
            messages=days(self.message_days),
            rejected=days(self.rejected_days),
            left=days(self.left_days),
        )


def policy(section: Any) -> MemberPolicy:
    """The member policy that a checked ``[[communities]]`` table describes."""
    return MemberPolicy(
        joining=section.joining,
        without_profile=section.without_profile,
        fields=tuple(row.field() for row in section.profile) if section.profile else DEFAULT_FIELDS,
        review_profiles=section.review_profiles,
        keep_posts=section.keep_posts,
        reading=section.reading,
    )
