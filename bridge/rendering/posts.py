"""Posts as readers receive them: number, author, text, and the author's card underneath."""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.core.capabilities import Capabilities, Form
from bridge.core.card import AuthorCard
from bridge.core.message import Attachment, AttachmentKind, Uncarried, UncarriedKind
from bridge.core.text import EMPTY, MarkKind, RichText, emphasised, joined, marked, plain
from bridge.rendering import cards
from bridge.rendering.words import Words


@dataclass(frozen=True, kw_only=True)
class PostView:
    """All that a rendering of a post needs."""

    community: str
    number: int
    author: str
    text: RichText
    card: AuthorCard
    attachments: tuple[Attachment, ...] = ()
    uncarried: tuple[Uncarried, ...] = ()
    answers: int | None = None
    """The number of the post it answers."""
    answers_author: str = ""
    answers_excerpt: str = ""


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
        case "encrypted":
            return w._("encrypted message that could not be read")
        case _:
            return w._("message of a kind that cannot be carried")


def attachment_words(attachment: Attachment, w: Words) -> str:
    """``[photo, 82 kB]``: what a reader is told who cannot be shown the file."""
    kind = kind_words(attachment.kind, w)
    name = f" {attachment.name}" if attachment.kind is AttachmentKind.DOCUMENT else ""
    return f"[{kind}{name}, {w.size(attachment.size)}]"


def uncarried_words(items: Sequence[Uncarried], w: Words) -> list[str]:
    """``[poll: Which dose?]``, ``[photo that could not be carried]``: what readers and moderators see instead."""
    return [_uncarried(item, w) for item in items]


def _uncarried(item: Uncarried, w: Words) -> str:
    kind = kind_words(item.kind, w)
    if item.refused:
        kind = w._("{kind} that could not be carried", kind=kind)
    return f"[{kind}: {item.detail}]" if item.detail else f"[{kind}]"


def split_attachments(
    attachments: Sequence[Attachment], capabilities: Capabilities
) -> tuple[list[Attachment], list[Attachment]]:
    """Those the chat can be shown, and those it must be told of."""
    shown = [a for a in attachments if a.kind in capabilities.media and a.size <= capabilities.max_file_bytes]
    return shown, [a for a in attachments if a not in shown]


def heading(view: PostView, w: Words) -> str:
    """``HIFA #12 · Amina Okello · Re #9``."""
    parts = [f"{view.community} #{view.number}", view.author]
    if view.answers is not None:
        parts.append(w._("Re #{number}", number=view.answers))
    return " · ".join(parts)


def body(view: PostView, told: Sequence[Attachment], w: Words) -> RichText:
    """The author's words, and words for what cannot be shown."""
    extra = [attachment_words(a, w) for a in told] + uncarried_words(view.uncarried, w)
    return joined([part for part in (view.text, *map(plain, extra)) if part], "\n")


def compose(view: PostView, capabilities: Capabilities, w: Words, *, quoting: bool) -> RichText:
    """The whole post for one chat; ``quoting`` where a native reply to the post it answers is not possible."""
    _, told = split_attachments(view.attachments, capabilities)
    text = body(view, told, w)
    if capabilities.form is Form.LINE:
        re = "" if view.answers is None else " " + w._("Re #{number}", number=view.answers)
        return plain(f"{view.community} #{view.number}{re} {cards.one_line(view.card)}: ") + text
    quote = EMPTY
    if quoting and view.answers_excerpt:
        quote = marked(f"{view.answers_author}: {view.answers_excerpt}", MarkKind.QUOTE)
    card = plain(cards.paragraph(view.card, w))
    if capabilities.form is Form.RICH:
        card = emphasised(card, MarkKind.ITALIC)
    head = marked(heading(view, w), MarkKind.BOLD)
    return joined([part for part in (head, quote, text, card) if part], "\n\n")


def stays_in_place(view: PostView, capabilities: Capabilities, w: Words, *, changed: bool) -> RichText:
    """What is added under an original that stays in its group; with the text where a moderator changed it."""
    head = w._("{community} #{number}: approved and sent to all groups.", community=view.community, number=view.number)
    if changed:
        head = w._(
            "{community} #{number}: approved with changes and sent to all groups:",
            community=view.community,
            number=view.number,
        )
    text = view.text if changed else EMPTY
    if capabilities.form is Form.LINE:
        return joined([part for part in (plain(head), text) if part], "\n")
    card = emphasised(plain(cards.paragraph(view.card, w)), MarkKind.ITALIC)
    return joined([part for part in (marked(head, MarkKind.BOLD), text, card) if part], "\n\n")
