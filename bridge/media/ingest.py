"""From a stream of a stranger's bytes to an attachment in our store that may be shown to others."""

from collections.abc import AsyncIterator
from pathlib import PurePosixPath

from bridge.core.hygiene import clean_filename
from bridge.core.message import Attachment, AttachmentKind, RemoteFile
from bridge.media.clean import DEFAULT_LIMITS, Cleaned, Limits, clean
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.media.sniff import SUFFIXES
from bridge.media.store import MediaStore, Stored

# Platforms refuse longer strips as photos (https://core.telegram.org/bots/api#sendphoto); as a file they go through.
_LONGEST_STRIP = 20


async def ingest(
    store: MediaStore, stream: AsyncIterator[bytes], remote: RemoteFile, limits: Limits = DEFAULT_LIMITS
) -> Attachment:
    """Receive, judge, clean and keep one file.

    Pictures are written anew from their pixels: location, camera, comments and colour profiles are gone, and no
    original is kept. Documents are kept byte for byte, with whatever their author's program wrote into them, under a
    neutral name with the ending that fits what they are.

    Raises UnfitMedia with a reason, StorageUnavailable where the disk does not take it, and whatever ``stream`` raises.
    """
    if remote.size is not None and remote.size > limits.max_bytes:
        raise UnfitMedia(MediaReason.TOO_BIG)
    async with store.receive(stream, limits.max_bytes) as original, store.temporary() as target:
        async with store.cleaning:
            found = await clean(original, target, remote.name, limits)
        kept = target if found.width else original
        if kept.stat().st_size > limits.max_bytes:  # a noisy picture may grow when it is written anew
            raise UnfitMedia(MediaReason.TOO_BIG)
        stored = await store.adopt(kept)
    return _attachment(stored, found, remote)


def _attachment(stored: Stored, found: Cleaned, remote: RemoteFile) -> Attachment:
    kind = AttachmentKind.DOCUMENT
    if (
        found.width
        and found.height
        and max(found.width, found.height) <= _LONGEST_STRIP * min(found.width, found.height)
    ):
        kind = AttachmentKind.PHOTO
    return Attachment(
        sha256=stored.sha256,
        kind=kind,
        mime=found.mime,
        size=stored.size,
        name=neutral_name(remote.name, found.mime),
        width=found.width,
        height=found.height,
    )


def neutral_name(name: str, mime: str) -> str:
    """A harmless name whose ending says what the file is, whatever the sender called it."""
    fallback = "photo" if mime.startswith("image/") else "document"
    cleaned = clean_filename(name, fallback)
    suffix = PurePosixPath(cleaned).suffix
    if suffix.lower() in SUFFIXES[mime]:
        return cleaned
    stem = cleaned.removesuffix(suffix) if len(suffix) <= 6 else cleaned
    return f"{stem[:70].rstrip(' .') or fallback}{SUFFIXES[mime][0]}"
