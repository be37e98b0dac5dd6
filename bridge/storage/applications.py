"""What people ask of the moderators that is no post: to join, to show a profile, to connect a group."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bridge.core.states import APPLICATION, ApplicationState, ApplicationStep
from bridge.storage import audit, codec
from bridge.storage.counting import next_number
from bridge.storage.models import Identity
from bridge.storage.models_members import Application
from bridge.storage.submissions import audit_actor


async def apply(
    *,
    kind: str,
    community: str,
    identity: Identity,
    now: datetime,
    subject_id: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Application:
    """A new application, open; inside the caller's transaction. Plan its cards with ``moderation.applying.show``."""
    row = await Application.create(
        kind=kind,
        community=community,
        number=await next_number(f"application:{community}"),
        identity=identity,
        subject_id=subject_id,
        facts=codec.dump_object(dict(facts or {})),
        created_at=now,
    )
    await audit.write(
        community=community,
        actor=audit_actor(identity),
        action=f"apply_{kind}",
        now=now,
        detail={"application": row.number},
    )
    return row


async def decide(
    row: Application,
    step: ApplicationStep,
    *,
    by: Identity | None,
    name: str,
    now: datetime,
    words: str = "",
) -> bool:
    """One conditional change of state and its line in the audit log; False where somebody else was first."""
    changed = await Application.filter(id=row.id, state__in=APPLICATION.sources(step)).update(
        state=APPLICATION.target(step),
        decided_by="" if by is None else str(by.ref),
        decided_name=name,
        decided_at=now,
        words=words,
    )
    if changed != 1:
        return False
    await audit.write(
        community=row.community,
        actor=audit_actor(by),
        action=f"{step.value}_{row.kind}",
        now=now,
        detail={"application": row.number},
    )
    await row.refresh_from_db()
    return True


async def application(application_id: int) -> Application | None:
    return await Application.get_or_none(id=application_id).select_related("identity__person")


async def locked(application_id: int) -> Application | None:
    """The same, locked until the caller's transaction ends."""
    # The lock first, then the reading: an outer join cannot be locked.
    if await Application.filter(id=application_id).select_for_update().first() is None:
        return None
    return await application(application_id)


async def by_number(community: str, number: int) -> Application | None:
    return await Application.get_or_none(community=community, number=number).select_related("identity__person")


async def open_in(community: str, limit: int = 20) -> list[Application]:
    """Those that wait, longest first."""
    rows = Application.filter(community=community, state=ApplicationState.OPEN)
    return await rows.order_by("id").limit(limit).select_related("identity__person")


async def count_open(community: str) -> int:
    return await Application.filter(community=community, state=ApplicationState.OPEN).count()


async def decided_since(community: str, since: datetime) -> list[Application]:
    """What was decided (or withdrawn) since a moment."""
    decided = Application.filter(community=community, decided_at__gte=since).exclude(state=ApplicationState.OPEN)
    return await decided.order_by("id")


async def open_of(kind: str, community: str, person_id: int) -> list[Application]:
    """A person's own of one kind that still wait."""
    rows = Application.filter(
        kind=kind, community=community, state=ApplicationState.OPEN, identity__person_id=person_id
    )
    return await rows.order_by("id").select_related("identity__person")


async def of_account(identity_id: int) -> list[Application]:
    """What one account has ever asked for, whatever became of it."""
    return await Application.filter(identity_id=identity_id).order_by("id").select_related("identity__person")


async def point_to(row: Application, subject_id: int) -> None:
    """It is about another version of the same subject now."""
    await Application.filter(id=row.id).update(subject_id=subject_id)
    row.subject_id = subject_id


async def open_about(kind: str, subject_id: int) -> Application | None:
    """The one that waits about this subject."""
    rows = Application.filter(kind=kind, subject_id=subject_id, state=ApplicationState.OPEN)
    return await rows.order_by("-id").select_related("identity__person").first()


async def latest_about(kind: str, subject_id: int) -> Application | None:
    """The newest about this subject, decided or not."""
    rows = Application.filter(kind=kind, subject_id=subject_id)
    return await rows.order_by("-id").select_related("identity__person").first()


async def remember(row: Application, **facts: Any) -> None:
    """Change what its kind remembers."""
    row.facts = codec.dump_object({**facts_of(row), **facts})
    await Application.filter(id=row.id).update(facts=row.facts)


def facts_of(row: Application) -> dict[str, Any]:
    return codec.load_object(row.facts)
