"""Posts for telephones, where every message costs: a page at a time, files as a link with their size."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bridge.core.archive import post_address
from bridge.core.capabilities import Capabilities
from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.message import Content
from bridge.core.splitting import split
from bridge.core.states import PostState
from bridge.core.text import RichText, plain
from bridge.delivery import planning
from bridge.intake.context import Context
from bridge.members import contact
from bridge.members.answers import folded
from bridge.rendering import posts, sms
from bridge.rendering.words import Words
from bridge.storage import asked, codec, personal_links, submissions
from bridge.storage.models import Identity, Post

MORE = "more"
PHOTO = "photo"
NAMES = frozenset({MORE, PHOTO})
_MORE = frozenset({"more", "suite", "la suite", "mais", "mas", "zaidi", "endelea", "kari"})
_PHOTO = re.compile(
    r"get\s*#?(?P<number>\d{1,9})\s+(?:photos?|pictures?|images?|files?|fotos?|imagem|imagens|imagen|imagenes|picha|faili)"
)
_REMEMBERED = timedelta(days=2)
"""How long MORE goes on where GET left off."""


def typed(text: str) -> tuple[str, str] | None:
    """``MORE``, ``GET 12 PHOTO``; None for any other text."""
    if len(text) > 40:
        return None
    said = folded(text)
    if said in _MORE:
        return MORE, ""
    match = _PHOTO.fullmatch(said)
    return None if match is None else (PHOTO, match["number"])


def is_paid(capabilities: Capabilities | None) -> bool:
    """Does somebody pay for every message there?"""
    return capabilities is not None and capabilities.ask_parts > 0


async def send(
    post: Post, page: int, address: Address, community: Community, context: Context, identity: Identity
) -> None:
    """One page of a whole post, and how to have the next."""
    capabilities = context.directory.capabilities(address)
    if capabilities is None:
        return
    w = contact.language_of(identity, community)
    pages = await _pages(post, community, capabilities, w)
    if page > len(pages):
        text = w._("That was all of #{number}.", number=post.number)
        await contact.say(address, Content(text=plain(text)), community, context.now)
        return
    text = pages[page - 1]
    await contact.say(address, Content(text=plain(text)), community, context.now, mark=asked.mark(post.id, page))


async def _pages(post: Post, community: Community, capabilities: Capabilities, w: Words) -> list[str]:
    view = replace(await planning.view_of(post, community), short="")
    line = posts.line(view, capabilities, w)

    def more(text: str) -> str:
        return text + " " + w._("[MORE]")

    def fits(text: RichText) -> bool:
        return sms.segments(more(text.text)).count <= capabilities.ask_parts

    whole = line.text()
    if sms.segments(whole).count <= capabilities.ask_parts:
        return [whole]
    pieces = [part.text for part in split(plain(whole), fits)]
    return [*[more(piece) for piece in pieces[:-1]], pieces[-1]]


async def more(identity: Identity, community: Community, address: Address, context: Context) -> None:
    """The page behind the one that was sent last."""
    found = await asked.last_page(address, context.now - _REMEMBERED)
    post = None if found is None else await submissions.post_by_id(found[0])
    if found is None or post is None or post.state == PostState.RETRACTED:
        w = contact.language_of(identity, community)
        text = w._("More of what? Write: GET and the number of a post.")
        await contact.say(address, Content(text=plain(text)), community, context.now)
        return
    owner = context.communities.get(post.community) or community
    await send(post, found[1] + 1, address, owner, context, identity)


async def photo(post: Post, identity: Identity, community: Community, address: Address, context: Context) -> None:
    """Where the files of a post are, with their sizes; no byte of them goes to a telephone unasked."""
    w = contact.language_of(identity, community)
    view = await planning.view_of(post, community)
    if not view.attachments:
        text = w._("#{number} has no photo and no file.", number=post.number)
    else:
        told = ", ".join(posts.files_words(view.attachments, w, {}))
        page = await page_address(community, post, identity)
        where = page or w._("They are in the community's groups: there is no web page to show them on.")
        if not page and view.asks_page:
            where = w._("They are on a web page for members: write ARCHIVE for your link to it.")
        text = f"#{post.number}: {told}. {where}"
    await contact.say(address, Content(text=plain(text)), community, context.now)


async def page_address(community: Community, post: Post, identity: Identity) -> str | None:
    """Where this reader finds a post on a web page; None where the community has none, or they asked for no link."""
    key = await personal_links.known_archive_key(identity.person_id, community.id)
    everywhere = not codec.load_list(post.targets)
    return post_address(community.archive, post.number, key, everywhere=everywhere)


__all__: Sequence[str] = ("MORE", "NAMES", "PHOTO", "is_paid", "more", "page_address", "photo", "send", "typed")
