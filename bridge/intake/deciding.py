"""Answers by mail to the letters in which moderators are shown what waits."""

import re

import structlog

from bridge.core.events import MessagePosted
from bridge.core.hygiene import clean_text
from bridge.core.message import Content
from bridge.core.text import plain
from bridge.intake.context import Context
from bridge.members import contact
from bridge.moderation import by_mail
from bridge.storage import ledger, persons

log = structlog.get_logger()
_CARDS = (ledger.CARD, ledger.EXHIBIT, ledger.PROMPT, ledger.APPLICATION)
_ADDRESSED = re.compile(r"/moderate ([A-Za-z0-9_-]{16,64})(?!\S)\s*")
"""How the adapter of mail spells the address that was written to, in front of the words."""


async def handle(event: MessagePosted, context: Context) -> bool:
    """Was it written to the address of such a letter? Then it was dealt with, and is no post whatever it says."""
    capabilities = context.directory.capabilities(event.ref.address)
    if capabilities is None or not capabilities.letters:
        return False
    found = _ADDRESSED.match(event.text.text) if event.is_command else None
    if found is None:
        return await _is_misdirected(event, context)
    proven = event.sender.proof != persons.CLAIMED
    words = clean_text(event.text[found.end() :])
    told = await by_mail.answered(
        context.desk,
        found[1],
        words,
        event.sender,
        event.ref,
        proven=proven,
        bare=not event.uncarried,
        mingled=event.mingled,
    )
    if told is None:
        log.info("moderating_letter_refused", account=event.account)
        return True
    text, community = told
    known = context.communities.on_account(event.account)
    place = community or next(iter(known), None)
    await contact.say(event.ref.address, Content(text=plain(text), reply_to=event.ref), place, context.now)
    return True


async def _is_misdirected(event: MessagePosted, context: Context) -> bool:
    """Does it answer such a letter, but at the address for posts? "approve" is no post."""
    row = None if event.reply_to is None or event.is_command else await ledger.find_by_ref(event.reply_to)
    if row is None or row.kind not in _CARDS or row.address != event.ref.address:
        return False
    text = by_mail.misdirected(row, context.desk)
    place = context.communities.get(row.community)
    await contact.say(event.ref.address, Content(text=plain(text), reply_to=event.ref), place, context.now)
    return True
