"""How members name a language, and what only looks like it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.events import ChatKind, MessagePosted
from bridge.intake import commands, languages
from bridge.intake.commands import Command
from bridge.rendering.words import LOCALES, SOURCE_LANGUAGE
from tests.unit.storage.stage import posted

WORDS = ["LANGUAGE", "language", "Lugha", "IDIOMA", "Langue", "Língua", "lingua"]


def private(text: str) -> MessagePosted:
    return replace(posted(text, key="1"), chat_kind=ChatKind.PRIVATE)


def test_every_catalogue_is_offered() -> None:
    catalogues = {path.name for path in LOCALES.iterdir() if path.is_dir()}
    assert set(languages.OFFERED) == catalogues | {SOURCE_LANGUAGE}


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("sw", "sw"),
        ("SW", "sw"),
        (" sw. ", "sw"),
        ("Kiswahili", "sw"),
        ("swahili", "sw"),
        ("SWAHILI", "sw"),
        ("suaíli", "sw"),
        ("français", "fr"),
        ("francais", "fr"),
        ("French", "fr"),
        ("kifaransa", "fr"),
        ("Portugues", "pt"),
        ("pt-BR", "pt-BR"),
        ("espanol", "es"),
        ("anglais", "en"),
        ("1", "en"),
        ("#5", "sw"),
        ("5.", "sw"),
        ("٥", "sw"),
        ("German", "de"),
        ("6", ""),
        ("0", ""),
        ("12", ""),
        ("", ""),
        ("x" * 50, ""),
        ("ok", ""),
    ],
)
def test_a_language_by_number_tag_or_name(said: str, tag: str) -> None:
    assert languages.named(said) == tag


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize(
    ("rest", "argument"),
    [
        ("", ""),
        (" ", ""),
        (" sw", "sw"),
        (": Swahili", "swahili"),
        (" 5", "5"),
        (" français", "francais"),
        (" German", "german"),
        (" barriers in the ward", None),
        (" matters", None),
        (" 12", None),
        ("s sw", None),
        (" " + "x" * 90, None),
    ],
)
def test_the_word_and_a_language(word: str, rest: str, argument: str | None) -> None:
    assert languages.typed(word + rest) == argument
    expected = None if argument is None else Command(name="language", argument=argument)
    assert commands.parse(private(word + rest)) == expected


@pytest.mark.parametrize("text", ["/language sw", "/LUGHA sw", "/idioma sw", "/langue sw", "/língua  sw"])
def test_a_slash_before_any_of_the_words(text: str) -> None:
    assert commands.parse(private(text)) == Command(name="language", argument="sw")


@pytest.mark.parametrize(
    ("text", "is_command"),
    [
        ("/language", True),
        ("/language sw", True),
        ("/lugha 5", True),
        ("/language barriers keep mothers away", False),
        ("LANGUAGE sw", False),  # without a slash it is meant for the group
    ],
)
def test_in_a_group(text: str, is_command: bool) -> None:
    assert (commands.parse_in_group(posted(text, key="1")) is not None) is is_command


@given(st.text(max_size=80))
def test_nothing_typed_breaks_it(text: str) -> None:
    tag = languages.named(text)
    assert languages.named(tag) == tag
    said = languages.typed(text)
    assert not said or languages.named(said)


@given(st.sampled_from(WORDS), st.text(max_size=200))
def test_what_follows_the_word_is_a_language_or_a_message(word: str, rest: str) -> None:
    said = languages.typed(f"{word} {rest}")
    assert not said or languages.named(said)
