"""`baraza check` where several programs share the database."""

from datetime import timedelta

import pytest

from bridge.cli.checking import programs, role
from bridge.core.checks import Level
from bridge.core.sharing import Ownership, Role

EACH = dict.fromkeys(Role, 1)
OWNERS = {"chat": "a:1:x", "sms": "b:2:y", "intake": "a:1:x"}


def test_a_superuser_is_warned_of() -> None:
    assert role(is_superuser=False) == []
    (found,) = role(is_superuser=True)
    assert (found.level, "ordinary" in found.mend) == (Level.WARNING, True)


def test_one_program_alone_is_nothing_to_tell() -> None:
    assert programs(None, ["chat"]) == []


def test_who_works_what() -> None:
    (found,) = programs(Ownership(programs=EACH, owners=OWNERS), ["chat", "sms"])
    assert found.level is Level.OK
    assert found.message == "share the work; chat: a:1:x, sms: b:2:y, intake: a:1:x"


@pytest.mark.parametrize("role", list(Role))
def test_a_role_that_nobody_has_is_an_error(role: Role) -> None:
    found = programs(Ownership(programs={**EACH, role: 0}, owners=OWNERS), ["chat", "sms"])
    (error,) = [finding for finding in found if finding.level is Level.ERROR]
    assert error.message == f"no program has the role {role.value}"
    assert f"--roles {role.value}" in error.mend


def test_an_account_that_nobody_works_and_clocks_that_differ() -> None:
    shared = Ownership(programs=EACH, owners={"chat": "a:1:x"}, database_ahead=timedelta(seconds=-7))
    said = [finding.message for finding in programs(shared, ["chat", "sms"]) if finding.level is Level.WARNING]
    assert said == ["this machine's clock and the database's differ by 7 s", "nobody works the account sms"]
