"""What an allowed bot brings back: two bridges that pass on each other's posts would never end.

Every post bears the name of its community, its number and its author in its first line, on every platform, and no other
bridge takes that away. So a bot's message in which such a line stands is a post of ours that comes back.
"""

import re
import unicodedata
from datetime import timedelta

import structlog

from bridge.core.community import Community
from bridge.core.events import MessagePosted
from bridge.core.hygiene import clean_name
from bridge.core.message import Content
from bridge.core.text import MarkKind, RichText, plain
from bridge.intake.context import Context
from bridge.moderation.announcing import announce
from bridge.rendering.words import words
from bridge.storage import chats, codec, inbox, ledger, submissions

_log = structlog.get_logger()
_MOST = 20
"""Lines of one message that are looked up: each round of a loop would add one."""
_BEGINNING = 60
"""Characters of a post that must be there: where space is dear only its beginning is."""
_SILENCE = timedelta(days=1)


async def brings_back(event: MessagePosted, community: Community, context: Context) -> bool:
    """Is this a post of ours, as another bridge passes it on? Then the moderators are told, once a day."""
    said = _unquoted(event.text)
    for known in context.communities.all:
        number = await _post_in(said, known)
        if number is not None:
            _log.warning("own_post_came_back", account=event.account, community=known.id, number=number)
            await _tell(event, community, context)
            return True
    return False


async def _post_in(said: str, community: Community) -> int | None:
    heading = re.compile(rf"(?<!\w){re.escape(_seen(community.name))}\s*#\s*(\d{{1,9}})\b([^\n]*)", re.IGNORECASE)
    for found, _ in zip(heading.finditer(said), range(_MOST), strict=False):
        post = await submissions.post_by_number(community.id, int(found[1]))
        if post is None:
            continue
        beginning = _folded(codec.load(codec.RICH_TEXT, post.text).text)[:_BEGINNING].strip()
        if _folded(post.author).strip() in _folded(found[2]) or (beginning and beginning in _folded(said)):
            return int(post.number)
    return None


async def _tell(event: MessagePosted, community: Community, context: Context) -> None:
    w = words(community.language)
    text = w._(
        "⚠️ {bot} brings posts of this community back into {chat}. They are left out: two bridges that pass on each "
        "other's posts would never end. If it need not be read here at all, take it out of allow_bots in the config.",
        bot=clean_name(event.sender.name),
        chat=await chats.title(event.ref.address),
    )
    said = Content(text=plain(text), silent=True)
    for channel in community.moderators:
        if await ledger.said_lately(await inbox.resolve(channel), said, context.now - _SILENCE):
            return
    await announce(community, text, context.now)


def _unquoted(text: RichText) -> str:
    """Somebody who answers a post may quote it, with its first line: that is no copy of it."""
    quoted = [(mark.start, mark.end) for mark in text.marks if mark.kind is MarkKind.QUOTE]
    left = "".join(
        "\n" if any(start <= place < end for start, end in quoted) else char for place, char in enumerate(text.text)
    )
    return _seen("\n".join(line for line in left.split("\n") if not line.startswith(">")))


def _seen(text: str) -> str:
    """Without the marks of direction around names and what defuses calls of everybody."""
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def _folded(text: str) -> str:
    letters = unicodedata.normalize("NFKC", _seen(text)).casefold()
    return " " + " ".join("".join(char if char.isalnum() else " " for char in letters).split()) + " "
