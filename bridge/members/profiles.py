"""The author card of a member, made of what they agreed to show."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from bridge.core.card import AuthorCard, Extra, from_json
from bridge.core.community import Community
from bridge.core.membership import FieldKind, WithoutProfile
from bridge.core.states import MembershipState, ProfileState
from bridge.members.fields import BIOGRAPHY
from bridge.members.vouching import told_apart
from bridge.rendering.cards import at_in_words
from bridge.rendering.countries import code_of
from bridge.rendering.words import Words, words
from bridge.storage import codec, memberships, people, submissions
from bridge.storage.models import Identity, Profile, Submission
from bridge.storage.models_members import Membership

_PLACED = ("role", "organisation", "interests", "degrees", "town")
"""Fields that have their place in the sentence as they were written."""


def shown_name(identity: Identity, w: Words) -> str:
    """What a person is called. Who gave no name is not called by their user id: on SMS that is a telephone number."""
    return identity.name or w._("Member {number}", number=identity.id)


def card_from(
    answers: Mapping[str, str],
    name: str,
    community: Community,
    *,
    hidden: Collection[str] = (),
    biography: str = "",
    title: str = "",
) -> AuthorCard:
    """A card from answers to the profile questions; ``name`` where no name was given."""
    shown = {key: value for key, value in answers.items() if value and key not in hidden}
    country = shown.get("country", "")
    email = languages = ""
    extra: list[Extra] = []
    for field in community.members.fields:
        value = shown.get(field.id, "")
        if not value or field.id in (*_PLACED, "name", "country"):
            continue
        if field.kind is FieldKind.EMAIL and not email:
            email = value
        elif field.kind is FieldKind.LANGUAGES and not languages:
            languages = value
        elif field.label:
            coded = field.kind.value if field.kind in (FieldKind.COUNTRY, FieldKind.LANGUAGES) else ""
            # A second address is no less a mailbox for having a label of its own.
            said = at_in_words(value) if field.kind is FieldKind.EMAIL else value
            extra.append(Extra(label=dict(field.label), value=said, kind=coded))
    return AuthorCard(
        label=community.name,
        name=shown.get("name") or name,
        title=title,
        biography="" if BIOGRAPHY in hidden else biography,
        extra=tuple(extra),
        role=shown.get("role", ""),
        organisation=shown.get("organisation", ""),
        country=code_of(country) or country,  # versions from before codes were kept
        interests=shown.get("interests", ""),
        degrees=shown.get("degrees", ""),
        town=shown.get("town", ""),
        languages=languages,
        email=email,
    )


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is known of an author in a community at one moment."""

    card: AuthorCard
    called: str
    """The name on the card before namesakes are told apart."""
    membership: Membership | None = None
    profile: Profile | None
    """The version that the card is made of."""
    unseen: bool = False
    """No moderator has seen that version yet."""
    elsewhere: bool = False
    """It is the card of the post that this is a copy of."""

    @property
    def has_profile(self) -> bool:
        return self.elsewhere or (self.profile is not None and self.profile.shown)


async def standing(identity: Identity, community: Community, *, unseen: bool = False) -> Standing:
    """What readers may be told of this person now; ``unseen``: also by a first version that is not approved yet."""
    newest = await people.profile(identity.person_id, community.id)
    waits = newest is not None and newest.state == ProfileState.PENDING
    profile = await people.approved_profile(identity.person_id, community.id) if waits else newest
    first = unseen and profile is None and newest is not None
    if first:
        profile = newest
    known = await memberships.membership(identity.person_id, community.id)
    title = known.title if known is not None and known.state == MembershipState.MEMBER else ""
    name = shown_name(identity, words(community.language))
    if profile is None or not profile.shown:
        card = AuthorCard(label=community.name, name=name, title=title, new=newest is None and not title)
    else:
        card = card_of(profile, name, community, title=title)
    called = card.name
    card = replace(card, name=await told_apart(called, identity, community.id))
    return Standing(card=card, called=called, membership=known, profile=profile, unseen=first)


async def standing_of(submission: Submission, community: Community, *, unseen: bool = False) -> Standing:
    """The same of the author of a submission. A copy from another community keeps the card that it had there, unless
    its author has told this community, too, who they are.
    """
    found = await standing(submission.identity, community, unseen=unseen)
    if found.profile is not None or submission.origin_post_id is None:
        return found
    origin = await submissions.post_by_id(submission.origin_post_id)
    if origin is None:
        return found
    card = from_json(codec.load_object(origin.card))
    return replace(found, card=card, called="", profile=None, unseen=False, elsewhere=True)


def card_of(profile: Profile, name: str, community: Community, *, title: str = "") -> AuthorCard:
    """The card that one version makes, where its owner agrees to show it."""
    return card_from(
        people.answers_of(profile),
        name,
        community,
        hidden=people.hidden_of(profile),
        biography=profile.biography,
        title=title,
    )


def missing(profile: Profile | None, community: Community) -> list[str]:
    """The ids of the required fields that this version does not answer."""
    answers = people.answers_of(profile)
    return [field.id for field in community.members.fields if field.required and not answers.get(field.id)]


def owed(found: Standing, community: Community) -> list[str]:
    """What its author must still say before a post can go out, where the community asks for that."""
    if community.members.without_profile is not WithoutProfile.ASK or found.elsewhere:
        return []
    return missing(found.profile, community)
