"""The table of everything that moderators can do to an item."""

from bridge.moderation import (
    asking,
    banning,
    biographies,
    claims,
    correcting,
    history,
    later,
    linkpreviews,
    merging,
    notes,
    preview,
    quoting,
    retracting,
    retrying,
    safeguarding,
    short,
    targets,
    themes,
    threads,
    translating,
    trust,
    undo,
    verdicts,
    votes,
    wording,
)
from bridge.moderation.acts import Deed

DEEDS: dict[str, Deed] = {
    deed.name: deed
    for module in (
        verdicts,
        wording,
        asking,
        history,
        claims,
        safeguarding,
        trust,
        banning,
        votes,
        notes,
        short,
        translating,
        preview,
        correcting,
        retracting,
        retrying,
        later,
        undo,
        targets,
        linkpreviews,
        merging,
        themes,
        threads,
        quoting,
        biographies,
    )
    for deed in module.DEEDS
}
"""By name."""
