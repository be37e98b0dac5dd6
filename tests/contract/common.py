"""What the contract tests have in common: sample content, conditions on abilities, short ways to look."""

from collections.abc import Callable

from bridge.core.capabilities import ButtonStyle
from bridge.core.events import MessagePosted
from bridge.core.ids import RemoteRef
from bridge.core.message import AttachmentKind, Button, RemoteFile
from bridge.core.ports import CanFetch, SendOutcome, Sent
from bridge.core.text import MarkKind, RichText, marked, plain
from tests.contract.harness import PERSONAL, Ability, Harness
from tests.contract.seen import Shown

HELLO = plain(f"{PERSONAL} asks: does ORS help? Ça va, شكرا, 👩🏾‍⚕️")
MARKABLE = (MarkKind.BOLD, MarkKind.ITALIC, MarkKind.UNDERLINE, MarkKind.STRIKE, MarkKind.CODE, MarkKind.LINK)
BUTTONS = (
    (Button(label="Approve", handle="a" * 32, emoji="✅"), Button(label="Ask", handle="b" * 32, emoji="❓")),
    (Button(label="Reject", handle="c" * 32, emoji="❌"),),
)


def marks(ability: Ability) -> bool:
    return bool(ability.capabilities.marks & set(MARKABLE))


def edits(ability: Ability) -> bool:
    return ability.capabilities.edits


def deletes(ability: Ability) -> bool:
    return ability.capabilities.deletes_own


def documents(ability: Ability) -> bool:
    return AttachmentKind.DOCUMENT in ability.capabilities.media


def shows(kind: AttachmentKind) -> Callable[[Ability], bool]:
    """The chat shows files of that kind."""
    return lambda ability: kind in ability.capabilities.media


def receives(ability: Ability) -> bool:
    return bool(ability.capabilities.receives)


def albums(ability: Ability) -> bool:
    return ability.capabilities.album > 1


def covers(ability: Ability) -> bool:
    """Where words can be covered, pictures can."""
    return MarkKind.SPOILER in ability.capabilities.marks and AttachmentKind.PHOTO in ability.capabilities.media


def polls(ability: Ability) -> bool:
    return ability.capabilities.polls


def places(ability: Ability) -> bool:
    return ability.capabilities.places


def lacks(condition: Callable[[Ability], bool]) -> Callable[[Ability], bool]:
    return lambda ability: not condition(ability)


def presses(ability: Ability) -> bool:
    return ability.capabilities.buttons is not ButtonStyle.WORDS


def sent_ref(outcome: SendOutcome) -> RemoteRef:
    assert isinstance(outcome, Sent), outcome
    assert len(outcome.refs) == 1
    return outcome.refs[0]


async def ours(harness: Harness, ref: RemoteRef | None = None) -> list[Shown]:
    """What our account has standing in the group, or that one message of it."""
    return [s for s in await harness.shown(harness.group) if s.ours and ref in (None, s.ref)]


async def posted(harness: Harness, ref: RemoteRef) -> MessagePosted:
    return await harness.sink.first(MessagePosted, lambda event: event.ref == ref)


async def fetched(harness: Harness, file: RemoteFile, limit: int) -> bytes:
    adapter = harness.adapter
    assert isinstance(adapter, CanFetch)
    return b"".join([chunk async for chunk in adapter.fetch(file, limit=limit)])


def every_mark(harness: Harness) -> RichText:
    """One word for each mark the chat can show, after a character beyond the basic plane."""
    text = plain("👩🏾‍⚕️ ")
    for kind in MARKABLE:
        if kind in harness.adapter.capabilities(harness.group).marks:
            text = (
                text
                + marked(f"a {kind.value} word", kind, "https://example.org/ors?a=1&b=2" * (kind is MarkKind.LINK))
                + " "
            )
    return text + PERSONAL


def said(text: RichText) -> set[tuple[str, str, str]]:
    return {(text.text[m.start : m.end], m.kind, m.value) for m in text.marks}
