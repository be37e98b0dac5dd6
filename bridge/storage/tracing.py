"""One id from intake to arrival: what the log calls a post, and all that the tables know of its way.

The id is made of where the author's message stands, with the installation's own id as the key: it is known before there
is a submission, needs no column, and says nothing to whoever has only the log.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress

from pydantic import ValidationError
from tortoise.expressions import Q
from tortoise.functions import Count

from bridge.core.errors import Refusal
from bridge.core.events import ButtonPressed, InboundEvent, MessageDeleted, MessageEdited, MessagePosted
from bridge.core.ids import RemoteRef
from bridge.core.reports import TraceLine, TraceReport
from bridge.core.states import DeliveryState
from bridge.storage import audit, codec, handles, lookup, reasons
from bridge.storage.ledger_reads import COPY, POST, find_by_ref
from bridge.storage.models import Delivery, Inbox, Meta, Post, Review, Revision, Source, Submission

_REMEMBERED = 10_000
"""Posts and reviews whose id is kept in memory."""
_LETTERS = 12
_EVENTS = 200
"""Events of a chat that are looked through for one message."""


class Tracer:
    """Makes and finds the ids. Nothing here may fail because of the log: callers are in the middle of their work."""

    def __init__(self, installation: str) -> None:
        self._key = f"trace:{installation}".encode()
        self._known: dict[tuple[str, int], str] = {}

    def of(self, ref: RemoteRef) -> str:
        """The id of a message of an author."""
        place = json.dumps([ref.account, ref.chat, ref.message]).encode()
        return hmac.new(self._key, place, hashlib.sha256).hexdigest()[:_LETTERS]

    async def before(self, event: InboundEvent) -> str:
        """The id that an event belongs to, as far as that can be told before it is handled; empty for none."""
        if isinstance(event, MessagePosted):
            row = None if event.reply_to is None else await find_by_ref(event.reply_to)
            # An answer to a card is about its item; one to a post is an item of its own.
            about = "" if row is None or row.kind in (POST, COPY) else (await self.of_rows([row])).get(row.id, "")
            return about or self.of(event.ref)
        if isinstance(event, MessageEdited | MessageDeleted):
            return await self.after(event) or self.of(event.ref)
        if isinstance(event, ButtonPressed):
            return await self._of_handle(event.handle)
        ref = getattr(event, "ref", None)
        row = await find_by_ref(ref) if isinstance(ref, RemoteRef) else None
        return "" if row is None else (await self.of_rows([row])).get(row.id, "")

    async def after(self, event: InboundEvent) -> str:
        """The id of the submission that a message is part of by now; empty where it is part of none."""
        if not isinstance(event, MessagePosted | MessageEdited | MessageDeleted):
            return ""
        ref = event.ref
        source = await Source.get_or_none(account=ref.account, chat=ref.chat, message=ref.message)
        if source is None:
            return ""
        return self.of((await Submission.get(id=source.submission_id)).source)

    async def _of_handle(self, token: str) -> str:
        handle = await handles.handle_by_token(token)
        if handle is None:
            return ""
        if handle.subject == "review":
            return (await self._of_many("review", [handle.subject_id])).get(handle.subject_id, "")
        if handle.subject == "submission":
            submission = await Submission.get_or_none(id=handle.subject_id)
            return "" if submission is None else self.of(submission.source)
        if handle.subject == "delivery":
            row = await Delivery.get_or_none(id=handle.subject_id)
            return "" if row is None else (await self.of_rows([row])).get(row.id, "")
        return ""

    async def of_rows(self, rows: Sequence[Delivery]) -> dict[int, str]:
        """The ids of rows of the ledger, by row; those of no item are left out. One query for a post, not for a row."""
        posts = await self._of_many("post", {row.post_id for row in rows if row.post_id is not None})
        wanted = {row.review_id for row in rows if row.post_id is None and row.review_id is not None}
        reviews = await self._of_many("review", wanted)
        found: dict[int, str] = {}
        for row in rows:
            if row.post_id is not None and row.post_id in posts:
                found[row.id] = posts[row.post_id]
            elif row.review_id is not None and row.review_id in reviews:
                found[row.id] = reviews[row.review_id]
        return found

    async def _of_many(self, kind: str, ids: Iterable[int]) -> dict[int, str]:
        wanted = set(ids)
        unknown = [number for number in wanted if (kind, number) not in self._known]
        if unknown:
            if len(self._known) > _REMEMBERED:
                self._known.clear()
                unknown = list(wanted)
            model: type[Post] | type[Review] = Post if kind == "post" else Review
            for row in await lookup.rows(model, related=("submission",), id=unknown):
                self._known[(kind, row.id)] = self.of(row.submission.source)
        return {number: self._known[(kind, number)] for number in wanted if (kind, number) in self._known}


# --- the report -----------------------------------------------------------------------------------------------------


async def trace(community: str, number: int) -> TraceReport:
    """Everything on record about one item, in the order of time. Raises LookupError where there is no such item."""
    submission = await Submission.get_or_none(community=community, number=number)
    if submission is None:
        raise LookupError(f"there is no {community}#{number}")
    installation = await Meta.get_or_none(key="installation")
    tracer = Tracer("" if installation is None else installation.value)
    sources = [source.ref for source in await Source.filter(submission_id=submission.id).order_by("id")]
    refs = list(dict.fromkeys([submission.source, *sources]))
    reviews = await Review.filter(submission_id=submission.id).order_by("id")
    post = await Post.get_or_none(submission_id=submission.id)
    lines = [*await _events(refs), *await _wordings(submission)]
    for review in reviews:
        lines += await _decisions(review)
    if post is not None:
        lines.append(
            TraceLine(
                at=post.approved_at,
                step="post",
                what=f"wording {post.revision}",
                where=community,
                outcome=post.state.value,
                detail="" if post.publish_at is None else f"from {post.publish_at:%Y-%m-%d %H:%M:%S} UTC",
            )
        )
    about = Q(review_id__in=[review.id for review in reviews] or [0])
    if post is not None:
        about |= Q(post_id=post.id)
    lines += await _deliveries(about)
    return TraceReport(
        community=community,
        number=number,
        ids=tuple(dict.fromkeys(tracer.of(ref) for ref in refs)),
        state=(reviews[-1].state.value if reviews else "received") if post is None else post.state.value,
        lines=tuple(sorted(lines, key=lambda line: line.at)),
    )


async def _events(refs: Sequence[RemoteRef]) -> list[TraceLine]:
    """What the platforms told of the author's messages, as long as it is kept."""
    found: dict[int, TraceLine] = {}
    for ref in refs:
        rows = Inbox.filter(account=ref.account, chat=ref.chat, event__contains=json.dumps(ref.message)[1:-1])
        for row in await rows.order_by("-id").limit(_EVENTS):
            with suppress(ValidationError):
                event = codec.load(codec.EVENT, row.event)
                if getattr(event, "ref", None) == ref:
                    found[row.id] = TraceLine(
                        at=row.received_at,
                        step="inbox",
                        what=event.type,
                        where=str(ref.address),
                        outcome=row.state.value,
                        attempts=row.attempts,
                        id=row.id,
                        reference=ref.message,
                        detail=row.note,
                    )
    return list(found.values())


async def _wordings(submission: Submission) -> list[TraceLine]:
    return [
        TraceLine(
            at=revision.created_at,
            step="submission" if revision.number == 1 else "revision",
            what=f"wording {revision.number}",
            where=submission.community,
            outcome="of a moderator" if revision.editor else "of the author",
            id=submission.id,
        )
        for revision in await Revision.filter(submission_id=submission.id).order_by("number")
    ]


async def _decisions(review: Review) -> list[TraceLine]:
    held = TraceLine(
        at=review.created_at,
        step="review",
        what=review.kind,
        where=review.community,
        outcome=review.state.value,
        id=review.id,
        detail=", ".join(dict.fromkeys(code.partition(":")[0] for code in reasons.of(review).codes)),
    )
    return [
        held,
        *(
            TraceLine(
                at=row.at,
                step="decision",
                what=row.action,
                where=row.community or review.community,
                outcome=f"wording {row.revision}",
                id=row.id,
                by=row.actor,
                detail=row.reason,
            )
            for row in await audit.of_review(review.id)
        ),
    ]


async def _deliveries(about: Q) -> list[TraceLine]:
    """Every message; private copies only as figures, for there may be thousands."""
    lines = []
    for row in await Delivery.filter(about).exclude(kind=COPY).order_by("id"):
        unfinished = row.state in (DeliveryState.PLANNED, DeliveryState.IN_DOUBT)
        why = Refusal(row.reason).value if row.reason in list(Refusal) else row.reason
        lines.append(
            TraceLine(
                at=row.planned_at,
                step="delivery",
                what=f"{row.operation} {row.kind}" + (f" {row.part}" if row.part > 1 else ""),
                where=str(row.address),
                outcome=row.state.value.replace("_", " "),
                attempts=row.attempts,
                id=row.id,
                reference=row.message,
                tried_at=row.attempted_at,
                done_at=row.done_at,
                due_at=row.due_at if unfinished else None,
                detail=": ".join(filter(None, (why, row.detail))),
            )
        )
    columns = ("account", "operation", "state", "count")
    copies = Delivery.filter(about, kind=COPY).annotate(count=Count("id")).group_by(*columns[:3])
    for account, operation, state, count in await copies.values_list(*columns):
        of_these = Delivery.filter(about, kind=COPY, account=account, operation=operation, state=state)
        first, last = await of_these.order_by("planned_at").first(), await of_these.order_by("-done_at").first()
        if first is not None:
            lines.append(
                TraceLine(
                    at=first.planned_at,
                    step="delivery",
                    what=f"{operation} {count} private copies",
                    where=str(account),
                    outcome=DeliveryState(state).value.replace("_", " "),
                    done_at=None if last is None else last.done_at,
                )
            )
    return lines


__all__ = ["Tracer", "trace"]
