"""Limits are kept by sliding windows over what was really attempted."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.core.capabilities import Pace
from bridge.core.ids import Address, ChatId
from bridge.core.ports import Later, Sent
from bridge.delivery.pacing import WINDOW, Pacer
from tests.unit.storage.stage import KENYA, NET, NOW, UGANDA

TELEGRAM = Pace(chat_interval=1.0, chat_per_minute=20, account_per_second=25)
SAME_ACCOUNT = Address(NET, ChatId("other"))
SECOND = timedelta(seconds=1)


def called(pacer: Pacer, address: Address, at: datetime) -> None:
    """A call that is claimed, made and answered at one moment."""
    pacer.attempted(address, at)
    pacer.started(address, at)
    pacer.answered(address, at)


def test_the_first_call_waits_for_nothing() -> None:
    assert Pacer().ready_at(KENYA, TELEGRAM, NOW) == NOW


def test_calls_to_one_chat_keep_their_distance_and_others_do_not_wait() -> None:
    pacer = Pacer()
    pacer.attempted(KENYA, NOW)
    assert NOW + SECOND <= pacer.ready_at(KENYA, TELEGRAM, NOW) <= NOW + 1.1 * SECOND
    assert pacer.ready_at(SAME_ACCOUNT, TELEGRAM, NOW) == NOW
    assert pacer.ready_at(UGANDA, TELEGRAM, NOW) == NOW


def test_a_call_counts_from_when_it_left() -> None:
    pacer = Pacer()
    pacer.attempted(KENYA, NOW)
    pacer.started(KENYA, NOW + SECOND)
    assert pacer.ready_at(KENYA, TELEGRAM, NOW + SECOND) >= NOW + 2 * SECOND


def test_a_call_that_is_answered_counts_from_its_answer_and_one_under_way_from_now() -> None:
    pacer = Pacer()
    pacer.attempted(KENYA, NOW)
    pacer.started(KENYA, NOW)
    hanging = pacer.ready_at(KENYA, TELEGRAM, NOW + 30 * SECOND)
    assert hanging >= NOW + 31 * SECOND, "nobody knows when it arrives"
    pacer.answered(KENYA, NOW + 31 * SECOND)
    assert NOW + 32 * SECOND <= pacer.ready_at(KENYA, TELEGRAM, NOW + 31 * SECOND) <= NOW + 32.1 * SECOND
    assert pacer.ready_at(KENYA, TELEGRAM, NOW + 33 * SECOND) == NOW + 33 * SECOND


def test_a_call_that_is_not_made_counts_for_nothing() -> None:
    pacer = Pacer()
    pacer.attempted(KENYA, NOW)
    pacer.dropped(KENYA)
    assert pacer.ready_at(KENYA, TELEGRAM, NOW) == NOW
    pacer.dropped(KENYA)
    pacer.answered(KENYA, NOW)
    assert pacer.ready_at(KENYA, TELEGRAM, NOW) == NOW


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 2), st.floats(0, 0.9), st.floats(0, 1)), max_size=120),
    st.integers(1, 20),
    st.integers(1, 25),
)
def test_no_window_over_there_holds_more_than_its_limit_whatever_the_network_does(
    asks: list[tuple[float, int, float, float]], per_minute: int, per_second: int
) -> None:
    """Each call takes its time, and is counted at the platform at some moment of that time."""
    pace = replace(TELEGRAM, chat_per_minute=per_minute, account_per_second=per_second)
    pacer, now = Pacer(), NOW
    under_way: list[tuple[datetime, Address]] = []
    counted: list[tuple[datetime, Address]] = []
    for pause, chat, takes, share in asks:
        address = Address(NET, ChatId(str(chat)))
        wanted = now + timedelta(seconds=pause)
        while True:  # calls to one chat go one at a time
            busy = [end for end, where in under_way if where == address]
            ready = max(wanted, pacer.ready_at(address, pace, max(now, wanted)), *busy)
            ending = sorted(end for end, _ in under_way if end <= ready)
            if not ending:
                break
            now = max(now, ending[0])
            for each in [each for each in under_way if each[0] == ending[0]]:
                pacer.answered(each[1], each[0])
                under_way.remove(each)
        now = max(now, ready)
        pacer.attempted(address, now)
        pacer.started(address, now)
        counted.append((now + timedelta(seconds=takes * share), address))
        under_way.append((now + timedelta(seconds=takes), address))
    for at, address in counted:
        same = [other for other, where in counted if where == address and at <= other < at + WINDOW]
        assert len(same) <= per_minute
        assert len([other for other in same if at <= other < at + SECOND]) <= 1
        assert len([other for other, _ in counted if at <= other < at + SECOND]) <= per_second


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 3), st.integers(0, 4)), max_size=150),
    st.integers(1, 20),
    st.integers(1, 25),
)
def test_no_window_ever_holds_more_than_its_limit(
    asks: list[tuple[float, int]], per_minute: int, per_second: int
) -> None:
    pace = replace(TELEGRAM, chat_per_minute=per_minute, account_per_second=per_second)
    pacer, now, made = Pacer(), NOW, []
    for pause, chat in asks:
        now += timedelta(seconds=pause)
        address = Address(NET, ChatId(str(chat)))
        now = max(now, pacer.ready_at(address, pace, now))
        called(pacer, address, now)
        made.append((now, chat))
    for at, chat in made:
        same = [other for other, where in made if where == chat and at <= other < at + WINDOW]
        assert len(same) <= per_minute
        assert len([other for other, _ in made if at <= other < at + SECOND]) <= per_second
        assert len([other for other in same if at <= other < at + SECOND]) <= 1


def test_the_twenty_first_call_waits_for_the_first_to_be_a_minute_old() -> None:
    pacer = Pacer()
    for number in range(20):
        called(pacer, KENYA, NOW + number * 2 * SECOND)
    ready = pacer.ready_at(KENYA, TELEGRAM, NOW + 40 * SECOND)
    assert NOW + WINDOW <= ready <= NOW + WINDOW + 0.1 * SECOND


def test_a_restart_does_not_burst() -> None:
    before, after = Pacer(), Pacer()
    attempts = [(KENYA, NOW + number * 2 * SECOND) for number in range(20)]
    for address, at in attempts:
        called(before, address, at)
    after.load((address, at, 1) for address, at in reversed(attempts))
    now = NOW + 40 * SECOND
    later = after.ready_at(KENYA, TELEGRAM, now) - before.ready_at(KENYA, TELEGRAM, now)
    assert timedelta(0) <= later <= SECOND, "when the calls before it arrived is not known to the second"


def test_a_named_time_is_a_deadline_for_one_chat_or_the_whole_account() -> None:
    pacer = Pacer()
    pacer.hold(KENYA, NOW + 30 * SECOND, now=NOW)
    pacer.hold(KENYA, NOW + 10 * SECOND, now=NOW)  # a later, shorter answer does not release it
    assert pacer.ready_at(KENYA, Pace(), NOW) == NOW + 30 * SECOND
    assert pacer.ready_at(SAME_ACCOUNT, Pace(), NOW) == NOW
    pacer.hold(KENYA, NOW + 60 * SECOND, whole_account=True, now=NOW)
    assert pacer.ready_at(SAME_ACCOUNT, Pace(), NOW) == NOW + 60 * SECOND
    assert pacer.ready_at(UGANDA, Pace(), NOW) == NOW
    assert pacer.ready_at(SAME_ACCOUNT, Pace(), NOW + 61 * SECOND) == NOW + 61 * SECOND


@pytest.mark.parametrize("pace", [Pace(), Pace(chat_per_minute=1), Pace(chat_interval=5), Pace(account_per_second=1)])
def test_what_is_long_past_is_forgotten(pace: Pace) -> None:
    pacer = Pacer()
    for number in range(100):
        called(pacer, KENYA, NOW + number * SECOND)
    later = NOW + timedelta(hours=1)
    assert pacer.ready_at(KENYA, pace, later) == later


def waits(pacer: Pacer, address: Address, pace: Pace, now: datetime, weight: int) -> datetime | None:
    """A call that is claimed at once; until when it is put off."""
    assert pacer.ready_at(address, pace, now) == now
    pacer.attempted(address, now)
    return pacer.started(address, now, pace, weight)


def test_an_album_counts_as_its_messages_and_waits_until_there_is_room_for_all() -> None:
    pacer = Pacer()
    assert waits(pacer, KENYA, TELEGRAM, NOW, 10) is None
    pacer.answered(KENYA, NOW)
    assert waits(pacer, KENYA, TELEGRAM, NOW + 2 * SECOND, 6) is None
    pacer.answered(KENYA, NOW + 2 * SECOND)
    later = NOW + 4 * SECOND
    until = waits(pacer, KENYA, TELEGRAM, later, 10)
    assert until is not None
    assert NOW + WINDOW <= until <= NOW + WINDOW + 0.1 * SECOND
    assert pacer.ready_at(KENYA, TELEGRAM, later) == until, "nothing smaller takes its room"
    assert waits(pacer, KENYA, TELEGRAM, until, 10) is None
    huge = replace(TELEGRAM, chat_per_minute=4)
    assert waits(Pacer(), KENYA, huge, NOW, 10) is None, "more than ever fit go when nothing else went"


def test_a_busy_account_leaves_room_for_an_album() -> None:
    pacer, pace = Pacer(), Pace(account_per_second=8)
    order = [Address(NET, ChatId(name)) for name in ("y", "z", "album", *"cdefghijkl")]  # always something to send
    now, put_off, sent = NOW, 0, 0
    for turn in range(100):
        for address in order if turn else order[3:7] + order[2:3]:
            if pacer.ready_at(address, pace, now) > now:
                continue
            pacer.attempted(address, now)
            if pacer.started(address, now, pace, 6 if address.chat == "album" else 1) is not None:
                put_off += 1
                continue
            pacer.answered(address, now)
            sent += address.chat == "album"
        now += 0.13 * SECOND
    assert put_off > 0
    assert sent >= 4


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 2), st.integers(0, 4), st.integers(1, 10)), max_size=100),
    st.lists(st.integers(0, 99), max_size=3),
    st.integers(10, 25),
    st.integers(10, 30),
)
def test_no_window_holds_more_messages_than_its_limit_with_albums_and_restarts(
    asks: list[tuple[float, int, int]], restarts: list[int], per_minute: int, per_second: int
) -> None:
    pace = replace(TELEGRAM, chat_per_minute=per_minute, account_per_second=per_second)
    pacer, now = Pacer(), NOW
    made: list[tuple[Address, datetime, int]] = []
    for number, (pause, chat, weight) in enumerate(asks):
        now += timedelta(seconds=pause)
        if number in restarts:
            pacer = Pacer()
            pacer.load(call for call in made if call[1] > now - WINDOW)
        address = Address(NET, ChatId(str(chat)))
        for _ in range(20):
            now = max(now, pacer.ready_at(address, pace, now))
            pacer.attempted(address, now)
            if pacer.started(address, now, pace, weight) is None:
                break
        else:
            pytest.fail("it never goes")
        pacer.answered(address, now)
        made.append((address, now, weight))
    for where, at, _ in made:
        near = [call for call in made if at <= call[1] < at + SECOND]
        assert sum(weight for _, _, weight in near) <= per_second
        assert len([call for call in near if call[0] == where]) <= 1
        assert sum(weight for chat, when, weight in made if chat == where and at <= when < at + WINDOW) <= per_minute


CHATS = [Address(NET, ChatId(f"c{number}")) for number in range(5)]


def refused(pacer: Pacer, chat: Address, now: datetime, seconds: int, pace: Pace = TELEGRAM) -> bool:
    """A call is made and refused for so long; does that put the whole account off?"""
    pacer.attempted(chat, now)
    pacer.started(chat, now, pace)
    pacer.answered(chat, now)
    answer = pacer.heard(chat, Later(when=now + seconds * SECOND, limit=True), pace, now)
    assert isinstance(answer, Later)
    return answer.whole_account


def test_groups_that_have_had_enough_hold_nobody_else() -> None:
    """Three busy groups are at their limit, whatever it is today: the moderators' cards go on."""
    pacer, now = Pacer(), NOW
    for turn in range(11):
        for chat in CHATS[:3]:
            now = NOW + 3 * turn * SECOND
            pacer.attempted(chat, now)
            pacer.started(chat, now, TELEGRAM)
            pacer.answered(chat, now)
    assert not any(refused(pacer, chat, now + 3 * SECOND, 40) for chat in CHATS[:3])
    assert pacer.ready_at(CHATS[0], TELEGRAM, now + 4 * SECOND) == now + 43 * SECOND
    assert pacer.ready_at(CHATS[4], TELEGRAM, now + 4 * SECOND) == now + 4 * SECOND


def test_a_person_who_is_written_to_every_second_may_have_had_enough() -> None:
    pacer, pace = Pacer(), Pace(chat_interval=1, account_per_second=25)
    for chat in CHATS[:3]:
        pacer.attempted(chat, NOW)
        pacer.started(chat, NOW, pace)
        pacer.answered(chat, NOW)
        assert not refused(pacer, chat, NOW + 1.1 * SECOND, 5, pace)
    assert pacer.ready_at(CHATS[4], pace, NOW + 2 * SECOND) == NOW + 2 * SECOND


def test_quiet_chats_that_are_asked_too_often_one_after_the_other_mean_the_account() -> None:
    pacer = Pacer()
    assert [refused(pacer, chat, NOW, 30) for chat in CHATS[:2]] == [False, False]
    later = NOW + 31 * SECOND
    assert not refused(pacer, CHATS[2], later, 9), "those before are over"
    assert not refused(pacer, CHATS[3], later, 7)
    assert refused(pacer, CHATS[0], later, 8)
    assert pacer.ready_at(CHATS[4], TELEGRAM, later) == later + 8 * SECOND
    assert pacer.ready_at(CHATS[2], TELEGRAM, later) == later + 9 * SECOND
    assert pacer.ready_at(UGANDA, TELEGRAM, later) == later


def test_quiet_chats_that_are_put_off_until_different_moments_each_wait_for_their_own() -> None:
    pacer = Pacer()
    assert not any(
        refused(pacer, chat, NOW, seconds) for chat, seconds in zip(CHATS, (3600, 30, 300, 20), strict=False)
    )
    assert pacer.ready_at(CHATS[4], TELEGRAM, NOW) == NOW


def test_an_account_that_something_goes_through_on_is_not_asked_for_too_much() -> None:
    pacer = Pacer()
    for chat in CHATS[:4]:
        assert not refused(pacer, chat, NOW, 30)
        pacer.heard(CHATS[4], Sent(refs=()), TELEGRAM, NOW)
    assert pacer.ready_at(CHATS[4], TELEGRAM, NOW) == NOW


def test_a_call_whose_commit_takes_long_is_not_forgotten() -> None:
    """Claiming may wait for seconds: for a disk, for a lock, for the file being written anew."""
    pacer, late = Pacer(), NOW + 5 * SECOND
    for number in range(25):
        pacer.attempted(Address(NET, ChatId(f"c{number}")), NOW)
    assert pacer.ready_at(SAME_ACCOUNT, TELEGRAM, late) > late, "all of them leave only now"
    first, second = Address(NET, ChatId("c0")), Address(NET, ChatId("c1"))
    assert pacer.started(first, late, TELEGRAM, weight=10) is not None, "an album has no room beside 24 others"
    pacer.dropped(second)
    assert pacer.started(second, late) is None
