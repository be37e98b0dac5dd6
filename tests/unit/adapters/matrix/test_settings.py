"""What an operator may write."""

from typing import Any

import pytest
from pydantic import ValidationError

from bridge.adapters.matrix.settings import Settings

GOOD = {"kind": "matrix", "homeserver": "https://matrix.example.org/", "user_id": "@baraza:example.org"}


def test_a_password_or_a_token_with_its_device() -> None:
    assert Settings.model_validate(GOOD | {"password": "p"}).homeserver == "https://matrix.example.org"
    token = Settings.model_validate(GOOD | {"access_token": "syt_secret", "device_id": "D"})
    assert "syt_secret" not in repr(token)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "exactly one"),
        ({"password": "p", "access_token": "t", "device_id": "D"}, "exactly one"),
        ({"access_token": "t"}, "belong together"),
        ({"password": "p", "device_id": "D"}, "belong together"),
        ({"password": "p", "user_id": "baraza"}, "full id"),
        ({"password": "p", "homeserver": "matrix.example.org"}, "address"),
        ({"password": "p", "homeserver": "https://user:secret@example.org"}, "address"),
        ({"password": "p", "direct_invites": "friends"}, "anyone"),
        ({"password": "p", "group_invites": "friends"}, "anyone"),
        ({"password": "p", "unlinked_rooms": -1}, "unlinked_rooms"),
        ({"password": "p", "author_names": "yes please"}, "author_names"),
        ({"password": "p", "colour": "red"}, "colour"),
    ],
)
def test_what_is_refused(more: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Settings.model_validate(GOOD | more)
