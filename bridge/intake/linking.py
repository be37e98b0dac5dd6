"""``/link``, ``/accounts``, ``/unlink``: one person with several accounts, shown by a code from one to another."""

import re

from bridge.core.community import Community
from bridge.core.hygiene import clean_line
from bridge.core.ids import AccountId, Address, ChatId, UserId, UserRef
from bridge.core.message import Content
from bridge.core.text import plain
from bridge.intake.context import Context
from bridge.members import contact
from bridge.members.profiles import shown_name
from bridge.members.vouching import account_name, level
from bridge.moderation import cards, uniting
from bridge.rendering.words import Words
from bridge.storage import audit, ledger, link_codes, memberships, people, persons, submissions
from bridge.storage.link_codes import Failure
from bridge.storage.models import Identity
from bridge.storage.models_members import LinkCode

NAMES = frozenset({"link", "accounts", "unlink"})
_TYPED = re.compile(
    r"(?:(accounts)|(link)(?:\s+([\d\s.-]{8,16}|[\w-]{1,64}\s+[@+]\S{1,200}))?|(unlink)\s*#?(\d{1,2})?)[.!]?",
    re.IGNORECASE,
)
_TARGET = re.compile(r"(?P<account>[\w-]{1,64})\s*[:\s]\s*(?P<user>\S.{0,200})", re.DOTALL)


def typed(text: str) -> tuple[str, str] | None:
    """``ACCOUNTS``, ``LINK``, ``LINK 1234 5678``, ``LINK sms +254...``, ``UNLINK 2``; None for any other text."""
    match = _TYPED.fullmatch(text.strip())
    if match is None:
        return None
    name = (match[1] or match[2] or match[4]).casefold()
    return name, (match[3] or match[5] or "").strip()


async def run(
    name: str, argument: str, identity: Identity, where: Address, community: Community, context: Context
) -> None:
    """Carry out one of them, and answer in ``where``."""
    w = contact.language_of(identity, community)
    match name:
        case "accounts":
            said = await _accounts(identity, w)
        case "unlink":
            said = await _unlink(argument, identity, community, context, w)
        case _:
            said = await _link(argument.strip(), identity, community, context, w)
    if said:
        await contact.say(where, Content(text=plain(said)), community, context.now)


# --- seeing ---


async def _accounts(identity: Identity, w: Words) -> str:
    lines = [w._("Your accounts:")]
    for number, row in enumerate(await persons.accounts(identity.person_id), 1):
        here = " · " + w._("this one") if row.id == identity.id else ""
        lines.append(f"{number}. {account_name(row)} · {level(row, w)}{here}")
    lines.append(w._("/link adds one, /unlink and its number makes one a person of its own again."))
    return "\n".join(lines)


# --- linking ---


async def _link(argument: str, identity: Identity, community: Community, context: Context, w: Words) -> str:
    if not argument:
        return await _offer(identity, context, w)
    if code := link_codes.digits_of(argument):
        return await _redeem(code, identity, community, context, w)
    match = _TARGET.fullmatch(argument)
    account = None if match is None else _account(match["account"], context)
    if match is None or account is None:
        names = ", ".join(sorted(map(str, context.directory.accounts())))
        return w._(
            "Please write LINK alone, or LINK and the code, or LINK, one of these ({accounts}), and who you are there: "
            "LINK sms +254700000000",
            accounts=names,
        )
    if context.claimed:
        # Whoever invents this sender would have the code sent to themselves. Only its owner reads what we answer here.
        return await _offer(identity, context, w)
    return await _send(UserRef(account, UserId(_user(match["user"]))), identity, community, context, w)


def _account(said: str, context: Context) -> AccountId | None:
    return next((known for known in context.directory.accounts() if known.casefold() == said.casefold()), None)


def _user(said: str) -> str:
    """A telephone number may be written with spaces; nothing else is changed."""
    said = clean_line(said)
    return re.sub(r"[\s().-]", "", said) if said.startswith("+") else said


def _shown(code: str) -> str:
    return f"{code[:4]} {code[4:]}"


async def _offer(identity: Identity, context: Context, w: Words) -> str:
    code = await link_codes.issue(identity, context.now)
    if code is None:
        return _too_many(w)
    return w._(
        "Your code is {code}. Within 15 minutes, write to me from your other account: LINK {code}\n"
        "Tell it to nobody: whoever sends it becomes one person with you.",
        code=_shown(code),
    )


async def _send(to: UserRef, identity: Identity, community: Community, context: Context, w: Words) -> str:
    """Send a code to another account, where we may write first. Whether we know that account is not told."""
    known = await people.find(to)
    if known is not None and known.person_id == identity.person_id:
        return w._("That account is yours already. /accounts lists them all.")
    address = _where(to, known, context)
    if address is None:
        return w._(
            "I cannot write first to {account}. Write LINK alone to get a code, and send it to me from there.",
            account=str(to.account),
        )
    if not await link_codes.may_send(identity.person_id, to, context.now):
        return _too_many(w)
    code = await link_codes.issue(identity, context.now, to=to)
    if code is None:
        return _too_many(w)
    theirs = w if known is None else contact.language_of(known, community)
    letter = _letter(identity, code, theirs)
    row = await contact.say(address, Content(text=plain(letter)), community, context.now)
    await ledger.mark(row.id, f"link:{identity.id}")
    return w._(
        "I am sending a code to that account, if it can be reached. Within 15 minutes, write LINK and the code, there "
        "or here."
    )


def _where(to: UserRef, known: Identity | None, context: Context) -> Address | None:
    if known is not None:
        return known.direct if contact.reachable(known, context.directory) else None
    address = Address(to.account, ChatId(str(to.user)))
    capabilities = context.directory.capabilities(address)
    return address if capabilities is not None and capabilities.opens_direct else None


async def _redeem(code: str, identity: Identity, community: Community, context: Context, w: Words) -> str:
    found = await link_codes.redeem(identity, code, context.now)
    if found is Failure.TOO_MANY:
        return _too_many(w)
    if found is Failure.SAME:
        return w._("Write that code from your other account, please: this one is yours already.")
    if isinstance(found, Failure):
        return w._("I do not know that code, or its time is over. LINK alone gives you a new one.")
    other = await _other(found, identity)
    if other is None:
        return w._("I do not know that code, or its time is over. LINK alone gives you a new one.")
    if not found.account and (context.claimed or identity.verified == persons.CLAIMED):
        return await _challenge(found, identity, context, w)
    return await _join(found, identity, other, community, context, w)


async def _other(found: LinkCode, identity: Identity) -> Identity | None:
    """The account that the one before us is to be linked with."""
    if found.identity_id != identity.id and found.identity.person_id != identity.person_id:
        return found.identity
    # It was sent to an account and is typed by who had it sent: having read it there is the proof.
    ref = UserRef(AccountId(found.account), UserId(found.user))
    known = await people.find(ref)
    return known or await people.introduce(ref, found.created_at)


async def _challenge(found: LinkCode, identity: Identity, context: Context, w: Words) -> str:
    """Anybody can write in the name of such an account: only who also reads what is sent there is its owner."""
    code = await link_codes.issue(found.identity, context.now, to=identity.ref)
    if code is None:
        return _too_many(w)
    return _letter(found.identity, code, w)


def _letter(asking: Identity, code: str, w: Words) -> str:
    """Whoever reads it is told who it is that wants to be one with them: they may have asked for nothing."""
    return w._(
        "{name} says that this account is theirs, too. If you are {name}, answer within 15 minutes: LINK {code} "
        "If not, do nothing, and tell this code to nobody.",
        name=shown_name(asking, w),
        code=_shown(code),
    )


def _too_many(w: Words) -> str:
    return w._("That was tried too often. Please try again later.")


async def _join(
    found: LinkCode, identity: Identity, other: Identity, community: Community, context: Context, w: Words
) -> str:
    """Make both one person: the one that has been here longer. Every account hears of it."""
    keep, gone = sorted((identity.person_id, other.person_id))
    if keep == gone:
        return w._("That account is yours already. /accounts lists them all.")
    await uniting.unite(keep, gone, context.now)
    for account_id in {identity.id, other.id, found.identity_id}:
        await persons.vouch(account_id, persons.CODE, context.now)
    joined = await people.get(identity.id)
    identity.person_id, identity.person, identity.verified = joined.person_id, joined.person, joined.verified
    await _audit("link", identity, other, community, context)
    await _tell_others(identity, other, community, context)
    await cards.refresh_held(identity, context.now)
    w = contact.language_of(identity, community)
    return w._(
        "Done: {account} and this account are one person now. What moderators have decided about either holds for "
        "both. /accounts lists all of yours.",
        account=account_name(other),
    )


async def _audit(action: str, identity: Identity, other: Identity, community: Community, context: Context) -> None:
    """In the log of every community that the person belongs to."""
    places = {row.community for row in await memberships.memberships(identity.person_id)} | {str(community.id)}
    for place in sorted(places):
        await audit.write(
            community=place,
            actor=submissions.audit_actor(identity),
            action=action,
            now=context.now,
            detail={"identity": other.id},
        )


async def _tell_others(identity: Identity, other: Identity, community: Community, context: Context) -> None:
    for row in await persons.accounts(identity.person_id):
        if row.id == identity.id:
            continue
        w = contact.language_of(row, community)
        text = w._(
            "{new} and {old} are one person from now on, by a code. If that was not you, write /accounts, and /unlink "
            "with the number of the account that is not yours.",
            new=account_name(identity),
            old=account_name(other),
        )
        await contact.tell(row, Content(text=plain(text)), community, context.directory, context.now)


# --- unlinking ---


async def _unlink(argument: str, identity: Identity, community: Community, context: Context, w: Words) -> str:
    listed = list(await persons.accounts(identity.person_id))
    if len(listed) == 1:
        return w._("This is your only account: there is nothing to unlink.")
    wanted = argument.strip().lstrip("#")
    number = int(wanted) if wanted.isdecimal() and len(wanted) < 3 else 0
    if not 0 < number <= len(listed):
        return await _accounts(identity, w)
    leaving = listed[number - 1]
    staying = next(row for row in listed if row.id != leaving.id)
    await persons.separate(leaving, context.now)
    actor = leaving if leaving.id == identity.id else identity
    await _audit("unlink", actor, staying if actor is leaving else leaving, community, context)
    for row in listed:
        if row.id == identity.id:
            continue
        words_of = contact.language_of(row, community)
        text = words_of._(
            "{account} has been unlinked: it is a person of its own again.", account=account_name(leaving)
        )
        await contact.tell(row, Content(text=plain(text)), community, context.directory, context.now)
    await cards.refresh_held(leaving, context.now)
    await cards.refresh_held(staying, context.now)
    if leaving.id == identity.id:  # the profile stayed with the others
        return w._("{account} has been unlinked: it is a person of its own again.", account=account_name(leaving))
    return w._(
        "{account} is a person of its own again. Its posts went with it; the profile stayed here.",
        account=account_name(leaving),
    )
