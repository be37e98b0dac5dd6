"""People as an operator asks for them: found, listed, imported in batches."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tortoise.expressions import Q
from tortoise.functions import Count

from bridge.core.roster import AccountLine, MembershipLine, NewMember, Outcome, PersonShown
from bridge.core.states import MembershipState, MembershipStep, ProfileState
from bridge.storage import barred, codec, people
from bridge.storage.memberships import step
from bridge.storage.models import Identity, Person, Post, Profile
from bridge.storage.models_desk import Standing
from bridge.storage.models_members import Membership

_SHOWN_STATES = (ProfileState.PENDING, ProfileState.APPROVED)
_MOST_FOUND = 50


# --- import ---


async def known_addresses(rows: Iterable[NewMember]) -> dict[tuple[str, str], int]:
    """The person behind each address of these lines that is known already."""
    by_account: dict[str, list[str]] = {}
    for row in rows:
        for account, user in row.addresses:
            by_account.setdefault(account, []).append(user)
    found: dict[tuple[str, str], int] = {}
    for account, users in by_account.items():
        for identity in await Identity.filter(account=account, user__in=users):
            found[account, identity.user] = identity.person_id
    return found


async def take_in(
    rows: Sequence[NewMember], community: str, *, verified: Mapping[str, str], now: datetime
) -> dict[int, Outcome | str]:
    """Make members of these lines, inside the caller's transaction; by line, what became of it or why not.

    Whoever is known already keeps what they said of themselves; nobody who left or was banned is brought back.
    ``verified``: by account, what vouches for an address there.
    """
    known = await known_addresses(rows)
    people_known = set(known.values())
    standing = {
        row.person_id: row
        for row in await Membership.filter(community=community, person_id__in=list(people_known) or [0])
    }
    having = Profile.filter(person_id__in=list(people_known) or [0]).distinct()
    with_profile: set[int] = {int(str(number)) for number in await having.values_list("person_id", flat=True)}
    shut_out = await barred.among([address for row in rows for address in row.addresses], community)
    outcomes: dict[int, Outcome | str] = {}
    identities: list[Identity] = []
    memberships: list[Membership] = []
    profiles: list[Profile] = []
    for row in rows:
        persons = {known[address] for address in row.addresses if address in known}
        if len(persons) > 1:
            numbers = ", ".join(map(str, sorted(persons)))
            outcomes[row.line] = f"its addresses belong to different people ({numbers}): merge them first"
            continue
        person_id: int | None = next(iter(persons), None)
        there = None if person_id is None else standing.get(person_id)
        if shut_out.intersection(row.addresses) or (there is not None and there.state == MembershipState.BANNED):
            outcomes[row.line] = "is banned here"
            continue
        if there is not None and there.state == MembershipState.LEFT:
            outcomes[row.line] = "has left: who leaves comes back by themselves"
            continue
        is_new = person_id is None
        if person_id is None:
            person_id = int((await Person.create(language=row.language[:16], created_at=row.joined or now)).id)
        identities += [
            Identity(
                person_id=person_id,
                account=account,
                user=user,
                name=row.name,
                called=people.called(row.name),
                direct_chat=user,
                verified=verified.get(account, "platform"),
                created_at=now,
            )
            for account, user in row.addresses
            if (account, user) not in known
        ]
        known.update(dict.fromkeys(row.addresses, person_id))
        if row.answers and person_id not in with_profile:
            with_profile.add(person_id)
            profiles.append(
                Profile(
                    person_id=person_id,
                    version=1,
                    community=community,
                    answers=codec.dump_object(dict(row.answers)),
                    called=people.called(dict(row.answers).get("name", "")),
                    shown=row.shown,
                    decided_by="operator",
                    decided_at=now,
                    created_at=now,
                )
            )
        if there is not None and there.state == MembershipState.MEMBER:
            outcomes[row.line] = Outcome.KNOWN
            continue
        if there is not None:
            await step(there, MembershipStep.ADMIT, now=now, by="operator")
            outcomes[row.line] = Outcome.JOINED
            continue
        memberships.append(
            Membership(
                person_id=person_id,
                community=community,
                state=MembershipState.MEMBER,
                via="import",
                set_by="operator",
                title=row.title,
                language=row.language if not is_new else "",
                reading=row.reading,
                created_at=now,
                joined_at=row.joined or now,
                read_post_id=0,
            )
        )
        outcomes[row.line] = Outcome.CREATED if is_new else Outcome.JOINED
    await _begin_at_newest(memberships, community)
    await Identity.bulk_create(identities)
    await Profile.bulk_create(profiles)
    await Membership.bulk_create(memberships)
    return outcomes


async def _begin_at_newest(memberships: Iterable[Membership], community: str) -> None:
    """Private copies begin with the next post: nobody is sent the archive."""
    newest = await Post.filter(community=community).order_by("-id").first()
    for row in memberships:
        row.read_post_id = 0 if newest is None else newest.id


# --- found and shown ---


async def find(said: str, accounts: Iterable[str]) -> list[int]:
    """The people whom somebody may mean: by number, ``account:user``, @handle, or a part of a name; at most 50."""
    said = said.strip()
    number = said.lstrip("#")
    if number.isdecimal() and len(number) <= 9:
        return [row.id for row in await Person.filter(id=int(number))]
    account, colon, user = said.partition(":")
    if colon and account in set(accounts):
        return [row.person_id for row in await Identity.filter(account=account, user=user)]
    if not said:
        return []
    named = Identity.filter(Q(handle__iexact=said) | Q(user=said) | Q(name__icontains=said.lstrip("@")))
    found = [row.person_id for row in await named.order_by("id").limit(_MOST_FOUND)]
    if said[1:] and not said.startswith("@"):
        wanted = codec.dump_object({"name": said})[len('{"name":"') : -2]
        answered = Profile.filter(answers__icontains=wanted).order_by("id").limit(_MOST_FOUND)
        found += [row.person_id for row in await answered if said.casefold() in _answer(row, "name").casefold()]
    return list(dict.fromkeys(found))[:_MOST_FOUND]


def _answer(profile: Profile, field: str) -> str:
    return str(codec.load_object(profile.answers).get(field, ""))


async def shown(person_ids: Sequence[int]) -> list[PersonShown]:
    """These people with everything an operator is shown of them, in this order."""
    ids = list(person_ids) or [0]
    persons = {row.id: row for row in await Person.filter(id__in=ids)}
    accounts = _grouped(await Identity.filter(person_id__in=ids).order_by("id"))
    memberships = _grouped(await Membership.filter(person_id__in=ids).order_by("id"))
    profiles = _grouped(await Profile.filter(person_id__in=ids, state__in=_SHOWN_STATES).order_by("version"))
    standings = {(s.person_id, s.community): s.standing for s in await Standing.filter(person_id__in=ids)}
    counted = (
        await Post.filter(submission__identity__person_id__in=ids)
        .annotate(n=Count("id"))
        .group_by("submission__identity__person_id", "community")
        .values("submission__identity__person_id", "community", "n")
    )
    posts = {(row["submission__identity__person_id"], row["community"]): int(row["n"]) for row in counted}
    return [
        _person(
            persons[number],
            accounts.get(number, []),
            memberships.get(number, []),
            profiles.get(number, []),
            standings,
            posts,
        )
        for number in person_ids
        if number in persons
    ]


def _grouped(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in rows:
        found.setdefault(row.person_id, []).append(row)
    return found


def _person(
    person: Person,
    accounts: Sequence[Identity],
    memberships: Sequence[Membership],
    profiles: Sequence[Profile],
    standings: Mapping[tuple[int, str], str],
    posts: Mapping[tuple[int, str], int],
) -> PersonShown:
    newest = profiles[-1] if profiles else None
    return PersonShown(
        number=person.id,
        language=person.language,
        since=person.created_at,
        erased=person.erased_at,
        accounts=[
            AccountLine(
                account=row.account,
                user=row.user,
                name=row.name,
                handle=row.handle,
                verified=row.verified,
                reachable=row.direct_open,
                since=row.created_at,
                warned=row.warned_at,
                lost=row.unreachable_at,
                stopped=row.stopped_at,
            )
            for row in accounts
        ],
        memberships=[
            MembershipLine(
                community=row.community,
                state=row.state.value,
                title=row.title,
                reading=row.reading,
                language=row.language,
                via=row.via,
                standing=standings.get((person.id, row.community), ""),
                joined=row.joined_at,
                posts=posts.get((person.id, row.community), 0),
            )
            for row in memberships
        ],
        answers={} if newest is None else {k: str(v) for k, v in codec.load_object(newest.answers).items()},
        shown=newest is not None and newest.shown,
        biography="" if newest is None else newest.biography,
    )


async def of_community(community: str, *, after: int = 0, limit: int = 500) -> list[int]:
    """The people who are or were members, by number, so many after one."""
    rows = Membership.filter(community=community, person_id__gt=after).order_by("person_id").limit(limit)
    return [row.person_id for row in await rows]
