"""What is asked of who joins, in the form of their chat, and the numbers under which choices are offered anywhere."""

from collections.abc import Awaitable, Callable
from enum import StrEnum

from bridge.core.capabilities import ButtonStyle, Capabilities, Form
from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.membership import Reading
from bridge.core.message import Button
from bridge.core.text import plain
from bridge.intake.context import Context
from bridge.members import contact, membership, preferences, reach
from bridge.members.reach import Letter
from bridge.rendering.words import Words
from bridge.storage import submissions
from bridge.storage.models import Conversation, Identity
from bridge.storage.models_members import Membership


class Step(StrEnum):
    """What is asked."""

    ASK = "ask"
    NOTE = "note"
    """Who they are, for the moderators."""
    CODE = "code"
    READING = "reading"


READINGS = (
    Reading.GROUPS,
    Reading.IMMEDIATE,
    Reading.DAILY,
    Reading.WEEKLY,
    Reading.MONTHLY,
    Reading.NONE,
)
"""As they are numbered wherever they are offered."""
NUMBERS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣")

_Maker = Callable[..., Awaitable[tuple[Button, ...]]]


async def ask(
    conversation: Conversation,
    identity: Identity,
    where: Address,
    community: Community,
    context: Context,
    *,
    row: Membership | None = None,
) -> None:
    """Ask what stands open, in the form of that chat."""
    w = contact.language_of(identity, community)
    capabilities = context.directory.capabilities(where)
    if capabilities is None:
        return

    async def button(action: str, label: str, emoji: str, argument: str = "") -> tuple[Button, ...]:
        token = await submissions.handle(
            "conversation", conversation.id, action, context.now, argument=argument or conversation.step
        )
        return (Button(label=label, emoji=emoji, handle=token),)

    later = await button("later", w._("Not now"), "⏸️")
    match conversation.step:
        case Step.READING:
            letter = await _reading_letter(community, row, capabilities, button, w)
        case Step.NOTE:
            letter = Letter(
                text=plain(
                    w._(
                        "A moderator lets new members into {community}. Please write one or two sentences: who are "
                        "you, and why do you want to join? Only the moderators read it.",
                        community=community.name,
                    )
                ),
                buttons=(await button("skip", w._("Skip"), "⏭️"), later),
                typed=w._("(Or write: skip, later)"),
                asks_reply=True,
            )
        case Step.CODE:
            letter = Letter(
                text=plain(
                    w._(
                        "{community} takes new members by invitation. Please write your invitation code. If you have "
                        "none, ask a member or moderator for one.",
                        community=community.name,
                    )
                ),
                buttons=(later,),
                typed=w._("(Or write: later)"),
            )
        case _:
            letter = Letter(
                text=plain(w._("Do you want to become a member of {community}?", community=community.name)),
                line=plain(w._("To become a member of {community}, write JOIN.", community=community.name)),
                buttons=(
                    await button("yes", w._("Join"), "✅"),
                    later,
                    await button("language", "Language · Langue · Língua · Idioma · Lugha", "🌐"),
                ),
                typed="" if capabilities.form is Form.LINE else w._("Write: 1 yes, 2 not now, 3 another language"),
            )
    await contact.say(where, reach.composed(letter, capabilities), community, context.now)


async def _reading_letter(
    community: Community, row: Membership | None, capabilities: Capabilities, button: _Maker, w: Words
) -> Letter:
    now = community.members.reading if row is None else preferences.reading_of(row)
    lines, buttons, so_far = [], [], w._("now")
    for number, reading in enumerate(READINGS, 1):
        said = membership.reads_by(reading, w) + (f" ({so_far})" if reading is now else "")
        lines.append(f"{number}. {said}")
        made = await button("reading", said[:1].upper() + said[1:], NUMBERS[number - 1], reading.value or "groups")
        buttons.append(made)
    if capabilities.buttons is ButtonStyle.REACTIONS:
        lines = []  # what the reactions stand for is the list
    question = w._("How do you want to read {community}?", community=community.name)
    text = membership.welcome(community, w).text + "\n\n" + "\n".join([question, *lines])
    return Letter(text=text, buttons=tuple(buttons), typed=w._("Answer with a number."))
