"""What a program does where several share the work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """What a program does."""

    INTAKE = "intake"
    """What belongs to no account: timers, private copies and digests, upkeep."""
    DELIVER = "deliver"
    """The accounts: receiving, handling what they brought, sending."""
    WEB = "web"
    """Pages and webhooks. Health and metrics every program has."""


@dataclass(frozen=True, kw_only=True)
class Ownership:
    """Who does what at a moment, of the programs that share a database."""

    programs: Mapping[Role, int]
    """How many that are alive have a role."""
    owners: Mapping[str, str]
    """By account, the program that works it; and of what belongs to no account, under the role's name."""
    database_ahead: timedelta = timedelta(0)
    """How much later it is by the database's clock than by this machine's."""


ALL: Final = frozenset(Role)
