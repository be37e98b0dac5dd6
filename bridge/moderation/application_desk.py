"""Applications decided in a moderators' channel: buttons and reactions on their cards, replies to cards and prompts."""

from dataclasses import replace
from datetime import datetime

from bridge.core.hygiene import clean_line, without_accents
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Button, Content
from bridge.core.states import ApplicationState, ApplicationStep
from bridge.core.text import EMPTY, MarkKind, RichText, joined, marked, plain
from bridge.members import contact
from bridge.members.profiles import shown_name
from bridge.moderation import applying, channel, history, permissions, powers, waiting
from bridge.moderation.acts import Desk, Moderator, Reply
from bridge.moderation.application_cards import (
    APPROVE,
    DECLINE,
    DECLINE_PLAINLY,
    already,
    name_of,
    options_of,
    title_of,
)
from bridge.moderation.application_kinds import KINDS
from bridge.moderation.applying import Kind, Ruling
from bridge.moderation.daily import duration
from bridge.moderation.decisions import WORDS_LIMIT
from bridge.rendering.words import Words, words
from bridge.storage import applications, audit, inbox, ledger, people, submissions
from bridge.storage.models import Delivery, Handle
from bridge.storage.models_members import Application

HISTORY = "history"
_MOST = 60
"""Lines of a history."""


# --- presses and reactions ---


async def press(desk: Desk, handle: Handle, moderator: Moderator) -> Reply:
    """A button of an application's card was pressed (or its reaction given)."""
    found = await _begin(desk, handle.subject_id, moderator)
    if isinstance(found, Reply):
        return found
    kind, ruling = found
    return await _carry_out(kind, ruling, handle.action, argument=handle.argument)


async def react(desk: Desk, row: Delivery, emoji: str, moderator: Moderator) -> Reply | None:
    """A reaction to a card or a prompt: the button that it stands for. None where it stands for nothing."""
    token = await channel.token_for(row, emoji)
    handle = None if token is None else await submissions.handle_by_token(token)
    if handle is not None:
        return await press(desk, handle, moderator) if handle.subject == "application" else None
    if not await channel.was_offered(row, emoji):
        return None
    community = desk.communities.get(row.community)
    w = words("" if community is None else community.language)
    application = None if row.application_id is None else await applications.application(row.application_id)
    if application is not None and application.state != ApplicationState.OPEN:
        return Reply(text=already(application, w), alert=True)
    text = w._("The card no longer offers that. Look at what it offers now; nothing was done.")
    return Reply(text=text, alert=True)


async def _begin(desk: Desk, application_id: int, moderator: Moderator) -> tuple[Kind, Ruling] | Reply:
    """The application, locked, and the person, authorised here and now; or why not."""
    application = await applications.locked(application_id)
    community = None if application is None else desk.communities.get(application.community)
    kind = None if application is None else KINDS.get(application.kind)
    if application is None or community is None or kind is None:
        return Reply(text=words("")._("This button no longer does anything."), alert=True)
    w = words(community.language)
    role = await permissions.role_of(community, moderator.sender, moderator.channel)
    if role is None:
        return powers.stranger(moderator, w)
    if not await permissions.covers(community, role, kind.role):
        return powers.needs(kind.role, w)
    identity = await people.meet(moderator.sender, desk.now)
    ruling = Ruling(
        desk=desk,
        community=community,
        application=application,
        moderator=moderator,
        identity=identity,
        role=role,
        text=EMPTY,
    )
    return kind, ruling


# --- carrying out ---


async def _carry_out(
    kind: Kind,
    ruling: Ruling,
    action: str,
    *,
    argument: str = "",
    text: RichText = EMPTY,
    card: RemoteRef | None = None,
) -> Reply:
    application, w = ruling.application, ruling.w
    if action == HISTORY:
        return await _history(ruling, card)
    if action in kind.settings:
        return await _set(kind, ruling, action, text)
    if action not in (APPROVE, DECLINE, DECLINE_PLAINLY):
        return Reply(text=w._("This button no longer does anything."), alert=True)
    if application.state != ApplicationState.OPEN:
        return Reply(text=already(application, w), alert=True)
    if not kind.own and await _own(ruling):
        said = w._("You asked for this yourself: another moderator must decide. Nothing was done.")
        return Reply(text=said, alert=True)
    if action == APPROVE:
        return await _approve(kind, ruling, argument)
    if action == DECLINE and not text:
        await _ask_why(ruling, card)
        return Reply(text=w._("Please reply to the message I just sent."), on_card=True)
    return await _decline(kind, ruling, text)


async def _own(ruling: Ruling) -> bool:
    mine = ruling.application.identity.person_id == ruling.identity.person_id
    return mine and not await permissions.owns_may(ruling.community, ruling.identity)


async def _approve(kind: Kind, ruling: Ruling, argument: str) -> Reply:
    chosen = replace(ruling, argument=argument)
    if kind.hindered is not None and (refused := await kind.hindered(chosen)) is not None:
        await applying.refresh(ruling.application, ruling.now)
        return refused
    if not await _decide(chosen, ApplicationStep.APPROVE):
        return Reply(text=already(ruling.application, ruling.w), alert=True)
    return await _told(ruling, await kind.approve(chosen))


async def _decline(kind: Kind, ruling: Ruling, text: RichText) -> Reply:
    said = plain(clean_line(text.text, WORDS_LIMIT))
    with_words = replace(ruling, text=said)
    if not await _decide(with_words, ApplicationStep.DECLINE):
        return Reply(text=already(ruling.application, ruling.w), alert=True)
    return await _told(ruling, await kind.decline(with_words))


async def _decide(ruling: Ruling, step: ApplicationStep) -> bool:
    """One conditional change of state; where somebody was first, the row says who."""
    done = await applications.decide(
        ruling.application,
        step,
        by=ruling.identity,
        name=ruling.moderator.name,
        now=ruling.now,
        words=ruling.text.text,
    )
    if not done:
        await ruling.application.refresh_from_db()
    return done


async def _told(ruling: Ruling, more: Reply | None) -> Reply:
    """The cards show it; who decided hears what follows, and how much still waits."""
    await applying.refresh(ruling.application, ruling.now)
    w = ruling.w
    parts = [w._("Done.")]
    if more is not None and more.text:
        parts.append(more.text)
    parts.append(await waiting.more(ruling.community, w))
    loud = more is not None and bool(more.text) and not more.on_card
    text = " ".join(part for part in parts if part)
    return Reply(text=text, alert=more is not None and more.alert, on_card=not loud)


async def _set(kind: Kind, ruling: Ruling, name: str, text: RichText) -> Reply:
    done = await kind.settings[name].perform(replace(ruling, text=text))
    await applying.refresh(ruling.application, ruling.now)
    return done


async def _ask_why(ruling: Ruling, card: RemoteRef | None) -> None:
    """Ask for words, as a reply to a message that remembers what it is for; declining without any is one press more."""
    w, application = ruling.w, ruling.application
    token = await submissions.handle("application", application.id, DECLINE_PLAINLY, ruling.now)
    text = w._("{number}: why not? Reply to this message; who asked reads your words.", number=name_of(application))
    plainly = w._("Decline without words")
    here = await inbox.resolve(ruling.moderator.channel)
    await ledger.plan(
        kind=ledger.PROMPT,
        address=here,
        now=ruling.now,
        content=Content(
            text=plain(text),
            reply_to=card or await card_in(application, here),
            buttons=((Button(label=f"❌ {plainly}", emoji="❌", handle=token),),),
            asks_reply=True,
        ),
        community=application.community,
        application_id=application.id,
        view=DECLINE,
        lifetime=contact.NOTICE_LIFETIME,
    )


# --- what is typed ---


async def reply(desk: Desk, row: Delivery, text: RichText, moderator: Moderator, said: RemoteRef) -> None:
    """A reply to a card or a prompt. Anything that is no instruction is talk among moderators, and goes nowhere."""
    application = None if row.application_id is None else await applications.application(row.application_id)
    community = None if application is None else desk.communities.get(application.community)
    kind = None if application is None else KINDS.get(application.kind)
    if application is None or community is None or kind is None:
        return
    w = words(community.language)
    meant = (row.view, text.strip(), "") if row.kind == ledger.PROMPT else _instruction(kind, text, w)
    if meant is None:
        return
    action, rest, hint = meant
    if hint:
        await channel.tell_channel(desk, said, hint, community)
        return
    found = await _begin(desk, application.id, moderator)
    if isinstance(found, Reply):
        await channel.tell_channel(desk, said, found.text, community)
        return
    _, ruling = found
    argument = ""
    if row.kind == ledger.PROMPT and not rest:
        answer = Reply(text=w._("There was no text. Nothing was done."))
    elif action == APPROVE and rest and (argument := await _option(ruling, rest.text)) == "":
        answer = Reply(text=await _which(ruling))
    else:
        card = row.ref if row.kind == ledger.APPLICATION else None
        answer = await _carry_out(kind, ruling, action, argument=argument, text=rest, card=card)
    if answer.text and not answer.on_card:
        await channel.tell_channel(desk, said, answer.text, community, again=True)


def _instruction(kind: Kind, text: RichText, w: Words) -> tuple[str, RichText, str] | None:
    """(action, words, hint) of ``approve``, ``decline: <why>``, ``history``, ``intake: copy``; None for talk.

    As for posts, words that follow need a colon, a slash in front or a new line; else there is a hint.
    """
    spoken = channel.spoken(text)
    if spoken is None:
        return None
    names = {
        APPROVE: (APPROVE, w._("approve")),
        DECLINE: (DECLINE, w._("decline"), "reject", w._("reject")),
        HISTORY: (HISTORY, w._("history")),
        **{name: (name, setting.word(w)) for name, setting in kind.settings.items()},
    }
    action = next((a for a, said in names.items() if spoken.word in map(without_accents, said)), None)
    if action is None:
        return None
    takes_words = action == DECLINE or action in kind.settings or (action == APPROVE and kind.options is not None)
    if spoken.rest and not takes_words:
        hint = w._("To do that, write only “{word}”. Nothing was done.", word=names[action][1])
        return (action, EMPTY, hint) if spoken.marked else None
    if spoken.rest and not spoken.marked:
        if action == APPROVE:
            return None  # "Approve of this?" is talk
        hint = w._(
            "If that was an instruction, please write it with a colon: “{word}: ...”. Nothing was done.",
            word=names[action][1],
        )
        return action, EMPTY, hint
    return action, spoken.rest, ""


async def _option(ruling: Ruling, said: str) -> str:
    """The option that was named, by its argument or label; empty for none."""
    wanted = without_accents(said).strip(" .")
    for option in await options_of(ruling.application, ruling.community, ruling.w):
        if wanted in (option.argument, without_accents(option.label)):
            return option.argument
    return ""


async def _which(ruling: Ruling) -> str:
    options = await options_of(ruling.application, ruling.community, ruling.w)
    named = ", ".join(option.argument for option in options)
    return ruling.w._("That is none of the ways: {ways}. Nothing was done.", ways=named)


# --- history, and the queue ---


async def _history(ruling: Ruling, card: RemoteRef | None) -> Reply:
    """Its lines of the audit log, under its card."""
    application, community, w = ruling.application, ruling.community, ruling.w
    zone = community.policy.zone
    lines: list[RichText] = [marked(f"{community.name} {name_of(application)}", MarkKind.BOLD)]
    for line in (await audit.of_application(community.id, application.number))[-_MOST:]:
        actor = await history.actor_name(line.actor, w)
        lines.append(plain(f"{w.time(line.at, zone)} · {actor} · {_action(line.action, application, w)}"))
    here = await inbox.resolve(ruling.moderator.channel)
    content = Content(text=joined(lines, "\n"), reply_to=card or await card_in(application, here), silent=True)
    await contact.say(here, content, community, ruling.now)
    return Reply(text=w._("It is below."), on_card=True)


def _action(action: str, application: Application, w: Words) -> str:
    step, _, kind = action.partition("_")
    if kind != application.kind:
        return history.action(action, w)
    known = {
        "apply": title_of(application, w),
        ApplicationStep.APPROVE.value: w._("approved"),
        ApplicationStep.DECLINE.value: w._("declined"),
        ApplicationStep.WITHDRAW.value: w._("withdrawn"),
    }
    return known.get(step, history.action(action, w))


def queue_line(application: Application, now: datetime, w: Words) -> str:
    """One that waits, in a list."""
    minutes = max(0, int((now - application.created_at).total_seconds() // 60))
    name = shown_name(application.identity, w)
    return f"{name_of(application)} · {title_of(application, w)} · {name} · {duration(minutes, w)}"


async def card_in(application: Application, here: Address) -> RemoteRef | None:
    """Its card in a channel, where there is one; ``here``: where the channel lives now."""
    rows = [row for row in await ledger.application_rows(application.id) if row.ref is not None]
    mine = [row for row in rows if await inbox.resolve(row.address) == here]
    return mine[-1].ref if mine else None
