"""Whom a command means: ``@name``, ``#12`` (the author of that post), ``ACCOUNT:USER``, or the person replied to.

A name alone is nobody in particular. A handle may pass from one person to another, so what is kept is always the
platform's own id of the account, and whoever gave the command is shown whom it was.
"""

import re
from dataclasses import dataclass

from bridge.core.community import Community
from bridge.core.hygiene import clean_name
from bridge.core.ids import AccountId, UserId, UserRef
from bridge.moderation import permissions
from bridge.moderation.orders import Order
from bridge.rendering.words import Words, words
from bridge.storage import inbox, people, submissions

_NUMBER = re.compile(r"#(\d{1,9})")
_MOST = 5


@dataclass(frozen=True, kw_only=True)
class Found:
    """Somebody's account."""

    ref: UserRef
    name: str = ""
    """As they call themselves; empty where we have not met them."""

    @property
    def shown(self) -> str:
        return f"{self.name} ({self.ref})" if self.name else str(self.ref)


def accounts_of(community: Community, *, anywhere: bool) -> set[AccountId]:
    """Where people of a community can be found: on the accounts of its moderators' channels, or on all of its own."""
    chats = [*community.moderators, *(group.chat for group in community.groups if anywhere)]
    return {chat.account for chat in chats}


async def meant(order: Order, community: Community, said: str, *, anywhere: bool = False) -> Found | str:
    """Who is meant, or a sentence that says why nobody is.

    ``said``: what was typed; nothing where the command was a reply. ``anywhere``: members, too, not only whom the
    moderators' channels may hold.
    """
    w = words(community.language)
    accounts = accounts_of(community, anywhere=anywhere)
    if not said:
        return await _replied(order, w)
    if number := _NUMBER.fullmatch(said):
        review = await submissions.review_by_number(community.id, int(number[1]))
        if review is None:
            return w._("There is no post {number}. Nothing was done.", number=said)
        author = review.submission.identity
        if author.account not in accounts:
            return _elsewhere(author.account, accounts, w)
        return Found(ref=author.ref, name=author.name)
    if said.startswith("@"):
        return await _called(order, community, said, accounts, w)
    ref = permissions.ref_of(said)
    if ref is None:
        return w._(
            "I do not know who “{who}” is. Write @name, or #12 for the author of that post, or ACCOUNT:USER "
            "(the person learns theirs by writing /id), or reply to a message of theirs. Nothing was done.",
            who=clean_name(said),
        )
    if ref.account not in accounts:
        return _elsewhere(ref.account, accounts, w)
    known = await people.find(ref)
    return Found(ref=ref, name="" if known is None else known.name)


def _elsewhere(account: str, accounts: set[AccountId], w: Words) -> str:
    return w._(
        "{account} is not an account that this can be done on. Possible here: {accounts}. Nothing was done.",
        account=clean_name(account),
        accounts=", ".join(sorted(accounts)),
    )


async def _replied(order: Order, w: Words) -> Found | str:
    sender = order.replied
    if sender is None:
        return w._(
            "I cannot tell who wrote that message. Write @name or ACCOUNT:USER instead (the person learns theirs by "
            "writing /id here). Nothing was done."
        )
    if sender.bot or sender.anonymous:
        return w._("That message was written anonymously, or by a program. Nothing was done.")
    return Found(ref=sender.ref, name=clean_name(sender.name, fallback=clean_name(sender.handle, fallback="")))


async def _called(order: Order, community: Community, handle: str, accounts: set[AccountId], w: Words) -> Found | str:
    """By a handle: of whoever has posted or pressed something, or was seen writing in this channel lately."""
    found = {row.ref: Found(ref=row.ref, name=row.name) for row in await people.find_by_handle(handle, accounts)}
    for sender in await inbox.senders_called(order.said.address, handle):
        if not sender.bot and not sender.anonymous and sender.ref.account in accounts:
            found[sender.ref] = Found(ref=sender.ref, name=clean_name(sender.name, fallback=""))
    if not found:
        return w._(
            "I have not met {who}. Let them write something in this channel and reply to it with this command, or "
            "write ACCOUNT:USER (they learn theirs by writing /id here). Nothing was done.",
            who=clean_name(handle),
        )
    if len(found) > 1:
        return w._(
            "Several people are called {who}: {people}. Write one of these instead. Nothing was done.",
            who=clean_name(handle),
            people=", ".join(person.shown for person in list(found.values())[:_MOST]),
        )
    return next(iter(found.values()))


async def name_of(text: str, fallback: str = "") -> str:
    """What the person behind a stored ``ACCOUNT:USER`` calls themselves."""
    ref = permissions.ref_of(text)
    known = None if ref is None else await people.find(UserRef(ref.account, UserId(ref.user)))
    return fallback if known is None or not known.name else known.name
