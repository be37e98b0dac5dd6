"""The invented network keeps what it took, through half-written lines and restarts."""

import json
from pathlib import Path

import pytest

from bridge.adapters.loopback.network import MAX_LINE, Network, NetworkRefused
from bridge.adapters.loopback.people import People


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path)


def connect(directory: Path) -> Network:
    network = Network(directory, text_limit=10, caption_limit=3)
    network.open()
    return network


def line(op: str = "send", key: str = "k1", **more: object) -> dict[str, object]:
    return {"op": op, "chat": "village", "key": key, **more}


def test_a_last_line_waits_until_it_is_whole(people: People) -> None:
    network = connect(people.directory)
    people.appends(b'{"id": "a"}\n{"id": ')
    [first] = network.receive(0)
    assert first.raw == b'{"id": "a"}\n'
    assert network.receive(first.end) == []
    people.appends(b'"b"}\n')
    [second] = network.receive(first.end)
    assert second.raw == b'{"id": "b"}\n'
    assert second.start == first.end


def test_a_line_without_end_does_not_fill_the_memory(people: People) -> None:
    network = connect(people.directory)
    people.appends(b"x" * (3 * MAX_LINE) + b"\nnext\n")
    long, after = network.receive(0)
    assert len(long.raw) == MAX_LINE
    assert after.raw == b"next\n"
    assert network.receive(after.end) == []


def test_a_shorter_inbox_is_read_from_its_beginning(people: People) -> None:
    network = connect(people.directory)
    people.appends(b"one\n")
    assert [received.raw for received in network.receive(1_000_000)] == [b"one\n"]


def test_a_connection_knows_what_an_earlier_one_sent(people: People) -> None:
    first = connect(people.directory)
    sent = first.post(line(text="hello"))
    (removed,) = first.post(line(key="k2", text="oops"))
    first.post(line("delete", "k3", target=removed))
    second = connect(people.directory)
    assert second.find("village", "k1") == sent
    assert second.find("elsewhere", "k1") == []
    assert second.find("village", "k9") == []
    assert second.post(line(key="k4", text="again")) not in (sent, [removed])
    with pytest.raises(NetworkRefused, match="no_such_message"):
        second.post(line("edit", "k5", target=removed, text="x"))


def test_a_half_written_send_is_not_sent_and_spoils_nothing(people: People) -> None:
    first = connect(people.directory)
    first.post(line(text="whole"))
    with (people.directory / "outbox.jsonl").open("ab") as file:
        file.write(b'{"id": "b2", "op": "send", "chat": "village", "key": "k2", "te')
    second = connect(people.directory)
    assert second.find("village", "k2") == []
    second.post(line(key="k3", text="next"))
    third = connect(people.directory)
    assert third.find("village", "k3")
    assert [message.text for message in people.shown("village")] == ["whole", "next"]


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (line(text="a" * 11), "too_long"),
        (line(text="abcd", files=[{}]), "too_long"),
        (line("edit", target="b99", text="x"), "no_such_message"),
    ],
)
def test_the_network_refuses(people: People, operation: dict[str, object], code: str) -> None:
    network = connect(people.directory)
    with pytest.raises(NetworkRefused, match=code):
        network.post(operation)
    assert people.sent() == []


def test_trouble_in_one_chat_is_not_trouble_in_another(people: People) -> None:
    network = connect(people.directory)
    people.trouble("cut", chat="village")
    with pytest.raises(ConnectionResetError):
        network.post(line(text="lost?"))
    network.post({**line(key="k2", text="fine"), "chat": "town"})
    people.calm()
    assert network.find("village", "k1")
    assert len(people.sent()) == 2


def test_lines_are_one_json_object_each(people: People) -> None:
    network = connect(people.directory)
    network.post(line(text="a\nb\u2028"))
    raw = (people.directory / "outbox.jsonl").read_bytes()
    assert raw.count(b"\n") == 1
    assert json.loads(raw)["text"] == "a\nb\u2028"
