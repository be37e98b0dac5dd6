"""``baraza members`` and ``baraza statistics`` as an operator uses them, on a real database."""

import asyncio
import csv
import io
import json
import stat
from pathlib import Path

import pytest

from bridge.cli import main
from tests.acceptance.world import World

Capture = pytest.CaptureFixture[str]


class Operator:
    """Somebody at a terminal."""

    def __init__(self, directory: Path, capture: Capture) -> None:
        self.world = World(directory, 0)
        asyncio.run(self.world.with_tables())
        self.directory = directory
        self.capture = capture

    def runs(self, *arguments: str, status: int = 0) -> str:
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["--config", str(self.world.path), *arguments])
        out, err = self.capture.readouterr()
        assert ended.value.code == status, out + err
        return out + err

    def file(self, text: str, name: str = "members.csv") -> str:
        path = self.directory / name
        path.write_text(text)
        return str(path)

    def shown(self, who: str) -> list[dict[str, object]]:
        found: list[dict[str, object]] = json.loads(self.runs("members", "show", who, "--json"))
        return found


@pytest.fixture
def operator(tmp_path: Path, capsys: Capture) -> Operator:
    return Operator(tmp_path, capsys)


PEOPLE = """chat,sms,name,role,country,title,show_profile,shoe
amina,+254700000001,Amina Okello,nurse,Kenya,Country Representative for Kenya,yes,39
joseph,,Joseph Mwangi,,Uganda,,no,
amina,,Amina again,,,,,
,,Nobody,,,,,
"""


def test_members_come_in_once(operator: Operator) -> None:
    file = operator.file(PEOPLE)
    said = operator.runs("members", "import", file, "--dry-run", status=1)
    assert "2 people would be new" in said
    operator.runs("members", "show", "amina", status=1)  # nothing was kept
    said = operator.runs("members", "import", file, status=1)
    assert "4 lines: 2 people are new, 0 were known and joined HIFA, 0 are members already, 2 were refused." in said
    assert "Columns that mean nothing here: shoe." in said
    refused = operator.directory / "members.refused.csv"
    assert stat.S_IMODE(refused.stat().st_mode) == 0o600
    rows = list(csv.DictReader(io.StringIO(refused.read_text(encoding="utf-8-sig"))))
    assert [(row["refused_line"], row["refused_because"]) for row in rows] == [
        ("4", "has the same address as line 2"),
        ("5", "has no address"),
    ]
    said = operator.runs("members", "import", file, status=1)
    assert "0 people are new" in said
    assert "2 are members already" in said
    (amina,) = operator.shown("chat:amina")
    assert amina["answers"] == {"name": "Amina Okello", "role": "nurse", "country": "KE"}
    assert amina["shown"] is True
    assert operator.shown("Okello") == [amina]
    assert operator.shown("sms:+254700000001") == [amina]


def test_nobody_is_written_to(operator: Operator) -> None:
    operator.runs("members", "import", operator.file(PEOPLE), status=1)
    assert "nothing" in operator.runs("deliveries").casefold() or "[]" in operator.runs("deliveries", "--json")


def test_what_is_exported_can_be_imported(operator: Operator, tmp_path: Path, capsys: Capture) -> None:
    operator.runs("members", "import", operator.file(PEOPLE), status=1)
    out = operator.directory / "all.csv"
    operator.runs("members", "export", "--out", str(out))
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    (tmp_path / "other").mkdir()
    other = Operator(tmp_path / "other", capsys)
    assert "2 people are new" in other.runs("members", "import", str(out))
    again = other.directory / "again.csv"
    other.runs("members", "export", "--out", str(again))
    assert again.read_text() == out.read_text()


def test_banned_and_let_back(operator: Operator) -> None:
    operator.runs("members", "import", operator.file(PEOPLE), status=1)
    assert "say why" in operator.runs("members", "ban", "Joseph", "--yes", status=2)
    assert "is banned" in operator.runs("members", "ban", "Joseph", "--reason", "advertising", "--yes")
    assert "is banned already" in operator.runs("members", "ban", "Joseph", "--reason", "again", "--yes", status=1)
    said = operator.runs("members", "import", operator.file("chat,name\njoseph,Joseph\n", "again.csv"), status=1)
    assert "1 were refused" in said
    assert "may come back" in operator.runs("members", "ban", "Joseph", "--lift", "--yes")
    assert "0 lines" not in operator.runs("audit", "verify")


def test_several_people_of_a_name(operator: Operator) -> None:
    operator.runs("members", "import", operator.file("chat,name\na,Grace Achieng\nb,Grace Banda\n"))
    said = operator.runs("members", "ban", "Grace", "--reason", "x", "--yes", status=1)
    assert "may be several people: give one's number" in said
    assert "Grace Banda" in said


def test_figures_of_a_month_in_which_nothing_was_posted(operator: Operator) -> None:
    operator.runs("members", "import", operator.file(PEOPLE), status=1)
    assert "HIFA, 2026-10-01 to 2026-10-31: 0 messages, 0 contributors, 0 countries." in operator.runs(
        "statistics", "--month", "2026-10"
    )
    assert "write a month like 2026-10" in operator.runs("statistics", "--month", "October", status=2)
    assert json.loads(operator.runs("statistics", "--json"))["members"] == 2


def test_two_that_are_one_and_one_that_is_nobody(operator: Operator) -> None:
    operator.runs("members", "import", operator.file("chat,sms,name\na,,Grace Achieng\n,+254700000009,G. Achieng\n"))
    said = operator.runs("members", "merge", "chat:a", "sms:+254700000009", "--yes")
    assert "is now a part of person" in said
    (grace,) = operator.shown("chat:a")
    assert operator.shown("sms:+254700000009") == [grace]
    assert "one person already" in operator.runs("members", "merge", "chat:a", "sms:+254700000009", "--yes", status=1)
    assert "is erased" in operator.runs("members", "erase", "chat:a", "--yes")
    operator.runs("members", "show", "Achieng", status=1)
    assert b"Achieng" not in (operator.directory / "baraza.db").read_bytes()
