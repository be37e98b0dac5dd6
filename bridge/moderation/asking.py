"""Questions to the author: a moderator's own or those kept ready. A question blocks nobody.

Who cannot be written to is invited in the group to open a private chat; the question waits, and is put as soon as they
do. It never stands in public.
"""

from bridge.core.hygiene import clean_line
from bridge.core.policy import Template
from bridge.core.text import RichText, plain
from bridge.members import contact, reach
from bridge.members.profiles import shown_name
from bridge.moderation import cards, decisions, letters, menu
from bridge.moderation.acts import Act, Deed, Reply
from bridge.storage import desk, dialogue, ledger, submissions

LIMIT = decisions.WORDS_LIMIT
_READ = 20_000
"""Characters of a question that are looked at at all."""


async def question(act: Act) -> RichText | Reply:
    """What the moderator is asked to type."""
    text = act.w._("#{number}: what do you want to ask the author? Reply to this message.", number=act.number)
    if await reach.reach(act.review.submission.identity, act.desk.directory) is None:
        text = f"{text}\n{_waits(act)}"
    return plain(text)


def _waits(act: Act) -> str:
    return act.w._(
        "The author has no open private chat with me yet: the question waits, and is put as soon as they write to me."
    )


async def ask(act: Act) -> Reply:
    """A typed question, or the name of one that is kept ready."""
    said = clean_line(act.text.text, _READ)
    if not said:
        return decisions.told(decisions.Verdict.EMPTY, act)
    for template in act.community.policy.questions:
        if said.casefold() in (template.id.casefold(), template.label.casefold()):
            return await _put_ready(act, template)
    if len(said) > LIMIT:
        text = act.w._(
            "That question has {size} characters; at most {limit} can be asked at once. Nothing was sent.",
            size=act.w.number(len(said)),
            limit=act.w.number(LIMIT),
        )
        return Reply(text=text, alert=True)
    return await _put(act, said)


async def ask_ready(act: Act) -> Reply:
    """A question of the community's list, by its button."""
    for template in act.community.policy.questions:
        if template.id == act.argument:
            return await _put_ready(act, template)
    text = act.w._("That question is no longer on the list. Look at the newest card; nothing was done.")
    await cards.refresh(act.review, act.now)
    return Reply(text=text, alert=True)


async def _put_ready(act: Act, template: Template) -> Reply:
    identity = act.review.submission.identity
    language = identity.person.language or act.community.language
    name = shown_name(identity, contact.language_of(identity, act.community))
    text = template.text(language, act.community.language).replace("{name}", name)
    return await _put(act, clean_line(text, LIMIT), ready=template.id)


async def _put(act: Act, text: str, *, ready: str = "") -> Reply:
    review, directory = act.review, act.desk.directory
    waiting = await dialogue.undelivered(await dialogue.open_of_review(review.id))
    query = await submissions.ask(review, text, by=act.identity, name=act.moderator.name, now=act.now, reason=ready)
    await desk.dress(review, lapses_from=act.now)
    row = await letters.put(query, review, act.community, directory, act.now)
    if act.card is not None:
        await ledger.set_view(act.card, menu.MAIN)
    await cards.refresh(review, act.now)
    if row is not None:
        return Reply(text=act.w._("Done."), on_card=True)
    return Reply(text=await unreached(act, invited_before=bool(waiting)), alert=True)


async def unreached(act: Act, *, invited_before: bool) -> str:
    """Invite an author who cannot be written to, and tell the moderator what that means."""
    submission = act.review.submission
    invited = not invited_before and await reach.invite(submission, act.community, act.desk.directory, act.now)
    if submission.private:
        return act.w._(
            "Saved. The author cannot be written to now (they may have blocked me). It is put to them as soon as they "
            "write to me; until then you can decide without an answer."
        )
    if not invited:
        return " ".join((act.w._("Saved."), _waits(act)))
    return act.w._(
        "Saved. The author has no open private chat with me yet, so I have put a short invitation under their message "
        "in the group, without the question. It is put to them as soon as they write to me."
    )


DEEDS = (
    Deed(name="ask", word=lambda w: w._("ask"), question=question, heard=ask),
    Deed(name="ask_ready", perform=ask_ready),
)
