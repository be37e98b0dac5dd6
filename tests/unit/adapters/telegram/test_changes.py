"""Corrections of files, and reactions of ours."""

import io
from dataclasses import replace

from PIL import Image

from bridge.adapters.telegram.adapter import TelegramAdapter
from bridge.core.errors import Refusal
from bridge.core.ids import ChatId, MessageId, RemoteRef
from bridge.core.message import AttachmentKind, Content
from bridge.core.ports import Later, Refused, Sent, Unknown
from bridge.core.text import plain
from tests.unit.adapters.telegram.conftest import ACCOUNT, BOT, Village
from tests.unit.adapters.telegram.test_adapter import KEY, only, picture

# --- corrections of files, reactions, polls -------------------------------------------------------------------------


async def test_a_correction_replaces_the_file(village: Village, adapter: TelegramAdapter) -> None:
    photos = [village.attachment(picture(color), AttachmentKind.PHOTO, "p.png") for color in ("red", "blue")]
    before, after = (village.outgoing(adapter, Content(text=plain("look"), attachments=(photo,))) for photo in photos)
    ref = only(await adapter.send(before, KEY))
    (sent,) = await village.shown()
    assert await adapter.edit(ref, after, KEY) == Sent()
    (shown,) = await village.shown()
    assert shown["media"][0]["file"] != sent["media"][0]["file"]
    assert village.simulator.state.blobs[shown["media"][0]["file"]] == picture("blue")
    assert await adapter.edit(ref, after, KEY) == Sent(), "already as asked"
    assert len(village.simulator.state.files) == 2, "uploaded more than once"


async def test_words_are_corrected_though_the_file_can_no_longer_be_had(
    village: Village, adapter: TelegramAdapter
) -> None:
    photo = village.attachment(picture(), AttachmentKind.PHOTO, "p.png")
    ref = only(await adapter.send(village.outgoing(adapter, Content(text=plain("a"), attachments=(photo,))), KEY))
    village.state.values.clear()
    after = village.outgoing(adapter, Content(text=plain("b"), attachments=(photo,)))
    after.files[0].path.unlink()
    assert await adapter.edit(ref, after, KEY) == Sent()
    (shown,) = await village.shown()
    assert (shown["text"], len(shown["media"])) == ("b", 1)


async def test_an_item_of_an_album_is_exchanged_by_its_kind_alone(village: Village, adapter: TelegramAdapter) -> None:
    photos = [village.attachment(picture(each), AttachmentKind.PHOTO, "p.png") for each in ("red", "blue", "green")]
    note = village.attachment(b"The list", AttachmentKind.DOCUMENT, "list.txt")
    outcome = await adapter.send(village.outgoing(adapter, Content(text=plain("a"), attachments=(*photos[:2],))), KEY)
    assert isinstance(outcome, Sent)
    other = village.outgoing(adapter, Content(text=plain("a"), attachments=(photos[0], photos[2])))
    assert await adapter.edit(outcome.refs[1], replace(other, item=2), KEY) == Sent()
    shown = await village.shown()
    assert [village.simulator.state.blobs[each["media"][0]["file"]] for each in shown] == [
        picture("red"),
        picture("green"),
    ]
    assert [each["text"] for each in shown] == ["a", ""]
    document = village.outgoing(adapter, Content(attachments=(note,)))
    refused = await adapter.edit(outcome.refs[1], replace(document, item=1), KEY)
    assert isinstance(refused, Refused)
    assert refused.reason is Refusal.BAD_CONTENT, "which lets the album go and come anew"


async def test_the_removal_of_an_album_goes_on_where_it_was(village: Village, adapter: TelegramAdapter) -> None:
    photos = tuple(
        village.attachment(picture(each), AttachmentKind.PHOTO, "p.png") for each in ("red", "blue", "green", "black")
    )
    outcome = await adapter.send(village.outgoing(adapter, Content(attachments=photos)), KEY)
    assert isinstance(outcome, Sent)
    village.simulator.fail_next("deleteMessages", 429, retry_after=7)
    assert isinstance(await adapter.delete_together(outcome.refs, KEY), Later)
    assert len(await village.shown()) == 3
    village.simulator.fail_next("deleteMessages", "drop_after")
    assert isinstance(await adapter.delete_together(outcome.refs, KEY), Unknown)
    assert not await village.shown()
    assert await adapter.delete_together(outcome.refs, KEY) == Sent()


async def test_what_may_not_be_removed_is_not_said_to_be(village: Village, adapter: TelegramAdapter) -> None:
    photos = tuple(village.attachment(picture(each), AttachmentKind.PHOTO, "p.png") for each in ("red", "blue"))
    outcome = await adapter.send(village.outgoing(adapter, Content(attachments=photos)), KEY)
    assert isinstance(outcome, Sent)
    village.simulator.fail_next("deleteMessage", 403)
    assert isinstance(await adapter.delete_together(outcome.refs, KEY), Refused)
    assert len(await village.shown()) == 2


async def test_a_photo_that_telegram_refuses_goes_as_a_document(village: Village, adapter: TelegramAdapter) -> None:
    """It lies about its size: only Telegram finds out."""
    data = io.BytesIO()
    Image.new("1", (3000, 10)).save(data, "PNG")
    photo = village.attachment(data.getvalue(), AttachmentKind.PHOTO, "p.png")
    content = Content(text=plain("look"), attachments=(photo,))
    assert village.outgoing(adapter, content).payload["method"] == "sendPhoto"
    only(await adapter.send(village.outgoing(adapter, content), KEY))
    (shown,) = await village.shown()
    assert (shown["text"], shown["media"][0]["kind"]) == ("look", "document")
    assert village.simulator.state.blobs[shown["media"][0]["file"]] == data.getvalue()


async def test_our_reactions_are_exactly_those_asked_for(village: Village, adapter: TelegramAdapter) -> None:
    number = await village.simulator.users.write(village.amina, village.group, "mine")
    ref = RemoteRef(ACCOUNT, ChatId(str(village.group)), MessageId(str(number)))

    def ours() -> list[str]:
        reactions = village.simulator.state.chats[ref.chat].messages[number].reactions.get(str(BOT), [])
        return [reaction["emoji"] for reaction in reactions]

    for asked, placed in (
        (["🦠", "❤️", "👍"], ["❤"]),  # Telegram has none of the first, and only one may be placed
        (["👍"], ["👍"]),
        (["👍"], ["👍"]),
        (["🦠"], []),
        ([], []),
    ):
        assert await adapter.react(ref, asked, KEY) == Sent()
        assert ours() == placed
    outcome = await adapter.react(RemoteRef(ACCOUNT, ref.chat, MessageId("9999")), ["👍"], KEY)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Refusal.TARGET_GONE
