"""The templates, and the few words that stand on every page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bridge.rendering.words import Words
from bridge.web.replies import STYLE

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=False,
    keep_trailing_newline=False,
)


def labels(w: Words) -> Mapping[str, str]:
    return {
        "search": w._("Search"),
        "answers": w._("Answers"),
        "original": w._("Original"),
    }


def rendered(name: str, w: Words, **values: Any) -> bytes:
    """A page as bytes."""
    text = _ENVIRONMENT.get_template(name).render(w=w, l=labels(w), style=STYLE_MARKUP, **values)
    # What is no Unicode cannot be sent, and comes from the same strangers' apps as all else.
    return text.encode(errors="replace")


class _Markup(str):
    """Ours, and as it is."""

    __slots__ = ()

    def __html__(self) -> str:
        return self


STYLE_MARKUP = _Markup(STYLE)


def markup(html: str) -> str:
    """HTML that was made by ``rendering.html``: not escaped again."""
    return _Markup(html)


__all__ = ["labels", "markup", "rendered"]
