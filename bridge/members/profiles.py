"""The author card of a member, from the newest profile they consented to show."""

from dataclasses import replace

from bridge.core.card import AuthorCard
from bridge.core.community import Community
from bridge.members.vouching import told_apart
from bridge.rendering.words import Words, words
from bridge.storage import people
from bridge.storage.models import Identity

FIELDS = ("name", "role", "organisation", "country", "interests")


def shown_name(identity: Identity, w: Words) -> str:
    """What a person is called. Who gave no name is not called by their user id: on SMS that is a telephone number."""
    return identity.name or w._("Member {number}", number=identity.id)


def card_from(answers: dict[str, str], name: str, community: Community) -> AuthorCard:
    """A card from answers to the profile questions; ``name`` where no name was given."""
    return AuthorCard(
        label=community.name,
        name=answers.get("name") or name,
        role=answers.get("role", ""),
        organisation=answers.get("organisation", ""),
        country=answers.get("country", ""),
        interests=answers.get("interests", ""),
    )


async def author_card(identity: Identity, community: Community) -> AuthorCard:
    """What readers may be told of this person now."""
    name = shown_name(identity, words(community.language))
    profile = await people.profile(identity.person_id)
    if profile is None or not profile.shown:
        card = AuthorCard(label=community.name, name=name)
    else:
        card = card_from(people.answers_of(profile), name, community)
    return replace(card, name=await told_apart(card.name, identity, community.id))
