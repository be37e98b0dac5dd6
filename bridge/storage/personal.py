"""Where anything personal stands: every column of every table is claimed here, or is impersonal and says why.

``SHARES`` says which rows are a person's, as whom (author, moderator, reader), which of their columns are personal and
what is left of each when the person is erased. ``holdings`` shows exactly these columns, ``erasure`` empties exactly
these. A test enumerates the models and fails for a column that stands neither here nor in ``IMPERSONAL``.
"""

from bridge.storage.impersonal import IMPERSONAL
from bridge.storage.personal_kinds import AS_IT_IS, NO_WORDS, NOBODY, Share, Stays, Subject, Traced, remembered
from bridge.storage.personal_member import AS_MEMBER
from bridge.storage.personal_moderator import AS_MODERATOR

SHARES: tuple[Share, ...] = (*AS_MEMBER, *AS_MODERATOR)


def claimed() -> dict[str, set[str]]:
    """By model, the columns that some share claims."""
    found: dict[str, set[str]] = {}
    for share in SHARES:
        found.setdefault(share.model.__name__, set()).update(share.columns)
    return found


__all__ = [
    "AS_IT_IS",
    "IMPERSONAL",
    "NOBODY",
    "NO_WORDS",
    "SHARES",
    "Share",
    "Stays",
    "Subject",
    "Traced",
    "claimed",
    "remembered",
]
