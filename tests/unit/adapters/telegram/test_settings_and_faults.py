"""What the config may say, and what Telegram's words mean."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, TelegramError

from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.faults import outcome
from bridge.adapters.telegram.request import (
    FloodControl,
    GarbledAnswer,
    MaybeSent,
    NoAnswer,
    NotSent,
    ServerTrouble,
)
from bridge.adapters.telegram.settings import Settings
from bridge.core.errors import Refusal
from bridge.core.ports import Later, Refused, Unknown

NOW = datetime(2026, 11, 23, tzinfo=UTC)
GOOD = {"kind": "telegram", "token": "123:abc-DEF_9"}


def settings(**more: Any) -> Settings:
    return Settings.model_validate({**GOOD, **more})


def test_little_is_needed() -> None:
    plain = settings()
    assert (plain.api_url, plain.updates, plain.bot_id) == ("https://api.telegram.org", "polling", 123)
    assert settings(api_url="http://127.0.0.1:8081/").api_url == "http://127.0.0.1:8081"
    assert settings(token=" 123:abc\n").token.get_secret_value() == "123:abc"


@pytest.mark.parametrize(
    "wrong",
    [
        {"token": ""},
        {"token": "a-real-looking-secret"},
        {"token": "12:ab/../cd"},
        {"api_url": "api.telegram.org"},
        {"api_url": "https://api.telegram.org?x=1"},
        {"updates": "webhook"},
        {"updates": "webhook", "webhook_secret": ""},
        {"webhook_secret": "with a space"},
        {"chat_interval": -1},
        {"of_tomorrow": 1},
    ],
)
def test_what_cannot_work_is_refused_without_repeating_a_secret(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**wrong)
    assert "real-looking-secret" not in str(caught.value)
    assert "a space" not in str(caught.value)


def test_nothing_shows_the_token() -> None:
    chosen = settings(token="123:very-secret")
    assert "very-secret" not in repr(chosen) + str(chosen) + chosen.model_dump_json() + repr(Client(chosen))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Forbidden("Forbidden: bot was blocked by the user"), Refusal.UNREACHABLE),
        (Forbidden("Forbidden: bot can't initiate conversation with a user"), Refusal.UNREACHABLE),
        (Forbidden("Forbidden: user is deactivated"), Refusal.UNREACHABLE),
        (Forbidden("Forbidden: bot was kicked from the supergroup chat"), Refusal.FORBIDDEN),
        (Forbidden("Forbidden: something of tomorrow"), Refusal.FORBIDDEN),
        (BadRequest("Bad Request: chat not found"), Refusal.CHAT_GONE),
        (BadRequest("Bad Request: message thread not found"), Refusal.CHAT_GONE),
        (BadRequest("Bad Request: TOPIC_CLOSED"), Refusal.FORBIDDEN),
        (BadRequest("Bad Request: not enough rights to send text messages to the chat"), Refusal.FORBIDDEN),
        (BadRequest("Bad Request: CHAT_SEND_PHOTOS_FORBIDDEN"), Refusal.FORBIDDEN),
        (BadRequest("Bad Request: message is too long"), Refusal.TOO_BIG),
        (BadRequest("Bad Request: MEDIA_CAPTION_TOO_LONG"), Refusal.TOO_BIG),
        (BadRequest("Bad Request: message to edit not found"), Refusal.TARGET_GONE),
        (BadRequest("Bad Request: message can't be edited"), Refusal.TOO_LATE),
        (BadRequest("Bad Request: message can't be deleted"), Refusal.FORBIDDEN),
        (BadRequest("Bad Request: message can't be deleted for everyone"), Refusal.TOO_LATE),
        (BadRequest("Bad Request: BUTTON_DATA_INVALID"), Refusal.BAD_CONTENT),
        (BadRequest("Bad Request: SLOWMODE_MULTI_MSGS_DISABLED"), Refusal.FORBIDDEN),
        (BadRequest("Bad Request: VOICE_MESSAGES_FORBIDDEN"), Refusal.FORBIDDEN),
        (BadRequest("Bad Request: ALLOW_PAYMENT_REQUIRED_10"), Refusal.FORBIDDEN),
        (BadRequest("Bad Request: CHAT_FORWARDS_RESTRICTED"), Refusal.FORBIDDEN),
        (BadRequest("Bad Request: REACTION_INVALID"), Refusal.UNSUPPORTED),
        (BadRequest("Bad Request: message to react not found"), Refusal.TARGET_GONE),
        (BadRequest("Bad Request: there is no caption in the message to edit"), Refusal.UNSUPPORTED),
        (InvalidToken("Unauthorized"), Refusal.BAD_CREDENTIALS),
        (GarbledAnswer(413), Refusal.TOO_BIG),
    ],
)
def test_definite_refusals(error: TelegramError, reason: Refusal) -> None:
    made = outcome(error, NOW)
    assert isinstance(made, Refused)
    assert made.reason is reason


def test_of_a_person_chat_not_found_means_never_met() -> None:
    made = outcome(BadRequest("Bad Request: chat not found"), NOW, private=True)
    assert isinstance(made, Refused)
    assert made.reason is Refusal.UNREACHABLE


@pytest.mark.parametrize(
    ("error", "whole_account"),
    [
        (NotSent("x"), True),
        (GarbledAnswer(407), True),
        (GarbledAnswer(302), True),
        (ChatMigrated(-5), False),
        (Conflict("x"), True),
    ],
)
def test_what_certainly_did_not_happen_may_be_tried_again(error: TelegramError, whole_account: bool) -> None:
    made = outcome(error, NOW)
    assert isinstance(made, Later)
    assert made.whole_account is whole_account


def test_what_was_to_be_changed_stays_behind_when_a_group_moves() -> None:
    made = outcome(ChatMigrated(-5), NOW, targeted=True)
    assert isinstance(made, Refused)
    assert made.reason is Refusal.TARGET_GONE


def test_slow_mode_names_the_time() -> None:
    made = outcome(BadRequest("Bad Request: SLOWMODE_WAIT_30"), NOW)
    assert isinstance(made, Later)
    assert (made.when, made.whole_account) == (NOW + timedelta(seconds=30), False)


def test_a_429_names_the_time() -> None:
    made = outcome(FloodControl(17), NOW)
    assert isinstance(made, Later)
    assert (made.when, made.whole_account) == (NOW + timedelta(seconds=17), False)


@pytest.mark.parametrize(
    "error",
    [MaybeSent("x"), NoAnswer("x"), ServerTrouble("x"), GarbledAnswer(200), NetworkError("x"), TelegramError("x")],
)
def test_all_else_is_unknown(error: TelegramError) -> None:
    assert isinstance(outcome(error, NOW), Unknown)


def test_what_people_wrote_does_not_come_back_in_a_detail() -> None:
    error = BadRequest(
        "Bad Request: inline keyboard button URL 'https://amina.example.org/' is invalid: Wrong HTTP URL"
    )
    made = outcome(error, NOW)
    assert isinstance(made, Refused)
    assert "amina" not in made.detail
    assert "inline keyboard" in made.detail.lower()
