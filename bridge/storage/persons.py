"""Persons and their accounts: two that are one are joined, an account that is somebody else's is given back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bridge.core.states import ApplicationStep, MembershipState, MembershipStep, ProfileState
from bridge.storage import applications, memberships, people
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Person, Profile
from bridge.storage.models_archive import PersonalLink
from bridge.storage.models_desk import Setting, Standing, Vote
from bridge.storage.models_members import Application, Membership

PLATFORM, MAIL, CODE, CLAIMED = "platform", "mail", "code", "claimed"
"""What vouches for an account: its platform, its mail server, a code that was sent there, nothing."""
TRUSTED, HELD = "trusted", "held"
SETTINGS = ("refused", "banned")
"""Settings whose keys end with a person's number: when they were last told something."""
_STRICTNESS = (TRUSTED, "", HELD)
_RANK = (
    MembershipState.LEFT,
    MembershipState.REFUSED,
    MembershipState.APPLIED,
    MembershipState.MEMBER,
    MembershipState.BANNED,
)
"""Of a person's two places in a community, the later in this list is theirs afterwards: a ban survives everything."""
_STEPS = {
    MembershipState.MEMBER: MembershipStep.ADMIT,
    MembershipState.BANNED: MembershipStep.BAN,
    MembershipState.REFUSED: MembershipStep.REFUSE,
    MembershipState.APPLIED: MembershipStep.APPLY,
}
_PREFERENCES = ("title", "note", "language", "reading", "zone", "quiet")
# One post of each is looked at, not all that they ever wrote.
_NAMESAKES = """
SELECT id FROM person WHERE id IN (
    SELECT person_id FROM identity WHERE called = $1 AND person_id <= $2
    UNION SELECT person_id FROM profile WHERE called = $1 AND person_id <= $2
) AND EXISTS (
    SELECT 1 FROM identity JOIN submission ON submission.identity_id = identity.id
    WHERE identity.person_id = person.id AND submission.community = $3
) ORDER BY id
"""
_FAR = 1_000_000
"""More than any profile has versions."""


class NotJoined(ValueError):
    """Two persons that cannot be made one: one of them is not there, or they are the same."""


async def merge(keep: int, gone: int, now: datetime) -> None:
    """Make two persons one, all or nothing: everything of ``gone`` belongs to ``keep`` afterwards.

    A ban on either side is a ban of both, and the stricter standing counts. Lines of the audit log name accounts by
    their numbers, which stay. Raises NotJoined.
    """
    async with transaction():
        if keep == gone:
            raise NotJoined("that is one person already")
        # In one order, so that two who join the same persons the other way round wait and do not block each other.
        for person_id in sorted((keep, gone)):
            person = await Person.filter(id=person_id).select_for_update().first()
            if person is None or person.erased_at is not None:
                raise NotJoined("there is no such person (any more)")
        await _join_profiles(keep, gone, now)
        await _join_memberships(keep, gone, now)
        await _join_standings(keep, gone)
        await _join_votes(keep, gone)
        await _join_settings(keep, gone)
        await _keep_language(keep, gone)
        await Delivery.filter(person_id=gone).update(person_id=keep)
        await PersonalLink.filter(person_id=gone).update(person_id=keep)
        await Identity.filter(person_id=gone).update(person_id=keep)
        await Person.filter(id=gone).delete()


async def _keep_language(keep: int, gone: int) -> None:
    other = await Person.get(id=gone)
    if other.language:
        await Person.filter(id=keep, language="").update(language=other.language)


async def _join_profiles(keep: int, gone: int, now: datetime) -> None:
    """One row of versions, by when they were written: what was said last is the newest on either side."""
    theirs = await Profile.filter(person_id=gone)
    if not theirs:
        return
    rows = sorted([*theirs, *await Profile.filter(person_id=keep)], key=lambda row: (row.created_at, row.id))
    for number, row in enumerate(rows, 1):  # out of each other's way first: a number stands once
        await Profile.filter(id=row.id).update(person_id=keep, version=_FAR + number)
    pending: dict[str, Profile] = {}
    for number, row in enumerate(rows, 1):
        await Profile.filter(id=row.id).update(version=number)
        if row.state == ProfileState.PENDING:
            if (older := pending.get(row.community)) is not None:
                await _replace(older, now)
            pending[row.community] = row


async def _replace(row: Profile, now: datetime) -> None:
    """A newer one waits as well: moderators are asked about that one alone."""
    await Profile.filter(id=row.id, state=ProfileState.PENDING).update(state=ProfileState.REPLACED)
    waiting = await applications.open_about("profile", row.id)
    if waiting is not None:
        await applications.decide(waiting, ApplicationStep.WITHDRAW, by=None, name="", now=now)


async def _join_memberships(keep: int, gone: int, now: datetime) -> None:
    for theirs in await memberships.memberships(gone):
        ours = await memberships.membership(keep, theirs.community)
        if ours is None:
            await Membership.filter(id=theirs.id).update(person_id=keep)
            continue
        if _RANK.index(theirs.state) > _RANK.index(ours.state) and await memberships.step(
            ours, _STEPS[theirs.state], now=now, by=theirs.set_by
        ):
            await memberships.prefer(ours, note=theirs.note, joined_at=theirs.joined_at, ended_at=theirs.ended_at)
        await memberships.prefer(ours, **_together(ours, theirs))
        await Application.filter(kind="join", subject_id=theirs.id).update(subject_id=ours.id)
        await Membership.filter(id=theirs.id).delete()
        await _settle_applications(ours, keep, gone, now)


def _together(ours: Membership, theirs: Membership) -> dict[str, Any]:
    """What was chosen on one side where nothing was on the other; what was read on either side was read."""
    values = {name: getattr(ours, name) or getattr(theirs, name) for name in _PREFERENCES}
    joined = [row.joined_at for row in (ours, theirs) if row.joined_at is not None]
    away = [row.away_until for row in (ours, theirs) if row.away_until is not None]
    digests = [row.digest_at for row in (ours, theirs) if row.digest_at is not None]
    return {
        **values,
        "joined_at": min(joined, default=None),
        "away_until": max(away, default=None),
        "digest_at": max(digests, default=None),
        "created_at": min(ours.created_at, theirs.created_at),
        "read_post_id": max(ours.read_post_id, theirs.read_post_id),
        "media": ours.media and theirs.media,
    }


async def _settle_applications(ours: Membership, keep: int, gone: int, now: datetime) -> None:
    """Nobody waits to be let in twice, or after they were."""
    waiting = [row for person in (keep, gone) for row in await applications.open_of("join", ours.community, person)]
    for row in waiting if ours.state != MembershipState.APPLIED else waiting[1:]:
        await applications.decide(row, ApplicationStep.WITHDRAW, by=None, name="", now=now)


async def _join_standings(keep: int, gone: int) -> None:
    for theirs in await Standing.filter(person_id=gone):
        ours = await Standing.get_or_none(person_id=keep, community=theirs.community)
        if ours is None:
            await Standing.filter(id=theirs.id).update(person_id=keep)
            continue
        if _STRICTNESS.index(theirs.standing) > _STRICTNESS.index(ours.standing):
            await Standing.filter(id=ours.id).update(
                standing=theirs.standing, set_by=theirs.set_by, set_at=theirs.set_at
            )
        await Standing.filter(id=theirs.id).delete()


async def _join_votes(keep: int, gone: int) -> None:
    """A person has one vote, however many accounts they press on."""
    for vote in await Vote.filter(person_id=gone):
        same = Vote.filter(review_id=vote.review_id, revision=vote.revision, shows=vote.shows, person_id=keep)
        if await same.exists():
            await Vote.filter(id=vote.id).delete()
        else:
            await Vote.filter(id=vote.id).update(person_id=keep)


async def _join_settings(keep: int, gone: int) -> None:
    for name in SETTINGS:
        for row in await Setting.filter(key=f"{name}:{gone}"):
            ours = await Setting.get_or_none(community=row.community, key=f"{name}:{keep}")
            if ours is None:
                await Setting.filter(id=row.id).update(key=f"{name}:{keep}")
                continue
            await Setting.filter(id=ours.id).update(value=max(ours.value, row.value))
            await Setting.filter(id=row.id).delete()


async def separate(identity: Identity, now: datetime) -> Person:
    """Make an account a person of its own again; raises NotJoined where it is the only one of its person.

    Bans and "always to be held" go with it, for else they could be shaken off; trust and the profile do not.
    """
    async with transaction():
        before = await Person.filter(id=identity.person_id).select_for_update().first()
        others = await Identity.filter(person_id=identity.person_id).exclude(id=identity.id).count()
        if before is None or not others:
            raise NotJoined("that is this person's only account")
        person = await Person.create(language=before.language, created_at=now)
        await Identity.filter(id=identity.id).update(person_id=person.id)
        for row in await memberships.memberships(before.id):
            if row.state in (MembershipState.MEMBER, MembershipState.BANNED, MembershipState.REFUSED):
                await Membership.create(
                    person_id=person.id,
                    community=row.community,
                    state=row.state,
                    via=row.via,
                    note=row.note if row.state == MembershipState.BANNED else "",
                    language=row.language,
                    set_by=row.set_by,
                    read_post_id=row.read_post_id,
                    created_at=row.created_at,
                    joined_at=row.joined_at,
                    ended_at=row.ended_at,
                )
        for standing in await Standing.filter(person_id=before.id, standing=HELD):
            await Standing.create(
                person_id=person.id,
                community=standing.community,
                standing=standing.standing,
                set_by=standing.set_by,
                set_at=standing.set_at,
            )
        if identity.direct_chat:
            sent = Delivery.filter(person_id=before.id, account=identity.account, chat=identity.direct_chat)
            await sent.update(person_id=person.id)
        identity.person_id = person.id
        identity.person = person
        return person


async def vouch(identity_id: int, by: str, now: datetime) -> None:
    """Note what proves that an account is its owner's."""
    await Identity.filter(id=identity_id).update(verified=by, verified_at=now)


async def accounts(person_id: int) -> Sequence[Identity]:
    """All of a person's, in the order in which they came: what ``/accounts`` counts by."""
    return await Identity.filter(person_id=person_id).order_by("id").select_related("person")


async def namesakes_until(person_id: int, name: str, community: str) -> list[int]:
    """The persons who have posted in a community under a name, letter case aside, in the order in which they came.

    Only until that person: who came later does not change how they are told apart.
    """
    wanted = people.called(name)
    if not wanted:
        return []
    connection = Identity._meta.db  # noqa: SLF001 - Tortoise's documented way from a model to its connection
    sqlite = connection.capabilities.dialect == "sqlite"
    question = (_NAMESAKES.replace("$", "?") if sqlite else _NAMESAKES).strip()
    _, found = await connection.execute_query(question, [wanted, person_id, community])
    return [row["id"] for row in found]
