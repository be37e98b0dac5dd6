"""Lines of a members' file: what is taken, what is refused, and in which words."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.community import Community
from bridge.core.ids import CommunityId
from bridge.core.roster import NewMember, UnreadableFile
from bridge.members import importing

RULES = importing.Rules(
    community=Community(id=CommunityId("hifa"), name="HIFA", language="en", moderators=()),
    kinds={"telegram": "telegram", "matrix": "matrix", "sms": "sms", "mail": "email", "chat": "loopback"},
    region="KE",
)


def read(**cells: str) -> NewMember:
    return importing.read_line(2, list(cells.values()), list(cells), RULES)


def test_a_whole_line() -> None:
    row = read(
        telegram="12345",
        sms="0700 000001",
        name="Amina\u202e Okello ",
        role="nurse",
        country="Kenya",
        language="pt_BR",
        reading="Daily",
        joined="2019-02-28",
        show_profile="yes",
        title="Country Representative for Kenya",
        favourite_colour="blue",
    )
    assert row.addresses == (("telegram", "12345"), ("sms", "+254700000001"))
    assert row.answers == {"name": "Amina Okello", "role": "nurse", "country": "KE"}
    assert (row.language, row.reading, row.shown) == ("pt-BR", "daily", True)
    assert row.joined is not None
    assert row.joined.date().isoformat() == "2019-02-28"


def test_a_number_as_our_own_export_writes_it() -> None:
    assert read(sms="'+254700000001").addresses == (("sms", "+254700000001"),)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"name": "Amina"}, "has no address"),
        ({"telegram": "@amina"}, "must hold Telegram's number"),
        ({"matrix": "amina"}, "must look like @amina:example.org"),
        ({"mail": "amina at example.org"}, "is no e-mail address"),
        ({"sms": "12"}, "too short or too long"),
        ({"sms": "call me"}, "is no telephone number"),
        ({"chat": "a\nb"}, "is no address"),
        ({"chat": "amina", "language": "English!"}, "language must be a code"),
        ({"chat": "amina", "reading": "hourly"}, "reading must be one of immediate, daily"),
        ({"chat": "amina", "joined": "last year"}, "joined must be a day"),
        ({"chat": "amina", "show_profile": "perhaps"}, "show_profile must be yes or no"),
        ({"chat": "amina", "role": "x" * 81}, "role has 81 letters; at most 80"),
    ],
)
def test_refused_in_words(cells: dict[str, str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(**cells)


def test_more_cells_than_columns() -> None:
    with pytest.raises(ValueError, match="has 3 cells, more than there are columns"):
        importing.read_line(2, ["amina", "Amina", "what?"], ["chat", "name"], RULES)


@given(st.dictionaries(st.sampled_from(["chat", "telegram", "sms", "name", "role", "joined", "language"]), st.text()))
def test_any_line_is_read_or_refused(cells: dict[str, str]) -> None:
    try:
        row = read(**cells)
    except ValueError as error:
        assert str(error)  # noqa: PT017 - either is right, but never without a reason
        return
    assert row.addresses
    assert all(user and len(user) <= 255 for _, user in row.addresses)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_of_every_spreadsheet(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "members.csv"
    text = '\ufeffChat,Show Profile,"Name"\r\namina,yes,"Okello, Amina"\r\n,,\r\n'.replace(",", delimiter)
    path.write_bytes(text.replace(f"Okello{delimiter}", "Okello,").encode())
    found = importing.opened(path)
    assert found.columns == ("chat", "show_profile", "name")
    assert [cells for _, cells in found.lines] == [["amina", "yes", "Okello, Amina"]]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"chat,name\nam\xe9lie,x", "is not UTF-8 text"),
        (b"PK\x03\x04\0\0", "is no text file"),
        (b"chat,chat\na,b", "two columns called chat"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, data: bytes, why: str) -> None:
    path = tmp_path / "members.csv"
    path.write_bytes(data)
    with pytest.raises(UnreadableFile, match=why):
        importing.opened(path)


def test_a_file_without_addresses_says_what_a_column_must_be_called() -> None:
    with pytest.raises(UnreadableFile, match=r"named like an account of the config file \(telegram, matrix"):
        RULES.known(["name", "e-mail"])
