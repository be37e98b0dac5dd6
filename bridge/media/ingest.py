"""From a stream of a stranger's bytes to an attachment in our store that may be shown to others."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path, PurePosixPath

import structlog

from bridge.core.errors import MediaRefused, StorageUnavailable
from bridge.core.hygiene import clean_filename, clean_line
from bridge.core.message import Attachment, AttachmentKind, RemoteFile, Thumbnail
from bridge.media.clean import DEFAULT_LIMITS, Cleaned, Limits, clean
from bridge.media.containers.common import tidy
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.media.sniff import SUFFIXES
from bridge.media.store import MediaStore, Stored

# Platforms refuse longer strips as photos (https://core.telegram.org/bots/api#sendphoto); as a file they go through.
_LONGEST_STRIP = 20
THUMBNAIL_SIDE, THUMBNAIL_BYTES = 320, 200_000
_MAX_FETCHED_THUMBNAIL = 2_000_000
_MAX_WAVES = 256
_MAX_ALT = 1_000
_STICKER_SIDE = 512
"""Pixels: what is larger is a picture, whatever it was sent as."""
_MOVING_STICKERS = frozenset({"application/x-tgsticker", "application/gzip", "video/webm"})

log = structlog.get_logger()


async def ingest(
    store: MediaStore, stream: AsyncIterator[bytes], remote: RemoteFile, limits: Limits = DEFAULT_LIMITS
) -> Attachment:
    """Receive, judge, clean and keep one file.

    Pictures are written anew from their pixels: location, camera, comments and colour profiles are gone, and no
    original is kept. Films and sounds are freed of everything that is neither. Documents lose what their author's
    program wrote beside their words, as far as that is found. All get a neutral name with the ending that fits what
    they are.

    Raises UnfitMedia with a reason, StorageUnavailable where the disk does not take it, and whatever ``stream`` raises.
    """
    if remote.size is not None and remote.size > limits.max_bytes:
        raise UnfitMedia(MediaReason.TOO_BIG, limit=limits.max_bytes)
    async with store.receive(stream, limits.max_bytes) as original, store.temporary() as target:
        async with store.cleaning:
            found = await clean(original, target, remote.name, limits)
        kept = target if found.picture else original
        if kept.stat().st_size > limits.max_bytes:  # a noisy picture may grow when it is written anew
            raise UnfitMedia(MediaReason.TOO_BIG, limit=limits.max_bytes)
        stored = await store.adopt(kept)
    return _attachment(stored, found, remote)


async def receive(
    store: MediaStore,
    fetch: Callable[[RemoteFile], AsyncIterator[bytes]],
    remote: RemoteFile,
    limits: Limits = DEFAULT_LIMITS,
) -> Attachment:
    """Fetch a file and its small picture. A moving sticker travels as its small picture alone."""
    moving = remote.kind is AttachmentKind.STICKER and remote.mime in _MOVING_STICKERS
    if moving:
        if not remote.thumbnail_ref:
            raise UnfitMedia(MediaReason.ANIMATED)
        still = replace(remote, ref=remote.thumbnail_ref, size=None, mime="", duration=None, name="")
        return await ingest(store, fetch(still), still, limits)
    found = await ingest(store, fetch(remote), remote, limits)
    if not remote.thumbnail_ref or found.kind in (AttachmentKind.PHOTO, AttachmentKind.STICKER):
        return found
    small = RemoteFile(ref=remote.thumbnail_ref, kind=AttachmentKind.PHOTO)
    try:
        async with store.receive(fetch(small), _MAX_FETCHED_THUMBNAIL) as original:
            return replace(found, thumbnail=await _thumbnail(store, original, limits))
    except StorageUnavailable:
        raise
    except (MediaRefused, OSError) as error:  # the file is what matters
        log.info("thumbnail_not_kept", error=type(error).__name__)
        return found


async def _thumbnail(store: MediaStore, original: Path, limits: Limits) -> Thumbnail:
    async with store.temporary() as target:
        async with store.cleaning:
            found = await clean(original, target, "", replace(limits, max_side=THUMBNAIL_SIDE), small=THUMBNAIL_BYTES)
        if not found.picture or not found.width or not found.height:
            raise UnfitMedia(MediaReason.UNSUPPORTED)
        stored = await store.adopt(target)
    return Thumbnail(sha256=stored.sha256, mime=found.mime, size=stored.size, width=found.width, height=found.height)


def _attachment(stored: Stored, found: Cleaned, remote: RemoteFile) -> Attachment:
    kind = _kind(found, remote)
    heard = kind in (AttachmentKind.AUDIO, AttachmentKind.VOICE)
    return Attachment(
        sha256=stored.sha256,
        kind=kind,
        mime=found.mime,
        size=stored.size,
        name=neutral_name(remote.name, found.mime),
        width=found.width,
        height=found.height,
        duration=timedelta(milliseconds=round(found.seconds * 1000)) if found.seconds else None,
        title=tidy(remote.title or found.title) if heard else "",
        performer=tidy(remote.performer or found.performer) if heard else "",
        alt=clean_line(remote.alt, _MAX_ALT),
        spoiler=remote.spoiler,
        waveform=tuple(min(max(value, 0), 1024) for value in remote.waveform[:_MAX_WAVES])
        if kind is AttachmentKind.VOICE
        else (),
    )


def _kind(found: Cleaned, remote: RemoteFile) -> AttachmentKind:
    """What the bytes are decides; what the platform says only chooses among ways to show that."""
    if found.picture and found.width and found.height:
        if found.mime == "image/gif":
            return AttachmentKind.ANIMATION
        if remote.kind is AttachmentKind.STICKER and max(found.width, found.height) <= _STICKER_SIDE:
            return AttachmentKind.STICKER
        longer, shorter = max(found.width, found.height), min(found.width, found.height)
        return AttachmentKind.PHOTO if longer <= _LONGEST_STRIP * shorter else AttachmentKind.DOCUMENT
    if found.film:
        if found.mime == "video/x-matroska":  # no chat shows it
            return AttachmentKind.DOCUMENT
        if remote.kind is AttachmentKind.VIDEO_NOTE and found.width == found.height:
            return AttachmentKind.VIDEO_NOTE
        if remote.kind is AttachmentKind.ANIMATION and not found.sound:
            return AttachmentKind.ANIMATION
        return AttachmentKind.VIDEO
    if found.sound:
        spoken = remote.kind is AttachmentKind.VOICE and found.mime == "audio/ogg"
        return AttachmentKind.VOICE if spoken else AttachmentKind.AUDIO
    return AttachmentKind.DOCUMENT


def neutral_name(name: str, mime: str) -> str:
    """A harmless name whose ending says what the file is, whatever the sender called it."""
    fallback = {"image": "photo", "video": "video", "audio": "audio"}.get(mime.split("/")[0], "document")
    cleaned = clean_filename(name, fallback)
    suffix = PurePosixPath(cleaned).suffix
    if suffix.lower() in SUFFIXES[mime]:
        return cleaned
    stem = cleaned.removesuffix(suffix) if len(suffix) <= 6 else cleaned
    return f"{stem[:70].rstrip(' .') or fallback}{SUFFIXES[mime][0]}"
