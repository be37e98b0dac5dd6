"""Sliding windows over what was really attempted, per chat and per account. A limit met is a deadline, not a retry.

A platform counts a call when it gets it, which is some time between its start and its answer, and differs from call to
call. So a call that is answered counts from its answer, and one that is under way as if it arrived this moment: then no
window over there ever holds more than its limit, however the network behaves. It costs a round trip in each window.
An album counts as the messages that it becomes.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bridge.core.capabilities import Pace
from bridge.core.ids import AccountId, Address
from bridge.core.ports import Later, SendOutcome, Sent

WINDOW = timedelta(seconds=60)
# Our clock and theirs do not run at quite the same speed.
_MARGIN = timedelta(milliseconds=10)
_LONGEST_CALL = timedelta(seconds=1)
"""Of a call of before a restart only its start is known: it may have arrived this much later."""
_SET_BACK = timedelta(seconds=5)
"""A call that is later than now by more was counted by another time."""
_REFUSED = 3
"""So many quiet chats that are asked too often, until about the same moment and with nothing that went through in
between, mean that it is the account: platforms do not say which it was."""
_ABOUT = timedelta(seconds=5)

_PATIENCE = timedelta(seconds=1)
"""Room that is there and not taken within this time is anybody's."""


@dataclass(slots=True, eq=False)
class _Call:
    at: datetime
    open: bool = False
    """Has it been counted and not answered?"""
    under_way: bool = False
    weight: int = 1

    def arrived(self, now: datetime) -> datetime:
        """The latest moment at which it may have been counted over there."""
        return now if self.open else self.at


@dataclass
class _Lane:
    calls: deque[_Call] = field(default_factory=deque)
    not_before: datetime | None = None
    kept_for: tuple[Address, datetime] | None = None
    """Of an account: the chat whose next call needs room for several messages, and how long that is waited for."""
    held_at: datetime | None = None
    """When that was said."""

    def latest(self, place: int, now: datetime) -> datetime | None:
        """When the message came that is the so-maniest from the end, counted by their arrival; None: fewer came."""
        for call in sorted(self.calls, key=lambda call: call.arrived(now), reverse=True):
            place -= call.weight
            if call.weight and place <= 0:
                return call.arrived(now)
        return None

    def hold(self, until: datetime, now: datetime) -> None:
        self.not_before = until if self.not_before is None else max(until, self.not_before)
        self.held_at = now

    def notice(self, now: datetime) -> None:
        """Where the clock was set back, what is known counts from now: as long as it was meant to, and no longer."""
        ahead = now + _SET_BACK
        for call in self.calls:
            if call.at > ahead:
                call.at, self.kept_for = now, None
        if self.held_at is not None and self.not_before is not None and self.held_at > ahead:
            self.not_before, self.held_at = now + (self.not_before - self.held_at), now


class Pacer:
    """Says when a chat may be called next. Every send, edit and removal counts."""

    def __init__(self) -> None:
        self._chats: defaultdict[Address, _Lane] = defaultdict(_Lane)
        self._accounts: defaultdict[AccountId, _Lane] = defaultdict(_Lane)
        self._open: defaultdict[Address, list[_Call]] = defaultdict(list)
        """Calls that were counted and not answered, in their order."""
        self._newest: datetime | None = None
        """No call that is known, and no moment at which a wait was named, is later."""
        self._wanted: dict[Address, int] = {}
        """For how many messages the next call there needs room, where it is known."""
        self._refused: defaultdict[AccountId, dict[Address, datetime]] = defaultdict(dict)
        """Since something of an account last went through: quiet chats that it was refused in, and until when."""

    def load(self, recent: Iterable[tuple[Address, datetime, int]]) -> None:
        """Remember what was attempted before a restart, so that a restart cannot burst: (chat, when, weight)."""
        for address, at, weight in sorted(recent, key=lambda item: item[1]):
            self._count(address, _Call(at + _LONGEST_CALL, weight=weight))
            self._newest = max(self._newest or at, at + _LONGEST_CALL)

    def _notice(self, now: datetime) -> None:
        """Of thousands of calls none is looked at unless the clock was set back."""
        if self._newest is None or now >= self._newest:
            self._newest = now
        elif now < self._newest - _SET_BACK:
            for lane in (*self._chats.values(), *self._accounts.values()):
                lane.notice(now)
            self._refused.clear()
            self._newest = now + _SET_BACK

    def forget(self, account: AccountId) -> None:
        """Another program goes on with it; whoever gets it back loads it anew."""
        self._accounts.pop(account, None)
        self._refused.pop(account, None)
        for lanes in (self._chats, self._open):
            for address in [address for address in lanes if address.account == account]:
                del lanes[address]
        for address in [address for address in self._wanted if address.account == account]:
            del self._wanted[address]

    def attempted(self, address: Address, now: datetime) -> None:
        """A call is about to be made: its row is claimed first."""
        self._notice(now)
        call = _Call(now, open=True, weight=self._wanted.pop(address, 1))
        lane = self._accounts[address.account]
        if lane.kept_for is not None and lane.kept_for[0] == address:
            lane.kept_for = None
        self._count(address, call)
        self._open[address].append(call)

    def _count(self, address: Address, call: _Call) -> None:
        self._chats[address].calls.append(call)
        self._accounts[address.account].calls.append(call)

    def started(self, address: Address, now: datetime, pace: Pace | None = None, weight: int = 1) -> datetime | None:
        """The oldest call counted there that waits leaves now: its commit took a while.

        ``weight``: it becomes several messages. Where there is no room for them all, it is not made: the moment at
        which there will be is returned, and kept free for it.
        """
        self._notice(now)
        for call in self._open[address]:
            if not call.under_way:
                break
        else:
            return None
        if weight > call.weight and pace is not None:
            call.weight = 0
            ready = max(self._ready(address, pace, now, weight))
            if ready > now:
                self._forget_call(address, call)
                self._wanted[address] = weight
                self._chats[address].hold(ready, now)
                return ready
            call.weight = weight
        call.at, call.under_way = now, True
        return None

    def answered(self, address: Address, now: datetime) -> None:
        """The oldest call under way there has its answer."""
        self._notice(now)
        calls = self._open[address]
        if calls:
            call = calls.pop(0)
            call.at, call.open, call.under_way = now, False, False
        if not calls:
            del self._open[address]

    def dropped(self, address: Address) -> None:
        """The newest call counted there is not made after all."""
        calls = self._open[address]
        if calls and not calls[-1].under_way:
            self._forget_call(address, calls[-1])
        elif not calls:
            del self._open[address]

    def _forget_call(self, address: Address, call: _Call) -> None:
        self._open[address].remove(call)
        if not self._open[address]:
            del self._open[address]
        for lane in (self._chats[address], self._accounts[address.account]):
            lane.calls.remove(call)

    def heard(self, address: Address, answer: SendOutcome, pace: Pace, now: datetime) -> SendOutcome:
        """What a call's answer says about when to go on. Given back is what it means: perhaps for the whole account."""
        match answer:
            case Sent():
                self._refused.pop(address.account, None)
            case Later(limit=True, whole_account=False):
                if self.limited(address, answer.when, pace, now=now):
                    return replace(answer, whole_account=True)
            case Later():
                self.hold(address, answer.when, now=now, whole_account=answer.whole_account)
        return answer

    def hold(self, address: Address, until: datetime, *, now: datetime, whole_account: bool = False) -> None:
        """A time was named before which nothing goes there, or nothing of the whole account."""
        self._notice(now)
        self._chats[address].hold(until, now)
        if whole_account:
            self._accounts[address.account].hold(until, now)

    def limited(self, address: Address, until: datetime, pace: Pace, *, now: datetime) -> bool:
        """The platform says that it was asked too often, and not by whom: True where that must have been the account.

        Nearly always it was the chat, and then only this chat waits: cards go on while some groups have had enough.
        """
        self.hold(address, until, now=now)
        if self._has_had_enough(address, pace, now):
            return False
        refused = self._refused[address.account]
        refused[address] = until
        if sum(at > now and abs(at - until) <= _ABOUT for at in refused.values()) < _REFUSED:
            return False
        self._accounts[address.account].hold(until, now)
        return True

    def _has_had_enough(self, address: Address, pace: Pace, now: datetime) -> bool:
        """Was more than half of what a chat may be sent sent there? Where its limit really is nobody publishes."""
        calls = self._chats[address].calls
        minute = sum(call.weight for call in calls if call.arrived(now) > now - WINDOW)
        moment = timedelta(seconds=2 * pace.chat_interval)
        return bool(
            (pace.chat_per_minute and 2 * minute > pace.chat_per_minute)
            or (moment and sum(call.weight for call in calls if call.arrived(now) > now - moment) > 1)
        )

    def held(self, accounts: Iterable[AccountId], now: datetime) -> dict[AccountId, datetime]:
        """The accounts on which nothing goes at all, and until when."""
        self._notice(now)
        until = {account: self._accounts[account].not_before for account in accounts}
        return {account: at for account, at in until.items() if at is not None and at > now}

    def is_put_off(self, address: Address, pace: Pace, now: datetime) -> bool:
        """Must the chat itself wait, whatever its account may?"""
        return self._ready(address, pace, now, self._wanted.get(address, 1))[0] > now

    def ready_at(self, address: Address, pace: Pace, now: datetime) -> datetime:
        """The earliest moment for a call to this chat; ``now`` when there is nothing to wait for."""
        weight = self._wanted.get(address, 1)
        chat, account = self._ready(address, pace, now, weight)
        lane = self._accounts[address.account]
        kept = lane.kept_for if lane.kept_for is not None and lane.kept_for[1] > now else None
        if weight > 1 and chat <= now < account and kept is None:
            lane.kept_for = address, account + _PATIENCE  # smaller ones would take its room for ever
        elif kept is not None and kept[0] != address:
            account = max(account, kept[1])
        return max(chat, account)

    def _ready(self, address: Address, pace: Pace, now: datetime, weight: int = 1) -> tuple[datetime, datetime]:
        """By the chat's limits, and by the account's."""
        chat, account = self._chats[address], self._accounts[address.account]
        self._notice(now)
        _forget(chat, now - WINDOW - _MARGIN)
        kept = timedelta(seconds=max(1.0, pace.account_interval))
        _forget(account, now - kept - _MARGIN)
        return (
            _room(chat, now, (1, pace.chat_interval), (_place(pace.chat_per_minute, weight), WINDOW.total_seconds())),
            _room(account, now, (1, pace.account_interval), (_place(pace.account_per_second, weight), 1.0)),
        )


def _place(limit: int, weight: int) -> int:
    """The message from the end that must have left the window; 0: there is no limit."""
    return limit and max(1, limit - weight + 1)


def _room(lane: _Lane, now: datetime, *windows: tuple[int, float]) -> datetime:
    """When the so-maniest message from the end is so many seconds old, in each window; 0 is no limit."""
    moments = [now] if lane.not_before is None else [now, lane.not_before]
    for place, seconds in windows:
        if place and seconds and (at := lane.latest(place, now)) is not None:
            moments.append(at + timedelta(seconds=seconds) + _MARGIN)
    return max(moments)


def _forget(lane: _Lane, before: datetime) -> None:
    """Calls answered earlier say nothing any more. One that hangs stays, and does not keep the others."""
    while lane.calls and not lane.calls[0].open and lane.calls[0].at <= before:
        lane.calls.popleft()
    if len(lane.calls) > 1 and lane.calls[0].open:
        lane.calls = deque(call for call in lane.calls if call.open or call.at > before)
