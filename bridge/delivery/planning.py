"""An approved post becomes delivery rows: one for every physical message, in the transaction of the approval."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bridge.core import card as cards
from bridge.core.archive import ArchivePolicy, post_address
from bridge.core.capabilities import Capabilities, Form
from bridge.core.community import Community, Group
from bridge.core.ids import Address
from bridge.core.message import Attachment, Author, Content, Uncarried
from bridge.core.splitting import split
from bridge.core.states import DeliveryState, PostState
from bridge.core.text import MarkKind, RichText, marked
from bridge.delivery import lettering
from bridge.delivery.directory import Directory
from bridge.rendering import posts, sms
from bridge.rendering.notes import NoteView
from bridge.rendering.posts import PostView, Translated
from bridge.rendering.words import Words, words
from bridge.storage import codec, desk, inbox, ledger, submissions
from bridge.storage.models import Delivery, Post, Submission

_EXCERPT = 90
_WILL_BE_THERE = (DeliveryState.PLANNED, DeliveryState.ATTEMPTING, DeliveryState.DELIVERED)


async def view_of(post: Post, community: Community) -> PostView:
    """Everything a rendering of a stored post needs."""
    parent = None if post.reply_post_id is None else await submissions.post_by_id(post.reply_post_id)
    excerpt = ""
    if parent is not None and parent.state == PostState.LIVE:  # what was taken back is not quoted either
        excerpt = excerpt_of(codec.load(codec.RICH_TEXT, parent.text))
    theme = await desk.theme(post.theme_id)
    root = None if post.thread_id is None else await submissions.post_by_id(post.thread_id)
    origin, everywhere = codec.load_object(post.origin), not codec.load_list(post.targets)
    return PostView(
        community=community.name,
        number=post.number,
        author=post.author,
        text=codec.load(codec.RICH_TEXT, post.text),
        card=cards.from_json(codec.load_object(post.card)),
        author_id=await submissions.author_key(post),
        attachments=codec.load(codec.ATTACHMENTS, post.attachments),
        uncarried=codec.load(codec.UNCARRIED, post.uncarried),
        previews=post.previews,
        answers=None if parent is None else parent.number,
        answers_author="" if parent is None else parent.author,
        answers_excerpt=excerpt,
        corrected=post.corrected_at is not None,
        headline=post.headline,
        theme="" if theme is None else theme.title,
        theme_number=post.theme_number,
        thread_number=post.thread_number,
        thread_root=None if root is None else root.number,
        thread_headline="" if root is None else root.headline,
        notes=tuple(NoteView(**note) for note in codec.load_object(post.notes).get("notes", [])),
        short=post.short,
        translations=tuple(
            Translated(
                language=language,
                text=codec.load(codec.RICH_TEXT, row["text"]),
                translator=row["translator"],
                source=row.get("source", ""),
            )
            for language, row in codec.load_object(post.translations).items()
        ),
        origin=(str(origin["community"]), int(origin["number"])) if origin else None,
        page=post_address(community.archive, post.number, everywhere=everywhere) or "",
        asks_page=community.archive.is_reachable and community.archive.policy is ArchivePolicy.MEMBERS,
    )


def excerpt_of(text: RichText) -> str:
    """The words of a post that stand over those that answer it."""
    return RichText(" ".join(text.text.split())).shortened(_EXCERPT).text


def parts_of(
    view: PostView,
    address: Address,
    directory: Directory,
    w: Words,
    *,
    quoting: bool,
    whole: bool = False,
    media: bool = True,
) -> list[Content]:
    """The physical messages of a post in one chat, in order. Empty where the account is not configured.

    ``whole``: as many as it takes, whatever the chat bears; ``media``: False for words in place of every file.
    """
    capabilities = directory.capabilities(address)
    if capabilities is None:
        return []
    if not whole and (not media or capabilities.form is Form.LINE):
        sendable = posts.split_attachments(view.attachments, capabilities)[0]
        view = replace(view, obtainable=frozenset(file.sha256 for file in sendable))
    if not media:
        capabilities = replace(capabilities, media=frozenset())
    most = sys.maxsize if whole else capabilities.max_parts
    if capabilities.form is Form.LINE:
        return _line_parts(view, address, directory, capabilities, w, most)
    if capabilities.letters:
        return lettering.parts(view, address, directory, capabilities, w, quoting=quoting, whole=whole)
    native = _native(view.uncarried, address, directory, capabilities)
    apart = [item for item in view.uncarried if item in native][: most - 1]  # one message is the text's
    alone = [native[item] for item in apart]
    said = replace(view, uncarried=_without(view.uncarried, apart))
    text = posts.compose(said, capabilities, w, quoting=quoting)
    shown, _ = posts.split_attachments(view.attachments, capabilities)
    groups = albums(shown, address, directory)
    parts: list[Content] = []
    if groups and directory.fits(address, Content(text=text, attachments=groups[0])):
        parts.append(Content(text=text, attachments=groups[0]))
    else:
        pieces = [Content(text=part) for part in split(text, lambda t: directory.fits(address, Content(text=t)))]
        first = [_captioned(view, album, address, directory, w) for album in groups[:1]]
        # What is replied to is the first message: where there are albums, that is the text.
        parts += [*pieces, *first] if capabilities.album > 1 else [*first, *pieces]
    parts += [_captioned(view, album, address, directory, w) for album in groups[1:]]
    parts = [*_bounded(parts, address, directory, most - len(alone), w), *alone]
    author = Author(id=view.author_id, name=view.author) if capabilities.authors and view.author_id else None
    return [replace(part, author=author, previews=view.previews) for part in parts]


def files_of(view: PostView, address: Address, directory: Directory, w: Words) -> list[Content]:
    """The files of a post alone, for whoever was told of them in words and asks for it."""
    capabilities = directory.capabilities(address)
    shown = [] if capabilities is None else posts.split_attachments(view.attachments, capabilities)[0]
    return [_captioned(view, album, address, directory, w) for album in albums(shown, address, directory)]


def albums(files: Sequence[Attachment], address: Address, directory: Directory) -> list[tuple[Attachment, ...]]:
    """Files as the chat shows them together, in their order: as many in each message as it bears side by side."""
    capabilities = directory.capabilities(address)
    most = 1 if capabilities is None else capabilities.album
    found: list[tuple[Attachment, ...]] = []
    for file in files:
        joined = (*found[-1], file) if found else (file,)
        if found and len(joined) <= most and directory.fits(address, Content(attachments=joined)):
            found[-1] = joined
        else:
            found.append((file,))
    return found


def _native(
    items: Sequence[Uncarried], address: Address, directory: Directory, capabilities: Capabilities
) -> dict[Uncarried, Content]:
    """What the chat can show as what it is, each a message of its own."""
    found: dict[Uncarried, Content] = {}
    for item in items:
        if item.place is not None and capabilities.places:
            content = Content(place=item.place)
        elif item.poll is not None and capabilities.polls:
            content = Content(poll=item.poll)
        else:
            continue
        if directory.fits(address, content):
            found[item] = content
    return found


def _without(items: Sequence[Uncarried], apart: Sequence[Uncarried]) -> tuple[Uncarried, ...]:
    """What is said in words: everything but what is shown apart, each once."""
    left = list(items)
    for item in apart:
        left.remove(item)
    return tuple(left)


def _line_parts(
    view: PostView, address: Address, directory: Directory, capabilities: Capabilities, w: Words, most: int
) -> list[Content]:
    """Where every character costs: of a long text its beginning, with the notes and how to get the rest."""
    if capabilities.push_parts and most != sys.maxsize:
        text = posts.push(view, capabilities, w, lambda text: is_push(text, capabilities))
        return [Content(text=RichText(text))]
    line = posts.line(view, capabilities, w)

    def cut(text: str) -> list[RichText]:
        return split(RichText(text), lambda t: directory.fits(address, Content(text=t)))

    pieces = cut(line.text())
    if len(pieces) > most:
        low, high = 0, min(len(line.body), most * capabilities.text_limit)
        while low < high:
            middle = (low + high + 1) // 2
            if len(cut(line.shortened(middle, w))) <= most:
                low = middle
            else:
                high = middle - 1
        pieces = cut(line.shortened(low, w))
    parts = _bounded([Content(text=piece) for piece in pieces], address, directory, most, w)
    return [_cheap(part, address, directory) for part in parts]


def is_push(text: str, capabilities: Capabilities) -> bool:
    """Is it short enough for what nobody asked for? Of scripts that need twice the room, twice as many SMS."""
    found = sms.segments(text)
    return found.count <= capabilities.push_parts * (1 if found.encoding == "gsm7" else 2)


def _cheap(part: Content, address: Address, directory: Directory) -> Content:
    """With plain characters for typographic ones where this message becomes cheaper by it, though not all do."""
    cheaper = replace(part, text=RichText(sms.to_gsm7(part.text.text)))
    return cheaper if directory.fits(address, cheaper) else part


def _captioned(
    view: PostView, files: tuple[Attachment, ...], address: Address, directory: Directory, w: Words
) -> Content:
    caption = marked(posts.heading(view, w), MarkKind.BOLD)
    content = Content(text=caption, attachments=files)
    return content if directory.fits(address, content) else Content(attachments=files)


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
        if directory.capabilities(address) is None:
            continue
        beside = await original_stays(submission, group, address)
        if beside:
            await ledger.register_delivered(
                kind=ledger.POST, ref=submission.source, now=now, community=community.id, post_id=post.id
            )
        parts = await contents(post, submission, community, group, view, directory, beside=beside)
        due = due_in(group, community, not_before)
        rows += await plan_parts(parts, post, community, address, now, first=2 if beside else 1, due=due)
    return rows


async def contents(
    post: Post,
    submission: Submission,
    community: Community,
    group: Group,
    view: PostView,
    directory: Directory,
    *,
    beside: bool,
    whole: bool = False,
) -> list[Content]:
    """The messages of a post in one group, in order, in its language where the post was translated into it.

    ``beside``: the author's original stands there already; ``whole``: as many messages as it takes.
    """
    address = await inbox.resolve(group.chat)
    language = group.language or community.language
    view, w = replace(posts.in_language(view, language), card_form=group.card), words(language)
    if beside:
        return await _beside_original(post, submission, view, address, directory, w, whole=whole)
    quoting = not await _can_reply(post, address, directory)
    return parts_of(view, address, directory, w, quoting=quoting, whole=whole)


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
    after: Delivery | None = None,
    revision: int = 0,
    person_id: int | None = None,
) -> list[Delivery]:
    """One row for each physical message; each waits for the one before it, the first for ``after``.

    ``person_id``: it is this person's private copy.
    """
    rows: list[Delivery] = []
    for number, content in enumerate(parts, first):
        content = lettering.placed(content, community, version=revision, part=number)
        rows.append(
            await ledger.plan(
                kind=ledger.POST if person_id is None else ledger.COPY,
                address=address,
                now=now,
                content=content,
                community=community.id,
                post_id=post.id,
                person_id=person_id,
                view="" if person_id is None else ledger.CAN_WAIT,
                part=number,
                revision=revision,
                waits_for=rows[-1].id if rows else None if after is None else after.id,
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


async def original_stays(submission: Submission, group: Group, address: Address) -> bool:
    """Is the author's own message still standing in this group?"""
    if submission.private or address != Address(submission.source.account, submission.source.chat):
        return False
    if submission.intake == "copy":
        return True
    removal = await ledger.removal_of(submission.source)
    return removal is not None and removal.state == DeliveryState.REFUSED


async def _beside_original(
    post: Post,
    submission: Submission,
    view: PostView,
    address: Address,
    directory: Directory,
    w: Words,
    *,
    whole: bool,
) -> list[Content]:
    """What is said under an original that stays in its group."""
    capabilities = directory.capabilities(address)
    if capabilities is None:
        return []
    changed = await submissions.edited_by_moderator(submission.id, post.revision)
    text = posts.stays_in_place(view, capabilities, w, changed=changed)
    pieces = split(text, lambda t: directory.fits(address, Content(text=t)))
    parts = [
        Content(text=piece, reply_to=submission.source if index == 0 else None, silent=True)
        for index, piece in enumerate(pieces)
    ]
    return _bounded(parts, address, directory, sys.maxsize if whole else capabilities.max_parts, w)
