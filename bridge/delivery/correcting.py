"""A post's new wording reaches its messages: edited in place, joined by further ones, or too many and removed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bridge.core.community import Community
from bridge.core.errors import Refusal
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Content
from bridge.core.states import DeliveryState
from bridge.core.text import RichText
from bridge.delivery import exchanging, lettering, planning
from bridge.delivery.directory import Directory
from bridge.storage import codec, inbox, ledger, ledger_changes
from bridge.storage.models import Delivery, Post, Submission


async def plan_correction(
    post: Post,
    submission: Submission,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    not_before: datetime,
) -> list[Address]:
    """Bring the messages of a post to its present wording, in the caller's transaction.

    Messages that stay as they are get no rows. Returns the chats where an older wording stays.
    """
    view = await planning.view_of(post, community)
    chats: dict[Address, list[Delivery]] = {}
    for row in await ledger_changes.locked(post.id):
        chats.setdefault(await inbox.resolve(row.address), []).append(row)
    stays: list[Address] = []
    for group in planning.chosen(post, community):
        address = await inbox.resolve(group.chat)
        chat = _Chat.of(chats.pop(address, []))
        if not chat.sends:
            continue  # it was never meant for this group
        parts = await planning.contents(post, submission, community, group, view, directory, beside=chat.has_original)
        capabilities = directory.capabilities(address)
        if capabilities is None or not (capabilities.edits or all(map(ledger_changes.is_absent, chat.sends))):
            stays += await _register_unchanged(chat, post, now)
            continue
        soonest = max(now, not_before)
        due = planning.due_in(group, community, soonest)
        work = _Work(post=post, community=community, address=address, now=now, soonest=soonest, further_due=due)
        await work.carry_out(chat, parts)
    for rows in chats.values():  # of groups that the community has no longer
        stays += await _register_unchanged(_Chat.of(rows), post, now)
    return stays


async def correct_copy(
    post: Post,
    community: Community,
    person_id: int,
    rows: Sequence[Delivery],
    parts: Sequence[Content],
    directory: Directory,
    now: datetime,
) -> int:
    """Bring one person's private copy (its rows, locked) to the present wording; returns how many rows that took.

    Where messages cannot be changed, the new wording follows the old one.
    """
    address, chat = rows[-1].address, _Chat.of(rows)
    capabilities = directory.capabilities(address)
    if capabilities is None or not chat.sends or not parts:
        return 0
    if not (capabilities.edits or all(map(ledger_changes.is_absent, chat.sends))):
        last = chat.sends[-1]
        before = [
            row.shows or lettering.fingerprint(codec.load(codec.CONTENT, row.content))
            for row in chat.sends[-len(parts) :]
        ]
        if before == [*map(lettering.fingerprint, parts)]:
            return 0
        after = None if last.state == DeliveryState.DELIVERED else last
        planned = await planning.plan_parts(
            parts,
            post,
            community,
            address,
            now,
            first=chat.last_part + 1,
            after=after,
            revision=post.revision,
            person_id=person_id,
        )
        if after is not None:
            await ledger_changes.follow_fate(planned, after)
        return len(planned)
    work = _Work(
        post=post,
        community=community,
        address=address,
        now=now,
        soonest=now,
        further_due=now,
        person_id=person_id,
    )
    await work.carry_out(chat, parts)
    return max(len(parts), len(chat.sends))


async def _register_unchanged(chat: "_Chat", post: Post, now: datetime) -> list[Address]:
    """Put on record that a chat keeps an older wording."""
    there = [row for row in chat.sends if not ledger_changes.is_absent(row)]
    for row in there:
        await ledger_changes.register_refused(
            operation=ledger.EDIT,
            post=post,
            address=row.address,
            reason=Refusal.UNSUPPORTED,
            now=now,
            part=row.part,
            target=row,
        )
    return list(dict.fromkeys(row.address for row in there))


@dataclass(frozen=True, kw_only=True)
class _Chat:
    """The messages of a post in one chat."""

    sends: tuple[Delivery, ...]
    """Those the present wording consists of, in order, whatever became of them."""
    edits: dict[int, Delivery]
    """The newest change of each, if one was made or will be."""
    has_original: bool
    last_part: int

    @classmethod
    def of(cls, rows: Sequence[Delivery]) -> "_Chat":
        removed = {row.target_id for row in rows if row.operation == ledger.DELETE}
        ours = [
            row
            for row in rows
            if row.operation == ledger.SEND
            and row.id not in removed
            and row.detail not in (ledger_changes.ORIGINAL, ledger_changes.DROPPED)
        ]
        changes = (ledger.EDIT, ledger.PRUNE)
        alive = [row for row in rows if row.operation in changes and row.state not in ledger_changes.DEAD]
        return cls(
            sends=tuple(sorted(ours, key=lambda row: (row.part, row.id))),
            edits={row.target_id: row for row in alive if row.target_id is not None},
            has_original=any(row.detail == ledger_changes.ORIGINAL for row in rows),
            last_part=max((row.part for row in rows), default=0),
        )

    def shows(self, row: Delivery) -> Content:
        """What readers see of a message, or will."""
        return codec.load(codec.CONTENT, self.edits.get(row.id, row).content)


@dataclass(frozen=True, kw_only=True)
class _Work:
    """The correction of one post in one chat."""

    post: Post
    community: Community
    address: Address
    now: datetime
    soonest: datetime
    """When messages may be changed."""
    further_due: datetime
    """When more messages may be sent."""
    person_id: int | None = None
    """Whose private copy it is; None for a group."""

    async def carry_out(self, chat: _Chat, parts: Sequence[Content]) -> None:
        pairs, further, surplus = matched(chat, parts)
        for row, content in pairs:
            if not _same(chat.shows(row), content):
                await self._change(row, chat.shows(row), content)
        for row in surplus:
            if ledger_changes.is_absent(row):
                await ledger_changes.drop(row, self.now)
            else:
                await self._plan(ledger.DELETE, row)
        if further:
            await self._send(chat, [row for row, _ in pairs], further)

    async def _change(self, row: Delivery, shown: Content, content: Content) -> None:
        content = replace(content, reply_to=None)
        messages = await ledger_changes.standing(row) if row.state == DeliveryState.DELIVERED else []
        steps = exchanging.exchange(shown, content) if len(messages) == len(shown.attachments) else None
        if ledger_changes.is_absent(row):
            await ledger_changes.reword(row, content)
        elif steps is not None and len(await ledger.messages_of(row)) > 1:
            await self._exchange(row, content, messages, steps)
        elif len(shown.attachments) > 1 and not _same_beside(shown, content):  # somebody removed one of them by hand
            await self._replace(row, content)
        else:
            await self._plan(ledger.EDIT, row, content)

    async def _exchange(
        self, row: Delivery, content: Content, messages: Sequence[RemoteRef], steps: exchanging.Exchange
    ) -> None:
        """Change single messages of an album: each change is a row, and each holds the whole album as it will be."""
        for removed in steps.removed:
            await ledger_changes.leave_alone(row, messages[removed])
        edits = [
            await self._plan(ledger.EDIT, row, content, message=messages[changed], item=file + 1)
            for changed, file in steps.changed
        ]
        for removed in steps.removed:
            # Its words are in sight at any moment: they go once another message has them.
            after = edits[0].id if steps.words_move and removed == 0 else None
            await self._plan(ledger.PRUNE, row, content, message=messages[removed], after=after)

    async def _replace(self, row: Delivery, content: Content) -> None:
        """Remove a message and send it anew, at the end."""
        rows = Delivery.filter(post_id=row.post_id, account=row.account, chat=row.chat, operation=ledger.SEND)
        last = await rows.order_by("-part").first()
        await self._plan(ledger.DELETE, row)
        await planning.plan_parts(
            [content],
            self.post,
            self.community,
            self.address,
            self.now,
            first=1 + (row.part if last is None else last.part),
            due=self.further_due,
            revision=self.post.revision,
            person_id=self.person_id,
        )

    async def _plan(
        self,
        operation: str,
        row: Delivery,
        content: Content | None = None,
        *,
        message: RemoteRef | None = None,
        item: int = 0,
        after: int | None = None,
    ) -> Delivery:
        return await ledger.plan(
            kind=ledger.POST if self.person_id is None else ledger.COPY,
            address=row.address,
            now=self.now,
            due_at=self.soonest,
            operation=operation,
            content=content,
            community=self.community.id,
            post_id=self.post.id,
            person_id=self.person_id,
            view="" if self.person_id is None else ledger.WAITS_LESS,
            part=row.part,
            revision=self.post.revision,
            target=row,
            target_ref=message,
            item=item,
            waits_for=after,
        )

    async def _send(self, chat: _Chat, kept: Sequence[Delivery], further: Sequence[Content]) -> None:
        """What the messages there have no room for follows them, as an answer to the first of them."""
        last = max(kept, key=lambda row: (row.part, row.id), default=None)
        first = min(kept, key=lambda row: (row.part, row.id), default=None)
        if last is not None:
            await last.refresh_from_db()  # what was dropped before it may have let it go
        after = last if last is not None and last.state != DeliveryState.DELIVERED else None
        if first is not None and first.ref is not None:
            further = [replace(content, reply_to=first.ref) for content in further]
        rows = await planning.plan_parts(
            further,
            self.post,
            self.community,
            self.address,
            self.now,
            first=chat.last_part + 1,
            due=self.further_due,
            after=after,
            revision=self.post.revision,
            person_id=self.person_id,
        )
        if after is not None:
            await ledger_changes.follow_fate(rows, after)


def matched(
    chat: _Chat, parts: Sequence[Content]
) -> tuple[list[tuple[Delivery, Content]], list[Content], list[Delivery]]:
    """Which message becomes which part; the parts that have none, and the messages that are too many.

    A part finds the first message left with the same files, or with none; else an album of which some stay, or a
    single file whose place it takes.
    """
    free = list(chat.sends)
    found: dict[int, Delivery] = {}
    for alike in (_same_beside, exchanging.is_similar, _one_file_each):
        for index, content in enumerate(parts):
            row = None if index in found else next((row for row in free if alike(chat.shows(row), content)), None)
            if row is not None:
                free.remove(row)
                found[index] = row
    pairs = [(found[index], content) for index, content in enumerate(parts) if index in found]
    return pairs, [content for index, content in enumerate(parts) if index not in found], free


def _same_beside(shown: Content, wanted: Content) -> bool:
    return _beside(shown) == _beside(wanted)


def _one_file_each(shown: Content, wanted: Content) -> bool:
    """Can one be edited into the other, where the platform lets files be changed?"""
    return len(shown.attachments) == len(wanted.attachments) == 1


async def send_anew(row: Delivery, now: datetime) -> None:
    """A message's file was to be changed, and its platform refused: the message goes, and a new one follows.

    Of an album all go, and the new one is what was wanted last.
    """
    target = None if row.target_id is None else await Delivery.get_or_none(id=row.target_id)
    if target is None or not row.content or row.reason not in (Refusal.UNSUPPORTED, Refusal.BAD_CONTENT):
        return
    content = codec.load(codec.CONTENT, row.content)
    if not content.attachments or not await _changes_file(row, target, content):
        return
    if await ledger.is_leaving(target):
        await ledger_changes.withdraw_refused(row)  # another change of the same album was refused before
        return
    wanted = await ledger_changes.withdraw_changes(row)
    content = codec.load(codec.CONTENT, wanted.content)
    answered = codec.load(codec.CONTENT, target.content).reply_to if target.content else None
    rows = Delivery.filter(post_id=row.post_id, account=row.account, chat=row.chat, operation=ledger.SEND)
    last = await rows.order_by("-part").first()
    values: dict[str, Any] = {
        "kind": row.kind,
        "address": row.address,
        "now": now,
        "community": row.community,
        "post_id": row.post_id,
        "person_id": row.person_id,
        "view": row.view,
        "revision": wanted.revision,
    }
    await ledger.plan(operation=ledger.DELETE, target=target, part=target.part, **values)
    content = replace(content, reply_to=answered)
    await ledger.plan(content=content, part=1 + (0 if last is None else last.part), **values)


async def _changes_file(row: Delivery, target: Delivery, content: Content) -> bool:
    """Was this edit to put another file into a message?"""
    for version in await ledger.versions(target):
        shown = codec.load(codec.CONTENT, version.content) if version.content else Content()
        if not row.item:
            return not _same_beside(shown, content)
        if version.id == target.id:
            return content.attachments[row.item - 1].sha256 not in {file.sha256 for file in shown.attachments}
        if version.item and version.target_message == row.target_message:
            return content.attachments[row.item - 1].sha256 != shown.attachments[version.item - 1].sha256
    return False


def _beside(content: Content) -> tuple[object, ...]:
    """What a message consists of beside its words."""
    return (*(file.sha256 for file in content.attachments), content.place, content.poll)


def _same(shown: Content, wanted: Content) -> bool:
    """To readers."""
    return _words(shown.text) == _words(wanted.text) and _beside(shown) == _beside(wanted)


def _words(text: RichText) -> str:
    return codec.dump(codec.RICH_TEXT, text)
