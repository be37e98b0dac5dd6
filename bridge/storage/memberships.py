"""Who belongs to which community, and how they want to read it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from bridge.core.reading import COPIED
from bridge.core.states import MEMBERSHIP, MembershipState, MembershipStep
from bridge.storage import codec, feed, lookup, people
from bridge.storage.models import Person, Post
from bridge.storage.models_members import Membership


async def membership(person_id: int, community: str) -> Membership | None:
    """A person's place in a community; None for who never had one."""
    return await lookup.first(Membership, person_id=person_id, community=community)


async def memberships(person_id: int) -> list[Membership]:
    """All of a person's, oldest first."""
    return await Membership.filter(person_id=person_id).order_by("id")


async def enter(
    person_id: int,
    community: str,
    state: MembershipState,
    *,
    now: datetime,
    via: str,
    by: str = "",
    **values: Any,
) -> Membership:
    """A first membership, as APPLIED or MEMBER; inside the caller's transaction. What was published before is not sent.

    Raises ValueError where there is one already: change that by ``step``.
    """
    if state not in (MembershipState.APPLIED, MembershipState.MEMBER):
        raise ValueError(f"nobody begins as {state.value}")
    if await membership(person_id, community) is not None:
        raise ValueError("there is a membership already")
    joined = now if state is MembershipState.MEMBER else None
    if "read_post_id" not in values and values.get("reading") in COPIED:
        values["read_post_id"] = await _newest_id(community, now)
    return await Membership.create(
        person_id=person_id,
        community=community,
        state=state,
        via=via,
        set_by=by,
        created_at=now,
        joined_at=joined,
        **values,
    )


async def step(row: Membership, taken: MembershipStep, *, now: datetime, by: str, **values: Any) -> bool:
    """One conditional change of state; False where it is no longer in a state that allows it."""
    target = MEMBERSHIP.target(taken)
    if target is MembershipState.MEMBER:
        values |= {"joined_at": now, "ended_at": None}
        if row.reading in COPIED:
            values["read_post_id"] = await _newest_id(row.community, now)
    elif target is not MembershipState.APPLIED:
        values |= {"ended_at": now}
    changed = await Membership.filter(id=row.id, state__in=MEMBERSHIP.sources(taken)).update(
        state=target, set_by=by, **values
    )
    if changed == 1:
        row.update_from_dict({"state": target, "set_by": by, **values})
    return changed == 1


async def prefer(row: Membership, **values: Any) -> None:
    """Change preferences: reading, media, hour, zone, quiet, away_until, language, title ..."""
    if "state" in values:
        raise ValueError("a state changes by step alone")
    await Membership.filter(id=row.id).update(**values)
    row.update_from_dict(values)
    if "language" in values:
        await _remember_languages(row.person_id)


async def prefer_all(rows: Sequence[Membership], **values: Any) -> None:
    """The same for many, in one statement; neither their state nor their language."""
    if "state" in values or "language" in values:
        raise ValueError("a state changes by step alone, and a language by prefer")
    if rows:
        await Membership.filter(id__in=[row.id for row in rows]).update(**values)
    for row in rows:
        row.update_from_dict(values)


async def _newest_id(community: str, now: datetime) -> int:
    post = await feed.release(community, now)
    return 0 if post is None else post.id


async def _remember_languages(person_id: int) -> None:
    """Beside the person stands what their memberships say: whoever writes to them looks there."""
    said = {row.community: row.language for row in await memberships(person_id) if row.language}
    await Person.filter(id=person_id).update(languages=codec.dump_object(said))


async def forget_languages(person_id: int) -> None:
    """One language for all communities again."""
    await Membership.filter(person_id=person_id).update(language="")
    await _remember_languages(person_id)


async def is_banned(person_id: int, community: str) -> bool:
    return await Membership.filter(person_id=person_id, community=community, state=MembershipState.BANNED).exists()


async def members(
    community: str, *, states: Collection[MembershipState] = (MembershipState.MEMBER,), limit: int = 500, after: int = 0
) -> list[Membership]:
    """By id, after one: for going through all of them in pages."""
    rows = Membership.filter(community=community, state__in=list(states), id__gt=after)
    return await rows.order_by("id").limit(limit).select_related("person")


async def count(community: str, state: MembershipState = MembershipState.MEMBER) -> int:
    return await Membership.filter(community=community, state=state).count()


async def has_published(person_id: int, community: str) -> bool:
    """Has a community published anything of this person?"""
    accounts = await people.accounts_of(person_id)
    return await Post.filter(community=community, submission__identity_id__in=accounts).exists()


async def is_member_anywhere(person_id: int) -> bool:
    return await Membership.filter(person_id=person_id, state=MembershipState.MEMBER).exists()
