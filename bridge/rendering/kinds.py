"""Words for what is no text: what a reader is told who cannot be shown it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

from bridge.core.message import Attachment, AttachmentKind, Uncarried, UncarriedKind
from bridge.rendering.words import Words

SHRUNK = ("image/jpeg", "image/png", "image/webp", "image/gif")
"""Pictures of which web pages have small ones."""
SMALL = 8_192
"""Bytes of one of 240 pixels, at most."""


def kind_words(kind: AttachmentKind | UncarriedKind, w: Words) -> str:
    """What a kind of message is called."""
    match kind.value:
        case "photo":
            return w._("photo")
        case "document":
            return w._("document")
        case "audio":
            return w._("audio")
        case "voice":
            return w._("voice message")
        case "video" | "video_note":
            return w._("video")
        case "animation":
            return w._("animation")
        case "sticker":
            return w._("sticker")
        case "location" | "venue":
            return w._("place")
        case "live_location":
            return w._("place at that moment")
        case "contact":
            return w._("contact")
        case "poll":
            return w._("poll")
        case "dice" | "game":
            return w._("game")
        case "checklist":
            return w._("checklist")
        case "story":
            return w._("story")
        case "giveaway":
            return w._("giveaway")
        case "paid":
            return w._("message to be paid for")
        case "forwarded":
            return w._("forwarded from")
        case "encrypted":
            return w._("encrypted message that could not be read")
        case _:
            return w._("message of a kind that cannot be carried")


def attachment_words(
    attachment: Attachment, w: Words, *, number: int | None = None, count: int = 1, how: str = ""
) -> str:
    """``[photo, 82 kB]``, ``[voice message 0:42, 180 kB]``: what a reader is told who cannot be shown the file.

    ``number``: of the post, where they are sent the file when they ask for it; ``count``: of files like this one;
    ``how``: what else leads to it.
    """
    said = kind_words(attachment.kind, w)
    if count > 1:
        said = f"{w.number(count)} × {said}"
    if attachment.kind is AttachmentKind.DOCUMENT:
        said += f" {attachment.name}"
    elif attachment.kind is AttachmentKind.AUDIO and attachment.title:
        said += " " + " - ".join(part for part in (attachment.performer, attachment.title) if part)
    if attachment.duration is not None:
        said += f" {_clock(attachment.duration)}"
    if attachment.alt:
        said += f": {attachment.alt}"
    if number is not None:
        how = f": GET {number}"
    elif how:
        how = f": {how}"
    return f"[{said}, {w.size(attachment.size)}{how}]"


def linked_files(attachments: Sequence[Attachment], w: Words, page: str) -> list[str]:
    """The same with their addresses, below that of their post's page: a large picture's leads to a small one.

    ``[photo, 1.4 MB; small, up to 8 kB: https://…/482/file/1/240]``; of several that are alike to the page.
    """
    said: list[str] = []
    place = 1
    for _, group in groupby(attachments, key=lambda a: attachment_words(replace(a, size=0), w)):
        files = list(group)
        whole = replace(files[0], size=sum(file.size for file in files))
        words, address = attachment_words(whole, w, count=len(files)).removesuffix("]"), page
        if len(files) == 1:
            address = f"{page}/file/{place}"
            if whole.kind is AttachmentKind.PHOTO and whole.mime in SHRUNK and whole.size > SMALL:
                words += "; " + w._("{name}, up to {size}", name=w._("small"), size=w.size(SMALL))
                address += "/240"
        said.append(f"{words}: {address}]")
        place += len(files)
    return said


def files_words(
    attachments: Sequence[Attachment], w: Words, obtainable: Mapping[str, int] | None = None, *, how: str = ""
) -> list[str]:
    """The same for several files: what differs in nothing but its size is counted, ``[5 × photo, 410 kB]``.

    ``obtainable``: the number of the post for each file (by ``sha256``) that is sent to whoever asks for it; ``how``:
    what leads to all of them.
    """
    numbers = obtainable or {}
    said: list[str] = []
    alike = groupby(attachments, key=lambda a: attachment_words(replace(a, size=0), w, number=numbers.get(a.sha256)))
    for _, group in alike:
        files = list(group)
        whole = replace(files[0], size=sum(file.size for file in files))
        said.append(attachment_words(whole, w, number=numbers.get(whole.sha256), count=len(files), how=how))
    return said


def _clock(duration: timedelta) -> str:
    """``0:42``, ``1:02:03``."""
    minutes, seconds = divmod(round(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def uncarried_words(items: Sequence[Uncarried], w: Words, *, brief: bool = False) -> list[str]:
    """``[poll: Which dose?]``, ``[photo that could not be carried]``: what readers and moderators see instead.

    ``brief``: as short as can be understood.
    """
    return [_uncarried(item, w, brief=brief) for item in items]


def _uncarried(item: Uncarried, w: Words, *, brief: bool) -> str:
    kind = kind_words(item.kind, w)
    if item.refused:
        kind = w._("{kind} that could not be carried", kind=kind)
    detail = _briefly(item) if brief else item.detail
    return f"[{kind}: {detail}]" if detail else f"[{kind}]"


def _briefly(item: Uncarried) -> str:
    """``Kibera clinic, -1.31331, 36.78921``; ``Which dose? 10 mg / 20 mg``."""
    if item.place is not None:
        point = f"{item.place.latitude:.5f}, {item.place.longitude:.5f}"
        return ", ".join(part for part in (item.place.title or item.place.address, point) if part)
    if item.poll is not None:
        return f"{item.poll.question} {' / '.join(item.poll.options)}".strip()
    return item.detail
