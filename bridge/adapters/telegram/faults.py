"""What every failure of a call means: certainly not done (Refused, Later) or nobody knows (Unknown)."""

import re
import traceback
from datetime import datetime, timedelta
from typing import Final

from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, TelegramError

from bridge.adapters.telegram.request import FloodControl, GarbledAnswer, NotSent
from bridge.core.errors import Refusal
from bridge.core.ports import Later, Refused, SendOutcome, Unknown

NETWORK_PAUSE: Final = timedelta(seconds=5)
"""Before a call that certainly did not arrive is made again; the ledger adds its own back-off."""

# Telegram names its refusals in words only, and changes them: see Client.cpp of
# https://github.com/tdlib/telegram-bot-api
# The first line that is found in the description counts.
_WORDS: Final[tuple[tuple[str, Refusal], ...]] = (
    ("blocked by the user", Refusal.UNREACHABLE),
    ("can't initiate conversation", Refusal.UNREACHABLE),
    ("user is deactivated", Refusal.UNREACHABLE),
    ("can't send messages to bots", Refusal.UNREACHABLE),
    ("input_user_deactivated", Refusal.UNREACHABLE),
    ("user_is_blocked", Refusal.UNREACHABLE),
    ("privacy_premium_required", Refusal.UNREACHABLE),
    ("message can't be deleted for everyone", Refusal.TOO_LATE),
    ("message can't be deleted", Refusal.FORBIDDEN),
    ("message_delete_forbidden", Refusal.FORBIDDEN),
    ("message can't be edited", Refusal.TOO_LATE),
    ("message_edit_time_expired", Refusal.TOO_LATE),
    ("message_author_required", Refusal.FORBIDDEN),
    ("message to edit not found", Refusal.TARGET_GONE),
    ("message_id_invalid", Refusal.TARGET_GONE),
    ("message to react not found", Refusal.TARGET_GONE),
    ("message thread not found", Refusal.CHAT_GONE),
    ("topic_deleted", Refusal.CHAT_GONE),
    ("topic_closed", Refusal.FORBIDDEN),
    ("slowmode_multi_msgs_disabled", Refusal.FORBIDDEN),
    ("voice_messages_forbidden", Refusal.FORBIDDEN),
    ("voice messages forbidden", Refusal.FORBIDDEN),
    ("allow_payment_required", Refusal.FORBIDDEN),  # who writes there, or to that person, pays for it
    ("payment_required", Refusal.FORBIDDEN),
    ("balance_too_low", Refusal.FORBIDDEN),
    ("chat_forwards_restricted", Refusal.FORBIDDEN),
    ("protected content", Refusal.FORBIDDEN),
    ("reaction_invalid", Refusal.UNSUPPORTED),  # the group allows others, or none
    ("reactions_too_many", Refusal.UNSUPPORTED),
    ("reaction_empty", Refusal.UNSUPPORTED),
    ("there is no text in the message to edit", Refusal.UNSUPPORTED),
    ("there is no caption in the message to edit", Refusal.UNSUPPORTED),
    ("there is no media in the message to edit", Refusal.UNSUPPORTED),  # or of a kind that stays as it is: a sticker
    ("can't use the method with this type of media", Refusal.UNSUPPORTED),
    ("group chat was deactivated", Refusal.CHAT_GONE),
    ("channel_invalid", Refusal.CHAT_GONE),
    ("chat not found", Refusal.CHAT_GONE),
    ("peer_id_invalid", Refusal.CHAT_GONE),
    ("too long", Refusal.TOO_BIG),
    ("too_long", Refusal.TOO_BIG),
    ("too big", Refusal.TOO_BIG),
    ("too large", Refusal.TOO_BIG),
    ("not enough rights", Refusal.FORBIDDEN),
    ("have no rights", Refusal.FORBIDDEN),
    ("need administrator rights", Refusal.FORBIDDEN),
    ("chat_admin_required", Refusal.FORBIDDEN),
    ("chat_write_forbidden", Refusal.FORBIDDEN),
    ("chat_restricted", Refusal.FORBIDDEN),
    ("chat_send_", Refusal.FORBIDDEN),  # CHAT_SEND_PHOTOS_FORBIDDEN and its like
    ("kicked", Refusal.FORBIDDEN),
    ("not a member", Refusal.FORBIDDEN),
    ("not a participant", Refusal.FORBIDDEN),
)

_STALE_FILE: Final = (
    "wrong file identifier",
    "wrong remote file identifier",
    "invalid file_id",
    "wrong file_id",
    "file_reference",
    "can't use file of type",
    "file_id_invalid",
)
_NO_PHOTO: Final = ("photo_invalid_dimensions", "photo_ext_invalid", "photo_save_file_invalid", "image_process_failed")
_SLOW_MODE: Final = re.compile(r"slowmode_wait_(\d+)")
_NO_REPLY_TARGET: Final = ("message to be replied not found", "replied message not found", "reply_message_id_invalid")


def description(error: TelegramError) -> str:
    """What Telegram said, in lower case."""
    return str(error).lower()


def is_not_modified(error: TelegramError) -> bool:
    """The message is already as asked."""
    words = description(error)
    return isinstance(error, BadRequest) and ("message is not modified" in words or "message_not_modified" in words)


def is_already_deleted(error: TelegramError) -> bool:
    return isinstance(error, BadRequest) and "message to delete not found" in description(error)


def is_stale_file(error: TelegramError) -> bool:
    """A remembered file id is not accepted (any more, or by this bot, or as this kind of file)."""
    return isinstance(error, BadRequest) and any(words in description(error) for words in _STALE_FILE)


def is_no_photo(error: TelegramError) -> bool:
    """The file cannot be shown as a photo; as a document it can still be sent."""
    return isinstance(error, BadRequest) and any(words in description(error) for words in _NO_PHOTO)


def is_reply_target_gone(error: TelegramError) -> bool:
    return isinstance(error, BadRequest) and any(words in description(error) for words in _NO_REPLY_TARGET)


def retry_after(error: TelegramError) -> float | None:
    """Seconds that Telegram asks us to wait, or None where it asks nothing."""
    return error.seconds if isinstance(error, FloodControl) else None


def outcome(error: TelegramError, now: datetime, *, private: bool = False, targeted: bool = False) -> SendOutcome:
    """What became of a request that failed so.

    ``private``: the chat is one person's. ``targeted``: it was the edit or the removal of a message there.
    """
    if isinstance(error, FloodControl):
        # Telegram does not say whether the chat or the whole bot was too fast: the chat nearly always was.
        return Later(when=now + timedelta(seconds=error.seconds), why=str(error), limit=True)
    if isinstance(error, NotSent):
        return Later(when=now + NETWORK_PAUSE, why=str(error), whole_account=True)
    if isinstance(error, GarbledAnswer):
        return _garbled(error, now)
    if isinstance(error, InvalidToken):
        return Refused(reason=Refusal.BAD_CREDENTIALS, detail="Telegram does not accept the bot's token")
    if isinstance(error, ChatMigrated) and targeted:
        # Message ids do not come along into the supergroup, and the old group takes no more changes.
        return Refused(
            reason=Refusal.TARGET_GONE, detail="the group became a supergroup, which left its messages behind"
        )
    if isinstance(error, ChatMigrated):
        return Later(when=now, why="the group became a supergroup")
    if isinstance(error, Conflict):
        return Later(
            when=now + NETWORK_PAUSE, why="Telegram reports a conflict with another program", whole_account=True
        )
    if slow := _SLOW_MODE.search(description(error)):
        return Later(when=now + timedelta(seconds=int(slow[1])), why="the group lets everybody write only now and then")
    if isinstance(error, BadRequest | Forbidden):
        return _refused(error, private=private)
    # The rest (MaybeSent, NoAnswer, ServerTrouble and what else may come) was written and not answered.
    return Unknown(why=_safe(str(error)))


def _garbled(error: GarbledAnswer, now: datetime) -> SendOutcome:
    if error.status == 413:
        return Refused(reason=Refusal.TOO_BIG, detail="the server takes no request of this size")
    if 300 <= error.status < 500:  # something between us and Telegram turned the request away
        return Later(when=now + NETWORK_PAUSE, why=str(error), whole_account=True)
    return Unknown(why=str(error))


def _refused(error: TelegramError, *, private: bool) -> Refused:
    words = description(error)
    reason = next((refusal for part, refusal in _WORDS if part in words), None)
    if reason is None:
        reason = Refusal.FORBIDDEN if isinstance(error, Forbidden) else Refusal.BAD_CONTENT
    if private and reason is Refusal.CHAT_GONE:
        reason = Refusal.UNREACHABLE  # "chat not found" is what Telegram says of a person who never wrote to the bot
    return Refused(reason=reason, detail=_safe(str(error)))


def _safe(text: str) -> str:
    """Telegram quotes addresses back to us in some refusals; what people wrote stays out of details."""
    return re.sub(r"'[^']{12,}'", "'...'", text)[:200]


def place(error: Exception) -> str:
    """Class and line of a defect. Its text may hold what people wrote."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else ""
    return type(error).__name__ + where


def in_words(error: TelegramError) -> str:
    """Why nothing comes from Telegram, for health and `baraza check`."""
    if isinstance(error, InvalidToken):
        return "Telegram does not accept the bot's token: copy it again from @BotFather"
    if isinstance(error, Conflict):
        if "webhook" in description(error):
            return "a webhook is set for this bot by another program: stop that program, then restart"
        return "another program polls with this bot's token: stop it, or give one of them a bot of its own"
    if isinstance(error, FloodControl):
        return f"Telegram asks us to wait {error.seconds:g} s"
    return f"the Bot API server cannot be reached or answers wrongly: {_safe(str(error))}"
