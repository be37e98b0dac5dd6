"""The contract, sixth part: places, polls, reactions, threads, authors, previews, and what is carried only in words."""

from collections.abc import Callable

from bridge.core.capabilities import ButtonStyle, Capabilities
from bridge.core.events import MessageDeleted, PollCounted, PollVoted, Reacted, ReactionsSet
from bridge.core.ids import MessageId, RemoteRef
from bridge.core.message import Author, Content, Place, Poll, UncarriedKind
from bridge.core.ports import CanEdit, CanReact, Refused, Sent
from bridge.core.text import plain
from tests.contract.common import BUTTONS, HELLO, lacks, ours, places, polls, posted, presses, sent_ref
from tests.contract.harness import PERSONAL, Ability, Harness, can, needs, wait_for

CLINIC = Place(latitude=-1.28333, longitude=36.81667, title=f"{PERSONAL}'s clinic", address="Main road")
FIELD = Place(latitude=-90.0, longitude=180.0)
DAYS = Poll(question=f"When does {PERSONAL} come?", options=("Monday", "Tuesday", "Friday"))
SEVERAL = Poll(question="Which of these help?", options=("ORS", "Zinc"), multiple=True)
NO_WORDS = frozenset({UncarriedKind.ENCRYPTED})
"""Nothing can be said of it."""
EMOJIS = ("👍", "🔥", "👏", "😁", "🎉")


def has(condition: Callable[[Capabilities], bool]) -> Callable[[Ability], bool]:
    return lambda ability: condition(ability.capabilities)


# --- places and polls -----------------------------------------------------------------------------------------------


@needs(places)
async def test_a_place_is_shown_on_the_map(harness: Harness) -> None:
    for place in (CLINIC, FIELD):
        content = Content(place=place)
        assert harness.adapter.fits(harness.group, content)
        [shown] = await ours(harness, sent_ref(await harness.send(content)))
        assert shown.place is not None
        assert abs(shown.place.latitude - place.latitude) < 1e-5
        assert abs(shown.place.longitude - place.longitude) < 1e-5
        assert place.title in shown.place.title
    for nowhere in (Place(latitude=90.1, longitude=0), Place(latitude=0, longitude=float("nan"))):
        assert not harness.adapter.fits(harness.group, Content(place=nowhere))


@needs(places)
async def test_a_members_place_arrives(harness: Harness) -> None:
    event = await posted(harness, await harness.member_shares(harness.group, CLINIC))
    [item] = event.uncarried
    assert item.place is not None
    assert abs(item.place.latitude - CLINIC.latitude) < 1e-5
    assert abs(item.place.longitude - CLINIC.longitude) < 1e-5
    assert item.place.title == CLINIC.title
    for word in (CLINIC.title, "-1.28333", "36.81667"):
        assert word in item.detail


@needs(polls)
async def test_a_poll_is_shown(harness: Harness) -> None:
    for poll in (DAYS, SEVERAL):
        assert harness.adapter.fits(harness.group, Content(poll=poll))
        [shown] = await ours(harness, sent_ref(await harness.send(Content(poll=poll))))
        assert shown.poll is not None
        assert (shown.poll.question, shown.poll.options) == (poll.question, poll.options)
        assert shown.poll.multiple == poll.multiple


@needs(polls)
async def test_the_largest_poll_that_fits_is_taken(harness: Harness) -> None:
    """The longest question, the longest answer and the most answers; one more is not taken by a strict far side."""
    grown: tuple[Callable[[int], Poll], ...] = (
        lambda n: Poll(question="é" * n, options=("Yes", "No")),
        lambda n: Poll(question="Well?", options=("é" * n, "No")),
        lambda n: Poll(question="Well?", options=tuple(f"Answer {i}" for i in range(n))),
    )
    for poll in grown:
        low, high = 2, 500
        while low < high - 1:
            middle = (low + high) // 2
            fits = harness.adapter.fits(harness.group, Content(poll=poll(middle)))
            low, high = (middle, high) if fits else (low, middle)
        [shown] = await ours(harness, sent_ref(await harness.send(Content(poll=poll(low)))))
        assert shown.poll is not None
        assert (shown.poll.question, shown.poll.options) == (poll(low).question, poll(low).options)
        if harness.exact_limit and high < 500:
            assert isinstance(await harness.send(Content(poll=poll(high))), Refused)


@needs(polls)
async def test_a_members_poll_arrives(harness: Harness) -> None:
    event = await posted(harness, await harness.member_shares(harness.group, DAYS))
    [item] = event.uncarried
    assert item.kind is UncarriedKind.POLL
    assert item.poll == DAYS
    assert all(words in item.detail for words in (DAYS.question, *DAYS.options))


@needs(polls)
async def test_votes_come_back(harness: Harness) -> None:
    ref = sent_ref(await harness.send(Content(poll=DAYS)))
    await harness.member_votes(ref, 2)
    kinds = (PollVoted, PollCounted)
    await wait_for(lambda: any(isinstance(event, kinds) for event in harness.sink.events), what="the vote arrives")
    votes = {(event.ref, event.options) for event in harness.sink.of(PollVoted)}
    counts = {(event.ref, event.counts) for event in harness.sink.of(PollCounted)}
    assert votes | counts <= {(ref, (2,)), (ref, (0, 0, 1))}


@needs(lacks(places))
async def test_where_there_are_no_places_none_fits(harness: Harness) -> None:
    assert not harness.adapter.fits(harness.group, Content(place=CLINIC))


@needs(lacks(polls))
async def test_where_there_are_no_polls_none_fits(harness: Harness) -> None:
    assert not harness.adapter.fits(harness.group, Content(poll=DAYS))


async def test_whatever_a_member_can_send_becomes_words(harness: Harness) -> None:
    assert harness.uncarried or not harness.sends_files
    for kind in sorted(harness.uncarried):
        event = await posted(harness, await harness.member_sends(harness.group, kind))
        assert kind in [item.kind for item in event.uncarried], kind
        if kind not in NO_WORDS:
            assert any(item.detail for item in event.uncarried), f"{kind}: nothing is said of it"


# --- reactions ------------------------------------------------------------------------------------------------------


@needs(has(lambda claimed: claimed.reads_reactions))
async def test_a_reaction_arrives_and_is_taken_back(harness: Harness) -> None:
    author = (await posted(harness, await harness.member_writes(harness.group, HELLO))).sender
    ref = sent_ref(await harness.send(Content(text=HELLO)))
    await harness.member_reacts(ref, EMOJIS[0])
    kinds = (Reacted, ReactionsSet)
    await wait_for(lambda: any(isinstance(event, kinds) for event in harness.sink.events), what="the reaction arrives")
    [reaction] = [event for event in harness.sink.events if isinstance(event, kinds)]
    assert reaction.ref == ref
    assert reaction.sender.ref == author.ref
    await harness.member_unreacts(ref, EMOJIS[0])
    if isinstance(reaction, Reacted):
        assert reaction.emoji == EMOJIS[0]
        gone = RemoteRef(harness.account, harness.group, reaction.reaction or MessageId(""))
        await harness.sink.first(MessageDeleted, lambda event: event.ref == gone)
    else:
        assert reaction.emojis == EMOJIS[:1]
        await harness.sink.first(ReactionsSet, lambda event: event.ref == ref and not event.emojis)


@needs(can(CanReact))
async def test_our_reactions_are_placed_and_taken_back(harness: Harness) -> None:
    assert isinstance(harness.adapter, CanReact)
    theirs = await harness.member_writes(harness.group, HELLO)
    await posted(harness, theirs)
    most = harness.adapter.capabilities(harness.group).places_reactions

    async def placed() -> tuple[str, ...]:
        return next(shown.reactions for shown in await harness.shown(harness.group) if shown.ref == theirs)

    for number, wanted in enumerate((EMOJIS, EMOJIS, EMOJIS[1:2], ())):
        assert await harness.adapter.react(theirs, wanted, f"{number:032x}") == Sent()
        assert await placed() == wanted[:most]


# --- threads, authors, previews, calls ------------------------------------------------------------------------------


@needs(has(lambda claimed: claimed.threads))
async def test_an_answer_into_a_thread_stays_in_it(harness: Harness) -> None:
    root = await harness.member_writes(harness.group, HELLO)
    inside = await harness.member_opens_thread(root, plain(f"{PERSONAL} in a thread"))
    await posted(harness, inside)
    [shown] = await ours(harness, sent_ref(await harness.send(Content(text=HELLO, reply_to=inside))))
    assert shown.thread == root
    assert shown.reply_to == inside


@needs(has(lambda claimed: claimed.replies))
async def test_an_answer_to_an_unknown_message_is_sent_all_the_same(harness: Harness) -> None:
    unknown = RemoteRef(harness.account, harness.group, MessageId(harness.unknown_message))
    ref = sent_ref(await harness.send(Content(text=HELLO, reply_to=unknown)))
    assert [shown.text for shown in await ours(harness, ref)] == [HELLO.text]


@needs(has(lambda claimed: claimed.authors))
async def test_the_author_stands_beside_the_message(harness: Harness) -> None:
    for name in (PERSONAL, ""):
        author = Author(id="a" * 16, name=name) if name else None
        [shown] = await ours(harness, sent_ref(await harness.send(Content(text=HELLO, author=author))))
        assert shown.author == name
        assert shown.text == HELLO.text


@needs(has(lambda claimed: claimed.previews))
async def test_previews_are_shown_only_where_wanted(harness: Harness) -> None:
    for wanted in (True, False):
        content = Content(text=plain("See https://example.org/ors"), previews=wanted)
        [shown] = await ours(harness, sent_ref(await harness.send(content)))
        assert shown.preview is wanted


@needs(lambda ability: bool(ability.harness.calls))
async def test_calls_of_everybody_are_defused(harness: Harness) -> None:
    for call in harness.calls:
        text = f"{call} {PERSONAL} says {call}!"
        [shown] = await ours(harness, sent_ref(await harness.send(Content(text=plain(text)))))
        assert call not in shown.text
        assert shown.text.replace("\u2060", "") == text, "it still reads as it was written"


# --- what a table denies --------------------------------------------------------------------------------------------


async def test_what_is_not_claimed_is_left_out_and_the_words_arrive(harness: Harness) -> None:
    claimed = harness.adapter.capabilities(harness.group)
    question = await harness.member_writes(harness.group, HELLO)
    await posted(harness, question)
    content = Content(
        text=HELLO, reply_to=question, author=Author(id="a" * 16, name="Amina"), previews=True, buttons=BUTTONS
    )
    [shown] = await ours(harness, sent_ref(await harness.send(content)))
    assert shown.text.startswith(HELLO.text)
    if not claimed.replies:
        assert shown.reply_to is None
    if not claimed.authors:
        assert shown.author == ""
    if claimed.buttons is ButtonStyle.WORDS:
        assert shown.buttons == ()
    if not claimed.marks:
        assert not shown.marks


@needs(lacks(has(lambda claimed: claimed.edits)), can(CanEdit))
async def test_an_edit_that_is_not_claimed_is_refused(harness: Harness) -> None:
    ref = sent_ref(await harness.send(Content(text=HELLO)))
    assert isinstance(await harness.edit(ref, Content(text=plain("Corrected"))), Refused)
    assert [shown.text for shown in await ours(harness)] == [HELLO.text]


@needs(lacks(has(lambda claimed: claimed.sees_deletes)))
async def test_a_removal_that_nobody_tells_us_of_is_no_event(harness: Harness) -> None:
    ref = await harness.member_writes(harness.group, HELLO)
    await posted(harness, ref)
    await harness.member_deletes(ref)
    await posted(harness, await harness.member_writes(harness.group, HELLO))
    assert not harness.sink.of(MessageDeleted)


@needs(lacks(presses))
async def test_where_there_are_no_buttons_nothing_is_pressed(harness: Harness) -> None:
    assert harness.adapter.capabilities(harness.group).buttons is ButtonStyle.WORDS
    [shown] = await ours(harness, sent_ref(await harness.send(Content(text=HELLO, buttons=BUTTONS))))
    assert (shown.buttons, shown.text) == ((), HELLO.text)
