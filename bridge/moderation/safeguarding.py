"""Safeguarding: somebody may be in danger. An item goes to the people named for it, and they decide.

What the author is told is the community's own prepared wording; the program itself promises nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from bridge.core.community import Community
from bridge.core.hygiene import clean_line
from bridge.core.message import Attachment
from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.members import contact, reach
from bridge.members.profiles import shown_name
from bridge.members.reach import Letter
from bridge.moderation import arrival, cards, decisions, permissions, powers
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.announcing import announce
from bridge.moderation.decisions import Verdict
from bridge.rendering.posts import attachment_words
from bridge.rendering.words import Words, words
from bridge.storage import audit, codec, dialogue, ledger, people, submissions, votes, working
from bridge.storage.models import Delivery, Identity

WHY_LIMIT = 300
_NOTICE = "safeguarding:"
"""Begins the mark of the ledger's rows that tell the named people: that one did not arrive is never overlooked."""
_QUOTED = 1500
"""Characters of a post that they are sent."""


# --- escalating ---


async def question(act: Act) -> RichText | Reply:
    """A press escalates at once, for time may count; why can be told afterwards, as a reply to this message."""
    w = act.w
    if not await _escalate(act, ""):
        return Reply(text=_already(act), alert=True)
    return plain(w._("#{number} is escalated. Reply to this message to say why: they will be told.", number=act.number))


async def escalate(act: Act) -> Reply:
    """With the reason. Of what is escalated already, the same people hear the reason."""
    why = clean_line(act.text.text, WHY_LIMIT)
    if act.review.escalated_at is None and await _escalate(act, why):
        return Reply(text=act.w._("#{number} is escalated.", number=act.number), on_card=True)
    if act.review.state != ReviewState.HELD:
        return decisions.told(Verdict.DECIDED, act)
    told, missed = await _tell_all(act, why)
    return Reply(text=_reached(act.w, told, missed))


def _already(act: Act) -> str:
    review, w = act.review, act.w
    if review.state != ReviewState.HELD or review.escalated_at is None:
        return decisions.already(review, w, act.community.policy.zone)
    return w._(
        "{name} has already escalated #{number} ({time}).",
        name=review.escalated_name,
        number=act.number,
        time=w.time(review.escalated_at, act.community.policy.zone),
    )


async def _escalate(act: Act, why: str) -> bool:
    """Mark it, tell the named people, and say in every channel who was and who was not reached. False where too late.

    Whoever worked on it or approved it before did so without knowing: their claim and their votes end.
    """
    review, w, name = act.review, act.w, act.moderator.name
    if not await working.escalate(review, name=name, now=act.now):
        return False
    await votes.forget(review.id)
    told, missed = await _tell_all(act, why)
    await _audit(act, "escalate", told=len(told), missed=len(missed))
    await cards.refresh(review, act.now)
    said = w._("🚨 {name} has escalated #{number}.", name=name, number=act.number)
    reason = [w._("Why: {why}", why=why)] if why else []
    await announce(act.community, "\n".join([said, *reason, _reached(w, told, missed)]), act.now, silent=False)
    return True


async def _audit(act: Act, action: str, *, reason: str = "", **codes: int) -> None:
    await audit.write(
        community=act.review.community,
        actor=submissions.audit_actor(act.identity),
        action=action,
        now=act.now,
        review_id=act.review.id,
        revision=act.review.revision,
        reason=reason,
        detail=powers.audited(act, **codes),
    )


# --- telling the people who are named ---


async def _named(act: Act) -> dict[str, list[Identity]]:
    """Whom to tell, besides the person who acts: each by name, with the accounts of theirs that we have met.

    Where nobody is named, the seniors and coordinators.
    """
    refs = act.community.policy.safeguarding or {
        ref for ref, role in (await permissions.roles(act.community)).items() if role.covers(Role.SENIOR)
    }
    persons: dict[int, list[Identity]] = {}
    found: dict[str, list[Identity]] = {}
    for ref in sorted(refs, key=str):
        identity = await people.find(ref)
        if identity is None:
            found[str(ref)] = []
        elif identity.person_id != act.identity.person_id:
            persons.setdefault(identity.person_id, []).append(identity)
    for known in persons.values():
        found[f"{shown_name(known[0], act.w)} ({known[0].ref})"] = known
    return found


async def _tell_all(act: Act, why: str) -> tuple[list[str], list[str]]:
    """Tell each of them on every account of theirs; the names of those who were, and of those who could not be."""
    told: list[str] = []
    missed: list[str] = []
    revision = await submissions.revision_of(act.review)
    wording = codec.load(codec.RICH_TEXT, revision.text)
    files = codec.load(codec.ATTACHMENTS, revision.attachments)
    for name, accounts in (await _named(act)).items():
        reached = False
        for identity in [known for known in accounts if contact.reachable(known, act.desk.directory)] or accounts[:1]:
            row = await reach.write(
                identity,
                _notice(act, why, wording, files, contact.language_of(identity, act.community)),
                act.community,
                act.desk.directory,
                act.now,
                mark=f"{_NOTICE}{act.number}",
                lifetime=ledger.LIFETIME,
            )
            reached = reached or row is not None
        (told if reached else missed).append(name)
    return told, missed


def _notice(act: Act, why: str, wording: RichText, files: Sequence[Attachment], w: Words) -> Letter:
    """What one of them reads, with the beginning of a long post, and which files it has: they are on the card."""
    head = w._(
        "🚨 {community} #{number}: {name} asks you to look at this post.",
        community=act.community.name,
        number=act.number,
        name=act.moderator.name,
    )
    if why:
        head += "\n" + w._("Why: {why}", why=why)
    tail = w._(
        "It is held. A senior moderator, a coordinator or somebody named for safeguarding decides on it in the "
        "moderators' channel."
    )
    quote = plain(wording.text).shortened(_QUOTED).text
    quote = "\n".join([*([quote] if quote else []), *(attachment_words(file, w) for file in files)])
    return Letter(
        text=joined([part for part in (plain(head), marked(quote, MarkKind.QUOTE), plain(tail)) if part], "\n\n"),
        line=plain(f"{head}\n{quote}"),
    )


def _reached(w: Words, told: list[str], missed: list[str]) -> str:
    """Who was told privately, and who must be told by a person."""
    lines: list[str] = []
    if told:
        lines.append(w._("Told privately: {names}.", names=", ".join(told)))
    if missed:
        lines.append(
            w._(
                "⚠️ I cannot write privately to {names}: please tell them yourself. They can open a chat with me "
                "for the next time.",
                names=", ".join(missed),
            )
        )
    if not lines:
        lines.append(w._("⚠️ Nobody else is named for safeguarding, so nobody was told privately."))
    return "\n".join(lines)


def is_notice(row: Delivery) -> bool:
    """Is it one of the private messages to the named people?"""
    return row.kind == ledger.NOTICE and row.view.startswith(_NOTICE)


async def not_delivered(row: Delivery, community: Community, now: datetime) -> None:
    """One of these did not arrive, or nobody knows whether it did: a person must tell them."""
    w = words(community.language)
    known = await people.written_to_in(row.address)
    text = w._(
        "⚠️ My message about #{number}, which was escalated, did not reach {name} ({reason}): "
        "please tell them yourself.",
        number=row.view.removeprefix(_NOTICE),
        name=str(row.address) if known is None else shown_name(known, w),
        reason=arrival.refusal(row.reason, w) if row.reason else w._("nobody knows whether it arrived"),
    )
    await announce(community, text, now, silent=False)


# --- ending it ---


async def deescalate(act: Act) -> Reply:
    """No longer escalated: said by those who may decide on it, or by the person who escalated it."""
    review, w = act.review, act.w
    if review.escalated_at is None:
        return Reply(text=w._("#{number} is not escalated. Nothing was done.", number=act.number), alert=True)
    refused = await powers.reserved(act)
    if refused is not None and not await _escalated_by(act):
        return refused
    if not await working.deescalate(review):
        return decisions.told(await decisions.lost(review, act.revision), act)
    await _audit(act, "deescalate")
    await cards.refresh(review, act.now)
    text = w._("{name} has ended the escalation of #{number}.", name=act.moderator.name, number=act.number)
    await announce(act.community, text, act.now)
    return Reply(text=text, on_card=True)


async def _escalated_by(act: Act) -> bool:
    """Is it this person who escalated it?"""
    lines = [line for line in await audit.of_review(act.review.id) if line.action == "escalate"]
    if not lines:
        return False
    theirs = await people.identities(act.identity.person_id)
    return lines[-1].actor in {submissions.audit_actor(identity) for identity in theirs}


# --- answering the author ---


async def answer(act: Act) -> Reply:
    """Send the author a prepared reply, in their language, signed by the community. The item stays held."""
    review, community, w = act.review, act.community, act.w
    replies = community.policy.safeguarding_replies
    said = (act.argument or clean_line(act.text.text)).casefold()
    template = next((t for t in replies if said in (t.id.casefold(), t.label.casefold())), None)
    if template is None:
        names = ", ".join(f"{t.id} ({t.label})" for t in replies) or "-"
        return Reply(
            text=w._("Please write safety: and one of these: {names}. Nothing was sent.", names=names), alert=True
        )
    identity = review.submission.identity
    theirs = contact.language_of(identity, community)
    wording = template.text(identity.person.language or community.language, community.language)
    wording = wording.replace("{name}", shown_name(identity, theirs))
    sent = await dialogue.prepared(review.id, wording)
    if sent is not None:
        text = w._(
            "{name} has already sent the author this reply ({time}). Nothing was done.",
            name=sent.asked_name,
            time=w.time(sent.asked_at, community.policy.zone),
        )
        return Reply(text=text, alert=True)
    if await reach.reach(identity, act.desk.directory) is None:
        text = w._(
            "The author cannot be written to privately, so nothing was sent. If you know another way to reach them, "
            "please use it."
        )
        return Reply(text=text, alert=True)
    asked = await dialogue.prepare(review, wording, by=str(act.identity.ref), name=act.moderator.name, now=act.now)
    signed = theirs._("The moderators of {community}", community=community.name)
    await reach.write(
        identity,
        Letter(text=plain(f"{wording}\n\n{signed}")),
        community,
        act.desk.directory,
        act.now,
        review_id=review.id,
        mark=dialogue.mark(asked.id),
        lifetime=ledger.LIFETIME,
    )
    await _audit(act, "safety_reply", reason=template.id)
    await cards.refresh(review, act.now)
    return Reply(text=w._("Sent. The post stays held."), on_card=True)


DEEDS = (
    Deed(name="escalate", word=lambda w: w._("escalate"), question=question, heard=escalate, any_revision=True),
    Deed(name="deescalate", word=lambda w: w._("deescalate"), perform=deescalate, any_revision=True),
    Deed(
        name="safety_reply",
        word=lambda w: w._("safety"),
        perform=answer,
        heard=answer,
        decides=True,
        any_revision=True,
    ),
)
