"""After publication, on both databases: taken back, corrected, tried again; and what the cards say of it."""

from dataclasses import replace

import pytest

from bridge.core.community import Communities
from bridge.core.errors import Refusal
from bridge.core.ids import Address, ChatId, CommunityId
from bridge.core.message import Attachment, AttachmentKind
from bridge.core.states import DeliveryState, ReviewState
from bridge.core.text import plain
from bridge.moderation import correcting, decisions, menu, notes, retracting, retrying, short, translating
from bridge.moderation.facts import facts_of
from bridge.moderation.reasons import Reason
from bridge.rendering.words import words
from bridge.storage import afterwards, desk, ledger, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Review
from tests.integration.afterwards_town import GROUPS, PHONES, Town, correct, correct_unseen, retract, rows
from tests.unit.storage.stage import COMMUNITY, KENYA, NET, PETER, UGANDA

pytestmark = pytest.mark.usefixtures("opened")

LONG = "Lorem ipsum dolor. " * 260


@pytest.fixture
def town() -> Town:
    return Town()


# --- corrected ---


async def test_a_correction_is_held_and_edits_every_message_in_place(town: Town) -> None:
    review = await town.published("Give 200 mg of zinc.")
    before = {group: town.messages(group) for group in GROUPS}
    async with transaction():
        await correcting.correct(await town.act(review, "Give 20 mg of zinc."))
    await town.rounds(2)
    assert all("Give 200 mg" in text for text in town.everywhere()), "held until it is approved"
    held = town.card()
    assert "(correction)" in held.splitlines()[0]
    assert "Correction of what is published" in held
    assert "Changed:" in held
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    await town.approves(waiting, by=PETER)
    await town.rounds()
    for group in (KENYA, UGANDA):
        (text,) = town.texts(group)
        assert "Give 20 mg of zinc." in text
        assert "(corrected)" in text
        assert town.messages(group) == before[group]
    assert town.texts(PHONES) == ["HIFA #1 Amina: Give 200 mg of zinc."]
    for card in [text for text in town.net.texts("mods") if text.startswith("HIFA #1 ·")]:
        assert "Arrived in 3 of 3 groups" in card
        assert "Corrected in 2 of 3 groups" in card
        assert "sms:phones: cannot be corrected there" in card
    (letter,) = [text for text in town.net.texts("amina") if "corrected your post #1" in text]
    assert "20 mg" in letter
    assert "sms:phones" in letter
    post = await town.post()
    assert (post.revision, post.corrected_at is not None) == (2, True)


async def test_a_correction_months_later_edits_in_place_too(town: Town) -> None:
    """Two days are the limit for removing what others wrote, not for editing what is ours."""
    review = await town.published("Give 200 mg of zinc.")
    before = {group: town.messages(group) for group in GROUPS}
    town.clock.pass_by(90 * 24 * 3600)
    async with transaction():
        await correcting.correct(await town.act(review, "Give 20 mg of zinc."))
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    await town.approves(waiting, by=PETER)
    await town.rounds()
    for group in (KENYA, UGANDA):
        (text,) = town.texts(group)
        assert "Give 20 mg of zinc." in text
        assert town.messages(group) == before[group]


async def test_a_correction_that_says_the_same_changes_nothing(town: Town) -> None:
    review = await town.published("Give 20 mg of zinc.")
    async with transaction():
        told = await correcting.correct(await town.act(review, "Give 20 mg of zinc."))
    assert "published already" in told.text
    assert await afterwards.held_correction(review.submission_id) is None


async def test_a_note_can_be_corrected_while_the_words_stay(town: Town) -> None:
    """A slip of the moderator's own is as dangerous as one of the author's."""
    review = await town.writes("Give zinc.", where=UGANDA)
    async with transaction():
        await notes.heard(await town.act(review, "At least 100 mg."))
        await notes.heard(await town.act(review, "And ORS.", by=PETER))
        await translating.heard(await town.act(review, "fr, by Jean: Donnez du zinc."))
    await town.rounds(2)
    await town.approves(review)
    await town.rounds()
    async with transaction():
        await correcting.correct(await town.act(review, "keep"))
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    await town.rounds(2)
    held = town.card()
    assert "📝 Note (G): At least 100 mg." in held
    assert "📝 Note (P): And ORS." in held
    assert "Translation into French, by Jean" in held
    assert "Wording by" not in held
    assert "Changed" not in held
    async with transaction():
        await notes.heard(await town.act(waiting, "-"))
        await notes.heard(await town.act(waiting, "At least 10 mg."))
    await town.rounds(2)
    assert await town.approves(waiting, by=PETER) is decisions.Verdict.DONE
    await town.rounds()
    (kenya,), (uganda,) = town.texts(KENYA), town.texts(UGANDA)
    assert "(corrected)\n\nGive zinc." in kenya
    for text in (kenya, uganda):
        assert "100 mg" not in text
        assert "[Note from HIFA moderator (P): And ORS.]\n\n[Note from HIFA moderator (G): At least 10 mg.]" in text
    assert "Give zinc." not in uganda, "the author's own message says it still, and nobody changed it"
    (letter,) = [text for text in town.slow.texts("amina") if "beside your post #1" in text]
    assert "Your words stay as they are." in letter
    again = await correct(town, review, "Give zinc to every child.")
    assert [note.text for note in await desk.notes(again.id)] == ["And ORS.", "At least 10 mg."]


async def test_a_short_version_is_not_forgotten_by_a_correction(town: Town) -> None:
    review = await town.writes("Give zinc for 10 days.")
    async with transaction():
        await short.heard(await town.act(review, "Zinc 10 d"))
    await town.rounds(2)
    await town.approves(review)
    await town.rounds()
    for said, line in (
        ("Give zinc for 14 days.", "⚠️ The short version is of an older wording and will not go out."),
        ("keep", "✂️ Short version: Zinc 10 d"),
    ):
        async with transaction():
            await correcting.correct(await town.act(review, said))
        await town.rounds(2)
        assert line in town.card(), said


async def test_a_longer_wording_gets_further_messages_and_a_shorter_one_fewer(town: Town) -> None:
    review = await town.published("Short.")
    await correct(town, review, LONG + "The end.")
    parts = town.texts(KENYA)
    assert len(parts) == 2
    assert parts[0].startswith("HIFA #1 · Amina\n(corrected)")
    assert "The end." in parts[1]
    await correct(town, review, "Short again.")
    (only,) = town.texts(KENYA)
    assert "Short again." in only
    assert "Corrected in 2 of 3 groups" in town.card()
    assert [row.state for row in await rows(ledger.DELETE, KENYA)] == [DeliveryState.DELIVERED]
    await retract(town, review)
    assert town.texts(KENYA) == []


async def test_a_photo_keeps_its_message_when_its_caption_grows_and_shrinks(town: Town) -> None:
    photo = Attachment(sha256="f" * 64, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=1000, name="rash.jpg")
    review = await town.published("A rash.", files=[photo])
    (picture,) = await rows(ledger.SEND, KENYA)
    await correct(town, review, "A rash. " * 200)
    caption, text = town.texts(KENYA)
    assert caption == "HIFA #1 · Amina"
    assert "A rash. A rash." in text
    await correct(town, review, "A rash that itches.")
    (caption,) = town.texts(KENYA)
    assert "A rash that itches." in caption
    assert {row.target_id for row in await rows(ledger.EDIT, KENYA)} == {picture.id}


async def test_messages_that_stay_as_they_are_get_no_rows(town: Town) -> None:
    """Only the last of several messages changes, and the first, which says that it was corrected."""
    review = await town.published(LONG + LONG + "Give 200 mg.")
    assert len(town.texts(KENYA)) == 3
    await correct(town, review, LONG + LONG + "Give 20 mg.")
    first = (await rows(ledger.SEND, KENYA))[0]
    await correct(town, review, LONG + LONG + "Give 2 mg.")
    edits = [row for row in await rows(ledger.EDIT, KENYA) if row.revision == 3]
    assert len(edits) == 1
    assert edits[0].target_id != first.id
    assert town.texts(KENYA)[-1].count("Give 2 mg.") == 1


async def test_what_has_not_gone_out_goes_out_corrected(town: Town) -> None:
    town.slow.refuses["send"] = Refusal.FORBIDDEN
    review = await town.published("Give 200 mg.")
    assert "slow:uganda: no permission to post there" in town.card()
    await correct(town, review, "Give 20 mg. " + LONG)
    town.slow.refuses.clear()
    async with transaction():
        told = await retrying.retry(await town.act(review))
    assert told.text == "Trying again in 1 group."
    await town.rounds()
    assert len(town.texts(UGANDA)) == 2
    assert "Give 20 mg." in town.texts(UGANDA)[0]
    assert not [m for m in town.slow.ever_shown if "200 mg" in m.text and m.chat == UGANDA.chat]
    assert "Arrived in 3 of 3 groups" in town.card()


async def test_what_follows_several_messages_too_many_still_goes_out(town: Town) -> None:
    """Two photos, with a long text between them that has become short before anything was sent."""
    photos = [
        Attachment(sha256=letter * 64, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=1000, name=f"{letter}.jpg")
        for letter in "ef"
    ]
    review = await town.writes(LONG + LONG, files=photos)
    await town.rounds(2)
    await town.approves(review)
    assert len(await rows(ledger.SEND, KENYA)) == 5
    await correct_unseen(town, review, "Short.")
    await town.rounds()
    assert len(town.texts(KENYA)) == 2
    assert "Arrived in 3 of 3 groups" in town.card()


async def test_a_message_refused_that_is_no_longer_needed_holds_nothing_up(town: Town) -> None:
    """The middle of three was refused, and the last called off with it; the new wording needs the first alone."""
    review = await town.writes(LONG + LONG)
    await town.rounds(2)
    await town.approves(review)
    await town.rounds(1)
    assert (await rows(ledger.SEND, KENYA))[0].state == DeliveryState.DELIVERED
    town.net.refuses["send"] = Refusal.TOO_BIG
    await town.rounds(4)
    assert [row.state.value for row in await rows(ledger.SEND, KENYA)] == ["delivered", "refused", "cancelled"]
    town.net.refuses.clear()
    await correct(town, review, "Short.")
    assert len(town.texts(KENYA)) == 1
    assert "Arrived in 3 of 3 groups" in town.card()
    await correct(town, review, LONG)
    assert len(town.texts(KENYA)) == 2
    assert "Arrived in 3 of 3 groups" in town.card()


async def test_an_older_correction_does_not_come_back_with_a_message_tried_again(town: Town) -> None:
    review = await town.writes("Give 2000 mg.")
    await town.rounds(2)
    await town.approves(review)
    (send,) = await rows(ledger.SEND, UGANDA)
    (attempted,) = await ledger.claim([send.id], town.now, town.compose)
    await correct_unseen(town, review, "Give 200 mg.")  # an edit that waits for what is on its way
    town.slow.refuses["send"] = Refusal.FORBIDDEN
    await town.worker._carry(attempted)
    await town.worker._record()
    town.slow.refuses.clear()
    await correct_unseen(town, review, "Give 20 mg.")
    async with transaction():
        await retrying.retry(await town.act(review))
    await town.rounds()
    (text,) = town.texts(UGANDA)
    assert "Give 20 mg." in text
    assert await rows(ledger.EDIT, UGANDA) != []


async def test_an_edit_that_is_refused_is_said_and_can_be_tried_again(town: Town) -> None:
    review = await town.published("Give 200 mg.")
    town.net.refuses["edit"] = Refusal.FORBIDDEN
    await correct(town, review, "Give 20 mg.")
    assert "Corrected in 1 of 3 groups" in town.card()
    assert "net:kenya: the correction was refused: no permission" in town.card()
    town.net.refuses.clear()
    async with transaction():
        await retrying.retry(await town.act(review))
    await town.rounds()
    assert "Give 20 mg." in town.texts(KENYA)[0]
    assert "Corrected in 2 of 3 groups" in town.card()


async def test_the_answer_under_an_original_carries_the_moderators_wording(town: Town) -> None:
    review = await town.published("Give 200 mg.", where=UGANDA)
    await correct(town, review, "Give 20 mg.")
    (answer,) = town.texts(UGANDA)
    assert "approved with changes" in answer
    assert "Give 20 mg." in answer


async def test_a_rejected_correction_changes_nothing_and_is_not_the_authors_business(town: Town) -> None:
    review = await town.published("Give 20 mg.")
    async with transaction():
        await correcting.correct(await town.act(review, "Give 200 mg."))
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    await town.rounds(2)
    letters = len(town.net.texts("amina"))
    async with transaction():
        verdict = await decisions.reject(await town.act(waiting, by=PETER), reason=Reason.CLARITY)
    assert verdict is decisions.Verdict.DONE
    await town.rounds()
    assert len(town.net.texts("amina")) == letters
    assert all("Give 20 mg." in text for text in town.everywhere())


async def test_there_is_one_correction_at_a_time(town: Town) -> None:
    review = await town.published("Give 200 mg.")
    async with transaction():
        await correcting.correct(await town.act(review, "Give 2 mg."))
        await correcting.correct(await town.act(review, "Give 20 mg.", by=PETER))
    assert await submissions.count_held("hifa") == 1
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    wording = await submissions.revision_of(waiting)
    assert (waiting.revision, wording.editor) == (3, "Peter")
    await town.rounds()
    await town.approves(waiting)
    await town.rounds()
    assert "Give 20 mg." in town.texts(KENYA)[0]


async def test_a_correction_approved_twice_follows_the_one_before(town: Town) -> None:
    review = await town.published("One.")
    first = await correct(town, review, "Two.")
    second = await correct(town, review, "Three.")
    assert ["Three." in text for text in town.texts(KENYA)] == [True]
    async with transaction():
        shown = [(await afterwards.published_before(found)) for found in (first, second)]
    assert [row.number for row in shown if row is not None] == [1, 2]


async def test_approval_of_a_correction_is_not_undone(town: Town) -> None:
    review = await town.published("One.")
    correction = await correct(town, review, "Two.")
    assert not (await facts_of(correction, town.community, correction.revision)).undoable


async def test_where_the_author_must_agree_a_correction_waits_for_them(town: Town) -> None:
    review = await town.published("Give 200 mg.")
    town.community = replace(town.community, policy=replace(town.community.policy, consent_to_edits=True))
    town.communities = Communities((town.community,))
    async with transaction():
        told = await correcting.correct(await town.act(review, "Please give only 20 mg a day."))
    assert "author is asked to agree" in told.text
    await town.rounds()
    assert [text for text in town.net.texts("amina") if "only if you agree" in text]
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    assert await town.approves(waiting, by=PETER) is decisions.Verdict.AWAITS_CONSENT


async def test_a_correction_card_offers_what_a_correction_can_be_given(town: Town) -> None:
    review = await town.published("Give 200 mg.")
    async with transaction():
        await correcting.correct(await town.act(review, "Give 20 mg."))
    waiting = await afterwards.held_correction(review.submission_id)
    assert waiting is not None
    facts = await facts_of(waiting, town.community, waiting.revision)
    offered = {(c.action, c.argument) for line in menu.rows(facts, menu.MORE, words("en")) for c in line}
    assert {("preview", ""), ("short", "")} <= offered
    assert ("release", "") not in offered
    claimed = replace(facts, review=facts.review.clone(pk=facts.review.pk))
    claimed.review.claimed_by = "net:grace"
    rows_ = [c for line in menu.rows(claimed, menu.MORE, words("en")) for c in line]
    assert len(rows_) == len({c.emoji for c in rows_}) == 10
    assert not {("view", menu.GROUPS), ("view", menu.THEMES), ("merge", ""), ("trust", "")} & offered


# --- other communities ---


async def test_a_community_that_has_a_copy_is_told(town: Town) -> None:
    review = await town.published("Ruth of Kisumu has malaria.")
    chifa = replace(
        COMMUNITY,
        id=CommunityId("chifa"),
        name="CHIFA",
        moderators=(Address(NET, ChatId("mods-of-chifa")),),
        groups=(),
    )
    town.communities = Communities((town.community, chifa))
    async with transaction():
        copy = await submissions.submit(
            community="chifa",
            identity=review.submission.identity,
            source=review.submission.source,
            private=False,
            intake="hold",
            text=plain("Ruth of Kisumu has malaria."),
            attachments=(),
            uncarried=(),
            reasons=("crossed",),
            now=town.now,
            origin_post_id=(await town.post()).id,
        )
    await retract(town, review)
    (told,) = town.net.texts("mods-of-chifa")
    assert told == "⚠️ #1 is a copy of HIFA #1, which was taken back there."
    assert (await Review.get(id=copy.id)).state == ReviewState.HELD


# --- the author asks ---


async def test_an_author_asks_and_the_moderators_are_told_once(town: Town) -> None:
    review = await town.published("I regret this.")
    for _ in range(2):
        async with transaction():
            told = await retracting.ask_back(review, town.community, town.directory, town.now)
        assert "know that you want #1 to be taken back" in told
    await town.rounds()
    asked = [text for text in town.net.texts("mods") if "the author asks to take it back" in text]
    assert len(asked) == 1
    assert "The author asks to take it back" in town.card()
    await retract(town, review)
    assert "The author asks" not in town.card()
    async with transaction():
        told = await retracting.ask_back(review, town.community, town.directory, town.now)
    assert "has been taken back already" in told
