"""Errors of the domain. A class's docstring is its default message; every message tells the reader what to do next."""

from enum import StrEnum


class BarazaError(Exception):
    """Something went wrong in Baraza."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class ConfigError(BarazaError):
    """The configuration cannot be used: correct the named key and start again."""


class AccountError(BarazaError):
    """An account cannot be used as configured: run `baraza check` and follow what it says."""


class TransitionRefused(BarazaError):
    """This step is not possible from the present state."""


class StorageUnavailable(BarazaError):
    """The database cannot be written now: check the disk and the database server; the work will be tried again."""


class StorageContended(StorageUnavailable):
    """Two transactions waited for each other, and this one gave way: the same again will do, at once."""


class StorageConflict(BarazaError):
    """Two rows claim the same place: a defect, or something handled twice. Nothing was changed."""


class TooSoon(BarazaError):
    """It is about a message whose sending is not written down yet: look again in a moment."""


class MediaRefused(BarazaError):
    """The file cannot be carried: send it smaller, or describe it in words."""


class Refusal(StrEnum):
    """Why a platform definitely did not do what it was asked. Closed: adapters choose, nobody adds words."""

    FORBIDDEN = "forbidden"
    """The bot lacks a right there, or was removed."""
    UNREACHABLE = "unreachable"
    """The person never opened a private chat with the bot, or blocked it."""
    CHAT_GONE = "chat_gone"
    """No such chat for this account."""
    TARGET_GONE = "target_gone"
    """The message to edit, delete or answer is not there."""
    TOO_LATE = "too_late"
    """The platform no longer allows this edit or removal."""
    TOO_BIG = "too_big"
    BAD_CONTENT = "bad_content"
    """The platform refused the form of the message: a defect worth reporting."""
    BAD_CREDENTIALS = "bad_credentials"
    UNSUPPORTED = "unsupported"
    EXPIRED = "expired"
    """It was tried for as long as allowed."""


OPERATOR_WORDS: dict[Refusal, str] = {
    Refusal.FORBIDDEN: "the bot may not do that there: make it a member with the rights it needs",
    Refusal.UNREACHABLE: "the person has not opened a private chat with the bot, or has blocked it",
    Refusal.CHAT_GONE: "this account knows no such chat: check the address and that the bot is a member",
    Refusal.TARGET_GONE: "the message it refers to is no longer there",
    Refusal.TOO_LATE: "the platform no longer allows this change: it must be made by hand",
    Refusal.TOO_BIG: "the platform says it is too big",
    Refusal.BAD_CONTENT: "the platform refused its form: please report this",
    Refusal.BAD_CREDENTIALS: "the account's token or password is not accepted: correct it and restart",
    Refusal.UNSUPPORTED: "this platform cannot do that",
    Refusal.EXPIRED: "it could not be delivered in the time allowed",
}
"""One plain sentence for each refusal, for `baraza deliveries` and logs."""
