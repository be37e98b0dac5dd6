"""The contract every adapter keeps, first part: what it claims, how it lives, what comes in.

What an adapter cannot do is not asked of it: see ``harness.py``.
"""

from bridge.core.capabilities import ButtonStyle, Guarantee
from bridge.core.events import ChatKind, MessageDeleted, MessageEdited, MessagePosted
from bridge.core.message import Content
from bridge.core.ports import Adapter, CanAnswerPress, CanDelete, CanEdit, CanFetch, CanLookUp, CanReact
from bridge.core.text import plain
from tests.contract.common import HELLO, every_mark, marks, posted, said, sent_ref
from tests.contract.harness import PERSONAL, Harness, needs, wait_for

# --- claims ---------------------------------------------------------------------------------------------------------


async def test_keeps_the_protocol_and_claims_only_what_it_has(harness: Harness) -> None:
    adapter = harness.adapter
    assert isinstance(adapter, Adapter)
    assert adapter.account == harness.account
    for chat in (harness.group, harness.private):
        claimed = adapter.capabilities(chat)
        assert claimed.text_limit > 0
        assert claimed.max_parts > 0
        assert claimed.in_flight > 0
        assert not claimed.edits or isinstance(adapter, CanEdit)
        assert not claimed.deletes_own or isinstance(adapter, CanDelete)
        assert claimed.deletes_others is None or isinstance(adapter, CanDelete)
        assert not claimed.media or claimed.max_file_bytes > 0
        assert bool(claimed.receives) == isinstance(adapter, CanFetch)
        assert bool(claimed.places_reactions) == isinstance(adapter, CanReact)
        assert claimed.album >= 1
        assert set(claimed.file_bytes) <= claimed.media
        assert claimed.buttons is not ButtonStyle.INLINE or isinstance(adapter, CanAnswerPress)
        assert claimed.guarantee is not Guarantee.ONCE_BY_LOOKUP or isinstance(adapter, CanLookUp)


# --- life -----------------------------------------------------------------------------------------------------------


async def test_start_and_stop_may_be_repeated(harness: Harness) -> None:
    await harness.adapter.start(harness.sink, harness.state)
    ref = await harness.member_writes(harness.group, HELLO)
    await posted(harness, ref)
    await harness.adapter.stop()
    await harness.adapter.stop()
    assert not harness.adapter.health().connected
    await harness.adapter.start(harness.sink, harness.state)
    later = await harness.member_writes(harness.group, plain(f"{PERSONAL} is back"))
    await posted(harness, later)
    assert harness.adapter.health().connected
    assert len(harness.sink.of(MessagePosted, lambda event: event.ref == ref)) == 1, "two receivers, or no cursor"


async def test_stop_before_start_does_nothing(harness: Harness) -> None:
    unused = harness.build_adapter()
    await unused.stop()
    assert not unused.health().connected


async def test_a_restart_goes_on_where_it_stopped(harness: Harness) -> None:
    before = await harness.member_writes(harness.group, plain(f"{PERSONAL} before"))
    await posted(harness, before)
    await harness.stop_adapter()
    while_away = [await harness.member_writes(harness.group, plain(f"{PERSONAL} away {n}")) for n in range(3)]
    await harness.start_adapter()
    after = await harness.member_writes(harness.group, plain(f"{PERSONAL} after"))
    await posted(harness, after)
    order = [event.ref for event in harness.sink.of(MessagePosted)]
    assert order == [before, *while_away, after], "lost, out of order, or told again what was stored before"


# --- in -------------------------------------------------------------------------------------------------------------


async def test_a_members_text_arrives(harness: Harness) -> None:
    before = harness.clock.now()
    ref = await harness.member_writes(harness.group, HELLO)
    event = await posted(harness, ref)
    assert event.text.text == HELLO.text
    assert event.account == harness.account
    assert event.chat == harness.group
    assert event.chat_kind is (ChatKind.GROUP if harness.groups else ChatKind.PRIVATE)
    assert event.key
    assert event.raw
    assert before <= event.at <= harness.clock.now()
    assert event.sender.ref.account == harness.account
    assert not event.sender.bot
    assert bool(event.sender.name) == harness.names


async def test_a_private_text_arrives_as_private(harness: Harness) -> None:
    in_group = await posted(harness, await harness.member_writes(harness.group, HELLO))
    in_private = await posted(harness, await harness.member_writes(harness.private, plain(f"/start {PERSONAL}")))
    assert in_private.chat_kind is ChatKind.PRIVATE
    assert in_private.chat == harness.private
    assert in_private.sender.ref == in_group.sender.ref
    assert in_private.sender.direct == harness.private


@needs(marks)
async def test_marks_arrive(harness: Harness) -> None:
    text = every_mark(harness)
    event = await posted(harness, await harness.member_writes(harness.group, text))
    assert event.text.text == text.text
    assert said(event.text) == said(text)


async def test_a_members_reply_names_what_it_answers(harness: Harness) -> None:
    if not harness.adapter.capabilities(harness.group).replies:
        event = await posted(harness, await harness.member_writes(harness.group, HELLO))
        assert event.reply_to is None
        return
    ours_ref = sent_ref(await harness.send(Content(text=HELLO)))
    event = await posted(harness, await harness.member_writes(harness.group, HELLO, reply_to=ours_ref))
    assert event.reply_to == ours_ref


@needs(lambda ability: ability.capabilities.sees_edits)
async def test_a_members_edit_arrives(harness: Harness) -> None:
    ref = await harness.member_writes(harness.group, HELLO)
    original = await posted(harness, ref)
    await harness.member_edits(ref, plain(f"{PERSONAL} corrected"))
    event = await harness.sink.first(MessageEdited, lambda event: event.ref == ref)
    assert event.text.text == f"{PERSONAL} corrected"
    assert event.sender.ref == original.sender.ref
    assert event.key != original.key


@needs(lambda ability: ability.capabilities.sees_deletes)
async def test_a_members_removal_arrives(harness: Harness) -> None:
    ref = await harness.member_writes(harness.group, HELLO)
    await posted(harness, ref)
    await harness.member_deletes(ref)
    event = await harness.sink.first(MessageDeleted, lambda event: event.ref == ref)
    assert event.chat == harness.group


async def test_own_messages_are_no_events(harness: Harness) -> None:
    mine = sent_ref(await harness.send(Content(text=HELLO)))
    await posted(harness, await harness.member_writes(harness.group, plain(f"{PERSONAL} last")))
    assert not harness.sink.of(MessagePosted, lambda event: event.ref == mine)


async def test_a_strange_name_does_no_harm(harness: Harness) -> None:
    await harness.member_renames(f"{PERSONAL}\u202e\u200b<b>\x07&amp;\n@room")
    event = await posted(harness, await harness.member_writes(harness.group, HELLO))
    assert (PERSONAL in event.sender.name) == harness.names
    assert event.text.text == HELLO.text


async def test_garbage_is_kept_and_stops_nothing(harness: Harness) -> None:
    known = len(harness.sink.events)
    count = await harness.garbage()
    last = await harness.member_writes(harness.group, HELLO)
    await wait_for(lambda: len(harness.sink.events) >= known + count + 1, 30, "every malformed event is accepted")
    await posted(harness, last)
    for event in harness.sink.events[known:]:
        assert event.key
        assert event.raw
    assert harness.adapter.health().connected
    sent_ref(await harness.send(Content(text=HELLO)))


# --- commit, then acknowledge ---------------------------------------------------------------------------------------


async def test_what_could_not_be_stored_is_offered_again(harness: Harness) -> None:
    harness.sink.fail(2)
    ref = await harness.member_writes(harness.group, HELLO)
    event = await posted(harness, ref)
    assert harness.sink.refused == 2
    assert event.text.text == HELLO.text


async def test_nothing_is_acknowledged_before_it_is_stored(harness: Harness) -> None:
    harness.sink.fail(1_000_000)
    ref = await harness.member_writes(harness.group, HELLO)
    await wait_for(lambda: harness.sink.refused, what="the sink was asked")
    await harness.stop_adapter()
    assert not harness.sink.of(MessagePosted, lambda event: event.ref == ref)
    harness.sink.fail(0)
    await harness.start_adapter()
    await posted(harness, ref)


async def test_the_same_event_again_has_the_same_key(harness: Harness) -> None:
    harness.sink.commit_but_raise(1)
    ref = await harness.member_writes(harness.group, HELLO)
    await wait_for(lambda: harness.sink.refused)
    await harness.stop_adapter()
    await harness.start_adapter()
    events = await wait_for(
        lambda: found if len(found := harness.sink.of(MessagePosted, lambda event: event.ref == ref)) > 1 else []
    )
    assert len({event.key for event in events}) == 1
    assert len({event.text for event in events}) == 1
