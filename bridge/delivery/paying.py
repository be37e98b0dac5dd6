"""What a send costs: counted in the ledger, and held to what an account may cost in a month."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

import structlog

from bridge.core.clock import Clock
from bridge.core.errors import StorageUnavailable
from bridge.core.ids import AccountId
from bridge.core.money import Price
from bridge.core.ports import CanWeigh, Handed, Later, Outgoing, Refused, SendOutcome, Sent
from bridge.delivery.directory import Directory
from bridge.delivery.purse import Purse
from bridge.storage import codec, ledger, ledger_calls
from bridge.storage.database import UNAVAILABLE, transaction
from bridge.storage.handovers import Weighed
from bridge.storage.leases import Held
from bridge.storage.models import Delivery

log = structlog.get_logger()

Alarm = Callable[[AccountId, Price, bool], Awaitable[None]]
"""Tells that an account has used up its month's money (True), or most of it."""
_COUNTED = (ledger.POST, ledger.COPY, ledger.DIGEST)
"""Of what goes through chats, whose accounts count nothing themselves: what readers read."""
_CAPPED = timedelta(minutes=10)
"""Until an account that has used up its month's money is looked at again: the cap may have been raised."""
_TROUBLE = timedelta(seconds=2)


def weigh(
    directory: Directory,
    row: Delivery,
    key: str,
    outgoing: Callable[[], Outgoing],
    file_bytes: Callable[[Delivery], int],
) -> Weighed | None:
    """What a send is, where that is counted."""
    if row.operation != ledger.SEND:
        return None
    weighing = directory.weighing(row.account)
    if weighing is not None:
        return Weighed(channel=weighing.channel, key=key, handed=weighing.weigh(outgoing()))
    adapter = directory.adapter(row.account)
    if adapter is None or row.kind not in _COUNTED:
        return None
    return Weighed(channel=adapter.kind, key=key, handed=Handed(bytes=_spelled(row.payload) + file_bytes(row)))


@lru_cache(maxsize=8)
def _spelled(payload: str) -> int:
    """Stored as ASCII; on its way to a reader every character has the bytes that it has in UTF-8.

    A post is the same in many groups.
    """
    if "\\u" not in payload:
        return len(payload)
    spelled = json.dumps(codec.load_object(payload), ensure_ascii=False, separators=(",", ":"))
    return len(spelled.encode(errors="replace"))


class Till:
    """Lets a call happen where the month's money is enough for it."""

    def __init__(self, clock: Clock, alarm: Alarm | None, held: Held | None = None) -> None:
        self._held = held
        self._clock = clock
        self._alarm = alarm
        self._purse = Purse()

    def forget(self, account: AccountId) -> None:
        """Another program may have spent of it: it is counted anew."""
        self._purse.forget(account)

    async def pay(
        self,
        weighing: CanWeigh | None,
        account: AccountId,
        weighed: Weighed | None,
        call: Callable[[], Awaitable[SendOutcome]],
    ) -> SendOutcome:
        """The answer of the call, or ``Later`` where there is not enough money for it."""
        cap = None if weighing is None else weighing.monthly_cap()
        cost = weighed.handed.cost if weighed is not None else None
        if cap is None or cost is None:
            return await call()
        enough: bool | None = None
        try:
            enough = await self._purse.take(account, cap, cost, self._clock.now())
            if not enough or self._purse.is_low(account, cap):
                await self._tell(account, cap, spent=not enough)
        except BaseException as error:
            away = enough is None or isinstance(error, (StorageUnavailable, *UNAVAILABLE))
            if enough and (away or not isinstance(error, Exception)):  # set aside, and nothing is sent for it
                self._purse.give_back(account, cost)
            if not isinstance(error, Exception):
                raise
            if away:
                log.error("ledger_unavailable", error=str(error))
                return Later(when=self._clock.now() + _TROUBLE, why="the ledger cannot be read now")
            log.exception("alarm_failed", account=account)  # another send may have told the same at this moment
        if not enough:
            why = f"{ledger_calls.CAPPED}of {cap.currency} {cap.amount} is reached"
            return Later(when=self._clock.now() + _CAPPED, why=why, whole_account=True)
        answer = await call()
        if isinstance(answer, Later | Refused):
            self._purse.give_back(account, cost)
        elif isinstance(answer, Sent) and answer.handed is not None and answer.handed.cost is not None:
            said = answer.handed.cost
            if said.currency == cost.currency:
                self._purse.give_back(account, replace(cost, amount=cost.amount - said.amount))
        return answer

    async def _tell(self, account: AccountId, cap: Price, *, spent: bool) -> None:
        """Raises StorageUnavailable where another program has the account by now, and tells it by itself."""
        if self._alarm is None:
            return
        async with transaction():
            if self._held is not None and account not in await self._held.confirm({account}):
                raise StorageUnavailable(f"another program has the account {account}")
            await self._alarm(account, cap, spent)
