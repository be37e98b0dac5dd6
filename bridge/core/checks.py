"""What ``baraza check`` asks an account, and what it is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

from bridge.core.community import Intake
from bridge.core.ids import ChatId
from bridge.core.ports import StateStore


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One line of `baraza check`: what was looked at, what was found, and how to mend it."""

    level: Level
    subject: str
    message: str
    mend: str = ""


@dataclass(frozen=True, kw_only=True)
class ChatUse:
    """What a chat is used for, so that a check knows which rights are needed."""

    chat: ChatId
    moderators: bool = False
    intake: Intake | None = None
    """None for a moderators' channel."""
    users: tuple[str, ...] = field(default=())
    """User ids of this account who may decide (moderators' channels only)."""


@runtime_checkable
class CanCheck(Protocol):
    async def check(self, uses: Sequence[ChatUse], state: StateStore) -> Sequence[Finding]:
        """Connect with what is configured and look at every chat. Needs no ``start``; ``stop`` closes afterwards."""
        ...
