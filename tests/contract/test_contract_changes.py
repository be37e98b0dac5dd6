"""The contract, third part: edits, removals, buttons and files, for adapters that have them."""

import pytest

from bridge.core.capabilities import ButtonStyle
from bridge.core.errors import MediaRefused, Refusal
from bridge.core.events import ButtonPressed, Reacted
from bridge.core.ids import RemoteRef
from bridge.core.message import AttachmentKind, Content
from bridge.core.ports import CanAnswerPress, CanDelete, CanEdit, CanFetch, Refused, Sent
from bridge.core.text import EMPTY, plain
from tests.contract.common import BUTTONS, HELLO, deletes, documents, edits, fetched, ours, posted, presses, sent_ref
from tests.contract.harness import Fault, Harness, can, needs, wait_for
from tests.contract.samples import NOTE

# --- edits and removals ---------------------------------------------------------------------------------------------


@needs(can(CanEdit), edits)
async def test_an_edit_replaces_the_text(harness: Harness) -> None:
    ref = sent_ref(await harness.send(Content(text=HELLO)))
    assert isinstance(await harness.edit(ref, Content(text=plain("Corrected"))), Sent)
    [shown] = await ours(harness)
    assert shown.ref == ref
    assert shown.text == "Corrected"
    assert shown.edited


@needs(can(CanEdit), edits)
async def test_an_edit_that_changes_nothing_is_sent(harness: Harness) -> None:
    ref = sent_ref(await harness.send(Content(text=HELLO)))
    assert isinstance(await harness.edit(ref, Content(text=HELLO)), Sent)
    assert [shown.text for shown in await ours(harness)] == [HELLO.text]


@needs(can(CanEdit), can(CanDelete), edits, deletes)
async def test_an_edit_of_what_is_gone_is_refused(harness: Harness) -> None:
    ref = sent_ref(await harness.send(Content(text=HELLO)))
    assert isinstance(await harness.delete(ref), Sent)
    outcome = await harness.edit(ref, Content(text=plain("Too late")))
    assert isinstance(outcome, Refused), outcome
    assert outcome.reason is Refusal.TARGET_GONE
    assert not await ours(harness)


@needs(can(CanDelete), deletes)
async def test_a_removal_may_be_repeated(harness: Harness) -> None:
    ref = sent_ref(await harness.send(Content(text=HELLO)))
    assert isinstance(await harness.delete(ref), Sent)
    assert not await ours(harness)
    assert isinstance(await harness.delete(ref), Sent)


@needs(can(CanDelete), lambda ability: ability.capabilities.deletes_others is not None)
async def test_a_members_message_can_be_removed(harness: Harness) -> None:
    ref = await harness.member_writes(harness.group, HELLO)
    await posted(harness, ref)
    assert isinstance(await harness.delete(ref), Sent)
    assert ref not in [shown.ref for shown in await harness.shown(harness.group)]


# --- buttons --------------------------------------------------------------------------------------------------------


@needs(presses)
async def test_a_press_says_who_and_which(harness: Harness) -> None:
    author = (await posted(harness, await harness.member_writes(harness.group, HELLO))).sender
    ref = sent_ref(await harness.send(Content(text=plain("Publish?"), buttons=BUTTONS)))
    buttons = [button for row in BUTTONS for button in row]
    inline = harness.adapter.capabilities(harness.group).buttons is ButtonStyle.INLINE
    labels = tuple(button.label if inline else button.emoji for button in buttons)
    await wait_for(lambda: shows(harness, ref, labels), what="the buttons are shown")
    await harness.member_presses(ref, 2)
    if inline:
        press = await harness.sink.first(ButtonPressed)
        assert press.handle == buttons[2].handle
        assert press.ref == ref
        assert press.sender.ref == author.ref
        assert isinstance(harness.adapter, CanAnswerPress)
        await harness.adapter.answer_press(press.press, "Noted", alert=True)
    else:
        reaction = await harness.sink.first(Reacted)
        assert reaction.emoji == buttons[2].emoji
        assert reaction.ref == ref
        assert reaction.sender.ref == author.ref


async def shows(harness: Harness, ref: RemoteRef, labels: tuple[str, ...]) -> bool:
    return [shown.buttons for shown in await ours(harness, ref)] == [labels]


@needs(can(CanAnswerPress))
async def test_answering_an_unknown_press_does_no_harm(harness: Harness) -> None:
    assert isinstance(harness.adapter, CanAnswerPress)
    await harness.adapter.answer_press("1234567890", "Too late")
    async with harness.fault(Fault.CONNECT_REFUSED):
        await harness.adapter.answer_press("1234567890", "Too late")


# --- files ----------------------------------------------------------------------------------------------------------


@needs(can(CanFetch), documents)
async def test_a_members_file_can_be_fetched(harness: Harness) -> None:
    event = await posted(harness, await harness.member_writes(harness.group, HELLO, file=NOTE))
    assert event.text.text == HELLO.text
    [file] = event.files
    assert file.kind is AttachmentKind.DOCUMENT
    assert file.name == NOTE.name
    assert file.size in (None, len(NOTE.data))
    assert await fetched(harness, file, len(NOTE.data)) == NOTE.data
    await harness.restart()
    assert await fetched(harness, file, len(NOTE.data)) == NOTE.data, "a file must outlive a restart"


@needs(can(CanFetch), documents)
async def test_a_file_over_the_limit_is_refused(harness: Harness) -> None:
    event = await posted(harness, await harness.member_writes(harness.group, EMPTY, file=NOTE))
    with pytest.raises(MediaRefused):
        await fetched(harness, event.files[0], len(NOTE.data) - 1)
