"""Commands as they are told to phones that have none."""

import pytest

from bridge.intake import commands


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("You are in. /settings is how you read it.", "You are in. SETTINGS is how you read it."),
        ("Andika /help uone mengine.", "Andika HELP uone mengine."),
        ("/get 12: all of it, /profile, (/status).", "GET 12: all of it, PROFILE, (STATUS)."),
        ("/withdraw 12 takes it back", "WITHDRAW 12 takes it back"),
        ("5 mg /kg, and/or https://example.org/help/x /help/x", "5 mg /kg, and/or https://example.org/help/x /help/x"),
        ("/queue", "/queue"),
    ],
)  # fmt: skip
def test_in_words(told: str, shown: str) -> None:
    assert commands.in_words(told) == shown


@pytest.mark.parametrize("name", sorted(commands._NAMES - {"queue"}))
def test_the_word_does_what_the_command_does(name: str) -> None:
    shown = commands.in_words(f"/{name}")
    found = commands._parsed(shown)
    assert shown.startswith("/") or (found is not None and found.name == name)
