"""What a room can do, as data."""

from datetime import timedelta

from bridge.adapters.matrix.payload import TEXT_LIMIT
from bridge.core.capabilities import ButtonStyle, Capabilities, Form, Guarantee, TextUnit
from bridge.core.message import AttachmentKind
from bridge.core.text import MarkKind

MOST_REACTIONS = 20
"""Rooms set no limit; more than these would be a wall."""

CAPABILITIES = Capabilities(
    form=Form.RICH,
    text_limit=TEXT_LIMIT,
    text_unit=TextUnit.BYTES,
    caption_limit=TEXT_LIMIT,
    marks=frozenset(MarkKind) - {MarkKind.MENTION},
    media=frozenset(AttachmentKind),
    max_file_bytes=50 << 20,  # until the homeserver says otherwise
    # Galleries (MSC4274) are shown by few apps yet, and by all others as nothing: each file is a message of its own.
    album=1,
    receives=frozenset(AttachmentKind) - {AttachmentKind.VIDEO_NOTE},
    max_received_bytes=0,
    places=True,
    polls=True,
    authors=True,
    previews=False,  # asked for, but most apps let their reader alone decide
    threads=True,
    reads_reactions=True,
    places_reactions=MOST_REACTIONS,
    sees_edits=True,
    sees_deletes=True,
    encrypts=True,
    edits=True,
    deletes_own=True,
    deletes_others=timedelta(days=36_500),
    buttons=ButtonStyle.REACTIONS,
    replies=True,
    opens_direct=True,
    guarantee=Guarantee.ONCE_BY_KEY,
    replay_window=timedelta(hours=20),
)
