"""The contract, fifth part: files of every kind, both ways, alone and in albums."""

from dataclasses import replace

import pytest

from bridge.core.errors import Refusal
from bridge.core.events import MessageEdited, MessagePosted
from bridge.core.message import Attachment, AttachmentKind, Content
from bridge.core.ports import CanDelete, CanDeleteTogether, CanEdit, CanFetch, Refused, Sent
from bridge.core.text import EMPTY, plain
from bridge.media.refusal import MediaReason, UnfitMedia
from tests.contract.common import (
    HELLO,
    albums,
    covers,
    deletes,
    edits,
    fetched,
    ours,
    posted,
    receives,
    sent_ref,
    shows,
)
from tests.contract.harness import PERSONAL, Ability, Harness, can, needs
from tests.contract.samples import COLOURS, FILES, NOTE, picture

PHOTO, DOCUMENT, VIDEO = AttachmentKind.PHOTO, AttachmentKind.DOCUMENT, AttachmentKind.VIDEO


def sees_edited_files(ability: Ability) -> bool:
    return ability.capabilities.sees_edits and PHOTO in ability.capabilities.receives


# --- out ------------------------------------------------------------------------------------------------------------


@needs(lambda ability: bool(ability.capabilities.media))
async def test_every_kind_of_file_is_shown_as_what_it_is(harness: Harness) -> None:
    for kind in sorted(harness.adapter.capabilities(harness.group).media):
        file = FILES[kind]
        content = Content(attachments=(harness.attachment(file),))
        assert harness.adapter.fits(harness.group, content), kind
        [shown] = await ours(harness, sent_ref(await harness.send(content)))
        assert shown.kind is harness.shown_as.get(kind, kind)
        assert shown.file_sha256 == file.sha256, kind
        if kind in (DOCUMENT, VIDEO):
            assert file.name in shown.file_name
        if kind is AttachmentKind.AUDIO:
            assert file.title in shown.file_name
            assert file.performer in shown.file_name
        if kind is not AttachmentKind.VIDEO_NOTE or shown.duration is not None:
            assert shown.duration == file.duration, kind


@needs(lambda ability: bool(ability.capabilities.media))
async def test_every_kind_of_file_is_sent_with_words(harness: Harness) -> None:
    """Where a kind bears no words beside it, it is shown as another one rather than without them."""
    if not harness.adapter.capabilities(harness.group).caption_limit:
        return
    for kind in sorted(harness.adapter.capabilities(harness.group).media):
        content = Content(text=HELLO, attachments=(harness.attachment(FILES[kind]),))
        assert harness.adapter.fits(harness.group, content), kind
        [shown] = await ours(harness, sent_ref(await harness.send(content)))
        assert shown.file_sha256 == FILES[kind].sha256
        assert HELLO.text in shown.text, kind


@needs(shows(VIDEO))
async def test_a_film_has_its_thumbnail(harness: Harness) -> None:
    film = harness.attachment(FILES[VIDEO], thumbnail=picture("navy"))
    [shown] = await ours(harness, sent_ref(await harness.send(Content(attachments=(film,)))))
    assert shown.thumbnail_sha256 == picture("navy").sha256


@needs(albums, can(CanEdit), can(CanDelete), edits, deletes)
async def test_single_items_of_an_album_are_exchanged_and_removed(harness: Harness) -> None:
    files = [harness.attachment(picture(colour)) for colour in COLOURS[:4]]
    outcome = await harness.send(Content(text=HELLO, attachments=tuple(files[:3])))
    assert isinstance(outcome, Sent)
    first, second, third = outcome.refs
    wanted = Content(text=HELLO, attachments=(files[0], files[3], files[2]))
    assert await harness.edit(second, wanted, item=2) == Sent()
    shown = {each.ref: each for each in await ours(harness)}
    assert [shown[ref].file_sha256 for ref in outcome.refs] == [picture(COLOURS[number]).sha256 for number in (0, 3, 2)]
    assert HELLO.text in shown[first].text
    assert not shown[second].text
    assert await harness.edit(second, wanted, item=2) == Sent(), "it shows that already"
    assert await harness.delete(first) == Sent()
    rest = Content(text=plain(PERSONAL), attachments=(files[3], files[2]))
    assert await harness.edit(second, rest, item=1) == Sent()
    assert [(each.ref, each.text) for each in await ours(harness)] == [(second, PERSONAL), (third, "")]


@needs(albums, can(CanDeleteTogether), deletes)
async def test_an_album_is_removed_as_one(harness: Harness) -> None:
    files = tuple(harness.attachment(picture(colour)) for colour in COLOURS[:3])
    outcome = await harness.send(Content(text=HELLO, attachments=files))
    assert isinstance(outcome, Sent)
    assert isinstance(harness.adapter, CanDeleteTogether)
    assert isinstance(await harness.delete(outcome.refs[0]), Sent)
    for _ in range(2):
        assert await harness.adapter.delete_together(outcome.refs, "0" * 32) == Sent()
        assert not await ours(harness)


@needs(covers)
async def test_a_picture_is_covered_and_described(harness: Harness) -> None:
    file = harness.attachment(picture("maroon", alt=f"{PERSONAL} washes hands", spoiler=True))
    [shown] = await ours(harness, sent_ref(await harness.send(Content(text=HELLO, attachments=(file,)))))
    assert shown.spoiler
    assert file.alt in (shown.alt or shown.text)
    assert shown.text.startswith(HELLO.text)


@needs(lambda ability: bool(ability.capabilities.media))
async def test_files_over_the_limit_do_not_fit(harness: Harness) -> None:
    claimed = harness.adapter.capabilities(harness.group)
    for kind in sorted(AttachmentKind):
        limit = claimed.file_limit(kind)
        file = harness.attachment(FILES[kind])
        assert harness.adapter.fits(harness.group, Content(attachments=(replace(file, size=limit),))) == bool(limit)
        assert not harness.adapter.fits(harness.group, Content(attachments=(replace(file, size=limit + 1),))), kind


@needs(lambda ability: not ability.capabilities.media)
async def test_where_no_files_are_shown_none_fits(harness: Harness) -> None:
    for upload in FILES.values():
        assert not harness.adapter.fits(harness.group, Content(attachments=(harness.attachment(upload),)))


@needs(shows(DOCUMENT), lambda ability: ability.capabilities.caption_limit > 0)
async def test_the_longest_words_beside_a_file_are_taken(harness: Harness) -> None:
    """One character more does not fit, and is not taken where the far side is as strict."""
    file = harness.attachment(NOTE)

    def content(length: int) -> Content:
        return Content(text=plain("é" * length), attachments=(file,))

    low, high = 0, harness.adapter.capabilities(harness.group).caption_limit + 1
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if harness.adapter.fits(harness.group, content(middle)) else (low, middle)
    assert low > 0
    [shown] = await ours(harness, sent_ref(await harness.send(content(low))))
    assert shown.text == "é" * low
    if harness.exact_limit:
        outcome = await harness.send(content(low + 1))
        assert isinstance(outcome, Refused)
        assert outcome.reason is Refusal.TOO_BIG


# --- albums ---------------------------------------------------------------------------------------------------------


def album(harness: Harness, count: int) -> tuple[Attachment, ...]:
    return tuple(harness.attachment(picture(colour)) for colour in COLOURS[:count])


@needs(albums, shows(PHOTO), can(CanDelete), deletes)
async def test_an_album_is_one_message_for_each_file_in_order(harness: Harness) -> None:
    most = harness.adapter.capabilities(harness.group).album
    files = album(harness, most)
    assert harness.adapter.fits(harness.group, Content(text=HELLO, attachments=files))
    assert not harness.adapter.fits(harness.group, Content(text=HELLO, attachments=album(harness, most + 1)))
    outcome = await harness.send(Content(text=HELLO, attachments=files))
    assert isinstance(outcome, Sent)
    shown = {message.ref: message for message in await ours(harness)}
    assert [shown[ref].file_sha256 for ref in outcome.refs] == [file.sha256 for file in files]
    assert [message.text for message in shown.values() if message.text] == [HELLO.text]
    # Each is a message of its own: it can be answered by people and by us, and removed.
    second = outcome.refs[1]
    event = await posted(harness, await harness.member_writes(harness.group, HELLO, reply_to=second))
    assert event.reply_to == second
    [answer] = await ours(harness, sent_ref(await harness.send(Content(text=HELLO, reply_to=second))))
    assert answer.reply_to == second
    for ref in outcome.refs:
        assert isinstance(await harness.delete(ref), Sent)
    assert [message.ref for message in await ours(harness)] == [answer.ref]


@needs(albums, receives)
async def test_a_members_album_keeps_together(harness: Harness) -> None:
    files = [picture(colour) for colour in COLOURS[:3]]
    refs = await harness.member_sends_album(harness.group, files)
    events = [await posted(harness, ref) for ref in refs]
    assert [event.ref for event in harness.sink.of(MessagePosted)] == refs, "out of order"
    assert len({event.album for event in events}) == 1
    assert events[0].album
    got = [await fetched(harness, event.files[0], 1_000_000) for event in events]
    assert got == [file.data for file in files]


@needs(lambda ability: not albums(ability) and bool(ability.capabilities.media))
async def test_where_there_are_no_albums_two_files_do_not_fit(harness: Harness) -> None:
    assert not harness.adapter.fits(harness.group, Content(attachments=album(harness, 2)))


# --- in -------------------------------------------------------------------------------------------------------------


@needs(receives)
async def test_every_kind_of_file_arrives(harness: Harness) -> None:
    for kind in sorted(harness.adapter.capabilities(harness.group).receives):
        sent = FILES[kind]
        event = await posted(harness, await harness.member_writes(harness.group, EMPTY, file=sent))
        assert not event.uncarried, kind
        [file] = event.files
        assert file.kind is kind
        assert file.size in (None, len(sent.data))
        assert file.name in ("", sent.name)
        assert file.duration == (sent.duration if harness.tells_lengths else None), kind
        assert await fetched(harness, file, len(sent.data)) == sent.data


@needs(receives, covers)
async def test_a_members_covered_picture_stays_covered(harness: Harness) -> None:
    sent = picture("teal", alt=f"{PERSONAL} washes hands", spoiler=True)
    event = await posted(harness, await harness.member_writes(harness.group, HELLO, file=sent))
    [file] = event.files
    assert file.spoiler
    assert file.alt == (sent.alt if harness.describes else "")
    assert event.text.text == HELLO.text


@needs(receives, can(CanFetch))
async def test_a_file_larger_than_the_platform_hands_over_is_refused_before_it_is_fetched(harness: Harness) -> None:
    """By what is claimed of it: these bytes are few."""
    event = await posted(harness, await harness.member_writes(harness.group, EMPTY, file=NOTE))
    largest = harness.adapter.capabilities(harness.group).max_received_bytes
    assert largest > 0, "the suite's far sides all have a limit"
    for file, limit in (
        (replace(event.files[0], size=largest + 1), 1 << 40),
        (replace(event.files[0], size=1_001), 1_000),
        (replace(event.files[0], size=None), len(NOTE.data) - 1),
    ):
        with pytest.raises(UnfitMedia) as refused:
            await fetched(harness, file, limit)
        assert refused.value.reason is MediaReason.TOO_BIG, "its author must hear that a smaller one would do"


@needs(receives, can(CanFetch))
async def test_a_file_that_is_gone_is_refused_as_gone(harness: Harness) -> None:
    event = await posted(harness, await harness.member_writes(harness.group, EMPTY, file=NOTE))
    [file] = event.files
    with pytest.raises(UnfitMedia) as refused:
        await fetched(harness, harness.gone(file), 1_000_000)
    assert refused.value.reason is MediaReason.GONE


@needs(lambda ability: not receives(ability) and ability.harness.sends_files)
async def test_files_that_cannot_be_had_become_words(harness: Harness) -> None:
    for kind, sent in FILES.items():
        event = await posted(harness, await harness.member_writes(harness.group, HELLO, file=sent))
        assert event.files == ()
        assert [item.kind.value for item in event.uncarried] == [kind.value]
        assert event.text.text == HELLO.text


# --- edits ----------------------------------------------------------------------------------------------------------


@needs(can(CanEdit), edits, shows(PHOTO), shows(DOCUMENT))
async def test_the_words_beside_a_file_can_be_edited(harness: Harness) -> None:
    for kind in (PHOTO, DOCUMENT):
        file = harness.attachment(FILES[kind])
        ref = sent_ref(await harness.send(Content(text=HELLO, attachments=(file,))))
        outcome = await harness.edit(ref, Content(text=plain("Corrected"), attachments=(file,)))
        assert isinstance(outcome, Sent), outcome
        [shown] = await ours(harness, ref)
        assert (shown.text, shown.file_sha256, shown.edited) == ("Corrected", file.sha256, True)


@needs(can(CanEdit), edits, shows(PHOTO))
async def test_a_file_can_be_replaced_by_an_edit(harness: Harness) -> None:
    before, after = harness.attachment(picture("red")), harness.attachment(picture("blue"))
    ref = sent_ref(await harness.send(Content(text=HELLO, attachments=(before,))))
    assert isinstance(await harness.edit(ref, Content(text=HELLO, attachments=(after,))), Sent)
    [shown] = await ours(harness, ref)
    assert (shown.text, shown.file_sha256) == (HELLO.text, after.sha256)


@needs(can(CanEdit), edits, lambda ability: bool(ability.capabilities.media))
async def test_a_file_of_any_kind_is_edited_or_the_edit_is_refused(harness: Harness) -> None:
    for kind in sorted(harness.adapter.capabilities(harness.group).media):
        file = harness.attachment(FILES[kind])
        ref = sent_ref(await harness.send(Content(attachments=(file,))))
        outcome = await harness.edit(ref, Content(text=plain("Corrected"), attachments=(file,)))
        [shown] = await ours(harness, ref)
        if isinstance(outcome, Sent):
            assert shown.text == "Corrected", kind
        else:
            assert isinstance(outcome, Refused), kind
            assert outcome.reason is Refusal.UNSUPPORTED, kind
            assert "Corrected" not in shown.text
        assert shown.file_sha256 == file.sha256


@needs(sees_edited_files)
async def test_a_member_edits_a_file(harness: Harness) -> None:
    """What it shows now arrives: the new words, and the new file."""
    ref = await harness.member_writes(harness.group, HELLO, file=picture("red"))
    await posted(harness, ref)
    await harness.member_changes_file(ref, picture("blue"), plain(f"{PERSONAL} corrected"))
    event = await harness.sink.first(MessageEdited, lambda event: event.ref == ref)
    assert event.text.text == f"{PERSONAL} corrected"
    assert [await fetched(harness, file, 1_000_000) for file in event.files] == [picture("blue").data]
