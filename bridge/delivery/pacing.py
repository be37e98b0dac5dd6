"""Sliding windows over what was really attempted, per chat and per account. A limit met is a deadline, not a retry."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.core.capabilities import Pace
from bridge.core.ids import AccountId, Address

WINDOW = timedelta(seconds=60)
# Clocks and networks jitter: a call that leaves a hair early arrives a hair early, and is refused.
_MARGIN = timedelta(milliseconds=30)


@dataclass
class _Lane:
    attempts: deque[datetime] = field(default_factory=deque)
    not_before: datetime | None = None


class Pacer:
    """Says when a chat may be called next. Every send, edit and removal counts."""

    def __init__(self) -> None:
        self._chats: defaultdict[Address, _Lane] = defaultdict(_Lane)
        self._accounts: defaultdict[AccountId, _Lane] = defaultdict(_Lane)

    def load(self, recent: Iterable[tuple[Address, datetime]]) -> None:
        """Remember what was attempted before a restart, so that a restart cannot burst."""
        for address, at in sorted(recent, key=lambda item: item[1]):
            self.attempted(address, at)

    def attempted(self, address: Address, now: datetime) -> None:
        self._chats[address].attempts.append(now)
        self._accounts[address.account].attempts.append(now)

    def started(self, address: Address, now: datetime) -> None:
        """The call counted last is only leaving now: its commit took a while."""
        attempts = self._chats[address].attempts
        if attempts and attempts[-1] < now:
            attempts[-1] = now

    def hold(self, address: Address, until: datetime, *, whole_account: bool) -> None:
        """The platform named a time: nothing goes there before."""
        lane = self._accounts[address.account] if whole_account else self._chats[address]
        lane.not_before = until if lane.not_before is None else max(until, lane.not_before)

    def ready_at(self, address: Address, pace: Pace, now: datetime) -> datetime:
        """The earliest moment for a call to this chat; ``now`` when there is nothing to wait for."""
        chat, account = self._chats[address], self._accounts[address.account]
        for lane in (chat, account):
            while lane.attempts and lane.attempts[0] <= now - WINDOW - _MARGIN:
                lane.attempts.popleft()
        moments = [now]
        moments += [lane.not_before for lane in (chat, account) if lane.not_before is not None]
        if pace.chat_interval and chat.attempts:
            moments.append(chat.attempts[-1] + timedelta(seconds=pace.chat_interval) + _MARGIN)
        if pace.chat_per_minute and len(chat.attempts) >= pace.chat_per_minute:
            moments.append(chat.attempts[-pace.chat_per_minute] + WINDOW + _MARGIN)
        if pace.account_interval and account.attempts:
            moments.append(account.attempts[-1] + timedelta(seconds=pace.account_interval) + _MARGIN)
        if pace.account_per_second and len(account.attempts) >= pace.account_per_second:
            moments.append(account.attempts[-pace.account_per_second] + timedelta(seconds=1) + _MARGIN)
        return max(moments)
