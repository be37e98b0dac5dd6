"""What the profile dialogue says: its questions, the menu of what is known, the card before it is shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.core.community import Community
from bridge.core.membership import ProfileField, WithoutProfile
from bridge.core.message import Button, Content
from bridge.core.states import ReviewState
from bridge.core.text import MarkKind, joined, marked, plain
from bridge.members import answers as spoken
from bridge.members import fields
from bridge.members.contact import language_of
from bridge.members.draft import Draft, draft_of, field_of
from bridge.members.profiles import card_from, missing, shown_name
from bridge.rendering import cards
from bridge.rendering.words import Words
from bridge.storage import memberships, people, submissions
from bridge.storage.models import Conversation, Identity

EMOJI = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣", "6️⃣", "7️⃣", "8️⃣", "9️⃣", "🔟", "🅰️", "🅱️")
_MOST_REACTIONS = 5
"""Where a button is a message of its own, a list is answered with its numbers."""
Look = Callable[[str, str], Sequence[str]]
"""What in an answer (and in which country) would let readers reach its author: "a telephone number: 0712 ..."."""


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """The questions of one community, put to one person in one chat."""

    identity: Identity
    community: Community
    now: datetime
    look: Look
    many_buttons: bool = True
    """Is a button for every field no burden there?"""

    @property
    def w(self) -> Words:
        return language_of(self.identity, self.community)

    @property
    def fields(self) -> tuple[ProfileField, ...]:
        return self.community.members.fields

    @property
    def _person(self) -> int:
        return self.identity.person_id

    async def _button(self, conversation: Conversation, action: str, label: str, emoji: str) -> Button:
        token = await submissions.handle("conversation", conversation.id, action, self.now, argument=conversation.step)
        return Button(label=label, emoji=emoji, handle=token)

    async def _field_buttons(self, conversation: Conversation) -> tuple[tuple[Button, ...], ...]:
        w, draft = self.w, draft_of(conversation)
        asked = field_of(conversation.step, self.community)
        skip = await self._button(conversation, "skip", w._("Skip"), "⏭️")
        later = await self._button(conversation, "later", w._("Not now"), "⏸️")
        if asked == self.fields[0] and not draft.single:
            return ((skip, later),)
        return ((skip, await self._button(conversation, "back", w._("Back"), "↩️"), later),)

    async def _prompt(self, conversation: Conversation) -> Content:
        match conversation.step:
            case "offer":
                return await self._offered(conversation)
            case "consent":
                return await self._consent(conversation)
            case "menu":
                return await self._menu(conversation)
            case _:
                return await self._question(conversation)

    async def _offered(self, conversation: Conversation) -> Content:
        w, waits = self.w, await self._post_waits()
        if waits:
            text = w.ngettext(
                "While a moderator reads your post: may I ask you {count} short question, so that readers know who is "
                "speaking? Your answers go under your posts only if you agree. (Yes or not now)",
                "While a moderator reads your post: may I ask you {count} short questions, so that readers know who is "
                "speaking? Your answers go under your posts only if you agree. (Yes or not now)",
                len(self.fields),
            )
        else:
            text = w.ngettext(
                "May I ask you {count} short question, so that readers know who is speaking when you write? Your "
                "answers go under your posts only if you agree. (Yes or not now)",
                "May I ask you {count} short questions, so that readers know who is speaking when you write? Your "
                "answers go under your posts only if you agree. (Yes or not now)",
                len(self.fields),
            )
        parts = [text]
        if waits and self.community.members.without_profile is WithoutProfile.ASK:
            names = [fields.label(each, w) for each in self.fields if each.required]
            parts.append(w._("Your post can go out once you have told: {names}.", names=", ".join(names)))
        yes = await self._button(conversation, "yes", w._("Yes, ask me"), "✅")
        later = await self._button(conversation, "later", w._("Not now"), "⏸️")
        return Content(text=plain("\n".join(parts)), buttons=((yes, later),))

    async def _post_waits(self) -> bool:
        """Is a post of theirs being read at this moment? Who has only joined has written none."""
        return any(
            review.state == ReviewState.HELD and review.community == self.community.id
            for review in await submissions.reviews_by(self.identity)
        )

    async def _question(self, conversation: Conversation) -> Content:
        w, draft = self.w, draft_of(conversation)
        asked = field_of(conversation.step, self.community) or self.fields[0]
        number = fields.position(self.community, asked.id)
        text = fields.question(asked, w)
        if not draft.single:
            text = w._(
                "{number} of {count}. {question}", number=number, count=w.number(len(self.fields)), question=text
            )
        value = draft.answers.get(asked.id, "")
        if not value and asked.id == "name":
            value = shown_name(self.identity, w)
        known = [w._("(Now: {value})", value=fields.shown(asked, value, w))] if value else []
        if draft.answers.get(asked.id):
            hint = w._("(Or write: skip to leave it so, - to empty it, back, later)")
        elif number == 1 and not draft.single:
            hint = w._("(Or write: skip, later)")
        else:
            hint = w._("(Or write: skip, back, later)")
        return Content(text=plain(" ".join((text, *known, hint))), buttons=await self._field_buttons(conversation))

    async def _menu(self, conversation: Conversation) -> Content:
        w, draft = self.w, draft_of(conversation)
        lines = [w._("Your profile in {community}:", community=self.community.name)]
        buttons: list[Button] = []
        for number, each in enumerate(self.fields, 1):
            value = fields.shown(each, draft.answers.get(each.id, ""), w)
            name = fields.label(each, w)
            unseen = " " + w._("(not shown)") if value and (each.id in draft.hidden or not draft.shown) else ""
            lines.append(f"{number}. {name}: {value or '–'}{unseen}")
            buttons.append(await self._button(conversation, f"edit:{each.id}", f"{number}. {name}", EMOJI[number - 1]))
        lines.append(w._("Write a number to change that, “all” for all questions, or “card” to see what readers see."))
        few = self.many_buttons or len(buttons) <= _MOST_REACTIONS
        rows = [tuple(buttons[index : index + 2]) for index in range(0, len(buttons), 2)] if few else []
        last = (
            await self._button(conversation, "all", w._("All questions"), "🔁"),
            await self._button(conversation, "card", w._("What readers see"), "👁️"),
            await self._button(conversation, "later", w._("Not now"), "⏸️"),
        )
        return Content(text=plain("\n".join(lines)), buttons=(*rows, last))

    async def _consent(self, conversation: Conversation) -> Content:
        w, draft = self.w, draft_of(conversation)
        member = await memberships.membership(self._person, self.community.id)
        card = card_from(
            draft.answers,
            shown_name(self.identity, w),
            self.community,
            hidden=draft.hidden,
            biography=draft.biography,
            title="" if member is None else member.title,
        )
        parts = [
            plain(w._("This would stand under your posts:")),
            marked(cards.paragraph(card, w), MarkKind.ITALIC),
            plain("\n".join(self._remarks(draft, w))),
        ]
        buttons = await self._consent_buttons(conversation, draft, w)
        return Content(text=joined([part for part in parts if part], "\n\n"), buttons=buttons)

    def _parts(self, draft: Draft, w: Words) -> list[tuple[str, str, str]]:
        """(id, name, sign) of what can be left out."""
        found = [
            (each.id, fields.label(each, w), EMOJI[number])
            for number, each in enumerate(self.fields)
            if each.id != "name" and draft.answers.get(each.id)
        ]
        return [*found, *([(fields.BIOGRAPHY, w._("Biography"), "📖")] if draft.biography else [])]

    def _remarks(self, draft: Draft, w: Words) -> list[str]:
        lines: list[str] = []
        parts = self._parts(draft, w)
        unseen = [name for part, name, _ in parts if part in draft.hidden]
        if unseen:
            lines.append(w._("Not shown: {names}.", names=", ".join(unseen)))
        for each in self.fields:
            if each.id in draft.hidden:
                continue
            for found in self._reachable_by(each, draft):
                name = fields.label(each, w)
                lines.append(w._("⚠️ {field} holds {what}. Everybody will see it.", field=name, what=found))
        owed = [each for each in self.fields if each.required and not draft.answers.get(each.id)]
        if owed and self.community.members.without_profile is WithoutProfile.ASK:
            names = ", ".join(fields.label(each, w) for each in owed)
            lines.append(w._("Still missing, and your posts wait for it: {names}.", names=names))
        lines.append(w._("May I show it? (Yes or no)"))
        if parts:
            words = spoken.terms(w._("hide"))[0], spoken.terms(w._("show"))[0]
            example = next((name for part, name, _ in parts if part not in draft.hidden), parts[0][1])
            lines.append(
                w._(
                    "To leave a part out or put it in, write for example: {hide} {part}, {show} {part}",
                    hide=words[0],
                    show=words[1],
                    part=example.casefold(),
                )
            )
        return lines

    def _reachable_by(self, each: ProfileField, draft: Draft) -> Sequence[str]:
        """What in an answer would let readers reach its author, where that was not asked for."""
        value = draft.answers.get(each.id, "")
        if not value or each.kind.value in ("email", "country", "languages"):
            return ()
        return self.look(value, draft.answers.get("country", ""))

    async def _consent_buttons(
        self, conversation: Conversation, draft: Draft, w: Words
    ) -> tuple[tuple[Button, ...], ...]:
        first = (
            await self._button(conversation, "yes", w._("Show it"), "✅"),
            await self._button(conversation, "no", w._("Do not show it"), "🚫"),
        )
        parts = self._parts(draft, w)
        if not self.many_buttons and len(parts) > _MOST_REACTIONS:
            parts = []
        switches: list[Button] = []
        for part, name, sign in parts:
            if part in draft.hidden:
                label = w._("Show: {part}", part=name)
                switches.append(await self._button(conversation, f"show:{part}", label, sign))
            else:
                label = w._("Leave out: {part}", part=name)
                switches.append(await self._button(conversation, f"hide:{part}", label, sign))
        rows = [tuple(switches[index : index + 2]) for index in range(0, len(switches), 2)]
        return (first, *rows, (await self._button(conversation, "back", w._("Back"), "↩️"),))


async def owed_text(identity: Identity, community: Community, w: Words) -> str:
    """What must be said of oneself before a post can go out; empty where nothing is owed."""
    if community.members.without_profile is not WithoutProfile.ASK:
        return ""
    owed = missing(await people.profile(identity.person_id, community.id), community)
    if not owed:
        return ""
    return w._(
        "Before your post can go out, readers must know who is speaking. Still missing: {names}. Write /profile to "
        "answer.",
        names=fields.names_of(owed, community, w),
    )
