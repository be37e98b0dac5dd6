"""The demo's own Matrix server, and the person with a Matrix app, against the real Synapse."""

import asyncio
import os
import signal
import socket
import stat
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path

import asyncpg
import pytest
from PIL import Image

from bridge.playground.matrix_user import MatrixUser, MatrixUserError
from bridge.playground.synapse import SynapseError, SynapseServer, SynapseUnavailable, install, is_installed
from tests.servers import SYNAPSE_VENV, free_port, started_synapse, unique

NewUser = Callable[[str], Awaitable[MatrixUser]]


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (8, 6), "teal").save(out, "PNG")
    return out.getvalue()


def is_running(pid: int) -> bool:
    """Whether it still does something: a process that nobody has buried yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


async def shared_room(host: MatrixUser, guest: MatrixUser, name: str = "Clinic") -> str:
    room_id = await host.create_room(name, topic="Questions", invite=[guest.user_id])
    await guest.wait_for(lambda user: user.rooms.get(room_id))
    await guest.join(room_id)
    await guest.wait_for(lambda user: user.rooms[room_id].membership == "join")
    return room_id


# --- the server


async def test_registering_twice_gives_the_same_device(synapse: SynapseServer) -> None:
    name = unique("amina")
    first = await synapse.register(name, "a password", "Amina")
    again = await synapse.register(name, "a password", "Amina O.")
    assert (again.user_id, again.access_token, again.device_id) == (first.user_id, first.access_token, first.device_id)
    async with MatrixUser(synapse.url, again.user_id, again.access_token) as amina:
        room_id = await amina.create_room("Alone")
        await amina.wait_for(lambda user: room_id in user.rooms and user.rooms[room_id].members)
        assert amina.rooms[room_id].members[amina.user_id].displayname == "Amina O."


async def test_another_password_is_refused_and_does_not_replace_the_right_one(synapse: SynapseServer) -> None:
    name = unique("amina")
    login = await synapse.register(name, "right")
    with pytest.raises(SynapseError, match="Invalid username or password"):
        await synapse.register(name, "wrong")
    assert (await synapse.register(name)).user_id == login.user_id


async def test_password_made_for_a_user_opens_a_new_device(synapse: SynapseServer) -> None:
    login = await synapse.register(unique("amina"))
    other = await MatrixUser.log_in(synapse.url, login.user_id, login.password)
    async with other:
        assert other.user_id == login.user_id
    assert login.password not in repr(login)
    assert login.access_token not in repr(login)


async def test_a_restart_keeps_everything(tmp_path: Path, synapse: SynapseServer) -> None:
    del synapse  # only for its installation
    server = started_synapse(tmp_path / "server", rate_limits=True)
    try:
        url, login = server.url, await server.register("amina", displayname="Amina")
        async with MatrixUser(url, login.user_id, login.access_token) as amina:
            room_id = await amina.create_room("Clinic")
            sent = await amina.send_text(room_id, "before the restart")
            await amina.wait_for(lambda user: user.rooms.get(room_id) and user.rooms[room_id].item(sent))
            since = amina.since
        await server.stop()
        assert server.pid is None

        again = SynapseServer(tmp_path / "server", venv=SYNAPSE_VENV, rate_limits=True)
        await again.start()
        try:
            assert again.url == url
            assert await again.register("amina") == login
            async with MatrixUser(url, login.user_id, login.access_token) as amina:
                assert [item.event_id for item in amina.rooms[room_id].timeline] == [sent]
                missed = await amina.send_text(room_id, "since then")
            async with MatrixUser(url, login.user_id, login.access_token, since=since) as amina:
                assert amina.rooms[room_id].name == "Clinic"
                assert [item.event_id for item in amina.rooms[room_id].timeline] == [missed]
        finally:
            await again.stop()
    finally:
        await server.stop()


async def test_its_files_are_for_the_owner_only(tmp_path: Path, synapse: SynapseServer) -> None:
    del synapse
    server = started_synapse(tmp_path / "server")
    try:
        login = await server.register("amina")
        async with MatrixUser(server.url, login.user_id, login.access_token) as amina:
            await amina.upload(picture(), filename="a.png", mimetype="image/png")
    finally:
        await server.stop()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [server.directory, *server.directory.rglob("*")]}
    assert {path: oct(mode) for path, mode in modes.items() if mode & 0o077} == {}


async def test_rate_limits_can_be_on_and_lifted_for_one(tmp_path: Path, synapse: SynapseServer) -> None:
    del synapse
    server = started_synapse(tmp_path / "server", rate_limits=True)
    try:
        login = await server.register("bridge")
        fast = MatrixUser(server.url, login.user_id, login.access_token)
        room_id = await fast.create_room("Clinic")
        fast.longest_wait = 0

        async def send_many() -> None:
            for number in range(30):
                await fast.send_text(room_id, f"message {number}")

        try:
            with pytest.raises(MatrixUserError, match="M_LIMIT_EXCEEDED"):
                await send_many()
            await server.lift_rate_limit(login.user_id)
            await send_many()
        finally:
            await fast.stop()
    finally:
        await server.stop()


async def test_a_killed_program_leaves_no_server_and_no_lock(tmp_path: Path, synapse: SynapseServer) -> None:
    del synapse
    program = textwrap.dedent(f"""
        import asyncio, pathlib
        from bridge.playground.synapse import SynapseServer
        async def main():
            server = SynapseServer(pathlib.Path({str(tmp_path / "server")!r}), venv=pathlib.Path({str(SYNAPSE_VENV)!r}))
            await server.start()
            await server.register("amina", "a password")
            print(server.pid, flush=True)
            await asyncio.sleep(600)
        asyncio.run(main())
    """)
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE)
    assert parent.stdout is not None
    orphan = int(await parent.stdout.readline())
    parent.kill()
    assert await parent.wait() == -signal.SIGKILL

    server = SynapseServer(tmp_path / "server", venv=SYNAPSE_VENV)
    await server.start()  # waits for the other one's end
    try:
        assert not is_running(orphan)
        await server.register("amina", "a password")
    finally:
        await server.stop()


async def test_a_second_server_on_the_same_directory_is_refused(
    synapse: SynapseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.playground.synapse.LOCK_SECONDS", 0.2)
    second = SynapseServer(synapse.directory, venv=SYNAPSE_VENV)
    with pytest.raises(SynapseUnavailable, match="still runs on"):
        await second.start()


async def test_a_taken_port_is_named(tmp_path: Path, synapse: SynapseServer) -> None:
    del synapse
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = SynapseServer(tmp_path / "server", venv=SYNAPSE_VENV, port=taken.getsockname()[1])
        with pytest.raises(SynapseUnavailable, match=f"Port {taken.getsockname()[1]} is taken"):
            await server.start()
    assert server.pid is None


async def test_a_remembered_port_that_is_taken_is_replaced(tmp_path: Path, synapse: SynapseServer) -> None:
    del synapse
    server = started_synapse(tmp_path / "server")
    await server.stop()
    old = int(server.url.rsplit(":", 1)[1])
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", old))
        taken.listen()
        again = SynapseServer(tmp_path / "server", venv=SYNAPSE_VENV)
        await again.start()
        try:
            assert int(again.url.rsplit(":", 1)[1]) != old
        finally:
            await again.stop()


async def test_a_failed_start_shows_the_end_of_the_log(tmp_path: Path, synapse: SynapseServer) -> None:
    del synapse
    (tmp_path / "server").mkdir()
    (tmp_path / "server" / "homeserver.db").write_bytes(b"no database at all" * 100)
    server = SynapseServer(tmp_path / "server", venv=SYNAPSE_VENV)
    with pytest.raises(SynapseUnavailable, match="file is not a database"):
        await server.start()
    assert server.pid is None


async def test_without_an_index_the_reason_is_in_plain_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}/simple"
    for name, value in {"INDEX_URL": nowhere, "CONFIG_FILE": os.devnull, "RETRIES": "0", "NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    for name in ("EXTRA_INDEX_URL", "FIND_LINKS"):
        monkeypatch.delenv(f"PIP_{name}", raising=False)
    progress: list[str] = []
    with pytest.raises(SynapseUnavailable, match="package index could not be reached"):
        await install(tmp_path / "venv", on_progress=progress.append)
    assert progress
    assert not is_installed(tmp_path / "venv")


async def test_installing_where_nothing_can_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SynapseUnavailable, match="Cannot write to"):
        await install(tmp_path / "file" / "venv")


# --- the person


async def test_a_message_with_all_that_can_happen_to_it(matrix_user: NewUser) -> None:
    amina, brian = await matrix_user("Amina"), await matrix_user("Brian")
    room_id = await shared_room(amina, brian)
    room = brian.rooms[room_id]
    assert (room.name, room.topic, room.creator) == ("Clinic", "Questions", amina.user_id)

    question = await amina.send_text(room_id, "ORS for a baby?", "<b>ORS</b> for a baby?")
    seen = await brian.wait_for(lambda _: room.item(question))
    assert (seen.sender_name, seen.body, seen.html) == ("Amina", "ORS for a baby?", "<b>ORS</b> for a baby?")
    assert (seen.kind, seen.reactions, seen.edited, seen.reply_to) == ("m.text", {}, False, None)

    answer = await brian.reply(room_id, question, "Yes, in small sips")
    thumb = await brian.react(room_id, question, "👍")
    await amina.react(room_id, question, "👍")
    await amina.react(room_id, question, "❤️")
    hers = amina.rooms[room_id]
    await amina.wait_for(lambda _: (item := hers.item(question)) and item.reactions == {"👍": 2, "❤️": 1})
    await brian.redact(room_id, thumb)
    await amina.wait_for(lambda _: (item := hers.item(question)) and item.reactions == {"👍": 1, "❤️": 1})
    replied = hers.item(answer)
    assert replied is not None
    assert replied.reply_to == question

    await amina.edit(room_id, question, "ORS for a baby of 3 months?")
    second = await amina.edit(room_id, question, "ORS for a baby of 4 months?")
    newest = await brian.wait_for(lambda _: room.find("4 months"))
    assert (newest.event_id, newest.edited) == (question, True)
    await amina.redact(room_id, second)
    await brian.wait_for(lambda _: room.find("3 months"))

    await amina.redact(room_id, question, "wrong room")
    await brian.wait_for(lambda _: room.item(question) is None)
    assert [item.event_id for item in room.timeline] == [answer]


async def test_an_edit_by_somebody_else_changes_nothing(matrix_user: NewUser) -> None:
    amina, brian = await matrix_user("Amina"), await matrix_user("Brian")
    room_id = await shared_room(amina, brian)
    sent = await amina.send_text(room_id, "mine")
    await brian.edit(room_id, sent, "yours")
    after = await brian.send_text(room_id, "after it")
    await amina.wait_for(lambda user: user.rooms[room_id].item(after))
    item = amina.rooms[room_id].item(sent)
    assert item is not None
    assert (item.body, item.edited) == ("mine", False)


async def test_a_picture_and_a_file_arrive_whole(matrix_user: NewUser) -> None:
    amina, brian = await matrix_user("Amina"), await matrix_user("Brian")
    room_id = await shared_room(amina, brian)
    image = await amina.send_image(
        room_id, picture(), filename="rash.png", mimetype="image/png", caption="Seen today", size=(8, 6)
    )
    leaflet = await amina.send_file(room_id, b"%PDF-1.4", filename="ORS guide.pdf", mimetype="application/pdf")
    room = brian.rooms[room_id]
    await brian.wait_for(lambda _: room.item(leaflet))
    shown, file = room.item(image), room.item(leaflet)
    assert shown is not None
    assert shown.media is not None
    assert file is not None
    assert file.media is not None
    assert (shown.kind, shown.body, shown.media.filename) == ("m.image", "Seen today", "rash.png")
    assert (shown.media.mimetype, shown.media.size) == ("image/png", len(picture()))
    assert await brian.download(shown.media.mxc) == picture()
    assert (file.kind, file.body, file.media.filename) == ("m.file", "ORS guide.pdf", "ORS guide.pdf")
    assert await brian.download(file.media.mxc) == b"%PDF-1.4"


async def test_what_was_missed_while_away_is_filled_in(matrix_user: NewUser) -> None:
    amina, brian = await matrix_user("Amina"), await matrix_user("Brian")
    room_id = await shared_room(amina, brian)
    known = await amina.send_text(room_id, "before")
    await brian.wait_for(lambda user: user.rooms[room_id].item(known))
    await brian.stop()
    sent = await asyncio.gather(*(amina.send_text(room_id, f"number {number}") for number in range(130)))
    await brian.start()
    items = [item.event_id for item in brian.rooms[room_id].timeline]
    assert items[0] == known
    assert sorted(items[1:]) == sorted(sent)


async def test_rights_and_leaving(matrix_user: NewUser) -> None:
    amina, brian = await matrix_user("Amina"), await matrix_user("Brian")
    room_id = await shared_room(amina, brian)
    with pytest.raises(MatrixUserError, match="M_FORBIDDEN"):
        await brian.kick(room_id, amina.user_id)
    await amina.set_power_levels(room_id, users={brian.user_id: 50}, levels={"redact": 40})
    await brian.wait_for(lambda user: user.rooms[room_id].power_levels.get("users", {}).get(brian.user_id) == 50)
    assert brian.rooms[room_id].power_levels["redact"] == 40
    await amina.kick(room_id, brian.user_id, "a test")
    await brian.wait_for(lambda user: user.rooms[room_id].membership == "leave")
    with pytest.raises(MatrixUserError, match="M_FORBIDDEN"):
        await brian.send_text(room_id, "still here?")
    await amina.invite(room_id, brian.user_id)
    await brian.wait_for(lambda user: user.rooms[room_id].membership == "invite")
    await brian.join(room_id)
    await brian.wait_for(lambda user: user.rooms[room_id].membership == "join")
    await brian.leave(room_id)
    await amina.wait_for(lambda user: user.rooms[room_id].members[brian.user_id].membership == "leave")


async def test_an_older_room_version_names_its_creator_in_the_levels(matrix_user: NewUser) -> None:
    amina = await matrix_user("Amina")
    room_id = await amina.create_room("Old", room_version="11", power_levels={"users": {amina.user_id: 100}})
    await amina.wait_for(lambda user: room_id in user.rooms and user.rooms[room_id].power_levels)
    assert amina.rooms[room_id].power_levels["users"] == {amina.user_id: 100}


async def test_syncing_survives_a_restart_of_the_server(tmp_path: Path, synapse: SynapseServer) -> None:
    del synapse
    server = started_synapse(tmp_path / "server")
    try:
        login = await server.register("amina")
        async with MatrixUser(server.url, login.user_id, login.access_token) as amina:
            room_id = await amina.create_room("Clinic")
            await amina.wait_for(lambda user: user.rooms.get(room_id))
            await server.stop()
            await server.start()
            sent = await amina.send_text(room_id, "after the restart")
            await amina.wait_for(lambda user: user.rooms[room_id].item(sent), timeout=30)
    finally:
        await server.stop()


async def test_a_revoked_token_ends_waiting_at_once(synapse: SynapseServer) -> None:
    login = await synapse.register(unique("amina"))
    async with MatrixUser(synapse.url, login.user_id, login.access_token) as amina:
        await amina.log_out()
        started = time.monotonic()
        with pytest.raises(MatrixUserError, match="M_UNKNOWN_TOKEN"):
            await amina.wait_for(lambda _: None, timeout=60)
        assert time.monotonic() - started < 35
    again = await synapse.register(login.user_id.removeprefix("@").split(":")[0])
    assert again.access_token != login.access_token


# --- the other server


async def test_each_database_is_fresh(postgres: str) -> None:
    connection = await asyncpg.connect(postgres)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
        assert await connection.fetchval("SELECT lower('ÀÉ')") == "àé"
        await connection.execute("CREATE TABLE left_behind (id int)")
    finally:
        await connection.close()


async def test_each_database_is_fresh_again(postgres: str) -> None:
    await test_each_database_is_fresh(postgres)
