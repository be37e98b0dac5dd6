"""What the config says about the archive page: off unless somebody says otherwise."""

from pathlib import Path

import pytest

from bridge.core.archive import ArchivePolicy
from tests.unit.config.test_load import GOOD, folder, problems, read

__all__ = ["folder"]


def text(archive: str, community: str = "hifa") -> str:
    return GOOD.replace('id = "hifa"', f'id = "{community}"').replace('name = "HIFA"\n', f'name = "HIFA"\n{archive}\n')


def test_it_is_off_until_somebody_writes_otherwise(folder: Path) -> None:
    assert read(folder, GOOD).communities()[0].archive.policy is ArchivePolicy.OFF


@pytest.mark.parametrize("policy", list(ArchivePolicy))
def test_the_three_policies(folder: Path, policy: ArchivePolicy) -> None:
    found = read(folder, text(f'archive = "{policy.value}"'))
    assert found.communities()[0].archive.policy is policy


def test_another_word_is_refused(folder: Path) -> None:
    assert "communities[0].archive" in str(problems(folder, text('archive = "private"')))


@pytest.mark.parametrize("name", ["u", "healthz", "metrics"])
def test_an_address_that_is_taken_is_refused(folder: Path, name: str) -> None:
    assert "its address is taken" in str(problems(folder, text('archive = "public"', community=name)))
    assert read(folder, text('archive = "off"', community=name)).communities()[0].id == name


def test_proxies_are_addresses_or_networks(folder: Path) -> None:
    listen = 'listen = "127.0.0.1:8080"\n'
    good = GOOD.replace(listen, f'{listen}trusted_proxies = ["127.0.0.1", "10.0.0.0/8", "::1"]\n')
    assert read(folder, good).web.trusted_proxies == ("127.0.0.1", "10.0.0.0/8", "::1")
    wrong = GOOD.replace(listen, f'{listen}trusted_proxies = ["proxy.example.org"]\n')
    assert "write 127.0.0.1, ::1 or 10.0.0.0/8" in str(problems(folder, wrong))
