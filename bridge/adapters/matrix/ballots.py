"""What is known of the polls of members: a vote names its answer by an id that only the poll itself explains."""

import asyncio
from collections.abc import Mapping
from typing import Any

import structlog

from bridge.adapters.matrix.client import TROUBLE
from bridge.adapters.matrix.encryption import Encryption
from bridge.adapters.matrix.polls import RESPONSES, Ballot, ballot_of, read_vote
from bridge.adapters.matrix.session import Session

_log = structlog.get_logger(__name__)
_PATIENCE = 5.0
_KEPT = 200


class Ballots:
    """The ballots of the polls voted in lately."""

    def __init__(self, session: Session, encryption: Encryption) -> None:
        self._session, self._encryption = session, encryption
        self._known: dict[str, Ballot] = {}

    async def needed(self, room: str, event: Mapping[str, Any]) -> Mapping[str, Ballot]:
        """The ballot that this event needs, where it is a vote in a poll of somebody else's; by the poll's event."""
        content = event.get("content")
        if event.get("type") not in RESPONSES or not isinstance(content, Mapping):
            return {}
        relation = content.get("m.relates_to")
        poll = relation.get("event_id") if isinstance(relation, Mapping) else None
        if not isinstance(poll, str) or read_vote(content, None) is not None:
            return {}
        if poll not in self._known:
            try:
                async with asyncio.timeout(_PATIENCE):
                    found = await self._session.server.event(room, poll)
            except TROUBLE as error:  # one vote less is counted; what people write must not wait for it
                # Which poll is the voter's word: it may be anything they typed, and stays out of the log.
                _log.warning("poll_not_read", room=room, reason=type(error).__name__)
                return {}
            asked = (await self._encryption.clear(room, found)).get("content") if found else None
            ballot = ballot_of(asked) if isinstance(asked, Mapping) else None
            if ballot is None:
                return {}
            while len(self._known) >= _KEPT:
                del self._known[next(iter(self._known))]
            self._known[poll] = ballot
        return self._known
