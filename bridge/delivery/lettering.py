"""Posts, digests and notices as letters: what stands round their words where messages have a subject and a sender."""

from dataclasses import replace

from bridge.core.capabilities import Capabilities
from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.message import Content, Letter, LetterKind
from bridge.core.splitting import split
from bridge.core.text import RichText, plain
from bridge.delivery.directory import Directory
from bridge.rendering import posts
from bridge.rendering.countries import country_name
from bridge.rendering.posts import PostView
from bridge.rendering.words import Words

_SUBJECT = 70
"""Characters of a post's beginning where it has no headline."""


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

    def content(text: RichText) -> Content:
        return Content(text=RichText(text.text), letter=letter, previews=view.previews)

    def fits(text: RichText) -> bool:
        return directory.fits(address, content(text))

    composed = posts.compose(view, capabilities, w, quoting=quoting)
    if whole:
        return [content(part) for part in split(composed, fits)]
    if fits(composed):
        return [content(composed)]
    words = posts.wording(view)

    def shortened(text: RichText) -> RichText:
        left_out = w.ngettext(
            "{count} more character: GET {number}",
            "{count} more characters: GET {number}",
            len(words) - len(text),
            number=view.number,
        )
        cut = posts.reworded(view, text + f"… [{left_out}]")
        return posts.compose(cut, capabilities, w, quoting=quoting)

    begun = split(words, lambda text: fits(shortened(text)))
    return [content(shortened(begun[0]))]


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


def of_digest(community: Community, w: Words) -> Letter:
    return Letter(kind=LetterKind.DIGEST, community=community.id, leave_label=leave_label(community.name, w))


def of_notice(community: Community | None) -> Letter:
    return Letter(kind=LetterKind.NOTICE, community="" if community is None else community.id)


def as_reply(content: Content, community: Community) -> Content:
    """What somebody asked to be sent, in a letter of its own: under the post's own id they may have it already."""
    letter = content.letter or Letter()
    return replace(
        content, letter=replace(letter, kind=LetterKind.REPLY, number=None, community=community.id, leave_label="")
    )


def placed(letter: Letter, community: Community, *, version: int, part: int) -> Letter:
    """One that was written for all, as one of the letters of a post in one community."""
    return replace(letter, community=community.id, version=version, part=part)
