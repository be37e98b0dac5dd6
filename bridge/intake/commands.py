"""What members can ask the bot for, privately: by slash commands or, where there are none, by single words."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from bridge.core.capabilities import Capabilities, Form
from bridge.core.community import Community
from bridge.core.events import MessagePosted
from bridge.core.message import Content
from bridge.core.splitting import split
from bridge.core.states import PostState, ReviewState
from bridge.core.text import RichText, plain
from bridge.delivery import lettering, planning
from bridge.intake import (
    archiving,
    belonging,
    joining,
    languages,
    linking,
    paging,
    posting,
    profiling,
    requests,
    rights,
    settings,
    standing,
    wishes,
)
from bridge.intake.context import Context
from bridge.members import contact
from bridge.moderation import retracting
from bridge.rendering import posts
from bridge.rendering.words import Words
from bridge.storage import afterwards, invitations, ledger, people, submissions
from bridge.storage.models import Identity, Post

_SLASH = re.compile(r"/(\w+)\s*(.*)", re.DOTALL)
_ORDER = re.compile(r"[/!](\w+)\s*(.*)", re.DOTALL)
_SAID = re.compile(r"(?<![^\s(“«\"'])/([a-z]{2,12})(?![\w/])")
_WORD = re.compile(
    r"(?:(help|start|profile|status|id|community)|(withdraw|retract|get|restore|newtext|appeal)\s*#?(\d*))",
    re.IGNORECASE,
)
_APPEAL = re.compile(r"appeal\s*#?(\d+(?:\s*:|\s).+)", re.IGNORECASE | re.DOTALL)
"""With its reason, where there is nothing to reply to."""
_NAMES = (
    frozenset({"help", "start", "profile", "status", "withdraw", "retract", "get", "id", "community", "queue"})
    | {languages.KIND, "join", "leave", "settings", "away", "back"}
    | requests.NAMES
    | linking.NAMES
    | rights.NAMES
    | {archiving.NAME}
)
_MEMBERS = frozenset({"leave", "settings", "away", "back"})
_PAUSE = timedelta(minutes=1)
_DIGITS = 9
"""More than any post's number has, and less than a database column holds."""


@dataclass(frozen=True, kw_only=True)
class Command:
    name: str
    argument: str = ""
    is_word: bool = False
    """Said in one word that may as well answer a question."""


def parse(event: MessagePosted) -> Command | None:
    """A command, or None for a text that is meant as one."""
    return _parsed(event.text.text.strip())


def _parsed(text: str) -> Command | None:
    if text.startswith("!") and (match := _ORDER.fullmatch(text)) and _is_ours(match[1]):
        text = f"/{text[1:]}"  # some apps keep what begins with a slash; "!Urgent: no oxygen" is meant for people
    if match := _SLASH.fullmatch(text):
        name = languages.KIND if languages.is_command(match[1]) else match[1].casefold()
        return Command(name=name, argument=match[2].strip())
    if (language := languages.typed(text)) is not None:
        return Command(name=languages.KIND, argument=language)
    for module in (linking, rights, paging, archiving):
        if (found := module.typed(text)) is not None:
            return Command(name=found[0], argument=found[1])
    if (change := profiling.typed(text)) is not None:
        return Command(name=profiling.NAME, argument=change)
    if match := _WORD.fullmatch(text):
        return Command(name=(match[1] or match[2]).casefold(), argument=match[3] or "")
    if match := _APPEAL.fullmatch(text):
        return Command(name="appeal", argument=match[1])
    if (wish := wishes.typed(text)) is not None:
        return Command(name=wish[0], argument=wish[1], is_word=True)
    return None


def in_words(text: str) -> str:
    """A notice for phones on which nothing begins with a slash: ``/settings`` is said as SETTINGS, which does the same.

    Only where it does; in "5 mg /kg" and "/queue" the slash stays.
    """

    def said(match: re.Match[str]) -> str:
        name = match[1].casefold()
        spoken = _parsed(name)
        return name.upper() if name in _NAMES and spoken is not None and spoken.name == name else match[0]

    return _SAID.sub(said, text)


def _is_ours(name: str) -> bool:
    return name.casefold() in _NAMES or languages.is_command(name)


def parse_in_channel(event: MessagePosted) -> Command | None:
    """An order to the bot among moderators. ``!name`` is one, too: some apps keep what begins with a slash."""
    match = _ORDER.fullmatch(event.text.text.strip())
    return None if match is None else Command(name=match[1].casefold(), argument=match[2].strip())


def parse_in_group(event: MessagePosted) -> Command | None:
    """A command of ours and no more. "/Amoxicillin is out of stock" and "/help this patient" are meant for people."""
    command = parse(event) if event.is_command or event.text.text.startswith(("/", "!")) else None
    if command is None or command.name not in _NAMES:
        return None
    bare = (
        not command.argument
        or _number(command.argument) is not None
        or (command.name == "start" and " " not in command.argument)
        or (command.name == languages.KIND and bool(languages.named(command.argument)))
        or (command.name == profiling.NAME and profiling.names_something(command.argument))
    )
    return command if bare else None


def _number(argument: str) -> int | None:
    """The number of a post, in the digits of any script; None for anything else."""
    wanted = argument.lstrip("#")
    return int(wanted) if wanted.isdecimal() and len(wanted) <= _DIGITS else None


async def run(
    command: Command, event: MessagePosted, identity: Identity, community: Community, context: Context
) -> None:
    """Carry out a private command and answer."""
    w = contact.language_of(identity, community)
    if command.name in requests.NAMES:
        await requests.run(command.name, command.argument, identity, community, context)
        return
    if command.name == languages.KIND:
        await languages.run(command.argument, identity, event.ref.address, community, context)
        return
    if command.name == profiling.NAME:
        await profiling.run(command.argument, identity, event.ref.address, community, context)
        return
    if command.name in linking.NAMES:
        await linking.run(command.name, command.argument, identity, event.ref.address, community, context)
        return
    if command.name in rights.NAMES:
        await rights.run(command.name, command.argument, identity, event.ref.address, community, context)
        return
    if command.name in _MEMBERS:
        await settings.run(command.name, command.argument, identity, event.ref.address, community, context)
        return
    known = context.communities.on_account(event.account)
    by_code = command.name == "start" and invitations.is_code(command.argument)
    if command.name == "join" or (by_code and wishes.names(command.argument, known) is None):
        await joining.join(event, command.argument, identity, known, context)
        return
    if command.name in paging.NAMES:
        await _paged(command, event, identity, community, context)
        return
    match command.name:
        case "start":
            contents = await _start(identity, community, w)
        case "status":
            contents = [Content(text=plain(await standing.report(identity, w)))]
        case "withdraw":
            contents = [Content(text=plain(await _withdraw(command.argument, identity, context, w)))]
        case "retract":
            contents = [Content(text=plain(await _retract(command.argument, identity, community, context, w)))]
        case "get":
            contents = await _get(command.argument, event, identity, community, context, w)
        case archiving.NAME:
            contents = [
                Content(text=plain(await archiving.answered(command.argument, identity, community, context, w)))
            ]
        case "id":
            contents = [Content(text=plain(_ids(event)))]
        case "help":
            contents = [Content(text=plain(_help_for(event, community, context, w)))]
        case _:
            unknown = w._("I do not know that command.") + "\n"
            contents = [Content(text=plain(unknown + _help_for(event, community, context, w)))]
    for content in contents:
        if content.text:
            await profiling.say(event.ref.address, content, community, context)  # an SMS holds little
    if command.name == "start":
        await joining.start(identity, event.ref.address, community, context)


def _ids(event: MessagePosted) -> str:
    return f"{event.account}:{event.chat}\n{event.sender.ref}"


def _help_for(event: MessagePosted, community: Community, context: Context, w: Words) -> str:
    """All of it, or what fits into one message where every message costs."""
    can = context.directory.capabilities(event.ref.address)
    if not paging.is_paid(can):
        return _help(community, w, can)
    return w._(
        "{community}: write a text to post it. 12 + text answers #12. GET 12: all of it. DAILY, IMMEDIATE, PAUSE: how "
        "you read. PROFILE, STATUS, LEAVE. STOP ends it.",
        community=community.name,
    )


def _help(community: Community, w: Words, can: Capabilities | None) -> str:
    """What can be written; and of the platform, what its people would not expect."""
    beside: list[str] = []
    if can is not None and not can.sees_deletes and can.form is not Form.LINE:
        beside.append(w._("If you delete a message here, I am not told: /withdraw and /retract take it back."))
    if can is not None and can.receives and can.max_received_bytes:
        beside.append(w._("Files reach me up to {size}.", size=w.size(can.max_received_bytes)))
    return "\n".join(
        (
            w._("Write me a message to post it to {community}: a moderator reads it first.", community=community.name),
            w._("/profile – who you are, shown under your posts"),
            w._("/status – what became of your posts"),
            w._("/withdraw 12 – take a held post back"),
            w._("/retract 12 – ask to have a published post taken back"),
            w._("/appeal 12 – ask for a second look at a rejected post"),
            w._("/restore 12 – send a post that lapsed to the moderators again"),
            w._("/get 12 – the whole text of post 12"),
            w._("/language – the language I write to you in"),
            w._("To answer post 12 where you cannot reply to it, begin your message with: Re #12"),
            w._("/join, /settings, /away, /leave – become a member, how you read, and when not"),
            w._("/accounts – your accounts here; /link adds another, /unlink 2 takes one away"),
            *((w._("/archive – the posts on a web page"),) if community.archive.is_reachable else ()),
            w._("/mydata – everything that is held about you; /correct puts your profile right"),
            w._("/forget – erase everything about you"),
            *beside,
        )
    )


async def _start(identity: Identity, community: Community, w: Words) -> list[Content]:
    welcome = w._(
        "Welcome to {community}. Write me a message to post it: a moderator reads it before it goes to all groups. "
        "/help says what else I can do.",
        community=community.name,
    )
    contents = [Content(text=plain(welcome))]
    if await submissions.reviews_by(identity, 1):
        contents.append(Content(text=plain(await standing.report(identity, w))))
    return contents


async def _withdraw(argument: str, identity: Identity, context: Context, w: Words) -> str:
    theirs = [review for review in await submissions.reviews_by(identity, 50) if await afterwards.is_authors(review)]
    if argument.lstrip("#").isdecimal():
        theirs = [review for review in theirs if review.submission.number == _number(argument)]
        published = [review for review in theirs if review.state == ReviewState.APPROVED]
        if published:  # it says how to have that taken back
            return await posting.withdraw(published[0].submission_id, context)
    held = [review for review in theirs if review.state == ReviewState.HELD]
    if not held:
        return w._("None of your posts is waiting, so there is nothing to withdraw.")
    if len(held) > 1:
        numbers = ", ".join(f"#{review.submission.number}" for review in held)
        return w._("Which one? Write /withdraw and its number: {numbers}", numbers=numbers)
    return await posting.withdraw(held[0].submission_id, context)


async def _retract(argument: str, identity: Identity, community: Community, context: Context, w: Words) -> str:
    """The author wants a published post taken back: the moderators decide."""
    number = _number(argument)
    reviews = await submissions.reviews_by(identity, 200)
    # Numbers are a community's own; the one that is being written to comes first.
    for review in sorted(reviews, key=lambda review: review.community != community.id):
        owner = context.communities.get(review.community)
        if owner is None or review.submission.number != number or review.state != ReviewState.APPROVED:
            continue
        published = await submissions.review_of_submission(review.submission_id) or review
        return await retracting.ask_back(published, owner, context.directory, context.now)
    return w._("None of your published posts has that number. Write: RETRACT and the number of the post.")


def wants_a_post(event: MessagePosted) -> bool:
    """Does somebody ask for the text of a post?"""
    command = parse(event)
    return command is not None and (command.name == "get" or command.name in paging.NAMES)


async def _get(
    argument: str, event: MessagePosted, identity: Identity, community: Community, context: Context, w: Words
) -> list[Content]:
    """A whole post, for readers who were sent its beginning."""
    if not await belonging.belongs(identity, community, context.members_of):
        return [Content(text=plain(_for_members(community, w)))]
    post = await _published(argument, community, context, w)
    if isinstance(post, str):
        return [Content(text=plain(post))]
    address = event.ref.address
    capabilities = context.directory.capabilities(address)
    if capabilities is None:
        return []
    view = await planning.view_of(post, community)
    if capabilities.letters:
        found = planning.parts_of(view, address, context.directory, w, quoting=True, whole=True)
        return [lettering.as_reply(content, community) for content in found[:20]]
    if paging.is_paid(capabilities):
        await paging.send(post, 1, address, community, context, identity)
        return []
    if capabilities.form is not Form.LINE:
        return planning.parts_of(view, address, context.directory, w, quoting=True)

    def fits(text: RichText) -> bool:
        return context.directory.fits(address, Content(text=text))

    whole = plain(posts.line(replace(view, short=""), capabilities, w).text())
    files = planning.files_of(view, address, context.directory, w)
    return [*[Content(text=part) for part in split(whole, fits)][:20], *files]


def _for_members(community: Community, w: Words) -> str:
    return w._(
        "The posts of {community} are for its members. Join one of its groups, or write something there, and ask "
        "again.",
        community=community.name,
    )


async def _published(argument: str, community: Community, context: Context, w: Words) -> Post | str:
    """The post of a number; else why there is none."""
    number = _number(argument)
    post = None if number is None else await submissions.post_by_number(community.id, number)
    if post is None or (post.publish_at is not None and post.publish_at > context.now):
        return w._("There is no post with that number. Write: GET and the number of a post.")
    if post.state == PostState.RETRACTED:
        return w._("Post #{number} was taken back.", number=post.number)
    return post


async def _paged(
    command: Command, event: MessagePosted, identity: Identity, community: Community, context: Context
) -> None:
    w, address = contact.language_of(identity, community), event.ref.address
    if not await belonging.belongs(identity, community, context.members_of):
        await contact.say(address, Content(text=plain(_for_members(community, w))), community, context.now)
    elif command.name == paging.MORE:
        await paging.more(identity, community, address, context)
    else:
        post = await _published(command.argument, community, context, w)
        if isinstance(post, str):
            await contact.say(address, Content(text=plain(post)), community, context.now)
        else:
            await paging.photo(post, identity, community, address, context)


async def not_here(event: MessagePosted, community: Community, context: Context) -> None:
    """A command that is answered privately was written in a group."""
    identity = await people.meet(event.sender, context.now)
    w = contact.language_of(identity, community)
    await contact.reply_in_group(
        event.ref,
        w._("I answer that privately. Please write to me there."),
        community,
        context.directory,
        context.now,
        link_label=w._("Write to me"),
        start_payload=community.id,
    )


async def in_group(command: Command, event: MessagePosted, context: Context) -> bool:
    """Commands that mean something in every group; False for all others. Asked again and again, it is said once."""
    if command.name != "id":
        return False
    found = context.communities.of_group(event.ref.address)
    content = Content(text=plain(_ids(event)), reply_to=event.ref)
    if not await ledger.said_lately(event.ref.address, content, context.now - _PAUSE):
        await contact.say(event.ref.address, content, found[0] if found else None, context.now)
    return True


async def meet_privately(event: MessagePosted, context: Context) -> Identity:
    """The person who writes, who can from now on be answered privately."""
    return await people.meet(event.sender, context.now, privately=True)
