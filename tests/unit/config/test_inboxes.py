"""A community's own addresses on an account: written like all places, each for one community."""

from pathlib import Path

import pytest

from bridge.config import load
from bridge.core.community import Communities
from bridge.core.errors import ConfigError
from bridge.core.ids import AccountId

GOOD = """
[bridge]
database = "sqlite://b.db"
[accounts.chat]
kind = "loopback"
directory = "chat"
[accounts.mail]
kind = "email"
domain = "lists.example.org"
lmtp = "127.0.0.1:2424"
"""
COMMUNITY = """
[[communities]]
id = "{id}"
name = "{id}"
moderators = ["chat:mods"]
moderator_ids = ["chat:grace"]
inboxes = [{inboxes}]
"""


def written(folder: Path, *communities: tuple[str, str]) -> Path:
    path = folder / "baraza.toml"
    path.write_text(GOOD + "".join(COMMUNITY.format(id=id_, inboxes=inboxes) for id_, inboxes in communities))
    return path


def test_an_inbox_belongs_to_a_community_and_is_no_group(tmp_path: Path) -> None:
    config = load(written(tmp_path, ("hifa", '"mail:hifa"'), ("chifa", '"mail:chifa"')))
    assert config.warnings == ()
    assert config.inboxes(AccountId("mail")) == {"hifa": ("hifa", "hifa"), "chifa": ("chifa", "chifa")}
    assert config.inboxes(AccountId("chat")) == {}
    assert config.chats(AccountId("mail")) == frozenset()
    communities = Communities(config.communities())
    assert [community.id for community in communities.on_account("mail")] == ["hifa", "chifa"]
    assert all(communities.of_group(inbox) is None for each in communities.all for inbox in each.inboxes)


def test_the_spool_lies_beside_the_config_file(tmp_path: Path) -> None:
    config = load(written(tmp_path, ("hifa", '"mail:hifa"')))
    assert getattr(config.accounts[AccountId("mail")], "spool", None) == tmp_path / "data/mail"


@pytest.mark.parametrize(
    ("communities", "words"),
    [
        ((("hifa", '"mail:hifa"'), ("chifa", '"mail:hifa"')), "the same address"),
        ((("hifa", '"mail:hifa", "mail:forum"'),), "on that account already"),
        ((("hifa", '"post:hifa"'),), "there is no account 'post'"),
        ((("hifa", '"hifa"'),), "is not an address"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, communities: tuple[tuple[str, str], ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(written(tmp_path, *communities))
