"""Approval with a time: the post goes out then, or at the next moment the community's pace allows."""

from datetime import datetime, timedelta

from bridge.core import when
from bridge.core.text import RichText, plain
from bridge.moderation import decisions, votes
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.decisions import Verdict
from bridge.storage import afterwards, submissions

_AFTER = {"1h": timedelta(hours=1), "3h": timedelta(hours=3)}
_CLOCK = {"evening": "18:00", "morning": "08:00"}


def meant(text: str, act: Act) -> datetime | None:
    """The moment of a button, or of words, in the community's time zone; None for what is no time ahead."""
    said = text.strip().casefold()
    if said in _AFTER:
        return act.now + _AFTER[said]
    return when.parse(_CLOCK.get(said, text), act.now, act.community.policy.zone)


async def later(act: Act) -> Reply:
    """By a button; the word alone asks for a time."""
    return await _approve(act, act.argument)


async def later_said(act: Act) -> Reply:
    return await _approve(act, act.text.text)


async def question(act: Act) -> RichText | Reply:
    zone = act.community.policy.zone
    text = act.w._(
        "#{number}: when shall it go out? Reply with a time, for example: 18:00, tomorrow 9, Monday 8:00, in 2 hours. "
        "It is now {time}.",
        number=act.number,
        time=act.w.time(act.now, zone),
    )
    return plain(text)


async def _approve(act: Act, said: str) -> Reply:
    at = meant(said, act)
    if at is None:
        return _unreadable(act, said)
    verdict = await decisions.approve(act, at=at)
    told = await votes.reply(act, verdict)
    if verdict is Verdict.VOTED:
        more = act.w._("When it goes out is said by whoever approves last.")
        return Reply(text=f"{told.text} {more}", alert=True)
    if verdict is Verdict.DONE:
        return Reply(text=await _done(act, at), on_card=True)
    return told


def _unreadable(act: Act, said: str) -> Reply:
    w, zone = act.w, act.community.policy.zone
    examples = w._(
        "Write for example: later: 18:00, later: tomorrow 9, later: Monday 8:00, later: in 2 hours. It is now {time}.",
        time=w.time(act.now, zone),
    )
    if not said.strip():
        return Reply(text=examples, alert=True)
    text = w._(
        "I cannot read “{said}” as a time ahead, within a year. Nothing was done.",
        said=plain(" ".join(said.split())).shortened(60).text,
    )
    return Reply(text=f"{text} {examples}", alert=True)


async def _done(act: Act, at: datetime) -> str:
    """When it goes out, and why that is not when it was asked for."""
    w, zone = act.w, act.community.policy.zone
    post = await submissions.post_of_submission(act.review.submission_id)
    moved = None if post is None or act.review.kind == afterwards.CORRECTION else post.publish_at
    if moved is None or moved <= at:
        return w._("#{number} goes out at {time}.", number=act.number, time=w.time(at, zone))
    return w._(
        "#{number} goes out at {time}: earlier the community's pace, or what it answers, does not allow.",
        number=act.number,
        time=w.time(moved, zone),
    )


_OPTIONS = frozenset({*_AFTER, *_CLOCK})
DEEDS = (
    Deed(
        name="later",
        word=lambda w: w._("later"),
        perform=later,
        heard=later_said,
        decides=True,
        options=_OPTIONS,
    ),
    Deed(name="later_words", question=question, heard=later_said, decides=True),
)
