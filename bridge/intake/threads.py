"""What a message answers: by its platform's reply, or by "Re #12" at its beginning, where there is no such thing."""

import re
from dataclasses import dataclass
from datetime import datetime

from bridge.core.community import Community
from bridge.core.events import MessagePosted
from bridge.core.hygiene import clean_line
from bridge.core.ids import Address
from bridge.core.states import PostState
from bridge.core.text import EMPTY, MarkKind, RichText, marked
from bridge.rendering.words import Words
from bridge.storage import answering, asked, former, ledger, submissions
from bridge.storage.models import Delivery, Post


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What a message answers."""

    post_id: int | None = None
    place: str = ""
    """Which part of that post (``core.spots``)."""
    quote: RichText = EMPTY
    """The beginning of what it answers, where that is no post of ours."""


async def answered(event: MessagePosted, now: datetime) -> Answered:
    """The post this answers, and what of it; where it is none of ours, a short quote of what it answers."""
    if event.reply_to is not None:
        row = await ledger.answered(event.reply_to, event.at, now)
        if row is not None and row.post_id is not None:
            return await _in_post(event, await submissions.post_by_id(row.post_id), row)
        for meant in (event.reply_to, *await former.formerly(event.reply_to)):
            parent = await submissions.submission_by_source(meant)
            if parent is not None:
                # What waits for the moderators, or was turned down, is not published by being quoted.
                return await _in_post(event, await submissions.post_of_submission(parent.id), None)
            if await ledger.removal_of(meant) is not None:
                return Answered()
    excerpt = clean_line(event.reply_excerpt, 120)
    return Answered(quote=marked(f"«{excerpt}»", MarkKind.QUOTE) + "\n" if excerpt else EMPTY)


async def _in_post(event: MessagePosted, post: Post | None, row: Delivery | None) -> Answered:
    if post is None or event.reply_to is None:
        return Answered()
    place = await answering.spot_of(event.reply_to, event.reply_excerpt, post, row)
    return Answered(post_id=post.id, place=place)


async def begun_with_number(
    text: RichText, address: Address, community: Community, now: datetime
) -> tuple[Post | None, RichText]:
    """``12 I agree`` or ``#12: I agree``, as telephones are told to answer; and the text without the number.

    "20 children have it" is no answer to #20, unless that number was told to this telephone lately.
    """
    match = re.match(r"\s*(#?)\s*(\d{1,9})\s*[:.,;–—-]*\s+(?=\S)", text.text)
    if match is None:
        return None, text
    number = int(match[2])
    post = await submissions.post_by_number(community.id, number)
    if post is None or post.state == PostState.RETRACTED or (post.publish_at is not None and post.publish_at > now):
        return None, text
    if not match[1] and not await asked.was_told(address, number):
        return None, text
    return post, text[match.end() :]


async def numbered(number: int, community: Community, now: datetime) -> Post | None:
    """A published post by its number."""
    post = await submissions.post_by_number(community.id, number)
    if post is None or post.state == PostState.RETRACTED or (post.publish_at is not None and post.publish_at > now):
        return None
    return post


async def named(text: RichText, community: Community, w: Words, now: datetime) -> tuple[Post | None, RichText]:
    """The post that a text says it answers, as posts themselves say it, and the text without that."""
    # "#1 is clean water" is no answer: the word before the number is needed, in English or the reader's language.
    answers = {"re", w._("Re #{number}", number="").rstrip("# ").casefold()}
    words = "|".join(re.escape(word) for word in sorted(answers, key=len, reverse=True) if word)
    match = re.match(rf"\s*(?:{words})\s*[:.]?\s*#\s*(\d{{1,9}})\b\s*[:.,;–—-]*\s*", text.text, re.IGNORECASE)
    if match is None or match.end() == len(text):
        return None, text
    post = await numbered(int(match[1]), community, now)
    return (None, text) if post is None else (post, text[match.end() :])
