"""Which of the many things that a moderators' card may show there are at all, asked for in one question."""

from enum import StrEnum
from typing import Final

from bridge.core.errors import Refusal
from bridge.core.states import DeliveryState, ReviewState, ThemeState
from bridge.storage.afterwards import ASKED_BACK
from bridge.storage.ledger_reads import EXHIBIT, REMOVAL
from bridge.storage.models import Review


class Around(StrEnum):
    """What may be there. Most items have next to nothing of it."""

    QUERIES = "queries"
    NOTES = "notes"
    TRANSLATIONS = "translations"
    """Of any of its wordings."""
    THEMES = "themes"
    """Open ones, in the community."""
    MERGED = "merged"
    """Other items were joined with it."""
    VOTES = "votes"
    REACTIONS = "reactions"
    QUOTATIONS = "quotations"
    STANDING = "standing"
    """Its author's."""
    STAYING = "staying"
    """An original could not be taken out of its group."""
    ASKED_BACK = "asked_back"
    """The moderators were told that its author wants it back."""


_QUESTIONS: Final = {
    Around.QUERIES: 'SELECT 1 FROM "query" WHERE "review_id" IN ($1, $2)',
    Around.NOTES: 'SELECT 1 FROM "note" WHERE "review_id" = $1 AND NOT "removed"',
    Around.TRANSLATIONS: 'SELECT 1 FROM "translation" WHERE "submission_id" = $3',
    Around.THEMES: 'SELECT 1 FROM "theme" WHERE "community" = $6 AND "state" = $7',
    Around.MERGED: 'SELECT 1 FROM "review" o JOIN "review" m ON m."merged_into" = o."id"'
    ' WHERE o."submission_id" = $3 AND m."state" = $8',
    Around.VOTES: 'SELECT 1 FROM "vote" WHERE "review_id" = $1',
    Around.REACTIONS: 'SELECT 1 FROM "reaction" WHERE "post_id" = $4',
    Around.QUOTATIONS: 'SELECT 1 FROM "quotation" WHERE "post_id" = $4',
    Around.STANDING: 'SELECT 1 FROM "standing" WHERE "person_id" = $5 AND "community" = $6',
    Around.STAYING: 'SELECT 1 FROM "delivery" WHERE "review_id" = $1 AND "kind" = $9 AND "state" = $10'
    ' AND "reason" <> $11',
    Around.ASKED_BACK: 'SELECT 1 FROM "delivery" WHERE "review_id" IN ($1, $2) AND "kind" = $12 AND "view" = $13',
}
_CONSTANTS: Final = (
    ThemeState.OPEN,
    ReviewState.MERGED,
    REMOVAL,
    DeliveryState.REFUSED,
    Refusal.TARGET_GONE,
    EXHIBIT,
    ASKED_BACK,
)
_POSTGRES: Final = "SELECT " + ", ".join(f'EXISTS({sql}) AS "{kind}"' for kind, sql in _QUESTIONS.items())
_SQLITE: Final = _POSTGRES.replace("$", "?")


async def around(review: Review, post_id: int | None) -> frozenset[Around]:
    """``review``: with submission and author; ``post_id``: of what it became, if anything."""
    connection = Review._meta.db  # noqa: SLF001 - Tortoise's documented way from a model to its connection
    person = review.submission.identity.person_id
    about, post = review.about_review or 0, post_id or 0
    values = [review.id, about, review.submission_id, post, person, review.community, *map(str, _CONSTANTS)]
    sqlite = connection.capabilities.dialect == "sqlite"
    (row,) = await connection.execute_query_dict(_SQLITE if sqlite else _POSTGRES, values)
    return frozenset(kind for kind in Around if row[kind])
