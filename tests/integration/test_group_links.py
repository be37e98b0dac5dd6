"""Groups connected from inside a chat: asked for by anybody, decided by moderators, live at once."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bridge.core.community import Communities, Community, Intake
from bridge.core.events import BotMembershipChanged, ChatKind, ChatMoved, MessagePosted
from bridge.core.ids import Address, ChatId, CommunityId
from bridge.core.ports import ChatFacts
from bridge.core.states import ApplicationState, DeliveryState, LinkState
from bridge.intake import router
from bridge.intake.context import Context
from bridge.moderation import connecting
from bridge.storage import applications, audit, groups, ledger
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Submission
from bridge.storage.models_members import Application, BridgedGroup
from tests.integration.desk_world import WHO, World, here
from tests.unit.storage.stage import DESK, KENYA, MODS, NET

pytestmark = pytest.mark.usefixtures("opened")
CLINIC = Address(NET, ChatId("clinic"))
OTHER = replace(
    here(), id=CommunityId("chifa"), name="CHIFA", groups=(), moderators=(Address(NET, ChatId("chifa-mods")),)
)


class Town(World):
    """The world, with what the platform says of groups beside it."""

    def __init__(self, directory: Path, *communities: Community) -> None:
        super().__init__(directory, communities[0])
        self.communities = Communities(communities)
        self.bridge._communities = self.communities
        self.worker._books.compose = self.bridge._compose

    async def writes(
        self,
        name: str,
        where: Address,
        text: str,
        *,
        facts: ChatFacts | None = None,
        administers: bool = False,
        title: str = "Clinic <b>1</b>",
        **more: Any,
    ) -> MessagePosted:
        """A message in a group, handled as the processor does once it has looked at the group."""
        event = replace(self.posted(name, where, text), chat_kind=ChatKind.GROUP, chat_title=title, **more)
        context = Context(
            communities=self.communities,
            directory=self.directory,
            now=self.clock.now(),
            event_id=1,
            group=facts,
            administers=administers,
        )
        self.clock.pass_by(1)
        async with transaction():
            await router.handle(event, context)
        await self.run_dry()
        return event

    async def membership(self, where: Address, *, present: bool, title: str = "Clinic") -> None:
        event = BotMembershipChanged(
            account=where.account,
            chat=where.chat,
            key=self.key(),
            at=self.clock.now(),
            present=present,
            chat_title=title,
            actor=WHO["amina"],
        )
        await self.happens(event)
        await self.run_dry()

    def said(self, where: Address = CLINIC) -> list[str]:
        return self.phone(where).texts(where.chat)

    async def card(self, channel: Address = MODS) -> Delivery:
        rows = Delivery.filter(kind=ledger.APPLICATION, operation=ledger.SEND, account=channel.account)
        return (await rows.filter(chat=channel.chat).order_by("-id"))[0]

    async def card_text(self) -> str:
        row = await self.card()
        return self.phone(MODS).shown[row.message].text

    async def presses(self, name: str, sign: str) -> str:
        row = await self.card(self.channel(name))
        handle = dict(self.phone(row.address).buttons[row.message])[sign]
        answers = await self.happens(self.pressed(name, row.address, handle, row.message))
        await self.run_dry()
        return answers[0].text

    async def replies(self, name: str, text: str) -> None:
        row = await self.card(self.channel(name))
        await self.happens(self.posted(name, row.address, text, reply_to=row.ref))
        await self.run_dry()

    async def orders(self, name: str, text: str) -> str:
        channel = self.channel(name)
        before = len(self.phone(channel).ever_shown)
        await self.happens(self.posted(name, channel, text))
        await self.run_dry()
        return "\n".join(s.text for s in self.phone(channel).ever_shown[before:] if s.chat == channel.chat)


FULL = ChatFacts(title="Clinic <b>1</b>\u202e", members=42, hears=True, removes=True, writes=True)


@pytest.fixture
async def town(tmp_path: Path) -> Town:
    found = Town(tmp_path, here())
    await found.open()
    return found


async def the_row() -> BridgedGroup:
    return (await BridgedGroup.all().order_by("-id"))[0]


async def test_a_group_asks_a_moderator_presses_and_posts_flow(town: Town) -> None:
    await town.writes("amina", CLINIC, "/bridge hifa", facts=FULL)
    assert any("I have asked the moderators of HIFA" in said and "(A1)" in said for said in town.said())
    card = await town.card_text()
    assert card.startswith("HIFA A1 · wants to connect a group · waiting for a decision\nFrom Amina (@amina)")
    assert "Group: Clinic <b>1</b>\n" in card  # markup is text, the mark that turns text round is gone
    assert "scripted · 42 people in it" in card
    assert "Address: net:clinic" in card
    await town.writes("amina", CLINIC, "Does ORS help?")
    assert not await Submission.all().exists()
    assert "Done." in await town.presses("grace", "✅")
    assert any("now connected with HIFA" in said and "removed at once" in said for said in town.said())
    found = town.communities.of_group(CLINIC)
    assert found is not None
    assert found[1].intake is Intake.HOLD
    await town.writes("amina", CLINIC, "Does ORS help?")
    assert (await Submission.get()).intake == "hold"
    assert [line.action for line in await audit.of_application("hifa", 1)] == ["apply_group", "approve_group"]
    assert not town.wrong


async def test_an_approved_post_reaches_a_group_connected_after_it_was_written(town: Town) -> None:
    await town.happens(town.posted("amina", KENYA, "Is zinc safe?"))
    await town.writes("amina", CLINIC, "/bridge", facts=FULL)
    await town.presses("grace", "📥")
    card = (await Delivery.filter(kind=ledger.CARD, account=MODS.account, operation=ledger.SEND))[0]
    handle = dict(town.phone(MODS).buttons[card.message])["✅"]
    await town.happens(town.pressed("grace", MODS, handle, card.message))
    await town.run_dry()
    assert any("Is zinc safe?" in said for said in town.said())


async def test_what_the_account_may_not_do_is_said_and_not_offered(town: Town) -> None:
    await town.writes("amina", CLINIC, "/bridge hifa", facts=replace(FULL, removes=False))
    assert any("I may not delete messages here" in said for said in town.said())
    card = await town.card()
    assert [sign for sign, _ in town.phone(MODS).buttons[card.message]] == ["📋", "📥", "❌"]
    await town.replies("grace", "intake: hold")
    assert any("make me an administrator" in said for said in town.said(MODS))
    await town.replies("grace", "approve: hold")
    assert (await the_row()).state == LinkState.ASKED
    # Made an administrator meanwhile, the group asks again: the same card, with more to choose from.
    town.clock.pass_by(30)
    await town.writes("amina", CLINIC, "/bridge hifa", facts=FULL)
    assert await Application.all().count() == 1
    assert [sign for sign, _ in town.phone(MODS).buttons[card.message]][-1] == "❌"
    assert "✅" in dict(town.phone(MODS).buttons[card.message])
    await town.replies("grace", "approve: hold")
    assert (await the_row()).intake == "hold"


@pytest.mark.parametrize(
    ("facts", "signs"),
    [
        (replace(FULL, hears=False, removes=False), ["📥", "❌"]),
        (replace(FULL, encrypted=True, hears=False), ["📥", "❌"]),
        (replace(FULL, encrypted=True), ["✅", "📋", "📥", "❌"]),
        (None, ["✅", "📋", "📥", "❌"]),
    ],
    ids=["deaf", "encrypted and deaf", "encrypted", "nothing known"],
)
async def test_only_what_is_possible_is_offered(town: Town, facts: ChatFacts | None, signs: list[str]) -> None:
    await town.writes("amina", CLINIC, "!bridge HIFA", facts=facts)
    card = await town.card()
    assert [sign for sign, _ in town.phone(MODS).buttons[card.message]] == signs


async def test_intake_and_language_by_reply_before_and_after(town: Town) -> None:
    await town.writes("amina", CLINIC, "/bridge hifa", facts=FULL)
    await town.replies("grace", "intake: copy")
    assert "Approve connects it like this: originals stay." in await town.card_text()
    await town.replies("grace", "approve")
    assert (await the_row()).intake == "copy"
    await town.replies("peter", "intake: none")
    await town.replies("peter", "language: Swahili")
    found = town.communities.of_group(CLINIC)
    assert found is not None
    assert (found[1].intake, found[1].language) == (Intake.NONE, "sw")
    assert "Connected: only receives, in Swahili." in await town.card_text()
    await town.replies("mallory", "intake: hold")
    assert (await the_row()).intake == "none"
    await town.replies("grace", "intake: everything")
    assert any("write one of these after intake" in said for said in town.said(MODS))


async def test_the_group_chooses_its_language(town: Town) -> None:
    await town.writes("amina", CLINIC, "/bridge hifa fr", facts=FULL)
    await town.presses("grace", "✅")
    assert (await the_row()).language == "fr"


async def test_declined_with_words_and_asked_again_only_tomorrow(town: Town) -> None:
    await town.writes("amina", CLINIC, "/bridge hifa", facts=FULL)
    await town.replies("grace", "decline: We do not know you")
    assert any("did not connect this group. Reason: We do not know you" in said for said in town.said())
    assert (await the_row()).state == LinkState.REFUSED
    await town.writes("daniel", CLINIC, "/bridge hifa", facts=FULL, sender=WHO["mary"])
    assert any("ask again tomorrow" in said for said in town.said())
    town.clock.pass_by(25 * 3600)
    await town.writes("amina", CLINIC, "/bridge hifa", facts=FULL)
    assert (await the_row()).state == LinkState.ASKED
    assert await applications.count_open("hifa") == 1


async def test_asked_a_hundred_times_it_is_answered_once(town: Town) -> None:
    for _ in range(20):
        await town.writes("mallory", CLINIC, "/bridge hifa", facts=FULL)
    assert len([said for said in town.said() if "asked already" in said]) == 1
    assert await Application.all().count() == 1
    for number in range(5):
        await town.writes("mallory", Address(NET, ChatId(f"spam{number}")), "/bridge hifa", facts=FULL)
    assert await applications.count_open("hifa") == 3


async def test_without_a_name_where_there_are_several_the_names_are_given(tmp_path: Path) -> None:
    town = Town(tmp_path, here(), OTHER)
    await town.open()
    await town.writes("amina", CLINIC, "/bridge")
    assert any("/bridge hifa – HIFA\n/bridge chifa – CHIFA" in said for said in town.said())
    await town.writes("amina", CLINIC, "/bridge nowhere at all")
    assert not await BridgedGroup.all().exists()
    await town.writes("amina", CLINIC, "/bridge over troubled water: a song for everybody " + "and for all " * 9)
    assert len(town.said()) == 1


async def test_a_stranger_cannot_take_somebody_elses_group(tmp_path: Path) -> None:
    town = Town(tmp_path, here(), OTHER)
    await town.open()
    await town.writes("mallory", KENYA, "/bridge chifa", facts=FULL)
    assert any("connected with HIFA. It must be disconnected there first" in said for said in town.said(KENYA))
    await town.writes("mallory", MODS, "/bridge chifa", facts=FULL)
    assert any("This is a moderators' channel" in said for said in town.said(MODS))
    await town.writes("amina", KENYA, "/bridge hifa", facts=FULL)
    assert any("connected with HIFA already" in said for said in town.said(KENYA))
    await town.writes("mallory", KENYA, "/unbridge", administers=True)
    assert any("named in the config file" in said for said in town.said(KENYA))
    assert not await BridgedGroup.all().exists()


async def test_of_two_communities_that_are_asked_the_first_has_it(tmp_path: Path) -> None:
    town = Town(tmp_path, here(), OTHER)
    await town.open()
    await town.writes("amina", CLINIC, "/bridge chifa", facts=FULL)
    await town.writes("amina", CLINIC, "/bridge hifa", facts=FULL)
    assert "Done." in await town.presses("grace", "✅")
    chifa = Address(NET, ChatId("chifa-mods"))
    row = await town.card(chifa)
    handle = dict(town.phone(chifa).buttons[row.message])["✅"]
    answers = await town.happens(town.pressed("grace", chifa, handle, row.message))
    assert answers[0].text == "It is connected with HIFA already. Nothing was done."
    found = town.communities.of_group(CLINIC)
    assert found is not None
    assert found[0].id == "hifa"


async def linked(town: Town) -> None:
    await town.writes("amina", CLINIC, "/bridge hifa", facts=FULL)
    await town.presses("grace", "✅")


async def test_an_administrator_or_a_moderator_disconnects(town: Town) -> None:
    await linked(town)
    await town.writes("mallory", CLINIC, "/unbridge")
    assert any("Only an administrator of this group or a moderator" in said for said in town.said())
    assert town.communities.of_group(CLINIC) is not None
    await town.writes("amina", CLINIC, "/unbridge", administers=True)
    assert town.communities.of_group(CLINIC) is None
    assert any("no longer connected with HIFA" in said for said in town.said())
    for channel in (MODS, DESK):
        assert any("🔌 Clinic <b>1</b> was disconnected by Amina." in said for said in town.said(channel))
    assert "No longer connected." in await town.card_text()
    await town.writes("amina", CLINIC, "Does ORS help?")
    assert not await Submission.all().exists()
    await linked(town)
    await town.writes("grace", CLINIC, "/unbridge")
    assert town.communities.of_group(CLINIC) is None


async def test_groups_lists_them_with_their_health_and_unbridge_takes_a_code(town: Town) -> None:
    await linked(town)
    code = f"G{(await the_row()).id}"
    listed = await town.orders("grace", "/groups")
    assert "HIFA: 4 groups" in listed
    assert f"{code} Clinic <b>1</b> (net) · posts are held · no post has arrived yet" in listed
    await town.membership(CLINIC, present=False)
    assert "⚠️ I was removed from it" in await town.orders("grace", "/groups")
    await town.membership(CLINIC, present=True)
    assert "I was removed" not in (await town.orders("grace", "/groups ")).split("\n", 1)[1]
    assert "Only this community's moderators" in await town.orders("mallory", f"/unbridge {code}")
    assert "Which one?" in await town.orders("grace", "/unbridge somewhere")
    await town.orders("grace", f"/unbridge {code.lower()}")
    assert (await the_row()).state == LinkState.UNLINKED


async def test_posts_on_their_way_are_called_off_when_a_group_is_disconnected(town: Town) -> None:
    await linked(town)
    row = await the_row()
    waits = await ledger.plan(
        kind=ledger.POST,
        address=CLINIC,
        now=town.clock.now(),
        community="hifa",
        due_at=town.clock.now() + timedelta(hours=9),
    )
    await town.writes("amina", CLINIC, "/unbridge", administers=True)
    assert (await Delivery.get(id=waits.id)).state == DeliveryState.CANCELLED
    assert (await groups.arrivals(row.address)).last is None


async def test_who_asked_may_take_it_back(town: Town) -> None:
    await town.writes("amina", CLINIC, "/bridge hifa", facts=FULL)
    await town.writes("mallory", CLINIC, "/unbridge")
    assert (await the_row()).state == LinkState.ASKED
    await town.writes("amina", CLINIC, "/unbridge")
    assert (await the_row()).state == LinkState.UNLINKED
    assert (await Application.get()).state == ApplicationState.WITHDRAWN
    assert "withdrawn" in await town.card_text()


async def test_who_adds_the_bot_is_told_once_what_to_write(town: Town) -> None:
    for _ in range(3):
        await town.membership(CLINIC, present=True)
        await town.membership(CLINIC, present=False)
    assert len([said for said in town.said() if "/bridge hifa – HIFA" in said]) == 1
    await town.membership(KENYA, present=True)
    assert not any("/bridge hifa" in said for said in town.said(KENYA))


async def test_removed_while_it_asks_it_no_longer_asks(town: Town) -> None:
    await town.writes("amina", CLINIC, "/bridge hifa", facts=FULL)
    await town.membership(CLINIC, present=False)
    assert (await Application.get()).state == ApplicationState.WITHDRAWN


async def test_a_group_that_moves_stays_connected(town: Town) -> None:
    await linked(town)
    moved = ChatMoved(account=NET, chat=CLINIC.chat, key="moved", at=town.clock.now(), new_chat=ChatId("clinic-new"))
    await town.happens(moved)
    there = Address(NET, ChatId("clinic-new"))
    await town.writes("amina", there, "Does ORS help?")
    assert (await Submission.get()).chat == "clinic-new"
    await town.writes("amina", there, "/bridge hifa", facts=FULL)
    assert any("connected with HIFA already" in said for said in town.said(there))
    await town.writes("amina", there, "/unbridge", administers=True)
    assert (await the_row()).state == LinkState.UNLINKED
    assert any("no longer connected" in said for said in town.said(there))


async def test_what_another_process_changed_is_known_a_minute_later(town: Town) -> None:
    await linked(town)
    fresh = Communities((here(),))
    await connecting.reload(fresh, town.directory)
    assert fresh.of_group(CLINIC) is not None
    assert CLINIC in town.directory.kept
    await BridgedGroup.all().update(state=LinkState.UNLINKED)
    await connecting.reload(fresh, town.directory)
    assert fresh.of_group(CLINIC) is None
    assert CLINIC not in town.directory.kept


async def test_the_operator_sees_both_kinds_of_groups(town: Town) -> None:
    await linked(town)
    told = {str(line.chat): line for line in await connecting.report((here(),))}
    assert told["net:kenya"].source == "config"
    clinic = told["net:clinic"]
    assert (clinic.source, clinic.state, clinic.intake, clinic.by, clinic.size) == (
        "chat",
        "linked",
        "hold",
        "Grace",
        42,
    )
    assert [use.chat for use in await connecting.uses(NET)] == ["clinic"]
    await BridgedGroup.all().update(chat=KENYA.chat)
    lines = [line for line in await connecting.report((here(),)) if str(line.chat) == "net:kenya"]
    assert [line.state for line in lines] == ["linked", "overruled"]


async def test_nothing_is_connected_when_the_transaction_fails(town: Town) -> None:
    await town.writes("amina", CLINIC, "/bridge hifa", facts=FULL)
    row = await the_row()

    async def fails() -> None:
        async with transaction():
            connecting.connected(row, _desk(town))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert town.communities.of_group(CLINIC) is None


def _desk(town: Town) -> Any:
    return Context(communities=town.communities, directory=town.directory, now=town.clock.now(), event_id=1).desk


async def test_a_command_in_a_private_chat_is_sent_into_the_group(town: Town) -> None:
    await town.happens(town.posted("amina", town.private("amina"), "/bridge hifa"))
    await town.run_dry()
    assert any("add me to the group" in said for said in town.said(town.private("amina")))
    assert not await Submission.all().exists()


async def test_the_config_file_wins_over_what_was_connected_in_a_chat(town: Town) -> None:
    await linked(town)
    row = await the_row()
    await BridgedGroup.filter(id=row.id).update(chat=KENYA.chat, intake="none")
    fresh = Communities((here(),))
    await connecting.reload(fresh, town.directory)
    found = fresh.of_group(KENYA)
    assert found is not None
    assert found[1].intake is Intake.HOLD
