"""Two Barazas in one Matrix room, and in two, each with a group of its own: real programs on a real Synapse."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from bridge.adapters.loopback.people import People
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin, SynapseServer
from tests.acceptance.program import Program
from tests.acceptance.world import until
from tests.servers import free_port, unique

CONFIG = """
[bridge]
database = "sqlite://baraza.db"
media = "media"
[web]
listen = "127.0.0.1:{port}"
[accounts.matrix]
kind = "matrix"
homeserver = "{url}"
user_id = "{user}"
password = "env:BARAZA_TEST_PASSWORD"
[accounts.chat]
kind = "loopback"
directory = "chat"
thin = false
poll_interval = 0.05
[[communities]]
id = "hifa"
name = "{name}"
moderators = ["chat:mods"]
moderator_ids = ["chat:grace"]
undo_seconds = 0
allow_bots = [{bots}]
[[communities.rules]]
if = "all"
then = "approve"
[[communities.groups]]
chat = "matrix:{room}"
intake = "copy"
[[communities.groups]]
chat = "chat:village"
intake = "copy"
"""


class Baraza:
    """One installation, and the village on its other side."""

    def __init__(
        self,
        directory: Path,
        url: str,
        login: MatrixLogin,
        room: str,
        *further: str,
        name: str = "HIFA",
        allows: str = "",
    ) -> None:
        directory.mkdir()
        path = directory / "baraza.toml"
        secret = directory / "password"
        secret.write_text(login.password)
        secret.chmod(0o600)
        bots = f'"matrix:{allows}"' if allows else ""
        config = CONFIG.format(port=free_port(), url=url, user=login.user_id, room=room, name=name, bots=bots)
        for other in further:
            config += f'[[communities.groups]]\nchat = "matrix:{other}"\nintake = "copy"\n'
        path.write_text(config.replace("env:BARAZA_TEST_PASSWORD", f"file:{secret}"))
        self.people = People(directory / "chat")
        self.program = Program(path)

    def village(self) -> list[str]:
        return [m.text for m in self.people.shown("village") if not m.user]

    def says(self, text: str) -> str:
        return self.people.writes("village", text, user="amina", name="Amina")

    async def hears(self, *texts: str) -> None:
        await until(lambda: all(map(self.has, texts)), 40)

    async def tells_moderators(self, text: str) -> None:
        await until(lambda: [m for m in self.people.shown("mods") if text in m.text], 40)

    def has(self, text: str) -> int:
        return sum(text in said for said in self.village())


async def shown(user: MatrixUser, room: str, text: str) -> None:
    await user.wait_for(lambda u: u.rooms[room].find(text), 30)


async def test_two_in_one_room_do_not_loop_and_the_room_may_move(
    tmp_path: Path, synapse: SynapseServer, matrix_user: Callable[[str], Awaitable[MatrixUser]]
) -> None:
    fatima, peter = await matrix_user("Fatima"), await matrix_user("Peter")
    logins = [await synapse.register(unique("baraza"), displayname="Baraza") for _ in range(2)]
    bots = [login.user_id for login in logins]
    room = await peter.create_room(
        "Health room",
        invite=[*bots, fatima.user_id],
        room_version="11",
        power_levels={"users": {peter.user_id: 100, bots[0]: 50, bots[1]: 50}},
    )
    await fatima.join(room)
    one, two = (
        Baraza(tmp_path / name, synapse.url, login, room) for name, login in zip(("one", "two"), logins, strict=True)
    )
    await one.program.start()
    await two.program.start()
    try:
        for number in range(4):
            await fatima.send_text(room, f"From the room {number}.")
        first = one.says("From village one.")
        two.says("From village two.")
        for baraza in (one, two):
            await baraza.hears(*(f"From the room {n}." for n in range(4)))
        for text in ("From village one.", "From village two."):
            await shown(fatima, room, text)

        # The last word that either could have to say about all that: then whatever loops has begun to.
        await fatima.send_text(room, "The last word.")
        for baraza in (one, two):
            await baraza.hears("The last word.")
            assert [baraza.has(f"From the room {n}.") for n in range(4)] == [1, 1, 1, 1]
        assert (one.has("From village two."), two.has("From village one.")) == (0, 0)
        for text in ("From village one.", "From village two."):
            assert sum(text in item.body for item in fatima.rooms[room].timeline) == 1

        # The room moves. Nobody is let in who is not invited: each bridge says so, and goes on once it is.
        upgraded = await peter._call("POST", f"/_matrix/client/v3/rooms/{room}/upgrade", {"new_version": "12"})
        new = str(upgraded["replacement_room"])
        assert ":" not in new
        for baraza in (one, two):
            await baraza.tells_moderators("invite the bot there")
        for user in (*bots, fatima.user_id):
            await peter.invite(new, user)
        await fatima.join(new)
        for baraza in (one, two):
            await baraza.tells_moderators("has moved")
        await fatima.send_text(new, "From the new room.")
        one.says("To the new room.")
        await until(lambda: one.has("From the new room.") and two.has("From the new room."), 30)
        await fatima.wait_for(lambda u: u.rooms[new].find("To the new room."), 30)
        assert two.has("To the new room.") == 0

        # What was said before is still ours to change, where it is.
        one.people.does(chat="village", user="amina", name="Amina", edit=first, text="From village one, corrected.")
        await until(lambda: [m for m in one.people.shown("mods") if "corrected" in m.text and m.buttons], 30)
        card = [m for m in one.people.shown("mods") if "corrected" in m.text and m.buttons][-1]
        handle = next(handle for label, handle in card.buttons if "Approve" in label)
        one.people.does(chat="mods", user="grace", name="Grace", press=handle, message=card.id)
        await fatima.wait_for(lambda u: u.rooms[room].find("From village one, corrected."), 30)
    finally:
        await one.program.stop()
        await two.program.stop()


async def test_two_that_allow_each_other_in_two_rooms_come_to_an_end_and_say_so(
    tmp_path: Path, synapse: SynapseServer, matrix_user: Callable[[str], Awaitable[MatrixUser]]
) -> None:
    fatima = await matrix_user("Fatima")
    logins = [await synapse.register(unique("baraza"), displayname="Baraza") for _ in range(2)]
    bots = [login.user_id for login in logins]
    rooms = [await fatima.create_room(f"Health room {n}", invite=bots) for n in range(2)]
    barazas = [
        Baraza(tmp_path / name, synapse.url, login, *rooms, name=name, allows=other)
        for name, login, other in zip(("HIFA", "CHIFA"), logins, reversed(bots), strict=True)
    ]
    for baraza in barazas:
        await baraza.program.start()
    try:
        await fatima.send_text(rooms[0], "Yes")
        for baraza in barazas:
            await baraza.tells_moderators("brings posts of this community back")
        await fatima.send_text(rooms[0], "The last word.")
        for baraza in barazas:
            await baraza.hears("The last word.")
        for room in rooms:
            await fatima.wait_for(lambda u, room=room: u.rooms[room].find("The last word."), 30)  # type: ignore[misc]
        # Its own, and what one bridge made of it before the other knew the line that it stands under.
        said = [item.body for room in rooms for item in fatima.rooms[room].timeline if "Yes" in item.body.split()]
        assert len(said) <= 5
        assert max(body.count("#1 ·") for body in said) == 1, "nobody's post went around"
    finally:
        for baraza in barazas:
            await baraza.program.stop()
