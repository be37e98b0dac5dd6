"""What is a command in a private chat, and what is meant for people."""

import pytest

from bridge.intake import commands
from tests.unit.storage.stage import posted


@pytest.mark.parametrize(
    ("text", "name", "argument"),
    [
        ("/settings", "settings", ""),
        ("!settings", "settings", ""),
        ("!Profile role nurse", "profile", "role nurse"),
        ("!langue fr", "language", "fr"),
        ("!mydata", "mydata", ""),
        ("!link 1234 5678", "link", "1234 5678"),
        ("LINK 1234 5678", "link", "1234 5678"),
    ],
)
def test_a_command_by_either_sign(text: str, name: str, argument: str) -> None:
    """Matrix apps keep what begins with a slash to themselves."""
    found = commands.parse(posted(text, key="1"))
    assert found is not None
    assert (found.name, found.argument) == (name, argument)


@pytest.mark.parametrize("text", ["!Urgent: no oxygen in Kitui", "!!", "!", "!important"])
def test_what_is_meant_for_people(text: str) -> None:
    assert commands.parse(posted(text, key="1")) is None
