"""What of an item's files some groups cannot be shown: said before anybody decides."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bridge.core.capabilities import Form
from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.message import Attachment
from bridge.delivery.directory import Directory
from bridge.rendering.posts import attachment_words
from bridge.rendering.words import Words
from bridge.storage import inbox


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A file that becomes words in some groups."""

    file: Attachment
    limit: int
    """Bytes of the largest file of its kind that they show; 0 where they show none of it."""
    groups: tuple[Address, ...]


async def losses(
    files: Sequence[Attachment], community: Community, directory: Directory, chosen: Collection[Address] = ()
) -> list[Loss]:
    """By file, where it becomes words. ``chosen``: none for all groups.

    Where every message costs money, every file does: that is not said each time.
    """
    found: dict[tuple[int, int], list[Address]] = {}
    for group in community.groups if files else ():
        capabilities = directory.capabilities(await inbox.resolve(group.chat))
        if capabilities is None or capabilities.form is Form.LINE or (chosen and group.chat not in chosen):
            continue
        for index, file in enumerate(files):
            if file.size > (limit := capabilities.file_limit(file.kind)):
                found.setdefault((index, limit), []).append(group.chat)
    return [Loss(file=files[index], limit=limit, groups=tuple(where)) for (index, limit), where in found.items()]


def line(loss: Loss, names: dict[Address, str], w: Words) -> str:
    """For a card."""
    chats, file = ", ".join(names.get(each, str(each)) for each in loss.groups), attachment_words(loss.file, w)
    if loss.limit:
        return w._("📎 {chats}: {file} is too large there and becomes words", chats=chats, file=file)
    return w._("📎 {chats}: {file} cannot be shown there and becomes words", chats=chats, file=file)


def told_author(found: Sequence[Loss], w: Words) -> list[str]:
    """For the receipt of whoever sent it."""
    said: list[str] = []
    for loss in found:
        file = attachment_words(loss.file, w)
        count = len(loss.groups)
        said.append(
            w.ngettext(
                "{file} is too large for {count} group, which takes at most {limit}: its readers see these words "
                "instead.",
                "{file} is too large for {count} groups, which take at most {limit}: their readers see these words "
                "instead.",
                count,
                file=file,
                limit=w.size(loss.limit),
            )
            if loss.limit
            else w.ngettext(
                "{count} group cannot show {file}: its readers see these words instead.",
                "{count} groups cannot show {file}: their readers see these words instead.",
                count,
                file=file,
            )
        )
    return said
