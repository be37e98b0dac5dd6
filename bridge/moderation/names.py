"""What chats are called on a card, made distinct where two are called the same."""

from collections import Counter
from collections.abc import Mapping

from bridge.core.ids import Address


def chat_names(titles: Mapping[Address, str]) -> dict[Address, str]:
    """The title, with the account, or the whole address, where the title alone is not enough."""
    alike = Counter(titles.values())
    names = {a: f"{title} ({a.account})" if alike[title] > 1 else title for a, title in titles.items()}
    alike = Counter(names.values())
    return {a: f"{titles[a]} ({a})" if alike[name] > 1 else name for a, name in names.items()}
