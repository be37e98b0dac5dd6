"""Telegram tells of a vote by the poll's own id alone: remembered is which message of ours each poll is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.core.events import InboundEvent, PollCounted, PollVoted
from bridge.core.ids import ChatId, MessageId, RemoteRef
from bridge.core.ports import Sink, StateStore


def poll_id(sent: object) -> str:
    """The id of the poll that a message is; empty for any other message."""
    poll = sent.get("poll") if isinstance(sent, Mapping) else None
    number: Any = poll.get("id") if isinstance(poll, Mapping) else None
    return number if isinstance(number, str) else ""


async def remember(state: StateStore, poll: str, ref: RemoteRef) -> None:
    await state.set(f"poll:{poll}", f"{ref.chat} {ref.message}")


class PollSink:
    """Names the messages of votes before they are committed; votes in polls that are not ours are passed over."""

    def __init__(self, sink: Sink, state: StateStore) -> None:
        self._sink, self._state = sink, state

    async def accept(self, events: Sequence[InboundEvent], *, state: Mapping[str, str] | None = None) -> None:
        """Raises StorageUnavailable where the polls cannot be looked up, either."""
        named = [await self._named(event) for event in events]
        await self._sink.accept([event for event in named if event is not None], state=state)

    async def _named(self, event: InboundEvent) -> InboundEvent | None:
        if not isinstance(event, PollCounted | PollVoted):
            return event
        known = await self._state.get(f"poll:{event.ref.message}")
        if known is None:
            return None
        chat, _, message = known.partition(" ")
        ref = RemoteRef(event.account, ChatId(chat), MessageId(message))
        return replace(event, chat=ref.chat, ref=ref)
