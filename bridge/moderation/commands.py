"""The table of commands for a moderators' channel."""

from bridge.core.message import Content
from bridge.core.text import plain
from bridge.moderation import queue
from bridge.moderation.orders import Order, OrderHandler

COMMANDS: dict[str, OrderHandler] = {name: handler for module in (queue,) for name, handler in module.COMMANDS.items()}
"""By name, without the slash."""


async def run(name: str, order: Order) -> Content | None:
    """Carry out a command; None where there is nothing to say, or it is no command of ours."""
    handler = COMMANDS.get(name)
    if handler is not None:
        return await handler(order)
    if name in ("help", "start"):
        return Content(text=plain(_help(order)))
    return None


def _help(order: Order) -> str:
    return "\n".join(
        (
            order.w._("Press a button under a post, or reply to it with a word and a colon:"),
            "approve · reject: · ask: · edit: · note: · headline: · later: · preview · claim · history",
            order.w._("/queue – what waits"),
            order.w._("/help – this list"),
        )
    )
