"""Groups connected from inside a chat: what the moderators are shown of one that asks, and what follows their word."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bridge.core.community import Community, Intake
from bridge.core.hygiene import clean_line, clean_name, without_accents
from bridge.core.ids import Address, MessageId, RemoteRef
from bridge.core.message import Button, Content
from bridge.core.ports import ChatFacts
from bridge.core.states import ApplicationStep, LinkState, LinkStep
from bridge.core.text import RichText, plain
from bridge.members import contact
from bridge.moderation import applying, cards, connecting
from bridge.moderation.acts import Desk, Reply
from bridge.moderation.applying import Kind, Option, Ruling, Setting
from bridge.rendering.languages import tag_of
from bridge.rendering.words import Words, words
from bridge.storage import applications, audit, chats, groups, inbox, submissions
from bridge.storage.models import Identity
from bridge.storage.models_members import Application, BridgedGroup

NAME = "group"


# --- words ---


def intake_name(intake: str, w: Words) -> str:
    """What happens to what is written in a group, in a few words."""
    match intake:
        case Intake.HOLD.value:
            return w._("posts are held")
        case Intake.COPY.value:
            return w._("originals stay")
        case _:
            return w._("only receives")


def rights(facts: ChatFacts, w: Words) -> list[str]:
    """What the account may not do in a group, and what would change that."""
    if facts.encrypted and facts.hears is False:
        said = [w._("This room is encrypted: I cannot read what is written here, so it can only receive posts.")]
    elif facts.hears is False:
        said = [
            w._(
                "I do not hear what is written here, so this group could only receive posts. To have posts from here "
                "passed on, make me an administrator who may delete messages, and ask again."
            )
        ]
    elif facts.removes is False:
        said = [
            w._(
                "I may not delete messages here: what is written would stay visible while it waits. To have posts held "
                "until they are approved, make me an administrator who may delete messages, and ask again."
            )
        ]
    else:
        said = []
    if facts.writes is False:
        said.append(w._("I may not write here: please give me that right, or nothing can arrive."))
    return said


def possible(facts: ChatFacts) -> list[Intake]:
    """The ways in which the group can be connected as things are, the best first."""
    ways = [Intake.NONE]
    if facts.hears is not False:
        ways.insert(0, Intake.COPY)
        if facts.removes is not False:
            ways.insert(0, Intake.HOLD)
    return ways


def how_to_post(community: Community, intake: str, w: Words) -> str:
    """For the group that has just been connected."""
    hello = w._("This group is now connected with {community}.", community=community.name)
    match intake:
        case Intake.HOLD.value:
            how = w._(
                "To post, just write here. Your message is removed at once, a moderator reads it, and it comes back "
                "with your name and profile, here and in all other groups."
            )
        case Intake.COPY.value:
            how = w._(
                "To post, just write here. Your message stays; once a moderator has approved it, it goes to all other "
                "groups with your name and profile."
            )
        case _:
            how = w._("The posts of the community arrive here. To post yourself, write to me privately.")
    return " ".join((hello, how))


# --- facts ---


def stored(facts: ChatFacts | None) -> dict[str, Any]:
    """As an application remembers them."""
    if facts is None:
        return {}
    names = ("hears", "removes", "writes", "encrypted")
    return {name: getattr(facts, name) for name in names if getattr(facts, name) is not None}


def facts_of(application: Application) -> ChatFacts:
    """What the platform said when the group asked."""
    known = applications.facts_of(application)
    return ChatFacts(
        hears=known.get("hears"),
        removes=known.get("removes"),
        writes=known.get("writes"),
        encrypted=known.get("encrypted") is True,
    )


async def title_of(row: BridgedGroup) -> str:
    """What the group is called, safe to show."""
    return await chats.title(await inbox.resolve(row.address), otherwise=clean_name(row.title, fallback=""))


# --- the card ---


async def _lines(application: Application, community: Community, w: Words) -> RichText:
    row = await groups.by_id(application.subject_id)
    if row is None:
        return plain(w._("The group is no longer known."))
    facts, platform = facts_of(application), str(applications.facts_of(application).get("platform", ""))
    size = (
        w._("its size is not known")
        if row.size is None
        else w.ngettext("{count} person in it", "{count} people in it", row.size)
    )
    lines = [
        w._("Group: {title}", title=await title_of(row)),
        " · ".join((platform or row.account, size)),
        w._("Address: {address}", address=str(row.address)),
    ]
    match row.state:
        case LinkState.ASKED:
            lines += rights(facts, w)
            best = await _chosen(application, row)
            lines.append(w._("Approve connects it like this: {intake}.", intake=intake_name(best.value, w)))
            lines.append(w._("To change that, reply: intake: hold, intake: copy or intake: none. Also: language: sw"))
        case LinkState.LINKED:
            language = w.language_name(row.language or community.language)
            lines.append(
                w._("Connected: {intake}, in {language}.", intake=intake_name(row.intake, w), language=language)
            )
        case LinkState.UNLINKED:
            lines.append(w._("No longer connected."))
        case LinkState.REFUSED:
            pass
    return plain("\n".join(lines))


async def _chosen(application: Application, row: BridgedGroup) -> Intake:
    """What approving without a choice means: what was chosen by a reply, where that is possible; else the best."""
    ways = possible(facts_of(application))
    wished = Intake(row.intake)
    return wished if wished in ways else ways[0]


async def _options(application: Application, community: Community, w: Words) -> Sequence[Option]:
    row = await groups.by_id(application.subject_id)
    if row is None:
        return ()
    signs = {Intake.HOLD: "✅", Intake.COPY: "📋", Intake.NONE: "📥"}
    labels = {
        Intake.HOLD: w._("Connect: posts are held"),
        Intake.COPY: w._("Connect: originals stay"),
        Intake.NONE: w._("Connect: only receives"),
    }
    first = await _chosen(application, row)
    ways = sorted(possible(facts_of(application)), key=lambda way: way is not first)
    return [Option(argument=way.value, label=labels[way], emoji=signs[way]) for way in ways]


# --- decisions ---


async def _hindered(ruling: Ruling) -> Reply | None:
    """Why it cannot be connected now, or not in this way."""
    w, known = ruling.w, await groups.by_id(ruling.application.subject_id)
    rows = [] if known is None else await groups.locked(known.address)
    row = next((each for each in rows if known is not None and each.id == known.id), None)
    if row is None or row.state != LinkState.ASKED:
        return Reply(text=w._("That group no longer asks. Nothing was done."), alert=True)
    for other in rows:
        if other.id != row.id and other.state == LinkState.LINKED:
            named = ruling.desk.communities.get(other.community)
            name = other.community if named is None else named.name
            return Reply(
                text=w._("It is connected with {community} already. Nothing was done.", community=name), alert=True
            )
    if row.address in ruling.desk.communities.named():
        return Reply(text=w._("The config file says what that chat is. Nothing was done."), alert=True)
    if ruling.argument and Intake(ruling.argument) not in possible(facts_of(ruling.application)):
        said = [*rights(facts_of(ruling.application), w), w._("Nothing was done.")]
        return Reply(text=" ".join(said), alert=True)
    return None


async def _approve(ruling: Ruling) -> Reply | None:
    row = await groups.by_id(ruling.application.subject_id)
    if row is None:
        return None
    intake = ruling.argument or (await _chosen(ruling.application, row)).value
    if not await groups.step(row, LinkStep.LINK, ruling.now, by=str(ruling.identity.ref), intake=intake):
        return None
    connecting.connected(row, ruling.desk)
    w = words(row.language or ruling.community.language)
    link = ruling.desk.directory.start_link(row.account, ruling.community.id)
    buttons = ((Button(label=w._("Write to me"), url=link),),) if link else ()
    text = plain(how_to_post(ruling.community, intake, w))
    await _tell_group(row, Content(text=text, buttons=buttons, reply_to=_asked_in(ruling.application)), ruling)
    return None


async def _decline(ruling: Ruling) -> Reply | None:
    row = await groups.by_id(ruling.application.subject_id)
    if row is None or not await groups.step(row, LinkStep.REFUSE, ruling.now, by=str(ruling.identity.ref)):
        return None
    connecting.disconnected(row, ruling.desk, was_linked=False)
    w = words(row.language or ruling.community.language)
    text = w._("The moderators of {community} did not connect this group.", community=ruling.community.name)
    if ruling.text:
        text += " " + w._("Reason: {reason}", reason=ruling.text.text)
    await _tell_group(row, Content(text=plain(text), reply_to=_asked_in(ruling.application)), ruling)
    return None


def _asked_in(application: Application) -> RemoteRef | None:
    """The message by which the group asked."""
    known = applications.facts_of(application)
    try:
        where = Address.parse(str(known.get("chat", "")))
    except ValueError:
        return None
    return RemoteRef(where.account, where.chat, MessageId(str(known["message"])))


async def _tell_group(row: BridgedGroup, content: Content, ruling: Ruling) -> None:
    where = await inbox.resolve(row.address)
    if content.reply_to is not None and content.reply_to.address != where:
        content = replace(content, reply_to=None)  # the group has moved, and its messages have other ids there
    await contact.say(where, content, ruling.community, ruling.now)


# --- settings, by a reply to the card ---


async def _set_intake(ruling: Ruling) -> Reply:
    w, row = ruling.w, await groups.by_id(ruling.application.subject_id)
    said = without_accents(ruling.text.text).strip(" .")
    ways = {way: (way.value, without_accents(intake_name(way.value, w))) for way in Intake}
    wished = next((way for way, names in ways.items() if said in names), None)
    if row is None or wished is None:
        listed = ", ".join(f"{way.value} ({intake_name(way.value, w)})" for way in Intake)
        return Reply(
            text=w._("Please write one of these after intake: {ways}. Nothing was done.", ways=listed), alert=True
        )
    if row.state == LinkState.ASKED and wished not in possible(facts_of(ruling.application)):
        return Reply(text=" ".join((*rights(facts_of(ruling.application), w), w._("Nothing was done."))), alert=True)
    return await _set(ruling, row, "intake", wished.value)


async def _set_language(ruling: Ruling) -> Reply:
    w, row = ruling.w, await groups.by_id(ruling.application.subject_id)
    language = tag_of(ruling.text.text, ruling.community.language)
    if row is None or not language:
        return Reply(text=w._("I do not know that language. Nothing was done."), alert=True)
    return await _set(ruling, row, "language", language)


async def _set(ruling: Ruling, row: BridgedGroup, name: str, value: str) -> Reply:
    w = ruling.w
    if not await groups.describe(row, **{name: value}):
        return Reply(text=w._("That group is not connected, and does not ask to be. Nothing was done."), alert=True)
    if row.state == LinkState.LINKED:
        connecting.connected(row, ruling.desk)
    await audit.write(
        community=ruling.community.id,
        actor=submissions.audit_actor(ruling.identity),
        action=f"group_{name}",
        now=ruling.now,
        detail={"application": ruling.application.number, name: value},
    )
    return Reply(text=w._("Done."))


# --- the end ---


async def withdraw(row: BridgedGroup, desk: Desk, *, by: Identity | None, name: str = "") -> None:
    """It no longer asks."""
    application = await applications.open_about(NAME, row.id)
    if application is not None:  # locked before the group, as whoever decides on it does
        application = await applications.locked(application.id)
    if not await groups.step(row, LinkStep.UNLINK, desk.now, by="" if by is None else str(by.ref)):
        return
    connecting.disconnected(row, desk, was_linked=False)
    if application is not None:
        await applications.decide(application, ApplicationStep.WITHDRAW, by=by, name=name, now=desk.now)
        await applying.refresh(application, desk.now)


async def disconnect(row: BridgedGroup, community: Community, desk: Desk, *, by: Identity, name: str) -> bool:
    """No more posts between a group and its community; both sides are told. False where somebody was first."""
    if not await groups.step(row, LinkStep.UNLINK, desk.now, by=str(by.ref)):
        return False
    connecting.disconnected(row, desk, was_linked=True)
    application = await applications.latest_about(NAME, row.id)
    number = {} if application is None else {"application": application.number}
    await audit.write(
        community=community.id,
        actor=submissions.audit_actor(by),
        action="unlink_group",
        now=desk.now,
        detail={"group": row.id, **number},
    )
    where = await inbox.resolve(row.address)
    for post_id in await groups.call_off(community.id, where):
        post = await submissions.post_by_id(post_id)
        if post is not None:
            await cards.refresh_published([post.submission_id], desk.now)
    if application is not None:
        await applying.refresh(application, desk.now)
    w = words(row.language or community.language)
    text = w._("This group is no longer connected with {community}.", community=community.name)
    await contact.say(where, Content(text=plain(text)), community, desk.now)
    w = words(community.language)
    said = w._("🔌 {chat} was disconnected by {name}.", chat=await title_of(row), name=clean_line(name, 64))
    for channel in community.moderators:
        await contact.say(await inbox.resolve(channel), Content(text=plain(said), silent=True), community, desk.now)
    return True


KIND = Kind(
    name=NAME,
    title=lambda w: w._("wants to connect a group"),
    lines=_lines,
    approve=_approve,
    decline=_decline,
    own=True,
    options=_options,
    settings={
        "intake": Setting(word=lambda w: w._("intake"), perform=_set_intake),
        "language": Setting(word=lambda w: w._("language"), perform=_set_language),
    },
    hindered=_hindered,
)
