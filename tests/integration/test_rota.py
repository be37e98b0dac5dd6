"""Who is there: away until a time in people's own words, back before it, and what follows when nobody is left."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bridge.core.policy import Role
from bridge.moderation import rota
from bridge.storage import audit, codec, desk
from tests.integration.moderating import (
    GRACE,
    GRACE_TOO,
    MALLORY,
    MARY,
    NAOMI,
    PETER,
    ROLES,
    RUTH,
    Room,
    audited,
    community,
    notices,
    one_person,
)
from tests.unit.storage.stage import DESK, MODS, NOW, hold

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
def room() -> Room:
    return Room()


@pytest.mark.parametrize(
    ("said", "day", "hour"),
    [
        ("until Monday", 2, 8),
        ("Monday", 2, 8),
        ("till Tuesday 18:00", 3, 18),
        ("3 days", 4, 12),
        ("for 3 days", 4, 12),
        ("a week", 8, 12),
        ("jusqu'à lundi", 2, 8),
        ("jusqu’au 9 mars", 9, 8),
        ("hasta el lunes", 2, 8),
        ("até segunda", 2, 8),
        ("até às 18:00", 1, 18),
        ("hadi jumatatu", 2, 8),
        ("mpaka kesho", 2, 8),
        ("UNTIL tomorrow", 2, 8),
    ],
)
async def test_until_when_in_five_languages(room: Room, said: str, day: int, hour: int) -> None:
    told = await room.orders(f"/away {said}", GRACE)
    assert told == f"Grace is away until {day:02}.03. {hour:02}:00 UTC. /back ends it."
    gone = await desk.absent("hifa", NOW)
    assert [row.until for row in gone.values()] == [datetime(2026, 3, day, hour, tzinfo=UTC)]


@pytest.mark.parametrize("said", ["", "soon", "until", "yesterday", "until Monday or so", "5", "500 days"])
async def test_what_is_no_time(room: Room, said: str) -> None:
    assert (await room.orders(f"/away {said}", GRACE)).startswith("Until when? For example: /away until Monday")
    assert await desk.absent("hifa", NOW) == {}


async def test_the_clock_is_the_communitys() -> None:
    room = Room(community(zone=ZoneInfo("Africa/Nairobi")))
    assert "02.03. 08:00 EAT" in await room.orders("/away until Monday", GRACE)
    gone = await desk.absent("hifa", NOW)
    assert gone[GRACE.sender.ref].until == datetime(2026, 3, 2, 5, tzinfo=UTC)


async def test_away_on_all_accounts_and_back_from_any() -> None:
    room = Room(community(roles={**ROLES, GRACE_TOO.sender.ref: Role.MODERATOR}))
    await one_person(GRACE, GRACE_TOO)
    await room.orders("/away 2 days", GRACE)
    assert set(await rota.present(room.community, NOW)) == {PETER.sender.ref, RUTH.sender.ref, NAOMI.sender.ref}
    assert set(await rota.present(room.community, NOW + timedelta(days=2))) == {*ROLES, GRACE_TOO.sender.ref}
    await hold()
    assert await room.orders("/back", GRACE_TOO) == "Welcome back, Grace. 1 post waits: /queue"
    assert await desk.absent("hifa", NOW) == {}
    assert await room.orders("/back", GRACE) == "Grace is not away."
    assert [line.action for line in await audited("away") + await audited("back")] == ["away", "back"]
    assert codec.load_object((await audited("away"))[0].detail) == {"until": "2026-03-03T12:00:00+00:00"}
    assert (await audit.verify("hifa")).broken_at is None


async def test_longer_and_shorter_again(room: Room) -> None:
    await room.orders("/away 2 days", GRACE)
    await room.orders("/away 1 week", GRACE)
    await room.orders("/away 1 day", GRACE)
    gone = await desk.absent("hifa", NOW)
    assert [row.until for row in gone.values()] == [NOW + timedelta(days=1)]


async def test_the_other_channel_hears_who_is_away(room: Room) -> None:
    told = await room.orders("/away 2 days", GRACE)
    assert await notices(DESK) == [told]


async def test_everybody_away_is_said_once_to_all(room: Room) -> None:
    for who, time in ((GRACE, "2 days"), (PETER, "1 day"), (RUTH, "3 days")):
        await room.orders(f"/away {time}", who)
    assert not [text for text in await notices(MODS) if "Everybody" in text]
    await room.orders("/away 4 days", NAOMI)
    said = "⚠️ Everybody who may decide is away now. Peter is back first, 02.03. 12:00 UTC. Posts wait until then."
    for where in (MODS, DESK):
        assert [text for text in await notices(where) if "Everybody" in text] == [said]


async def test_only_moderators(room: Room) -> None:
    for order in ("/away 2 days", "/back"):
        assert "Only this community's moderators" in await room.orders(order, MALLORY)
        room.now += timedelta(minutes=2)  # the same words are said once a minute
    assert await desk.absent("hifa", NOW) == {}


# --- the emergency switch ---


async def test_hold_everything_and_let_go_again(room: Room) -> None:
    assert (await room.orders("/emergency", GRACE)).startswith("“Hold everything” is off.")
    assert await room.orders("/emergency on", GRACE) == "That needs the role: senior moderator. Nothing was done."
    assert await desk.setting("hifa", "emergency") == ""
    told = await room.orders("/emergency on", RUTH)
    assert told == "🛑 Ruth has switched on “hold everything”: every post now waits for a moderator."
    assert await notices(DESK) == [told]
    assert await desk.setting("hifa", "emergency") == "Ruth"
    assert await room.orders("/emergency ON", NAOMI) == "“Hold everything” is on, switched on by Ruth."
    assert await room.orders("/emergency OFF", NAOMI) == (
        "“Hold everything” is off again, says Naomi. The usual rules apply."
    )
    assert await desk.setting("hifa", "emergency") == ""
    assert [line.reason for line in await audited("emergency")] == ["on", "off"]
    assert "/emergency on, /emergency off" in await room.orders("/emergency please", RUTH)
    assert (await audit.verify("hifa")).broken_at is None


async def test_the_switch_is_not_for_strangers(room: Room) -> None:
    for who in (MALLORY, MARY):
        assert "Only this community's moderators" in await room.orders("/emergency on", who)
    assert await desk.setting("hifa", "emergency") == ""


async def test_where_there_is_no_senior_moderators_have_the_switch() -> None:
    room = Room(community(roles={GRACE.sender.ref: Role.MODERATOR}))
    assert (await room.orders("/emergency on", GRACE)).startswith("🛑 Grace")
