"""The page: what it shows, what can be done on it, and who may."""

import asyncio
import json
import re
from io import BytesIO

import pytest
from aiohttp import FormData
from PIL import Image

from bridge.playground import cast
from tests.unit.playground_page.conftest import Town

EVIL = '<script>alert(1)</script><img src=x onerror="alert(1)">'
MESSAGE_LIMIT = 4096


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (30, 20), "teal").save(out, "PNG")
    return out.getvalue()


async def test_the_page_shows_everybodys_device_and_says_what_to_try(town: Town) -> None:
    answer = await town.client.get("/")
    html = await answer.text()
    assert re.findall(r'<section class="phone \w+" id="(\w+)"', html) == [
        "amina",
        "grace",
        "daniel",
        "fatima",
        "joseph",
        "esther",
        "peter",
        "reader",
    ]
    assert 'href="http://127.0.0.1:9/demo"' in html
    assert "in CHW Kenya." in html
    assert "Press <b>Approve</b>" in html
    assert "Everything else works without it." in html


async def test_nothing_on_the_page_comes_from_elsewhere_or_runs_inline(town: Town) -> None:
    answer = await town.client.get("/")
    html = await answer.text()
    assert re.findall(r'<(?:script|link|img)[^>]* (?:src|href)="(?!/static/)[^"]*"', html) == []
    assert re.findall(r"<script[^>]*>[^<]+</script>| style=| on\w+=", html) == []
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in ("demo.css", "demo.js", "icon.svg"):
        assert (await town.client.get(f"/static/{name}")).status == 200
    assert (await town.client.get("/static/..%2fdemo.py")).status == 404


# --- doors


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1", "evil.example:{port}", ""])
async def test_other_host_names_are_refused(town: Town, host: str) -> None:
    answer = await town.client.get("/", headers={"Host": host.format(port=town.port)})
    assert answer.status == 421
    assert "Amina" not in await answer.text()


async def test_localhost_is_this_machine_too(town: Town) -> None:
    assert (await town.client.get("/", headers={"Host": f"localhost:{town.port}"})).status == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://127.0.0.1:1", "http://evil.example:{port}"]
)
async def test_orders_from_other_pages_are_refused(town: Town, origin: str | None) -> None:
    headers = {} if origin is None else {"Origin": origin.format(port=town.port)}
    answer = await town.client.post("/devices/amina/write", data={"tab": "group", "text": "forged"}, headers=headers)
    assert answer.status == 403
    assert "forged" not in await town.screen("amina", "group")


async def test_unknown_phones_actions_and_files_are_not_found(town: Town) -> None:
    assert (await town.client.get("/screens/nobody")).status == 404
    assert (await town.do("nobody", "write", text="x")).status == 404
    assert (await town.do("amina", "explode")).status == 404
    assert (await town.do("joseph", "press", message="1", data="x")).status == 404
    assert (await town.client.get("/files/telegram/nothing")).status == 404
    assert (await town.client.get("/files/matrix/fatima/health?event=$x")).status == 404
    assert (await town.client.get("/files/matrix/amina/group?event=$x")).status == 404


# --- writing


async def test_what_amina_writes_stands_in_her_group_and_not_elsewhere(town: Town) -> None:
    assert (await town.do("amina", "write", tab="group", text="Who has ORS?\r\nWe have none.")).status == 204
    assert "Who has ORS?\nWe have none." in await town.screen("amina", "group")
    assert "Who has ORS?" not in await town.screen("amina", "private")
    assert "Who has ORS?" not in await town.screen("daniel", "group")


async def test_markup_in_texts_and_names_is_shown_as_text(town: Town) -> None:
    await town.users.rename(cast.AMINA, EVIL, EVIL)
    await town.do("amina", "write", tab="group", text=EVIL)
    await town.do("joseph", "write", tab="sms", text=EVIL)
    message = max(town.users.group(cast.CHW_KENYA).messages)
    await town.do("amina", "write", tab="group", text="answer", reply_to=str(message))
    page = await (await town.client.get(f"/?reply_amina={message}")).text()
    for html in (page, await town.screen("amina", "group"), await town.screen("joseph")):
        assert "&lt;script&gt;" in html
        assert "<script>alert" not in html
        assert "<img src=x" not in html


async def test_a_reply_shows_what_it_answers(town: Town) -> None:
    await town.do("amina", "write", tab="group", text="first")
    message = max(town.users.group(cast.CHW_KENYA).messages)
    await town.do("amina", "write", tab="group", text="second", reply_to=str(message))
    html = await town.screen("amina", "group")
    assert re.search(r'class="quoted"><b><bdi>Amina Okello</bdi></b> <span><bdi>first<', html)


async def test_edits_are_marked_and_deleted_messages_vanish(town: Town) -> None:
    await town.do("amina", "write", tab="group", text="first")
    message = str(max(town.users.group(cast.CHW_KENYA).messages))
    assert "<span>edited</span>" not in await town.screen("amina", "group")
    assert f'data-edit="{message}" data-source="first"' in await town.screen("amina", "group")
    page = await (await town.client.get(f"/?edit_amina={message}")).text()
    assert ">first</textarea>" in page
    assert (await town.do("amina", "write", tab="group", text="**changed**", edit=message)).status == 204
    html = await town.screen("amina", "group")
    assert "<strong>changed</strong>" in html
    assert "<span>edited</span>" in html
    assert (await town.do("amina", "delete", tab="group", message=message)).status == 204
    assert "changed" not in await town.screen("amina", "group")
    assert (await town.do("amina", "delete", tab="group", message=message)).status == 422


async def test_nobody_changes_what_others_wrote(town: Town) -> None:
    message = await town.users.write(cast.GRACE, cast.CHW_KENYA, "from Grace")
    assert "data-edit" not in await town.screen("amina", "group")
    assert (await town.do("amina", "write", tab="group", text="forged", edit=str(message))).status == 422
    assert (await town.do("amina", "delete", tab="group", message=str(message))).status == 422
    assert "from Grace" in await town.screen("amina", "group")


async def test_typed_formatting_is_shown(town: Town) -> None:
    await town.do("amina", "write", tab="group", text="**bold** __it__ ||hid|| https://who.int")
    html = await town.screen("amina", "group")
    assert "<strong>bold</strong> <em>it</em>" in html
    assert '<span class="spoiler" tabindex="0">hid</span>' in html
    assert 'href="https://who.int"' in html


async def test_a_photo_is_shown_and_a_file_is_only_handed_over(town: Town) -> None:
    for name, data in (("p.png", picture()), ("page.html", b"<script>alert(1)</script>")):
        form = FormData()
        form.add_field("tab", "group")
        form.add_field("text", f"see {name}")
        form.add_field("file", data, filename=name, content_type="image/png")
        headers = {"Origin": town.origin, "X-Baraza-Page": "1"}
        assert (await town.client.post("/devices/amina/write", data=form, headers=headers)).status == 204
    html = await town.screen("amina", "group")
    shown = re.search(r'<img src="(/files/telegram/[^"]+)"[^>]* width="30" height="20"', html)
    handed = re.search(r'<p class="file"><a href="(/files/telegram/[^"]+)"', html)
    assert shown is not None
    assert handed is not None
    answer = await town.client.get(shown[1])
    assert answer.content_type == "image/png"
    assert await answer.read() == picture()
    answer = await town.client.get(handed[1])
    assert answer.content_type == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="page.html"'
    assert "sandbox" in answer.headers["Content-Security-Policy"]


async def test_what_the_app_refuses_is_said_and_sends_nothing(town: Town) -> None:
    answer = await town.do("amina", "write", tab="group", text="x" * (MESSAGE_LIMIT + 1))
    assert answer.status == 422
    assert "message is too long" in await answer.text()
    assert "message is too long" in await town.screen("amina", "group")
    assert (await town.do("amina", "write", tab="group", text=" \n")).status == 422
    assert (await town.do("joseph", "write", tab="sms", text="x" * 460)).status == 422
    assert (await town.do("fatima", "write", tab="health", text="x")).status == 422
    assert "xxx" not in await town.screen("amina", "group")
    assert town.gateway.texts == []


async def test_without_the_script_a_form_leads_back_to_the_same_view(town: Town) -> None:
    fields = {"tab": "private", "text": "hello", "back": "amina=private&evil=https://evil.example&start_daniel=x"}
    answer = await town.client.post(
        "/devices/amina/write", data=fields, headers={"Origin": town.origin}, allow_redirects=False
    )
    assert answer.status == 303
    assert answer.headers["Location"] == "/?amina=private#amina"


async def test_without_the_script_a_refused_text_is_not_lost(town: Town) -> None:
    text = "precious " * 500
    await town.client.post(
        "/devices/amina/write",
        data={"tab": "group", "text": text},
        headers={"Origin": town.origin},
        allow_redirects=False,
    )
    assert text in await (await town.client.get("/")).text()
    assert text not in await (await town.client.get("/")).text()


# --- the private chat


async def test_start_is_offered_until_it_is_pressed(town: Town) -> None:
    assert 'data-compose="start"' in await town.screen("daniel", "private")
    assert (await town.do("daniel", "start", tab="private", start="abc")).status == 204
    html = await town.screen("daniel", "private")
    assert "/start</span> abc" in html
    assert 'data-compose="text"' in html
    assert (await town.do("daniel", "start", tab="group")).status == 422


async def test_a_deep_link_in_a_group_leads_to_the_private_chat_on_the_same_phone(town: Town) -> None:
    await town.users.write(cast.DANIEL, cast.MIDWIVES_UGANDA, f"https://t.me/{cast.BOT_USERNAME}?start=post_1")
    html = await town.screen("daniel", "group")
    assert 'href="?daniel=private&amp;start_daniel=post_1#daniel"' in html
    page = await (await town.client.get("/?daniel=private&start_daniel=post_1")).text()
    assert 'name="start" value="post_1"' in page


# --- buttons


async def bot_posts(town: Town, text: str, keyboard: list[list[dict[str, str]]]) -> int:
    """A message of the bot with buttons, as the Bot API would leave it; returns its id."""
    message = await town.users.write(cast.GRACE, cast.MODERATORS, text)
    stored = town.users.group(cast.MODERATORS).messages[message]
    stored.sender_id, stored.posted_by = cast.BOT_ID, None
    stored.reply_markup = {"inline_keyboard": keyboard}
    town.users.world.touch()
    return message


async def answer_press(town: Town, **answer: object) -> None:
    callbacks = town.users.state.callbacks
    await town.users.world.wait_until(lambda: bool(callbacks), 5)
    next(iter(callbacks.values())).answer = dict(answer)
    town.users.world.touch()


@pytest.mark.parametrize("alert", [False, True])
async def test_a_press_shows_what_the_bot_answers(town: Town, alert: bool) -> None:
    message = await bot_posts(town, "card", [[{"text": "Approve <1>", "callback_data": "a:1"}]])
    html = await town.shows("grace", "group", "Approve &lt;1&gt;")
    assert 'name="data" value="a:1"' in html
    pressing = asyncio.create_task(town.do("grace", "press", tab="group", message=str(message), data="a:1"))
    await answer_press(town, text="Done <b>", show_alert=alert)
    assert (await pressing).status == 204
    html = await town.shows("grace", "group", "Done &lt;b&gt;")
    assert f'class="notice {"alert" if alert else "toast"}"' in html
    if alert:
        assert (await town.do("grace", "dismiss", tab="group")).status == 204
        assert "Done" not in await town.screen("grace", "group")


async def test_a_button_that_is_gone_says_so(town: Town) -> None:
    message = await bot_posts(town, "card", [])
    for wrong in (str(message), "999", "no number", ""):
        assert (await town.do("grace", "press", tab="group", message=wrong, data="a:1")).status == 422


async def test_a_button_with_a_deep_link_leads_to_the_private_chat(town: Town) -> None:
    message = await town.users.write(cast.DANIEL, cast.MIDWIVES_UGANDA, "x")
    url = f"https://t.me/{cast.BOT_USERNAME}?start=abc-1"
    stored = town.users.group(cast.MIDWIVES_UGANDA).messages[message]
    stored.reply_markup = {"inline_keyboard": [[{"text": "Follow", "url": url}]]}
    html = await town.screen("daniel", "group")
    assert 'data-device="daniel" data-tab="private" data-start="abc-1">Follow' in html


async def test_a_button_with_an_address_is_a_link(town: Town) -> None:
    await bot_posts(town, "c", [[{"text": "Read", "url": "https://who.int"}, {"text": "Bad", "url": "javascript:x"}]])
    html = await town.screen("grace", "group")
    assert 'href="https://who.int"' in html
    assert "javascript:" not in html


# --- live


async def test_an_open_page_is_told_which_phones_changed(town: Town) -> None:
    async with town.client.get("/events") as stream:
        first = json.loads((await stream.content.readuntil(b"\n\n")).removeprefix(b"data: "))
        assert set(first) == {"status", "amina", "grace", "daniel", "fatima", "joseph", "esther", "peter", "reader"}
        await town.do("amina", "write", tab="group", text="news")
        assert json.loads((await stream.content.readuntil(b"\n\n")).removeprefix(b"data: ")) == ["amina"]


# --- what else a message can be


async def test_places_polls_and_sounds_are_said_in_words(town: Town) -> None:
    users, amina, group = town.users, cast.AMINA, cast.CHW_KENYA
    place = {"latitude": -0.0917, "longitude": 34.768}
    await users.send_other(amina, group, "venue", {"location": place, "title": EVIL, "address": "Kisumu"})
    await users.send_other(amina, group, "contact", {"phone_number": "+254700", "first_name": "Otieno"})
    await users.send_file(amina, group, "voice", b"OggS", "audio.ogg", attributes={"duration": 67})
    screen = await town.screen("amina", "group")
    assert "Kisumu (-0.09170, 34.76800)" in screen
    assert "<script>alert" not in screen
    assert "Contact: Otieno, +254700" in screen
    assert "Voice note" in screen
    assert "audio.ogg" not in screen
    assert "1:07, 4 bytes" in screen


async def test_a_poll_has_buttons_that_vote_and_take_votes_back(town: Town) -> None:
    poll = {"question": "When?", "options": ["Monday", "Friday"]}
    message_id = await town.users.send_other(cast.AMINA, cast.CHW_KENYA, "poll", poll)
    screen = await town.screen("amina", "group")
    assert "Poll (anonymous): When?" in screen
    await town.do("amina", "press", message=str(message_id), data="vote:1")
    assert "● Friday: 1" in await town.screen("amina", "group")
    await town.do("amina", "press", message=str(message_id), data="vote:1")
    assert "○ Friday: 0" in await town.screen("amina", "group")
    answer = await town.do("amina", "press", message=str(message_id), data="vote:7")
    assert answer.status == 422


async def test_reactions_are_set_and_taken_back_on_telegram(town: Town) -> None:
    message_id = await town.users.write(cast.AMINA, cast.CHW_KENYA, "fridge is broken")
    await town.do("amina", "react", message=str(message_id), key="👍")
    assert 'aria-pressed="true" aria-label="👍, 1"' in await town.screen("amina", "group")
    await town.do("amina", "react", message=str(message_id), key="👍")
    assert 'aria-label="👍, 1"' not in await town.screen("amina", "group")
