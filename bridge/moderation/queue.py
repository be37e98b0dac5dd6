"""``/queue``: what waits, longest first."""

from bridge.core.message import Content
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.members.profiles import shown_name
from bridge.moderation import cards
from bridge.moderation.orders import Order
from bridge.rendering.words import words
from bridge.storage import submissions


async def queue(order: Order) -> Content:
    """What waits. Cards that this channel was never shown come along."""
    desk, lines = order.desk, list[RichText]()
    here = await order.here()
    for community in order.communities:
        w = words(community.language)
        count = await submissions.count_held(community.id)
        title = w.ngettext(
            "{community}: {count} post waiting", "{community}: {count} posts waiting", count, community=community.name
        )
        lines.append(marked(title, MarkKind.BOLD))
        for review in await submissions.held(community.id):
            await cards.plan_missing(review, community, here, desk.directory, desk.now)
            minutes = max(0, int((desk.now - review.created_at).total_seconds() // 60))
            lines.append(
                plain(
                    w._(
                        "#{number} · {name} · for {minutes} min",
                        number=review.submission.number,
                        name=shown_name(review.submission.identity, w),
                        minutes=w.number(minutes),
                    )
                )
            )
    return Content(text=joined(lines, "\n"))


COMMANDS = {"queue": queue}
