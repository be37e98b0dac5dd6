"""What the invented network can do: thin like SMS, or rich like a chat app. All planning reads this."""

from datetime import timedelta

from bridge.core.capabilities import ButtonStyle, Capabilities, Form, Guarantee, TextUnit
from bridge.core.message import AttachmentKind
from bridge.core.text import MarkKind

THIN = Capabilities(
    form=Form.LINE,
    text_limit=459,  # three SMS of 153 characters each
    text_unit=TextUnit.CODE_POINTS,
    max_parts=3,
    opens_direct=True,
    interviews=False,
    guarantee=Guarantee.ONCE_BY_LOOKUP,
)
RICH = Capabilities(
    form=Form.RICH,
    text_limit=4096,
    text_unit=TextUnit.CODE_POINTS,
    caption_limit=1024,
    marks=frozenset(MarkKind),
    media=frozenset(AttachmentKind),
    max_file_bytes=20_000_000,
    album=10,
    receives=frozenset(AttachmentKind),
    max_received_bytes=20_000_000,
    places=True,
    polls=True,
    authors=True,
    previews=True,
    sees_edits=True,
    sees_deletes=True,
    edits=True,
    deletes_own=True,
    deletes_others=timedelta(days=365),
    buttons=ButtonStyle.INLINE,
    replies=True,
    opens_direct=True,
    guarantee=Guarantee.ONCE_BY_LOOKUP,
)
