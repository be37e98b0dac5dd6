"""What may never stand in a log line, whoever wrote it and however."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Iterator

import pytest
import structlog

from bridge import logs
from bridge.core.errors import BarazaError

SECRET = 'sesame "open" \\ é/+'
TOKEN = "987654321:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config(), sys.excepthook)
    yield
    root.handlers[:], hook = before[0], before[3]
    root.setLevel(before[1])
    structlog.configure(**before[2])
    sys.excepthook = hook
    logging.captureWarnings(False)


@pytest.fixture(params=["json", "console"])
def out(request: pytest.FixtureRequest) -> io.StringIO:
    stream = io.StringIO()
    logs.configure(format=request.param, secrets=[SECRET, TOKEN, "xyz"], stream=stream)
    return stream


def clean(out: io.StringIO) -> str:
    text = out.getvalue()
    assert "sesame" not in text
    assert TOKEN.partition(":")[2] not in text
    assert "[secret]" in text
    return text


def test_values_of_our_own_lines(out: io.StringIO) -> None:
    structlog.get_logger("bridge.x").info(
        "sent",
        address=f"https://api.telegram.org/bot{TOKEN}/getMe",
        deep={"list": [SECRET, {SECRET: b"x" + SECRET.encode()}]},
    )
    clean(out)


def test_the_event_itself_and_bound_values(out: io.StringIO) -> None:
    structlog.get_logger().bind(password=SECRET).warning(f"with {SECRET}")
    clean(out)


def test_foreign_objects(out: io.StringIO) -> None:
    class Telling:
        def __repr__(self) -> str:
            return f"Telling({SECRET})"

    structlog.get_logger().info("x", thing=Telling(), error=ValueError(SECRET))
    clean(out)


def test_exceptions(out: io.StringIO) -> None:
    def fails() -> None:
        local_variable = SECRET
        raise ValueError(f"bad {local_variable}") from KeyError(TOKEN)

    try:
        fails()
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("some.library").exception("failed with %s", SECRET)
    text = clean(out)
    assert "ValueError" in text
    assert "test_logs.py" in text


def test_an_uncaught_exception(out: io.StringIO) -> None:
    sys.excepthook(BarazaError, BarazaError(f"told in our words {SECRET}"), None)
    text = clean(out)
    assert "crashed" in text
    assert "told in our words" in text


def test_an_exception_says_where_and_not_what_somebody_wrote(out: io.StringIO) -> None:
    try:
        int("what Amina wrote")
    except ValueError:
        structlog.get_logger("bridge.test").exception("failed")
    text = out.getvalue()
    assert "ValueError" in text
    assert "test_logs.py" in text
    assert "Amina" not in text


def test_libraries_and_warnings(out: io.StringIO) -> None:
    logging.getLogger("some.library").warning("GET %s", f"https://x/bot{TOKEN}/y")
    logging.getLogger("some.library").warning("%(a)s", {"a": SECRET})
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(SECRET, stacklevel=1)
    clean(out)


@pytest.mark.parametrize(
    "text",
    [
        "https://api.telegram.org/bot111222333:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQx/sendMessage",
        "https://api.telegram.org/file/bot111222333%3AAAbbCCddEEffGGhhIIjjKKllMMnnOOppQQx/f",
        "Authorization: Bearer AAbbCCddEE",
        "https://m.example.org/sync?access_token=AAbbCCddEE&since=1",
        "login gave syt_YmFyYXph_AAbbCCddEE_0a1b2c",
        "postgres://baraza:AAbbCCddEE@db/baraza",
    ],
)
def test_tokens_that_no_config_names(text: str) -> None:
    redacted = logs.Redactor()(text)
    assert "AAbbCCddEE" not in redacted
    assert "[secret]" in redacted


def test_what_is_no_secret_stays(out: io.StringIO) -> None:
    structlog.get_logger().info(
        "delivered", chat="-1002222222222", user="@amina:example.org", at="12:30:45", n=3, ok=True
    )
    text = out.getvalue()
    assert "[secret]" not in text
    assert "-1002222222222" in text
    assert "@amina:example.org" in text


def test_a_secret_in_other_spellings() -> None:
    redact = logs.Redactor(["p@ss/wörd"])
    for spelt in ("p@ss/wörd", "p%40ss%2Fw%C3%B6rd", json.dumps("p@ss/wörd"), repr("p@ss/wörd")):
        assert "ss" not in redact(spelt)


def test_a_foreign_name_cannot_forge_a_line() -> None:
    for kind in ("json", "console"):
        stream = io.StringIO()
        logs.configure(format="json" if kind == "json" else "console", stream=stream)
        structlog.get_logger().info("joined", title="a\nforged=1\x1b[31m\u202e\u2028b")
        logging.getLogger("some.library").warning("a\r\nforged=2 %s", "\x1b[2J")
        text = stream.getvalue()
        assert len(text.splitlines()) == 2, text
        assert "\x1b[31m" not in text
        assert "\x1b[2J" not in text
        assert "\u202e" not in text


def test_json_lines_have_utc_times() -> None:
    stream = io.StringIO()
    logs.configure(format="json", stream=stream)
    structlog.get_logger("bridge.delivery").info("delivered", delivery=7)
    logging.getLogger("some.library").warning("hm")
    ours, theirs = map(json.loads, stream.getvalue().splitlines())
    assert (ours["event"], ours["level"], ours["logger"], ours["delivery"]) == (
        "delivered",
        "info",
        "bridge.delivery",
        7,
    )
    assert ours["timestamp"].endswith("Z")
    assert (theirs["event"], theirs["level"]) == ("hm", "warning")


def test_chatty_libraries_are_quiet() -> None:
    stream = io.StringIO()
    logs.configure(format="json", level="debug", stream=stream)
    for name in ("httpx", "nio.client", "telegram.Bot", "aiohttp.access"):
        logging.getLogger(name).info("POST https://...")
    assert stream.getvalue() == ""
    logging.getLogger("httpx").warning("kept")
    assert "kept" in stream.getvalue()


def test_levels_and_setting_up_twice() -> None:
    first, second = io.StringIO(), io.StringIO()
    logs.configure(format="json", stream=first)
    logs.configure(format="json", level="warning", stream=second)
    structlog.get_logger().info("no")
    structlog.get_logger().warning("yes")
    assert first.getvalue() == ""
    assert [json.loads(line)["event"] for line in second.getvalue().splitlines()] == ["yes"]


def test_auto_is_json_where_nobody_watches() -> None:
    stream = io.StringIO()
    logs.configure(stream=stream)
    structlog.get_logger().info("ready")
    assert json.loads(stream.getvalue())["event"] == "ready"
