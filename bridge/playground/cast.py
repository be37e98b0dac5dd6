"""The people of the demo, all invented, and the Telegram they live in."""

import secrets

from bridge.playground.botapi import UsersSide
from bridge.playground.post_office import DOMAIN

BOT_NAME = "Baraza"
BOT_USERNAME = "BarazaDemoBot"
COMMUNITY_ID = "demo"
COMMUNITY_NAME = "Baraza Demo"
BOT_ID = 7_000_100_001
AMINA, DANIEL, GRACE = 500_100_001, 500_100_002, 500_100_003
CHW_KENYA, MIDWIVES_UGANDA, MODERATORS = -1_002_000_000_101, -1_002_000_000_102, -1_002_000_000_103
JOSEPH_NUMBER = "+254700000001"
ESTHER_ADDRESS = "esther@clinic.example"
COMMUNITY_ADDRESS = f"{COMMUNITY_ID}@{DOMAIN}"
PUBLIC_URL = "https://baraza.example"
"""The bridge's pages as letters name them: one-click unsubscribing wants https. Nobody has this name (RFC 6761)."""

_RIGHTS = ["can_delete_messages", "can_invite_users", "can_pin_messages"]


async def people_telegram(users: UsersSide) -> None:
    """Make the people, the bot and the groups, unless they are there from an earlier run."""
    if BOT_ID in users.state.accounts:
        return
    await users.create_bot(BOT_USERNAME, BOT_NAME, token=f"{BOT_ID}:{secrets.token_urlsafe(26)[:35]}", privacy=False)
    await users.create_user("Amina", "Okello", "amina_okello", user_id=AMINA)
    await users.create_user("Daniel", "Mwangi", user_id=DANIEL)
    await users.create_user("Grace", "Achieng", "grace_achieng", user_id=GRACE)
    for chat_id, title, members in (
        (CHW_KENYA, "CHW Kenya", [AMINA]),
        (MIDWIVES_UGANDA, "Midwives Uganda", [DANIEL]),
        (MODERATORS, f"{COMMUNITY_NAME} moderators", []),
    ):
        await users.create_group(title, GRACE, supergroup=True, members=[*members, BOT_ID], chat_id=chat_id)
        await users.promote(chat_id, BOT_ID, _RIGHTS)
    await users.start(AMINA, BOT_ID)


def bot_token(users: UsersSide) -> str:
    """The bot's token, as BotFather gave it; raises LookupError where there is no such bot."""
    token = users.state.accounts[BOT_ID].token
    if token is None:
        raise LookupError("the bot has no token")
    return token
