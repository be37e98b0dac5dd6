"""Whole updates, changed anywhere: each is an event, a notice that nobody wrote, or kept for a person."""

from typing import Any

import pytest
from telegram.constants import MessageType, UpdateType

from bridge.adapters.telegram.convert import read_update
from bridge.core.events import InboundEvent, MessageEdited, MessagePosted, Unreadable
from bridge.storage import codec
from tests.fuzzing import FUZZ, NO_TIMEOUT, mutated, names_in, rng_of
from tests.unit.adapters.telegram.test_convert import ACCOUNT, AMINA, AT, GROUP, ME, command, message
from tests.unit.adapters.telegram.test_kinds import FILM, POINT, SIZES, SMALL

CHANNEL = {"id": -1009, "type": "channel", "title": "News", "username": "news"}
REACTION = {"chat": GROUP, "message_id": 77, "date": 1}
OPTIONS = [{"text": "Monday", "voter_count": 4}, {"text": "Tuesday", "voter_count": 0}]
POLL = {"id": "51", "question": "Which day?", "options": OPTIONS, "is_closed": False, "type": "regular"}
ENTITIES = [
    {"type": "bold", "offset": 0, "length": 4},
    {"type": "text_link", "offset": 2, "length": 4, "url": "https://example.org/"},
    {"type": "text_mention", "offset": 0, "length": 2, "user": AMINA},
]
MESSAGES: tuple[dict[str, Any], ...] = (
    message(text="habari 👩🏾\u200d⚕️ yako", entities=ENTITIES, link_preview_options={"is_disabled": True}),
    message(photo=SIZES, caption="look", caption_entities=ENTITIES[:1], media_group_id="135"),
    message(video={**FILM, **SMALL, "file_size": 7}, has_media_spoiler=True),
    message(document={"file_id": "d", "file_name": "guide.pdf", "mime_type": "application/pdf", **SMALL}),
    message(audio={"file_id": "a", "performer": "Fadhili", "title": "Wimbo", "duration": 61}),
    message(voice={"file_id": "o", "mime_type": "audio/ogg", "duration": 5}),
    message(video_note={"file_id": "n", "length": 240, "duration": 5, **SMALL}),
    message(animation=FILM, document={"file_id": "d"}),
    message(sticker={"file_id": "s", "emoji": "👍", "is_animated": True, "is_video": False, **SMALL}),
    message(location={**POINT, "live_period": 900}),
    message(venue={"location": POINT, "title": "Clinic", "address": "Main road"}, location=POINT),
    message(poll=POLL, forward_origin={"type": "user", "sender_user": AMINA, "date": 1}),
    message(contact={"phone_number": "+254700", "first_name": "Dr"}),
    message(dice={"emoji": "🎲", "value": 5}),
    message(checklist={"title": "To do", "tasks": [{"id": 1, "text": "Water", "completion_date": 7}]}),
    message(story={"chat": GROUP, "id": 1}),
    message(giveaway_winners={"prize_star_count": 500, "winner_count": 1, "winners": [AMINA]}),
    message(invoice={"title": "Book", "currency": "KES", "total_amount": 12550}),
    message(text="x", message_thread_id=45, is_topic_message=True, reply_to_message=message(text="before")),
    message(text="x", external_reply={"origin": {}, "chat": CHANNEL, "message_id": 4}, quote={"text": "there"}),
    message(**command("/start@our_bot abc", 14)),
    message(**command("/start@other_bot", 16)),
    message(sender_chat=CHANNEL, is_automatic_forward=True, text="x"),
    message(new_chat_title="Town"),
    message(new_chat_members=[AMINA]),
    message(migrate_to_chat_id=-1009),
)
STATUS = {"user": {"id": ME.id, "is_bot": True, "first_name": "Baraza"}}
OTHERS: tuple[dict[str, Any], ...] = (
    {"callback_query": {"id": "4382", "from": AMINA, "message": MESSAGES[0], "chat_instance": "1", "data": "handle"}},
    {
        "my_chat_member": {
            "chat": GROUP,
            "from": AMINA,
            "date": 1,
            "old_chat_member": {**STATUS, "status": "left"},
            "new_chat_member": {**STATUS, "status": "restricted", "is_member": True},
        }
    },
    {"message_reaction": {**REACTION, "user": AMINA, "old_reaction": [], "new_reaction": [{"type": "paid"}]}},
    {"message_reaction": {**REACTION, "actor_chat": GROUP, "old_reaction": [], "new_reaction": []}},
    {
        "message_reaction_count": {
            **REACTION,
            "reactions": [{"type": {"type": "emoji", "emoji": "🔥"}, "total_count": 3}],
        }
    },
    {"poll": POLL},
    {"poll_answer": {"poll_id": "51", "user": AMINA, "option_ids": [0, 1]}},
)
UPDATES: tuple[dict[str, Any], ...] = (
    *({kind: each} for each in MESSAGES for kind in ("message", "edited_message")),
    *({kind: MESSAGES[0] | {"chat": CHANNEL}} for kind in ("channel_post", "edited_channel_post")),
    *OTHERS,
)
NAMES = sorted(names_in(list(UPDATES)) | {kind.value for kind in (*MessageType, *UpdateType)})
WORDS = (
    AMINA,
    GROUP,
    CHANNEL,
    POINT,
    FILM,
    SIZES,
    ENTITIES,
    STATUS["user"],
    ME.id,
    "private",
    "member",
    "emoji",
    "bold",
)
CONTENT = {"text", "caption", "photo", "video", "document", "audio", "voice", "sticker", "poll", "contact", "venue"}


def wanted(update: object) -> bool:
    """Is this, without doubt, somebody's message to everybody? Anything else may mean nothing to people."""
    found = (
        next((update[kind] for kind in ("message", "channel_post") if kind in update), None)
        if isinstance(update, dict)
        else None
    )
    if not isinstance(found, dict) or not found.keys() & CONTENT:
        return False
    of_ours = isinstance(found.get("from"), dict) and found["from"].get("id") == ME.id
    entities = found.get("entities" if "text" in found else "caption_entities")
    first = entities[0] if isinstance(entities, list) and entities else None
    a_command = isinstance(first, dict) and first.get("type") == "bot_command"
    return not of_ours and not a_command and found.keys() <= PLAIN


PLAIN = {name for each in MESSAGES[:22] for name in each}
"""Fields that Telegram's own notices do not have."""


def judged(update: object) -> InboundEvent | None:
    """The entry for fuzzing: an event that can be stored; nothing only where nobody wrote it."""
    event = read_update(ACCOUNT, update, ME, AT)
    if event is None:
        assert not wanted(update), update
        return None
    assert event.key
    stored = codec.dump(codec.EVENT, event)
    stored.encode()
    assert isinstance(event, Unreadable) or "\\u0000" not in stored, "no column holds it"
    assert codec.load(codec.EVENT, stored).key == event.key
    if isinstance(event, MessagePosted | MessageEdited):
        assert event.text or event.files or event.uncarried, "nothing is dropped in silence"
        assert event.ref.chat
        assert event.ref.message
    if isinstance(event, Unreadable):
        assert event.raw, "a person can look at it"
    return event


def test_every_sample_is_read_as_it_is() -> None:
    found = [judged({"update_id": number, **update}) for number, update in enumerate(UPDATES)]
    assert not any(isinstance(event, Unreadable) for event in found)
    assert sum(event is not None for event in found) > 50


@pytest.mark.timeout(NO_TIMEOUT)
def test_whatever_is_changed_in_an_update_it_is_read_or_kept() -> None:
    rng = rng_of("updates")
    for number in range(FUZZ or 1500):
        update: object = {"update_id": number, **rng.choice(UPDATES)}
        judged(mutated(rng, update, NAMES, WORDS, times=rng.choice((1, 1, 2, 3, 6))))
