"""A moderator's wording: a new revision beside the author's own, which stays on record."""

from bridge.core.hygiene import clean_text
from bridge.core.text import RichText, plain
from bridge.moderation import cards, consent, decisions, rules
from bridge.moderation.acts import Act, Deed, Reply
from bridge.storage import audit, codec, submissions

_SHOWN = 3000
"""Characters of the present wording that fit the question."""


async def question(act: Act) -> RichText | Reply:
    """Show the present wording, to be copied and changed."""
    wording = codec.load(codec.RICH_TEXT, (await submissions.revision_of(act.review)).text)
    intro = act.w._("#{number}: reply to this message with the new wording. It is now:", number=act.number)
    if len(wording) > _SHOWN:
        intro = act.w._(
            "#{number}: reply to this message with the whole new wording. It is too long to be shown here; its first "
            "part is:",
            number=act.number,
        )
    return plain(intro) + "\n\n" + wording.shortened(_SHOWN)


async def edit(act: Act) -> Reply:
    """The new wording; older buttons stop counting."""
    review = act.review
    cleaned = clean_text(act.text)
    if not cleaned:
        return decisions.reply(decisions.Verdict.EMPTY, review, act.w)
    if (refused := too_long(cleaned, act)) is not None:
        return refused
    wording = await submissions.revision_of(review)
    attachments = codec.load(codec.ATTACHMENTS, wording.attachments)
    uncarried = codec.load(codec.UNCARRIED, wording.uncarried)
    if not await submissions.revise(
        review,
        cleaned,
        attachments,
        uncarried,
        act.now,
        editor=act.moderator.name,
        findings=rules.findings_of(cleaned, review.submission, act.community),
    ):
        return decisions.reply(await decisions.lost(review, act.revision), review, act.w)
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(act.identity),
        action="edit",
        now=act.now,
        review_id=review.id,
        revision=review.revision,
    )
    asked = await consent.after_edit(act)
    await cards.plan(review, act.community, act.desk.directory, act.now, gather=False)
    return asked or Reply(text=act.w._("Done."))


def too_long(text: RichText, act: Act) -> Reply | None:
    """Why this cannot be the wording of a post of this community; None where it can."""
    limit = act.community.max_length
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


DEEDS = (Deed(name="edit", word=lambda w: w._("edit"), question=question, heard=edit),)
