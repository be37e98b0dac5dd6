"""The long rounds run when this folder is asked for by name (``make crash``), not among all the other tests."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    asked = any(
        (config.invocation_params.dir / str(a).split("::")[0]).resolve().is_relative_to(here) for a in config.args
    )
    if asked:
        return
    long = [item for item in items if item.path.is_relative_to(here) and item.get_closest_marker("crash") is not None]
    if long:
        items[:] = [item for item in items if item not in long]
        config.hook.pytest_deselected(items=long)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "crash: minutes of kills and restarts; run by `make crash` only")
