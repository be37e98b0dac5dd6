"""Every fault of a request to the homeserver, as one of the four answers a send may give."""

from datetime import timedelta

from bridge.adapters.matrix.client import Answer, NoAnswer, NotSent
from bridge.adapters.matrix.rooms import Unreachable
from bridge.adapters.matrix.session import Renewed
from bridge.core.clock import Clock
from bridge.core.errors import AccountError, Refusal, StorageUnavailable
from bridge.core.ports import Later, Refused, SendOutcome, Unknown

_SOON, _PAUSE = 5.0, 30.0
_CODES = {
    "M_FORBIDDEN": Refusal.FORBIDDEN,
    "M_GUEST_ACCESS_FORBIDDEN": Refusal.FORBIDDEN,
    "M_CONSENT_NOT_GIVEN": Refusal.FORBIDDEN,
    "M_USER_DEACTIVATED": Refusal.BAD_CREDENTIALS,
    "M_USER_LOCKED": Refusal.BAD_CREDENTIALS,
    "M_USER_SUSPENDED": Refusal.BAD_CREDENTIALS,
    "M_UNKNOWN_TOKEN": Refusal.BAD_CREDENTIALS,
    "M_NOT_FOUND": Refusal.CHAT_GONE,
    "M_TOO_LARGE": Refusal.TOO_BIG,
    "M_UNRECOGNIZED": Refusal.UNSUPPORTED,
    "M_UNSUPPORTED": Refusal.UNSUPPORTED,
}


class Refuse(Exception):
    """We know ourselves that it cannot be done."""

    def __init__(self, reason: Refusal, detail: str = "") -> None:
        super().__init__(reason.value)
        self.reason, self.detail = reason, detail


def outcome_of(error: Exception, clock: Clock, *, attempted: bool) -> SendOutcome:
    """What ``error`` means for a send. ``attempted``: had the deciding request been handed to the homeserver?"""

    def later(seconds: float, why: str, *, account: bool = False) -> Later:
        return Later(when=clock.now() + timedelta(seconds=seconds), why=why, whole_account=account)

    match error:
        case Refuse():
            return Refused(reason=error.reason, detail=error.detail)
        case Unreachable():
            return Refused(reason=Refusal.UNREACHABLE)
        case Renewed():
            return later(0, "the account was logged in again")
        case AccountError():
            return Refused(reason=Refusal.BAD_CREDENTIALS)
        case StorageUnavailable():
            return later(_SOON, "the database cannot be written")
        case NotSent():
            return later(_SOON, f"the homeserver cannot be reached ({error})", account=True)
        case Answer():
            pause = _PAUSE if error.retry_after is None else error.retry_after
            return _of_answer(error, later(pause, str(error)), attempted=attempted)
        case NoAnswer():
            why = f"the homeserver's answer never came ({error})"
            return Unknown(why=why) if attempted else later(_SOON, why)
        case _:
            why = f"unexpected {type(error).__name__}"
            return Unknown(why=why) if attempted else later(_PAUSE, why)


def _of_answer(answer: Answer, later: Later, *, attempted: bool) -> SendOutcome:
    if answer.status == 429 or answer.code in ("M_LIMIT_EXCEEDED", "M_RESOURCE_LIMIT_EXCEEDED"):
        # The server counts per account, not per room.
        return Later(when=later.when, why=later.why, whole_account=True, limit=True)
    if answer.code in _CODES:
        return Refused(reason=_CODES[answer.code], detail=str(answer))
    if answer.status >= 500:
        return Unknown(why=f"the homeserver failed ({answer})") if attempted else later
    if answer.status == 413:
        return Refused(reason=Refusal.TOO_BIG, detail=str(answer))
    if answer.code:
        return Refused(reason=Refusal.BAD_CONTENT, detail=str(answer))
    return later  # some proxy's own answer: the homeserver never saw the request
