"""Subject lines as moderators give them, discussions as they are typed, and passages as they stand in a post."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.ids import AccountId
from bridge.core.states import THEME, ReviewStep, ThemeStep
from bridge.delivery.directory import Directory
from bridge.moderation import discussions, facts, menu, quoting, themes
from bridge.moderation.acts import Act, Reply
from bridge.moderation.discussions import Details, details
from bridge.rendering.words import Words
from bridge.storage import audit, codec, database, desk, submissions
from bridge.storage import themes as stored
from bridge.storage.models import Review
from bridge.storage.models_desk import Theme
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import COMMUNITY, GRACE, NOW, acting, again, hold

W = Words("en")
NAIROBI = ZoneInfo("Africa/Nairobi")


@pytest.fixture
def directory(accounts: dict[AccountId, Scripted]) -> Directory:
    return Directory(dict(accounts))


async def does(review: Review, directory: Directory, what: str, *, text: str = "", argument: str = "") -> Reply:
    """One of the deeds, in a transaction of its own."""
    async with database.transaction():
        act: Act = await acting(await again(review), GRACE, directory, text=text, argument=argument)
        match what:
            case "headline":
                return await themes.headline(act)
            case "theme":
                return await themes.choose(act)
            case _:
                return await themes.theme_words(act)


async def a_theme(title: str, community: str = "hifa") -> Theme:
    return await Theme.create(community=community, title=title, created_at=NOW)


# --- headline ---


@pytest.mark.usefixtures("opened")
async def test_a_headline_is_one_line_and_can_be_taken_away(directory: Directory) -> None:
    review = await hold()
    assert (await does(review, directory, "headline", text="  Have you\never published? ")).on_card
    assert (await again(review)).headline == "Have you ever published?"
    assert (await does(review, directory, "headline", text="-")).on_card
    assert (await again(review)).headline == ""
    told = await does(review, directory, "headline", text="–")
    assert told.alert
    assert "#1 has no headline" in told.text
    lines = await audit.of_review(review.id)
    assert [line.action for line in lines] == ["headline", "headline"]
    assert codec.load_object(lines[0].detail) == {"characters": 24}


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(("length", "kept"), [(120, True), (121, False)])
async def test_the_longest_headline(directory: Directory, length: int, kept: bool) -> None:
    review = await hold()
    told = await does(review, directory, "headline", text="é" * length)
    assert told.alert is not kept
    assert len((await again(review)).headline) == (length if kept else 0)


@pytest.mark.usefixtures("opened")
async def test_a_headline_that_shows_nothing_is_none(directory: Directory) -> None:
    review = await hold()
    assert (await does(review, directory, "headline", text="\u200b\n")).alert
    assert (await again(review)).headline == ""


# --- theme ---


@pytest.mark.usefixtures("opened")
async def test_the_button_of_a_theme_chooses_and_leaves_it(directory: Directory) -> None:
    review, one, other = await hold(), await a_theme("Quality"), await a_theme("Medicines")
    await does(review, directory, "theme", argument=str(one.id))
    await does(review, directory, "theme", argument=str(other.id))
    assert (await again(review)).theme_id == other.id
    told = await does(review, directory, "theme", argument=str(other.id))
    assert told.text == "#1 has no theme now."
    assert (await again(review)).theme_id is None
    details_of = [codec.load_object(line.detail) for line in await audit.of_review(review.id)]
    assert [(line["before"], line["theme"]) for line in details_of] == [(0, one.id), (one.id, other.id), (other.id, 0)]


@pytest.mark.usefixtures("opened")
async def test_a_closed_theme_is_chosen_no_more_but_can_be_left(directory: Directory) -> None:
    review, theme = await hold(), await a_theme("Quality")
    await does(review, directory, "theme", argument=str(theme.id))
    assert await stored.take(theme, ThemeStep.CLOSE)
    shown = await facts.facts_of(await again(review), COMMUNITY, 1)
    labels = [choice.label for row in menu.rows(shown, menu.THEMES, W) for choice in row]
    assert labels == ["☑️ Quality", "Another theme", "Answers which post?", "Back"]
    await does(review, directory, "theme", argument=str(theme.id))
    assert (await again(review)).theme_id is None
    for what, given_ in (("theme", {"argument": str(theme.id)}), ("words", {"text": "quality"})):
        told = await does(review, directory, what, **given_)
        assert told.alert
        assert "“Quality” is closed" in told.text
    assert (await again(review)).theme_id is None
    shown = await facts.facts_of(await again(review), COMMUNITY, 1)
    assert [c.label for row in menu.rows(shown, menu.THEMES, W) for c in row] == [
        "Another theme",
        "Answers which post?",
        "Back",
    ]


@pytest.mark.usefixtures("opened")
async def test_a_theme_of_another_community_is_not_chosen(directory: Directory) -> None:
    review, theme = await hold(), await a_theme("Quality", community="chifa")
    assert (await does(review, directory, "theme", argument=str(theme.id))).alert
    assert (await again(review)).theme_id is None


@pytest.mark.usefixtures("opened")
async def test_a_typed_theme_is_found_by_its_title_or_is_new(directory: Directory) -> None:
    review, known = await hold(), await a_theme("Santé et Éducation")
    told = await does(review, directory, "words", text="SANTÉ  et éducation")
    assert told.text == "Theme: Santé et Éducation"
    assert (await again(review)).theme_id == known.id
    told = await does(review, directory, "words", text="Learning for quality")
    assert told.text == "New theme: Learning for quality"
    assert [theme.title for theme in await desk.open_themes("hifa")] == ["Learning for quality", "Santé et Éducation"]
    await does(review, directory, "words", text="-")
    assert (await again(review)).theme_id is None
    assert "Learning for quality" in (await does(review, directory, "theme")).text


@pytest.mark.usefixtures("opened")
async def test_a_correction_keeps_its_theme(directory: Directory) -> None:
    review, theme = await hold(), await a_theme("Quality")
    await Review.filter(id=review.id).update(kind="correction")
    for what, given_ in (("theme", {"argument": str(theme.id)}), ("words", {"text": "Medicines"})):
        assert (await does(review, directory, what, **given_)).alert
    assert (await again(review)).theme_id is None
    assert [row.title for row in await desk.open_themes("hifa")] == ["Quality"]


@pytest.mark.usefixtures("opened")
async def test_what_is_decided_is_not_dressed_any_more() -> None:
    review = await hold()
    async with database.transaction():
        await submissions.decide(review, ReviewStep.WITHDRAW, revision=1, by=None, name="", now=NOW)
    assert not await desk.dress(review, headline="Late")


@pytest.mark.usefixtures("opened")
async def test_of_two_who_close_a_theme_one_is_first() -> None:
    theme = await a_theme("Quality")
    other = await Theme.get(id=theme.id)
    assert [await stored.take(row, ThemeStep.CLOSE) for row in (theme, other)] == [True, False]
    assert (await Theme.get(id=theme.id)).state == THEME.target(ThemeStep.CLOSE)
    assert await stored.take(other, ThemeStep.REOPEN)


# --- discussions, as typed ---


def read(*lines: str) -> Details | str:
    return details(lines, NOW, NAIROBI, W)


def test_the_details_of_a_discussion() -> None:
    found = read(
        "Sponsor: The Mandara Foundation",
        "from: today",
        "TO : 2026-03-31",
        "question: What helps: time or money?",
        "Who decides?",
        "",
        "group: Amina Okello, Peter Mwangi,, Amina Okello",
    )
    assert found == Details(
        sponsor="The Mandara Foundation",
        starts=date(2026, 3, 1),
        ends=date(2026, 3, 31),
        questions=("What helps: time or money?", "Who decides?"),
        group=("Amina Okello", "Peter Mwangi"),
    )


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("1 March", date(2026, 3, 1)),
        ("tomorrow", date(2026, 3, 2)),
        ("Monday", date(2026, 3, 2)),
        ("2025-12-24", date(2025, 12, 24)),
    ],
)
def test_the_days_of_a_discussion(said: str, day: date) -> None:
    assert read(f"from: {said}") == Details(starts=day)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("We want to learn.", "This line is not understood: “We want to learn.”"),
        ("budget: 12", "This line is not understood: “budget: 12”"),
        ("sponsor:", "This line is not understood: “sponsor:”"),
        ("from: some day", "“some day” is no date"),
        ("from: 0001-01-01", "“0001-01-01” is no date"),
        ("to: 9999-12-31", "“9999-12-31” is no date"),
        ("sponsor: " + "x" * 201, "This line is too long"),
        ("group: " + ", ".join(f"A{n}" for n in range(21)), "At most 20 names"),
    ],
)
def test_a_line_that_cannot_be_understood_changes_nothing(line: str, told: str) -> None:
    found = read(line)
    assert isinstance(found, str)
    assert told in found
    assert found.endswith("Nothing was done.")


def test_three_questions_and_no_more() -> None:
    assert isinstance(read(*["Why?"] * 3), Details)
    assert isinstance(read(*["Why?"] * 4), str)


def test_a_day_is_kept_as_its_beginning_there() -> None:
    assert discussions.day_begins(date(2026, 3, 1), NAIROBI) == datetime(2026, 2, 28, 21, 0, tzinfo=UTC)


_KEYS = st.sampled_from(["sponsor", "from", "to", "question", "group", "community", "x", ""])


@given(st.lists(st.one_of(st.text(), st.builds("{}: {}".format, _KEYS, st.text())), max_size=6))
def test_whatever_is_typed_is_read_or_answered(lines: list[str]) -> None:
    found = read(*lines)
    if isinstance(found, str):
        assert found.endswith("Nothing was done.")
    else:
        assert len(found.questions or ()) <= discussions.QUESTIONS
        assert all("\n" not in text and len(text) <= 200 for text in (found.sponsor or "", *(found.questions or ())))


# --- quotations ---

POST = "She said “it’s far”.\n\n- Wash hands\n- Boil   water, every day"


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ("it's far", "it’s far"),
        ('"it\'s far"', "“it’s far”"),
        ("»it's far«", "“it’s far”"),
        ("'She said'", "She said"),
        ("boil water, every day", "Boil   water, every day"),
        ("«boil water»", "Boil   water"),
        ("- wash hands", "- Wash hands"),
        ('She said "it\'s far"', "She said “it’s far”"),
        ("“She said “it’s far”.”", "She said “it’s far”."),
        ("boil milk", ""),
        ("“”", ""),
        ("-", ""),
        (",", ""),
    ],
)
def test_a_passage_is_kept_as_it_stands_in_the_post(said: str, stands: str) -> None:
    assert quoting._standing(said, POST) == stands


@given(st.data())
def test_every_passage_of_a_post_is_found_however_it_is_copied(data: st.DataObject) -> None:
    text = data.draw(st.text(alphabet=st.sampled_from("abc “”’'-.\n"), min_size=1).filter(str.strip))
    words = text.split()
    first = data.draw(st.integers(0, len(words) - 1))
    passage = " ".join(words[first : data.draw(st.integers(first + 1, len(words)))])
    found = quoting._standing(passage, text)
    if not any(map(str.isalnum, passage)):
        assert found == ""
        return
    assert found.split() == passage.split() or quoting._same(found, passage)
    assert found in text
