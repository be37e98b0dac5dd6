"""Where a person is known: the communities whose tables name them, and whether they decide anywhere."""

from collections.abc import Sequence

from bridge.storage.models import Review, Submission
from bridge.storage.models_desk import Appointment
from bridge.storage.models_members import Application, Membership


async def communities_of(person_id: int, identities: Sequence[int]) -> set[str]:
    """Every community that the person belongs to, has written to, or has asked something of."""
    found = set(await Membership.filter(person_id=person_id).values_list("community", flat=True))
    found |= set(await Submission.filter(identity_id__in=list(identities)).values_list("community", flat=True))
    found |= set(await Application.filter(identity_id__in=list(identities)).values_list("community", flat=True))
    return {str(community) for community in found}


async def has_decided(refs: Sequence[str]) -> bool:
    """Was this person ever a moderator who was appointed or has decided on something?"""
    if await Review.filter(decided_by__in=list(refs)).exclude(state="withdrawn").exists():
        return True
    pairs = [ref.partition(":") for ref in refs]
    for account, _, user in pairs:
        if await Appointment.filter(account=account, user=user).exclude(role="").exists():
            return True
    return False
