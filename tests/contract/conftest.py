"""Registers the harnesses and generates, for each, the contract tests that its adapter's abilities call for."""

import importlib
import logging
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path
from typing import cast

import pytest
import structlog
from structlog.testing import LogCapture

from bridge.core.ids import ChatId
from tests.contract.harness import PERSONAL, Ability, Harness

HARNESSES: dict[str, str] = {
    "email": "tests.contract.harness_email:EmailHarness",
    "loopback-rich": "tests.contract.harness_loopback:RichHarness",
    "loopback-thin": "tests.contract.harness_loopback:ThinHarness",
    "matrix": "tests.contract.harness_matrix:MatrixHarness",
    "sms": "tests.contract.harness_sms:SmsHarness",
    "sms-smsgate": "tests.contract.harness_sms:SmsGateHarness",
    "sms-twilio": "tests.contract.harness_sms:TwilioHarness",
    "matrix-encrypted": "tests.contract.harness_matrix_encrypted:EncryptedHarness",
    "telegram": "tests.contract.harness_telegram:TelegramHarness",
    "telegram-webhook": "tests.contract.harness_telegram:TelegramWebhookHarness",
}
"""Name -> ``module:class``. One line per adapter (and per profile of it)."""

NOBODY = "no-registered-adapter"


@cache
def _harness_class(name: str) -> type[Harness]:
    module, _, attribute = HARNESSES[name].partition(":")
    return cast("type[Harness]", getattr(importlib.import_module(module), attribute))


@cache
def _ability(name: str) -> Ability:
    harness_class = _harness_class(name)
    harness = harness_class(Path("not-yet-there"))
    adapter = harness.build_adapter()
    chat = getattr(harness, "group", ChatId("group"))  # most harnesses learn their chats from the far side
    return Ability(adapter, adapter.capabilities(chat), harness_class)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "harness" not in metafunc.fixturenames:
        return
    conditions = getattr(metafunc.function, "contract_needs", ())
    chosen = [
        pytest.param(name, id=name, marks=_harness_class(name).marks)
        for name in HARNESSES
        if all(condition(_ability(name)) for condition in conditions)
    ]
    metafunc.parametrize("harness", chosen or [NOBODY], indirect=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """An ability that no registered adapter has makes no test, not a skipped one."""
    idle = [i for i in items if isinstance(i, pytest.Function) and NOBODY in i.name]
    if idle:
        config.hook.pytest_deselected(items=idle)
        items[:] = [item for item in items if item not in idle]


_prepared: set[type[Harness]] = set()


@pytest.fixture(scope="session", autouse=True)
def _shared_far_sides() -> Iterator[None]:
    yield
    while _prepared:
        _prepared.pop().release()


@pytest.fixture
def structured() -> Iterator[LogCapture]:
    """Every structlog entry, whatever its level."""
    before = structlog.get_config()
    capture = LogCapture()
    structlog.configure(processors=[capture], wrapper_class=structlog.make_filtering_bound_logger(0))
    yield capture
    structlog.configure(**before)


@pytest.fixture
async def harness(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    structured: LogCapture,
    caplog: pytest.LogCaptureFixture,
) -> AsyncIterator[Harness]:
    """A started harness; afterwards everything the adapter said is searched for secrets and personal text."""
    harness_class = _harness_class(request.param)
    if harness_class not in _prepared:
        harness_class.prepare(tmp_path_factory.mktemp("far-side"))
        _prepared.add(harness_class)
    caplog.set_level(logging.DEBUG)
    subject = harness_class(tmp_path)
    await subject.start()
    try:
        yield subject
        health = subject.adapter.health()
    finally:
        await subject.stop()
    logged = [repr(entry) for entry in structured.entries]
    logged += [
        f"{record.name}: {record.getMessage()} {record.exc_text or ''}"
        for when in ("setup", "call", "teardown")
        for record in caplog.get_records(when)
        if not record.name.startswith((*subject.far_side_loggers, "asyncio"))
    ]
    said = [*logged, *map(repr, subject.outcomes), repr(health)]
    for secret in subject.secrets:
        assert not [line for line in [*said, *map(repr, subject.sink.events)] if secret in line], "a secret was told"
    assert not [line for line in said if PERSONAL in line], "personal text was logged"
