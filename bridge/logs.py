"""Logging: structlog for our own lines and for the libraries', one way out, and no secret on it.

Three nets, because each alone has holes: exact values from the config, the shapes of tokens that come into being later
(a Matrix login's), and both again on the finished line, after rendering.
"""

import json
import logging
import re
import sys
import traceback
import unicodedata
from collections.abc import Iterable, Mapping, MutableMapping
from types import TracebackType
from typing import Any, Literal, TextIO
from urllib.parse import quote

import structlog
from structlog.typing import ExcInfo

from bridge.core.errors import BarazaError

Format = Literal["auto", "console", "json"]
_HIDDEN = "[secret]"
_SHORTEST = 4

# Tokens by their shape: Telegram bot tokens, Matrix access tokens of the common servers, and what follows a key's name.
_SHAPES = re.compile(
    r"""
    (?<!\d)\d{5,}(?::|%3A)[A-Za-z0-9_-]{30,}
    | \b(?:syt|syr|syl|mat|mct|mcr)_[A-Za-z0-9_\-.=]{8,}
    | (?<=\bBearer[ ])[^\s'",;]+
    | (?<=access_token=)[^\s&'",;]+
    | (?<=://)[^\s/@:]*:[^\s/@]+(?=@)
    """,
    re.VERBOSE,
)
_QUIET = (
    "aiohttp.access",
    "aiosqlite",
    "apscheduler",
    "asyncio",
    "asyncpg",
    "httpcore",
    "httpx",
    "nio",
    "telegram",
    "tortoise",
)


class Redactor:
    """Takes secrets out of texts."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms: set[str] = set()
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                escaped = json.dumps(secret)[1:-1]
                forms |= {secret, quote(secret, safe=""), quote(secret), escaped, repr(secret)[1:-1]}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(_HIDDEN, text)
        return _SHAPES.sub(_HIDDEN, text)

    def deep(self, value: object) -> object:
        """The same for everything a log line may hold; foreign objects become text."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self(value)
        if isinstance(value, bytes):
            return self(value.decode(errors="replace"))
        if isinstance(value, Mapping):
            return {str(self.deep(str(key))): self.deep(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.deep(inner) for inner in value]
        return self(str(value))

    def processor(self, _: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """A structlog processor: keeps the record structlog still needs, cleans the rest."""
        for key, value in event.items():
            if not key.startswith("_"):
                event[key] = self.deep(value)
        return event


_current = Redactor()


def redact(text: str) -> str:
    """Take the secrets that ``configure`` was told last out of a text that is printed rather than logged."""
    return _current(text)


def escaped(text: str, keep: str = "") -> str:
    """Control and direction-changing characters made visible, so that a foreign name cannot forge a line."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char if char in keep or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") else _visible(char)
        for char in text
    )


def _visible(char: str) -> str:
    code = ord(char)
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char, f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def _escape(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str) and not key.startswith("_"):
            event[key] = escaped(value, keep="\n\t" if key == "exception" else "")
    return event


def _where(exc_info: ExcInfo) -> str:
    """What kind of failure and where, innermost last. Not its message: libraries quote what people wrote in theirs."""
    lines: list[str] = []
    current: BaseException | None = exc_info[1]
    while current is not None and len(lines) < 200:
        words = f": {current}" if isinstance(current, BarazaError) else ""
        frames = traceback.extract_tb(current.__traceback__)
        lines[:0] = [
            *(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames),
            f"{type(current).__module__}.{type(current).__qualname__}{words}",
        ]
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return "\n".join(lines)


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Looks once more at the finished line."""

    def __init__(self, redact: Redactor, **options: Any) -> None:
        super().__init__(**options)
        self._redact = redact

    def format(self, record: logging.LogRecord) -> str:
        return self._redact(super().format(record))


def configure(
    *,
    format: Format = "auto",  # noqa: A002 (the option's name)
    level: str = "info",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Set up logging for the process. May be called again, for example once the secrets are known.

    ``auto`` is readable lines on a terminal and one JSON object per line elsewhere.
    """
    out = sys.stderr if stream is None else stream
    console = format == "console" or (format == "auto" and out.isatty())
    global _current
    redactor = _current = Redactor(secrets)
    # Exceptions become text before they are redacted; a traceback that shows local variables would show secrets.
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.ExceptionRenderer(_where),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)
        if console
        else structlog.processors.JSONRenderer()
    )
    last: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        redactor.processor,
        *([_escape] if console else []),
        renderer,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(_Formatter(redactor, processors=last, foreign_pre_chain=shared))
    root = logging.getLogger()
    for old in [known for known in root.handlers if isinstance(known.formatter, _Formatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger("bridge").critical("crashed", exc_info=(kind, error, trace))
