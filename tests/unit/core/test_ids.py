"""Addresses, references and keys."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.ids import (
    AccountId,
    Address,
    AddressError,
    ChatId,
    MessageId,
    PartId,
    RemoteRef,
    UserId,
    UserRef,
    delivery_key,
)


@pytest.mark.parametrize(
    ("text", "account", "chat"),
    [
        ("telegram:-1002222222222", "telegram", "-1002222222222"),
        ("telegram:-1002222222222/45", "telegram", "-1002222222222/45"),
        ("matrix:!room:example.org", "matrix", "!room:example.org"),
        (" sms : +254700000000 ", "sms", "+254700000000"),
    ],
)
def test_an_address_is_split_at_its_first_colon(text: str, account: str, chat: str) -> None:
    assert Address.parse(text) == Address(AccountId(account), ChatId(chat))


@pytest.mark.parametrize("text", ["", "telegram", ":", "telegram:", ":-100", " : x", "telegram:  "])
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(AddressError, match="ACCOUNT:CHAT"):
        Address.parse(text)


word = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(str.strip).filter(bool)


@given(word.filter(lambda text: ":" not in text), word)
def test_a_written_address_reads_back(account: str, chat: str) -> None:
    address = Address(AccountId(account), ChatId(chat))
    assert Address.parse(str(address)) == address


def test_references_are_readable() -> None:
    ref = RemoteRef(AccountId("telegram"), ChatId("-100"), MessageId("7"))
    assert str(ref) == "telegram:-100#7"
    assert ref.address == Address(AccountId("telegram"), ChatId("-100"))
    assert str(RemoteRef(ref.account, ref.chat, ref.message, PartId("2"))) == "telegram:-100#7/2"
    assert str(UserRef(AccountId("matrix"), UserId("@a:b"))) == "matrix:@a:b"


def test_a_delivery_key_never_changes() -> None:
    """A key stored by an earlier release must be made again by this one, or a repeated send is a second post."""
    assert delivery_key(1, "install") == "89e6fbe8535251d9881f201a1af4c179"
    assert delivery_key("1", "install") == delivery_key(1, "install")


@given(st.lists(st.tuples(st.integers(1), st.sampled_from(["one", "two"])), unique=True, max_size=20))
def test_delivery_keys_are_hex_and_unique(rows: list[tuple[int, str]]) -> None:
    keys = [delivery_key(*row) for row in rows]
    assert all(re.fullmatch(r"[0-9a-f]{32}", key) for key in keys)
    assert len(set(keys)) == len(keys)
