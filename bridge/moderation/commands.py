"""The table of commands for a moderators' channel."""

from bridge.core.message import Content
from bridge.core.text import plain
from bridge.moderation import (
    appointing,
    banning,
    biographies,
    discussions,
    duty,
    emergency,
    group_orders,
    inviting,
    queue,
    rota,
    trust,
)
from bridge.moderation.deeds import DEEDS
from bridge.moderation.orders import Order, OrderHandler

COMMANDS: dict[str, OrderHandler] = {
    name: handler
    for module in (
        queue,
        appointing,
        emergency,
        rota,
        duty,
        trust,
        banning,
        biographies,
        discussions,
        group_orders,
        inviting,
    )
    for name, handler in module.COMMANDS.items()
}
"""By name, without the slash."""


def is_about_no_item(name: str) -> bool:
    """A command, and nothing that is said of one item: it means the same as a reply to a card."""
    return name in COMMANDS and name not in DEEDS


async def run(name: str, order: Order) -> Content | None:
    """Carry out a command; None where there is nothing to say, or it is no command of ours."""
    handler = COMMANDS.get(name)
    if handler is not None:
        return await handler(order)
    if name in ("help", "start"):
        return Content(text=plain(_help(order)))
    if name in DEEDS:
        return Content(text=plain(order.w._("Reply with that to the card of the post it is about. Nothing was done.")))
    return Content(text=plain("\n".join((order.w._("I do not know that command."), _help(order)))))


def _help(order: Order) -> str:
    w = order.w
    said = [deed.word(w) + (":" if deed.heard is not None else "") for deed in DEEDS.values() if deed.word is not None]
    return "\n".join(
        (
            w._("Press a button under a post, or reply to the post with one of these words:"),
            " · ".join(said),
            w._("Example: reject: it names a patient"),
            w._("/queue – what waits; also /queue amina, /queue 2h"),
            w._("/next – the post that has waited longest"),
            w._("/moderators – who may decide; /moderators add, /moderators remove"),
            w._("/away until Monday, /back – while you are away nobody waits for you"),
            w._("/rota – whose day it is; reminders name them"),
            w._("/standing #12 trusted, held or none – what is said of an author"),
            w._("/ban #12 and why, /unban #12 – a person who may not post, on any account (senior moderators)"),
            w._("/biography @name text – what stands in place of an author's own answers"),
            w._("/title @name Country Representative for Kenya – a coordinator says what somebody is"),
            w._("/emergency on – hold every post until /emergency off"),
            w._("/invite 10 14 – a code that lets ten people in within fourteen days"),
            w._("/discussion – thematic discussions; how to open one: /discussion help"),
            w._("/groups – the connected groups and how they are; /unbridge G3 disconnects one"),
            w._("/help – this list"),
        )
    )
