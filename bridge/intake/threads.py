"""What a message answers: by its platform's reply, or by "Re #12" at its beginning, where there is no such thing."""

import re
from datetime import datetime

from bridge.core.community import Community
from bridge.core.events import MessagePosted
from bridge.core.hygiene import clean_line
from bridge.core.ids import Address
from bridge.core.states import PostState
from bridge.core.text import EMPTY, MarkKind, RichText, marked
from bridge.rendering.words import Words
from bridge.storage import asked, ledger, submissions
from bridge.storage.models import Post


async def answered(event: MessagePosted, now: datetime) -> tuple[int | None, RichText]:
    """The post this answers; where it is none of ours, a short quote of what it answers."""
    if event.reply_to is not None:
        row = await ledger.answered(event.reply_to, event.at, now)
        if row is not None and row.post_id is not None:
            return row.post_id, EMPTY
        parent = await submissions.submission_by_source(event.reply_to)
        if parent is not None:
            post = await submissions.post_of_submission(parent.id)
            # What waits for the moderators, or was turned down, is not published by being quoted.
            return None if post is None else post.id, EMPTY
        if await ledger.removal_of(event.reply_to) is not None:
            return None, EMPTY
    excerpt = clean_line(event.reply_excerpt, 120)
    return None, marked(f"«{excerpt}»", MarkKind.QUOTE) + "\n" if excerpt else EMPTY


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


async def named(text: RichText, community: Community, w: Words, now: datetime) -> tuple[Post | None, RichText]:
    """The post that a text says it answers, as posts themselves say it, and the text without that."""
    # "#1 is clean water" is no answer: the word before the number is needed, in English or the reader's language.
    answers = {"re", w._("Re #{number}", number="").rstrip("# ").casefold()}
    words = "|".join(re.escape(word) for word in sorted(answers, key=len, reverse=True) if word)
    match = re.match(rf"\s*(?:{words})\s*[:.]?\s*#\s*(\d{{1,9}})\b\s*[:.,;–—-]*\s*", text.text, re.IGNORECASE)
    if match is None or match.end() == len(text):
        return None, text
    post = await submissions.post_by_number(community.id, int(match[1]))
    if post is None or post.state == PostState.RETRACTED or (post.publish_at is not None and post.publish_at > now):
        return None, text
    return post, text[match.end() :]
