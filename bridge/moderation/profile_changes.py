"""A changed profile goes to the moderators before readers see it; what is withdrawn takes effect at once.

The first profile of an author whose post waits is shown on that post's card: approving the post approves exactly that
version. Every other change is an application of its own.
"""

from datetime import datetime
from enum import StrEnum

from bridge.core.community import Community
from bridge.core.states import ApplicationStep, ProfileState, ProfileStep, ReviewState
from bridge.core.text import EMPTY, MarkKind, RichText, joined, marked, plain
from bridge.delivery.directory import Directory
from bridge.members import fields, reach
from bridge.members.contact import language_of
from bridge.members.interview import Given
from bridge.members.profiles import card_of, shown_name
from bridge.members.reach import Letter
from bridge.moderation import applying, cards, hints
from bridge.moderation.acts import Act, Reply
from bridge.moderation.applying import Kind, Ruling
from bridge.rendering.cards import paragraph
from bridge.rendering.words import Words
from bridge.storage import afterwards, applications, audit, people, submissions
from bridge.storage.models import Identity, Profile
from bridge.storage.models_members import Application

PROFILE = "profile"
_RECENT = 50


class Kept(StrEnum):
    """What becomes of a profile that was just given."""

    SHOWN = "shown"
    HIDDEN = "hidden"
    """Nothing is shown, as its owner wants it."""
    LESS = "less"
    """Something is left out from now on."""
    WITH_POST = "with_post"
    """Moderators see it with the post that waits."""
    WAITS = "waits"
    """Moderators see it before it shows."""


# --- what is kept ---


def visible(answers: dict[str, str], hidden: frozenset[str], biography: str, *, shown: bool) -> dict[str, str]:
    """What readers would see, by field."""
    if not shown:
        return {}
    found = {key: value for key, value in answers.items() if value and key not in hidden}
    if biography and fields.BIOGRAPHY not in hidden:
        found[fields.BIOGRAPHY] = biography
    return found


def visible_in(row: Profile | None) -> dict[str, str]:
    if row is None:
        return {}
    return visible(people.answers_of(row), people.hidden_of(row), row.biography, shown=row.shown)


async def keep(identity: Identity, given: Given, community: Community, directory: Directory, now: datetime) -> Kept:
    """Store a profile as a new version, and bring before the moderators what readers have not seen yet."""
    person = identity.person_id
    approved = await people.approved_profile(person, community.id)
    newest = await people.profile(person, community.id)
    biography = "" if newest is None else newest.biography
    now_seen = visible_in(approved)
    wanted = visible(dict(given.answers), given.hidden, biography, shown=given.shown)
    # A biography was written by moderators: its owner's consent is all that it waits for.
    new = {key for key, value in wanted.items() if now_seen.get(key) != value} - {fields.BIOGRAPHY}
    if not community.members.review_profiles or not new:
        row = await _save(person, given, biography, community, ProfileState.APPROVED, now)
        await _withdraw_older(identity, row, community, now)
        await cards.refresh_held(identity, now)
        if not given.shown:
            return Kept.HIDDEN
        return Kept.LESS if now_seen.keys() - wanted.keys() else Kept.SHOWN
    await _leave_out(person, approved, now_seen.keys() - wanted.keys(), community, now)
    row = await _save(person, given, biography, community, ProfileState.PENDING, now)
    await _withdraw_older(identity, row, community, now)
    await cards.refresh_held(identity, now)
    if approved is None and await _has_held_post(identity, community):
        return Kept.WITH_POST
    await _apply(identity, row, community, directory, now)
    return Kept.WAITS


async def _save(
    person: int, given: Given, biography: str, community: Community, state: ProfileState, now: datetime
) -> Profile:
    return await people.save_profile(
        person,
        given.answers,
        shown=given.shown,
        hidden=given.hidden,
        biography=biography,
        community=community.id,
        state=state,
        now=now,
    )


async def _leave_out(
    person: int, approved: Profile | None, gone: set[str], community: Community, now: datetime
) -> None:
    """What its owner no longer wants to be seen is not seen while the rest of the change waits."""
    if approved is None or not gone:
        return
    await people.save_profile(
        person,
        people.answers_of(approved),
        shown=approved.shown,
        hidden=people.hidden_of(approved) | gone,
        biography=approved.biography,
        community=community.id,
        now=now,
    )


async def _withdraw_older(identity: Identity, row: Profile, community: Community, now: datetime) -> None:
    """Of several changes that nobody has decided on, the last one counts."""
    for older in await people.replace_pending(identity.person_id, community.id, besides=row.id, now=now):
        application = await applications.open_about(PROFILE, older.id)
        if application is not None and await applications.decide(
            application, ApplicationStep.WITHDRAW, by=identity, name=identity.name, now=now
        ):
            await _refresh(application, now)


async def _has_held_post(identity: Identity, community: Community) -> bool:
    return any(
        review.state == ReviewState.HELD
        and review.community == community.id
        and review.kind != afterwards.CORRECTION  # its card was frozen when the post was published
        for review in await submissions.reviews_by(identity, _RECENT)
    )


async def _apply(identity: Identity, row: Profile, community: Community, directory: Directory, now: datetime) -> None:
    application = await applications.apply(
        kind=PROFILE, community=community.id, identity=identity, now=now, subject_id=row.id
    )
    await applying.show(application, community, directory, now)


async def _refresh(application: Application, now: datetime) -> None:
    await applying.refresh(application, now)


async def not_forgotten(identity: Identity, community: Community, directory: Directory, now: datetime) -> None:
    """A first profile whose post has gone another way comes before the moderators by itself."""
    pending = await people.pending_profile(identity.person_id, community.id)
    if pending is None or await _has_held_post(identity, community):
        return
    if await applications.open_about(PROFILE, pending.id) is None:
        await _apply(identity, pending, community, directory, now)


async def approve_with_post(act: Act, unseen: Profile | None) -> None:
    """Who approved a post with a first profile on its card has approved that version."""
    if unseen is None or not await people.settle_profile(
        unseen, ProfileStep.APPROVE, by=str(act.identity.ref), now=act.now
    ):
        return
    application = await applications.open_about(PROFILE, unseen.id)
    if application is not None:
        if await applications.decide(
            application, ApplicationStep.APPROVE, by=act.identity, name=act.moderator.name, now=act.now
        ):
            await _refresh(application, act.now)
        return
    await audit.write(
        community=act.community.id,
        actor=submissions.audit_actor(act.identity),
        action="approve_profile",
        now=act.now,
        review_id=act.review.id,
        revision=act.revision,
        detail={"author": act.review.submission.identity_id, "version": unseen.version},
    )


def thanks(kept: Kept, w: Words) -> str:
    """What somebody hears who has given or changed a profile."""
    match kept:
        case Kept.SHOWN:
            return w._("Thank you. It will stand under your posts. Change it any time with /profile.")
        case Kept.LESS:
            return w._("Done: it is left out from your next post on. Change it any time with /profile.")
        case Kept.HIDDEN:
            return w._("Thank you. Nothing is shown. Change your mind any time with /profile.")
        case Kept.WITH_POST:
            return w._(
                "Thank you. It will stand under your posts: the moderators see it together with the post that waits. "
                "Change it any time with /profile."
            )
        case Kept.WAITS:
            return w._(
                "Thank you. The moderators see it before readers do; you will hear from them. Until then your posts "
                "show what was shown before. Change it any time with /profile."
            )


# --- the application ---


def differences(before: dict[str, str], after: dict[str, str], community: Community, w: Words) -> RichText:
    """``Role: midwife → nurse``, a line for every field that readers would see differently."""
    lines: list[RichText] = []
    for field_id, name in _names(community, w).items():
        old, new = before.get(field_id, ""), after.get(field_id, "")
        if old == new:
            continue
        field = community.members.field(field_id)
        if field is not None:
            old, new = fields.shown(field, old, w) if old else "", fields.shown(field, new, w) if new else ""
        said = f"{old or '–'} → {new or '–'}" if before else new
        lines.append(marked(f"{name}:", MarkKind.BOLD) + " " + said)
    return joined(lines, "\n")


def _names(community: Community, w: Words) -> dict[str, str]:
    names = {field.id: fields.label(field, w) for field in community.members.fields}
    return {**names, fields.BIOGRAPHY: w._("Biography")}


def contacts(after: dict[str, str], community: Community, w: Words) -> list[str]:
    """What would let readers reach the author, where that was not asked for."""
    lines: list[str] = []
    for field in community.members.fields:
        if field.kind.value in ("email", "country", "languages"):
            continue
        found = hints.find(after.get(field.id, ""), country=after.get("country", ""))
        lines += [w._("🔎 {what}: {excerpt}", what=hints.label(hint.kind, w), excerpt=hint.excerpt) for hint in found]
    return lines


async def _lines(application: Application, community: Community, w: Words) -> RichText:
    """What is to change, and what would stand under the author's posts."""
    row = await _subject(application)
    if row is None:
        return EMPTY
    identity = application.identity
    before = visible_in(await people.approved_before(row))
    after = visible_in(row)
    parts = [differences(before, after, community, w), plain("\n".join(contacts(after, community, w)))]
    if before and row.state == ProfileState.PENDING:
        parts.append(marked(paragraph(card_of(row, shown_name(identity, w), community), w), MarkKind.ITALIC))
    return joined([part for part in parts if part], "\n")


async def _subject(application: Application) -> Profile | None:
    return None if application.subject_id is None else await people.profile_by_id(application.subject_id)


async def _approve(ruling: Ruling) -> Reply | None:
    row = await _subject(ruling.application)
    author = ruling.application.identity
    if row is None or not await people.settle_profile(
        row, ProfileStep.APPROVE, by=str(ruling.identity.ref), now=ruling.now
    ):
        return Reply(text=ruling.w._("A newer version has taken its place. Nothing was done."), alert=True)
    await cards.refresh_held(author, ruling.now)
    w = language_of(author, ruling.community)
    text = w._(
        "The moderators of {community} have seen your profile. It stands under your posts from now on.",
        community=ruling.community.name,
    )
    return await _told(ruling, text)


async def _decline(ruling: Ruling) -> Reply | None:
    row = await _subject(ruling.application)
    author = ruling.application.identity
    if row is None or not await people.settle_profile(
        row, ProfileStep.DECLINE, by=str(ruling.identity.ref), now=ruling.now
    ):
        return Reply(text=ruling.w._("A newer version has taken its place. Nothing was done."), alert=True)
    await cards.refresh_held(author, ruling.now)
    w = language_of(author, ruling.community)
    before = await people.approved_profile(row.person_id, ruling.community.id)
    text = (
        w._(
            "The moderators of {community} did not take over the change of your profile. What was shown before stays.",
            community=ruling.community.name,
        )
        if before is not None and before.shown
        else w._(
            "The moderators of {community} did not take over your profile. Nothing is shown.",
            community=ruling.community.name,
        )
    )
    why = ruling.text.text.strip()
    if why:
        text += " " + w._("They write: {words}", words=why)
    return await _told(ruling, text + " " + w._("Write /profile to change it."))


async def _told(ruling: Ruling, text: str) -> Reply | None:
    author = ruling.application.identity
    letter = Letter(text=plain(text))
    if await reach.write(author, letter, ruling.community, ruling.desk.directory, ruling.now) is not None:
        return None
    return Reply(text=ruling.w._("They could not be told privately."), alert=True)


KIND = Kind(
    name=PROFILE,
    title=lambda w: w._("a changed profile"),
    lines=_lines,
    approve=_approve,
    decline=_decline,
)
