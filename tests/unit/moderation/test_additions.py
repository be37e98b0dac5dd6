"""The short version and translations: of one wording, and never sent with another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.ids import AccountId
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.delivery.directory import Directory
from bridge.moderation import panel, publication, short, translating
from bridge.moderation.acts import Act, Reply
from bridge.moderation.facts import facts_of
from bridge.rendering.words import Words
from bridge.storage import audit, codec, database, submissions
from bridge.storage.models import Review
from tests.unit.delivery.scripted import LINE, Scripted
from tests.unit.storage.stage import COMMUNITY, GRACE, NET, NOW, SLOW, acting, again, hold

W = Words("en")


@pytest.fixture
def directory() -> Directory:
    """The second group is one where every character costs."""
    return Directory({NET: Scripted(NET), SLOW: Scripted(SLOW, LINE)})


async def write(module: object, review: Review, text: str | RichText, directory: Directory) -> Reply:
    async with database.transaction():
        fresh = await again(review)
        act: Act = await acting(fresh, GRACE, directory, revision=fresh.revision)
        object.__setattr__(act, "text", text if isinstance(text, RichText) else plain(text))
        heard = short.heard if module is short else translating.heard
        return await heard(act)


async def reword(review: Review, text: str) -> None:
    async with database.transaction():
        fresh = await again(review)
        assert await submissions.revise(fresh, plain(text), (), (), NOW)


async def card(review: Review) -> str:
    fresh = await again(review)
    facts = await facts_of(fresh, COMMUNITY, fresh.revision)
    return panel.text_of(facts, W, 4000, 4000).text


async def fingerprint(review: Review) -> str:
    fresh = await again(review)
    return (await facts_of(fresh, COMMUNITY, fresh.revision)).fingerprint


async def would_send(review: Review) -> tuple[str, dict[str, str]]:
    """The short version and the translators' texts that approval would publish now."""
    fresh = await again(review)
    post = await publication.draft(fresh, await submissions.revision_of(fresh), COMMUNITY, NOW)
    rows = codec.load_object(post.translations)
    return post.short, {tag: codec.load(codec.RICH_TEXT, row["text"]).text for tag, row in rows.items()}


@pytest.mark.usefixtures("opened")
async def test_a_short_version_says_what_it_costs(directory: Directory) -> None:
    review = await hold("Zinc for ten to fourteen days. " * 20)
    said = await write(short, review, "Zinc 10-14 days,\nplease.", directory)
    assert said.text == "Kept. With its heading it is 1 SMS (GSM-7) for each reader."
    assert await would_send(review) == ("Zinc 10-14 days, please.", {})
    assert "✂️ Short version: Zinc 10-14 days, please." in await card(review)
    dear = await write(short, review, "Zinc 10-14 days ☺ " + "and rest " * 10, directory)
    assert "(Unicode) for each reader. Only 1 SMS without: ☺" in dear.text
    (_, line) = await audit.of_review(review.id)
    assert (line.action, "Zinc" in line.detail) == ("short", False)


@pytest.mark.usefixtures("opened")
async def test_a_short_version_that_nobody_receives(accounts: dict[AccountId, Scripted]) -> None:
    review = await hold()
    said = await write(short, review, "Zinc?", Directory(accounts))
    assert said.text == "Kept. By itself it is 1 SMS (GSM-7), but no group receives short texts now."


@pytest.mark.usefixtures("opened")
async def test_a_short_version_is_taken_away_refused_or_too_long(directory: Directory) -> None:
    review = await hold()
    assert "has no short version" in (await write(short, review, "-", directory)).text
    assert "There was no text" in (await write(short, review, " ", directory)).text
    assert "at most 320 are possible" in (await write(short, review, "x" * 321, directory)).text
    assert await would_send(review) == ("", {})
    await write(short, review, "Zinc?", directory)
    await write(short, review, "-", directory)
    assert await would_send(review) == ("", {})
    assert "Short version" not in await card(review)


@pytest.mark.usefixtures("opened")
async def test_what_was_made_of_an_older_wording_is_not_sent_and_the_card_says_so(directory: Directory) -> None:
    review = await hold("Give 200 mg")
    await write(short, review, "200 mg", directory)
    await write(translating, review, "fr, by Jean Dupont: Donnez 200 mg", directory)
    before = await fingerprint(review)
    await reword(review, "Give 20 mg")
    assert await would_send(review) == ("", {})
    shown = await card(review)
    assert "⚠️ The short version is of an older wording and will not go out." in shown
    assert "⚠️ The translation into French is of an older wording and will not go out." in shown
    assert "✂️ Short version" not in shown
    await write(short, review, "keep", directory)
    await write(translating, review, "fr: keep", directory)
    assert await would_send(review) == ("200 mg", {"fr": "Donnez 200 mg"})
    shown = await card(review)
    assert "older wording" not in shown
    assert "🌍 Translation into French, by Jean Dupont: “Donnez 200 mg”" in shown
    assert await fingerprint(review) != before


@pytest.mark.usefixtures("opened")
async def test_keeping_an_older_short_version_is_a_change_to_approve(directory: Directory) -> None:
    review = await hold("Give 200 mg")
    await write(short, review, "200 mg", directory)
    await reword(review, "Give 200 mg daily")
    before = await fingerprint(review)
    await write(short, review, "keep", directory)
    assert await fingerprint(review) != before


@pytest.mark.usefixtures("opened")
async def test_a_translation_says_who_receives_it(directory: Directory) -> None:
    review = await hold()
    nobody = await write(translating, review, "French: Le zinc est-il sûr ?", directory)
    assert nobody.text == "Kept, but no group of this community reads French: nobody would receive it."
    both = await write(translating, review, "en-GB: Is zinc safe, please?", directory)
    assert both.text == "Kept. 2 groups receive it in place of the original: English (United Kingdom)."
    again_ = await write(translating, review, "fr, by Jean Dupont\nLe zinc ?", directory)
    assert "Kept" in again_.text
    assert (await would_send(review))[1] == {"en-GB": "Is zinc safe, please?", "fr": "Le zinc ?"}
    (await write(translating, review, "fr: -", directory))
    assert list((await would_send(review))[1]) == ["en-GB"]


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ("Le zinc est-il sûr ?", "Please begin with the language and a colon"),
        ("Hello: dear all", "I do not know a language called “Hello”"),
        ("fr:", "There was no text"),
        ("fr: -", "#1 has no translation into French"),
        ("fr: keep", "#1 has no translation into French"),
        ("fr: " + "x" * 20_001, "at most 20,000 are possible"),
        ("", "Please begin"),
    ],
)
async def test_what_is_no_translation_is_said_and_changes_nothing(said: str, answer: str, directory: Directory) -> None:
    review = await hold()
    reply = await write(translating, review, said, directory)
    assert answer in reply.text
    assert reply.alert
    assert await would_send(review) == ("", {})


@pytest.mark.parametrize(
    ("said", "language", "translator", "text"),
    [
        ("fr: Bonjour: ça va ?", "fr", "", "Bonjour: ça va ?"),
        ("FR : Bonjour", "fr", "", "Bonjour"),
        ("fr, by Jean Dupont: Bonjour", "fr", "Jean Dupont", "Bonjour"),
        ("fr, Jean Dupont: Bonjour", "fr", "Jean Dupont", "Bonjour"),
        ("français, by  Jean\u202e: Bonjour", "fr", "Jean", "Bonjour"),
        ("Brazilian Portuguese: Oi", "pt-BR", "", "Oi"),
        ("sw\nHabari\n\nzenu", "sw", "", "Habari\n\nzenu"),
        ("Kiswahili:\nHabari", "sw", "", "Habari"),
        ("xx-unknown: Hi", "", "", "Hi"),
    ],
)
def test_how_a_translation_is_written(said: str, language: str, translator: str, text: str) -> None:
    given_ = translating.read(plain(said), W)
    assert given_ is not None
    assert (given_.language, given_.translator, given_.text.text) == (language, translator, text)


def test_a_translation_keeps_its_marks() -> None:
    given_ = translating.read(RichText("fr: le zinc", (Mark(7, 11, MarkKind.BOLD),)), W)
    assert given_ is not None
    assert given_.text == RichText("le zinc", (Mark(3, 7, MarkKind.BOLD),))


@given(st.text(max_size=100))
def test_nothing_that_is_typed_breaks_it(said: str) -> None:
    found = translating.read(plain(said), W)
    assert found is None or (len(found.text) < len(said) and found.said in said)


@pytest.mark.usefixtures("opened")
async def test_the_questions_show_what_there_is_and_the_text(directory: Directory) -> None:
    review = await hold("Give 200 mg")
    await write(short, review, "200 mg", directory)
    await write(translating, review, "fr: Donnez 200 mg", directory)
    act = await acting(await again(review), GRACE, directory)
    for module, parts in (
        (short, ("at most 320", "It is now: 200 mg")),
        (translating, ("English (en)", "already: fr")),
    ):
        asked = await module.question(act)
        assert isinstance(asked, RichText)
        assert asked.text.endswith("\n\nGive 200 mg")
        for part in parts:
            assert part in asked.text
