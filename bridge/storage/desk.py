"""What moderators add to an item, and what a community has set."""

from datetime import datetime
from typing import Any

from bridge.core.ids import AccountId, UserId, UserRef
from bridge.core.states import ReviewState, ThemeState
from bridge.storage import lookup
from bridge.storage.models import Review, Submission
from bridge.storage.models_desk import (
    Absence,
    Appointment,
    Note,
    Setting,
    Standing,
    Theme,
    Translation,
    Vote,
)

# --- an item ---


async def dress(review: Review, **values: object) -> bool:
    """Change what goes out beside the words (headline, theme, short, targets ...), while it is held."""
    if await Review.filter(id=review.id, state=ReviewState.HELD).update(**values) != 1:
        return False
    review.update_from_dict(values)
    return True


async def answer(review: Review, post_id: int | None) -> None:
    """Let a held item answer another post, or none; inside a transaction that has locked the review."""
    submission = review.submission
    place = submission.reply_place if submission.reply_post_id == post_id else ""
    await Submission.filter(id=submission.id).update(reply_post_id=post_id, reply_place=place)
    submission.reply_post_id, submission.reply_place = post_id, place


async def notes(review_id: int) -> list[Note]:
    """The notes that will be published, oldest first."""
    return await Note.filter(review_id=review_id, removed=False).order_by("id")


async def translations(submission_id: int, revision: int) -> list[Translation]:
    return await Translation.filter(submission_id=submission_id, revision=revision).order_by("language")


async def votes(review_id: int, revision: int, shows: str) -> list[Vote]:
    """Approvals of exactly this, oldest first."""
    return await Vote.filter(review_id=review_id, revision=revision, shows=shows).order_by("id")


async def theme(theme_id: int | None) -> Theme | None:
    return None if theme_id is None else await Theme.get_or_none(id=theme_id)


async def open_themes(community: str) -> list[Theme]:
    """Those that are offered for new posts, newest first, at most 20."""
    return await Theme.filter(community=community, state=ThemeState.OPEN).order_by("-id").limit(20)


# --- authors ---


async def standing(person_id: int, community: str) -> str:
    """``trusted``, ``held`` or nothing."""
    row = await lookup.first(Standing, person_id=person_id, community=community)
    return "" if row is None else row.standing


async def set_standing(person_id: int, community: str, value: str, *, by: str, now: datetime) -> None:
    values: dict[str, Any] = {"standing": value, "set_by": by, "set_at": now}
    if not await Standing.filter(person_id=person_id, community=community).update(**values):
        await Standing.create(person_id=person_id, community=community, **values)


# --- moderators ---


async def appointment(community: str, user: UserRef) -> Appointment | None:
    return await Appointment.get_or_none(community=community, account=user.account, user=user.user)


async def appointments(community: str) -> list[Appointment]:
    """Those that stand."""
    return await Appointment.filter(community=community).exclude(role="").order_by("id")


async def appoint(community: str, user: UserRef, role: str, *, name: str, by: str, now: datetime) -> None:
    """Give a role, or end the appointment with an empty one."""
    values: dict[str, Any] = {"role": role, "name": name, "set_by": by, "set_at": now}
    if not await Appointment.filter(community=community, account=user.account, user=user.user).update(**values):
        await Appointment.create(community=community, account=user.account, user=user.user, **values)


async def absent(community: str, now: datetime) -> dict[UserRef, Absence]:
    """Who is away now."""
    rows = await Absence.filter(community=community, until__gt=now)
    return {UserRef(AccountId(row.account), UserId(row.user)): row for row in rows}


async def set_absence(community: str, user: UserRef, name: str, until: datetime) -> None:
    values: dict[str, Any] = {"name": name, "until": until}
    if not await Absence.filter(community=community, account=user.account, user=user.user).update(**values):
        await Absence.create(community=community, account=user.account, user=user.user, **values)


# --- settings ---


async def setting(community: str, key: str) -> str:
    """What was set, or nothing."""
    row = await lookup.first(Setting, community=community, key=key)
    return "" if row is None else row.value


async def set_setting(community: str, key: str, value: str) -> None:
    if not await Setting.filter(community=community, key=key).update(value=value):
        await Setting.create(community=community, key=key, value=value)
