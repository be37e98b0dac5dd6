"""Rows that are found by what stands in their columns, asked for without the mapper's share.

The mapper puts every question into words anew, which takes several times as long as SQLite takes to answer it. What is
asked again and again for each message that comes in, or each card, is put into words once.
"""

from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from tortoise import Model
from tortoise.fields import DatetimeField, Field
from tortoise.models import MetaInfo

if TYPE_CHECKING:
    from tortoise.fields.relational import ForeignKeyFieldInstance

M = TypeVar("M", bound=Model)
_Shape = tuple[tuple[str, int], ...]
"""Which columns are asked about: by how many values each, one of which it is to have; 0 stands for null."""
_AsRead = tuple[tuple[str, Callable[[Any], Any]], ...]
_MOST: Final = 500
"""Questions that are remembered: how long their lists are tells them apart, too."""


async def rows(
    model: type[M],
    *,
    related: Sequence[str] = (),
    order: str = "",
    limit: int = 0,
    after: int | None = None,
    **columns: object,
) -> list[M]:
    """Those whose columns have these values, or one of them where several are given in a list.

    ``related``: a chain of foreign keys that are never null, each row with what they lead to; ``order``: a column,
    after ``-`` the greatest first; ``after``: only those with a greater id.
    """
    meta = _meta(model)
    shape, given = _asked(model, columns)
    if after is not None:
        given.append(after)
    models = _models(model, tuple(related))
    numbered = meta.db.capabilities.dialect == "postgres"
    question = _question(models, tuple(related), shape, order, limit, after is not None, numbered)
    _, found = await meta.db.execute_query(question, given)
    return [cast("M", _row(models, related, list(row), numbered)) for row in found]


async def first(
    model: type[M],
    *,
    related: Sequence[str] = (),
    order: str = "",
    after: int | None = None,
    **columns: object,
) -> M | None:
    """The first of them; None where there is none."""
    found = await rows(model, related=related, order=order, limit=1, after=after, **columns)
    return found[0] if found else None


def _meta(model: type[Model]) -> MetaInfo:
    return model._meta  # noqa: SLF001 - Tortoise's documented way from a model to its connection


def _asked(model: type[Model], columns: dict[str, object]) -> tuple[_Shape, list[object]]:
    shape: list[tuple[str, int]] = []
    given: list[object] = []
    for name, wanted in columns.items():
        values: list[object] = [] if wanted is None else [wanted]
        if isinstance(wanted, Iterable) and not isinstance(wanted, str):
            values = list(wanted)
            if not values:
                raise ValueError(f"none of no values: {name}")
        field = _meta(model).fields_map[name]
        given += [field.to_db_value(value, model) for value in values]
        shape.append((name, len(values)))
    return tuple(shape), given


@lru_cache(maxsize=_MOST)
def _models(model: type[Model], related: tuple[str, ...]) -> tuple[type[Model], ...]:
    found = [model]
    for name in related:
        field = cast("ForeignKeyFieldInstance[Model]", _meta(found[-1]).fields_map[name])
        found.append(field.related_model)
    return tuple(found)


@lru_cache(maxsize=_MOST)
def _question(
    models: tuple[type[Model], ...],
    related: tuple[str, ...],
    shape: _Shape,
    order: str,
    limit: int,
    after: bool,
    numbered: bool,
) -> str:
    meta, count = _meta(models[0]), 0

    def marks(number: int) -> str:
        nonlocal count
        count += number
        return ", ".join(f"${n}" for n in range(count - number + 1, count + 1)) if numbered else ", ".join("?" * number)

    columns = ", ".join(f't{n}."{column}"' for n, model in enumerate(models) for column in _columns(model))
    tables = f'"{meta.db_table}" t0'
    for n, name in enumerate(related):
        column, other = _meta(models[n]).fields_db_projection[f"{name}_id"], _meta(models[n + 1])
        tables += f' JOIN "{other.db_table}" t{n + 1} ON t{n + 1}."{other.db_pk_column}" = t{n}."{column}"'
    tests = []
    for name, number in shape:
        column = f't0."{meta.fields_db_projection[name]}"'
        test = "IS NULL" if not number else f"= {marks(1)}" if number == 1 else f"IN ({marks(number)})"
        tests.append(f"{column} {test}")
    if after:
        tests.append(f't0."{meta.db_pk_column}" > {marks(1)}')
    question = f"SELECT {columns} FROM {tables} WHERE {' AND '.join(tests)}"  # noqa: S608 - our own names
    if order:
        column = meta.fields_db_projection[order.removeprefix("-")]
        question += f' ORDER BY t0."{column}" {"DESC" if order.startswith("-") else "ASC"}'
    return question + (f" LIMIT {limit}" if limit else "")


@lru_cache(maxsize=_MOST)
def _columns(model: type[Model]) -> tuple[str, ...]:
    return tuple(_meta(model).fields_db_projection.values())


def _row(models: tuple[type[Model], ...], related: Sequence[str], values: list[object], numbered: bool) -> Model:
    whole, rest = _made(models[0], values, numbered)
    parent = whole
    for name, other in zip(related, models[1:], strict=True):
        part, rest = _made(other, rest, numbered)
        setattr(parent, name, part)
        parent = part
    return whole


def _made(model: type[M], values: list[object], numbered: bool) -> tuple[M, list[object]]:
    """A row of the first values; and the others.

    What the mapper's own ``_init_from_db`` makes of them, in a quarter of the time: a test holds them against each
    other. Moments and states stand in many rows alike.
    """
    names, read, alone = _reading(model, numbered)
    row = model.__new__(model)
    known = vars(row)
    known.update(zip(names, values, strict=False), _await_when_save={}, _saved_in_db=True, _partial=False)
    known["_custom_generated_pk"] = alone
    for name, as_read in read:
        known[name] = as_read(known[name])
    return row, values[len(names) :]


@lru_cache(maxsize=_MOST)
def _reading(model: type[Model], numbered: bool) -> tuple[tuple[str, ...], _AsRead, bool]:
    """The names of a row's values, which of them are not taken as they are, and whether its key is not generated.

    ``numbered``: each database gives some of them as they are to be.
    """
    meta = _meta(model)
    names = tuple(meta.fields_db_projection)
    taken = {name for _, name, _ in meta.db_native_fields}
    read = tuple((name, _as_read(meta.fields_map[name])) for name in names if name not in taken)
    return names, read, meta.db_pk_column not in meta.generated_db_fields


def _as_read(field: Field[Any]) -> Callable[[Any], Any]:
    lasting = isinstance(field, DatetimeField) or issubclass(field.field_type, Enum)
    return lru_cache(maxsize=_MOST)(field.to_python_value) if lasting else field.to_python_value


__all__ = ["first", "rows"]
