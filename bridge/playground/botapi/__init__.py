"""A strict simulator of the Telegram Bot API: it refuses what Telegram refuses, in Telegram's words and codes."""

from bridge.playground.botapi.errors import ApiError
from bridge.playground.botapi.limits import Limits
from bridge.playground.botapi.simulator import BotApiSimulator
from bridge.playground.botapi.users import UsersSide

__all__ = ["ApiError", "BotApiSimulator", "Limits", "UsersSide"]
