"""Every column of every table is claimed: by an export and an erasure, or as impersonal and with a reason."""

from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.models import Model

from bridge.storage import database
from bridge.storage.personal import IMPERSONAL, SHARES, Stays, Traced, claimed


def models() -> dict[str, type[Model]]:
    config = database.tortoise_config("sqlite://:memory:")["apps"][database.APP]["models"]
    Tortoise.init_models(config, database.APP)
    return dict(Tortoise.apps[database.APP])


def columns(model: type[Model]) -> set[str]:
    return set(model._meta.fields_db_projection)


def test_no_column_is_claimed_by_nobody() -> None:
    nobody: dict[str, set[str]] = {}
    for name, model in models().items():
        left = columns(model) - claimed().get(name, set()) - set(IMPERSONAL.get(name, {}))
        if left:
            nobody[name] = left
    assert not nobody, f"say in bridge/storage/personal.py whose these are, or why nobody's: {nobody}"


def test_no_column_is_both() -> None:
    both = {name: found & set(IMPERSONAL.get(name, {})) for name, found in claimed().items()}
    assert not {name: found for name, found in both.items() if found}


def test_nothing_is_claimed_that_is_not_there() -> None:
    there = {name: columns(model) for name, model in models().items()}
    for name, listed in IMPERSONAL.items():
        assert set(listed) <= there[name], name
    for share in SHARES:
        wanted = {*share.columns, *share.also}
        assert wanted <= there[share.model.__name__], share.section


def test_every_reason_is_given() -> None:
    reasons = [why for listed in IMPERSONAL.values() for why in listed.values()]
    blanks: list[Any] = [blank for share in SHARES for blank in share.columns.values()]
    reasons += [blank.why for blank in blanks if isinstance(blank, Stays)]
    reasons += [blank.how for blank in blanks if isinstance(blank, Traced)]
    assert all(reasons)


def test_sections_of_the_export_are_told_apart() -> None:
    sections = [share.section for share in SHARES]
    assert len(set(sections)) == len(sections)


@pytest.mark.parametrize("share", SHARES, ids=lambda share: share.section)
def test_what_is_emptied_fits_its_column(share: Any) -> None:
    """A column that cannot be null is not set to null."""
    fields = share.model._meta.fields_map
    for name, blank in share.columns.items():
        if share.deletes or callable(blank) or isinstance(blank, Stays | Traced):
            continue
        if blank is None:
            assert fields[name].null, name
