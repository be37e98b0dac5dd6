"""Somebody reacted to a post or voted in its poll: counted, shown on the card, mirrored where wanted."""

from collections.abc import Sequence
from datetime import timedelta

from bridge.core.events import PollCounted, PollVoted, Reacted, ReactionsCounted, ReactionsSet, Sender
from bridge.core.hygiene import clean_line
from bridge.core.ids import ChatId, CommunityId, MessageId, RemoteRef
from bridge.delivery import mirroring
from bridge.intake.context import Context
from bridge.moderation import cards
from bridge.storage import codec, echoes, inbox, ledger, memberships, people, submissions
from bridge.storage.models import Delivery

_PAUSE = timedelta(seconds=60)
"""A card is not edited for every single reaction."""
_LONGEST = 16
"""Characters of a reaction: Matrix takes any text for one, and a family of emoji has eleven."""
_KINDS = (ledger.POST, ledger.COPY)

Echo = ReactionsSet | ReactionsCounted | PollVoted | PollCounted


def usable(emoji: str) -> str:
    """A reaction as it is counted; empty for what is none: a custom picture, a whole sentence."""
    shown = echoes.plain_emoji(clean_line(emoji, 64))
    return "" if "://" in shown or len(shown) > _LONGEST else shown


async def reacted(event: Reacted, row: Delivery, context: Context) -> None:
    """Somebody reacted to a message of a post."""
    emoji = usable(event.emoji)
    if row.post_id is None or not emoji or await _is_unheard(event.sender, row, context):
        return
    event_id = MessageId("") if event.reaction is None else event.reaction
    if await echoes.add(row.post_id, event.ref, event.sender.ref.user, emoji, context.now, event=event_id):
        await _changed(row.post_id, context)


async def removed(ref: RemoteRef, context: Context) -> bool:
    """Was what was deleted a reaction? Then it no longer counts."""
    post_id = await echoes.remove(ref)
    if post_id is not None:
        await _changed(post_id, context)
    return post_id is not None


async def heard(event: Echo, context: Context) -> None:
    """A platform says where the reactions or the votes of a message stand."""
    if isinstance(event, ReactionsSet | PollVoted) and event.sender.bot:
        return
    ref = event.ref
    if await ledger.find_by_ref(ref) is None:
        ref = await echoes.in_topic(ref, await _topics(ref, context))
    row = await ledger.answered(ref, event.at, context.now)
    if row is None or row.post_id is None or row.kind not in _KINDS:
        return
    if isinstance(event, ReactionsSet | PollVoted) and await _is_unheard(event.sender, row, context):
        return
    match event:
        case ReactionsSet(sender=sender, emojis=emojis):
            counts = [(emoji, 1) for text in emojis if (emoji := usable(text))]
            changed = await echoes.replace(row.post_id, ref, sender.ref.user, counts, context.now)
        case ReactionsCounted(counts=counted):
            counts = [(emoji, count) for text, count in counted if (emoji := usable(text)) and count > 0]
            changed = await echoes.replace(row.post_id, ref, "", counts, context.now)
        case PollVoted(sender=sender, options=options):
            chosen = await _chosen(row.post_id, options)
            await echoes.vote(row.post_id, ref, sender.ref.user, chosen, context.now)
            changed = True
        case PollCounted(counts=votes):
            await echoes.vote(row.post_id, ref, "", votes, context.now)
            changed = True
    if changed:
        await _changed(row.post_id, context)


async def _is_unheard(sender: Sender, row: Delivery, context: Context) -> bool:
    """Whoever is banned: nothing is taken from them, and that is told them where they write.

    Another bridge's reactions are those of its own readers, or ours come back: the two would keep each other's alive.
    """
    community = context.communities.get(row.community)
    if community is not None and sender.ref in community.allowed_bots:
        return True
    identity = await people.find(sender.ref)
    return identity is not None and await memberships.is_banned(identity.person_id, row.community)


async def _chosen(post_id: int, options: Sequence[int]) -> list[int]:
    """What a vote counts for. A voter's app writes it: that one answer may be chosen, and once, it need not respect."""
    post = await submissions.post_by_id(post_id)
    beside = () if post is None else codec.load(codec.UNCARRIED, post.uncarried)
    poll = next((item.poll for item in beside if item.poll is not None), None)
    known = list(dict.fromkeys(options))
    return known if poll is None or poll.multiple else known[:1]


async def _topics(ref: RemoteRef, context: Context) -> list[ChatId]:
    """The bridged topics (``group/topic``) of the group that a message is said to stand in."""
    groups = [group.chat for community in context.communities.all for group in community.groups]
    now = [await inbox.resolve(chat) for chat in groups if chat.account == ref.account and "/" in chat.chat]
    return [address.chat for address in now if address.chat.startswith(f"{ref.chat}/")]


async def _changed(post_id: int, context: Context) -> None:
    post = await submissions.post_by_id(post_id)
    community = None if post is None else context.communities.get(CommunityId(post.community))
    if post is None or community is None:
        return
    await cards.refresh_published([post.submission_id], context.now, pause=_PAUSE)
    await mirroring.plan(post_id, community, context.directory, context.now)
