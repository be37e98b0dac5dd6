"""Each fault of the homeserver has exactly one answer, and none of them guesses."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.adapters.matrix.client import Answer, HomeServer, NoAnswer, NotSent, _retry_after
from bridge.adapters.matrix.outcomes import outcome_of
from bridge.adapters.matrix.rooms import Unreachable
from bridge.adapters.matrix.session import Renewed
from bridge.core.clock import SystemClock
from bridge.core.errors import AccountError, Refusal, StorageUnavailable
from bridge.core.ports import Later, Refused, Unknown

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class StoppedClock(SystemClock):
    def now(self) -> datetime:
        return NOW


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Answer(403, "M_FORBIDDEN"), Refusal.FORBIDDEN),
        (Answer(404, "M_NOT_FOUND"), Refusal.CHAT_GONE),
        (Answer(413, "M_TOO_LARGE"), Refusal.TOO_BIG),
        (Answer(413, ""), Refusal.TOO_BIG),
        (Answer(400, "M_BAD_JSON"), Refusal.BAD_CONTENT),
        (Answer(403, "M_USER_DEACTIVATED"), Refusal.BAD_CREDENTIALS),
        (AccountError("password"), Refusal.BAD_CREDENTIALS),
        (Unreachable(), Refusal.UNREACHABLE),
    ],
)
def test_a_definite_no(error: Exception, reason: Refusal) -> None:
    outcome = outcome_of(error, StoppedClock(), attempted=True)
    assert isinstance(outcome, Refused)
    assert outcome.reason is reason


@pytest.mark.parametrize(
    ("error", "seconds", "account"),
    [
        (Answer(429, "M_LIMIT_EXCEEDED", retry_after=4.5), 4.5, True),
        (Answer(429, "", retry_after=None), 30, True),
        (NotSent("ClientConnectorError"), 5, True),
        (Renewed(), 0, False),
        (StorageUnavailable(), 5, False),
        (Answer(404, ""), 30, False),
    ],
)
def test_certainly_not_yet(error: Exception, seconds: float, *, account: bool) -> None:
    outcome = outcome_of(error, StoppedClock(), attempted=True)
    assert isinstance(outcome, Later)
    assert outcome.when == NOW + timedelta(seconds=seconds)
    assert outcome.whole_account is account


@pytest.mark.parametrize("error", [NoAnswer("TimeoutError"), Answer(502, ""), Answer(500, ""), KeyError("a secret")])
def test_nobody_knows(error: Exception) -> None:
    attempted = outcome_of(error, StoppedClock(), attempted=True)
    assert isinstance(attempted, Unknown)
    assert "secret" not in attempted.why
    assert isinstance(outcome_of(error, StoppedClock(), attempted=False), Later)


@pytest.mark.parametrize(
    ("headers", "said", "seconds"),
    [
        ({"Retry-After": "7"}, {"retry_after_ms": 1500}, 7.0),
        ({}, {"retry_after_ms": 1500}, 1.5),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, {"retry_after_ms": 1500}, 1.5),
        ({"Retry-After": "-3"}, {}, 0.0),
        ({}, {"retry_after_ms": "soon"}, None),
        ({}, {}, None),
    ],
)
def test_how_long_to_wait_stands_in_the_header_or_in_the_answer(
    headers: dict[str, str], said: dict[str, object], seconds: float | None
) -> None:
    assert _retry_after(headers, said) == seconds


def test_the_library_repeats_nothing_and_keeps_no_place_of_its_own() -> None:
    """The ledger is in charge of repeats, the database of the place in the stream."""
    config = HomeServer("https://hs", "@baraza:hs").config
    assert (config.max_limit_exceeded, config.max_timeouts) == (0, 0)
    assert config.store_sync_tokens is False
