"""Who may decide: from the config file and from the chat, by the person, from the next press on."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.clock import SystemClock
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.core.text import plain
from bridge.moderation import channel, permissions
from bridge.moderation.acts import Moderator
from bridge.storage import audit, codec, desk, inbox, ledger, people, upkeep
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Inbox
from tests.integration.moderating import (
    GRACE,
    MALLORY,
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
)
from tests.unit.storage.stage import DESK, MODS, NET, NOW, SLOW, hold, sender

pytestmark = pytest.mark.usefixtures("opened")
MARYS = UserRef(NET, UserId("mary"))


@pytest.fixture
def room() -> Room:
    return Room()


async def role(room: Room, who: Moderator) -> Role | None:
    return await permissions.role_of(room.community, who.sender, who.channel)


async def seen(room: Room, who: Moderator, text: str, message: str) -> RemoteRef:
    """Something that was written in the channel, as the inbox keeps it."""
    ref = RemoteRef(who.channel.account, who.channel.chat, MessageId(message))
    event = replace(room.message(text, who.sender, ref), raw="{}")
    await inbox.DurableSink(NET, SystemClock()).accept([event])
    await Inbox.filter(key=event.key).update(state="done")
    return ref


async def test_appointed_by_replying_to_what_they_wrote(room: Room) -> None:
    review = await hold()
    assert (await room.press(review, "approve", MARY)).alert
    ref = await seen(room, MARY, 'Hello "all"', "h\\1")
    told = await room.orders("/moderators add", NAOMI, reply_to=ref)
    assert told == "Mary (net:mary) is now moderator, appointed by Naomi."
    assert await notices(DESK) == [told], "the other channel hears of it, too"
    assert (await room.press(review, "approve", MARY)).text.startswith("Done.")
    line = (await audited("appoint"))[0]
    mary = await people.find(MARYS)
    assert mary is not None
    assert (line.reason, codec.load_object(line.detail)) == ("moderator", {"who": mary.id})
    assert (await audit.verify("hifa")).broken_at is None


async def test_appointed_by_handle_or_account_with_a_role(room: Room) -> None:
    await people.meet(MARY.sender, NOW)
    assert "is now senior moderator" in await room.orders("/moderators add @Mary senior", NAOMI)
    assert await role(room, MARY) is Role.SENIOR
    assert "is now coordinator" in await room.orders("/moderators add net:mary Coordinator", NAOMI)
    assert await role(room, MARY) is Role.COORDINATOR
    assert "is now senior moderator" in await room.orders("/moderators add net:mary senior moderator", NAOMI)
    assert "is now moderator" in await room.orders("/moderators add net:mary moderator", NAOMI)
    assert await room.orders("/moderators add slow:zawadi", NAOMI) == (
        "slow:zawadi is now moderator, appointed by Naomi."
    ), "somebody we have never met"


async def test_known_by_a_handle_from_what_they_wrote_here_alone(room: Room) -> None:
    assert "I have not met @mary" in await room.orders("/moderators add @mary", NAOMI)
    await seen(room, MARY, "Good morning", "h1")
    assert "Mary (net:mary) is now moderator" in await room.orders("/moderators add @mary", NAOMI)


async def test_whoever_now_bears_the_handle_of_another_is_not_appointed_by_mistake(room: Room) -> None:
    await people.meet(sender("old", "Old"), NOW)
    await Identity.filter(user="old").update(handle="@mary")
    await seen(room, MARY, "Good morning", "h1")
    told = await room.orders("/moderators add @mary", NAOMI)
    assert "Several people are called @mary" in told
    assert "Old (net:old)" in told
    assert "Mary (net:mary)" in told
    assert await desk.appointments("hifa") == []


@pytest.mark.parametrize("who", [GRACE, RUTH])
async def test_it_needs_a_coordinator_where_there_is_one(room: Room, who: Moderator) -> None:
    told = "That needs the role: coordinator. Nothing was done."
    assert await room.orders("/moderators add net:mary", who) == told
    assert await room.orders("/moderators remove slow:peter", who) == told
    assert "Only this community's moderators" in await room.orders("/moderators add net:mallory", MALLORY)
    assert await desk.appointments("hifa") == []


async def test_where_there_is_none_moderators_appoint_moderators_and_nothing_above() -> None:
    room = Room(community(roles={GRACE.sender.ref: Role.MODERATOR, PETER.sender.ref: Role.MODERATOR}))
    assert "is now moderator" in await room.orders("/moderators add net:mary", GRACE)
    for wanted in ("senior", "coordinator"):
        assert (await room.orders(f"/moderators add net:grace {wanted}", GRACE)).startswith(
            "Nobody can give a role above their own"
        )
    assert await role(room, GRACE) is Role.MODERATOR


async def test_nobody_changes_somebody_above_them() -> None:
    room = Room(community(roles={RUTH.sender.ref: Role.SENIOR}))
    await desk.appoint("hifa", MARYS, "coordinator", name="Mary", by="net:x", now=NOW)
    assert "needs the role: coordinator" in await room.orders("/moderators remove net:mary", RUTH)
    room.community = community(roles={RUTH.sender.ref: Role.SENIOR, NAOMI.sender.ref: Role.MODERATOR})
    await desk.appoint("hifa", MARYS, "", name="Mary", by="net:x", now=NOW)
    assert "is now senior moderator" in await room.orders("/moderators add net:naomi senior", RUTH)


async def test_the_config_file_is_changed_in_the_file(room: Room) -> None:
    told = await room.orders("/moderators remove slow:peter", NAOMI)
    assert told == (
        "slow:peter is moderator by the config file, and only whoever edits that file can change it. Nothing was done."
    )
    assert "by the config file" in await room.orders("/moderators add net:ruth moderator", NAOMI)
    assert await room.orders("/moderators add slow:peter", NAOMI) == "slow:peter is moderator already."
    await room.orders("/moderators add slow:peter senior", NAOMI)
    assert await role(room, PETER) is Role.SENIOR
    assert await room.orders("/moderators remove slow:peter", NAOMI) == (
        "slow:peter is only moderator again, as the config file says."
    )
    assert await role(room, PETER) is Role.MODERATOR


async def test_removed_at_the_next_press(room: Room) -> None:
    await room.orders("/moderators add net:mary", NAOMI)
    review = await hold()
    await room.press(review, "claim", MARY)
    assert await room.orders("/moderators remove net:mary", NAOMI) == (
        "Mary (net:mary) is no moderator any more, says Naomi."
    )
    assert (await again(review)).claimed_by == ""
    assert (await room.press(review, "approve", MARY)).alert
    assert (await again(review)).state == ReviewState.HELD
    assert await room.orders("/moderators remove net:mary", NAOMI) == (
        "Mary (net:mary) is no moderator here. Nothing was done."
    )
    assert [line.action for line in await audited("dismiss")] == ["dismiss"]


async def test_dismissed_in_the_middle_of_an_edit(room: Room) -> None:
    await room.orders("/moderators add net:mary", NAOMI)
    review = await hold("As it was")
    assert (await room.press(review, "edit", MARY)).text == "Please reply to the message I just sent."
    prompt = await Delivery.get(kind=ledger.PROMPT)
    await room.orders("/moderators remove net:mary", NAOMI)
    async with transaction():
        await channel.reply(
            room.desk, prompt, plain("As it never was"), MARY, RemoteRef(NET, MODS.chat, MessageId("e1"))
        )
    assert "Only this community's moderators" in (await notices(MODS))[-1]
    assert (await again(review)).revision == 1


async def test_a_command_as_a_reply_to_a_card_is_no_word_about_the_item(room: Room) -> None:
    await hold()
    card = await ledger.plan(kind=ledger.CARD, address=MODS, now=NOW, community="hifa", review_id=1, revision=1)
    await Delivery.filter(id=card.id).update(remote_chat="mods", message="c1", state="delivered")
    ref = RemoteRef(NET, MODS.chat, MessageId("c1"))
    assert "may decide" in await room.orders("/moderators", GRACE, reply_to=ref)
    assert "cannot tell who wrote" in await room.orders("/moderators add", NAOMI, reply_to=ref)
    assert "Amina is:" in await room.orders("/standing", GRACE, reply_to=ref), "this word is about the item"
    assert "2 days" not in await room.orders("!away 2 days", GRACE), "written like this on Matrix"
    assert GRACE.sender.ref in await desk.absent("hifa", NOW)


async def test_another_account_of_theirs_is_named(room: Room) -> None:
    mary_too = replace(PETER, sender=sender("mary2", "Mary", SLOW))
    await one_person(MARY, mary_too)
    for account in ("net:mary", "slow:mary2"):
        await room.orders(f"/moderators add {account}", NAOMI)
    review = await hold()
    await room.press(review, "claim", MARY)
    told = await room.orders("/moderators remove net:mary", NAOMI)
    assert told.endswith("Their other account may still decide: slow:mary2.")
    assert (await again(review)).claimed_by == "net:mary", "it is still hers"


async def test_the_last_one_stays() -> None:
    room = Room(community(roles={}))
    await desk.appoint("hifa", MARYS, "moderator", name="Mary", by="net:x", now=NOW)
    assert "nobody could decide any more" in await room.orders("/moderators remove net:mary", MARY)
    await room.orders("/moderators add slow:peter", MARY)
    assert "no moderator any more" in await room.orders("/moderators remove net:mary", MARY)


async def test_whom_a_command_does_not_mean(room: Room) -> None:
    unknown = RemoteRef(NET, ChatId("mods"), MessageId("long ago"))
    assert "cannot tell who wrote" in await room.orders("/moderators add", NAOMI, reply_to=unknown)
    ref = await seen(room, MARY, "Hello", "h1")
    await upkeep.prune(SystemClock().now() + timedelta(days=30) + timedelta(days=1))
    assert "cannot tell who wrote" in await room.orders("/moderators add", NAOMI, reply_to=ref)
    anonymous = replace(MARY, sender=replace(MARY.sender, anonymous=True))
    ref = await seen(room, anonymous, "Hello", "h2")
    assert "anonymously" in await room.orders("/moderators add", NAOMI, reply_to=ref)
    assert "I do not know who “Peter” is" in await room.orders("/moderators add Peter", NAOMI)
    assert "sms is not an account" in await room.orders("/moderators add sms:+254700000001", NAOMI)
    for unclear in ("/moderators add", "/moderators remove", "/moderators sack net:x", "/moderators add senior"):
        assert (await room.orders(unclear, NAOMI)).startswith("Please write: /moderators")
    assert await desk.appointments("hifa") == []


async def test_the_list_says_where_every_role_is_from(room: Room) -> None:
    await people.meet(GRACE.sender, NOW)
    await room.orders("/moderators add net:mary", NAOMI)
    await room.orders("/away until Monday", PETER)
    named = UserRef(NET, UserId("sara"))
    room.community = community(roles=ROLES, safeguarding=frozenset({RUTH.sender.ref, named}))
    assert (await room.orders("/moderators", MARY)).splitlines() == [
        "HIFA: 5 accounts may decide",
        "Naomi (net:naomi) · coordinator · by the config file",
        "net:ruth · senior moderator · by the config file · named for safeguarding",
        "Grace (net:grace) · moderator · by the config file",
        "net:mary · moderator · by Naomi, 01.03. 12:00 UTC",
        "Peter (slow:peter) · moderator · by the config file · away until 02.03. 08:00 UTC",
        "net:sara · named for safeguarding",
        "/moderators add, /moderators remove: who may do that is a coordinator.",
    ]
    room.community = replace(room.community, trust_channel=True)
    assert "everybody who is in this channel may decide" in await room.orders("/moderators", MARY)


async def test_an_anonymous_administrator_is_told_why_not(room: Room) -> None:
    review = await hold()
    shadow = Moderator(
        sender=replace(MARY.sender, ref=UserRef(AccountId("net"), UserId("-100")), name="Mods", anonymous=True),
        channel=MODS,
    )
    why = "You are writing anonymously, so nobody can tell who decides."
    assert (await room.types(review, "approve", shadow))[0].startswith(why)
    for order in ("/moderators add net:mary", "/away 2 days", "/back", "/emergency on", "/standing #1 trusted"):
        room.now += timedelta(minutes=2)  # the same words are said once a minute
        assert (await room.orders(order, shadow)).startswith(why)
    room.community = replace(room.community, trust_channel=True)
    room.now += timedelta(minutes=2)
    assert (await room.types(review, "approve", shadow))[0].startswith(why), "not even in a trusted channel"
    assert await room.types(review, "I think this is fine", shadow) == [], "talk stays talk"
    assert (await again(review)).state == ReviewState.HELD
