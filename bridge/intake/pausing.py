"""How long a card waits: those of somebody who sends or changes much let the cards of others go first."""

from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.storage import intake_reads
from bridge.storage.models import Identity

_HANDFUL = 5
_LATELY = timedelta(minutes=10)
_LATER = timedelta(seconds=30)


async def for_message(identity: Identity, community: Community, now: datetime) -> timedelta:
    """For a new message of this person."""
    lately = await intake_reads.sent_by(identity.person_id, community.id, now - _LATELY, limit=_HANDFUL)
    return _LATER if len(lately) >= _HANDFUL else timedelta(0)


async def for_wording(submission_id: int, now: datetime) -> timedelta:
    """For a further wording of the author's: of many within a short time one card is shown, of the newest."""
    lately = await intake_reads.reworded(submission_id, now - _LATELY)
    return _LATER if lately >= _HANDFUL else timedelta(0)
