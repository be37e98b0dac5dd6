"""Every sentence goes through the catalogue, and translators find it in the template."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bridge.core.message import Uncarried, UncarriedKind
from bridge.media.refusal import MediaReason
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


def test_the_template_is_up_to_date() -> None:
    keywords: dict[str, tuple[int, ...] | None] = {"_": None, "ngettext": (1, 2)}
    found = {message for _, _, message, _, _ in extract_from_dir(BRIDGE, [("**.py", "python")], keywords=keywords)}
    with (LOCALES / "baraza.pot").open("rb") as file:
        template = {message.id for message in read_po(file) if message.id}
    assert template == found, "run `make messages`"
    assert len(found) > 100


def test_places_to_fill_in_are_named_and_whole() -> None:
    with (LOCALES / "baraza.pot").open("rb") as file:
        for message in read_po(file):
            for text in [message.id] if isinstance(message.id, str) else message.id:
                places = re.findall(r"\{([^}]*)\}", text)
                assert all(re.fullmatch(r"[a-z_]+", place) for place in places), text


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
