"""Domain values as JSON text and back. Text columns: PostgreSQL's jsonb refuses the NUL that people do send."""

import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import Discriminator, TypeAdapter

from bridge.core.events import InboundEvent
from bridge.core.message import Attachment, Content, Uncarried
from bridge.core.text import RichText

T = TypeVar("T")

EVENT: TypeAdapter[InboundEvent] = TypeAdapter(Annotated[InboundEvent, Discriminator("type")])
RICH_TEXT: TypeAdapter[RichText] = TypeAdapter(RichText)
ATTACHMENTS: TypeAdapter[tuple[Attachment, ...]] = TypeAdapter(tuple[Attachment, ...])
UNCARRIED: TypeAdapter[tuple[Uncarried, ...]] = TypeAdapter(tuple[Uncarried, ...])
CONTENT: TypeAdapter[Content] = TypeAdapter(Content)


def dump(adapter: TypeAdapter[T], value: T) -> str:
    """JSON text. Raises ValueError for text that is no Unicode (lone surrogates)."""
    # Defaults are written too: the `type` of an event is one, and without it one event would be read as another.
    return adapter.dump_json(value).decode()


def load(adapter: TypeAdapter[T], text: str) -> T:
    """The value again; raises pydantic.ValidationError for foreign text."""
    return adapter.validate_json(text)


def sha256s(attachments: tuple[Attachment, ...]) -> set[str]:
    """The files in our store that attachments are made of, their thumbnails among them."""
    pictures = {file.thumbnail.sha256 for file in attachments if file.thumbnail is not None}
    return {file.sha256 for file in attachments} | pictures


def dump_object(value: Mapping[str, Any]) -> str:
    """A JSON object in one canonical form, so that the same object is always the same bytes."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True)


def load_object(text: str) -> dict[str, Any]:
    loaded = json.loads(text)
    if not isinstance(loaded, dict):
        raise TypeError("not a JSON object")
    return loaded


def quoted(text: str) -> str:
    """A text as it stands in the JSON of ``dump``, with its quotation marks."""
    return json.dumps(text, ensure_ascii=False)


def dump_list(values: Iterable[str]) -> str:
    """A JSON list of texts."""
    return json.dumps(list(values), ensure_ascii=True, separators=(",", ":"))


def load_list(text: str) -> list[str]:
    loaded = json.loads(text)
    if not isinstance(loaded, list):
        raise TypeError("not a JSON list")
    return [str(value) for value in loaded]
