"""Sliding windows over what was really attempted, per chat and per account. A limit met is a deadline, not a retry.

A platform counts a call when it gets it, which is some time between its start and its answer, and differs from call to
call. So a call that is answered counts from its answer, and one that is under way as if it arrived this moment: then no
window over there ever holds more than its limit, however the network behaves. It costs a round trip in each window.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge.core.capabilities import Pace
from bridge.core.ids import AccountId, Address

WINDOW = timedelta(seconds=60)
# Our clock and theirs do not run at quite the same speed.
_MARGIN = timedelta(milliseconds=10)
_SECOND = timedelta(seconds=1)
_LONGEST_CALL = timedelta(seconds=1)
"""Of a call of before a restart only its start is known: it may have arrived this much later."""


@dataclass(slots=True)
class _Call:
    at: datetime
    under_way: bool = False

    def arrived(self, now: datetime) -> datetime:
        """The latest moment at which it may have been counted."""
        return now if self.under_way else self.at


@dataclass
class _Lane:
    calls: deque[_Call] = field(default_factory=deque)
    not_before: datetime | None = None

    def latest(self, place: int, now: datetime) -> datetime:
        """When the call came that is the so-maniest from the end, counted by their arrival."""
        return sorted(call.arrived(now) for call in self.calls)[-place]


class Pacer:
    """Says when a chat may be called next. Every send, edit and removal counts."""

    def __init__(self) -> None:
        self._chats: defaultdict[Address, _Lane] = defaultdict(_Lane)
        self._accounts: defaultdict[AccountId, _Lane] = defaultdict(_Lane)
        self._open: defaultdict[Address, list[_Call]] = defaultdict(list)
        """Calls that were counted and not answered, in their order."""

    def load(self, recent: Iterable[tuple[Address, datetime]]) -> None:
        """Remember what was attempted before a restart, so that a restart cannot burst."""
        for address, at in sorted(recent, key=lambda item: item[1]):
            self._count(address, _Call(at + _LONGEST_CALL))

    def forget(self, account: AccountId) -> None:
        """Another program goes on with it; whoever gets it back loads it anew."""
        self._accounts.pop(account, None)
        for lanes in (self._chats, self._open):
            for address in [address for address in lanes if address.account == account]:
                del lanes[address]

    def attempted(self, address: Address, now: datetime) -> None:
        """A call is about to be made: its row is claimed first."""
        call = _Call(now)
        self._count(address, call)
        self._open[address].append(call)

    def _count(self, address: Address, call: _Call) -> None:
        self._chats[address].calls.append(call)
        self._accounts[address.account].calls.append(call)

    def started(self, address: Address, now: datetime) -> None:
        """The oldest call counted there that waits leaves now: its commit took a while."""
        for call in self._open[address]:
            if not call.under_way:
                call.at, call.under_way = now, True
                return

    def answered(self, address: Address, now: datetime) -> None:
        """The oldest call under way there has its answer."""
        calls = self._open[address]
        if calls:
            call = calls.pop(0)
            call.at, call.under_way = now, False
        if not calls:
            del self._open[address]

    def dropped(self, address: Address) -> None:
        """The newest call counted there is not made after all."""
        calls = self._open[address]
        if calls and not calls[-1].under_way:
            call = calls.pop()
            for lane in (self._chats[address], self._accounts[address.account]):
                lane.calls.remove(call)
        if not calls:
            del self._open[address]

    def hold(self, address: Address, until: datetime, *, whole_account: bool) -> None:
        """The platform named a time: nothing goes there before."""
        lane = self._accounts[address.account] if whole_account else self._chats[address]
        lane.not_before = until if lane.not_before is None else max(until, lane.not_before)

    def ready_at(self, address: Address, pace: Pace, now: datetime) -> datetime:
        """The earliest moment for a call to this chat; ``now`` when there is nothing to wait for."""
        chat, account = self._chats[address], self._accounts[address.account]
        _forget(chat, now - WINDOW - _MARGIN)
        kept = timedelta(seconds=max(1.0, pace.account_interval))
        _forget(account, now - kept - _MARGIN)
        moments = [now]
        moments += [lane.not_before for lane in (chat, account) if lane.not_before is not None]
        if pace.chat_interval and chat.calls:
            moments.append(chat.latest(1, now) + timedelta(seconds=pace.chat_interval) + _MARGIN)
        if pace.chat_per_minute and len(chat.calls) >= pace.chat_per_minute:
            moments.append(chat.latest(pace.chat_per_minute, now) + WINDOW + _MARGIN)
        if pace.account_interval and account.calls:
            moments.append(account.latest(1, now) + timedelta(seconds=pace.account_interval) + _MARGIN)
        if pace.account_per_second and len(account.calls) >= pace.account_per_second:
            moments.append(account.latest(pace.account_per_second, now) + _SECOND + _MARGIN)
        return max(moments)


def _forget(lane: _Lane, before: datetime) -> None:
    """Calls answered earlier say nothing any more. One that hangs stays, and does not keep the others."""
    while lane.calls and not lane.calls[0].under_way and lane.calls[0].at <= before:
        lane.calls.popleft()
    if len(lane.calls) > 1 and lane.calls[0].under_way:
        lane.calls = deque(call for call in lane.calls if call.under_way or call.at > before)
