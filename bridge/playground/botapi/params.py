"""The parameters of one call, read strictly: unknown names and wrong types are refused."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bridge.playground.botapi.errors import ApiError, bad_request, not_simulated

_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


@dataclass(frozen=True)
class Upload:
    """A file part of a multipart request."""

    data: bytes
    file_name: str | None
    mime_type: str | None


class Params:
    """Typed access to a call's parameters; values are JSON values or, from forms, strings."""

    def __init__(self, values: dict[str, Any], uploads: dict[str, Upload]) -> None:
        # Telegram takes an empty value for a missing one.
        self.values = {name: value for name, value in values.items() if value is not None and value != ""}
        self.uploads = uploads

    def check_names(self, allowed: Iterable[str], unsupported: Iterable[str]) -> None:
        """Refuse parameters that the method does not have, and those it has and we do not simulate."""
        allowed = set(allowed)
        for name in self.values:
            if name in unsupported:
                raise not_simulated(f'the parameter "{name}"')
            if name not in allowed:
                raise bad_request(f'[simulator] unknown parameter "{name}"')
        attached = json.dumps(list(self.values.values()))
        for name in self.uploads:
            if name not in allowed and f"attach://{name}" not in attached:
                raise bad_request(f'[simulator] unknown file "{name}"')

    def text(self, name: str) -> str:
        """Return a string, empty where it is missing."""
        value = self.values.get(name, "")
        if not isinstance(value, str):
            raise _wrong(name, "a String")
        return value

    def integer(self, name: str, default: int = 0) -> int:
        """Return a whole number; forms and JSON may write it as a string."""
        value = self.values.get(name, default)
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong(name, "an Integer")
        return value

    def boolean(self, name: str) -> bool:
        """Return a truth value, False where it is missing."""
        value = self.values.get(name, False)
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if isinstance(value, str | int) and word in _TRUE | _FALSE:
            return word in _TRUE
        raise _wrong(name, "a Boolean")

    def json(self, name: str, what: str) -> Any:
        """Return an object or array, given as JSON or as JSON inside a string; None where it is missing."""
        value = self.values.get(name)
        if isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                raise bad_request(f"can't parse {what} JSON object") from None
        return value

    def strings(self, name: str) -> list[str] | None:
        """Return a list of strings, or None where it is missing."""
        value = self.json(name, name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _wrong(name, "an Array of String")
        return value

    def integers(self, name: str) -> list[int] | None:
        """Return a list of whole numbers, or None where it is missing."""
        value = self.json(name, name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(i, int) and not isinstance(i, bool) for i in value):
            raise _wrong(name, "an Array of Integer")
        return value


def check_fields(value: object, what: str, allowed: Iterable[str]) -> dict[str, Any]:
    """Return a JSON object whose field names are all known, or raise."""
    if not isinstance(value, dict):
        raise bad_request(f"can't parse {what}: expected an Object")
    for name in value:
        if name not in allowed:
            raise bad_request(f'[simulator] unknown field "{name}" of {what}')
    return value


def _wrong(name: str, kind: str) -> ApiError:
    return bad_request(f'[simulator] parameter "{name}" must be {kind}')
