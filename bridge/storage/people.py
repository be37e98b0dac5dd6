"""Members: persons, their identities on platforms, their profiles, their dialogues."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from bridge.core.events import Sender
from bridge.core.hygiene import clean_name
from bridge.core.ids import Address, UserRef
from bridge.core.states import (
    CONVERSATION,
    PROFILE,
    ConversationState,
    ConversationStep,
    MembershipState,
    ProfileState,
    ProfileStep,
)
from bridge.storage import barred, codec, lookup
from bridge.storage.columns import ID
from bridge.storage.models import Conversation, Identity, Person, Profile
from bridge.storage.models_members import Membership

EVENTS = "events"
"""Among a dialogue's answers: the ids of the inbox events that wait for it."""


async def meet(sender: Sender, now: datetime, *, privately: bool = False) -> Identity:
    """The identity behind a message, made on first sight and kept up to date; part of the caller's transaction."""
    name = clean_name(sender.name, fallback=clean_name(sender.handle, fallback=""))
    identity = await find(sender.ref)
    if identity is None:
        person = await Person.create(language=sender.language[:16], created_at=now)
        identity = await Identity.create(
            person=person,
            account=sender.ref.account,
            user=sender.ref.user,
            name=name,
            called=called(name),
            handle=clean_name(sender.handle, fallback=""),
            direct_chat=sender.direct or "",
            direct_open=privately,
            verified=sender.proof or "platform",
            created_at=now,
        )
        await barred.recall(identity, now)
        return identity
    changes = {"name": name, "called": called(name), "handle": clean_name(sender.handle, fallback="")}
    if sender.direct:
        changes["direct_chat"] = sender.direct
    if sender.proof and identity.verified != "code":  # what was proven by a code stays so
        changes["verified"] = sender.proof
    stale = {key: value for key, value in changes.items() if getattr(identity, key) != value}
    failing = identity.unreachable_at is not None or identity.warned_at is not None
    failing = failing and sender.proof != "claimed"  # what nobody vouches for says nothing of the mailbox
    if privately and (not identity.direct_open or identity.stopped_at is not None or failing):
        heard: dict[str, Any] = {"direct_open": True, "stopped_at": None}
        heard |= {"unreachable_at": None, "warned_at": None, "counted_from": now} if failing else {}
        await Identity.filter(id=identity.id).update(**heard)
        identity.update_from_dict(heard)
    if stale:
        await Identity.filter(id=identity.id).update(**stale)
        identity.update_from_dict(stale)
    return identity


def called(name: str) -> str:
    """A name as it is compared with others: letter case makes no difference."""
    return name.strip().casefold()[:ID]


async def introduce(ref: UserRef, now: datetime) -> Identity:
    """An account that has proven itself before it ever wrote: its owner typed elsewhere what was sent there."""
    person = await Person.create(created_at=now)
    identity = await Identity.create(
        person=person,
        account=ref.account,
        user=ref.user,
        name="",
        direct_chat=str(ref.user),
        created_at=now,
    )
    await barred.recall(identity, now)
    return identity


async def find(ref: UserRef) -> Identity | None:
    return await lookup.first(Identity, related=("person",), account=ref.account, user=ref.user)


async def find_by_id(identity_id: int) -> Identity | None:
    return await Identity.get_or_none(id=identity_id).select_related("person")


async def get(identity_id: int) -> Identity:
    return await Identity.get(id=identity_id).select_related("person")


async def identities(person_id: int) -> list[Identity]:
    """All accounts of a person, those with an open private chat first, then the newest."""
    return await Identity.filter(person_id=person_id).order_by("-direct_open", "-id").select_related("person")


async def accounts_of(*person_ids: int) -> list[int]:
    """The numbers of all accounts of these people; never empty, for a query.

    What somebody wrote is looked for by their accounts: asked for the person, SQLite does not find the way from there
    to their messages, and reads everybody's.
    """
    found = await lookup.rows(Identity, person_id=person_ids or (0,))
    return [row.id for row in found] or [0]


async def find_by_handle(handle: str, accounts: Collection[str]) -> list[Identity]:
    """Everybody on these accounts who was last seen with that handle, such as @amina; newest first, at most ten."""
    called = Identity.filter(handle__iexact=handle, account__in=list(accounts))
    return await called.order_by("-id").limit(10).select_related("person")


async def written_to_in(address: Address) -> Identity | None:
    """Whose private chat this is."""
    return await Identity.filter(account=address.account, direct_chat=address.chat).select_related("person").first()


async def stop(identity: Identity, now: datetime) -> None:
    """They said STOP: nothing more is sent to this account until they write again (and it is met privately)."""
    await Identity.filter(id=identity.id).update(stopped_at=now)
    identity.stopped_at = now


def language_for(person: Person, community: str) -> str:
    """What they want to be written to in by a community, or in general; empty where they never said."""
    own = {} if person.languages == "{}" else codec.load_object(person.languages)
    return str(own.get(community, "")) or person.language


async def warn(identity: Identity, now: datetime) -> None:
    """Their owner is told that letters there come back."""
    await Identity.filter(id=identity.id).update(warned_at=now)
    identity.warned_at = now


async def failing_members(community: str, since: datetime) -> tuple[int, int]:
    """Members whose letters came back since a moment: how many were warned, how many are written to no more."""
    warned = Identity.filter(warned_at__gte=since, unreachable_at__isnull=True)
    lost = Identity.filter(unreachable_at__gte=since)
    counts = []
    for rows in (warned, lost):
        persons = {int(str(found)) for found in await rows.values_list("person_id", flat=True)}
        members = Membership.filter(
            community=community, state=MembershipState.MEMBER, person_id__in=list(persons) or [0]
        )
        counts.append(await members.count())
    return counts[0], counts[1]


async def close_direct(account: str, chat: str) -> None:
    """The person blocked the bot, or never opened the chat: do not count on it."""
    await Identity.filter(account=account, direct_chat=chat).update(direct_open=False)


async def choose_community(identity: Identity, community: str) -> None:
    await Identity.filter(id=identity.id).update(community=community)
    identity.community = community


async def choose_language(identity: Identity, language: str) -> None:
    """The language that the person behind an account wants to be written to in, on all of their accounts."""
    await Person.filter(id=identity.person_id).update(language=language)
    identity.person.language = language


_STANDING = (ProfileState.PENDING, ProfileState.APPROVED)


async def profile(person_id: int, community: str) -> Profile | None:
    """The newest version that answers a community's questions and was neither declined nor replaced."""
    return await _newest(person_id, community, _STANDING)


async def approved_profile(person_id: int, community: str) -> Profile | None:
    """The newest version that moderators have seen, or need not see."""
    return await _newest(person_id, community, (ProfileState.APPROVED,))


async def approved_before(version: Profile) -> Profile | None:
    """What was shown before a version, whatever has become of it since."""
    rows = Profile.filter(
        person_id=version.person_id,
        community__in=(version.community, ""),
        state=ProfileState.APPROVED,
        version__lt=version.version,
    )
    return await rows.order_by("-version").first()


async def pending_profile(person_id: int, community: str) -> Profile | None:
    """The version that moderators have not decided on yet."""
    return await _newest(person_id, community, (ProfileState.PENDING,))


async def profile_elsewhere(person_id: int, community: str) -> Profile | None:
    """The newest version given to any other community."""
    rows = Profile.filter(person_id=person_id, state__in=_STANDING).exclude(community=community)
    return await rows.order_by("-version").first()


async def profile_by_id(profile_id: int) -> Profile | None:
    return await Profile.get_or_none(id=profile_id)


async def _newest(person_id: int, community: str, states: Collection[ProfileState]) -> Profile | None:
    # A version from before each community had its own questions counts for all of them.
    return await lookup.first(
        Profile, person_id=person_id, community=(community, ""), state=tuple(states), order="-version"
    )


async def save_profile(
    person_id: int,
    answers: Mapping[str, str],
    *,
    shown: bool,
    now: datetime,
    community: str = "",
    hidden: Collection[str] = (),
    biography: str = "",
    state: ProfileState = ProfileState.APPROVED,
    by: str = "",
) -> Profile:
    """A new version; older ones stay for the posts that were approved with them."""
    last = await Profile.filter(person_id=person_id).order_by("-version").first()
    return await Profile.create(
        person_id=person_id,
        version=1 if last is None else last.version + 1,
        community=community,
        answers=codec.dump_object(answers),
        called=called(answers.get("name", "")),
        shown=shown,
        hidden=codec.dump_list(sorted(hidden)),
        biography=biography,
        state=state,
        decided_by=by,
        decided_at=now if by else None,
        created_at=now,
    )


async def settle_profile(row: Profile, step: ProfileStep, *, by: str, now: datetime) -> bool:
    """One conditional change of a version's state; False where it was settled already."""
    values = {"state": PROFILE.target(step), "decided_by": by, "decided_at": now}
    changed = await Profile.filter(id=row.id, state__in=PROFILE.sources(step)).update(**values)
    if changed == 1:
        row.update_from_dict(values)
    return changed == 1


async def replace_pending(person_id: int, community: str, *, besides: int, now: datetime) -> list[Profile]:
    """A newer version takes the place of those that nobody has decided on; returns them."""
    rows = await Profile.filter(person_id=person_id, community=community, state=ProfileState.PENDING).exclude(
        id=besides
    )
    return [row for row in rows if await settle_profile(row, ProfileStep.REPLACE, by="", now=now)]


def hidden_of(profile_row: Profile) -> frozenset[str]:
    """The ids of the fields that are not to be shown."""
    return frozenset(codec.load_list(profile_row.hidden))


def answers_of(profile_row: Profile | Conversation | None) -> dict[str, str]:
    if profile_row is None:
        return {}
    return {key: str(value) for key, value in codec.load_object(profile_row.answers).items()}


def events_of(row: Conversation | None) -> list[int]:
    """The inbox events that wait for this dialogue to end, oldest first."""
    return [int(number) for number in answers_of(row).get(EVENTS, "").split() if number.isdecimal()]


async def waiting_events() -> list[int]:
    """All inbox events that are to be handled once more when their senders have answered."""
    rows = await Conversation.filter(state=ConversationState.OPEN, answers__contains=f'"{EVENTS}"')
    return [event_id for row in rows for event_id in events_of(row)]


async def conversation(identity: Identity, kind: str) -> Conversation | None:
    return await lookup.first(Conversation, identity_id=identity.id, kind=kind)


async def newest_open(identity: Identity) -> Conversation | None:
    """Of all dialogues that wait for an answer, the one in which was asked last."""
    rows = Conversation.filter(identity_id=identity.id, state=ConversationState.OPEN)
    return await rows.order_by("-updated_at", "-id").first()


async def pause_all(identity: Identity, now: datetime) -> None:
    """Wait for no answer any more."""
    for row in await Conversation.filter(identity_id=identity.id, state=ConversationState.OPEN):
        await advance(row, now, transition=ConversationStep.PAUSE)


async def conversation_by_id(conversation_id: int) -> Conversation | None:
    return await Conversation.get_or_none(id=conversation_id).select_related("identity__person")


async def open_conversation(
    identity: Identity, kind: str, *, community: str, step: str, answers: Mapping[str, str], now: datetime
) -> Conversation:
    return await Conversation.create(
        identity=identity,
        kind=kind,
        community=community,
        step=step,
        answers=codec.dump_object(answers),
        updated_at=now,
    )


async def advance(
    row: Conversation,
    now: datetime,
    *,
    transition: ConversationStep | None = None,
    step: str | None = None,
    answers: Mapping[str, str] | None = None,
    community: str | None = None,
) -> bool:
    """Move a dialogue on; False where it is no longer in a state that allows it."""
    values: dict[str, object] = {"updated_at": now}
    allowed: tuple[ConversationState, ...] = (ConversationState(row.state),)
    if transition is not None:
        allowed = CONVERSATION.sources(transition)
        values["state"] = CONVERSATION.target(transition)
    if step is not None:
        values["step"] = step
    if answers is not None:
        values["answers"] = codec.dump_object(answers)
    if community is not None:
        values["community"] = community
    changed = await Conversation.filter(id=row.id, state__in=allowed).update(**values)
    if changed == 1:
        row.update_from_dict(values)
    return changed == 1
