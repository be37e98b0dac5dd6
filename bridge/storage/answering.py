"""Which part of a post was answered, and which of its messages in another chat is that part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.core import spots
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Attachment, Content, Place, Poll
from bridge.core.states import DeliveryState
from bridge.storage import codec
from bridge.storage.ledger_changes import DEAD, ORIGINAL
from bridge.storage.ledger_reads import COPY, DELETE, POST, SEND, messages_of, versions
from bridge.storage.models import Delivery, Post, Source


@dataclass(frozen=True, kw_only=True)
class _Message:
    """One message of a post out there, and what it shows."""

    ref: RemoteRef
    text: str = ""
    file: Attachment | None = None
    place: Place | None = None
    poll: Poll | None = None


async def spot_of(ref: RemoteRef, excerpt: str, post: Post, row: Delivery | None) -> str:
    """The part of a post that one of its messages is; ``excerpt``: the words of it that were answered.

    ``row``: whose message it is, None for its author's.
    """
    messages = [] if row is None else await _messages(post, row.address)
    if ref not in [each.ref for each in messages]:
        messages = await _originals(post, ref.address)
    index = next((number for number, each in enumerate(messages) if each.ref == ref), None)
    if index is None:
        return spots.WHOLE
    text, parts = codec.load(codec.RICH_TEXT, post.text).text, [each.text for each in messages]
    answered, begins = messages[index], spots.beginnings(parts, text)[index]
    if answered.file is not None and begins != 0:  # where the text begins, who answers the picture answers the post
        return spots.of_file(answered.file.sha256)
    if begins is not None:
        return spots.of_text(spots.place_of(parts, index, excerpt, text) or 0)
    items = codec.load(codec.UNCARRIED, post.uncarried)
    for number, item in enumerate(items):
        if (answered.place or answered.poll) and (item.place, item.poll) == (answered.place, answered.poll):
            return spots.of_item(number)
    return spots.WHOLE


async def message_with(spot: str, post_id: int, address: Address) -> RemoteRef | None:
    """The message in a chat that an answer to this part of a post is an answer to; the first where that is unclear."""
    post = await Post.get_or_none(id=post_id) if spot else None
    found = None if post is None else _holding(spot, post, await _messages(post, address))
    if found is not None:
        return found.ref
    standing = await _standing(post_id, address)
    return standing[0].ref if standing else None


def _holding(spot: str, post: Post, messages: Sequence[_Message]) -> _Message | None:
    if sha256 := spots.file_of(spot):
        return next((each for each in messages if each.file is not None and each.file.sha256 == sha256), None)
    distance, item = spots.distance_of(spot), spots.item_of(spot)
    if distance is not None:
        number = spots.part_with(
            [each.text for each in messages], distance, codec.load(codec.RICH_TEXT, post.text).text
        )
        return None if number is None else messages[number]
    items = codec.load(codec.UNCARRIED, post.uncarried)
    wanted = items[item] if item is not None and item < len(items) else None
    if wanted is None or (wanted.place is None and wanted.poll is None):
        return None
    return next((each for each in messages if (each.place, each.poll) == (wanted.place, wanted.poll)), None)


async def _messages(post: Post, address: Address) -> list[_Message]:
    """Everything that a post is in one chat, its author's own message included, in order."""
    found: list[_Message] = []
    for row in await _standing(post.id, address):
        own = await _originals(post, row.address) if row.detail == ORIGINAL else []
        found += own or await _sent(row)
    return found


async def _standing(post_id: int, address: Address) -> list[Delivery]:
    """The rows of what stands in a chat, in order, without those whose place others have taken."""
    rows = Delivery.filter(post_id=post_id, account=address.account, chat=address.chat, kind__in=[POST, COPY])
    removals = await rows.filter(operation=DELETE).exclude(state__in=DEAD)
    leaving = {row.target_id for row in removals}
    sent = await rows.filter(operation=SEND, state=DeliveryState.DELIVERED).order_by("part", "id")
    return [row for row in sent if row.id not in leaving]


async def _sent(row: Delivery) -> list[_Message]:
    version = (await versions(row))[0]
    content = codec.load(codec.CONTENT, version.content) if version.content else Content()
    refs = await messages_of(row)
    files = content.attachments
    first = [_Message(ref=ref, text=content.text.text, place=content.place, poll=content.poll) for ref in refs[:1]]
    further = [_Message(ref=ref) for ref in refs[1:]]
    shown = [*first, *further]
    if len(files) != len(refs):  # one was removed by hand
        return shown
    return [replace(message, file=file) for message, file in zip(shown, files, strict=True)]


async def _originals(post: Post, address: Address) -> list[_Message]:
    """The author's own messages: of an album each one."""
    own = Source.filter(submission_id=post.submission_id, account=address.account, chat=address.chat)
    sources = await own.order_by("id")
    found: list[_Message] = []
    for source in sources:
        files = codec.load(codec.ATTACHMENTS, source.attachments)
        items = codec.load(codec.UNCARRIED, source.uncarried)
        item = next((each for each in items if each.place or each.poll), None)
        found.append(
            _Message(
                ref=source.ref,
                text=codec.load(codec.RICH_TEXT, source.text).text if source.text else "",
                file=files[0] if len(files) == 1 else None,
                place=None if item is None else item.place,
                poll=None if item is None else item.poll,
            )
        )
    return found


async def threaded(row: Delivery, content: Content) -> Content:
    """The first part of an answer replies to what it answers, wherever that stands in this chat."""
    if row.kind not in (POST, COPY) or row.part != 1 or row.operation != SEND or content.reply_to is not None:
        return content
    post = row.post  # read together with the row by `claim`
    if post is None or post.reply_post_id is None:
        return content
    return replace(content, reply_to=await message_with(post.reply_place, post.reply_post_id, row.address))
