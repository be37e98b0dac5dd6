"""Applications in the moderators' channels: one card each, decided once, by whom it may be, however it is said."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.core.events import ChatMoved
from bridge.core.ids import ChatId, MessageId, RemoteRef
from bridge.core.policy import Role
from bridge.core.states import ApplicationState
from bridge.core.text import RichText, plain
from bridge.core.when import Hours
from bridge.moderation import application_kinds, applying, daily, reminders
from bridge.moderation.acts import Reply
from bridge.moderation.applying import Kind, Option, Ruling, Setting
from bridge.rendering.words import Words
from bridge.storage import applications, audit, ledger, people
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Review
from bridge.storage.models_members import Application
from tests.integration.desk_world import WHO, World, here
from tests.unit.storage.stage import DESK, MODS, hold

pytestmark = pytest.mark.usefixtures("opened")
CARD = ledger.APPLICATION


class Club:
    """A kind of application that remembers what was done about it."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.full = False

    def kind(self, **values: object) -> Kind:
        async def lines(application: Application, community: object, w: Words) -> RichText:
            return plain(f"Wants <b>in</b> & says {applications.facts_of(application)['says']}")

        async def approve(ruling: Ruling) -> Reply | None:
            self.done.append(f"in {ruling.argument}".strip())
            return None

        async def decline(ruling: Ruling) -> Reply | None:
            self.done.append(f"out {ruling.text.text}".strip())
            return Reply(text="They were told.")

        async def hindered(ruling: Ruling) -> Reply | None:
            return Reply(text="The club is full.", alert=True) if self.full else None

        base = Kind(
            name="club",
            title=lambda w: "wants to join the club",
            lines=lines,
            approve=approve,
            decline=decline,
            hindered=hindered,
        )
        return replace(base, **values)  # type: ignore[arg-type]  # whatever a test wants different


@pytest.fixture
def club(monkeypatch: pytest.MonkeyPatch) -> Club:
    found = Club()
    monkeypatch.setitem(application_kinds.KINDS, "club", found.kind())
    return found


@pytest.fixture
async def world(tmp_path: Path) -> World:
    found = World(tmp_path, here())
    await found.open()
    return found


async def asked(world: World, by: str = "amina", says: str = "hello") -> Application:
    async with transaction():
        identity = await people.meet(WHO[by], world.clock.now())
        application = await applications.apply(
            kind="club", community="hifa", identity=identity, now=world.clock.now(), facts={"says": says}
        )
        await applying.show(application, world.community, world.directory, world.clock.now())
    await world.run_dry()
    return application


async def card(application: Application, channel: object = MODS) -> Delivery:
    rows = [row for row in await ledger.application_rows(application.id) if row.address == channel]
    return rows[-1]


def text(world: World, row: Delivery) -> str:
    return world.phone(row.address).shown[row.message].text


async def press(world: World, name: str, row: Delivery, sign: str) -> str:
    handle = dict(world.phone(row.address).buttons[row.message])[sign]
    answers = await world.happens(world.pressed(name, row.address, handle, row.message))
    await world.run_dry()
    assert len(answers) == 1
    return answers[0].text


async def reply(world: World, name: str, row: Delivery, said: str) -> list[str]:
    """Say something in reply; returns what was said in that channel afterwards."""
    phone = world.phone(row.address)
    before = len(phone.ever_shown)
    assert row.ref is not None
    await world.happens(world.posted(name, world.channel(name), said, reply_to=row.ref))
    await world.run_dry()
    return [shown.text for shown in phone.ever_shown[before:] if shown.chat == row.chat]


async def state(application: Application) -> ApplicationState:
    return (await Application.get(id=application.id)).state


async def test_one_card_in_every_channel_and_both_show_who_decided(world: World, club: Club) -> None:
    application = await asked(world)
    for channel in (MODS, DESK):
        shown = text(world, await card(application, channel))
        assert shown.startswith(
            "HIFA A1 · wants to join the club · waiting for a decision\nFrom Amina (@amina), by net"
        )
        assert "Account net:amina · known by its id on the platform" in shown
        assert "Wants <b>in</b> & says hello" in shown
        assert "Waiting since" in shown
    assert "Done." in await press(world, "grace", await card(application), "✅")
    assert club.done == ["in"]
    for channel in (MODS, DESK):
        row = await card(application, channel)
        assert "A1 · wants to join the club · approved" in text(world, row)
        assert "✅ Approved by Grace" in text(world, row)
        assert world.phone(channel).buttons[row.message] == []
    assert [line.action for line in await audit.of_application("hifa", 1)] == ["apply_club", "approve_club"]
    assert not world.wrong


async def test_of_two_who_decide_the_second_is_told_who_won(world: World, club: Club) -> None:
    application = await asked(world)
    row = await card(application, DESK)
    handle = dict(world.phone(DESK).buttons[row.message])["❌"]
    await press(world, "grace", await card(application), "✅")
    answers = await world.happens(world.pressed("peter", DESK, handle, row.message))
    assert answers[0].text.startswith("Grace has already approved A1.")
    assert answers[0].alert
    assert club.done == ["in"]


async def test_strangers_and_lower_roles_decide_nothing(
    world: World, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = await asked(world)
    row = await card(application)
    assert "Only this community's moderators" in await press(world, "mallory", row, "✅")
    assert any("Only this community's moderators" in said for said in await reply(world, "mallory", row, "approve"))
    monkeypatch.setitem(application_kinds.KINDS, "club", club.kind(role=Role.SENIOR))
    assert "senior" in await press(world, "grace", row, "✅")
    assert await state(application) == ApplicationState.OPEN
    await press(world, "ruth", row, "✅")
    assert await state(application) == ApplicationState.APPROVED
    assert not world.wrong


async def test_nobody_decides_on_what_they_asked_themselves_unless_the_kind_allows_it(
    world: World, club: Club, monkeypatch: pytest.MonkeyPatch
) -> None:
    application = await asked(world, by="grace2")
    row = await card(application)
    assert "another moderator must decide" in await press(world, "grace", row, "✅")
    monkeypatch.setitem(application_kinds.KINDS, "club", club.kind(own=True))
    assert "Done." in await press(world, "grace", row, "✅")


async def test_declining_asks_for_words_or_takes_none(world: World, club: Club) -> None:
    application = await asked(world)
    row = await card(application)
    assert "reply to the message" in await press(world, "grace", row, "❌")
    prompt = (await Delivery.filter(kind=ledger.PROMPT).order_by("-id"))[0]
    assert "A1: why not?" in text(world, prompt)
    assert await reply(world, "grace", prompt, "We do not\nknow you yet") != []
    assert club.done == ["out We do not know you yet"]
    assert "❌ Declined by Grace" in text(world, row)
    assert "Reason: We do not know you yet" in text(world, row)
    other = await asked(world, by="mary")
    await press(world, "grace", await card(other), "❌")
    prompt = (await Delivery.filter(kind=ledger.PROMPT).order_by("-id"))[0]
    assert "Done. They were told." in await press(world, "grace", prompt, "❌")
    assert club.done[1:] == ["out"]


async def test_what_is_typed_under_a_card(world: World, club: Club) -> None:
    application = await asked(world)
    row = await card(application)
    assert await reply(world, "grace", row, "Approve of this?") == []
    assert await reply(world, "grace", row, "Who is that?") == []
    assert any("with a colon" in said for said in await reply(world, "grace", row, "decline she spams"))
    assert await state(application) == ApplicationState.OPEN
    await reply(world, "grace", row, "decline: she spams")
    assert club.done == ["out she spams"]
    [history] = await reply(world, "grace", row, "/history")
    assert "HIFA A1" in history
    assert "Amina · wants to join the club" in history
    assert "Grace · declined" in history
    assert any("Grace has already declined A1" in said for said in await reply(world, "grace", row, "approve"))
    assert not world.wrong


async def test_reactions_mean_what_the_card_offers(world: World, club: Club) -> None:
    application = await asked(world)
    row = await card(application, DESK)
    await world.happens(world.reacted("mallory2", DESK, "✅", row.message))
    assert await state(application) == ApplicationState.OPEN
    await world.happens(world.reacted("peter", DESK, "✅", row.message))
    await world.run_dry()
    assert await state(application) == ApplicationState.APPROVED
    await world.happens(world.reacted("peter", DESK, "❌", row.message))
    await world.run_dry()
    assert any("Peter has already approved A1" in said for said in world.phone(DESK).texts("desk"))


async def test_several_ways_and_settings(world: World, club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    async def options(application: Application, community: object, w: Words) -> list[Option]:
        return [
            Option(argument="gold", label="Gold", emoji="🥇"),
            Option(argument="silver", label="Silver", emoji="🥈"),
        ]

    async def colour(ruling: Ruling) -> Reply:
        club.done.append(f"colour {ruling.text.text}")
        return Reply(text=f"It is {ruling.text.text} now.")

    settings = {"colour": Setting(word=lambda w: "colour", perform=colour)}
    monkeypatch.setitem(application_kinds.KINDS, "club", club.kind(options=options, settings=settings))
    application = await asked(world)
    row = await card(application)
    assert await reply(world, "grace", row, "colour: red") == ["It is red now."]
    assert any("gold, silver" in said for said in await reply(world, "grace", row, "approve: bronze"))
    await reply(world, "grace", row, "approve: Silver")
    assert club.done == ["colour red", "in silver"]
    other = await asked(world, by="mary")
    await press(world, "grace", await card(other), "🥇")
    assert club.done[2:] == ["in gold"]


async def test_what_cannot_be_carried_out_is_not_decided(world: World, club: Club) -> None:
    application = await asked(world)
    club.full = True
    assert await press(world, "grace", await card(application), "✅") == "The club is full."
    assert await state(application) == ApplicationState.OPEN


async def test_they_stand_in_the_queue_and_in_next(world: World, club: Club) -> None:
    application = await asked(world)
    world.clock.pass_by(3600)
    review = await hold()
    await Review.filter(id=review.id).update(created_at=world.clock.now())
    await world.happens(world.posted("grace", MODS, "/queue"))
    await world.happens(world.posted("grace", MODS, "/next"))
    await world.run_dry()
    said = world.phone(MODS).texts("mods")
    assert any("HIFA: 1 post waiting" in each and "HIFA: 1 application waiting" in each for each in said)
    assert any(each.startswith("A1 · wants to join the club · Amina · ") for each in said)
    assert "1 more post waits" in await press(world, "grace", await card(application), "✅")


async def test_reminders_and_the_summary_count_them(world: World, club: Club) -> None:
    community = here(waking=Hours.parse("00:00-23:59"))
    now = world.clock.now()
    await daily.tick(community, world.directory, now - timedelta(days=1))
    first, second = await asked(world), await asked(world, by="mary")
    await press(world, "grace", await card(second), "✅")
    await reminders.tick(community, world.directory, world.clock.now() + timedelta(hours=3))
    await daily.tick(community, world.directory, now + timedelta(hours=1))
    world.clock.pass_by(3 * 3600)
    await world.run_dry()
    said = world.phone(MODS).texts("mods")
    assert any("HIFA: 1 application waits for you" in each and "A1 · wants to join" in each for each in said)
    assert any("Applications: approved 1, declined 0, waiting 1." in each for each in said)
    assert await state(first) == ApplicationState.OPEN


async def test_cards_are_shown_again_where_the_moderators_moved(world: World, club: Club) -> None:
    application, decided = await asked(world), await asked(world, by="mary")
    await press(world, "grace", await card(decided), "✅")
    moved = ChatMoved(account=MODS.account, chat=MODS.chat, key="moved", at=world.clock.now(), new_chat=ChatId("mods2"))
    await world.happens(moved)
    await world.run_dry()
    again = [shown for shown in world.phone(MODS).shown.values() if shown.chat == "mods2"]
    assert [shown.text.split(" · ")[0] for shown in again if "has moved" not in shown.text] == ["HIFA A1"]
    event = world.pressed("grace", replace(MODS, chat=ChatId("mods2")), world.phone(MODS).buttons[again[0].id][0][1])
    answers = await world.happens(event)
    assert "Done." in answers[0].text
    assert await state(application) == ApplicationState.APPROVED


async def test_a_long_application_fits_its_card(world: World, club: Club) -> None:
    application = await asked(world, says="é" * 9000)
    row = await card(application)
    assert len(text(world, row)) <= 4096
    assert "Waiting since" in text(world, row)


async def test_a_reply_to_another_message_is_about_no_application(world: World, club: Club) -> None:
    application = await asked(world)
    elsewhere = RemoteRef(MODS.account, MODS.chat, MessageId("m0"))
    await world.happens(world.posted("grace", MODS, "approve", reply_to=elsewhere))
    assert await state(application) == ApplicationState.OPEN
