"""What something costs."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

_PRICE = re.compile(r"(?P<currency>[A-Z]{3}) (?P<amount>[0-9]{1,6}(?:\.[0-9]{1,6})?)")


@dataclass(frozen=True, kw_only=True)
class Price:
    amount: Decimal
    currency: str
    """Three letters: KES, XOF, USD."""

    @classmethod
    def parse(cls, text: str) -> "Price":
        """``KES 0.80``. Raises ValueError for anything else, and for nothing."""
        match = _PRICE.fullmatch(text)
        if match is None or not Decimal(match["amount"]):
            raise ValueError('is no price; write the currency and the amount, for example "KES 0.80"')
        return cls(amount=Decimal(match["amount"]), currency=match["currency"])

    def times(self, count: int) -> "Price":
        return replace(self, amount=self.amount * count)
