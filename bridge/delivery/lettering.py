"""Posts, digests and notices as letters: what stands round their words where messages have a subject and a sender."""

import hashlib
from dataclasses import replace

from bridge.core.archive import ArchivePolicy, archive_address
from bridge.core.capabilities import Capabilities
from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.message import Content, Letter, LetterKind
from bridge.core.splitting import split
from bridge.core.text import RichText, plain
from bridge.delivery.directory import Directory
from bridge.rendering import kinds, posts
from bridge.rendering.countries import country_name
from bridge.rendering.posts import PostView
from bridge.rendering.words import Words
from bridge.storage import codec

_SUBJECT = 70
"""Characters of a post's beginning where it has no headline."""
_WHOLE_SUBJECT, _WHOLE_SENDER, _WHOLE_COMMUNITY = 120, 90, 30
"""Bytes, coded, up to which a subject stands whole in a letter's head, so that its text need not repeat it."""


def parts(
    view: PostView,
    address: Address,
    directory: Directory,
    capabilities: Capabilities,
    w: Words,
    *,
    quoting: bool,
    whole: bool,
) -> list[Content]:
    """A post as one letter, of a long one its beginning; as several where all of it is wanted."""
    letter = of_post(view, w)
    view = replace(view, file_words=file_words(view, w))

    def content(text: RichText) -> Content:
        return Content(text=RichText(text.text), letter=letter, previews=view.previews)

    def fits(text: RichText) -> bool:
        return directory.fits(address, content(text))

    composed = _composed(view, letter, capabilities, w, quoting=quoting)
    if whole:
        return [content(part) for part in split(composed, fits)]
    if fits(composed):
        return [content(composed)]
    words = posts.wording(view)

    def shortened(text: RichText) -> RichText:
        cut = posts.reworded(view, text + f"… [{_left_out(view, len(words) - len(text), w)}]")
        return _composed(cut, letter, capabilities, w, quoting=quoting)

    begun = split(words, lambda text: fits(shortened(text)))
    return [content(shortened(begun[0]))]


def _composed(view: PostView, letter: Letter, capabilities: Capabilities, w: Words, *, quoting: bool) -> RichText:
    """The text of a letter: its subject and its theme stand over it, where they are whole there."""
    if (
        posts.subject(view) == letter.subject
        and len(letter.subject.encode()) <= _WHOLE_SUBJECT
        and len(letter.sender.encode()) <= _WHOLE_SENDER
        and len(view.community.encode()) <= _WHOLE_COMMUNITY
    ):
        view = replace(view, theme="", headline="")
    return posts.compose(view, capabilities, w, quoting=quoting)


def _left_out(view: PostView, count: int, w: Words) -> str:
    """What is missing of a post, and where it is to be had."""
    if view.page:
        return w.ngettext(
            "{count} more character: {address}", "{count} more characters: {address}", count, address=view.page
        )
    return w.ngettext(
        "{count} more character: GET {number}", "{count} more characters: GET {number}", count, number=view.number
    )


def file_words(view: PostView, w: Words) -> tuple[str, ...]:
    """No file travels in a letter: its kind, name and size do, and where it is to be had."""
    if view.page:
        return tuple(kinds.linked_files(view.attachments, w, view.page))
    how = f"GET {view.number} PHOTO" if view.asks_page else ""
    return tuple(kinds.files_words(view.attachments, w, how=how))


def of_post(view: PostView, w: Words) -> Letter:
    """The same for all who read in one language."""
    country = country_name(view.card.country, w)
    author = w._("{name} ({country})", name=view.author, country=country) if country else view.author
    title = posts.subject(view) or plain(" ".join(posts.wording(view).text.split())).shortened(_SUBJECT).text
    return Letter(
        kind=LetterKind.POST,
        subject=title,
        number=view.number,
        answers=view.answers,
        thread=view.thread_root,
        sender=w._("{author} via {community}", author=author, community=view.community),
        leave_label=leave_label(view.community, w),
    )


def leave_label(community: str, w: Words) -> str:
    """What stands before the address by which one leaves."""
    return w._("To leave {community}:", community=community)


def of_digest(community: Community, w: Words, archive: str = "") -> Letter:
    """``archive``: where this reader finds it."""
    return Letter(
        kind=LetterKind.DIGEST,
        community=community.id,
        leave_label=leave_label(community.name, w),
        reading_label=w._("At once, daily, weekly or monthly: write to"),
        archive=archive,
    )


def of_notice(community: Community | None) -> Letter:
    return Letter(kind=LetterKind.NOTICE, community="" if community is None else community.id)


def as_reply(content: Content, community: Community) -> Content:
    """What somebody asked to be sent, in a letter of its own: under the post's own id they may have it already."""
    letter = content.letter or Letter()
    return replace(
        content, letter=replace(letter, kind=LetterKind.REPLY, number=None, community=community.id, leave_label="")
    )


def placed(content: Content, community: Community, *, version: int = 0, part: int = 1) -> Content:
    """What was written for all, as one of the letters of a post in one community."""
    letter = content.letter
    if letter is None:
        return content
    archive = letter.archive or archive_address(community.archive) or ""
    return replace(content, letter=replace(letter, community=community.id, version=version, part=part, archive=archive))


def said(content: Content) -> tuple[Content, str]:
    """What its readers read, and not to whom and when it was sent."""
    return replace(content, letter=None), "" if content.letter is None else content.letter.subject


def fingerprint(content: Content) -> str:
    """The same where readers read the same: of a letter that has gone out the ledger keeps this, and not its words."""
    words, subject = said(content)
    return hashlib.sha256(f"{codec.dump(codec.CONTENT, words)}\n{subject}".encode()).hexdigest()[:32]


def own(letter: Letter, community: Community | None, leave: str, key: str = "") -> Letter:
    """With what is its reader's alone: how they leave, and where they read the archive of a community that has one for
    its members, if they asked for their link (``key``).
    """
    archive = letter.archive
    if not archive and key and community is not None and community.archive.policy is ArchivePolicy.MEMBERS:
        archive = archive_address(community.archive, key) or ""
    return replace(letter, leave=leave, archive=archive)
