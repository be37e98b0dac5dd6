"""What a program does where several share the work."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a program does."""

    INTAKE = "intake"
    """What belongs to no account: timers, private copies and digests, upkeep."""
    DELIVER = "deliver"
    """The accounts: receiving, handling what they brought, sending."""
    WEB = "web"
    """Pages, webhooks, health and metrics."""


ALL: Final = frozenset(Role)
