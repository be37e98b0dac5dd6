"""What moderators say of an author: trusted, always to be held, or nothing. The rules act on it.

It is said with an approval, in one press, or by itself: ``standing: none`` under a card, ``/standing #12 held``.
"""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.text import plain
from bridge.members.profiles import shown_name
from bridge.moderation import cards, decisions, permissions, persons, powers, votes
from bridge.moderation.acts import ALWAYS, Act, Deed, Reply
from bridge.moderation.decisions import Verdict
from bridge.moderation.orders import Order
from bridge.rendering.words import Words, words
from bridge.storage import audit, desk, people, submissions
from bridge.storage.models import Identity, Review

TRUSTED, HELD, NONE = "trusted", "held", ""
_CODES = {"trusted": TRUSTED, "trust": TRUSTED, "held": HELD, "hold": HELD, "none": NONE}
"""What can be typed, besides the words of the channel's language."""


async def _approve(act: Act, value: str) -> Reply:
    """Approve and say it of the author, both or neither.

    Where this was only one of several approvals nothing is said of the author yet: it takes effect on posts that nobody
    will read first, so it belongs to the approval that completes them.
    """
    verdict = await decisions.approve(act)
    told = await votes.reply(act, verdict)
    if verdict is Verdict.VOTED:
        more = act.w._("Nothing is said of the author yet: whoever approves last can do that.")
        return Reply(text=f"{told.text} {more}", alert=True)
    if verdict in (Verdict.DONE, Verdict.UNTOLD):
        await _say(
            act.review.submission.identity, act.community, value, by=act.identity, now=act.now, review=act.review
        )
    return told


async def trust(act: Act) -> Reply:
    return await _approve(act, TRUSTED)


async def always_hold(act: Act) -> Reply:
    return await _approve(act, HELD)


async def _say(
    author: Identity, community: Community, value: str, *, by: Identity, now: datetime, review: Review | None = None
) -> bool:
    """Set it and write it down, and let the author's other cards show it. False where it was said already."""
    if await desk.standing(author.person_id, community.id) == value:
        return False
    await desk.set_standing(author.person_id, community.id, value, by=str(by.ref), now=now)
    codes: dict[str, object] = {"author": author.id}
    if author.person_id == by.person_id:
        codes["own"] = True
    await audit.write(
        community=community.id,
        actor=submissions.audit_actor(by),
        action="standing",
        now=now,
        review_id=None if review is None else review.id,
        revision=0 if review is None else review.revision,
        reason=value or "none",
        detail=codes,
    )
    await cards.refresh_held(author, now)
    return True


def _meant(text: str, w: Words) -> str | None:
    said = text.casefold().strip(" .#")
    local = {_name(value, w).casefold(): value for value in (TRUSTED, HELD, NONE)}
    return {**_CODES, **local}.get(said)


def _name(value: str, w: Words) -> str:
    return {TRUSTED: w._("trusted"), HELD: w._("always to be held")}.get(value, w._("nothing"))


def _said(author: Identity, value: str, w: Words) -> str:
    return w._("{name} is now: {standing}.", name=shown_name(author, w), standing=_name(value, w))


def _how(w: Words) -> str:
    return w._("Please write one of: standing: trusted, standing: held, standing: none.")


async def standing_now(act: Act) -> Reply:
    """The word alone: what has been said."""
    author, w = act.review.submission.identity, act.w
    value = await desk.standing(author.person_id, act.community.id)
    said = w._("{name} is: {standing}.", name=shown_name(author, w), standing=_name(value, w))
    return Reply(text=f"{said} {_how(w)}")


async def set_standing(act: Act) -> Reply:
    """``standing: none`` and the like, whatever became of the item. Nobody says it of themselves."""
    w, review = act.w, act.review
    author = review.submission.identity
    value = _meant(act.text.text, w)
    if value is None:
        return Reply(text=_how(w), alert=True)
    refused = await powers.own(act)
    if refused is not None:
        return refused
    await _say(author, act.community, value, by=act.identity, now=act.now, review=review)
    await cards.refresh(review, act.now)
    return Reply(text=_said(author, value, w))


async def standing_order(order: Order) -> Content:
    """``/standing #12 held``, ``/standing @handle none``: of an author none of whose cards is at hand."""
    lines: list[str] = []
    for community in order.communities:
        w = words(community.language)
        refused = await order.refused(community, Role.MODERATOR)
        lines.append(refused.text.text if refused is not None else await _ordered(order, community, w))
    return Content(text=plain("\n".join(dict.fromkeys(lines))))


async def _ordered(order: Order, community: Community, w: Words) -> str:
    target, _, last = order.argument.strip().rpartition(" ")
    value = _meant(last, w)
    if value is None or not (target or order.reply_to):
        return w._("Please write: /standing #12 trusted, or held, or none. Instead of #12 also @name.")
    found = await persons.meant(order, community, target.strip(), anywhere=True)
    if isinstance(found, str):
        return found
    by = await order.identity()
    author = await people.find(found.ref)
    if author is None:
        return w._("{who} has not posted anything yet. Nothing was done.", who=str(found.ref))
    if author.person_id == by.person_id and not await permissions.owns_may(community, by):
        return w._("Another moderator must say that of you. Nothing was done.")
    await _say(author, community, value, by=by, now=order.desk.now)
    return _said(author, value, w)


DEEDS = (
    Deed(name="trust", word=lambda w: w._("trust"), perform=trust, decides=True),
    Deed(name="always_hold", word=lambda w: w._("always_hold"), perform=always_hold, decides=True),
    Deed(
        name="standing",
        word=lambda w: w._("standing"),
        perform=standing_now,
        heard=set_standing,
        states=ALWAYS,
        any_revision=True,
        options=frozenset(_CODES),
    ),
)
COMMANDS = {"standing": standing_order}
