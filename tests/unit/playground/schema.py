"""An independent reading of the Bot API: aiogram's typed methods and objects, with unknown fields refused."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import aiogram.methods
from aiogram.methods.base import TelegramMethod
from aiogram.types import BufferedInputFile, Update
from pydantic import BaseModel, TypeAdapter


@cache
def method_classes() -> dict[str, type[TelegramMethod[Any]]]:
    """Return aiogram's class of each Bot API method, by the method's name."""
    classes: list[type[TelegramMethod[Any]]] = [
        value
        for value in vars(aiogram.methods).values()
        if isinstance(value, type) and issubclass(value, TelegramMethod) and value is not TelegramMethod
    ]
    return {str(cls.__api_method__): cls for cls in classes}


@cache
def _answer_adapter(method: str) -> TypeAdapter[Any]:
    return TypeAdapter(method_classes()[method].__returning__)


def unknown_fields(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of every field that the schema does not have: aiogram itself lets them pass."""
    if isinstance(value, BaseModel):
        for name in value.model_extra or {}:
            yield f"{path}.{name}"
        for name in value.model_fields_set:
            yield from unknown_fields(getattr(value, name, None), f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from unknown_fields(item, f"{path}[{number}]")


def check_answer(method: str, result: object) -> None:
    """Assert that `result` is what the Bot API returns from `method`."""
    parsed = _answer_adapter(method).validate_python(result)
    assert not list(unknown_fields(parsed)), f"{method} answered with unknown fields"


def check_request(method: str, parameters: dict[str, Any]) -> None:
    """Assert that an accepted call is one the Bot API has; bytes stand for uploaded files."""
    prepared = {
        name: BufferedInputFile(value, "file") if isinstance(value, bytes) else value
        for name, value in parameters.items()
    }
    parsed = method_classes()[method].model_validate(prepared)
    assert not list(unknown_fields(parsed)), f"{method} was accepted with unknown parameters"


def check_update(update: dict[str, Any]) -> None:
    """Assert that `update` is an Update of the Bot API."""
    assert not list(unknown_fields(Update.model_validate(update)))
