"""Which kinds of account there are. A new adapter is a folder: nothing lists them."""

import importlib
import importlib.util
import pkgutil
from typing import get_args

from pydantic import BaseModel

import bridge.adapters


def settings_models() -> dict[str, type[BaseModel]]:
    """Each kind of account and the model of its settings (``bridge.adapters.<kind>.settings.Settings``)."""
    found: dict[str, type[BaseModel]] = {}
    for module in pkgutil.iter_modules(bridge.adapters.__path__):
        name = f"{bridge.adapters.__name__}.{module.name}.settings"
        if not module.ispkg or importlib.util.find_spec(name) is None:
            continue
        model: object = importlib.import_module(name).Settings
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            raise TypeError(f"{name}.Settings must be a pydantic model")
        found[module.name] = model
    return found


def mentions(annotation: object, wanted: type) -> bool:
    """Is a settings field of that type, or optionally so?"""
    return annotation is wanted or any(mentions(part, wanted) for part in get_args(annotation))
