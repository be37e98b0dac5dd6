"""How long an account was away, on machines whose clock is set while nobody looks."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.core.clock import SystemClock
from bridge.core.outage import Hearing, Outage

T = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class TwoClocks(SystemClock):
    def __init__(self, wall: datetime = T) -> None:
        self.wall, self.steady = wall, 1000.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def passes(self, time: timedelta) -> None:
        self.wall += time
        self.steady += time.total_seconds()


def test_the_first_run_was_never_away() -> None:
    assert Hearing(TwoClocks(), None).heard() is None


def test_a_restart_counts_from_the_last_note() -> None:
    clock = TwoClocks()
    hearing = Hearing(clock, T - 30 * HOUR)
    assert hearing.silent() == 30 * HOUR
    assert hearing.heard() == Outage(T - 30 * HOUR, T)
    clock.passes(HOUR)
    assert hearing.heard() == Outage(T, T + HOUR)


@pytest.mark.parametrize("jump", [400 * HOUR, -400 * HOUR])
def test_setting_the_clock_makes_no_outage(jump: timedelta) -> None:
    clock = TwoClocks()
    hearing = Hearing(clock, T - HOUR)
    hearing.heard()
    clock.wall += jump
    clock.passes(timedelta(seconds=30))
    outage = hearing.heard()
    assert outage is not None
    assert outage.until - outage.since == timedelta(seconds=30)
    assert hearing.at == clock.wall


def test_a_machine_that_wakes_without_the_time_of_day_hides_no_outage() -> None:
    clock = TwoClocks(datetime(1970, 1, 1, tzinfo=UTC))
    hearing = Hearing(clock, T - 50 * HOUR)
    assert hearing.heard() is None
    assert hearing.at == T - 50 * HOUR, "the note of before would be lost"
    clock.passes(timedelta(minutes=2))
    clock.wall = T + timedelta(minutes=2)  # now the time server was reached
    assert hearing.heard() == Outage(T - 50 * HOUR, T)


def test_a_note_from_the_future_is_given_up_after_an_hour() -> None:
    clock = TwoClocks()
    hearing = Hearing(clock, T + 1000 * HOUR)
    assert hearing.heard() is None
    clock.passes(2 * HOUR)
    assert hearing.heard() is None
    assert hearing.at == clock.wall


def test_a_note_of_a_clock_that_was_never_set_is_no_outage() -> None:
    assert Hearing(TwoClocks(), datetime(1970, 1, 1, 1, tzinfo=UTC)).heard() is None


def test_what_could_not_be_told_is_found_again() -> None:
    hearing = Hearing(TwoClocks(), T - 30 * HOUR)
    outage = hearing.heard()
    assert outage is not None
    hearing.doubted(outage)
    assert hearing.heard() == outage
