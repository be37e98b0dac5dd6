"""Which part of the inbox a program handles."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tortoise.queryset import QuerySet

    from bridge.storage.models import Inbox


@dataclass(frozen=True, kw_only=True)
class Reads:
    """Whose events one of several programs handles."""

    accounts: frozenset[str]
    but: bool = False
    """All accounts but these."""

    def includes(self, account: str) -> bool:
        return (account in self.accounts) is not self.but

    def of(self, rows: "QuerySet[Inbox]") -> "QuerySet[Inbox]":
        accounts = list(self.accounts)
        return rows.exclude(account__in=accounts) if self.but else rows.filter(account__in=accounts)
