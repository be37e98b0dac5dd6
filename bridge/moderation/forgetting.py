"""Forgetting a person: their posts are taken back, the moderators' channels lose their words, the tables lose them.

Everything is planned and erased in one transaction. What was sent by SMS or e-mail, and what others have kept, cannot
be called back: ``beforehand`` says so before anybody confirms, the last letter afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.core.community import Community
from bridge.core.ids import Address
from bridge.core.message import Content
from bridge.core.states import ApplicationState, ApplicationStep, MembershipState, PostState, ReviewState, ReviewStep
from bridge.core.text import plain
from bridge.delivery import correcting, planning, retracting
from bridge.members import contact
from bridge.moderation import applying, cards, crossing, group_links
from bridge.moderation.acts import Desk
from bridge.moderation.names import chat_names
from bridge.rendering.words import Words, words
from bridge.storage import (
    afterwards,
    applications,
    audit,
    chats,
    codec,
    database,
    erasure,
    feed,
    forwards,
    groups,
    holdings,
    inbox,
    ledger,
    ledger_changes,
    memberships,
    places,
    submissions,
    traces,
)
from bridge.storage.bells import upkeep_bell
from bridge.storage.models import Identity, Post, Review, Submission
from bridge.storage.personal import NOBODY, Subject

_MOST_CARDS = 200
"""Cards of others that name an erased moderator and are shown anew; older ones lose only what is on record."""


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """What became of it."""

    posts: int
    """That were taken back."""
    kept: int
    """That stay published, under nobody's name."""
    stays: tuple[Address, ...]
    """Chats where something cannot be removed."""


async def beforehand(person_id: int, desk: Desk, w: Words) -> str:
    """What will happen, and what cannot: said before anybody confirms."""
    subject = await holdings.subject_of(person_id)
    live = [post for post in await _live(subject) if _community(post, desk) is not None]
    kept = [post for post in live if _keeps(post, desk)]
    lines = [w._("Everything that I hold about you will be erased: your accounts here, your profile, your messages.")]
    going = len(live) - len(kept)
    if going:
        lines.append(
            w.ngettext(
                "{count} published post of yours will be taken back.",
                "{count} published posts of yours will be taken back.",
                going,
            )
        )
    if kept:
        lines.append(
            w.ngettext(
                "{count} published post stays, without your name: your community has decided so.",
                "{count} published posts stay, without your name: your community has decided so.",
                len(kept),
            )
        )
    where = await _named(await _cannot(live, desk), desk)
    if where:
        lines.append(w._("It cannot be called back from: {chats}.", chats=", ".join(where)))
        lines.append(w._("Nor can what other people have copied, answered or printed."))
    else:
        lines.append(w._("What other people have copied, answered or printed cannot be called back."))
    if await places.has_decided(subject.refs):
        lines.append(w._("You are a moderator: what you decided stays, without your name."))
    if any(row.state == MembershipState.BANNED for row in await memberships.memberships(person_id)):
        lines.append(
            w._("That you are banned stays known: a fingerprint of your accounts is kept for that, and nothing else.")
        )
    lines.append(w._("This cannot be undone. If you write again later, you are somebody new."))
    return "\n".join(lines)


async def forget(person_id: int, desk: Desk, *, farewell: Sequence[Identity] = (), handling: int = 0) -> Forgotten:
    """Erase a person and everything about them. ``farewell``: the accounts that are told when it is done.

    ``handling``: the inbox event that asks for it. Raises ``erasure.NotErasable``.
    """
    async with database.transaction():
        subject = await holdings.subject_of(person_id)
        await _withdraw(subject, desk)
        live = await _live(subject)
        kept = {post.id: _nobody(post, desk) for post in live if _keeps(post, desk)}
        gone = [post for post in live if post.id not in kept]
        stays: list[Address] = []
        for post in gone:
            stays += await _take_back(post, subject, desk)
        others = dict.fromkeys([*await traces.answers_to(subject), *await forwards.posts_naming(subject)])
        quotes = await _quotes(live)
        naming = await traces.cards_naming(subject)
        asked = await traces.applications_of(subject)
        await _clear_channels(subject, desk)
        stays = list(dict.fromkeys(stays))
        await _farewell(farewell, len(gone), len(kept), await _named(stays, desk), desk)
        await _write_down(subject, desk, posts=len(gone), stays=len(stays))
        await erasure.erase(person_id, desk.now, kept=kept, handling=handling)
        await _show_anew(subject, naming, desk)
        for application_id in asked:
            application = await applications.application(application_id)
            if application is not None:
                await applying.refresh(application, desk.now)
        for post_id in [*kept, *others]:
            await _correct(post_id, quotes, subject, desk)
        upkeep_bell.ring_after_commit()
    return Forgotten(posts=len(gone), kept=len(kept), stays=tuple(stays))


# --- what is published ---


async def _live(subject: Subject) -> list[Post]:
    return await Post.filter(id__in=list(subject.posts) or [0], state=PostState.LIVE).order_by("id")


def _community(post: Post, desk: Desk) -> Community | None:
    return desk.communities.get(post.community)


def _keeps(post: Post, desk: Desk) -> bool:
    community = _community(post, desk)
    return community is not None and community.members.keep_posts


def _nobody(post: Post, desk: Desk) -> str:
    community = _community(post, desk)
    return words("" if community is None else community.language)._("A former member")


async def _take_back(post: Post, subject: Subject, desk: Desk) -> list[Address]:
    """Everywhere it can be; returns where it cannot."""
    review = await submissions.review_of_submission(post.submission_id)
    if review is None or not await afterwards.retract(post, name=NOBODY, now=desk.now):
        return []
    stays = await retracting.plan_removal(post, review.submission, desk.directory, desk.now)
    await audit.write(
        community=post.community,
        actor=subject.actors[0],
        action="retract",
        now=desk.now,
        review_id=review.id,
        revision=post.revision,
        detail={"post": post.number, "stays": len(stays), "forgotten": True},
    )
    await crossing.tell_others(post, desk.communities, desk.now)
    return stays


async def _cannot(posts: Sequence[Post], desk: Desk) -> list[Address]:
    """The chats in which these posts stand and from which nothing can be removed."""
    found: list[Address] = []
    for post in posts:
        if _keeps(post, desk):
            continue
        submission = await Submission.get(id=post.submission_id)
        for row in await ledger.of_post(post.id):
            capabilities = desk.directory.capabilities(row.address)
            own = row.detail != ledger_changes.ORIGINAL
            if row.operation == ledger.SEND and retracting.why_not(capabilities, submission, desk.now, own=own):
                found.append(row.address)
    return list(dict.fromkeys(found))


async def _named(addresses: Sequence[Address], desk: Desk) -> list[str]:
    titles = {address: await chats.title(address) for address in addresses}
    return sorted(chat_names(titles).values())


async def _quotes(posts: Sequence[Post]) -> list[str]:
    """The words of these posts that stand over posts which answer them, where nothing can be answered to."""
    found = [planning.excerpt_of(codec.load(codec.RICH_TEXT, post.text)) for post in posts]
    return [quote for quote in found if quote]


async def _correct(post_id: int, quotes: Sequence[str], subject: Subject, desk: Desk) -> None:
    """A post that stays loses the name; one that answers a post that is gone, what it quoted of it."""
    post = await Post.get_or_none(id=post_id)
    community = None if post is None else _community(post, desk)
    if post is None or community is None or post.state != PostState.LIVE:
        return
    review = await submissions.review_of_submission(post.submission_id)
    if review is not None:
        await correcting.plan_correction(
            post, review.submission, community, desk.directory, desk.now, not_before=desk.now
        )
        # Private copies of it are brought there, too, a batch at a time.
        await feed.note_change(post, "correct", desk.now)
        await traces.only_newest(post.id)
        await traces.cover_in_post(post.id, [*quotes, *traces.needles(subject)])


# --- what waits ---


async def _withdraw(subject: Subject, desk: Desk) -> None:
    """What is held is withdrawn, what was asked of the moderators too."""
    by = subject.accounts[0] if subject.accounts else None
    for review_id in subject.reviews:
        review = await submissions.locked_review(review_id)
        if review is not None and review.state == ReviewState.HELD:
            await submissions.decide(
                review, ReviewStep.WITHDRAW, revision=review.revision, by=by, name="", now=desk.now
            )
            await submissions.close_queries(review.id)
    for identity in subject.accounts:
        for row in await applications.of_account(identity.id):
            group = await groups.by_id(row.subject_id) if row.kind == group_links.NAME else None
            if row.state == ApplicationState.OPEN and group is not None:
                await group_links.withdraw(group, desk, by=identity)
                continue
            if row.state == ApplicationState.OPEN:
                await applications.decide(row, ApplicationStep.WITHDRAW, by=identity, name="", now=desk.now)
            # Cards of what was decided long ago show a profile, too.
            await applying.refresh(row, desk.now)


# --- the moderators' channels ---


async def _clear_channels(subject: Subject, desk: Desk) -> None:
    """Take out of the moderators' channels what shows the person's words or name; cards are edited afterwards."""
    here = {await inbox.resolve(channel) for community in desk.communities.all for channel in community.moderators}
    for row in await traces.in_channels(subject, {(str(chat.account), str(chat.chat)) for chat in here}):
        capabilities = desk.directory.capabilities(row.address)
        if capabilities is not None and capabilities.deletes_own and not await ledger.is_leaving(row):
            await ledger.plan(
                kind=row.kind,
                address=row.address,
                now=desk.now,
                operation=ledger.DELETE,
                community=row.community,
                target=row,
            )


async def _show_anew(subject: Subject, naming: Sequence[int], desk: Desk) -> None:
    """Cards show what is left: of the person's own items nothing but that they were; of others, not who decided."""
    for review_id in [*subject.reviews, *naming[-_MOST_CARDS:]]:
        review = await Review.get_or_none(id=review_id)
        if review is not None:
            await cards.refresh(review, desk.now)


# --- telling ---


async def _farewell(accounts: Sequence[Identity], posts: int, kept: int, where: Sequence[str], desk: Desk) -> None:
    """The last letter, planned before the account is forgotten; its row goes once it has arrived."""
    for identity in accounts:
        if identity.direct is None or not contact.reachable(identity, desk.directory):
            continue
        known = desk.communities.on_account(identity.account)
        w = contact.language_of(identity, desk.communities.get(identity.community) or next(iter(known), None))
        lines = [w._("Done: everything about you is erased here.")]
        if posts:
            lines.append(
                w.ngettext(
                    "{count} post is being taken back from the groups.",
                    "{count} posts are being taken back from the groups.",
                    posts,
                )
            )
        if kept:
            lines.append(
                w.ngettext("{count} post stays, without your name.", "{count} posts stay, without your name.", kept)
            )
        if where:
            lines.append(w._("It could not be called back from: {chats}.", chats=", ".join(where)))
        lines.append(w._("What others have copied stays with them. Farewell, and thank you."))
        row = await contact.say(identity.direct, Content(text=plain("\n".join(lines))), None, desk.now)
        await ledger.mark(row.id, traces.FAREWELL)


async def _write_down(subject: Subject, desk: Desk, *, posts: int, stays: int) -> None:
    """One line in the log of every community that knew the person: numbers only."""
    for place in sorted(await places.communities_of(subject.person_id, subject.ids)):
        await audit.write(
            community=place,
            actor=subject.actors[0],
            action="forget",
            now=desk.now,
            detail={"posts": posts, "stays": stays},
        )
