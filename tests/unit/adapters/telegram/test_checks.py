"""`baraza check` says what is wrong and how to mend it."""

from collections.abc import Sequence
from typing import Any

import pytest

from bridge.core.checks import ChatUse, Finding, Level
from bridge.core.community import Intake
from bridge.core.ids import ChatId
from tests.unit.adapters.telegram.conftest import BOT, TOKEN, Village

HOLD, COPY, NONE = Intake.HOLD, Intake.COPY, Intake.NONE


async def checked(village: Village, *uses: ChatUse, public_url: str = "", **settings: Any) -> Sequence[Finding]:
    adapter = village.adapter(public_url=public_url, **settings)
    try:
        findings = await adapter.check(uses, village.state)
    finally:
        await adapter.stop()
    assert TOKEN not in repr(findings)
    assert all(finding.mend for finding in findings if finding.level is not Level.OK), "a finding without a remedy"
    return findings


async def only(village: Village, use: ChatUse) -> list[Finding]:
    """What is said of the chat, beside the account's own lines."""
    return [finding for finding in await checked(village, use) if finding.subject == f"telegram:{use.chat}"]


def use(chat: int | str, intake: Intake | None = HOLD, **more: Any) -> ChatUse:
    return ChatUse(chat=ChatId(str(chat)), intake=None if more.get("moderators") else intake, **more)


async def test_all_is_well(village: Village) -> None:
    findings = await checked(village, use(village.group))
    assert {finding.level for finding in findings} == {Level.OK}
    assert "@our_bot" in findings[0].message
    assert "Village" in findings[-1].message


async def test_a_wrong_token(village: Village) -> None:
    (finding,) = await checked(village, use(village.group), token="700100:wrong")
    assert finding.level is Level.ERROR
    assert "BotFather" in finding.mend


async def test_an_unreachable_server(village: Village) -> None:
    (finding,) = await checked(village, use(village.group), api_url="http://127.0.0.1:9")
    assert finding.level is Level.ERROR
    assert "127.0.0.1" in finding.mend


async def test_trouble_in_the_middle_is_a_finding(village: Village) -> None:
    village.simulator.fail_next("getChat", 502)
    (finding,) = await only(village, use(village.group))
    assert finding.level is Level.ERROR


async def test_privacy_mode(village: Village) -> None:
    users = village.simulator.users
    await users.set_privacy(BOT, True)
    assert [f.level for f in await only(village, use(village.group))] == [Level.OK], "an administrator reads all"
    await users.demote(village.group, BOT)
    levels = {}
    for intake in (HOLD, COPY, NONE):
        finding = (await only(village, use(village.group, intake)))[0]
        levels[intake] = finding.level
        assert "/setprivacy" in finding.mend
        assert "add it again" in finding.mend
    assert levels == {HOLD: Level.ERROR, COPY: Level.ERROR, NONE: Level.WARNING}


async def test_a_bot_that_may_not_remove_falls_back_to_copy(village: Village) -> None:
    await village.simulator.users.demote(village.group, BOT)
    (finding,) = await only(village, use(village.group))
    assert finding.level is Level.WARNING
    assert "copy" in finding.message
    assert "Delete messages" in finding.mend
    await village.simulator.users.promote(village.group, BOT, rights=["can_pin_messages"])
    (finding,) = await only(village, use(village.group))
    assert finding.level is Level.WARNING


async def test_reactions_are_told_to_administrators_alone(village: Village) -> None:
    for intake in (COPY, NONE):
        assert [f.level for f in await only(village, use(village.group, intake))] == [Level.OK]
    await village.simulator.users.demote(village.group, BOT)
    for intake in (COPY, NONE):
        (finding,) = await only(village, use(village.group, intake))
        assert (finding.level, "reactions" in finding.message) == (Level.WARNING, True)


async def test_a_chat_that_is_not_there(village: Village) -> None:
    (finding,) = await only(village, use(-100999))
    assert finding.level is Level.ERROR
    assert "-100" in finding.mend


async def test_a_group_the_bot_was_removed_from(village: Village) -> None:
    await village.simulator.users.remove_member(village.group, BOT, by=village.owner)
    (finding,) = await only(village, use(village.group))
    assert finding.level is Level.ERROR
    assert "add the bot" in finding.mend


async def test_a_group_where_members_may_not_write(village: Village) -> None:
    users = village.simulator.users
    await users.demote(village.group, BOT)
    await users.set_permissions(village.group, [])
    findings = await only(village, use(village.group, COPY))
    assert [f.level for f in findings] == [Level.ERROR, Level.WARNING]
    await users.set_permissions(village.group, ["can_send_messages"])
    findings = await only(village, use(village.group, COPY))
    assert [f.level for f in findings] == [Level.WARNING, Level.WARNING]
    assert "photos" in findings[0].message


async def test_a_basic_group_will_move(village: Village) -> None:
    users = village.simulator.users
    basic = await users.create_group("Basic", village.owner, members=[BOT])
    await users.promote(basic, BOT)
    (finding,) = await only(village, use(basic))
    assert finding.level is Level.WARNING
    assert "supergroup" in finding.mend
    new = await users.migrate(basic)
    (finding,) = await only(village, use(basic))
    assert finding.level is Level.ERROR
    assert str(new) in finding.mend or "-100" in finding.mend


async def test_a_public_name_is_no_address(village: Village) -> None:
    public = await village.simulator.users.create_group(
        "Public", village.owner, supergroup=True, username="our_public_group", members=[BOT]
    )
    (finding,) = await only(village, use("@our_public_group"))
    assert finding.level is Level.ERROR
    assert str(public) in finding.mend


async def test_a_topic_in_a_group_without_topics(village: Village) -> None:
    (finding,) = await only(village, use(f"{village.group}/45"))
    assert finding.level is Level.ERROR
    assert "Topics" in finding.mend


async def test_the_moderators_channel(village: Village) -> None:
    users = village.simulator.users
    inside = await users.create_user("Inside")
    outside = await users.create_user("Outside")
    room = await users.create_group(
        "Mods", village.owner, supergroup=True, username="mods_in_public", members=[inside, BOT]
    )
    people = (str(inside), str(outside), str(village.amina), "@amina")
    findings = await only(village, use(room, moderators=True, users=people))
    said = [(f.level, f.message) for f in findings]
    assert (Level.ERROR, "the moderators' channel is public: anybody can read what is held") in said
    assert (Level.ERROR, "'@amina' is not a Telegram user id") in said
    absent = {f.message.split()[1] for f in findings if "is not in" in f.message}
    assert absent == {str(outside), str(village.amina)}
    silent = {f.message.split()[1] for f in findings if "not started" in f.message}
    assert silent == {str(inside), str(outside)}
    assert all("https://t.me/our_bot" in f.mend for f in findings if "not started" in f.message)


async def test_a_good_moderators_channel(village: Village) -> None:
    room = await village.simulator.users.create_group(
        "Mods", village.owner, supergroup=True, members=[village.amina, BOT]
    )
    findings = await only(village, use(room, moderators=True, users=(str(village.amina),)))
    assert [f.level for f in findings] == [Level.OK]


async def test_a_webhook_of_another_program(village: Village) -> None:
    queue = village.simulator.world.queue(BOT)
    queue.webhook_url = "https://elsewhere.example.org/secret-path"
    findings = [f for f in await checked(village) if f.level is Level.WARNING]
    assert len(findings) == 1
    assert "elsewhere.example.org" in findings[0].message
    assert "secret-path" not in repr(findings)
    assert queue.webhook_url, "a check changes nothing"


@pytest.mark.parametrize(("url", "level"), [("", Level.ERROR), ("http://127.0.0.1:9", None)])
async def test_webhook_mode_needs_a_public_address(village: Village, url: str, level: Level | None) -> None:
    findings = await checked(village, public_url=url, updates="webhook", webhook_secret="s3cret")
    assert next((f.level for f in findings if f.level is not Level.OK), None) is level


async def test_a_webhook_that_telegram_cannot_call(village: Village) -> None:
    queue = village.simulator.world.queue(BOT)
    queue.webhook_url = "http://127.0.0.1:9/webhook/telegram/telegram"
    queue.last_error_date, queue.last_error_message = 1, "Connection refused"
    findings = await checked(village, public_url="http://127.0.0.1:9", updates="webhook", webhook_secret="s3cret")
    assert [f.level for f in findings if "Connection refused" in f.message] == [Level.WARNING]


async def test_a_pace_that_telegram_does_not_allow(village: Village) -> None:
    findings = await checked(village, messages_per_second=500)
    assert [f.level for f in findings if "messages_per_second" in f.message] == [Level.WARNING]
