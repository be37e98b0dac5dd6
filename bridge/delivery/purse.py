"""What an account may still cost this month. Counted from the ledger, and from what is under way."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from bridge.core.ids import AccountId
from bridge.core.money import Price
from bridge.storage import handovers

WARN_AT = Decimal("0.8")


@dataclass
class _Month:
    name: str
    spent: Decimal


class Purse:
    """A cap that is met stops everything the account would send until the month is over, or the cap is raised."""

    def __init__(self) -> None:
        self._months: dict[AccountId, _Month] = {}

    def forget(self, account: AccountId) -> None:
        """Count anew at the next send."""
        self._months.pop(account, None)

    async def take(self, account: AccountId, cap: Price, cost: Price, now: datetime) -> bool:
        """Set money aside for a send; False where there is not enough left."""
        month = await self._month(account, cap.currency, now)
        if cost.currency != cap.currency:
            return True  # the config does not allow it; what cannot be compared stops nobody
        if month.spent + cost.amount > cap.amount:
            return False
        month.spent += cost.amount
        return True

    def give_back(self, account: AccountId, cost: Price) -> None:
        """It was not sent after all, or cost that much less."""
        if account in self._months:
            self._months[account].spent -= cost.amount

    def is_low(self, account: AccountId, cap: Price) -> bool:
        """Is most of it gone?"""
        month = self._months.get(account)
        return month is not None and month.spent >= cap.amount * WARN_AT

    async def _month(self, account: AccountId, currency: str, now: datetime) -> _Month:
        name = f"{now:%Y-%m}"
        known = self._months.get(account)
        if known is None or known.name != name:
            first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            spent = await handovers.spent(account, currency, first)
            found = self._months.get(account)  # another send may have looked meanwhile
            if found is None or found.name != name:
                self._months[account] = _Month(name, spent)
        return self._months[account]
