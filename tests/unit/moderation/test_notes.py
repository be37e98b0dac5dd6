"""Notes as moderators write them: anchored in the post's words where these are quoted, taken away by their own hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.ids import AccountId
from bridge.core.policy import Role
from bridge.core.text import Mark, MarkKind, RichText
from bridge.delivery.directory import Directory
from bridge.moderation import notes
from bridge.moderation.acts import Moderator, Reply
from bridge.rendering.words import Words
from bridge.storage import audit, database, desk, submissions
from bridge.storage.models import Identity, Review
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import GRACE, NOW, PETER, acting, again, hold

W = Words("en")
WORDING = "We work on this vital area. The mother's bed is called “zinc”."


@pytest.mark.parametrize(
    ("said", "passage", "rest"),
    [
        ('"on this vital area" - see the guideline', "on this vital area", "see the guideline"),
        ("“on this vital area”: see", "on this vital area", "see"),
        ("«on this vital area» see", "on this vital area", "see"),
        ("»on this vital area« see", "on this vital area", "see"),
        ("„on this vital area“ – see", "on this vital area", "see"),
        ("„on this vital area” – see", "on this vital area", "see"),
        ("‘on this vital area’, see", "on this vital area", "see"),
        ("'on this vital area' — see", "on this vital area", "see"),
        ("「vital」see", "vital", "see"),
        ("'the mother's bed' see", "The mother's bed", "see"),
        ("‘The mother’s bed’ see", "The mother's bed", "see"),
        ('"called "zinc"" see', "called “zinc”", "see"),
        ('"this vital area" and "that one" differ', "this vital area", 'and "that one" differ'),
        ('"VITAL   area" see', "vital area", "see"),
        ('"vital area"', "vital area", ""),
    ],
)
def test_a_note_that_begins_with_the_authors_words(said: str, passage: str, rest: str) -> None:
    found = notes.quotation(said, WORDING)
    assert found is not None
    assert (found[0], said[found[1] :]) == (passage, rest)


@pytest.mark.parametrize("said", ["see the guideline", 'see "vital area"', "'Tis well", '"unfinished', "", '"'])
def test_a_note_that_begins_with_no_quotation(said: str) -> None:
    assert notes.quotation(said, WORDING) is None


@pytest.mark.parametrize("said", ['"copper" - see', "«vital areas» see", "'zinc is' see", '" " see'])
def test_a_quotation_of_something_else(said: str) -> None:
    found = notes.quotation(said, WORDING)
    assert found is not None
    assert found[0] == ""


@given(st.text(max_size=80), st.text(max_size=80))
def test_nothing_that_is_typed_breaks_it(said: str, wording: str) -> None:
    found = notes.quotation(said, wording)
    assert found is None or (found[0] in wording and 0 <= found[1] <= len(said))


@pytest.mark.parametrize("said", ["-", " - ", "–", "—", "remove", "Remove.", "−"])
def test_taken_away(said: str) -> None:
    assert notes.taken_away(said, W)


@pytest.mark.parametrize("said", ["", "--", "- see", "remove the girl's name", "no"])
def test_not_taken_away(said: str) -> None:
    assert not notes.taken_away(said, W)


@pytest.fixture
def directory(accounts: dict[AccountId, Scripted]) -> Directory:
    return Directory(accounts)


async def write(
    review: Review, text: str | RichText, directory: Directory, by: Moderator = GRACE, role: Role = Role.MODERATOR
) -> Reply:
    async with database.transaction():
        act = await acting(await again(review), by, directory, role=role)
        object.__setattr__(act, "text", text if isinstance(text, RichText) else RichText(text))
        return await notes.heard(act)


async def kept(review: Review) -> list[tuple[str, str, str]]:
    return [(note.initials, note.anchor, note.text) for note in await desk.notes(review.id)]


@pytest.mark.usefixtures("opened")
async def test_a_note_is_kept_beside_the_wording(directory: Directory) -> None:
    review = await hold(WORDING)
    assert (await write(review, "See the guideline.", directory)).on_card
    assert (await write(review, "'this vital area' - Which?", directory, PETER)).on_card
    assert await kept(review) == [("G", "", "See the guideline."), ("P", "this vital area", "Which?")]
    wording = await submissions.revision_of(await again(review))
    assert "guideline" not in wording.text
    lines = [line for line in await audit.of_review(review.id) if line.action == "note"]
    assert len(lines) == 2
    assert not [line for line in lines if "guideline" in line.detail or "vital" in line.detail]


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    ("said", "answer"),
    [
        ('"this fatal area" - see', "That passage is not in #1 as it now stands. Nothing was done."),
        ("", "There was no text"),
        ("“vital area” – ", "There was no text"),
        ("x" * (notes.LIMIT + 1), "at most 1,000 are possible"),
        ("-", "#1 has no note"),
    ],
)
async def test_what_cannot_be_a_note_is_said_and_changes_nothing(said: str, answer: str, directory: Directory) -> None:
    review = await hold(WORDING)
    reply = await write(review, said, directory)
    assert answer in reply.text
    assert reply.alert
    assert await kept(review) == []


@pytest.mark.usefixtures("opened")
async def test_a_link_in_a_note_is_not_lost(directory: Directory) -> None:
    review = await hold(WORDING)
    link = Mark(8, 17, MarkKind.LINK, "https://who.example/z")
    await write(review, RichText("See the guideline", (link,)), directory)
    assert await kept(review) == [("G", "", "See the guideline (https://who.example/z)")]


@pytest.mark.usefixtures("opened")
async def test_moderators_take_their_own_notes_away(directory: Directory) -> None:
    review = await hold(WORDING)
    await write(review, "One.", directory)
    await write(review, "Two.", directory, PETER)
    assert (await write(review, "-", directory)).on_card
    assert await kept(review) == [("P", "", "Two.")]
    refused = await write(review, "remove", directory)
    assert "The notes on #1 are by Peter" in refused.text
    assert await kept(review) == [("P", "", "Two.")]


@pytest.mark.usefixtures("opened")
async def test_a_persons_notes_are_theirs_on_every_account(directory: Directory) -> None:
    review = await hold(WORDING)
    await write(review, "One.", directory)
    mine = await Identity.get(user="grace")
    await (await acting(review, PETER, directory)).identity.fetch_related("person")
    await Identity.filter(user="peter").update(person_id=mine.person_id)
    await write(review, "-", directory, PETER)
    assert await kept(review) == []


@pytest.mark.usefixtures("opened")
async def test_a_senior_moderator_can_take_all_notes_away(directory: Directory) -> None:
    review = await hold(WORDING)
    await write(review, "Two.", directory, PETER)
    await write(review, "- all", directory, GRACE, Role.SENIOR)
    assert await kept(review) == []


@pytest.mark.usefixtures("opened")
async def test_there_is_an_end_to_notes(directory: Directory) -> None:
    review = await hold(WORDING)
    for number in range(notes.MOST):
        await write(review, f"Note {number}", directory)
    assert "has 9 notes already" in (await write(review, "One more", directory)).text
    assert len(await kept(review)) == notes.MOST


@pytest.mark.usefixtures("opened")
async def test_the_question_says_the_limit_and_how_it_will_be_signed(directory: Directory) -> None:
    review = await hold(WORDING)
    await write(review, "One.", directory)
    asked = await notes.question(await acting(await again(review), GRACE, directory, now=NOW))
    assert isinstance(asked, RichText)
    for part in ("at most 1,000 characters", "[Note from HIFA moderator (G): ...]", "takes your notes away", "• One."):
        assert part in asked.text
