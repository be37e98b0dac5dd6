"""A moderator's wording: a new revision beside the author's own, which stays on record."""

import re

from bridge.core.hygiene import clean_text
from bridge.core.message import Content
from bridge.core.splitting import split
from bridge.core.text import EMPTY, MarkKind, RichText, plain
from bridge.moderation import cards, consent, decisions, rules
from bridge.moderation.acts import Act, Deed, Prompt, Reply
from bridge.storage import audit, codec, submissions

_SHOWN = 3000
"""Characters of the present wording that fit a question."""
_INTRO = 400
"""Kept free for what stands before it."""
_PART = re.compile(r"(\d{1,7})-(\d{1,7})")
_NOTHING = frozenset("-–—")
"""What is typed to leave a part out."""


async def question(act: Act) -> RichText | Reply | list[Prompt]:
    """Show the present wording, to be copied and changed; a long one in parts, each with a question of its own."""
    wording = codec.load(codec.RICH_TEXT, (await submissions.revision_of(act.review)).text)
    here = await act.here()

    def fits(part: RichText) -> bool:
        return len(part) <= _SHOWN and act.desk.directory.fits(here, Content(text=part + "x" * _INTRO))

    if wording and not fits(wording):
        return _parts(wording, split(wording, fits), act)
    intro = act.w._("#{number}: reply to this message with the new wording. It is now:", number=act.number)
    return plain(intro) + "\n\n" + wording


def _parts(wording: RichText, shown: list[RichText], act: Act) -> list[Prompt]:
    prompts: list[Prompt] = []
    end = 0
    for number, part in enumerate(shown, 1):
        start = wording.text.index(part.text, end)
        end = start + len(part)
        intro = act.w._(
            "#{number}, part {part} of {count}: reply to this message with the new wording of this part; the other "
            "parts stay as they are. Write - to leave it out. It is now:",
            number=act.number,
            part=number,
            count=len(shown),
        )
        prompts.append(Prompt(text=plain(intro) + "\n\n" + part, deed="edit_part", argument=f"{start}-{end}"))
    return prompts


async def edit(act: Act) -> Reply:
    """The new wording; older buttons stop counting."""
    wording = codec.load(codec.RICH_TEXT, (await submissions.revision_of(act.review)).text)
    cleaned = _unquoted(clean_text(act.text), wording)
    if not cleaned:
        return decisions.told(decisions.Verdict.EMPTY, act)
    return await _replace(cleaned, wording, act)


async def edit_part(act: Act) -> Reply:
    """One part of a long wording anew. Counts as long as that part still stands in the wording under review."""
    review = act.review
    wording = codec.load(codec.RICH_TEXT, (await submissions.revision_of(review)).text)
    shown = codec.load(codec.RICH_TEXT, (await submissions.revision(review.submission_id, act.revision)).text)
    match = _PART.fullmatch(act.argument)
    start, end = (0, 0) if match is None else (int(match[1]), int(match[2]))
    part = shown[start:end]
    if act.revision != review.revision:
        if not part or wording.text.count(part.text) != 1:
            return decisions.told(decisions.Verdict.STALE, act)
        start = wording.text.index(part.text)
        end = start + len(part)
    cleaned = _unquoted(clean_text(act.text), part)
    if not cleaned:
        return decisions.told(decisions.Verdict.EMPTY, act)
    left_out = cleaned.text in _NOTHING
    whole = wording[:start] + (EMPTY if left_out else cleaned) + (_begun(wording[end:]) if left_out else wording[end:])
    return await _replace(whole.strip(), wording, act)


def _begun(text: RichText) -> RichText:
    return text[len(text.text) - len(text.text.lstrip()) :]


def _unquoted(text: RichText, before: RichText) -> RichText:
    """Not as a quotation where it was none: so a card shows the words, and some apps copy that along."""

    def wholly(said: RichText) -> bool:
        return any(m.kind is MarkKind.QUOTE and m.start == 0 and m.end >= len(said.rstrip()) for m in said.marks)

    if not wholly(text) or wholly(before):
        return text
    return RichText(text.text, tuple(m for m in text.marks if m.kind is not MarkKind.QUOTE))


async def _replace(new: RichText, old: RichText, act: Act) -> Reply:
    review, community = act.review, act.community
    if not new:
        return decisions.told(decisions.Verdict.EMPTY, act)
    if new == old:
        return Reply(
            text=act.w._("#{number} reads like that already. Nothing was done.", number=act.number), alert=True
        )
    if (refused := too_long(new, act, before=len(old))) is not None:
        return refused
    before = await submissions.revision_of(review)
    attachments = codec.load(codec.ATTACHMENTS, before.attachments)
    uncarried = codec.load(codec.UNCARRIED, before.uncarried)
    if not await submissions.revise(
        review,
        new,
        attachments,
        uncarried,
        act.now,
        editor=act.moderator.name,
        findings=rules.findings_of(new, review.submission, community, uncarried, attachments),
    ):
        return decisions.told(await decisions.lost(review, act.revision), act)
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(act.identity),
        action="edit",
        now=act.now,
        review_id=review.id,
        revision=review.revision,
    )
    asked = await consent.after_edit(act)
    await cards.plan(review, community, act.desk.directory, act.now, gather=False)
    return asked or Reply(text=act.w._("Done."))


def too_long(text: RichText, act: Act, *, before: int = 0) -> Reply | None:
    """Why this cannot be the wording of a post of this community; None where it can.

    ``before``: how long it is already; a text that was longer once may be made shorter step by step.
    """
    limit = max(act.community.max_length, before)
    if len(text) <= limit:
        return None
    return Reply(
        text=act.w._(
            "That has {size} characters, and at most {limit} are possible. Nothing was done.",
            size=act.w.number(len(text)),
            limit=act.w.number(limit),
        ),
        alert=True,
    )


async def uncut(act: Act) -> Reply:
    """Add what was taken off as a quotation or a signature below the wording, again."""
    wording = codec.load(codec.RICH_TEXT, (await submissions.revision_of(act.review)).text)
    cut = act.review.submission.cut
    if not cut or cut in wording.text:
        return Reply(text=act.w._("Nothing was taken off #{number}.", number=act.number), alert=True)
    return await _replace((wording + "\n\n" + cut).strip(), wording, act)


DEEDS = (
    Deed(name="uncut", word=lambda w: w._("uncut"), perform=uncut),
    Deed(name="edit", word=lambda w: w._("edit"), question=question, heard=edit),
    Deed(name="edit_part", heard=edit_part, any_revision=True),
)
