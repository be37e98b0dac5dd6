"""What a chat on Telegram can do, as data."""

from dataclasses import replace
from datetime import timedelta
from typing import Final

from bridge.adapters.telegram.settings import Settings
from bridge.core.capabilities import ButtonStyle, Capabilities, Form, Guarantee, Pace, TextUnit
from bridge.core.ids import ChatId
from bridge.core.message import AttachmentKind
from bridge.core.text import MarkKind

TEXT_LIMIT: Final = 4096
CAPTION_LIMIT: Final = 1024
MAX_ALBUM: Final = 10
MAX_UPLOAD: Final = 50_000_000
"""Bytes a bot may send: https://core.telegram.org/bots/api#sending-files"""
MAX_DOWNLOAD: Final = 20_000_000
"""Bytes of the largest file that is handed to a bot: https://core.telegram.org/bots/api#getfile"""
MAX_LOCAL: Final = 2_000_000_000
"""Bytes either way with a server that runs with --local:
https://core.telegram.org/bots/api#using-a-local-bot-api-server
"""

CAPABILITIES: Final = Capabilities(
    form=Form.RICH,
    text_limit=TEXT_LIMIT,
    text_unit=TextUnit.UTF16,
    caption_limit=CAPTION_LIMIT,
    marks=frozenset(MarkKind),
    # What Telegram would not show as what it is (a photo of 30 MB, a film that is no MPEG-4) goes as a document.
    media=frozenset(AttachmentKind),
    max_file_bytes=MAX_UPLOAD,
    album=MAX_ALBUM,
    receives=frozenset(AttachmentKind),
    max_received_bytes=MAX_DOWNLOAD,
    places=True,
    polls=True,
    authors=False,
    previews=True,
    threads=False,  # a topic is a chat of its own
    reads_reactions=True,
    places_reactions=1,
    sees_edits=True,
    sees_deletes=False,
    encrypts=False,
    edits=True,
    deletes_own=True,
    deletes_others=timedelta(hours=48),
    buttons=ButtonStyle.INLINE,
    replies=True,
    opens_direct=False,
    guarantee=Guarantee.AT_MOST_ONCE,
)


def is_group(chat: ChatId) -> bool:
    """Groups have a limit of their own on how often they are written to."""
    return chat.startswith(("-", "@"))


def of_chats(settings: Settings, *, groups: bool) -> Capabilities:
    """What all groups take, or all private chats."""
    pace = Pace(
        chat_interval=settings.chat_interval,
        chat_per_minute=settings.group_messages_per_minute if groups else 0,
        account_per_second=settings.messages_per_second,
    )
    if settings.server_files is not None:
        return replace(CAPABILITIES, pace=pace, max_file_bytes=MAX_LOCAL, max_received_bytes=MAX_LOCAL)
    return replace(CAPABILITIES, pace=pace)
