"""When and where a post goes out, as moderators and authors see it: later, undone, paced, quiet, chosen, joined."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.adapters.loopback.people import Message
from tests.acceptance.world import World, until
from tests.servers import free_port

SECOND = """
[[communities]]
id = "chifa"
name = "CHIFA"
language = "fr"
moderators = ["chat:mods2"]
moderator_ids = ["chat:ruth"]
undo_seconds = 0
[[communities.groups]]
chat = "chat:congo"
intake = "hold"
"""

Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A world with other options."""

    def build(*, undo_seconds: int = 0, options: str = "", second: str = "", quiet: str = "") -> World:
        world = World(tmp_path, free_port(), options=options)
        text = world.path.read_text().replace("undo_seconds = 0", f"undo_seconds = {undo_seconds}")
        if quiet:
            text = text.replace('chat = "chat:uganda"', f'chat = "chat:uganda"\nquiet_hours = "{quiet}"')
        world.path.write_text(text + second)
        return world

    return build


async def asks(world: World, text: str, number: int, user: str = "amina") -> None:
    """Somebody writes a post privately, and its card is there."""
    world.chat.writes(user, text, user=user, name=user.title(), private=True)
    await until(lambda: text in world.card_text(number))


async def press(world: World, label: str, *, by: str = "grace", number: int = 1) -> None:
    """Press a button as soon as the card has it."""
    await until(lambda: any(label in shown for shown in world.labels(number)))
    world.press(label, by=by, number=number)


def instructs(world: World, text: str, number: int = 1) -> None:
    card = world.card(number)
    assert card is not None
    world.chat.writes("mods", text, user="grace", name="Grace", reply_to=card.id)


async def says(world: World, words: str, number: int = 1) -> None:
    """The card says so."""
    await until(lambda: words in world.card_text(number))


async def heard(world: World, words: str, chat: str = "amina") -> Message:
    """The bot has said so there."""
    found: list[Message] = []

    def said() -> bool:
        found[:] = [m for m in world.chat.shown(chat) if not m.user and words in m.text]
        return bool(found)

    await until(said)
    return found[-1]


def answers(world: World) -> list[str]:
    """What presses were answered with."""
    return [str(line["text"]) for line in world.chat.sent() if line.get("op") == "answer"]


# --- later, and undone ----------------------------------------------------------------------------------------------


async def test_approved_for_tomorrow_and_taken_back(make: Make) -> None:
    world = make()
    async with world.bridge():
        await asks(world, "Is zinc safe?", 1)
        await press(world, "More")
        await press(world, "Approve later")
        await press(world, "At another time")
        question = await heard(world, "when shall it go out?", "mods")
        world.chat.writes("mods", "whenever", user="grace", name="Grace", reply_to=question.id)
        await heard(world, "I cannot read “whenever” as a time ahead", "mods")
        assert "waiting for a decision" in world.card_text()
        world.chat.writes("mods", "tomorrow 9", user="grace", name="Grace", reply_to=question.id)
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        await says(world, f"🕒 Goes out at {tomorrow:%d.%m.} 09:00 UTC")
        await heard(world, f"It goes out to 3 groups at {tomorrow:%d.%m.} 09:00 UTC")
        world.chat.writes("amina", "/status", user="amina", name="Amina", private=True)
        await heard(world, "#1: approved, and not sent yet")
        world.chat.writes("joseph", "/get 1", user="joseph", name="Joseph", private=True)
        await heard(world, "There is no post with that number", "joseph")
        assert not world.texts("uganda")
        await press(world, "Undo", by="peter")
        await says(world, "waiting for a decision")
        await heard(world, "Your post #1 has not gone out yet: the moderators look at it once more")
        instructs(world, "approve")
        await heard(world, "Is zinc safe?", "uganda")
        await says(world, "Arrived in 3 of 3 groups")
        assert len([text for text in world.texts("uganda") if "zinc" in text]) == 1


async def test_this_evening_by_a_button(make: Make) -> None:
    world = make(options='time_zone = "Africa/Nairobi"')
    async with world.bridge():
        await asks(world, "Is zinc safe?", 1)
        await press(world, "More")
        await press(world, "Approve later")
        await press(world, "This evening")
        await says(world, "18:00 EAT")
        assert [text for text in answers(world) if text.startswith("#1 goes out at ") and "18:00 EAT" in text]


async def test_a_slip_is_undone_before_anybody_sees_it(make: Make) -> None:
    world = make(undo_seconds=600)
    async with world.bridge():
        await asks(world, "My HIV test is positive", 1)
        await press(world, "Approve")
        await says(world, "🕒 Goes out at")
        await press(world, "Undo")
        await says(world, "waiting for a decision")
        await press(world, "Reject")
        await press(world, "Already posted")
        await says(world, "❌ Rejected by Grace")
        await press(world, "Undo", by="peter")
        await says(world, "waiting for a decision")
        assert not world.texts("uganda")
        assert not [text for text in world.texts("amina") if "was approved" in text or "not published" in text]
        instructs(world, "history")
        shown = (await heard(world, "approval undone", "mods")).text
        assert shown.index("approved") < shown.index("approval undone") < shown.index("rejected")
        assert shown.index("rejected") < shown.index("decision undone")
        await asks(world, "My test is positive", 2, user="joseph")
        instructs(world, "merge: 1", 2)
        await says(world, "🔗 #2 says the same", 1)
        instructs(world, "undo", 2)
        await says(world, "waiting for a decision", 2)
        await until(lambda: "#2 says the same" not in world.card_text(1))
        assert not [text for text in (*world.texts("amina"), *world.texts("joseph")) if "joined" in text]


async def test_a_rejection_is_told_once_it_was_no_slip(make: Make) -> None:
    world = make(undo_seconds=1)
    async with world.bridge():
        await asks(world, "Buy my zinc", 1)
        await press(world, "Reject")
        await press(world, "Advertising")
        await until(lambda: any("Undo" in label for label in world.labels()))
        await heard(world, "Your post #1 was not published because it advertises something.")
        await until(lambda: not any("Undo" in label for label in world.labels()))
        instructs(world, "undo")
        await heard(world, "Too late: the author of #1 has been told.", "mods")
        assert "rejected" in world.card_text()


async def test_once_it_is_out_it_is_too_late(make: Make) -> None:
    world = make(undo_seconds=1)
    async with world.bridge():
        await asks(world, "Is zinc safe?", 1)
        await press(world, "Approve")
        await until(lambda: any("Undo" in label for label in world.labels()))
        before = world.card()
        await says(world, "Arrived in 3 of 3 groups")
        assert not any("Undo" in label for label in world.labels())
        assert before is not None
        handle = next(handle for label, handle in before.buttons if "Undo" in label)
        world.chat.does(chat="mods", user="grace", name="Grace", press=handle, message=before.id)
        await until(lambda: [text for text in answers(world) if text.startswith("Too late: #1")])
        instructs(world, "undo")
        await heard(world, "Too late: #1 is already on its way", "mods")
        assert "approved" in world.card_text()


# --- pace and quiet -------------------------------------------------------------------------------------------------


async def test_one_post_an_hour(make: Make) -> None:
    world = make(options="posts_per_hour = 1")
    async with world.bridge():
        await asks(world, "The first", 1)
        await asks(world, "The second", 2)
        start = datetime.now(UTC)
        await press(world, "Approve")
        await says(world, "Arrived in 3 of 3 groups")
        await press(world, "Approve", number=2)
        await says(world, "🕒 Goes out at", 2)
        hours = {f"{at:%d.%m. %H}:" for at in (start + timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1))}
        assert any(f"🕒 Goes out at {hour}" in world.card_text(2) for hour in hours)
        notice = (await heard(world, "#2 was approved")).text
        assert "It goes out to 3 groups at" in notice
        assert not [text for text in world.texts("uganda") if "The second" in text]


async def test_a_group_that_sleeps_hears_of_it_later(make: Make) -> None:
    now = datetime.now(UTC)
    until_when = now + timedelta(hours=2)
    world = make(quiet=f"{now - timedelta(hours=2):%H:%M}-{until_when:%H:%M}")
    async with world.bridge():
        await asks(world, "Is zinc safe?", 1)
        await press(world, "Approve")
        await heard(world, "Is zinc safe?", "kenya")
        await says(world, "Arrived in 2 of 3 groups")
        assert f"🌙 Quiet time until {until_when:%d.%m. %H:%M} UTC: chat:uganda" in world.card_text()
        await heard(world, "In 1 group it waits for the end of the quiet time there.")
        assert not world.texts("uganda")


# --- where ----------------------------------------------------------------------------------------------------------


async def test_only_some_groups(make: Make) -> None:
    world = make()
    async with world.bridge():
        world.chat.writes("uganda", "For Kenya only", user="amina", name="Amina")
        await until(lambda: world.card())
        await press(world, "More")
        await press(world, "Choose groups")
        await press(world, "uganda")
        await says(world, "📮 Only to: chat:kenya, sms:phones")
        await until(lambda: any("⬜" in label and "uganda" in label for label in world.labels()))
        instructs(world, "groups: 1")
        await says(world, "📮 Only to: chat:kenya\n")
        await press(world, "kenya")
        await until(lambda: [text for text in answers(world) if "At least one group must stay chosen" in text])
        instructs(world, "groups")
        await heard(world, "1. ☑️ chat:kenya\n2. ⬜ chat:uganda\n3. ⬜ sms:phones", "mods")
        instructs(world, "groups: kenya, sms")
        await says(world, "📮 Only to: chat:kenya, sms:phones")
        instructs(world, "approve")
        await says(world, "Arrived in 2 of 2 groups")
        assert world.texts("phones", world.sms)
        assert not world.texts("uganda")


async def test_offered_to_another_community(make: Make) -> None:
    world = make(second=SECOND)
    async with world.bridge():
        world.chat.writes("amina", "/start hifa", user="amina", name="Amina", private=True)
        await asks(world, "Is zinc safe?", 1)
        await press(world, "More")
        await press(world, "Choose groups")
        await press(world, "Other communities")
        await press(world, "CHIFA")
        await says(world, "🔀 Then offered to: CHIFA")
        assert not world.texts("mods2")
        instructs(world, "approve")
        card = await heard(world, "HIFA #1", "mods2")
        assert card.text.startswith("CHIFA #1 ·")
        assert "Is zinc safe?" in card.text
        assert not world.texts("congo")
        await heard(world, "It was also offered to CHIFA; the moderators there decide.")
        await says(world, "🔀 Offered to: CHIFA")
        world.chat.writes("mods2", "cross: HIFA", user="ruth", name="Ruth", reply_to=card.id)
        await until(lambda: len(world.texts("mods2")) > 1)
        assert "🔀" not in "".join(label for label, _ in card.buttons)
        world.chat.writes("mods2", "approve", user="ruth", name="Ruth", reply_to=card.id)
        await heard(world, "Is zinc safe?", "congo")
        await heard(world, "Your post was approved in CHIFA, too, where it is #1.")
        assert world.card(2) is None


async def test_undone_before_the_other_community_decided(make: Make) -> None:
    world = make(second=SECOND.replace('language = "fr"\n', ""), undo_seconds=600)
    async with world.bridge():
        world.chat.writes("amina", "/start hifa", user="amina", name="Amina", private=True)
        await asks(world, "Is zinc safe?", 1)
        instructs(world, "cross: CHIFA")
        await says(world, "🔀 Then offered to: CHIFA")
        instructs(world, "approve")
        assert "🔀 Forwarded from HIFA #1" in (await heard(world, "CHIFA #1", "mods2")).text
        instructs(world, "undo")
        await heard(world, "CHIFA #1 · withdrawn by HIFA", "mods2")
        await says(world, "waiting for a decision")


# --- two that say the same ------------------------------------------------------------------------------------------


async def test_two_posts_become_one(make: Make) -> None:
    world = make()
    async with world.bridge():
        await asks(world, "Is zinc safe?", 1)
        await asks(world, "Is zinc safe in pregnancy?", 2, user="joseph")
        await press(world, "More", number=2)
        await press(world, "Further", number=2)
        await press(world, "Merge", number=2)
        question = await heard(world, "which post says the same?", "mods")
        world.chat.writes("mods", "#1", user="grace", name="Grace", reply_to=question.id)
        await says(world, "🔗 Merged with #1 by Grace", 2)
        await says(world, "🔗 #2 says the same: joined with this by Grace", 1)
        await heard(world, "Thank you for your post #2. #1 says the same, so the two were joined", "joseph")
        await heard(world, "The moderators joined the two, and yours stands for both.")
        assert "waiting for a decision" in world.card_text(1)
        instructs(world, "approve", 2)
        await heard(world, "#2 is no longer waiting.", "mods")
        world.chat.writes("joseph", "/status", user="joseph", name="Joseph", private=True)
        await heard(world, "#2: joined with another post that says the same", "joseph")
        instructs(world, "approve", 1)
        await heard(world, "#1, with which your post #2 was joined, was approved.", "joseph")
        await heard(world, "Is zinc safe?", "uganda")
        assert not [text for text in world.texts("uganda") if "pregnancy" in text]
