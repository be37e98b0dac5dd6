"""Escalation: the named people are told and decide; the author is answered in prepared words, and stays held."""

from dataclasses import replace

import pytest

from bridge.core.errors import Refusal
from bridge.core.ids import UserId, UserRef
from bridge.core.message import Attachment, AttachmentKind
from bridge.core.policy import Role, Template
from bridge.core.states import DeliveryState, ReviewState
from bridge.core.text import plain
from bridge.moderation import channel, query, reminders
from bridge.moderation.acts import Moderator
from bridge.moderation.effects import arrivals
from bridge.moderation.facts import facts_of
from bridge.moderation.panel import text_of
from bridge.rendering.words import Words
from bridge.storage import audit, codec, ledger, people
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Person, Query, Review, Revision
from bridge.storage.models_desk import Vote
from tests.integration.moderating import (
    GRACE,
    MARY,
    NAOMI,
    PETER,
    ROLES,
    RUTH,
    Room,
    again,
    audited,
    community,
    notices,
    one_person,
    private,
)
from tests.unit.storage.stage import DESK, MODS, NET, NOW, SLOW, hold, sender

pytestmark = pytest.mark.usefixtures("opened")
SARA = Moderator(sender=sender("sara"), channel=MODS)
"""Named for safeguarding, and no moderator."""
OMAR = UserRef(NET, UserId("omar"))
"""Named, too, and never met."""
HELP = Template(
    id="help",
    label="Where to get help",
    texts={"en": "Dear {name}, please call {our} line 116.", "sw": "Ndugu {name}, tafadhali piga 116."},
)


def guarded(**policy: object) -> Room:
    return Room(
        community(**{"safeguarding": frozenset({SARA.sender.ref, OMAR}), "safeguarding_replies": (HELP,), **policy})
    )


@pytest.fixture
def room() -> Room:
    return guarded()


async def card(room: Room, review: Review) -> str:
    fresh = await again(review)
    return text_of(await facts_of(fresh, room.community, fresh.revision), Words("en"), 4000, 4000).text


async def test_the_named_people_are_told_and_who_was_not_is_said(room: Room) -> None:
    await people.meet(SARA.sender, NOW, privately=True)
    review = await hold("He says that he will do it tonight")
    await room.types(review, "escalate: he may harm himself", GRACE)
    assert await notices(private("sara")) == [
        (
            "🚨 HIFA #1: Grace asks you to look at this post.\nWhy: he may harm himself\n\n"
            "He says that he will do it tonight\n\n"
            "It is held. A senior moderator, a coordinator or somebody named for safeguarding decides on it in the "
            "moderators' channel."
        )
    ]
    for where in (MODS, DESK):
        assert await notices(where) == [
            (
                "🚨 Grace has escalated #1.\nWhy: he may harm himself\nTold privately: Sara (net:sara).\n"
                "⚠️ I cannot write privately to net:omar: please tell them yourself. They can open a chat with me "
                "for the next time."
            )
        ]
    assert "🚨 Escalated by Grace" in await card(room, review)
    line = (await audited("escalate"))[0]
    assert codec.load_object(line.detail) == {"told": 1, "missed": 1}
    assert (await audit.verify("hifa")).broken_at is None


async def test_the_named_hear_of_a_photo(room: Room) -> None:
    await people.meet(SARA.sender, NOW, privately=True)
    review = await hold("")
    photo = Attachment(sha256="a" * 64, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=82_400, name="a.jpg")
    await Revision.filter(submission_id=review.submission_id).update(
        attachments=codec.dump(codec.ATTACHMENTS, (photo,))
    )
    await room.types(review, "escalate: look at the child", GRACE)
    (told,) = await notices(private("sara"))
    assert "Why: look at the child\n\n[photo, 82 kB]\n\nIt is held." in told


async def test_a_press_escalates_at_once_and_the_reason_may_follow(room: Room) -> None:
    await people.meet(SARA.sender, NOW, privately=True)
    review = await hold()
    assert (await room.press(review, "escalate", GRACE)).text == "Please reply to the message I just sent."
    assert (await again(review)).escalated_name == "Grace"
    prompt = await Delivery.filter(kind=ledger.PROMPT).first()
    assert prompt is not None
    assert "#1 is escalated." in prompt.content
    async with transaction():
        await channel.reply(room.desk, prompt, plain("a child is alone"), GRACE, room._message(MODS))
    told = await notices(private("sara"))
    assert len(told) == 2
    assert "Why: a child is alone" in told[1]
    assert "has already escalated #1" in (await room.press(review, "escalate", PETER)).text
    assert len(await audited("escalate")) == 1
    assert len(await notices(private("sara"))) == 2


async def test_from_then_on_only_some_decide(room: Room) -> None:
    review = await hold()
    await room.press(review, "escalate", GRACE)
    refused = (
        "#1 was escalated: a senior moderator, a coordinator or somebody named for safeguarding decides. "
        "Nothing was done."
    )
    for action, argument in (("approve", ""), ("trust", ""), ("reject", "privacy"), ("safety_reply", "help")):
        for who in (GRACE, PETER):
            assert (await room.press(review, action, who, argument)).text == refused
    assert (await room.press(review, "claim", PETER)).text == refused
    assert (await again(review)).state == ReviewState.HELD
    assert (await room.press(review, "approve", MARY)).alert, "a stranger is a stranger"
    assert (await room.press(review, "approve", RUTH)).text.startswith("Done.")


@pytest.mark.parametrize("who", [RUTH, NAOMI, SARA])
async def test_seniors_coordinators_and_the_named_decide(room: Room, who: Moderator) -> None:
    review, other = await hold(), await hold(message="m2")
    await room.press(review, "escalate", GRACE)
    assert (await room.press(review, "approve", who)).text.startswith("Done.")
    assert (await room.press(other, "approve", who)).alert is (who is SARA), "on what is escalated only"


async def test_the_named_may_press_from_another_account_of_theirs(room: Room) -> None:
    other = Moderator(sender=sender("sara2", "Sara", SLOW), channel=DESK)
    room.community = replace(
        room.community, policy=replace(room.community.policy, roles={**ROLES, other.sender.ref: Role.MODERATOR})
    )
    await one_person(SARA, other)
    review = await hold()
    await room.press(review, "escalate", GRACE)
    assert (await room.press(review, "reject", other, "privacy")).text.startswith("Done.")


async def test_claims_and_votes_from_before_end(room: Room) -> None:
    review = await hold()
    await Review.filter(id=review.id).update(approvals=2)
    await room.press(review, "approve", PETER)
    await room.press(review, "claim", GRACE)
    await room.press(review, "escalate", PETER)
    assert (await again(review)).claimed_by == ""
    assert await Vote.all().count() == 0


@pytest.mark.parametrize("roles", [ROLES, {GRACE.sender.ref: Role.MODERATOR, PETER.sender.ref: Role.MODERATOR}])
async def test_where_nobody_is_named(roles: dict[UserRef, Role]) -> None:
    """The seniors and coordinators are told; where there are none either, moderators go on, and hear it."""
    room = guarded(safeguarding=frozenset(), roles=roles)
    for who in (RUTH, NAOMI):
        await people.meet(who.sender, NOW, privately=True)
    review = await hold()
    await room.press(review, "escalate", GRACE)
    said = (await notices(DESK))[0]
    if roles is ROLES:
        assert "Told privately: Naomi (net:naomi), Ruth (net:ruth)." in said
        assert (await room.press(review, "approve", PETER)).alert
    else:
        assert "Nobody else is named for safeguarding" in said
        assert (await room.press(review, "approve", PETER)).text.startswith("Done.")


async def test_ended_by_who_began_it_or_who_may_decide(room: Room) -> None:
    review = await hold()
    assert (await room.press(review, "deescalate", RUTH)).text == "#1 is not escalated. Nothing was done."
    await room.press(review, "escalate", GRACE)
    assert (await room.press(review, "deescalate", PETER)).alert
    await room.types(review, "deescalate", GRACE)
    assert (await again(review)).escalated_at is None
    await room.press(review, "escalate", GRACE)
    await room.press(review, "deescalate", RUTH)
    assert (await room.press(review, "approve", PETER)).text.startswith("Done.")
    assert len(await audited("deescalate")) == 2


@pytest.mark.parametrize(
    ("state", "reason", "why"),
    [
        (DeliveryState.REFUSED, Refusal.UNREACHABLE.value, "cannot be reached"),
        (DeliveryState.UNCERTAIN, "", "nobody knows whether it arrived"),
    ],
)
async def test_a_notice_that_does_not_arrive_is_said(room: Room, state: DeliveryState, reason: str, why: str) -> None:
    await people.meet(SARA.sender, NOW, privately=True)
    review = await hold()
    await room.press(review, "escalate", GRACE)
    row = await Delivery.get(chat="sara")
    row.state, row.reason = state, reason
    async with transaction():
        await arrivals(room.communities, lambda: NOW)([row])
    assert (await notices(DESK))[-1] == (
        f"⚠️ My message about #1, which was escalated, did not reach Sara ({why}): please tell them yourself."
    )


# --- prepared replies ---


async def test_the_author_reads_it_in_their_language_and_the_post_stays(room: Room) -> None:
    review = await hold()
    await Person.filter(id=review.submission.identity.person_id).update(language="sw")
    assert (await room.press(review, "safety_reply", GRACE, "help")).text == "Sent. The post stays held."
    told = (await notices(private("amina")))[-1]
    assert told.startswith("Ndugu Amina, tafadhali piga 116.\n\n")
    assert "HIFA" in told.splitlines()[-1]
    assert "Grace" not in told
    assert (await again(review)).state == ReviewState.HELD
    assert "🚨 Grace sent the author: Ndugu Amina, tafadhali piga 116." in await card(room, review)
    assert "No answer yet" not in await card(room, review)
    line = (await audited("safety_reply"))[0]
    assert (line.reason, line.review_id) == ("help", review.id)


async def test_braces_of_the_operator_are_left_alone(room: Room) -> None:
    review = await hold()
    await room.press(review, "safety_reply", GRACE, "help")
    assert (await notices(private("amina")))[-1].startswith("Dear Amina, please call {our} line 116.")


async def test_the_same_reply_goes_once(room: Room) -> None:
    review = await hold()
    await room.press(review, "safety_reply", GRACE, "help")
    told = await room.press(review, "safety_reply", PETER, "help")
    assert told.alert
    assert told.text.startswith("Grace has already sent the author this reply")
    assert len(await notices(private("amina"))) == 1
    listed = "Please write safety: and one of these: help (Where to get help). Nothing was sent."
    assert (await room.press(review, "safety_reply", PETER, "gone")).text == listed


@pytest.mark.parametrize("said", ["safety: help", "safety: Where to get help", "/safety HELP"])
async def test_in_a_word_where_there_are_no_buttons(room: Room, said: str) -> None:
    review = await hold()
    assert await room.types(review, "safety", GRACE) == [
        "Please write safety: and one of these: help (Where to get help). Nothing was sent."
    ]
    await room.types(review, said, GRACE)
    assert len(await notices(private("amina"))) == 1


async def test_nobody_waits_for_an_answer_and_one_that_comes_is_about_this_post(room: Room) -> None:
    review = await hold()
    await room.press(review, "safety_reply", GRACE, "help")
    assert await reminders.actionable(await again(review)), "it is the moderators' turn still"
    await Delivery.filter(chat="amina").update(state=DeliveryState.DELIVERED, done_at=NOW)
    identity = await people.get(review.submission.identity_id)
    found = await query.awaited(identity, plain("I am afraid"), room.desk)
    assert found is not None
    async with transaction():
        await query.hear(found[0], identity, plain("I am afraid"), (), (), room.desk)
    assert "💬 The author answered: I am afraid" in await card(room, review)
    assert "with the moderators" in (await notices(private("amina")))[-1]


async def test_an_author_who_cannot_be_written_to(room: Room) -> None:
    await people.meet(replace(sender("zawadi"), direct=None), NOW)
    review = await hold(user="zawadi")
    await Identity.filter(user="zawadi").update(direct_chat="")
    told = await room.press(review, "safety_reply", GRACE, "help")
    assert told.alert
    assert told.text.startswith("The author cannot be written to privately")
    assert await Query.all().count() == 0
    assert await audited("safety_reply") == []
