"""A person in texts that no key leads to: events as they came, messages as they went out.

Words go and rows stay where something else counts on them: an event must not be handled twice, a card must be found
again. A name inside somebody else's text is covered by as many signs, so that the marks over the text keep their place.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bridge.core.events import InboundEvent
from bridge.core.states import INBOX, DeliveryState, DeliveryStep, InboxState, InboxStep, PostState
from bridge.storage import codec, forwards, people
from bridge.storage.bells import upkeep_bell
from bridge.storage.database import transaction
from bridge.storage.ledger_reads import APPLICATION, CARD, DIGEST, EXHIBIT, NOTICE, POST, PROMPT
from bridge.storage.ledger_steps import advance
from bridge.storage.models import AdapterState, Chat, Delivery, Identity, Inbox, Post, Review, Submission
from bridge.storage.models_members import Application
from bridge.storage.personal import NOBODY, Subject, remembered

FAREWELL = "farewell"
"""The view of a row that is forgotten as soon as it is settled: what somebody is told who is erased, or was sent."""
ONCE = "once"
"""The view of a row that is forgotten once it is settled, though its chat is not: what somebody asked to see."""
SETTLED = (DeliveryState.DELIVERED, DeliveryState.REFUSED, DeliveryState.CANCELLED)
_SHORTEST = 3
"""Letters of a name that is looked for in texts."""
_SLICE = 500


def needles(subject: Subject) -> list[str]:
    """What says who somebody is, wherever it stands."""
    found = {*subject.names}
    for row in subject.accounts:
        found |= {row.name, row.handle, row.user, row.direct_chat}
    return sorted((text for text in found if len(text) >= _SHORTEST), key=len, reverse=True)


# --- events ---


async def own_events(subject: Subject, found: QuerySet[Inbox]) -> list[Inbox]:
    """Of events that may be the person's, those that are: written by them, or in their private chat."""
    refs, addresses = {row.ref for row in subject.accounts}, set(subject.addresses)
    own: list[Inbox] = []
    async for row in found:
        event = _event(row)
        sender = getattr(event, "sender", None) or getattr(event, "actor", None)
        if (row.account, row.chat) in addresses or (sender is not None and sender.ref in refs):
            own.append(row)
    return own


def _event(row: Inbox) -> InboundEvent | None:
    try:
        return codec.load(codec.EVENT, row.event)
    except ValidationError:
        return None


async def inbox(subject: Subject, handling: int) -> None:
    """Empty everything that the person wrote, and what others wrote where it names them."""
    waiting = set(await people.waiting_events())
    own = [row.id for row in await own_events(subject, Inbox.filter(_heard_of(subject)))]
    for start in range(0, len(own), _SLICE):
        ids = own[start : start + _SLICE]
        rows = Inbox.filter(id__in=ids)
        # One that waits was sent before its sender asked to be forgotten: it is not handled any more.
        waits = rows.filter(state__in=INBOX.sources(InboxStep.FINISH)).exclude(id=handling)
        await waits.update(state=INBOX.target(InboxStep.FINISH))
        await rows.update(event="{}", raw_json="", note="", chat=f"erased:{subject.person_id}")
    texts = needles(subject)
    others = Inbox.filter(_named_in(subject)).exclude(id__in=[*waiting] or [0]).exclude(state=InboxState.NEW)
    named = [
        row.id async for row in others if any(mentions(text, texts) for text in (row.event, row.raw_json, row.note))
    ]
    for start in range(0, len(named), _SLICE):
        await Inbox.filter(id__in=named[start : start + _SLICE]).update(event="{}", raw_json="", note="")


def mentions(text: str, texts: Iterable[str]) -> bool:
    """Does one of these stand in JSON (or other text) as words of its own, or as a number?"""
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(each)}(?!\w)" for each in texts), re.IGNORECASE)

    def found(value: Any) -> bool:
        if isinstance(value, dict):
            return any(found(each) for each in (*value, *value.values()))
        if isinstance(value, list):
            return any(found(each) for each in value)
        return pattern.search(str(value)) is not None

    try:
        return bool(text) and found(json.loads(text))
    except ValueError:
        return found(text)


def _heard_of(subject: Subject) -> Q:
    found = Q(id__in=[0])
    for row in subject.accounts:
        found |= Q(account=row.account) & _in_event(row.user)
        if row.direct_chat:
            found |= Q(account=row.account, chat=row.direct_chat)
    return found


def _in_event(text: str) -> Q:
    return Q(event__contains=codec.quoted(text)[1:-1]) | Q(raw_json__contains=codec.quoted(text)[1:-1])


def _named_in(subject: Subject) -> Q:
    found = Q(id__in=[0])
    for text in needles(subject):
        escaped = codec.dump_list([text])[2:-2]
        found |= _in_event(text) | Q(raw_json__contains=escaped) | Q(note__contains=text)
    return found


# --- messages ---


async def deliveries(subject: Subject) -> None:
    """What was sent to the person goes; of what was sent about them the words go, and their name out of the rest."""
    await private(Q(person_id=subject.person_id))
    for account, chat in subject.addresses:
        await private(Q(account=account, chat=chat) | Q(account=account, remote_chat=chat))
    codes = Delivery.filter(view__in=[f"link:{number}" for number in subject.ids])
    await codes.filter(state__in=SETTLED).delete()
    await codes.update(view=FAREWELL)
    gone = [post for post in subject.posts if post not in subject.kept]
    await _wordless(Q(post_id__in=gone or [0]))
    await _wordless(Q(review_id__in=list(subject.reviews) or [0]))
    await _wordless(Q(application_id__in=await _asked(subject)))
    await _digests(gone)
    await _cover(subject)


async def private(which: Q) -> None:
    """Rows of a chat with somebody who is gone: those under way are forgotten once they are settled."""
    rows = Delivery.filter(which).exclude(view=FAREWELL)
    for row in await rows.filter(state=DeliveryState.PLANNED):
        await advance(row, DeliveryStep.CANCEL)
    await Delivery.filter(which, state__in=SETTLED).exclude(view=FAREWELL).delete()
    await Delivery.filter(which).update(view=FAREWELL)


async def _digests(posts: Collection[int]) -> None:
    """Digests told of these posts: of those that were sent no words stay (others: ``feed``)."""
    for community, since in await Post.filter(id__in=list(posts) or [0]).values_list("community", "approved_at"):
        told = Q(kind=DIGEST, community=community, planned_at__gte=since)
        await _wordless(told)
        # Those that may be on their way at this moment are forgotten once they are settled.
        await Delivery.filter(told).exclude(state__in=[*SETTLED, DeliveryState.PLANNED]).update(view=ONCE)


async def _asked(subject: Subject) -> list[int]:
    """What they asked of the moderators; never empty, for a query."""
    found = await Application.filter(identity_id__in=subject.ids).values_list("id", flat=True)
    return [int(str(number)) for number in found] or [0]


async def applications_of(subject: Subject) -> list[int]:
    """Whose cards show the person: their own, and the latest of others that name who decided."""
    rows = Delivery.filter(about(subject), kind=APPLICATION, application_id__isnull=False)
    named = await rows.order_by("-id").limit(_SLICE).values_list("application_id", flat=True)
    return sorted({*await _asked(subject), *(int(str(number)) for number in named)} - {0})


async def _wordless(which: Q) -> None:
    rows = Delivery.filter(which, state__in=SETTLED).exclude(content="", payload="")
    # A card without a payload would count as never shown, and not be edited any more.
    await rows.filter(state=DeliveryState.DELIVERED).update(content="", payload="{}")
    await Delivery.filter(which, state__in=(DeliveryState.REFUSED, DeliveryState.CANCELLED)).update(
        content="", payload=""
    )


def about(subject: Subject) -> Q:
    """Our messages, of whatever item, that name the person."""
    found = Q(id__in=[0])
    for text in needles(subject):
        found |= Q(content__contains=codec.quoted(text)[1:-1]) | Q(payload__contains=codec.dump_list([text])[2:-2])
    return found


async def _cover(subject: Subject) -> None:
    """Cover the person's names in what was sent of others' items, and in posts that stay under nobody's name.

    In what is still to be sent nothing is covered: it is somebody's text, or is composed anew.
    """
    texts = needles(subject)
    others = [*await answers_to(subject), *await forwards.posts_naming(subject)]
    posts = [*subject.kept, *others, *await _signed(subject)]
    related = Q(kind=POST, post_id__in=posts or [0]) | ~Q(kind=POST)
    for row in await Delivery.filter(about(subject), related, state__in=SETTLED).exclude(view=FAREWELL):
        await cover_in(row, texts)
    for text in texts:
        for row in await Delivery.filter(detail__contains=text):
            await Delivery.filter(id=row.id).update(detail=row.detail.replace(text, NOBODY))


async def answers_to(subject: Subject) -> list[int]:
    """The posts of others that answer the person's, and name and quote them."""
    found = await Post.filter(reply_post_id__in=list(subject.posts) or [0]).values_list("id", flat=True)
    return [int(str(number)) for number in found]


async def _signed(subject: Subject) -> list[int]:
    """The posts under which they stand as a moderator."""
    reviews = sorted({review for reviews in subject.acted.values() for review in reviews})
    found = await Post.filter(submission__reviews__id__in=reviews or [0]).values_list("id", flat=True)
    return [int(str(number)) for number in found]


async def cover_in(row: Delivery, texts: Iterable[str]) -> None:
    """Cover these texts in the words of a message that is settled; a later attempt would be composed anew."""
    sent = row.state == DeliveryState.DELIVERED
    await Delivery.filter(id=row.id).update(content=covered(row.content, texts), payload="{}" if sent else "")


def covered(content: str, texts: Iterable[str]) -> str:
    """JSON in which texts are covered sign by sign: whatever is counted over it still counts the same."""
    patterns = [re.compile(rf"(?<!\w){re.escape(text)}(?!\w)", re.IGNORECASE) for text in texts]

    def cover(value: Any) -> Any:
        if isinstance(value, str):
            for pattern in patterns:
                value = pattern.sub(lambda match: "·" * len(match[0]), value)
            return value
        if isinstance(value, list):
            return [cover(each) for each in value]
        return {key: cover(each) for key, each in value.items()} if isinstance(value, dict) else value

    if not content:
        return content
    return json.dumps(cover(json.loads(content)), ensure_ascii=False, separators=(",", ":"))


async def cover_in_post(post_id: int, texts: Collection[str]) -> None:
    """Where an older wording of a post stays, on record it says no more than the newest does."""
    for row in await Delivery.filter(post_id=post_id, state__in=SETTLED).exclude(content=""):
        if covered(row.content, texts) != row.content:
            await cover_in(row, texts)


async def only_newest(post_id: int) -> None:
    """Of a post's messages no older wording stays on record: each says what its newest edit makes of it."""
    edits: dict[int, Delivery] = {}
    for row in await Delivery.filter(post_id=post_id, operation="edit").order_by("id"):
        if row.target_id is not None and row.content:
            edits[row.target_id] = row
    for target, newest in edits.items():
        older = Delivery.filter(Q(id=target) | Q(target_id=target, operation="edit"), state__in=SETTLED)
        await older.exclude(id=newest.id).update(content=newest.content, payload="{}")


async def finish() -> None:
    """Now and then: what was under way when somebody was erased is settled by now."""
    async with transaction():
        await Delivery.filter(view__in=[FAREWELL, ONCE], state__in=SETTLED).delete()
    # From the erased to their messages, and a slice at a time: from the messages to the erased it is everything.
    erased = await Identity.filter(person__erased_at__isnull=False).values_list("id", flat=True)
    for accounts in _slices(erased):
        mine = Submission.filter(identity_id__in=accounts)
        for submissions in _slices(await mine.values_list("id", flat=True)):
            gone = Post.filter(submission_id__in=submissions, state=PostState.RETRACTED)
            for posts in _slices(await gone.values_list("id", flat=True)):
                await _finish(Q(post_id__in=posts))
            for reviews in _slices(await Review.filter(submission_id__in=submissions).values_list("id", flat=True)):
                await _finish(Q(review_id__in=reviews, kind__in=[EXHIBIT, PROMPT, NOTICE]))


def _slices(found: Sequence[Any]) -> Iterator[list[int]]:
    numbers = [int(str(number)) for number in found]
    return (numbers[start : start + _SLICE] for start in range(0, len(numbers), _SLICE))


async def _finish(which: Q) -> None:
    rows = Delivery.filter(which, state__in=SETTLED).exclude(content="")
    for ids in _slices(await rows.values_list("id", flat=True)):
        async with transaction():
            await _wordless(Q(id__in=ids))


async def said_farewell(row: Delivery) -> None:
    """The last words have arrived, or never will: now nothing has to be known of that chat any more."""
    await forget_chat(row.account, row.chat)
    await Delivery.filter(id=row.id).delete()
    upkeep_bell.ring_after_commit()


async def said_once(row: Delivery) -> None:
    """What somebody asked to see has been sent: it is not kept a second time."""
    await Delivery.filter(id=row.id).delete()
    upkeep_bell.ring_after_commit()


async def forget_chat(account: str, chat: str) -> None:
    """What a chat was called, and what its platform's account remembers of it."""
    await Chat.filter(account=account, chat=chat).delete()
    await AdapterState.filter(remembered([(account, chat)])).delete()


async def in_channels(subject: Subject, channels: Collection[tuple[str, str]]) -> list[Delivery]:
    """Our messages that stand in moderators' channels and are about the person: to be taken out of them.

    Cards are not among them: those are edited.
    """
    theirs = Q(review_id__in=list(subject.reviews) or [0])
    naming = about(subject) & Q(review_id__isnull=True)  # what was shown of others' items is theirs
    rows = Delivery.filter(theirs | naming, kind__in=[EXHIBIT, PROMPT, NOTICE], operation="send")
    texts = needles(subject)
    return [
        row
        for row in await rows.filter(state=DeliveryState.DELIVERED)
        if (row.account, row.chat) in channels
        and (row.review_id is not None or covered(row.content, texts) != row.content)
    ]


async def cards_naming(subject: Subject) -> list[int]:
    """Reviews of others whose cards name the person (who decided on them)."""
    rows = Delivery.filter(about(subject), kind=CARD).exclude(review_id__in=list(subject.reviews) or [0])
    found = await rows.filter(review_id__isnull=False).distinct().values_list("review_id", flat=True)
    return sorted({int(str(number)) for number in found})
