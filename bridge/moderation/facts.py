"""All that a card shows, read at one moment, and the fingerprint of what its approval would publish."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.core.card import AuthorCard, to_json
from bridge.core.community import Community
from bridge.core.ids import Address, CommunityId
from bridge.core.message import Attachment, Poll, Uncarried
from bridge.core.states import MembershipState, PostState, ReviewState
from bridge.core.text import RichText
from bridge.members.profiles import owed, shown_name, standing_of
from bridge.members.vouching import told_apart
from bridge.moderation.carrying import Loss
from bridge.rendering.words import words
from bridge.storage import (
    afterwards,
    beside,
    chats,
    codec,
    desk,
    dialogue,
    echoes,
    feed,
    handovers,
    ledger,
    merges,
    quotations,
    reasons,
    submissions,
    undoing,
)
from bridge.storage.around import Around, around
from bridge.storage.models import Delivery, Identity, Post, Profile, Query, Review, Revision, Submission
from bridge.storage.models_desk import Note, Theme, Translation, Vote
from bridge.storage.models_members import Membership


@dataclass(frozen=True, kw_only=True)
class CardFacts:
    review: Review
    revision: int
    """Which wording this card is about: an older one than the review's is superseded."""
    submission: Submission
    identity: Identity
    community: Community
    text: RichText
    before: RichText | None = None
    """The author's own latest wording, where this one is a moderator's; for a correction, what is published."""
    attachments: tuple[Attachment, ...] = ()
    uncarried: tuple[Uncarried, ...] = ()
    edited_by: str = ""
    card: AuthorCard
    has_profile: bool
    unseen: Profile | None = None
    """The author's first profile, which no moderator has seen yet: approving the post approves it."""
    owed: tuple[str, ...] = ()
    """Ids of the profile's fields without which the post cannot be approved."""
    standing: str = ""
    name: str = ""
    """What its author is called on cards, told apart from others of the same name."""
    earlier_posts: int = 0
    origin: str = ""
    """The chat it came from, by name."""
    answers: int | None = None
    reasons: tuple[str, ...] = ()
    """Codes of why it is held."""
    noted: tuple[str, ...] = ()
    """Codes of what is only to be said."""
    hints: tuple[tuple[str, str], ...] = ()
    """(kind, excerpt): what may identify somebody."""
    language: str = ""
    """Of the text, where it is not the group's."""
    queries: Sequence[Query] = ()
    undelivered: frozenset[int] = frozenset()
    """The ids of those that their author was never shown."""
    notes: Sequence[Note] = ()
    translations: Sequence[Translation] = ()
    outdated: Sequence[Translation] = ()
    """Of older wordings, into languages into which this one is not translated."""
    theme: Theme | None = None
    themes: Sequence[Theme] = ()
    """Those that are open, for the menu."""
    votes: Sequence[Vote] = ()
    targets: frozenset[Address] = frozenset()
    """The groups chosen; none: all."""
    crossed: tuple[str, ...] = ()
    titles: dict[Address, str]
    """The names of the community's groups."""
    about: Review | None = None
    """For an appeal or a correction: the review that it is about."""
    merged_into: int | None = None
    """The number of the post that says the same."""
    merged: Sequence[Review] = ()
    """What was joined with this one."""
    forwarded: tuple[str, int] | None = None
    """For a copy: the community it comes from, by name, and its number there."""
    origin_became: str = ""
    """What was done with its original since: ``retracted`` or ``corrected``."""
    post: Post | None = None
    deliveries: Sequence[tuple[Delivery, str]] = ()
    """The post's rows with the names of their chats."""
    losses: Sequence[Loss] = ()
    """Files that some of the chosen groups cannot be shown."""
    thin: frozenset[Address] = frozenset()
    """Those of its chats where every message costs money."""
    told: tuple[int, int] = (0, 0)
    """Of how many private copies was reported later that they arrived, and that they did not."""
    copies: tuple[int, int] = (0, 0)
    """Of how many people's private copies how many have arrived: (arrived, all)."""
    reactions: Sequence[tuple[str, int]] = ()
    """Of its readers, on all platforms together, most first."""
    poll: Poll | None = None
    """The post's, where it went out as one."""
    poll_votes: Sequence[int] = ()
    membership: Membership | None = None
    """Where the author stands in this community."""
    quotations: int = 0
    """How many passages of the post are marked."""
    untold: bool = False
    """Was it rejected or joined with another, and has nobody been told of it yet?"""
    asked_back: bool = False
    """Has the author asked to have the post taken back?"""

    @property
    def is_held(self) -> bool:
        return self.review.state == ReviewState.HELD

    @property
    def banned(self) -> bool:
        return self.membership is not None and self.membership.state == MembershipState.BANNED

    @property
    def undoable(self) -> bool:
        """Can the decision be undone: has nothing of the post been attempted or corrected, or nobody been told?"""
        if self.untold:
            return True
        post = self.post
        if self.review.kind == afterwards.CORRECTION or post is None or post.corrected_at is not None:
            return False
        return post.feed_number is None and undoing.is_unattempted(row for row, _ in self.deliveries)

    @property
    def fingerprint(self) -> str:
        """The same where approval would publish the same: who approves approves what their card shows."""
        review = self.review
        published = {
            "revision": self.revision,
            "card": to_json(self.card),
            **({} if self.unseen is None else {"profile": self.unseen.version}),
            "headline": review.headline,
            "theme": None if self.theme is None else [self.theme.id, self.theme.title],
            "answers": self.answers,
            "short": beside.short_of(review),
            "targets": sorted(map(str, self.targets)),
            "crossed": sorted(self.crossed),
            **({"previews": True} if review.previews else {}),
            "notes": [[note.text, note.anchor, note.initials] for note in self.notes],
            "translations": [[t.language, t.text, t.translator] for t in self.translations],
        }
        return hashlib.sha256(codec.dump_object(published).encode()).hexdigest()[:32]


async def facts_of(review: Review, community: Community, revision_number: int) -> CardFacts:
    """Read everything a card shows."""
    submission = review.submission
    identity = submission.identity
    revision = await submissions.revision(submission.id, revision_number)
    author = await standing_of(submission, community, unseen=True)
    post = await submissions.post_of_submission(submission.id)
    rows = [] if post is None else await ledger.of_post(post.id)
    origin = Address(submission.source.account, submission.source.chat)
    titles = await chats.titles({*(row.address for row in rows), *(g.chat for g in community.groups), origin})
    # On SMS an account has no name; what its owner told of themselves may have one.
    called = identity.name or (author.card.name if author.has_profile else "")
    called = called or shown_name(identity, words(community.language))
    there = await around(review, None if post is None else post.id)
    answers = None
    if submission.reply_post_id is not None:
        parent = await submissions.post_by_id(submission.reply_post_id)
        answers = None if parent is None else parent.number
    findings = codec.load_object(revision.findings)
    queries = await _queries(review) if Around.QUERIES in there else []
    translations = await beside.translations(submission.id) if Around.TRANSLATIONS in there else []
    why = reasons.of(review)
    uncarried = codec.load(codec.UNCARRIED, revision.uncarried)
    poll = None if post is None else next((item.poll for item in uncarried if item.poll is not None), None)
    facts = CardFacts(
        review=review,
        revision=revision_number,
        submission=submission,
        identity=identity,
        community=community,
        text=codec.load(codec.RICH_TEXT, revision.text),
        before=await _before(review, revision),
        attachments=codec.load(codec.ATTACHMENTS, revision.attachments),
        uncarried=uncarried,
        edited_by=revision.editor,
        card=author.card,
        has_profile=author.has_profile,
        unseen=author.profile if author.unseen else None,
        owed=() if review.kind == afterwards.CORRECTION else tuple(owed(author, community)),
        standing=await desk.standing(identity.person_id, community.id) if Around.STANDING in there else "",
        name=author.card.name if called == author.called else await told_apart(called, identity, community.id),
        earlier_posts=await submissions.posts_before(submission),
        origin=titles[origin],
        answers=answers,
        reasons=(*why.codes, *(["removal_failed"] if Around.STAYING in there else [])),
        noted=why.noted,
        hints=tuple((str(h["kind"]), str(h["excerpt"])) for h in findings.get("hints", [])),
        language=str(findings.get("language", "")),
        queries=queries,
        undelivered=frozenset(await dialogue.undelivered(queries)),
        notes=await desk.notes(review.id) if Around.NOTES in there else [],
        translations=[row for row in translations if row.revision == revision_number],
        outdated=beside.outdated(translations, revision_number),
        theme=await desk.theme(review.theme_id),
        themes=await desk.open_themes(community.id) if Around.THEMES in there else [],
        votes=[],
        targets=frozenset(Address.parse(text) for text in codec.load_list(review.targets)),
        crossed=tuple(codec.load_list(review.crossed)),
        titles={group.chat: titles[group.chat] for group in community.groups},
        about=None if review.about_review is None else await submissions.review_by_id(review.about_review),
        merged_into=await _number_of(review.merged_into),
        merged=await merges.into(submission.id) if Around.MERGED in there else [],
        forwarded=await _forwarded(submission, community),
        origin_became=await _origin_became(submission),
        post=post,
        deliveries=[(row, titles[row.address]) for row in rows],
        told=(0, 0) if post is None or post.feed_number is None else await handovers.of_copies(post.id),
        copies=(0, 0) if post is None or post.feed_number is None else await feed.arrived(post.id),
        reactions=await echoes.tally(post.id) if post is not None and Around.REACTIONS in there else (),
        poll=poll,
        poll_votes=() if post is None or poll is None else await echoes.votes(post.id, len(poll.options)),
        membership=author.membership,
        quotations=await quotations.count(post.id) if post is not None and Around.QUOTATIONS in there else 0,
        untold=review.kind != afterwards.CORRECTION and await undoing.is_untold(review),
        asked_back=post is not None and Around.ASKED_BACK in there,
    )
    if Around.VOTES in there:
        votes = await desk.votes(review.id, revision_number, facts.fingerprint)
        object.__setattr__(facts, "votes", votes)
    return facts


async def _before(review: Review, wording: Revision) -> RichText | None:
    """What a changed wording is compared with; None where nothing was changed."""
    if review.kind == afterwards.CORRECTION:
        return await _published(review)
    if wording.editor:
        earlier = await submissions.authors_revision(review.submission_id, before=wording.number)
    elif wording.created_at > review.created_at:
        earlier = await submissions.revision_before(review.submission_id, wording.number)
    else:
        earlier = None  # what its author sent in
    return None if earlier is None else codec.load(codec.RICH_TEXT, earlier.text)


async def _queries(review: Review) -> list[Query]:
    """What was said about an item; who decides on an appeal reads what was said before it, too."""
    found = await submissions.queries(review.id)
    if review.kind == "appeal" and review.about_review is not None:
        found = [*await submissions.queries(review.about_review), *found]
    return found


async def _published(review: Review) -> RichText | None:
    """What stands in the groups, or stood there before this correction replaced it."""
    if review.state == ReviewState.APPROVED:
        earlier = await afterwards.published_before(review)
        return None if earlier is None else codec.load(codec.RICH_TEXT, earlier.text)
    post = await submissions.post_of_submission(review.submission_id)
    return None if post is None else codec.load(codec.RICH_TEXT, post.text)


async def _forwarded(submission: Submission, community: Community) -> tuple[str, int] | None:
    post = None if submission.origin_post_id is None else await submissions.post_by_id(submission.origin_post_id)
    if post is None:
        return None
    return dict(community.others).get(CommunityId(post.community), post.community), post.number


async def _origin_became(submission: Submission) -> str:
    post = None if submission.origin_post_id is None else await submissions.post_by_id(submission.origin_post_id)
    if post is None:
        return ""
    if post.state == PostState.RETRACTED:
        return "retracted"
    corrected = post.corrected_at is not None and post.corrected_at > submission.created_at
    return "corrected" if corrected else ""


async def _number_of(review_id: int | None) -> int | None:
    review = None if review_id is None else await submissions.review_by_id(review_id)
    return None if review is None else review.submission.number
