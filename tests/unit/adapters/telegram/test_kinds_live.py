"""Both ways on the strict simulator: what members send arrives whole, places and polls go out, votes come back."""

from bridge.adapters.telegram.adapter import TelegramAdapter
from bridge.core.errors import Refusal
from bridge.core.events import MessageEdited, MessagePosted, PollCounted
from bridge.core.ids import ChatId
from bridge.core.message import AttachmentKind, Content, Place, Poll, RemoteFile, UncarriedKind
from bridge.core.ports import Refused, Sent
from bridge.core.text import plain
from tests import smallest_files as samples
from tests.unit.adapters.telegram.conftest import Village
from tests.unit.adapters.telegram.test_adapter import KEY, only, picture

CLINIC = Place(latitude=-1.283334, longitude=36.8, title="Clinic", address="Main road")
DAYS = Poll(question="Which day?", options=("Monday", "Tuesday"))


async def arrived(village: Village, number: int) -> MessagePosted:
    return await village.sink.first(MessagePosted, lambda event: event.ref.message == str(number))


async def content(adapter: TelegramAdapter, file: RemoteFile) -> bytes:
    return b"".join([piece async for piece in adapter.fetch(file, limit=1_000_000)])


async def test_every_file_of_a_member_can_be_fetched(village: Village, adapter: TelegramAdapter) -> None:
    cases = {
        "photo": picture(),
        "video": samples.MP4,
        "video_note": samples.MP4,
        "animation": samples.MP4,
        "audio": samples.MP3,
        "voice": samples.OGG_OPUS,
        "sticker": samples.WEBP,
        "document": b"text",
    }
    assert {AttachmentKind(kind) for kind in cases} == adapter.capabilities(ChatId(str(village.group))).receives
    for kind, data in cases.items():
        number = await village.simulator.users.send_file(village.amina, village.group, kind, data)
        event = await arrived(village, number)
        (file,) = event.files
        assert (file.kind, event.uncarried) == (AttachmentKind(kind), ())
        assert await content(adapter, file) == data


async def test_an_album_of_a_member_keeps_together(village: Village, adapter: TelegramAdapter) -> None:
    items = [{"kind": "photo", "data": picture(color), "caption": color} for color in ("red", "blue", "green")]
    numbers = await village.simulator.users.send_album(village.amina, village.group, items)
    events = [await arrived(village, number) for number in numbers]
    assert len({event.album for event in events}) == 1
    assert events[0].album
    assert [event.text.text for event in events] == ["red", "blue", "green"]


async def test_an_edited_file_is_a_new_one(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    number = await users.send_file(village.amina, village.group, "photo", picture("red"), caption="a")
    await arrived(village, number)
    await users.edit_media(village.amina, village.group, number, "photo", picture("blue"), caption="b")
    event = await village.sink.first(MessageEdited)
    assert (event.ref.message, event.text.text) == (str(number), "b")
    assert await content(adapter, event.files[0]) == picture("blue")


async def test_a_live_place_moves_without_a_word(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    place = {"latitude": 1.0, "longitude": 2.0, "live_period": 900}
    number = await users.send_other(village.amina, village.group, "location", place)
    event = await arrived(village, number)
    assert event.uncarried[0].kind is UncarriedKind.LIVE_LOCATION
    await users.move_location(village.amina, village.group, number, 1.5, 2.5)
    await users.move_location(village.amina, village.group, number, 1.6, 2.6, stop=True)
    await arrived(village, await users.write(village.amina, village.group, "last"))
    assert village.sink.of(MessageEdited) == []


async def test_a_forwarded_text_names_whose_it_is(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    other = await users.create_group("Ministry", village.owner, supergroup=True, members=[village.amina])
    original = await users.write(village.owner, other, "Drink water")
    event = await arrived(village, await users.forward(village.amina, village.group, other, original))
    assert event.sender.name == "Amina"
    assert event.text.text == "Drink water"
    assert [(item.kind, item.detail) for item in event.uncarried] == [(UncarriedKind.FORWARDED, "Owner")]


async def test_places_go_out_as_places(village: Village, adapter: TelegramAdapter) -> None:
    for place in (CLINIC, Place(latitude=CLINIC.latitude, longitude=CLINIC.longitude)):
        ref = only(await adapter.send(village.outgoing(adapter, Content(place=place)), KEY))
        shown = village.simulator.state.chats[ref.chat].messages[int(ref.message)].content
        assert (shown["location"]["latitude"], shown["location"]["longitude"]) == (CLINIC.latitude, CLINIC.longitude)
        assert shown.get("venue", {}).get("title", "") == place.title
        outcome = await adapter.edit(ref, village.outgoing(adapter, Content(place=place)), KEY)
        assert isinstance(outcome, Refused)
        assert outcome.reason is Refusal.UNSUPPORTED
        assert await adapter.delete(ref, KEY) == Sent()


async def test_votes_in_a_poll_of_ours_are_counted(village: Village, adapter: TelegramAdapter) -> None:
    await village.polled()
    users = village.simulator.users
    ref = only(await adapter.send(village.outgoing(adapter, Content(poll=DAYS)), KEY))
    await users.vote(village.amina, village.group, int(ref.message), [1])
    counted = await village.sink.first(PollCounted)
    assert (counted.chat, counted.ref, counted.counts, counted.closed) == (ref.chat, ref, (0, 1), False)


async def test_a_members_poll_arrives_in_words_and_its_votes_do_not(village: Village, adapter: TelegramAdapter) -> None:
    await village.polled()
    users = village.simulator.users
    value = {"question": "Which day?", "options": ["Monday", "Tuesday"]}
    number = await users.send_other(village.amina, village.group, "poll", value)
    (item,) = (await arrived(village, number)).uncarried
    assert item.poll == DAYS
    assert item.detail == "Which day?\n1. Monday\n2. Tuesday"
    await users.vote(village.amina, village.group, number, [1])
    await users.stop_poll(village.amina, village.group, number)
    await arrived(village, await users.write(village.amina, village.group, "last"))
    assert village.sink.of(PollCounted) == []


async def test_previews_only_where_wanted(village: Village, adapter: TelegramAdapter) -> None:
    for wanted in (False, True):
        text = Content(text=plain("see https://who.int/x"), previews=wanted)
        ref = only(await adapter.send(village.outgoing(adapter, text), KEY))
        shown = village.simulator.state.chats[ref.chat].messages[int(ref.message)].content
        assert shown.get("link_preview_options", {}).get("is_disabled", False) is not wanted


async def test_a_reaction_that_a_group_does_not_allow(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    number = await users.write(village.amina, village.group, "mine")
    await users.set_available_reactions(village.group, ["🔥"])
    ref = (await arrived(village, number)).ref
    outcome = await adapter.react(ref, ["👍"], KEY)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Refusal.UNSUPPORTED
    assert await adapter.react(ref, ["🔥"], KEY) == Sent()
