"""What the card of an application shows, composed when it leaves, as the cards of posts are."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bridge.core.community import Community
from bridge.core.message import Button, Content
from bridge.core.states import ApplicationState
from bridge.core.text import EMPTY, MarkKind, RichText, joined, marked, plain
from bridge.delivery.directory import Directory
from bridge.members.profiles import shown_name
from bridge.members.vouching import level
from bridge.moderation.application_kinds import KINDS
from bridge.moderation.applying import Option
from bridge.rendering.words import Words, words
from bridge.storage import applications, submissions
from bridge.storage.models import Delivery, Identity
from bridge.storage.models_members import Application

APPROVE, DECLINE, DECLINE_PLAINLY = "approve", "decline", "decline_plainly"
"""What handles name. A press of ``DECLINE`` asks for words, and offers ``DECLINE_PLAINLY``."""
_LEAST = 20


def name_of(application: Application) -> str:
    """What people call it: A7."""
    return f"A{application.number}"


def title_of(application: Application, w: Words) -> str:
    """What it asks for, in a few words."""
    kind = KINDS.get(application.kind)
    return application.kind if kind is None else kind.title(w)


async def options_of(application: Application, community: Community, w: Words) -> Sequence[Option]:
    """The ways in which it can be approved; none where there is only one."""
    kind = KINDS.get(application.kind)
    return () if kind is None or kind.options is None else await kind.options(application, community, w)


async def compose(row: Delivery, community: Community, directory: Directory, now: datetime) -> Content | None:
    """What a card (or its edit) shows at this moment; None where there is nothing left to show."""
    # Locked: a decision that commits while this is composed would find nothing to refresh, and the card would be stale.
    application = None if row.application_id is None else await applications.locked(row.application_id)
    if application is None or directory.capabilities(row.address) is None:
        return None
    w = words(community.language)
    kind = KINDS.get(application.kind)
    lines = EMPTY if kind is None else await kind.lines(application, community, w)
    buttons = await _buttons(application, community, now, w)
    content = Content(text=_text(application, community, lines, w), buttons=buttons)
    room = len(lines)
    while not directory.fits(row.address, content) and room > _LEAST:
        room = room * 3 // 4
        content = replace(content, text=_text(application, community, lines.shortened(room), w))
    while not directory.fits(row.address, content) and len(content.text) > 1:
        content = replace(content, text=content.text.shortened(len(content.text) * 3 // 4))
    return content


async def _buttons(
    application: Application, community: Community, now: datetime, w: Words
) -> tuple[tuple[Button, ...], ...]:
    if application.state != ApplicationState.OPEN or application.kind not in KINDS:
        return ()
    options = await options_of(application, community, w) or (Option(argument="", label=w._("Approve"), emoji="✅"),)
    rows: list[tuple[Button, ...]] = []
    for option in options:
        token = await submissions.handle("application", application.id, APPROVE, now, argument=option.argument)
        rows.append((Button(label=f"{option.emoji} {option.label}", emoji=option.emoji, handle=token),))
    token = await submissions.handle("application", application.id, DECLINE, now)
    label = w._("Decline")
    decline = Button(label=f"❌ {label}", emoji="❌", handle=token)
    if len(rows) == 1:  # two buttons side by side fit a phone
        return ((*rows[0], decline),)
    return (*rows, (decline,))


def _text(application: Application, community: Community, lines: RichText, w: Words) -> RichText:
    head = f"{community.name} {name_of(application)} · {title_of(application, w)} · {_standing(application, w)}"
    top = marked(head, MarkKind.BOLD) + "\n" + _who(application.identity, w)
    return joined([part for part in (top, lines, plain(_status(application, community, w))) if part], "\n\n")


def _standing(application: Application, w: Words) -> str:
    match application.state:
        case ApplicationState.OPEN:
            return w._("waiting for a decision")
        case ApplicationState.APPROVED:
            return w._("approved")
        case ApplicationState.DECLINED:
            return w._("declined")
        case ApplicationState.WITHDRAWN:
            return w._("withdrawn")


def _who(identity: Identity, w: Words) -> str:
    if identity.person.erased_at is not None:
        return w._("From somebody who has asked to be forgotten")
    handle = f" ({identity.handle})" if identity.handle and identity.handle != identity.name else ""
    return "\n".join(
        (
            w._(
                "From {name}{handle}, by {account}",
                name=shown_name(identity, w),
                handle=handle,
                account=identity.account,
            ),
            w._("Account {user}", user=str(identity.ref)) + " · " + level(identity, w),
        )
    )


def _status(application: Application, community: Community, w: Words) -> str:
    zone = community.policy.zone
    if application.state == ApplicationState.OPEN:
        return w._("Waiting since {time}", time=w.time(application.created_at, zone))
    when = "" if application.decided_at is None else w.time(application.decided_at, zone)
    name = application.decided_name
    if application.state == ApplicationState.WITHDRAWN:
        return w._("Withdrawn, {time}", time=when)
    if application.state == ApplicationState.APPROVED:
        said = w._("✅ Approved by {name}, {time}", name=name, time=when)
        return said if name else w._("✅ Approved by the community's rules, {time}", time=when)
    said = w._("❌ Declined by {name}, {time}", name=name, time=when)
    if not name:
        said = w._("❌ Declined by the community's rules, {time}", time=when)
    return said + ("\n" + w._("Reason: {reason}", reason=application.words) if application.words else "")


def already(application: Application, w: Words) -> str:
    """Who was first, and with what."""
    values = {"number": name_of(application), "name": application.decided_name or w._("the program")}
    when = f" ({w.time(application.decided_at)})" if application.decided_at is not None else ""
    match application.state:
        case ApplicationState.APPROVED:
            return w._("{name} has already approved {number}.", **values) + when
        case ApplicationState.DECLINED:
            return w._("{name} has already declined {number}.", **values) + when
        case ApplicationState.WITHDRAWN:
            return w._("{number} was withdrawn. Nothing was done.", **values) + when
        case ApplicationState.OPEN:
            return w._("{number} has not been decided yet. Nothing was done.", **values)
