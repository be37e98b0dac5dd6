"""Who asks to join, and the moderators' word on it: by its own card, or by approving their first post."""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.hygiene import clean_line
from bridge.core.membership import Joining
from bridge.core.states import ApplicationStep, MembershipState, MembershipStep
from bridge.core.text import EMPTY, MarkKind, RichText, marked, plain
from bridge.delivery.directory import Directory
from bridge.members import contact, membership, reach
from bridge.members.reach import Letter
from bridge.moderation import applying, cards
from bridge.moderation.acts import Reply
from bridge.moderation.applying import Kind, Ruling
from bridge.rendering.words import Words
from bridge.storage import applications, memberships
from bridge.storage.models import Identity, Review
from bridge.storage.models_members import Application

_WORDS = 400
NOT_MEMBER = "not_member"
"""Among the reasons why a post is held."""


async def apply(
    identity: Identity, note: str, community: Community, directory: Directory, now: datetime
) -> Application | None:
    """Put a person's wish to join before the moderators; None where they are banned or in already."""
    row = await membership.ask_to_join(identity, community, now, via=membership.JOIN, note=note)
    if row is None or row.state == MembershipState.MEMBER:
        return None
    for waiting in await applications.open_of("join", community.id, identity.person_id):
        await applying.refresh(waiting, now)  # it shows the newest note
        return waiting
    application = await applications.apply(
        kind="join", community=community.id, identity=identity, now=now, subject_id=row.id
    )
    await applying.show(application, community, directory, now)
    return application


async def _lines(application: Application, community: Community, w: Words) -> RichText:
    del community
    if application.identity.person.erased_at is not None:
        return EMPTY
    row = await memberships.membership(application.identity.person_id, application.community)
    language = application.identity.person.language
    lines = [w._("Speaks {language}", language=w.language_name(language))] if language else []
    note = "" if row is None else row.note
    if not note:
        return plain("\n".join([*lines, w._("They have written nothing about themselves.")]))
    head = plain("\n".join(lines) + "\n") if lines else EMPTY
    return head + marked(note, MarkKind.QUOTE)


async def _hindered(ruling: Ruling) -> Reply | None:
    if await memberships.is_banned(ruling.application.identity.person_id, ruling.community.id):
        return Reply(text=ruling.w._("They are banned, so they are not a member. Lift the ban first."), alert=True)
    return None


async def _approve(ruling: Ruling) -> Reply | None:
    identity, community = ruling.application.identity, ruling.community
    await membership.admit(
        identity,
        community,
        ruling.desk.directory,
        ruling.now,
        via=membership.APPROVAL,
        by=str(ruling.identity.id),
    )
    await cards.refresh_held(identity, ruling.now)
    return await _untold(ruling)


async def _untold(ruling: Ruling) -> Reply | None:
    if await reach.reach(ruling.application.identity, ruling.desk.directory) is None:
        return Reply(text=ruling.w._("They could not be told privately."), alert=True)
    return None


async def _decline(ruling: Ruling) -> Reply | None:
    identity, community = ruling.application.identity, ruling.community
    row = await memberships.membership(identity.person_id, community.id)
    if row is not None:
        await memberships.step(row, MembershipStep.REFUSE, now=ruling.now, by=str(ruling.identity.id))
    w = contact.language_of(identity, community)
    why = clean_line(ruling.text.text, _WORDS)
    text = w._("The moderators of {community} have not let you in.", community=community.name)
    if why:
        text += " " + w._("They write: {words}", words=why)
    await reach.write(identity, Letter(text=plain(text)), community, ruling.desk.directory, ruling.now)
    await cards.refresh_held(identity, ruling.now)
    return await _untold(ruling)


KIND = Kind(
    name="join",
    title=lambda w: w._("wants to join"),
    lines=_lines,
    approve=_approve,
    decline=_decline,
    hindered=_hindered,
)


async def by_post(
    review: Review, community: Community, directory: Directory, now: datetime, by: Identity | None
) -> None:
    """Their first post was approved: where the community lets people in by a moderator's word, that was it."""
    if review.submission.origin_post_id is not None or community.members.joining is Joining.INVITATION:
        return
    identity = review.submission.identity
    row = await memberships.membership(identity.person_id, community.id)
    if row is not None and row.state not in (MembershipState.APPLIED, MembershipState.REFUSED):
        return  # who has left since is not brought back by it
    approves = community.members.joining is Joining.APPROVAL
    await membership.admit(
        identity,
        community,
        directory,
        now,
        via=membership.APPROVAL if approves else membership.POST,
        by="" if by is None else str(by.id),
    )
    name = "" if by is None else by.name
    for waiting in await applications.open_of("join", community.id, identity.person_id):
        if await applications.decide(waiting, ApplicationStep.APPROVE, by=by, name=name, now=now):
            await applying.refresh(waiting, now)
    await cards.refresh_held(identity, now)
