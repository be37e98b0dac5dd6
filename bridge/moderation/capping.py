"""Money: an account that has used up what it may cost in a month sends nothing more, and the moderators know."""

from datetime import datetime

import structlog

from bridge.core.community import Communities
from bridge.core.ids import AccountId
from bridge.core.message import Content
from bridge.core.money import Price
from bridge.core.text import plain
from bridge.members import contact
from bridge.rendering.words import words
from bridge.storage import handovers, inbox
from bridge.storage.database import transaction

log = structlog.get_logger()


async def alarm(communities: Communities, account: AccountId, cap: Price, now: datetime, *, spent: bool) -> None:
    """Tell every moderators' channel on another account: of most of it once a month, of all of it once a day."""
    when = f"{now:%Y-%m-%d}" if spent else f"{now:%Y-%m}"
    name = f"cap:{account}:{'spent' if spent else 'low'}:{when}:{cap.currency}{cap.amount}"
    async with transaction():
        if not await handovers.say_once(name):
            return
        log.warning("monthly_cap", account=account, spent=spent)
        for community in communities.on_account(account):
            w = words(community.language)
            money = w.money(cap)
            text = (
                w._(
                    "⚠️ {account}: the month's money ({cap}) is used up, so nothing more is sent there. What waits goes "
                    "out next month, or when whoever runs the bridge raises monthly_cap.",
                    account=account,
                    cap=money,
                )
                if spent
                else w._("⚠️ {account}: most of the month's money ({cap}) is used up.", account=account, cap=money)
            )
            for channel in community.moderators:
                address = await inbox.resolve(channel)
                if address.account != account:
                    await contact.say(address, Content(text=plain(text), silent=True), community, now)
