"""A second look: once, by somebody else where there is somebody, and final. And letters that reach any phone."""

from dataclasses import replace

import pytest

from bridge.core.ids import UserId, UserRef
from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.core.text import plain
from bridge.members import reach
from bridge.members.reach import Letter
from bridge.moderation import appeals
from bridge.storage import ledger, people, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Query, Review
from tests.integration.moderating import (
    GRACE,
    GRACE_TOO,
    NAOMI,
    PETER,
    RUTH,
    again,
    audited,
    community,
    notices,
    one_person,
    private,
)
from tests.integration.talking import AMINA, Talk, told
from tests.unit.delivery.scripted import LINE, RICH
from tests.unit.storage.stage import NET, NOW, SLOW, hold, sender

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
def talk() -> Talk:
    return Talk()


def only(*who: UserId, **policy: object) -> Talk:
    """A room where only these moderate."""
    return Talk(community=community(roles={UserRef(NET, user): Role.MODERATOR for user in who}, **policy))


async def appealed(talk: Talk, review: Review) -> Review:
    """Grace rejects it, and its author asks for a second look."""
    assert (await talk.press(review, "reject", GRACE, "duplicate")).text.startswith("Done.")
    await talk.presses("submission", review.submission_id, "appeal")
    found = await submissions.review_of_submission(review.submission_id)
    assert found is not None
    assert found.kind == appeals.KIND
    return found


async def test_an_appeal_is_of_the_same_item_and_wording(talk: Talk) -> None:
    review = await hold()
    await talk.types(review, "ask: Which dose?", GRACE)
    await talk.hears("400 micrograms")
    await talk.types(review, "edit: Is zinc safe for children?", PETER)
    found = await appealed(talk, await again(review))
    assert (found.about_review, found.revision, found.state) == (review.id, 2, ReviewState.HELD)
    assert found.submission.number == 1
    shown = await talk.card(found)
    assert "⚖️ Appeal: Grace had rejected it (Already posted)" in shown
    assert "💬 The author answered: 400 micrograms" in shown, "who decides reads what was said before"
    (line,) = await audited("appeal")
    assert (line.actor, line.review_id) == ("identity:1", found.id)
    assert await ledger.card_rows(found.id) != []


async def test_who_rejected_it_does_not_decide_on_whatever_phone(talk: Talk) -> None:
    await one_person(GRACE, GRACE_TOO)
    talk.community = community(roles={**talk.community.policy.roles, GRACE_TOO.sender.ref: Role.MODERATOR})
    found = await appealed(talk, await hold())
    for action, argument in (("approve", ""), ("reject", "duplicate"), ("trust", ""), ("always_hold", "")):
        for moderator in (GRACE, GRACE_TOO):
            refused = await talk.press(found, action, moderator, argument)
            assert refused.alert
            assert refused.text.startswith("You rejected #1 yourself")
    assert (await talk.press(found, "reject", PETER, "relevance")).text.startswith("Done.")
    assert (await again(found)).state == ReviewState.REJECTED
    assert len(await told(AMINA, "This decision is final.")) == 1


async def test_an_appeal_keeps_what_was_added_and_who_may_decide(talk: Talk) -> None:
    review = await hold("Give zinc for 10 days")
    await talk.types(review, 'note: "10 days" or 14?', GRACE)
    await talk.press(review, "escalate", GRACE)
    assert (await talk.press(review, "reject", RUTH, "safety")).text.startswith("Done.")
    await talk.presses("submission", review.submission_id, "appeal")
    found = await submissions.review_of_submission(review.submission_id)
    assert found is not None
    shown = await talk.card(found)
    assert "🚨 Escalated by Grace" in shown
    assert "📝 Note (G): or 14? (beside “10 days”)" in shown
    assert (await talk.press(found, "approve", PETER)).text.startswith("#1 was escalated")
    await talk.types(found, "note: -", GRACE)
    assert "📝" not in await talk.card(found), "it is still hers"
    assert (await talk.press(found, "approve", NAOMI)).text == "Done."


async def test_an_escalated_appeal_is_never_stuck() -> None:
    """The only senior rejected it: moderators who may not decide on it are nobody else."""
    roles = {GRACE.sender.ref: Role.MODERATOR, RUTH.sender.ref: Role.SENIOR}
    for named, stuck in ((frozenset(), False), (frozenset({NAOMI.sender.ref}), True)):
        talk = Talk(community=community(roles=roles, safeguarding=named))
        review = await hold(message=f"m{stuck}")
        await talk.press(review, "escalate", GRACE)
        await talk.press(review, "reject", RUTH, "safety")
        await talk.presses("submission", review.submission_id, "appeal")
        found = await submissions.review_of_submission(review.submission_id)
        assert found is not None
        told = (await talk.press(found, "approve", RUTH)).text
        assert told.startswith("You rejected" if stuck else "Done."), told


async def test_who_looks_again_reads_why_it_was_rejected(talk: Talk) -> None:
    for number, words in ((1, "clarity: which dose?"), (2, "Nobody asked for this.")):
        review = await hold(f"Post {number}", message=f"m{number}")
        await talk.types(review, f"reject: {words}", GRACE)
        await talk.presses("submission", review.submission_id, "appeal")
    first, second = await Review.filter(kind=appeals.KIND).order_by("id")
    assert "⚖️ Appeal: Grace had rejected it (Not clear enough: which dose?)" in await talk.card(first)
    assert "⚖️ Appeal: Grace had rejected it (Nobody asked for this.)" in await talk.card(second)


async def test_an_author_who_moderates_is_nobody_else() -> None:
    talk = only(UserId("grace"), UserId("amina"))
    found = await appealed(talk, await hold())
    assert (await talk.press(found, "approve", GRACE)).text == "Done.", "the only other moderator wrote it"


async def test_where_the_channel_is_trusted_whoever_decided_before_counts() -> None:
    talk = Talk(community=replace(community(roles={}), trust_channel=True))
    first, second = await hold("One", message="m1"), await hold("Two", message="m2")
    found = await appealed(talk, first)
    assert (await talk.press(found, "reject", GRACE, "relevance")).text.startswith("Done."), "nobody else is known"
    await talk.press(await hold("Three", message="m3"), "approve", PETER)
    found = await appealed(talk, second)
    assert (await talk.press(found, "approve", GRACE)).alert
    assert (await talk.press(found, "approve", RUTH)).text == "Done."


async def test_an_appeal_needs_no_more_approvals_than_there_are_people() -> None:
    talk = only(UserId("grace"), UserId("ruth"), approvals=2)
    review = await hold()
    await Review.filter(id=review.id).update(approvals=2)
    found = await appealed(talk, review)
    assert found.approvals == 1
    assert (await talk.press(found, "approve", RUTH)).text == "Done."


async def test_a_coordinator_beside_moderators_is_not_called(talk: Talk) -> None:
    await people.meet(NAOMI.sender, NOW, privately=True)
    await appealed(talk, await hold())
    assert await notices(private("naomi")) == []


async def test_an_appeal_is_about_the_authors_own_words() -> None:
    talk = Talk(community=community(consent_to_edits=True))
    review = await hold("Give 40 mg")
    await talk.types(review, "edit: Give 400 mg", GRACE)
    found = await appealed(talk, await again(review))
    assert "Give 40 mg" in await talk.card(found)
    assert "400" not in await talk.card(found)
    assert (await talk.press(found, "approve", PETER)).text == "Done."


async def test_only_what_was_rejected_is_looked_at_again(talk: Talk) -> None:
    await hold("Held", message="m1")
    assert await talk.hears("/appeal 1") == ["#1 was not rejected: there is nothing to look at again."]
    assert await talk.hears("/appeal") == [
        "There is no post of yours that this can be done with. /status shows your latest posts."
    ]
    for number in (2, 3):
        review = await hold(f"Post {number}", message=f"m{number}")
        await talk.press(review, "reject", GRACE, "duplicate")
    assert await talk.hears("appeal") == ["Which one? Write APPEAL and its number: #3, #2"]
    assert "a second time" in (await talk.hears("/appeal #2 because it is new"))[0]
    (said,) = await Query.filter(kind="appeal")
    assert said.answer == "because it is new"
    assert "a second time" in (await talk.hears("/appeal"))[0], "only one is left"
    assert await talk.hears("/appeal 2") == ["A second look at #2 can be asked for once, and you have done so."]


async def test_an_appeal_can_be_taken_back(talk: Talk) -> None:
    found = await appealed(talk, await hold())
    await talk.presses("submission", found.submission_id, "withdraw")
    assert (await again(found)).state == ReviewState.WITHDRAWN
    await talk.presses("submission", found.submission_id, "appeal")
    assert await told(AMINA, "can be asked for once") != []


# --- letters --------------------------------------------------------------------------------------------------------


async def test_a_long_question_comes_in_parts_each_of_which_can_be_answered(talk: Talk) -> None:
    talk.accounts[NET].can = LINE
    review = await hold()
    await talk.types(review, "ask: " + "Which dose do you mean? " * 24, GRACE)
    parts = await notices(AMINA)
    assert len(parts) == 2
    assert all(len(part) <= LINE.text_limit for part in parts)
    assert " ".join(parts).count("Which dose do you mean?") == 24
    await talk.arrive()
    for row in await Delivery.filter(view="query:1"):
        assert "Thank you" in (await talk.hears("400 micrograms", reply_to=row.ref))[0]
    assert "💬 The author answered:\n400 micrograms\n400 micrograms" in await talk.card(review)


async def test_a_person_is_written_to_where_they_have_opened_a_chat() -> None:
    talk = Talk()
    for account in talk.accounts.values():
        account.can = replace(RICH, opens_direct=False)
    first = await people.meet(sender("amina"), NOW)
    met = [await people.meet(sender(f"other{n}", account=SLOW), NOW, privately=n == 1) for n in range(3)]
    await Identity.filter(id__in=[identity.id for identity in met]).update(person_id=first.person_id)
    found = await reach.reach(first, talk.directory)
    assert found is not None
    assert found.user == "other1"
    await people.close_direct(SLOW, "other1")
    assert await reach.reach(first, talk.directory) is None
    async with transaction():
        letter = Letter(text=plain("Hello"))
        assert await reach.write(first, letter, talk.community, talk.directory, NOW) is None
