"""The contract, second part: what goes out, and what an adapter answers when the far side fails."""

import asyncio
import json
from datetime import timedelta

import pytest

from bridge.core.capabilities import Guarantee, TextUnit
from bridge.core.errors import Refusal
from bridge.core.message import AttachmentKind, Content
from bridge.core.ports import CanLookUp, CanPoint, Later, Refused, Sent, Unknown
from bridge.core.text import Mark, MarkKind, RichText, plain
from tests.contract.common import (
    BUTTONS,
    HELLO,
    documents,
    every_mark,
    marks,
    ours,
    posted,
    sent_ref,
)
from tests.contract.harness import PERSONAL, Fault, Harness, can, needs
from tests.contract.samples import NOTE

# --- out ------------------------------------------------------------------------------------------------------------


async def test_a_text_is_shown_once(harness: Harness) -> None:
    ref = sent_ref(await harness.send(Content(text=HELLO)))
    assert ref.account == harness.account
    assert ref.chat == harness.group
    [shown] = await ours(harness)
    assert shown.ref == ref
    assert shown.text == HELLO.text


async def test_a_private_text_is_shown(harness: Harness) -> None:
    ref = sent_ref(await harness.send(Content(text=HELLO), harness.private))
    assert ref.chat == harness.private
    assert [s.text for s in await harness.shown(harness.private) if s.ref == ref] == [HELLO.text]


async def test_markup_in_a_text_is_only_text(harness: Harness) -> None:
    hostile = plain(f"<b>{PERSONAL}</b> & <script>x()</script> *a* _b_ `c` [d](https://example.org) &lt; \\ ]]> {{e}}")
    ref = sent_ref(await harness.send(Content(text=hostile)))
    [shown] = await ours(harness, ref)
    assert shown.text == hostile.text
    assert not (shown.marks or frozenset()) - {MarkKind.LINK}, "a text turned into markup"


@needs(marks)
async def test_marks_are_shown(harness: Harness) -> None:
    text = every_mark(harness)
    [shown] = await ours(harness, sent_ref(await harness.send(Content(text=text))))
    assert shown.text == text.text
    if shown.marks is not None:
        assert shown.marks >= {mark.kind for mark in text.marks}


async def test_overlapping_marks_do_no_harm(harness: Harness) -> None:
    kinds = (MarkKind.BOLD, MarkKind.ITALIC, MarkKind.CODE, MarkKind.QUOTE, MarkKind.MENTION, MarkKind.PRE)
    across = tuple(Mark(n, n + 9, kind, "nobody" * (kind is MarkKind.MENTION)) for n, kind in enumerate(kinds))
    text = RichText(f"{PERSONAL}: a text with marks across each other", across)
    [shown] = await ours(harness, sent_ref(await harness.send(Content(text=text))))
    assert shown.text.split() == text.text.split()


@needs(lambda ability: ability.capabilities.replies)
async def test_a_reply_is_threaded(harness: Harness) -> None:
    question = await harness.member_writes(harness.group, HELLO)
    await posted(harness, question)
    ref = sent_ref(await harness.send(Content(text=plain("An answer"), reply_to=question)))
    [shown] = await ours(harness, ref)
    assert shown.reply_to == question


@needs(lambda ability: ability.capabilities.replies)
async def test_a_reply_to_what_is_gone_is_sent_all_the_same(harness: Harness) -> None:
    question = await harness.member_writes(harness.group, HELLO)
    await posted(harness, question)
    await harness.member_deletes(question)
    ref = sent_ref(await harness.send(Content(text=plain("An answer"), reply_to=question)))
    assert [shown.text for shown in await ours(harness, ref)] == ["An answer"]


@needs(documents)
async def test_a_document_is_shown_with_its_text(harness: Harness) -> None:
    content = Content(text=HELLO, attachments=(harness.attachment(NOTE),))
    assert harness.adapter.fits(harness.group, content)
    outcome = await harness.send(content)
    assert isinstance(outcome, Sent), outcome
    assert outcome.refs
    shown = await ours(harness)
    assert NOTE.sha256 in [s.file_sha256 for s in shown]
    assert HELLO.text in [s.text for s in shown]


async def test_fits_agrees_with_the_far_side(harness: Harness) -> None:
    """The longest text that fits is taken; one more is not. Counted in characters of two UTF-16 units, four bytes."""
    claimed = harness.adapter.capabilities(harness.group)
    low, high = 1, claimed.text_limit + 1
    while low < high - 1:
        middle = (low + high) // 2
        if harness.adapter.fits(harness.group, Content(text=plain("🌍" * middle))):
            low = middle
        else:
            high = middle
    units = {TextUnit.CODE_POINTS: 1, TextUnit.UTF16: 2, TextUnit.BYTES: 4, TextUnit.SEPTETS: 4}[claimed.text_unit]
    assert low * units <= claimed.text_limit
    # Bytes are shared with what surrounds the text; an SMS never ends within such a character.
    if claimed.text_unit not in (TextUnit.BYTES, TextUnit.SEPTETS):
        assert low == claimed.text_limit // units
    sent_ref(await harness.send(Content(text=plain("🌍" * low))))
    if harness.exact_limit:
        too_long = await harness.send(Content(text=plain("🌍" * (low + 1))))
        assert isinstance(too_long, Refused), too_long
        assert too_long.reason is Refusal.TOO_BIG


async def test_a_payload_is_json_and_always_the_same(harness: Harness) -> None:
    can_file = AttachmentKind.DOCUMENT in harness.adapter.capabilities(harness.group).media
    content = Content(
        text=every_mark(harness),
        attachments=(harness.attachment(NOTE),) if can_file else (),
        buttons=BUTTONS,
        reply_to=await harness.member_writes(harness.group, HELLO),
    )
    first, second = (
        json.dumps(a.to_payload(harness.group, content)) for a in (harness.adapter, harness.build_adapter())
    )
    assert first == second
    assert PERSONAL in json.dumps(json.loads(first), ensure_ascii=False)


async def test_a_stored_payload_is_as_good_as_a_fresh_one(harness: Harness) -> None:
    outgoing = harness.outgoing(Content(text=HELLO))
    stored = json.loads(json.dumps(outgoing.payload))
    outcome = await harness.adapter.send(type(outgoing)(chat=outgoing.chat, payload=stored), "d" * 32)
    [shown] = await ours(harness, sent_ref(outcome))
    assert shown.text == HELLO.text


async def test_a_cancelled_send_leaves_the_adapter_usable(harness: Harness) -> None:
    for turns in range(8):
        attempt = asyncio.ensure_future(harness.send(Content(text=plain(f"{PERSONAL} given up {turns}"))))
        for _ in range(turns):
            await asyncio.sleep(0)
        attempt.cancel()
        await asyncio.wait([attempt])
    ref = sent_ref(await harness.send(Content(text=HELLO)))
    assert [shown.text for shown in await ours(harness, ref)] == [HELLO.text]
    await posted(harness, await harness.member_writes(harness.group, HELLO))


# --- faults ---------------------------------------------------------------------------------------------------------


async def test_connect_refused_is_later(harness: Harness) -> None:
    async with harness.fault(Fault.CONNECT_REFUSED):
        outcome = await harness.send(Content(text=HELLO))
    assert isinstance(outcome, Later), outcome
    assert outcome.when >= harness.clock.now() - timedelta(seconds=1)
    assert not await ours(harness)


async def test_a_rate_limit_is_a_deadline(harness: Harness) -> None:
    before = harness.clock.now()
    async with harness.fault(Fault.RATE_LIMITED):
        outcome = await harness.send(Content(text=HELLO))
    assert isinstance(outcome, Later), outcome
    assert outcome.when >= before + timedelta(seconds=harness.rate_limit_seconds)
    assert outcome.when <= harness.clock.now() + timedelta(minutes=5), "a short limit became a long one"
    assert outcome.limit, "it is counted, and an alert says so"
    assert not await ours(harness)


async def test_a_server_error_is_not_a_certain_failure(harness: Harness) -> None:
    async with harness.fault(Fault.SERVER_ERROR):
        outcome = await harness.send(Content(text=HELLO))
    repeats_harmless = harness.adapter.capabilities(harness.group).guarantee is Guarantee.ONCE_BY_KEY
    assert isinstance(outcome, (Unknown, Later) if repeats_harmless else Unknown), outcome


async def test_a_lost_answer_is_unknown(harness: Harness) -> None:
    async with harness.fault(Fault.CUT_AFTER_REQUEST):
        outcome = await harness.send(Content(text=HELLO))
    assert isinstance(outcome, Unknown), outcome
    assert [shown.text for shown in await ours(harness)] == [HELLO.text], "the far side had taken it"


@pytest.mark.parametrize(
    ("fault", "reason"), [(Fault.FORBIDDEN, Refusal.FORBIDDEN), (Fault.CHAT_GONE, Refusal.CHAT_GONE)]
)
async def test_a_definite_no_is_a_refusal(harness: Harness, fault: Fault, reason: Refusal) -> None:
    async with harness.fault(fault):
        outcome = await harness.send(Content(text=HELLO))
    assert isinstance(outcome, Refused), outcome
    assert outcome.reason is harness.refusals.get(fault, reason)
    assert not await ours(harness)


@pytest.mark.parametrize("fault", list(Fault))
async def test_after_a_fault_all_is_well_again(harness: Harness, fault: Fault) -> None:
    async with harness.fault(fault):
        await harness.send(Content(text=HELLO))
    last = plain("All is well")
    ref = sent_ref(await harness.send(Content(text=last)))
    assert [shown.text for shown in await ours(harness, ref)] == [last.text]
    await posted(harness, await harness.member_writes(harness.group, HELLO))


@needs(lambda ability: ability.capabilities.guarantee is Guarantee.ONCE_BY_KEY)
async def test_the_same_key_is_shown_once(harness: Harness) -> None:
    key = "e" * 32
    async with harness.fault(Fault.CUT_AFTER_REQUEST):
        assert isinstance(await harness.send(Content(text=HELLO), key=key), Unknown)
    ref = sent_ref(await harness.send(Content(text=HELLO), key=key))
    assert [shown.ref for shown in await ours(harness)] == [ref]


@needs(can(CanPoint))
async def test_a_message_in_a_group_has_an_address_of_its_own(harness: Harness) -> None:
    """For exports: it opens the message, and is text that a document and a spreadsheet can hold."""
    assert isinstance(harness.adapter, CanPoint)
    refs = [sent_ref(await harness.send(Content(text=HELLO), key=key * 32)) for key in "ab"]
    links = [harness.adapter.message_link(ref) for ref in refs]
    assert all(link is not None and link.startswith("https://") and len(link.split()) == 1 for link in links)
    assert len(set(links)) == len(links)


@needs(can(CanLookUp))
async def test_a_past_send_is_found_by_its_key(harness: Harness) -> None:
    key, lost = "e" * 32, "f" * 32
    ref = sent_ref(await harness.send(Content(text=HELLO), key=key))
    async with harness.fault(Fault.CUT_AFTER_REQUEST):
        assert isinstance(await harness.send(Content(text=HELLO), key=lost), Unknown)
    await harness.restart()
    assert isinstance(harness.adapter, CanLookUp)
    assert await harness.adapter.look_up(harness.group, key) == ref
    found = await harness.adapter.look_up(harness.group, lost)
    assert found in [shown.ref for shown in await ours(harness)]
    assert found != ref
    assert await harness.adapter.look_up(harness.group, "0" * 32) is None


@needs(can(CanLookUp))
async def test_what_cannot_be_asked_is_not_denied(harness: Harness) -> None:
    assert isinstance(harness.adapter, CanLookUp)
    async with harness.fault(Fault.CONNECT_REFUSED):
        with pytest.raises(OSError):  # noqa: PT011 - any OSError says that it cannot be told now
            await harness.adapter.look_up(harness.group, "0" * 32)
