"""The archive through the real program: what moderators approved can be read, what they take back cannot."""

import re
from functools import partial
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

from bridge import app, config
from bridge.storage import people, personal_links
from tests.acceptance.world import World, until
from tests.servers import free_port

OPTIONS = 'archive = "{policy}"\nsenior_ids = ["chat:grace"]\nreading = "daily"\nkeep_posts = false'


def world_of(folder: Path, policy: str) -> World:
    world = World(folder, free_port(), options=OPTIONS.format(policy=policy))
    text = world.path.read_text()
    world.path.write_text(text.replace("[web]\n", '[web]\npublic_url = "https://bridge.example.org"\n'))
    return world


def photo() -> bytes:
    data = BytesIO()
    Image.effect_noise((1200, 900), 90).convert("RGB").save(data, "JPEG", quality=90)
    return data.getvalue()


async def publish(world: World, number: int, text: str, user: str = "amina", **more: object) -> None:
    world.chat.writes(user, text, user=user, name=user.title(), private=True, **more)
    await until(partial(world.card, number))
    world.press("Approve", by="grace", number=number)
    await until(lambda: "Arrived in 3 of 3 groups" in world.card_text(number))


async def test_what_is_approved_can_be_read_until_it_is_taken_back(tmp_path: Path) -> None:
    world = world_of(tmp_path, "public")
    async with world.bridge(), httpx.AsyncClient(base_url=f"http://127.0.0.1:{world.port}") as web:
        await publish(world, 1, "Réhydratation: how much zinc?")
        await publish(world, 2, "A photo of our chart", file=world.chat.shares("chart.jpg", photo()))
        world.chat.writes("amina", "Held, and nobody else's business", user="amina", name="Amina", private=True)
        await until(partial(world.card, 3))
        listed = await web.get("/hifa")
        assert "Réhydratation: how much zinc?" in listed.text
        assert "nobody else" not in listed.text
        assert (await web.get("/hifa/3")).status_code == 404
        found = await web.get("/hifa/search", params={"q": "rehydratation"})
        assert 'href="1"' in found.text
        assert "Re-entry" not in found.text
        whole = await web.get("/hifa/2")
        size = next(int(match) for match in re.findall(r"original, (\d+) kB", whole.text))
        original, small = await web.get("/hifa/2/file/1"), await web.get("/hifa/2/file/1/240")
        assert abs(len(original.content) - size * 1000) <= 500
        assert len(small.content) <= 8192
        saving = await web.get("/hifa/2/file/1/160", headers={"Save-Data": "on"})
        assert len(saving.content) <= 4096
        with Image.open(BytesIO(small.content)) as image:
            assert max(image.size) <= 240
        stated = await web.get("/hifa/2")
        assert f"small, {round(len(small.content) / 1000)} kB" in stated.text
        assert (await web.get("/hifa/feed.atom")).text.count("<entry ") == 2
        card = world.card(1)
        assert card is not None
        world.chat.writes("mods", "retract: a slip", user="grace", name="Grace", reply_to=card.id)
        await until(lambda: "taken back" in world.card_text(1))
        assert (await web.get("/hifa/1")).status_code == 410
        assert "zinc" not in (await web.get("/hifa")).text
        world.chat.writes("amina", "/archive", user="amina", name="Amina", private=True)
        await until(lambda: "https://bridge.example.org/hifa" in world.texts("amina")[-1])
        world.chat.writes("amina", "FORGET", user="amina", name="Amina", private=True)
        await until(lambda: any("FORGET ME" in text or "erased" in text for text in world.texts("amina")))
        world.chat.writes("amina", "FORGET ME", user="amina", name="Amina", private=True)
        await until(lambda: "Farewell" in world.texts("amina")[-1])
        for path in ("/hifa", "/hifa/feed.atom", "/hifa/search?q=amina", "/hifa/search?q=chart"):
            assert "Amina" not in (await web.get(path)).text, path
        for path in ("/hifa/2", "/hifa/2/file/1", "/hifa/2/file/1/240"):
            assert (await web.get(path)).status_code == 410, path


async def test_a_member_asks_for_a_link_and_takes_it_back(tmp_path: Path) -> None:
    world = world_of(tmp_path, "members")
    async with world.bridge(), httpx.AsyncClient(base_url=f"http://127.0.0.1:{world.port}") as web:
        await publish(world, 1, "For us alone")
        assert (await web.get("/hifa")).status_code == 404
        world.chat.writes("amina", "ARCHIVE", user="amina", name="Amina", private=True)
        await until(lambda: "/hifa/~" in world.texts("amina")[-1])
        link = re.search(r"https://bridge\.example\.org(/hifa/~\S+)", world.texts("amina")[-1])
        assert link is not None
        assert "For us alone" in (await web.get(link[1])).text
        assert "For us alone" in (await web.get(link[1] + "1")).text
        world.chat.writes("amina", "/archive new", user="amina", name="Amina", private=True)
        await until(lambda: "/hifa/~" in world.texts("amina")[-1] and link[1] not in world.texts("amina")[-1])
        assert (await web.get(link[1])).status_code == 404
        world.chat.writes("mallory", "/archive", user="mallory", name="Mallory", private=True)
        await until(lambda: any("not a member" in text for text in world.texts("mallory")))


async def test_a_link_in_a_mail_stops_what_is_sent(tmp_path: Path) -> None:
    world = world_of(tmp_path, "off")
    async with world.bridge(), httpx.AsyncClient(base_url=f"http://127.0.0.1:{world.port}") as web:
        world.chat.writes("joseph", "JOIN", user="joseph", name="Joseph", private=True)
        await until(lambda: world.texts("joseph"))
        await publish(world, 1, "Hello", user="joseph")
    async with app.open_storage(config.load(world.path)):
        from bridge.core.events import Sender
        from bridge.core.ids import AccountId, UserId, UserRef
        from bridge.storage import memberships
        from tests.unit.storage.stage import NOW

        ref = UserRef(AccountId("chat"), UserId("joseph"))
        person = (await people.meet(Sender(ref=ref, name="Joseph"), NOW)).person_id
        token = await personal_links.unsubscribe_token(person, "hifa", NOW)
    async with world.bridge(), httpx.AsyncClient(base_url=f"http://127.0.0.1:{world.port}") as web:
        assert "<form method=post>" in (await web.get(f"/u/{token}")).text
        for _ in range(2):
            done = await web.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"})
            assert done.status_code == 200
    async with app.open_storage(config.load(world.path)):
        row = await memberships.membership(person, "hifa")
        assert row is not None
        assert row.reading == "none"
