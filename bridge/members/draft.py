"""Where a profile dialogue stands: the step, what was answered so far, and what a written answer stands for there."""

from dataclasses import dataclass, field

from bridge.core.community import Community
from bridge.core.membership import ProfileField
from bridge.members import answers as spoken
from bridge.rendering.words import Words
from bridge.storage import codec, people
from bridge.storage.models import Conversation

OFFER, CONSENT, MENU = "offer", "consent", "menu"
_FIELD = "field:"
_DRAFT = "draft"


@dataclass(kw_only=True)
class Draft:
    """What has been answered so far."""

    answers: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    biography: str = ""
    shown: bool = False
    """Does its owner agree already to show it?"""
    single: bool = False
    """One question was chosen: the others are not asked."""
    doubt: str = ""
    """What was not understood; said again, it is kept."""
    guess: str = ""

    def dumped(self) -> dict[str, str]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {_DRAFT: codec.dump_object({**values, "hidden": sorted(self.hidden)})}


def draft_of(conversation: Conversation) -> Draft:
    """The draft of a dialogue; of one from before there were drafts, its answers."""
    stored = people.answers_of(conversation)
    if _DRAFT not in stored:
        return Draft(answers={key: value for key, value in stored.items() if key != people.EVENTS})
    values = codec.load_object(stored[_DRAFT])
    return Draft(**{**values, "hidden": set(values["hidden"])})


def step_of(field_id: str) -> str:
    """The step that asks for a field."""
    return _FIELD + field_id


def field_of(step: str, community: Community) -> ProfileField | None:
    """The field that a step asks for; None for other steps, and for a field that is asked no more."""
    # Dialogues from before communities had fields of their own name it without the prefix.
    return None if step in (OFFER, CONSENT, MENU) else community.members.field(step.removeprefix(_FIELD))


def meaning(text: str, step: str, w: Words) -> str | None:
    """What a written answer stands for: yes, no, skip, back, later, all, card, or None for anything else."""
    found = spoken.meaning(text, w) or spoken.steers(text, w)
    if step == OFFER and found == "no":
        found = "later"
    possible = {
        OFFER: ("yes", "later"),
        CONSENT: ("yes", "no", "later", "back"),
        MENU: ("all", "card", "later"),
    }.get(step, ("skip", "later", "back"))
    return found if found in possible else None
