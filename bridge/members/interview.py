"""The profile dialogue: a few short questions that can be skipped, left and taken up again."""

from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.core.hygiene import clean_line, clean_name
from bridge.core.message import Button, Content
from bridge.core.states import ConversationState, ConversationStep
from bridge.core.text import MarkKind, RichText, marked, plain
from bridge.members import answers as spoken
from bridge.members.contact import language_of
from bridge.members.profiles import FIELDS, card_from, shown_name
from bridge.rendering import cards
from bridge.rendering.words import Words
from bridge.storage import codec, people, submissions
from bridge.storage.models import Conversation, Delivery, Identity

KIND = "profile"
_SHORT = ("name", "country")
_MOST_WORDS = 8
OFFER, CONSENT = "offer", "consent"
PATIENCE = timedelta(minutes=30)
"""How long the next text is taken for the answer to a question."""
_LIMITS = {"name": 64, "role": 80, "organisation": 120, "country": 60, "interests": 200}


def _question(step: str, identity: Identity, w: Words) -> str:
    match step:
        case "name":
            return w._(
                "1 of 5. What is your full name, as readers should see it? (Now: {name})", name=shown_name(identity, w)
            )
        case "role":
            return w._("2 of 5. What is your role? For example: community health worker, midwife, librarian.")
        case "organisation":
            return w._("3 of 5. Where do you work? The clinic, organisation or community.")
        case "country":
            return w._("4 of 5. In which country?")
        case _:
            return w._("5 of 5. What are you interested in professionally? A few words.")


async def _buttons(conversation: Conversation, w: Words, now: datetime) -> tuple[tuple[Button, ...], ...]:
    async def button(action: str, label: str, emoji: str) -> Button:
        token = await submissions.handle("conversation", conversation.id, action, now, argument=conversation.step)
        return Button(label=label, emoji=emoji, handle=token)

    if conversation.step == OFFER:
        return ((await button("yes", w._("Yes, ask me"), "✅"), await button("later", w._("Not now"), "⏸️")),)
    if conversation.step == CONSENT:
        return ((await button("yes", w._("Show it"), "✅"), await button("no", w._("Do not show it"), "🚫")),)
    return ((await button("skip", w._("Skip"), "⏭️"), await button("later", w._("Not now"), "⏸️")),)


async def _prompt(conversation: Conversation, identity: Identity, community: Community, now: datetime) -> Content:
    w = language_of(identity, community)
    buttons = await _buttons(conversation, w, now)
    if conversation.step == OFFER:
        text = plain(
            w._(
                "While a moderator reads your post: may I ask you five short questions, so that readers know who is "
                "speaking? Your answers go under your posts only if you agree. (Yes or not now)"
            )
        )
    elif conversation.step == CONSENT:
        card = cards.paragraph(card_from(people.answers_of(conversation), shown_name(identity, w), community), w)
        text = (
            plain(w._("This would stand under your posts:"))
            + "\n\n"
            + marked(card, MarkKind.ITALIC)
            + "\n\n"
            + w._("May I show it? (Yes or no)")
        )
    else:
        # Not inside an f-string: what stands there is found by the catalogue's extraction from Python 3.12 on only.
        hint = w._("(Or write: skip, later)")
        text = plain(f"{_question(conversation.step, identity, w)} {hint}")
    return Content(text=text, buttons=buttons)


async def offer(identity: Identity, community: Community, now: datetime) -> Content | None:
    """Ask once whether the questions may be asked; None for who has answered or declined before.

    Who posts instead of saying whether their card may be shown is asked that again.
    """
    begun = await people.conversation(identity, KIND)
    if begun is not None and begun.state == ConversationState.OPEN and begun.step == CONSENT:
        return await _prompt(begun, identity, community, now)
    if begun is not None or await people.profile(identity.person_id) is not None:
        return None
    conversation = await people.open_conversation(
        identity, KIND, community=community.id, step=OFFER, answers={}, now=now
    )
    return await _prompt(conversation, identity, community, now)


async def begin(identity: Identity, community: Community, now: datetime) -> Content:
    """The next open question; starts anew where everything was answered."""
    known = people.answers_of(await people.profile(identity.person_id))
    conversation = await people.conversation(identity, KIND)
    if conversation is None:
        conversation = await people.open_conversation(
            identity, KIND, community=community.id, step=FIELDS[0], answers=known, now=now
        )
    elif conversation.state != ConversationState.OPEN:
        fresh = conversation.state == ConversationState.DONE or conversation.step == OFFER
        await people.advance(
            conversation,
            now,
            transition=ConversationStep.RESUME,
            step=FIELDS[0] if fresh else conversation.step,
            answers=known if conversation.state == ConversationState.DONE else None,
            community=community.id,
        )
    elif conversation.step == OFFER:
        await people.advance(conversation, now, step=FIELDS[0])
    return await _prompt(conversation, identity, community, now)


async def waiting(identity: Identity) -> Conversation | None:
    """The dialogue this person is in the middle of, if any."""
    conversation = await people.conversation(identity, KIND)
    return conversation if conversation is not None and conversation.state == ConversationState.OPEN else None


def meaning(text: str, step: str, w: Words) -> str | None:
    """What a written answer stands for: yes, no, skip, later, or None for anything else."""
    found = spoken.meaning(text, w)
    if step == OFFER and found == "no":
        found = "later"
    possible = {OFFER: ("yes", "later"), CONSENT: ("yes", "no", "later")}.get(step, ("skip", "later"))
    return found if found in possible else None


def is_stale(conversation: Conversation, text: RichText, w: Words, now: datetime) -> bool:
    """Has a question been open for so long that a text which is no plain "skip" or "later" is meant for something else?

    Only questions that take any text for an answer: yes and no are recognised whenever they come.
    """
    return (
        conversation.step in FIELDS
        and now - conversation.updated_at > PATIENCE
        and meaning(text.text, conversation.step, w) is None
    )


async def is_asked_in(row: Delivery, conversation: Conversation) -> bool:
    """Is this message of ours a question of that dialogue? Who replies to it answers it, however late."""
    if not row.content:
        return False
    for line in codec.load(codec.CONTENT, row.content).buttons:
        for button in line:
            handle = await submissions.handle_by_token(button.handle)
            if handle is not None and (handle.subject, handle.subject_id) == ("conversation", conversation.id):
                return True
    return False


async def put_aside(
    conversation: Conversation, identity: Identity, community: Community | None, now: datetime
) -> Content:
    """Stop waiting for an answer, and say so to who writes of something else."""
    w = language_of(identity, community)
    await people.advance(conversation, now, transition=ConversationStep.PAUSE)
    return Content(
        text=plain(
            w._("I take this as a message of its own, not as an answer about you. Write /profile to go on with that.")
        )
    )


async def act(
    conversation: Conversation, identity: Identity, community: Community, action: str, now: datetime
) -> Content | None:
    """A button or its word. None where the dialogue has moved on and the press says nothing any more."""
    if conversation.state != ConversationState.OPEN:
        return None
    w = language_of(identity, community)
    if action == "later":
        await people.advance(conversation, now, transition=ConversationStep.PAUSE)
        return Content(text=plain(w._("All right. Whenever you like, write /profile to go on.")))
    if conversation.step == OFFER and action == "yes":
        await people.advance(conversation, now, step=FIELDS[0])
        return await _prompt(conversation, identity, community, now)
    if conversation.step == CONSENT and action in ("yes", "no"):
        return await _finish(conversation, identity, community, shown=action == "yes", now=now)
    if action == "skip" and conversation.step in FIELDS:
        return await _store(conversation, identity, community, "", now)
    return None


async def answer(
    conversation: Conversation, identity: Identity, community: Community, text: RichText, now: datetime
) -> Content | None:
    """A written answer. None where this text is no answer (it is a post, then)."""
    w = language_of(identity, community)
    action = meaning(text.text, conversation.step, w)
    if action is not None:
        return await act(conversation, identity, community, action, now)
    if conversation.step in (OFFER, CONSENT):
        return None
    if "?" in text.text or (conversation.step in _SHORT and len(text.text.split()) > _MOST_WORDS):
        return None  # a question, or a sentence, is a post
    limit = _LIMITS[conversation.step]
    if len(text) > limit * 3:
        note = w._("That is long for an answer. Please say it in at most {limit} characters.", limit=w.number(limit))
        return Content(text=plain(note))
    value = clean_name(text.text, "") if conversation.step == "name" else clean_line(text.text, limit)
    return await _store(conversation, identity, community, value, now)


async def _store(
    conversation: Conversation, identity: Identity, community: Community, value: str, now: datetime
) -> Content:
    answers: dict[str, str] = {**people.answers_of(conversation), conversation.step: value.rstrip(".")}
    index = FIELDS.index(conversation.step) + 1
    step = FIELDS[index] if index < len(FIELDS) else CONSENT
    await people.advance(conversation, now, step=step, answers=answers)
    return await _prompt(conversation, identity, community, now)


async def _finish(
    conversation: Conversation, identity: Identity, community: Community, *, shown: bool, now: datetime
) -> Content:
    w = language_of(identity, community)
    answers = people.answers_of(conversation)
    await people.save_profile(identity.person_id, answers, shown=shown, now=now)
    await people.advance(conversation, now, transition=ConversationStep.FINISH)
    if shown:
        return Content(text=plain(w._("Thank you. It will stand under your posts. Change it any time with /profile.")))
    return Content(text=plain(w._("Thank you. Nothing is shown. Change your mind any time with /profile.")))
