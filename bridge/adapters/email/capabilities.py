"""What a mailbox can be shown, as data."""

from typing import Final

from bridge.core.capabilities import Capabilities, Form, Guarantee, TextUnit
from bridge.core.message import AttachmentKind

BODY: Final = 4096
"""Bytes of a letter's body, with what stands under the text."""
HEAD: Final = 1200
"""Bytes of a letter's header, as it is handed over."""
DIGEST: Final = 15_000 - HEAD
"""Bytes of a digest's: it has 15 kB with its header."""
MAILBOX: Final = Capabilities(
    form=Form.PLAIN,
    text_limit=3584,  # the rest is for the lines underneath: how to leave, where to read
    text_unit=TextUnit.BYTES,
    max_parts=1,
    letters=True,
    receives=frozenset({AttachmentKind.PHOTO, AttachmentKind.DOCUMENT, AttachmentKind.AUDIO, AttachmentKind.VIDEO}),
    replies=True,
    opens_direct=True,
    in_flight=1,  # a chat is one reader, who gets their letters in order; the account sends many at once
    guarantee=Guarantee.AT_LEAST_ONCE,
)
