"""The reactions that a bot may place: https://core.telegram.org/bots/api#reactiontypeemoji"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from telegram.constants import ReactionEmoji

_PLAIN: Final = "\ufe0f"
"""Asks for a colourful picture of the character before it; some say it and some do not."""
_KNOWN: Final[Mapping[str, str]] = {emoji.value.replace(_PLAIN, ""): emoji.value for emoji in ReactionEmoji}


def placed(emojis: Sequence[str]) -> list[dict[str, Any]]:
    """The first of these that Telegram has: a bot places one at most."""
    known = (_KNOWN.get(emoji.replace(_PLAIN, "")) for emoji in emojis)
    return [{"type": "emoji", "emoji": emoji} for emoji in known if emoji][:1]
