"""Every sentence goes through the catalogue, and translators find it in the template."""

import ast
import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.plurals import get_plural
from babel.messages.pofile import read_po

from bridge.core.message import Uncarried, UncarriedKind
from bridge.media.refusal import MediaReason
from bridge.members.interview import CONSENT, OFFER, meaning
from bridge.rendering import refusals
from bridge.rendering import words as catalogue
from bridge.rendering.words import LOCALES, Words, words

BRIDGE = Path(catalogue.__file__).parent.parent
ROOMS = ("intake", "moderation", "members", "delivery", "rendering")
# Calls whose arguments people read.
SAYING = {"plain", "RichText", "marked", "Button", "Content", "Reply", "reply_in_group", "tell_channel", "say", "tell"}
# Arguments of those calls that nobody reads: what a mark, a handle or a picture is.
UNREAD = {"handle", "emoji", "url", "kind", "value", "view", "start_payload"}


def modules() -> list[Path]:
    return sorted(path for room in ROOMS for path in (BRIDGE / room).rglob("*.py"))


def called(node: ast.Call) -> str:
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def literals(node: ast.expr) -> Iterator[ast.Constant]:
    """String literals that become part of a value here; what other calls do with theirs is their own affair."""
    match node:
        case ast.Constant(value=str()):
            yield node
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()) as start, attr="join" | "format")):
            yield start
        case ast.Call() | ast.Compare():
            return
        case _:
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.expr):
                    yield from literals(child)


def unread(source: str) -> list[str]:
    """Literals with letters in them that are said to people past the catalogue."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and called(node) in SAYING:
            said = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg not in UNREAD)]
            found += [
                f"{literal.lineno}: {literal.value!r}"
                for value in said
                for literal in literals(value)
                if re.search(r"[^\W\d_]{2,}", str(literal.value))
            ]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(BRIDGE)))
def test_no_sentence_bypasses_the_catalogue(path: Path) -> None:
    assert unread(path.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        'plain("Approved")',
        'Button(label="Yes", handle=x)',
        'Content(text=RichText(f"Post {n}"))',
        'Reply(text="No" if x else y)',
    ],
)
def test_the_check_sees_what_it_should(line: str) -> None:
    assert unread(line)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(BRIDGE)))
def test_every_sentence_is_written_where_it_can_be_found(path: Path) -> None:
    """A variable cannot be extracted, and a literal filled in before it is looked up is never found."""
    if path == Path(catalogue.__file__):
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and called(node) in ("_", "ngettext"):
            keys = node.args[: 1 if called(node) == "_" else 2]
            assert keys, f"line {node.lineno}"
            assert all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys), node.lineno


def texts(value: str | list[str] | tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value or "",)


def template() -> list[tuple[str, ...]]:
    """Every sentence: one text, or those for one and for many."""
    with (LOCALES / "baraza.pot").open("rb") as file:
        return [texts(message.id) for message in read_po(file) if message.id]


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{([^}]*)\}", text))


def test_the_template_is_up_to_date() -> None:
    keywords: dict[str, tuple[int, ...] | None] = {"_": None, "ngettext": (1, 2)}
    calls = extract_from_dir(BRIDGE, [("**.py", "python")], keywords=keywords)
    found = {texts(message) for _, _, message, _, _ in calls}
    assert set(template()) == found, "run `make messages`"
    assert len(found) > 100


def test_places_to_fill_in_are_named_and_whole() -> None:
    for sentence in template():
        for text in sentence:
            assert all(re.fullmatch(r"[a-z_]+", place) for place in places(text)), text
            assert places(text) == places(sentence[0]), text


LANGUAGES = ("en", "fr", "pt", "es", "sw")
"""What is shipped complete. English is the source and has no file."""
TRANSLATED = sorted({*LANGUAGES, *(path.name for path in LOCALES.iterdir() if path.is_dir())} - {"en"})


def translation(language: str) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "baraza.po").open("rb") as file:
        return read_po(file, locale=language, abort_invalid=True)


_COMMAND = re.compile(r"(?<![\w/])/([a-z]+)(?: \d+)?")
_KEYWORDS = {name.upper() for text, *_ in template() for name in _COMMAND.findall(text)}
"""How commands are written where there are no slashes: GET 12."""
_EMOJI = re.compile("[\u2190-\u21ff\u2300-\u2bff\ufe0f\u20e3\U0001f000-\U0001faff]")
KEPT: dict[str, Callable[[str], object]] = {
    "places": places,
    "commands": lambda text: sorted(found[0] for found in _COMMAND.finditer(text)),
    "command or emoji at the start": lambda text: re.findall(rf"\A(?:/\w+|{_EMOJI.pattern}+)", text),
    "keywords": lambda text: sorted(set(re.findall(r"\b[A-Z]{2,}\b", text)) & _KEYWORDS),
    "emoji": _EMOJI.findall,
    "marks": lambda text: sorted(re.findall(r"[][<>·#]", text)),
    "space around": lambda text: (text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]),
    "lines": lambda text: text.count("\n"),
    "end": lambda text: re.findall(r"[.:?!…]\Z", text),
}
"""What a translation has in common with its English, because the program or a reader's fingers rely on it."""


def lost(english: str, translated: str) -> list[str]:
    return [name for name, kept in KEPT.items() if kept(english) != kept(translated)]


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_is_complete(language: str) -> None:
    catalogue = translation(language)
    empty = [message.id for message in catalogue if message.id and not all(texts(message.string))]
    assert empty == []
    assert {texts(message.id) for message in catalogue if message.id} == set(template()), "run `make messages`"
    assert [message.id for message in catalogue if message.fuzzy] == []
    assert list(catalogue.obsolete) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_language_says_what_it_is_and_how_it_counts(language: str) -> None:
    catalogue = translation(language)
    expected = get_plural(language)
    assert catalogue.locale_identifier == language
    assert catalogue.charset == "utf-8"
    assert (catalogue.num_plurals, catalogue.plural_expr) == (expected.num_plurals, expected.plural_expr)
    source = (LOCALES / language / "LC_MESSAGES" / "baraza.po").read_text(encoding="utf-8")
    assert len(re.findall(r"^msgid ", source, re.MULTILINE)) == len(catalogue) + 1, "the header, and no sentence twice"
    for message in catalogue:
        if message.pluralizable:
            assert len(texts(message.string)) == expected.num_plurals, message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_keeps_what_is_no_prose(language: str) -> None:
    found = {
        (text, name)
        for message in translation(language)
        if message.id
        for text in texts(message.string)
        if text
        for name in lost(texts(message.id)[-1], text)
    }
    assert found == set()


@pytest.mark.parametrize(
    ("english", "translated", "fault"),
    [
        ("Post {number} of {name}", "Message {numero} de {name}", "places"),
        ("Write /get 12", "Escreva /obter 12", "commands"),
        ("/get 12 – a post", "une publication : /get 12", "command or emoji at the start"),
        ("⏳ Waiting ❓", "En attente ⏳ ❓", "command or emoji at the start"),
        ("Write: GET", "Écrivez : PRENDRE", "keywords"),
        ("✅ Approved", "❌ Approuvé", "emoji"),
        ("[{count} more]", "{count} de plus", "marks"),
        ("Reason:", "Raison: ", "space around"),
        ("One\ntwo", "Un deux", "lines"),
        ("It is now:", "Le texte actuel", "end"),
    ],
)
def test_the_comparison_sees_what_it_should(english: str, translated: str, fault: str) -> None:
    assert fault in lost(english, translated)
    assert lost(english, english) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_was_left_in_english(language: str) -> None:
    """Single words may be the same in both, whole sentences are not."""
    for message in translation(language):
        for text in texts(message.string) if message.id else ():
            if text in texts(message.id):
                assert len(re.findall(r"[^\W\d_]{2,}", re.sub(r"\{[^}]*\}", "", text))) <= 1, text


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_every_sentence_can_be_said(language: str) -> None:
    w = words(language)
    assert w.language == language, "its catalogue is missing"
    for one, *many in template():
        values = {place: f"<{place}>" for place in places(one) if place != "count" or not many}
        if not many:
            said = [w._(one, **values)]
        else:
            said = [w.ngettext(one, many[0], count, **values) for count in (0, 1, 2, 5, 21, 1_000_000)]
            assert all(w.number(count) in text for count, text in zip((0, 1, 2, 5, 21, 1_000_000), said, strict=True))
        for text in said:
            assert all(value in text for value in values.values()), text
            assert not re.search(r"[{}]", text), text


@pytest.mark.parametrize(
    ("language", "none", "one", "two"),
    [
        ("fr", "0 message précédent", "1 message précédent", "2 messages précédents"),
        ("pt", "0 mensagens anteriores", "1 mensagem anterior", "2 mensagens anteriores"),
    ],
)
def test_a_language_counts_in_its_own_way(language: str, none: str, one: str, two: str) -> None:
    w = words(language)
    assert [w.ngettext("{count} earlier post", "{count} earlier posts", count) for count in range(3)] == [
        none,
        one,
        two,
    ]


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_words_to_type_are_understood_as_they_are_shown_and_without_accents(language: str) -> None:
    w = words(language)
    answers = {"yes": w._("yes"), "no": w._("no"), "skip": w._("skip"), "later": w._("later")}
    decisions = {"approve": w._("approve"), "reject": w._("reject"), "ask": w._("ask"), "edit": w._("edit")}
    for word in (*answers.values(), *decisions.values()):
        assert re.fullmatch(r"[^\W\d_]+", word), "one word, in small letters"
        assert word == word.casefold()
    assert len({*answers.values()}) == len({*decisions.values()}) == 4
    for action, word in (*answers.items(), ("later", w._("Not now"))):
        bare = "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))
        step = {"yes": CONSENT, "no": CONSENT, "skip": "role", "later": OFFER}[action]
        for typed in (word, bare, word.upper(), f"{bare.capitalize()}."):
            assert meaning(typed, step, w) == action, typed


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_a_sentence_that_asks_for_a_word_names_the_one_that_is_understood(language: str) -> None:
    w = words(language)

    def names(sentence: str, *typed: str) -> bool:
        return all(re.search(rf"\b{re.escape(word)}\b", sentence, re.IGNORECASE) for word in typed)

    assert names(w._("(Or write: skip, later)"), w._("skip"), w._("later"))
    assert names(w._("May I show it? (Yes or no)"), w._("yes"), w._("no"))
    assert names(
        w._("Please say why: reject <reason>. Reasons: {choices}, or your own words.", choices=""), w._("reject")
    )
    offer = next(one for one, *_ in template() if one.endswith("(Yes or not now)"))
    assert names(w._(offer), w._("yes"), w._("Not now"))


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_english_article_makes_no_difference_elsewhere(language: str) -> None:
    w = words(language)
    both = [(one, one.replace(" an {", " a {")) for one, *_ in template() if " an {" in one]
    assert both
    for an, a in both:
        values = {place: place for place in places(an)}
        assert w._(an, **values) == w._(a, **values)


def test_french_puts_a_space_that_does_not_break_before_high_punctuation() -> None:
    for message in translation("fr"):
        for whole in texts(message.string) if message.id else ():
            # What people type is written as in English: "short: keep".
            text = re.sub(r"\b[a-zà-ÿ_]+:\s|\{(?:tag|word)\}:\s|Jean Dupont:\s", "", whole)
            assert not re.search(r"(?<![\u00a0\u202f])[:;?!»](?=\s|[)\]]|\Z)", text), text
            assert not re.search(r"«(?![\u00a0\u202f])", text), text


@pytest.fixture
def swahili(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A catalogue with three sentences."""
    path = tmp_path / "sw" / "LC_MESSAGES" / "baraza.po"
    path.parent.mkdir(parents=True)
    path.write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
        '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
        'msgid "photo"\nmsgstr "picha"\n'
        'msgid "{community} #{number}: approved and sent to all groups."\n'
        'msgstr "#{number} ya {community} imekubaliwa."\n'
        'msgid "{count} earlier post"\nmsgid_plural "{count} earlier posts"\n'
        'msgstr[0] "ujumbe {count} wa awali"\nmsgstr[1] "jumbe {count} za awali"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(catalogue, "LOCALES", tmp_path)
    words.cache_clear()
    yield
    words.cache_clear()


@pytest.mark.usefixtures("swahili")
def test_a_language_is_a_folder_with_one_file() -> None:
    w = words("sw")
    assert w._("photo") == "picha"
    assert w._("{community} #{number}: approved and sent to all groups.", community="HIFA", number=3) == (
        "#3 ya HIFA imekubaliwa."
    )
    assert w.ngettext("{count} earlier post", "{count} earlier posts", 1) == "ujumbe 1 wa awali"
    assert w.ngettext("{count} earlier post", "{count} earlier posts", 2000) == "jumbe 2,000 za awali"
    assert w._("document") == "document"  # not translated yet: English, never nothing
    assert words("sw-KE")._("photo") == "picha"
    assert words("sw_KE")._("photo") == "picha"


@pytest.mark.parametrize("tag", ["", "xx", "en-GB", "../../etc", "\x00", "a" * 500, "zh-Hant-TW-x-private", "-", "_"])
def test_any_language_tag_gives_words(tag: str) -> None:
    assert words(tag)._("photo") == "photo"


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (82_400, "82 kB"), (1_400_000, "1.4 MB"), (20_000_000, "20 MB")],
)
def test_sizes_as_people_say_them(size: int, said: str) -> None:
    assert Words("en").size(size) == said


def test_sizes_round_to_the_next_unit() -> None:
    assert Words("en").size(999_999) == "1 MB"


@pytest.mark.parametrize("reason", list(MediaReason))
def test_every_reason_for_not_carrying_a_file_has_its_words(reason: MediaReason) -> None:
    w = Words("en")
    (told,) = refusals.refusal_words([Uncarried(kind=UncarriedKind.PHOTO, refused=reason.value)], w)
    (fallback,) = refusals.refusal_words([Uncarried(kind=UncarriedKind.PHOTO, refused=refusals.UNFETCHED)], w)
    assert told.startswith("Your photo was not carried: ")
    assert told != fallback
    assert re.search(r"Please \w+", told), "and how to mend it"


def test_a_poll_is_no_refused_file() -> None:
    assert refusals.refusal_words([Uncarried(kind=UncarriedKind.POLL, detail="Which dose?")], Words("en")) == []


def test_no_sentence_stands_inside_an_f_string() -> None:
    """The extraction finds those from Python 3.12 on only: translators would never see them."""
    hidden = [
        f"{path.relative_to(BRIDGE)}:{node.lineno}"
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr)
        for inner in ast.walk(node)
        if isinstance(inner, ast.Call) and called(inner) in ("_", "ngettext")
    ]
    assert not hidden
