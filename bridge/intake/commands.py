"""What members can ask the bot for, privately: by slash commands or, where there are none, by single words."""

import re
from dataclasses import dataclass

from bridge.core.capabilities import Form
from bridge.core.community import Community
from bridge.core.events import MessagePosted
from bridge.core.message import Content
from bridge.core.splitting import split
from bridge.core.states import ReviewState
from bridge.core.text import RichText, joined, plain
from bridge.delivery import planning
from bridge.intake import posting
from bridge.intake.context import Context
from bridge.members import contact, interview
from bridge.moderation.decisions import rejection_text
from bridge.moderation.reasons import Reason
from bridge.rendering import posts
from bridge.rendering.words import Words
from bridge.storage import people, submissions
from bridge.storage.models import Identity, Review

_SLASH = re.compile(r"/(\w+)\s*(.*)", re.DOTALL)
_WORD = re.compile(r"(?:(help|start|profile|status|id|community)|(withdraw|get)\s*#?(\d*))", re.IGNORECASE)
_NAMES = frozenset({"help", "start", "profile", "status", "withdraw", "get", "id", "community", "queue"})
_DIGITS = 9
"""More than any post's number has, and less than a database column holds."""


@dataclass(frozen=True, kw_only=True)
class Command:
    name: str
    argument: str = ""


def parse(event: MessagePosted) -> Command | None:
    """A command, or None for a text that is meant as one."""
    text = event.text.text.strip()
    if match := _SLASH.fullmatch(text):
        return Command(name=match[1].casefold(), argument=match[2].strip())
    if match := _WORD.fullmatch(text):
        return Command(name=(match[1] or match[2]).casefold(), argument=match[3] or "")
    return None


def parse_in_group(event: MessagePosted) -> Command | None:
    """A command of ours and no more. "/Amoxicillin is out of stock" and "/help this patient" are meant for people."""
    command = parse(event) if event.is_command or event.text.text.startswith("/") else None
    if command is None or command.name not in _NAMES:
        return None
    bare = (
        not command.argument
        or _number(command.argument) is not None
        or (command.name == "start" and " " not in command.argument)
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
    match command.name:
        case "start":
            contents = await _start(identity, community, w)
        case "profile":
            contents = [await interview.begin(identity, community, context.now)]
        case "status":
            contents = [Content(text=plain(await _status(identity, w)))]
        case "withdraw":
            contents = [Content(text=plain(await _withdraw(command.argument, identity, context, w)))]
        case "get":
            contents = await _get(command.argument, event, community, context, w)
        case "id":
            contents = [Content(text=plain(_ids(event)))]
        case "help":
            contents = [Content(text=plain(_help(community, w)))]
        case _:
            contents = [Content(text=plain(w._("I do not know that command.") + "\n" + _help(community, w)))]
    for content in contents:
        await contact.say(event.ref.address, content, community, context.now)


def _ids(event: MessagePosted) -> str:
    return f"{event.account}:{event.chat}\n{event.sender.ref}"


def _help(community: Community, w: Words) -> str:
    return "\n".join(
        (
            w._("Write me a message to post it to {community}: a moderator reads it first.", community=community.name),
            w._("/profile – who you are, shown under your posts"),
            w._("/status – what became of your posts"),
            w._("/withdraw 12 – take a held post back"),
            w._("/get 12 – the whole text of post 12"),
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
        contents.append(Content(text=plain(await _status(identity, w))))
    return contents


def _standing(review: Review, w: Words) -> str:
    number = review.submission.number
    match review.state:
        case ReviewState.HELD:
            return w._("#{number}: with the moderators", number=number)
        case ReviewState.APPROVED:
            return w._("#{number}: approved and sent to the groups", number=number)
        case ReviewState.REJECTED:
            return rejection_text(review, Reason(review.reason or Reason.OTHER), review.words, w)
        case ReviewState.WITHDRAWN:
            return w._("#{number}: withdrawn", number=number)
        case _:
            return w._("#{number}: closed", number=number)


async def _status(identity: Identity, w: Words) -> str:
    reviews = await submissions.reviews_by(identity)
    if not reviews:
        return w._("You have not posted anything yet.")
    return "\n".join([w._("Your latest posts:"), *(_standing(review, w) for review in reviews)])


async def _withdraw(argument: str, identity: Identity, context: Context, w: Words) -> str:
    held = [review for review in await submissions.reviews_by(identity, 50) if review.state == ReviewState.HELD]
    if argument.lstrip("#").isdecimal():
        held = [review for review in held if review.submission.number == _number(argument)]
    if not held:
        return w._("None of your posts is waiting, so there is nothing to withdraw.")
    if len(held) > 1:
        numbers = ", ".join(f"#{review.submission.number}" for review in held)
        return w._("Which one? Write /withdraw and its number: {numbers}", numbers=numbers)
    return await posting.withdraw(held[0].submission_id, context)


async def _get(argument: str, event: MessagePosted, community: Community, context: Context, w: Words) -> list[Content]:
    """A whole post, for readers who were sent its beginning."""
    number = _number(argument)
    post = None if number is None else await submissions.post_by_number(community.id, number)
    if post is None:
        return [Content(text=plain(w._("There is no post with that number. Write: GET and the number of a post.")))]
    address = event.ref.address
    capabilities = context.directory.capabilities(address)
    if capabilities is None:
        return []
    view = await planning.view_of(post, community)
    if capabilities.form is not Form.LINE:
        return planning.parts_of(view, address, context.directory, w, quoting=True)

    def fits(text: RichText) -> bool:
        return context.directory.fits(address, Content(text=text))

    whole = joined([plain(posts.heading(view, w)), posts.body(view, view.attachments, w)], "\n")
    return [Content(text=part) for part in split(whole, fits)][:20]


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
    """Commands that mean something in every group; False for all others."""
    if command.name != "id":
        return False
    found = context.communities.of_group(event.ref.address)
    content = Content(text=plain(_ids(event)), reply_to=event.ref)
    await contact.say(event.ref.address, content, found[0] if found else None, context.now)
    return True


async def meet_privately(event: MessagePosted, context: Context) -> Identity:
    """The person who writes, who can from now on be answered privately."""
    return await people.meet(event.sender, context.now, privately=True)
