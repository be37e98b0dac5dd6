"""Looking things up in the delivery ledger; changes are made by ``ledger`` alone, which offers these, too."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bridge.core.errors import TooSoon
from bridge.core.ids import AccountId, Address, ChatId, RemoteRef
from bridge.core.message import Attachment, Content
from bridge.core.states import DeliveryState
from bridge.storage import codec, lookup
from bridge.storage.former import formerly
from bridge.storage.many import which_stand
from bridge.storage.models import Delivery
from bridge.storage.models_messages import DeliveryMessage

POST, CARD, EXHIBIT, PROMPT, NOTICE, REMOVAL = "post", "card", "exhibit", "prompt", "notice", "removal"
REACTION = "reaction"
"""What our account reacts to a message of a post with."""
COPY, DIGEST = "copy", "digest"
"""A post for one person alone; many posts in short, for one person alone."""
APPLICATION = "application"
"""The card of an application, as ``CARD`` is that of a review."""
SEND, EDIT, DELETE, REACT = "send", "edit", "delete", "react"
PRUNE = "prune"
"""Removes one message of a row that became several. Its content is what the others show then."""
CAN_WAIT = "can_wait"
"""The view of a row that lets everything else of its lane, and of its account, go first."""
WAITS_LESS = "can_wait_less"
"""The same, before all rows that only can wait: a private copy is corrected before digests and further copies go."""
ANSWER = "answer"
"""The view of an exhibit that shows a file of an author's answer."""
ACTIVE = (DeliveryState.PLANNED, DeliveryState.ATTEMPTING, DeliveryState.IN_DOUBT)
WHOLE_ACCOUNT = "the whole account: "
"""How the detail of a row begins that the platform put off with everything else of its account."""
_VERSIONS = 20
"""Edits of one message that are looked at."""
_FILE = '"sha256"'
"""In the content of a row that has files."""
_QUICKEST = timedelta(seconds=5)


async def in_doubt(
    now: datetime, accounts: Sequence[str], *, besides: Sequence[int] = (), limit: int = 50
) -> list[Delivery]:
    """Rows that may have been sent and are to be judged by now, oldest first; ``besides`` these."""
    rows = Delivery.filter(state=DeliveryState.IN_DOUBT, due_at__lte=now, account__in=list(accounts)).order_by("id")
    return await (rows.exclude(id__in=list(besides)) if besides else rows).limit(limit)


def _on(accounts: Sequence[str] | None) -> dict[str, list[str]]:
    """Only rows of these accounts; None: of all."""
    return {} if accounts is None else {"account__in": list(accounts)}


async def recent_attempts(
    since: datetime, accounts: Sequence[str] | None = None
) -> list[tuple[Address, datetime, int]]:
    """Calls of the last while, so that a restart does not burst over a platform's limits: (chat, when, files sent)."""
    calls = Delivery.filter(attempted_at__gt=since, **_on(accounts))
    # Of the words of the last minute's calls those with files alone are read: there may be tens of thousands.
    heavy = calls.filter(operation=SEND, content__contains=_FILE)
    files = {int(row): len(_attachments(content)) for row, content in await heavy.values_list("id", "content")}
    rows = await calls.values_list("id", "account", "chat", "attempted_at")
    return [(Address(AccountId(account), ChatId(chat)), at, files.get(row, 0)) for row, account, chat, at in rows]


def files_of(row: Delivery) -> int:
    """How many files a row sends."""
    return len(attachments_of(row)) if row.operation == SEND else 0


def attachments_of(row: Delivery) -> tuple[Attachment, ...]:
    """The files of a row's content."""
    return _attachments(row.content)


def _attachments(content: str) -> tuple[Attachment, ...]:
    # Most have none, and need not be decoded.
    return codec.load(codec.CONTENT, content).attachments if _FILE in content else ()


async def put_off(now: datetime, accounts: Sequence[str] | None = None) -> list[tuple[Address, datetime, bool]]:
    """Until when platforms have put chats off, so that a restart does not ask them sooner; and the whole account?"""
    # Not of what is in doubt, which waits for us as well.
    later = Delivery.filter(state=DeliveryState.PLANNED, attempts__gt=0, doubted=False, due_at__gt=now, **_on(accounts))
    return [
        (Address(AccountId(account), ChatId(chat)), due, detail.startswith(WHOLE_ACCOUNT))
        for account, chat, due, detail in await later.values_list("account", "chat", "due_at", "detail")
    ]


async def find_by_ref(ref: RemoteRef) -> Delivery | None:
    """The row whose message this is, ours or registered, or one of whose; edits keep the message of their send."""
    first = Delivery.filter(account=ref.account, remote_chat=ref.chat, message=ref.message, operation=SEND)
    further = Delivery.filter(
        messages__account=ref.account, messages__chat=ref.chat, messages__message=ref.message, operation=SEND
    )
    return await first.order_by("-id").first() or await further.order_by("-id").first()


async def messages_of(row: Delivery) -> list[RemoteRef]:
    """Every message that a row became, in order: several for an album, none while it is not there."""
    if row.ref is None:
        return []
    return [row.ref, *(m.ref for m in await DeliveryMessage.filter(delivery_id=row.id).order_by("position"))]


async def answered(ref: RemoteRef, heard_at: datetime, now: datetime) -> Delivery | None:
    """The row of a message that somebody replied to or reacted to.

    People can be quicker than our own commit: while a send of that account is under way, and for a few seconds, an
    unknown message may be ours. Raises TooSoon then. Of a chat that has moved, what was said before is found, too.
    """
    row = await find_by_ref(ref)
    for before in [] if row is not None else await formerly(ref):
        row = row or await find_by_ref(before)
    if row is None and now - heard_at < _QUICKEST:
        under_way = (DeliveryState.ATTEMPTING, DeliveryState.IN_DOUBT)
        if await Delivery.exists(account=ref.account, state__in=under_way, operation=SEND):
            raise TooSoon
    return row


async def of_post(post_id: int) -> list[Delivery]:
    """Its rows for the groups, oldest first; of private copies there may be thousands (``storage.feed``)."""
    return await lookup.rows(Delivery, post_id=post_id, kind=POST, order="id")


async def places(post_ids: Sequence[int]) -> dict[int, list[RemoteRef]]:
    """By post, the first message of it in every chat that it arrived in; in the order they were planned."""
    rows = await Delivery.filter(
        post_id__in=list(post_ids), kind=POST, operation=SEND, state=DeliveryState.DELIVERED
    ).order_by("part", "id")
    found: dict[int, dict[Address, RemoteRef]] = {}
    for row in rows:
        if row.post_id is not None and row.ref is not None:
            found.setdefault(row.post_id, {}).setdefault(row.address, row.ref)
    return {post_id: list(refs.values()) for post_id, refs in found.items()}


async def oldest_undelivered() -> datetime | None:
    """Since when the oldest unfinished row has been due."""
    found = await Delivery.filter(state__in=list(ACTIVE), waits_for__isnull=True).order_by("due_at").first()
    return None if found is None else found.due_at


async def newest_card(review_id: int, revision: int, channel: Address) -> Delivery | None:
    """What a channel was last shown of a wording: the newest card or edit that arrived, else the newest composed."""
    rows = Delivery.filter(review_id=review_id, kind=CARD, revision=revision, account=channel.account)
    composed = rows.filter(chat=channel.chat).exclude(content="").order_by("-id")
    return await composed.filter(state=DeliveryState.DELIVERED).first() or await composed.first()


async def card_rows(*review_ids: int) -> list[Delivery]:
    """The rows that sent these reviews' cards, one for every channel and wording, oldest first."""
    return await lookup.rows(Delivery, review_id=review_ids, kind=CARD, operation=SEND, order="id")


async def application_rows(application_id: int) -> list[Delivery]:
    """The rows that sent an application's cards, one for every channel, oldest first."""
    rows = Delivery.filter(application_id=application_id, kind=APPLICATION, operation=SEND)
    return await rows.order_by("id")


async def said_lately(address: Address, content: Content, since: datetime) -> bool:
    """Have these very words been said there already, a moment ago, whomever they answered?"""
    said = Delivery.filter(kind=NOTICE, account=address.account, chat=address.chat, planned_at__gt=since)
    contents = await said.exclude(content="").values_list("content", flat=True)
    texts = [codec.load(codec.CONTENT, str(row)).text for row in contents]
    return content.text in texts


async def count_notices(address: Address, since: datetime) -> int:
    """How often something was said in a chat that is no post."""
    return await Delivery.filter(kind=NOTICE, account=address.account, chat=address.chat, planned_at__gt=since).count()


async def waited_for(ids: Collection[int]) -> set[int]:
    """Those of these rows that others wait for: the next part of a post, an edit of what was just sent."""
    return await which_stand(Delivery, "waits_for", ids)


async def unclaimed_edit(card: Delivery) -> Delivery | None:
    """An edit of this card that is still to be composed, and so will show whatever is true by then."""
    return await lookup.first(Delivery, target_id=card.id, operation=EDIT, state=DeliveryState.PLANNED, payload="")


async def reaction_waits(row: Delivery) -> bool:
    """Is a reaction to this message still to be composed? It will be what is true by then."""
    rows = Delivery.filter(target_id=row.id, operation=REACT, payload="")
    return await rows.filter(state=DeliveryState.PLANNED).exists()


async def last_reaction(row: Delivery) -> str | None:
    """The payload of the last reaction of ours that this message was given."""
    found = Delivery.filter(target_id=row.id, operation=REACT, state=DeliveryState.DELIVERED).exclude(payload="")
    last = await found.order_by("-id").first()
    return None if last is None else last.payload


async def versions(row: Delivery) -> list[Delivery]:
    """A message as it was sent and as edits have changed it, newest first: the latest edits, and the send."""
    edits = Delivery.filter(target_id=row.id, operation__in=[EDIT, PRUNE], state=DeliveryState.DELIVERED)
    return [*await edits.exclude(content="").order_by("-id").limit(_VERSIONS), row]


async def edit_after(row: Delivery) -> Delivery | None:
    """The newest edit of the same message after this one that has not failed."""
    if row.operation != EDIT or row.target_id is None:
        return None
    newer = Delivery.filter(target_id=row.target_id, target_message=row.target_message, operation=EDIT, id__gt=row.id)
    lost = (DeliveryState.REFUSED, DeliveryState.CANCELLED)
    return await newer.exclude(state__in=lost).order_by("-id").first()


async def count_shown(review_id: int, view: str) -> int:
    """How many exhibits of a kind an item has in all channels."""
    return await Delivery.filter(review_id=review_id, kind=EXHIBIT, view=view).count()


async def is_edited_after(card: Delivery, row_id: int) -> bool:
    """Has an edit of this card been planned after another row, and not failed?"""
    edits = Delivery.filter(target_id=card.id, operation=EDIT, id__gt=row_id)
    return await edits.exclude(state__in=[DeliveryState.REFUSED, DeliveryState.CANCELLED]).exists()


async def removal_of(ref: RemoteRef) -> Delivery | None:
    """The row that takes a member's original out of its group."""
    return (
        await Delivery.filter(
            kind=REMOVAL, account=ref.account, target_chat=ref.chat, target_message=ref.message, operation=DELETE
        )
        .order_by("-id")
        .first()
    )


async def is_leaving(row: Delivery) -> bool:
    """Is the removal of this message of ours planned, or done?"""
    lost = (DeliveryState.REFUSED, DeliveryState.CANCELLED)
    return await Delivery.filter(target_id=row.id, operation=DELETE).exclude(state__in=lost).exists()
