"""What `baraza check` says of an account, and what its settings refuse."""

from collections.abc import Collection, Sequence

import pytest
from pydantic import ValidationError

from bridge.adapters.email.adapter import build
from bridge.adapters.email.settings import Settings
from bridge.core.checks import CanCheck, Finding, Level
from bridge.core.clock import SystemClock
from bridge.core.ids import AccountId, ChatId, CommunityId
from bridge.core.ports import AdapterContext
from bridge.playground.synapse import free_port
from tests.unit.adapters.email.common import Store


async def findings(
    inboxes: dict[CommunityId, tuple[str, ChatId]], *, moderators: Collection[str] = (), **settings: object
) -> Sequence[Finding]:
    values = {"domain": "lists.example.org", "lmtp": "127.0.0.1:2424", "smtp": f"127.0.0.1:{free_port()}", **settings}
    context = AdapterContext(
        account=AccountId("mail"),
        clock=SystemClock(),
        inboxes=inboxes,
        chats=frozenset(map(ChatId, moderators)),
        permitted_inviters=frozenset(moderators),
    )
    adapter = build(Settings.model_validate(values), context)
    assert isinstance(adapter, CanCheck)
    found = await adapter.check((), Store())
    await adapter.stop()
    return found


async def test_it_says_what_hinders_and_what_the_world_must_find() -> None:
    found = await findings({CommunityId("hifa"): ("HIFA", ChatId("hifa@lists.example.com"))}, lmtp="0.0.0.0:2424")
    errors = [each.message for each in found if each.level is Level.ERROR]
    assert any("cannot be reached" in message for message in errors)
    assert any("is not at lists.example.org" in message for message in errors)
    warnings = " ".join(each.message for each in found if each.level is Level.WARNING)
    assert "no sender is proven" in warnings
    assert "whoever reaches that port" in warnings
    assert "RFC 8058" in warnings
    told = " ".join(each.message for each in found)
    for word in ("MX", "SPF", "DKIM", "DMARC", "PTR"):
        assert word in told
    assert all(each.mend for each in found if each.level is Level.ERROR)


async def test_a_moderators_address_in_capitals_is_an_error_in_either_list() -> None:
    hifa = {CommunityId("hifa"): ("HIFA", ChatId("hifa"))}
    found = await findings(hifa, moderators=("grace@example.org", "Ruth@Example.org"))
    errors = [each.message for each in found if each.level is Level.ERROR]
    assert [message for message in errors if "Ruth@Example.org" in message] == [
        "Ruth@Example.org is no moderator's address",
        "Ruth@Example.org is nobody's address, so that they cannot decide by mail",
    ]
    assert not [message for message in errors if "grace@example.org" in message]


async def test_an_account_without_communities_is_an_error() -> None:
    found = await findings({})
    assert any("nobody can write" in each.message for each in found if each.level is Level.ERROR)


@pytest.mark.parametrize(
    "values",
    [
        {"domain": "example"},
        {"domain": "a b.example.org"},
        {"domain": "x.example.org\r\nevil"},
        {"lmtp": "2424"},
        {"lmtp": "127.0.0.1:99999"},
        {"lmtp": "", "imap": ""},
        {"imap": "imap.example.org:993", "imap_user": "x", "imap_password": "y"},
        {"lmtp": "", "imap": "imap.example.org:993"},
    ],
)
def test_settings_that_mean_nothing_are_refused(values: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"domain": "lists.example.org", "lmtp": "127.0.0.1:2424", **values})
