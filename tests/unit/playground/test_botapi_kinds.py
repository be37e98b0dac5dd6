"""Places, contacts, polls, dice, reactions and link previews: answers, refusals and updates."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bridge.playground.botapi import ApiError
from bridge.playground.botapi.files import grey_png
from bridge.playground.botapi.persistence import dump, load
from tests import smallest_files as samples
from tests.unit.playground.conftest import Town, built_town

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALL = ["message", "edited_message", "poll", "poll_answer", "message_reaction", "message_reaction_count"]
PLACE = {"latitude": -0.0917, "longitude": 34.768}
ASKED = {"question": "When?", "options": [{"text": "Monday"}, {"text": "Friday"}]}
QUIZ = {**ASKED, "type": "quiz"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def square() -> AsyncIterator[Town]:
    async with built_town() as town:
        await town.bot("getUpdates", allowed_updates=ALL)
        yield town


SENT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("sendLocation", PLACE, {"location": PLACE}),
    (
        "sendLocation",
        {**PLACE, "horizontal_accuracy": 30.5, "live_period": 60, "heading": 360, "proximity_alert_radius": 100},
        {"location": {**PLACE, "horizontal_accuracy": 30.5, "live_period": 60, "heading": 360}},
    ),
    (
        "sendVenue",
        {**PLACE, "title": "Clinic", "address": "Oginga Odinga St", "google_place_id": "x"},
        {"venue": {"location": PLACE, "title": "Clinic", "address": "Oginga Odinga St"}, "location": PLACE},
    ),
    (
        "sendContact",
        {"phone_number": "+254 700 000000", "first_name": "Otieno", "last_name": "O", "vcard": "BEGIN:VCARD"},
        {"contact": {"phone_number": "+254 700 000000", "first_name": "Otieno", "last_name": "O"}},
    ),
    ("sendDice", {}, {"dice": {"emoji": "🎲"}}),
    ("sendDice", {"emoji": "🎰"}, {"dice": {"emoji": "🎰"}}),
    ("sendPoll", ASKED, {"poll": {"question": "When?", "is_anonymous": True, "type": "regular", "is_closed": False}}),
    ("sendPoll", {**ASKED, "is_anonymous": False, "is_closed": True}, {"poll": {"is_closed": True}}),
    ("sendPoll", {**ASKED, "open_period": 600}, {"poll": {"open_period": 600}}),
    (
        "sendPoll",
        {**QUIZ, "correct_option_ids": [1], "explanation": "It rains on Mondays"},
        {"poll": {"type": "quiz", "correct_option_ids": [1], "allows_revoting": False}},
    ),
    ("sendPoll", {"question": "a" * 300, "options": [{"text": "b" * 100}] * 12}, {"poll": {"question": "a" * 300}}),
]


def holds(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(holds(found.get(name), value) for name, value in wanted.items())
    return bool(found == wanted)


@pytest.mark.parametrize(("method", "parameters", "answer"), SENT)
async def test_what_is_sent_comes_back(
    square: Town, method: str, parameters: dict[str, Any], answer: dict[str, Any]
) -> None:
    sent = await square.bot(method, chat_id=square.group, **parameters)
    assert holds(sent, answer), sent


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("sendLocation", {"longitude": 1}, "latitude is empty"),
    ("sendLocation", {"latitude": 91, "longitude": 1}, "wrong location specified"),
    ("sendLocation", {"latitude": 1, "longitude": "nan"}, "wrong location specified"),
    ("sendLocation", {**PLACE, "live_period": 59}, "wrong live location period specified"),
    ("sendLocation", {**PLACE, "live_period": 60, "heading": 361}, "wrong live location heading specified"),
    ("sendLocation", {**PLACE, "horizontal_accuracy": 1501}, "[simulator] horizontal_accuracy is 0-1500 metres"),
    ("sendVenue", {**PLACE, "title": "Clinic"}, '[simulator] parameter "address" is required'),
    (
        "sendVenue",
        {"latitude": 0, "longitude": 181, "title": "x", "address": "y"},
        "wrong venue location specified",
    ),
    ("sendContact", {"first_name": "x"}, 'parameter "phone_number" is required'),
    ("sendContact", {"phone_number": "1"}, 'parameter "first_name" is required'),
    (
        "sendContact",
        {"phone_number": "1", "first_name": "x", "vcard": "é" * 1025},
        "[simulator] a vCard has at most 2048 bytes",
    ),
    ("sendDice", {"emoji": "🧪"}, "[simulator] a dice is one of 🎲 🎯 🎳 🏀 ⚽ 🎰"),
    ("sendPoll", {**ASKED, "question": " "}, "poll question must be non-empty"),
    ("sendPoll", {**ASKED, "question": "a" * 301}, "poll question length must not exceed 300"),
    ("sendPoll", {**ASKED, "options": []}, "[simulator] a poll has 1-12 options"),
    ("sendPoll", {**ASKED, "options": [{"text": "x"}] * 13}, "poll can't have more than 12 options"),
    ("sendPoll", {**ASKED, "options": [{"text": ""}]}, "poll options must be non-empty"),
    ("sendPoll", {**ASKED, "options": [{"text": "a" * 101}]}, "poll options length must not exceed 100"),
    ("sendPoll", {**ASKED, "type": "riddle"}, "unsupported poll type specified"),
    ("sendPoll", QUIZ, "wrong correct option ID specified"),
    ("sendPoll", {**QUIZ, "correct_option_ids": [2]}, "wrong correct option ID specified"),
    ("sendPoll", {**QUIZ, "correct_option_ids": [1, 0]}, "wrong correct option ID specified"),
    (
        "sendPoll",
        {**QUIZ, "correct_option_ids": [1], "explanation": "a\nb\nc\nd"},
        "[simulator] a quiz's explanation has at most 200 characters and 2 line feeds",
    ),
    ("sendPoll", {**ASKED, "open_period": 4}, "[simulator] a poll is open for 5 to 2628000 seconds"),
    ("sendPoll", {**ASKED, "shuffle_options": True}, '[simulator] the parameter "shuffle_options" is not simulated'),
    ("stopPoll", {"message_id": 1}, "message is not a poll"),
    ("stopPoll", {"message_id": 99_999}, "message with poll to stop not found"),
    (
        "sendMessage",
        {"text": "x", "link_preview_options": {"is_disabled": "no"}},
        'can\'t parse link preview options: Field "is_disabled" must be of another type',
    ),
]


@pytest.mark.parametrize(("method", "parameters", "description"), REFUSED)
async def test_what_is_refused(square: Town, method: str, parameters: dict[str, Any], description: str) -> None:
    refusal = await square.bot.refused(method, chat_id=square.group, **parameters)
    assert (refusal.code, refusal.description) == (400, f"Bad Request: {description}")


async def test_votes_in_anonymous_polls_are_only_counted(square: Town) -> None:
    await square.bot.updates()
    sent = await square.bot("sendPoll", chat_id=square.group, **ASKED)
    await square.users.vote(square.brian, square.group, sent["message_id"], [1])
    await square.users.vote(square.amina, square.group, sent["message_id"], [1])
    await square.users.vote(square.amina, square.group, sent["message_id"], [])
    with pytest.raises(ApiError, match="OPTIONS_TOO_MUCH"):
        await square.users.vote(square.amina, square.group, sent["message_id"], [0, 1])
    polls = [update["poll"] for update in await square.bot.updates()]
    assert [[option["voter_count"] for option in poll["options"]] for poll in polls] == [[0, 1], [0, 2], [0, 1]]
    stopped = await square.bot("stopPoll", chat_id=square.group, message_id=sent["message_id"])
    assert (stopped["is_closed"], stopped["total_voter_count"]) == (True, 1)
    refusal = await square.bot.refused("stopPoll", chat_id=square.group, message_id=sent["message_id"])
    assert refusal.description == "Bad Request: poll has already been closed"
    with pytest.raises(ApiError, match="MESSAGE_POLL_CLOSED"):
        await square.users.vote(square.brian, square.group, sent["message_id"], [0])
    await square.bot.updates()


async def test_votes_in_open_polls_name_the_voter(square: Town) -> None:
    await square.bot.updates()
    sent = await square.bot("sendPoll", chat_id=square.group, is_anonymous=False, **ASKED)
    await square.users.vote(square.brian, square.group, sent["message_id"], [0])
    (update,) = await square.bot.updates()
    answer = update["poll_answer"]
    assert (answer["poll_id"], answer["option_ids"], answer["option_persistent_ids"], answer["user"]["id"]) == (
        sent["poll"]["id"],
        [0],
        ["0"],
        square.brian,
    )


async def test_a_members_poll_is_heard_of_when_it_is_stopped(square: Town) -> None:
    await square.bot.updates()
    poll = {"question": "When?", "options": ["Monday", "Friday"]}
    message_id = await square.users.send_other(square.brian, square.group, "poll", poll)
    await square.users.vote(square.amina, square.group, message_id, [0])
    await square.users.stop_poll(square.brian, square.group, message_id)
    asked, stopped = await square.bot.updates()
    assert asked["message"]["poll"]["id"] == stopped["poll"]["id"]
    assert (stopped["poll"]["is_closed"], stopped["poll"]["total_voter_count"]) == (True, 1)


async def test_reactions_are_reported_but_not_those_of_bots(square: Town) -> None:
    _, other = await square.new_bot("reacting_bot")
    await square.users.add_member(square.group, int(other.token.split(":")[0]))
    message_id = await square.users.write(square.brian, square.group, "x")
    await square.bot.updates()
    target = {"chat_id": square.group, "message_id": message_id}
    thumb, heart = ({"type": "emoji", "emoji": emoji} for emoji in "👍❤")
    await other("setMessageReaction", **target, reaction=[heart])
    assert await square.bot.updates() == []
    await square.users.react(square.amina, square.group, message_id, reactions=[thumb, heart])
    await square.users.react(square.amina, square.group, message_id, "👍")
    first, second = [update["message_reaction"] for update in await square.bot.updates()]
    assert (first["old_reaction"], first["new_reaction"]) == ([], [thumb, heart])
    assert (second["old_reaction"], second["new_reaction"]) == ([thumb, heart], [thumb])
    refusal = await square.bot.refused("setMessageReaction", **target, reaction=[thumb, heart])
    assert refusal.description == "Bad Request: REACTIONS_TOO_MANY"
    custom = {"type": "custom_emoji", "custom_emoji_id": "5368324170671202286"}
    refusal = await square.bot.refused("setMessageReaction", **target, reaction=[custom])
    assert refusal.description == "Bad Request: REACTION_INVALID"
    await square.users.set_available_reactions(square.group, ["👍"])
    refusal = await square.bot.refused("setMessageReaction", **target, reaction=[heart])
    assert refusal.description == "Bad Request: REACTION_INVALID"
    await square.users.set_available_reactions(square.group, None)


async def test_an_anonymous_administrators_reaction_names_the_group(square: Town) -> None:
    message_id = await square.users.write(square.brian, square.group, "x")
    await square.users.promote(square.group, square.amina, anonymous=True)
    await square.bot.updates()
    await square.users.react(square.amina, square.group, message_id, "👀")
    await square.users.promote(square.group, square.amina)
    (update,) = await square.bot.updates()
    assert update["message_reaction"]["actor_chat"]["id"] == square.group
    assert "user" not in update["message_reaction"]


async def test_reactions_in_channels_are_only_counted(square: Town) -> None:
    channel = await square.users.create_channel("News", square.amina)
    for user_id in (square.brian, square.bot_id):
        await square.users.add_member(channel, user_id)
    await square.users.promote(channel, square.bot_id)
    post = await square.users.post_in_channel(channel, "published")
    await square.bot.updates()
    for user_id, emoji in ((square.amina, "👍"), (square.brian, "👍")):
        await square.users.react(user_id, channel, post, emoji)
    _, update = await square.bot.updates()
    assert update["message_reaction_count"]["reactions"] == [
        {"type": {"type": "emoji", "emoji": "👍"}, "total_count": 2}
    ]


@pytest.mark.parametrize(
    ("options", "stored", "preview"),
    [
        (None, None, "https://who.int/ors"),
        ({"is_disabled": False}, None, "https://who.int/ors"),
        ({"is_disabled": True}, {"is_disabled": True}, None),
        (
            {"prefer_small_media": True, "url": "https://msf.org"},
            {"prefer_small_media": True, "url": "https://msf.org"},
            "https://msf.org",
        ),
    ],
)
async def test_link_previews(
    square: Town, options: dict[str, Any] | None, stored: dict[str, Any] | None, preview: str | None
) -> None:
    given = {} if options is None else {"link_preview_options": options}
    sent = await square.bot("sendMessage", chat_id=square.group, text="read https://who.int/ors", **given)
    assert sent.get("link_preview_options") == stored
    shown = (await square.users.view(square.brian, square.group))["messages"][-1]
    assert shown["preview"] == preview


MEMBERS: list[tuple[str, dict[str, Any]]] = [
    ("location", {**PLACE, "live_period": 900}),
    ("venue", {"location": PLACE, "title": "Clinic", "address": "Kisumu"}),
    ("contact", {"phone_number": "+254700000000", "first_name": "Otieno"}),
    ("dice", {"emoji": "🎯", "value": 6}),
    ("checklist", {"title": "Bring", "tasks": [{"id": 1, "text": "gloves"}, {"id": 2, "text": "masks"}]}),
    ("story", {"id": 7, "chat": {"id": 5_000_001, "type": "private", "first_name": "Amina"}}),
    (
        "giveaway",
        {
            "chats": [{"id": -1_001, "type": "channel", "title": "News"}],
            "winners_selection_date": 1_795_000_000,
            "winner_count": 3,
            "prize_description": "radios",
        },
    ),
    ("game", {"title": "g", "description": "d", "photo": []}),
    ("paid_media", {"star_count": 5, "paid_media": []}),
]


@pytest.mark.parametrize(("kind", "value"), MEMBERS)
async def test_members_send_every_kind(square: Town, kind: str, value: dict[str, Any]) -> None:
    await square.bot.updates()
    await square.users.send_other(square.brian, square.group, kind, value)
    (update,) = await square.bot.updates()
    assert holds(update["message"][kind], value)


async def test_a_kind_that_nobody_knows_yet(square: Town) -> None:
    await square.bot.updates()
    await square.users.send_raw(square.brian, square.group, {"hologram": {"depth": 3}})
    _, body = await square.bot.raw("getUpdates", {})
    (update,) = body["result"]
    assert update["message"]["hologram"] == {"depth": 3}
    await square.bot.raw("getUpdates", {"offset": update["update_id"] + 1})


async def test_members_albums_quotes_spoilers_and_forwards(square: Town) -> None:
    users, brian, group = square.users, square.brian, square.group
    await square.bot.updates()
    video = {"kind": "video", "data": samples.MP4, "has_spoiler": True, "thumbnail": samples.jpeg(32, 18)}
    first, second = await users.send_album(brian, group, [{**video, "caption": "one"}, video])
    quoted = await users.write(square.amina, group, "yes", reply_to=first, quote="one")
    await users.hide_in_forwards(brian)
    await users.forward(square.amina, group, group, second)
    await users.hide_in_forwards(brian, hidden=False)
    await users.forward(square.amina, group, group, second)
    await users.edit_media(brian, group, first, "video", samples.MP4, caption="two", attributes={"duration": 9})
    *album, quote, hidden, named, edited = await square.bot.updates()
    assert len({update["message"]["media_group_id"] for update in album}) == 1
    assert all(update["message"]["has_media_spoiler"] for update in album)
    assert album[0]["message"]["video"]["thumbnail"]["width"] == 32
    assert (quote["message"]["message_id"], quote["message"]["quote"]["text"]) == (quoted, "one")
    assert hidden["message"]["forward_origin"]["type"] == "hidden_user"
    assert named["message"]["forward_origin"]["sender_user"]["id"] == brian
    assert (edited["edited_message"]["caption"], edited["edited_message"]["video"]["duration"]) == ("two", 9)


async def test_what_is_copied_and_what_is_not(square: Town) -> None:
    giveaway = dict(MEMBERS[6][1])
    theirs = await square.users.send_other(square.brian, square.group, "giveaway", giveaway)
    target = {"chat_id": square.amina, "from_chat_id": square.group}
    refusal = await square.bot.refused("copyMessage", **target, message_id=theirs)
    assert refusal.description == "Bad Request: message can't be copied"
    place = await square.users.send_other(square.brian, square.group, "location", PLACE)
    assert await square.bot("copyMessage", **target, message_id=place)


async def test_everything_survives_a_restart(square: Town) -> None:
    sent = await square.bot("sendPoll", chat_id=square.group, **ASKED)
    await square.users.vote(square.brian, square.group, sent["message_id"], [1])
    await square.bot("sendVideo", chat_id=square.group, video=samples.MP4, duration=5, thumbnail=samples.jpeg(32, 18))
    state = square.simulator.state
    again = load(dump(state))
    again.blobs = state.blobs
    assert again == state


async def test_a_bot_is_removed_and_added_again(square: Town) -> None:
    await square.bot.updates()
    await square.users.remove_member(square.basic, square.bot_id, by=square.amina)
    refusal = await square.bot.refused("sendLocation", chat_id=square.basic, **PLACE)
    assert (refusal.code, refusal.description) == (403, "Forbidden: bot was kicked from the group chat")
    await square.users.add_member(square.basic, square.bot_id, by=square.amina)
    assert await square.bot("sendLocation", chat_id=square.basic, **PLACE)
    await square.bot("getUpdates", allowed_updates=[])
    await square.users.remove_member(square.basic, square.bot_id, by=square.amina)
    await square.users.add_member(square.basic, square.bot_id, by=square.amina)
    kinds = [next(kind for kind in update if kind != "update_id") for update in await square.bot.updates()]
    assert kinds.count("my_chat_member") == 2
    await square.bot("getUpdates", allowed_updates=ALL)


async def test_a_forums_general_topic_has_no_thread(square: Town) -> None:
    forum = await square.users.create_group("Forum", square.amina, forum=True, members=[square.bot_id])
    await square.users.promote(forum, square.bot_id)
    topic = await square.users.create_topic(forum, square.amina, "Cholera")
    await square.bot.updates()
    await square.users.send_other(square.amina, forum, "location", PLACE)
    await square.users.send_other(square.amina, forum, "location", PLACE, thread_id=topic)
    general, inside = [update["message"] for update in await square.bot.updates()]
    assert "message_thread_id" not in general
    assert (inside["message_thread_id"], inside["is_topic_message"]) == (topic, True)
    media = [{"type": "photo", "media": "attach://a"}] * 2
    album = await square.bot("sendMediaGroup", chat_id=forum, message_thread_id=topic, media=media, a=grey_png(20, 10))
    assert {message["message_thread_id"] for message in album} == {topic}
    refusal = await square.bot.refused("sendLocation", chat_id=forum, message_thread_id=1, **PLACE)
    assert refusal.description == "Bad Request: message thread not found"


async def test_a_live_location_moves_and_stops(square: Town) -> None:
    users, brian, group = square.users, square.brian, square.group
    message_id = await users.send_other(brian, group, "location", {**PLACE, "live_period": 900})
    await square.bot.updates()
    await users.move_location(brian, group, message_id, 1.5, 30.5)
    await users.move_location(brian, group, message_id, 2.5, 30.5, stop=True)
    moved, stopped = [update["edited_message"]["location"] for update in await square.bot.updates()]
    assert (moved["latitude"], moved["live_period"]) == (1.5, 900)
    assert stopped == {"latitude": 2.5, "longitude": 30.5}


async def test_bots_hear_bots_in_bot_to_bot_mode_only(square: Town) -> None:
    other_id, other = await square.new_bot("chatty_bot", privacy=False)
    await square.users.add_member(square.group, other_id)
    await square.bot.updates()
    await other("sendMessage", chat_id=square.group, text="unheard")
    await square.users.set_bot_to_bot(other_id, enabled=True)
    await other("sendMessage", chat_id=square.group, text="heard")
    (update,) = await square.bot.updates()
    assert (update["message"]["text"], update["message"]["from"]["is_bot"]) == ("heard", True)
    await square.users.remove_member(square.group, other_id, by=square.amina)


async def test_groups_are_renamed(square: Town) -> None:
    await square.bot.updates()
    await square.users.rename_group(square.group, square.amina, "Kisumu clinic")
    (update,) = await square.bot.updates()
    assert (update["message"]["new_chat_title"], update["message"]["chat"]["title"]) == ("Kisumu clinic",) * 2


async def test_channel_posts_of_every_kind_reach_the_discussion(square: Town) -> None:
    channel = await square.users.create_channel("Photos", square.amina, linked_group_id=square.group)
    await square.bot.updates()
    await square.users.send_file(square.amina, channel, "video", samples.MP4, caption="look")
    (update,) = await square.bot.updates()
    message = update["message"]
    assert (message["is_automatic_forward"], message["sender_chat"]["id"], message["caption"]) == (
        True,
        channel,
        "look",
    )
    assert message["forward_origin"]["chat"]["id"] == channel


ME: list[tuple[str, dict[str, Any], str, str]] = [
    ("sendVideo", {"video": samples.MP4}, "can_send_videos", "videos"),
    ("sendVoice", {"voice": samples.OGG_OPUS}, "can_send_voice_notes", "voice notes"),
    ("sendPoll", ASKED, "can_send_polls", "polls"),
    ("sendSticker", {"sticker": samples.WEBP}, "can_send_other_messages", "stickers"),
    ("sendLocation", PLACE, "can_send_messages", "locations"),
]


async def test_a_plain_member_sends_only_what_the_group_allows() -> None:
    async with built_town() as town:
        await town.users.demote(town.group, town.bot_id)
        every = {right for _, _, right, _ in ME}
        for method, parameters, right, words in ME:
            await town.users.set_permissions(town.group, sorted(every - {right}))
            refusal = await town.bot.refused(method, chat_id=town.group, **parameters)
            assert refusal.description == f"Bad Request: not enough rights to send {words} to the chat"
            await town.users.set_permissions(town.group, [right])
            assert await town.bot(method, chat_id=town.group, **parameters)


async def test_a_person_may_take_no_voice_notes(square: Town) -> None:
    await square.users.forbid_voice(square.amina)
    for method, kind, data in (("sendVoice", "voice", samples.OGG_OPUS), ("sendVideoNote", "video_note", samples.MP4)):
        refusal = await square.bot.refused(method, chat_id=square.amina, **{kind: data})
        assert refusal.description == "Bad Request: VOICE_MESSAGES_FORBIDDEN"
    await square.users.forbid_voice(square.amina, forbidden=False)


async def test_another_bot_learns_a_quizs_solution_when_it_is_over(square: Town) -> None:
    other_id, other = await square.new_bot("quiz_bot", privacy=False)
    await square.users.add_member(square.group, other_id)
    await square.users.set_bot_to_bot(other_id, enabled=True)
    sent = await square.bot("sendPoll", chat_id=square.group, correct_option_ids=[1], **QUIZ)
    (*_, seen) = await other.updates()
    assert "correct_option_ids" not in seen["message"]["poll"]
    await square.bot("stopPoll", chat_id=square.group, message_id=sent["message_id"])
    (stopped,) = await other.updates()
    assert stopped["poll"]["correct_option_ids"] == [1]
    await square.users.remove_member(square.group, other_id, by=square.amina)
