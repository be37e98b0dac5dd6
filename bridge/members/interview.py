"""The profile dialogue: a community's own questions, which can be skipped, gone back to, left and taken up again.

It ends with the card as readers will see it, of which every part can be left out. What becomes of the answers
(``Given``) is for the caller: moderators may want to see them first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.core.membership import ProfileField
from bridge.core.message import Content
from bridge.core.states import ConversationState, ConversationStep
from bridge.core.text import RichText, plain
from bridge.members import answers as spoken
from bridge.members import fields
from bridge.members.contact import language_of
from bridge.members.draft import CONSENT, MENU, OFFER, Draft, draft_of, field_of, meaning, step_of
from bridge.members.prompts import Prompts
from bridge.rendering.words import Words
from bridge.storage import codec, people, submissions
from bridge.storage.models import Conversation, Delivery, Identity

KIND = "profile"
PATIENCE = timedelta(minutes=30)
"""How long the next text is taken for the answer to a question."""
_EMPTY = ("-", "–", "—")
"""Typed to empty an answer."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """A profile as its owner wants it to be from now on."""

    answers: Mapping[str, str]
    hidden: frozenset[str]
    shown: bool


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What follows from an answer or a press."""

    content: Content | None = None
    given: Given | None = None
    """To be kept; what is said about that is for whoever keeps it."""


async def waiting(identity: Identity) -> Conversation | None:
    """The dialogue this person is in the middle of, if any."""
    conversation = await people.conversation(identity, KIND)
    return conversation if conversation is not None and conversation.state == ConversationState.OPEN else None


def is_stale(conversation: Conversation, text: RichText, w: Words, now: datetime) -> bool:
    """Has a question been open for so long that a text which is no plain "skip" or "later" is meant for something else?

    Only questions that take any text for an answer: yes and no are recognised whenever they come.
    """
    return (
        conversation.step not in (OFFER, CONSENT, MENU)
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


@dataclass(frozen=True, kw_only=True)
class Dialogue(Prompts):
    """The questions of one community, put to one person in one chat, and where an answer leads."""

    # --- beginning ---

    async def offer(self) -> Content | None:
        """Ask once whether the questions may be asked; None for who has answered or declined before.

        Who posts instead of saying whether their card may be shown is asked that again.
        """
        begun = await people.conversation(self.identity, KIND)
        if begun is not None and begun.state == ConversationState.OPEN and begun.step == CONSENT:
            return await self._prompt(begun)
        if begun is not None or await people.profile(self._person, self.community.id) is not None:
            return None
        return await self._prompt(await self._enter(None, OFFER, await self._fresh()))

    async def begin(self) -> Content:
        """The next open question; where there is a profile already, what it says and what can be changed."""
        conversation = await people.conversation(self.identity, KIND)
        if conversation is not None and self._goes_on(conversation):
            if conversation.state != ConversationState.OPEN:
                await people.advance(conversation, self.now, transition=ConversationStep.RESUME)
            else:
                await people.advance(conversation, self.now)
            return await self._prompt(conversation)
        known = await people.profile(self._person, self.community.id)
        step = MENU if known is not None else step_of(self.fields[0].id)
        return await self._prompt(await self._enter(conversation, step, await self._fresh()))

    def _goes_on(self, conversation: Conversation) -> bool:
        """Is it in the middle of something?"""
        if conversation.state == ConversationState.DONE or conversation.community != self.community.id:
            return False
        if conversation.step in (OFFER, MENU):
            return False
        return conversation.step == CONSENT or field_of(conversation.step, self.community) is not None

    async def change(self, argument: str) -> Turn:
        """``country Kenya``, ``hide e-mail``, ``town``, ``all``: one thing without the other questions."""
        w = self.w
        conversation = await people.conversation(self.identity, KIND)
        under_way = conversation if conversation is not None and self._goes_on(conversation) else None
        switched = spoken.toggled(argument, w)
        if switched is not None:
            return await self._switch(conversation, under_way, *switched)
        if spoken.steers(argument, w) == "all":
            draft = await self._fresh() if under_way is None else draft_of(under_way)
            draft.single = False
            return await self._asking(conversation, self.fields[0], draft)
        if spoken.steers(argument, w) == "card":
            draft = await self._fresh() if under_way is None else draft_of(under_way)
            return Turn(content=await self._prompt(await self._enter(conversation, CONSENT, draft)))
        found = fields.leading(argument, self.community, w)
        if found is None:
            names = ", ".join(fields.label(each, w) for each in self.fields)
            text = w._("I do not know that part of a profile. There are: {names}.", names=names)
            return Turn(content=Content(text=plain(text)))
        # Answers that were given and not kept yet are not lost: the questions go on behind this one.
        draft = await self._fresh() if under_way is None else draft_of(under_way)
        draft.single = draft.single or under_way is None or under_way.step == CONSENT
        if under_way is not None and not draft.single and found[1]:
            checked = fields.check(found[0], found[1], w)
            if checked is not None and not checked.problem:
                draft.answers[found[0].id] = checked.value
                return Turn(content=await self._prompt(await self._enter(under_way, under_way.step, draft)))
        turn = await self._asking(conversation, found[0], draft)
        if not found[1]:
            return turn
        asked = await people.conversation(self.identity, KIND)
        return turn if asked is None else await self._answered(asked, found[0], found[1]) or turn

    async def _asking(self, conversation: Conversation | None, asked: ProfileField, draft: Draft) -> Turn:
        return Turn(content=await self._prompt(await self._enter(conversation, step_of(asked.id), draft)))

    async def _switch(
        self, conversation: Conversation | None, under_way: Conversation | None, action: str, said: str
    ) -> Turn:
        """Hide or show a part of what stands, whatever else is being asked."""
        fresh, part = await self._fresh(), self._hideable(said)
        if under_way is None or part is None:
            return await self._toggle(under_way or await self._enter(conversation, MENU, fresh), action, said)
        draft = draft_of(under_way)
        for each in (draft, fresh):
            each.hidden = each.hidden - {part} if action == "show" else each.hidden | {part}
        if not fresh.shown:
            return Turn(content=await self._prompt(await self._enter(under_way, under_way.step, draft)))
        await people.advance(under_way, self.now, answers=draft.dumped())
        return Turn(given=Given(answers=fresh.answers, hidden=frozenset(fresh.hidden), shown=True))

    async def _fresh(self) -> Draft:
        """What is known, here or else from another community, of the questions that are asked here."""
        own = await people.profile(self._person, self.community.id)
        row = own or await people.profile_elsewhere(self._person, self.community.id)
        answers = people.answers_of(row)
        hidden = set() if row is None else set(people.hidden_of(row))
        asked = {each.id for each in self.fields}
        # What was never answered is shown or not as the community says, until its owner says otherwise.
        hidden |= {each.id for each in self.fields if not each.shown and not answers.get(each.id)}
        return Draft(
            # Answers to questions that are asked no more stay with this community's profile, and are not passed on.
            answers=answers if own is not None else {key: value for key, value in answers.items() if key in asked},
            hidden=hidden,
            biography="" if own is None else own.biography,
            shown=own is not None and own.shown,
        )

    async def _enter(self, conversation: Conversation | None, step: str, draft: Draft) -> Conversation:
        if conversation is None:
            return await people.open_conversation(
                self.identity, KIND, community=self.community.id, step=step, answers=draft.dumped(), now=self.now
            )
        transition = None if conversation.state == ConversationState.OPEN else ConversationStep.RESUME
        await people.advance(
            conversation,
            self.now,
            transition=transition,
            step=step,
            answers=draft.dumped(),
            community=self.community.id,
        )
        return conversation

    # --- going on ---

    async def act(self, conversation: Conversation, action: str) -> Turn | None:
        """A button or its word. None where the dialogue has moved on and the press says nothing any more."""
        if conversation.state != ConversationState.OPEN:
            return None
        draft = draft_of(conversation)
        name, _, argument = action.partition(":")
        if name == "later":
            await people.advance(conversation, self.now, transition=ConversationStep.PAUSE)
            return Turn(content=Content(text=plain(self.w._("All right. Whenever you like, write /profile to go on."))))
        if conversation.step == OFFER:
            return await self._to(conversation, step_of(self.fields[0].id), draft) if name == "yes" else None
        if conversation.step == CONSENT:
            return await self._at_consent(conversation, draft, name, argument)
        if conversation.step == MENU:
            return await self._at_menu(conversation, draft, name, argument)
        asked = field_of(conversation.step, self.community)
        if asked is None:
            return await self._to(conversation, MENU, draft)  # the community asks that no more
        if name == "skip":
            return await self._next(conversation, asked, draft)
        return await self._back(conversation, asked, draft) if name == "back" else None

    async def _at_consent(self, conversation: Conversation, draft: Draft, name: str, argument: str) -> Turn | None:
        if name in ("yes", "no"):
            return await self._finish(conversation, draft, shown=name == "yes")
        if name in ("hide", "show"):
            return await self._toggle(conversation, name, argument)
        if name != "back":
            return None
        return await self._to(conversation, MENU if draft.single else step_of(self.fields[-1].id), draft)

    async def _at_menu(self, conversation: Conversation, draft: Draft, name: str, argument: str) -> Turn | None:
        if name == "all":
            draft.single = False
            return await self._to(conversation, step_of(self.fields[0].id), draft)
        if name == "card":
            draft.single = True
            return await self._to(conversation, CONSENT, draft)
        chosen = self.community.members.field(argument) if name == "edit" else None
        if chosen is None:
            return None
        draft.single = True
        return await self._to(conversation, step_of(chosen.id), draft)

    async def answer(self, conversation: Conversation, text: RichText) -> Turn | None:
        """A written answer. None where this text is no answer (it is a post, then)."""
        said, w = text.text.strip(), self.w
        action = None if said in _EMPTY else meaning(said, conversation.step, w)
        asked = field_of(conversation.step, self.community)
        draft = draft_of(conversation)
        if asked is not None and draft.guess and spoken.meaning(said, w) == "yes":
            return await self._store(conversation, asked, draft, draft.guess)
        if action is not None:
            return await self.act(conversation, action)
        if conversation.step in (CONSENT, MENU):
            if conversation.step == MENU and self.now - conversation.updated_at > PATIENCE:
                return None
            switched = spoken.toggled(said, w)
            if switched is not None and self._hideable(switched[1]) is not None:
                return await self._toggle(conversation, *switched)
            chosen = fields.named(said, self.community, w) if conversation.step == MENU else None
            return None if chosen is None else await self.act(conversation, f"edit:{chosen.id}")
        if asked is None:
            return None
        if said in _EMPTY:
            return await self._store(conversation, asked, draft, "")
        return await self._answered(conversation, asked, said)

    async def _answered(self, conversation: Conversation, asked: ProfileField, said: str) -> Turn | None:
        draft, w = draft_of(conversation), self.w
        checked = fields.check(asked, said, w)
        if checked is None:
            return None
        if checked.doubtful and draft.doubt and spoken.folded(draft.doubt) == spoken.folded(said):
            return await self._store(conversation, asked, draft, checked.value[: asked.limit])
        if checked.problem:
            draft.doubt = said if checked.doubtful else ""
            draft.guess = checked.guess
            await people.advance(conversation, self.now, answers=draft.dumped())
            buttons = await self._field_buttons(conversation)
            return Turn(content=Content(text=plain(checked.problem), buttons=buttons))
        return await self._store(conversation, asked, draft, checked.value)

    async def _store(self, conversation: Conversation, asked: ProfileField, draft: Draft, value: str) -> Turn:
        draft.answers[asked.id] = value
        return await self._next(conversation, asked, draft)

    async def _next(self, conversation: Conversation, asked: ProfileField, draft: Draft) -> Turn:
        draft.doubt = draft.guess = ""
        if draft.single:
            # Who has agreed already is not asked again, unless readers could reach them by what was just said.
            if draft.shown and not self._reachable_by(asked, draft):
                return await self._finish(conversation, draft, shown=True)
            return await self._to(conversation, CONSENT, draft)
        index = self.fields.index(asked) + 1
        return await self._to(
            conversation, step_of(self.fields[index].id) if index < len(self.fields) else CONSENT, draft
        )

    async def _back(self, conversation: Conversation, asked: ProfileField, draft: Draft) -> Turn:
        draft.doubt = draft.guess = ""
        index = self.fields.index(asked)
        if draft.single:
            return await self._to(conversation, MENU, draft)
        return await self._to(conversation, step_of(self.fields[max(0, index - 1)].id), draft)

    async def _to(self, conversation: Conversation, step: str, draft: Draft) -> Turn:
        await people.advance(conversation, self.now, step=step, answers=draft.dumped())
        return Turn(content=await self._prompt(conversation))

    async def _finish(self, conversation: Conversation, draft: Draft, *, shown: bool) -> Turn:
        await people.advance(conversation, self.now, transition=ConversationStep.FINISH, answers={})
        return Turn(given=Given(answers=draft.answers, hidden=frozenset(draft.hidden), shown=shown))

    def _hideable(self, said: str) -> str | None:
        """The id of what is to be hidden or shown, by its number, id or label."""
        if spoken.folded(said) in (fields.BIOGRAPHY, spoken.folded(self.w._("Biography"))):
            return fields.BIOGRAPHY
        found = fields.named(said, self.community, self.w)
        return None if found is None or found.id == "name" else found.id

    async def _toggle(self, conversation: Conversation, action: str, said: str) -> Turn:
        """Leave a part out, or put it in: at once where its owner agreed to show the rest."""
        draft, part = draft_of(conversation), self._hideable(said)
        if part is None:
            text = self.w._("Your name stands there in any case; of the rest, you decide. Write for example: hide town")
            return Turn(content=Content(text=plain(text)))
        draft.hidden = draft.hidden - {part} if action == "show" else draft.hidden | {part}
        if conversation.step == CONSENT or not draft.shown:
            draft.single = draft.single or conversation.step != CONSENT
            return await self._to(conversation, CONSENT, draft)
        return await self._finish(conversation, draft, shown=True)


__all__ = ["CONSENT", "KIND", "MENU", "OFFER", "PATIENCE", "Dialogue", "Given", "Turn", "meaning"]
