"""Messages that are taken away. Taking an edit away, where edits are messages too, brings back what was said before."""

from bridge.core.events import MessageDeleted, MessageEdited
from bridge.intake import editing
from bridge.intake.context import Context
from bridge.storage import inbox, submissions


async def deleted(event: MessageDeleted, context: Context) -> None:
    """An original, or one edit of it."""
    if await submissions.submission_by_source(event.ref) is None:
        before = await inbox.before_edit(event)
        if before is not None:
            await _reverted(event, before, context)
            return
    await editing.deleted(event, context)


async def _reverted(event: MessageDeleted, before: MessageEdited, context: Context) -> None:
    """By its author. What others take away stays with the moderators as it was."""
    if event.sender is not None and event.sender.ref == before.sender.ref:
        await editing.edited(before, context)
