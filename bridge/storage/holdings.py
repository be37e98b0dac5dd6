"""Everything that is held about a person, as their right to see it demands: exactly what ``personal`` claims."""

import json
from datetime import datetime
from typing import Any

from bridge.storage import people, traces
from bridge.storage.models import (
    Decision,
    Delivery,
    Identity,
    Inbox,
    Post,
    Profile,
    Query,
    Review,
    Revision,
    Submission,
)
from bridge.storage.models_desk import Translation
from bridge.storage.models_members import Application
from bridge.storage.personal import SHARES, Share, Subject


async def subject_of(person_id: int, *, kept: dict[int, str] | None = None) -> Subject:
    """A person as the tables know them. ``kept``: posts that stay published, with what stands for their author."""
    accounts = tuple(await Identity.filter(person_id=person_id).order_by("id"))
    ids, refs = [row.id for row in accounts] or [0], [str(row.ref) for row in accounts] or [""]
    submissions = await Submission.filter(identity_id__in=ids).order_by("id").values_list("id", flat=True)
    mine = [int(str(number)) for number in submissions] or [0]
    reviews = await Review.filter(submission_id__in=mine).order_by("id")
    posts = await Post.filter(submission_id__in=mine).order_by("id")
    staying = [post for post in posts if post.id in (kept or {})]
    homes = {post.submission_id for post in staying}
    actors = [f"identity:{number}" for number in ids]
    acted: dict[str, tuple[int, ...]] = {}
    for line in await Decision.filter(actor__in=actors, review_id__isnull=False):
        acted[line.action] = (*acted.get(line.action, ()), int(line.review_id or 0))
    names = await _names(person_id, accounts, refs)
    return Subject(
        person_id=person_id,
        accounts=accounts,
        names=names,
        submissions=tuple(mine),
        reviews=tuple(row.id for row in reviews),
        posts=tuple(post.id for post in posts),
        kept=dict(kept or {}),
        kept_wordings=frozenset((post.submission_id, post.revision) for post in staying),
        kept_reviews=frozenset(row.id for row in reviews if row.submission_id in homes),
        acted=acted,
        edited=tuple(await _edited(names, actors)),
    )


async def _names(person_id: int, accounts: tuple[Identity, ...], refs: list[str]) -> frozenset[str]:
    """What they call themselves, were called when they decided something, and say that they are called."""
    found = {row.name for row in accounts} | {row.handle for row in accounts}
    for profile in await Profile.filter(person_id=person_id):
        found.add(str(json.loads(profile.answers or "{}").get("name", "")))
    for column, by in (("decided_name", "decided_by"), ("claimed_name", "claimed_by")):
        found |= {str(name) for name in await Review.filter(**{f"{by}__in": refs}).values_list(column, flat=True)}
    found |= {str(name) for name in await Query.filter(asked_by__in=refs).values_list("asked_name", flat=True)}
    found |= {str(name) for name in await Translation.filter(actor__in=refs).values_list("translator", flat=True)}
    decided = Application.filter(decided_by__in=refs)
    found |= {str(name) for name in await decided.values_list("decided_name", flat=True)}
    own = Post.filter(submission__identity_id__in=await people.accounts_of(person_id))
    found |= {str(name) for name in await own.values_list("author", flat=True)}
    return frozenset(name for name in found if name)


async def _edited(names: frozenset[str], actors: list[str]) -> list[int]:
    """The wordings that they gave as a moderator: by name, in items on which they acted."""
    acted = await Decision.filter(actor__in=actors, review_id__isnull=False).values_list("review_id", flat=True)
    homes = await Review.filter(id__in=[*{int(str(n)) for n in acted}] or [0]).values_list("submission_id", flat=True)
    rows = Revision.filter(submission_id__in=[*{int(str(n)) for n in homes}] or [0], editor__in=sorted(names) or ["-"])
    return [int(str(number)) for number in await rows.values_list("id", flat=True)]


async def holdings(person_id: int) -> dict[str, Any]:
    """What is held about a person, by section; empty sections are left out."""
    subject = await subject_of(person_id)
    found: dict[str, Any] = {}
    for share in SHARES:
        rows = await rows_of(share, subject)
        if rows:
            found[share.section] = [_shown(share, row) for row in rows]
    return found


async def rows_of(share: Share, subject: Subject) -> list[Any]:
    """The rows that a share of a table holds about a person."""
    rows = share.model.filter(share.find(subject)).order_by("id")
    if share.model is Inbox:
        return list(await traces.own_events(subject, Inbox.filter(share.find(subject)).order_by("id")))
    found: dict[Any, Any] = {}
    for row in await rows:  # a way through several tables may lead to a row more than once
        found.setdefault(row.pk, row)
    if share.model is Delivery:
        return [row for row in found.values() if row.content]
    return list(found.values())


def _shown(share: Share, row: Any) -> dict[str, Any]:
    values = {column: _readable(getattr(row, column)) for column in (*share.also, *share.columns)}
    return {column: value for column, value in values.items() if value not in ("", None, [], {})}


def _readable(value: Any) -> Any:
    """JSON as what it says, moments in one form, rich text without marks as its words."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return _bare(json.loads(value))
        except ValueError:
            return value
    return getattr(value, "value", value)


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"text", "marks"} and not value["marks"]:
            return value["text"]
        return {key: shown for key, each in value.items() if (shown := _bare(each)) not in ("", None, [], {})}
    if isinstance(value, list):
        return [_bare(each) for each in value]
    return value


def in_words(found: dict[str, Any]) -> str:
    """The same as text, for people: one line for each fact."""
    lines: list[str] = []
    for section, rows in found.items():
        lines += ["", section.capitalize()]
        for number, row in enumerate(rows, 1):
            lines.append(f"{number}.")
            lines += [f"   {line}" for line in _lines(row)]
    return "\n".join(lines).strip()


def _lines(value: Any, label: str = "") -> list[str]:
    if isinstance(value, dict):
        return [line for key, each in value.items() for line in _lines(each, f"{label} {key}".strip())]
    if isinstance(value, list):
        return [line for each in value for line in _lines(each, label)]
    return [f"{label.replace('_', ' ')}: {value}"]
