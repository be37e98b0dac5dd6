"""An approved post becomes delivery rows: one for every physical message, in the transaction of the approval."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bridge.core.card import AuthorCard
from bridge.core.community import Community, Group
from bridge.core.ids import Address
from bridge.core.message import Attachment, Content
from bridge.core.splitting import split
from bridge.core.states import DeliveryState
from bridge.core.text import MarkKind, RichText, marked
from bridge.delivery.directory import Directory
from bridge.rendering import posts
from bridge.rendering.posts import PostView
from bridge.rendering.words import Words, words
from bridge.storage import codec, inbox, ledger, submissions
from bridge.storage.models import Delivery, Post, Submission

_EXCERPT = 90
_WILL_BE_THERE = (DeliveryState.PLANNED, DeliveryState.ATTEMPTING, DeliveryState.DELIVERED)


async def view_of(post: Post, community: Community) -> PostView:
    """Everything a rendering of a stored post needs."""
    parent = None if post.reply_post_id is None else await submissions.post_by_id(post.reply_post_id)
    excerpt = "" if parent is None else codec.load(codec.RICH_TEXT, parent.text).text
    return PostView(
        community=community.name,
        number=post.number,
        author=post.author,
        text=codec.load(codec.RICH_TEXT, post.text),
        card=AuthorCard(**codec.load_object(post.card)),
        attachments=codec.load(codec.ATTACHMENTS, post.attachments),
        uncarried=codec.load(codec.UNCARRIED, post.uncarried),
        answers=None if parent is None else parent.number,
        answers_author="" if parent is None else parent.author,
        answers_excerpt=RichText(" ".join(excerpt.split())).shortened(_EXCERPT).text,
    )


def parts_of(view: PostView, address: Address, directory: Directory, w: Words, *, quoting: bool) -> list[Content]:
    """The physical messages of a post in one chat, in order. Empty where the account is not configured."""
    capabilities = directory.capabilities(address)
    if capabilities is None:
        return []
    text = posts.compose(view, capabilities, w, quoting=quoting)
    shown, _ = posts.split_attachments(view.attachments, capabilities)
    parts: list[Content] = []
    if shown and directory.fits(address, Content(text=text, attachments=(shown[0],))):
        parts.append(Content(text=text, attachments=(shown[0],)))
    else:
        if shown:
            parts.append(_captioned(view, shown[0], address, directory, w))
        parts += [Content(text=part) for part in split(text, lambda t: directory.fits(address, Content(text=t)))]
    parts += [_captioned(view, attachment, address, directory, w) for attachment in shown[1:]]
    return _bounded(parts, address, directory, capabilities.max_parts, w)


def _captioned(view: PostView, file: Attachment, address: Address, directory: Directory, w: Words) -> Content:
    caption = marked(posts.heading(view, w), MarkKind.BOLD)
    content = Content(text=caption, attachments=(file,))
    return content if directory.fits(address, content) else Content(attachments=(file,))


def _bounded(parts: list[Content], address: Address, directory: Directory, most: int, w: Words) -> list[Content]:
    """No more messages than the chat bears; what is left out is said."""
    if len(parts) <= most:
        return parts
    last, rest = parts[most - 1], parts[most:]
    files = sum(len(part.attachments) for part in rest)
    beyond = sum(len(part.text) for part in rest if not part.attachments)
    room = len(last.text)
    while True:
        kept = last.text.shortened(room, ellipsis="")
        content = replace(last, text=kept + _left_out(beyond + len(last.text) - len(kept), files, w))
        if room == 0 or directory.fits(address, content):
            return [*parts[: most - 1], content]
        room = max(0, room - 4)


def _left_out(characters: int, files: int, w: Words) -> str:
    missing = [w.ngettext("{count} more character", "{count} more characters", characters)] if characters else []
    missing += [w.ngettext("{count} more file", "{count} more files", files)] if files else []
    return f"… [{', '.join(missing)}]"


async def plan_post(
    post: Post,
    submission: Submission,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    not_before: datetime,
) -> list[Delivery]:
    """Write the rows that carry a post to every group of its community, or to those that were chosen."""
    view = await view_of(post, community)
    rows: list[Delivery] = []
    for group in chosen(post, community):
        address = await inbox.resolve(group.chat)
        w = words(group.language or community.language)
        due = due_in(group, community, not_before)
        original = await _original_stays(submission, group, address)
        if original:
            rows += await _plan_beside_original(post, submission, community, view, address, directory, w, now, due)
            continue
        quoting = not await _can_reply(post, address, directory)
        parts = parts_of(view, address, directory, w, quoting=quoting)
        rows += await plan_parts(parts, post, community, address, now, due=due)
    return rows


def chosen(post: Post, community: Community) -> tuple[Group, ...]:
    """The groups that a post goes to."""
    targets = set(codec.load_list(post.targets))
    return tuple(group for group in community.groups if not targets or str(group.chat) in targets)


def due_in(group: Group, community: Community, not_before: datetime) -> datetime:
    """When a message may go to a group: after its quiet hours, where it has such."""
    zone = group.zone or community.policy.zone
    if group.quiet is None or not group.quiet.contains(not_before, zone):
        return not_before
    return group.quiet.next_end(not_before, zone)


async def plan_parts(
    parts: Sequence[Content],
    post: Post,
    community: Community,
    address: Address,
    now: datetime,
    *,
    first: int = 1,
    due: datetime | None = None,
) -> list[Delivery]:
    """One row for each physical message; each waits for the one before it."""
    rows: list[Delivery] = []
    for number, content in enumerate(parts, first):
        rows.append(
            await ledger.plan(
                kind=ledger.POST,
                address=address,
                now=now,
                content=content,
                community=community.id,
                post_id=post.id,
                part=number,
                waits_for=rows[-1].id if rows else None,
                due_at=due,
            )
        )
    return rows


async def _can_reply(post: Post, address: Address, directory: Directory) -> bool:
    capabilities = directory.capabilities(address)
    if post.reply_post_id is None or capabilities is None or not capabilities.replies:
        return False
    for row in await ledger.of_post(post.reply_post_id):
        if row.address == address and row.operation == ledger.SEND and row.state in _WILL_BE_THERE:
            return True
    return False


async def _original_stays(submission: Submission, group: Group, address: Address) -> bool:
    """Is the author's own message still standing in this group?"""
    if submission.private or address != Address(submission.source.account, submission.source.chat):
        return False
    if submission.intake == "copy":
        return True
    removal = await ledger.removal_of(submission.source)
    return removal is not None and removal.state == DeliveryState.REFUSED


async def _plan_beside_original(
    post: Post,
    submission: Submission,
    community: Community,
    view: PostView,
    address: Address,
    directory: Directory,
    w: Words,
    now: datetime,
    due: datetime,
) -> list[Delivery]:
    capabilities = directory.capabilities(address)
    if capabilities is None:
        return []
    await ledger.register_delivered(
        kind=ledger.POST, ref=submission.source, now=now, community=community.id, post_id=post.id
    )
    changed = await submissions.edited_by_moderator(submission.id, post.revision)
    text = posts.stays_in_place(view, capabilities, w, changed=changed)
    pieces = split(text, lambda t: directory.fits(address, Content(text=t)))
    parts = [
        Content(text=piece, reply_to=submission.source if index == 0 else None, silent=True)
        for index, piece in enumerate(pieces)
    ]
    return await plan_parts(parts, post, community, address, now, first=2, due=due)
