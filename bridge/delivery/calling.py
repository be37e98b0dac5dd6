"""One call of a platform: what a row asks its adapter to do, and within which time."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import structlog

from bridge.core.clock import Clock
from bridge.core.errors import Refusal
from bridge.core.ids import ChatId, MessageId, RemoteRef, delivery_key
from bridge.core.message import Attachment, AttachmentKind, Thumbnail
from bridge.core.ports import (
    Adapter,
    CanDelete,
    CanDeleteTogether,
    CanEdit,
    CanReact,
    Later,
    LocalFile,
    Outgoing,
    Refused,
    SendOutcome,
    Sent,
    Unknown,
)
from bridge.delivery.directory import Directory
from bridge.storage import codec, ledger
from bridge.storage.models import Delivery

log = structlog.get_logger()

_SLOWEST = 50_000
"""Bytes a second of an upload that is still waited for."""
SEND_TIMEOUT = 120.0
"""Seconds after which a call that never answers is in doubt; adapters give up before."""


class Caller:
    """Carries one row out, once."""

    def __init__(self, directory: Directory, installation: str, file_path: Callable[[str], Path], clock: Clock) -> None:
        self._directory = directory
        self._installation = installation
        self._file_path = file_path
        self._clock = clock

    async def call(self, row: Delivery) -> SendOutcome:
        """What became of it; never raises, except where it is cancelled."""
        adapter = self._directory.adapter(row.account)
        if adapter is None:
            return Later(when=self._clock.now() + timedelta(minutes=5), why="the account is not configured")
        patience = SEND_TIMEOUT + bytes_of(row) / _SLOWEST
        try:
            async with asyncio.timeout(patience):
                return await self._operate(adapter, row)
        except TimeoutError:
            return Unknown(why=f"no answer within {patience:.0f} s")
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # An adapter may not raise; one that does has a defect, and nobody can tell what it did before.
            log.exception("adapter_defect", account=row.account, delivery=row.id)
            return Unknown(why=f"the adapter failed ({type(error).__name__})")

    async def _operate(self, adapter: Adapter, row: Delivery) -> SendOutcome:
        key = delivery_key(row.id, self._installation)
        if row.operation in (ledger.DELETE, ledger.PRUNE):
            return await self._delete(adapter, await self._target(row), key)
        if row.operation == ledger.REACT:
            refs = await self._target(row)
            if not refs:
                return Refused(reason=Refusal.TARGET_GONE)
            emojis = [*map(str, codec.load_object(row.payload).get("emojis", []))]
            return await adapter.react(refs[0], emojis, key) if isinstance(adapter, CanReact) else _unsupported()
        outgoing = self.outgoing(row)
        if row.operation == ledger.EDIT:
            refs = await self._target(row)  # of an album, the words stand at its first item
            if not refs:
                return Refused(reason=Refusal.TARGET_GONE)
            return await adapter.edit(refs[0], outgoing, key) if isinstance(adapter, CanEdit) else _unsupported()
        return await adapter.send(outgoing, key)

    async def _delete(self, adapter: Adapter, refs: Sequence[RemoteRef], key: str) -> SendOutcome:
        """Remove every message of a row. What goes wrong with one is answered; a repeat finds the others gone."""
        if not refs:
            return Refused(reason=Refusal.TARGET_GONE)
        if len(refs) > 1 and isinstance(adapter, CanDeleteTogether):
            return await adapter.delete_together(refs, key)
        if not isinstance(adapter, CanDelete):
            return _unsupported()
        gone, refused = 0, None
        for position, ref in enumerate(refs, 1):
            answer = await adapter.delete(ref, key if position == 1 else delivery_key(f"{key}/{position}", ""))
            match answer:
                case Sent():
                    gone += 1
                case Refused(reason=Refusal.TARGET_GONE):
                    refused = refused or answer
                case Refused():
                    refused = answer if refused is None or refused.reason is Refusal.TARGET_GONE else refused
                case _:
                    return answer
        stays = refused is not None and (not gone or refused.reason is not Refusal.TARGET_GONE)
        return refused if refused is not None and stays else Sent()

    async def _target(self, row: Delivery) -> list[RemoteRef]:
        if row.target_message:  # a member's, or one of several of ours
            return [RemoteRef(row.address.account, ChatId(row.target_chat), MessageId(row.target_message))]
        target = None if row.target_id is None else await Delivery.get_or_none(id=row.target_id)
        return [] if target is None else await ledger.messages_of(target)

    def outgoing(self, row: Delivery) -> Outgoing:
        """What its adapter is given."""
        attachments = ledger.attachments_of(row)
        pictures = [_as_file(a.thumbnail) for a in attachments if a.thumbnail is not None]
        return Outgoing(
            chat=row.address.chat,
            payload=codec.load_object(row.payload),
            files=tuple(LocalFile(attachment=a, path=self._file_path(a.sha256)) for a in (*attachments, *pictures)),
            item=row.item,
        )


def _as_file(thumbnail: Thumbnail) -> Attachment:
    return Attachment(
        sha256=thumbnail.sha256,
        kind=AttachmentKind.PHOTO,
        mime=thumbnail.mime,
        size=thumbnail.size,
        name="thumbnail",
        width=thumbnail.width,
        height=thumbnail.height,
    )


def bytes_of(row: Delivery) -> int:
    """Of the files that go with a row."""
    files = ledger.attachments_of(row) if row.operation not in (ledger.DELETE, ledger.PRUNE) else ()
    return sum(file.size for file in files[max(row.item - 1, 0) : row.item or None])


def _unsupported() -> SendOutcome:
    return Refused(reason=Refusal.UNSUPPORTED)
