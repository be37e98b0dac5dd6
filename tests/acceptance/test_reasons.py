"""Why a post is held, as its card says it: every reason, what is noticed, and what an edit adds."""

from pathlib import Path
from typing import Any

from tests.acceptance.world import World, until
from tests.servers import free_port

ZINC = "How long do we give zinc to a child with diarrhoea?"


def rule(check: str, then: str, **more: Any) -> str:
    lines = [f'if = "{check}"', f'then = "{then}"', *(f"{key} = {value!r}" for key, value in more.items())]
    return "\n".join(["", "[[communities.rules]]", *lines, ""]).replace("'", '"')


def world_with(folder: Path, *rules: str, options: str = "") -> World:
    return World(folder, free_port(), options=options + "".join(rules))


def writes(world: World, text: str, *, chat: str = "uganda", user: str = "amina", **more: Any) -> str:
    return world.chat.writes(chat, text, user=user, name=user.title(), **more)


def told(world: World, user: str, words: str) -> list[str]:
    return [text for text in world.texts(user) if words in text]


async def test_every_reason_stands_on_the_card(tmp_path: Path) -> None:
    world = world_with(
        tmp_path,
        rule("all", "approve"),
        rule("first_posts", "hold", over=1),
        rule("links", "hold", over=1),
        rule("words", "second", words=["insulin"]),
        rule("no_profile", "note"),
    )
    async with world.bridge():
        writes(world, "Is INSULIN kept cold? www.example.org https://example.com/b")
        await until(lambda: world.card())
        text = world.card_text()
        assert "the author is new" in text
        assert "it holds links" in text
        assert "it says “insulin”" in text
        assert "the author has no profile" in text
        assert "Approved by 0 of 2" in text
        world.press("Approve", by="grace")
        await until(lambda: "Approved by 1 of 2" in world.card_text())
        assert not told(world, "kenya", "INSULIN")
        world.press("Approve", by="peter")
        await until(lambda: told(world, "kenya", "INSULIN"))
        # no longer new, and nothing else holds it
        writes(world, ZINC)
        await until(lambda: told(world, "kenya", "zinc"))
        await until(lambda: "Published by the community's rules" in world.card_text(2))


async def test_another_language_is_noted(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    async with world.bridge():
        writes(world, "Nous n'avons plus de médicaments contre le paludisme dans notre centre de santé depuis hier.")
        await until(lambda: world.card())
        assert "Seems to be written in French" in world.card_text()
        writes(world, ZINC, user="joseph")
        await until(lambda: world.card(2))
        assert "Seems to be written" not in world.card_text(2)


async def test_the_same_again_names_what_it_repeats(tmp_path: Path) -> None:
    world = world_with(tmp_path)
    async with world.bridge():
        writes(world, "Give 200 mg twice a day for five days, then see the child again")
        await until(lambda: world.card())
        writes(world, "give 200 mg TWICE a day for five days; then see the child again!", user="joseph", chat="kenya")
        await until(lambda: world.card(2))
        assert "nearly the same as #1" in world.card_text(2)
        writes(world, "Give 400 mg twice a day for five days, then see the child again", user="mary")
        await until(lambda: world.card(3))
        assert "nearly the same" not in world.card_text(3)


async def test_an_edit_is_judged_again(tmp_path: Path) -> None:
    world = world_with(tmp_path, rule("all", "hold"), rule("links", "hold"), rule("words", "second", words=["insulin"]))
    async with world.bridge():
        message = writes(world, "Is insulin kept cold?")
        await until(lambda: "it says “insulin”" in world.card_text())
        world.chat.does(chat="uganda", user="amina", name="Amina", edit=message, text="See https://example.org")
        await until(lambda: "it holds links" in world.card_text())
        assert "it says “insulin”" in world.card_text(), "a reason is never taken away"
        assert "Approved by 0 of 2" in world.card_text()


async def test_an_edit_of_a_trusted_authors_held_post_publishes_nothing(tmp_path: Path) -> None:
    world = world_with(tmp_path, rule("all", "approve"), rule("links", "hold"))
    async with world.bridge():
        message = writes(world, f"{ZINC} See https://example.org")
        await until(lambda: world.card())
        world.chat.does(chat="uganda", user="amina", name="Amina", edit=message, text=ZINC)
        await until(lambda: told(world, "amina", "Your new wording of #1 is with the moderators"))
        await until(lambda: len([m for m in world.chat.shown("mods") if m.text.startswith("HIFA #1 ·")]) == 2)
        assert "Waiting since" in world.card_text()
        assert "it holds links" in world.card_text()
        assert not told(world, "kenya", "zinc")


async def test_only_the_reasons_of_the_community_are_offered(tmp_path: Path) -> None:
    world = world_with(tmp_path, options='reject_reasons = ["safety", "clarity"]')
    async with world.bridge():
        writes(world, ZINC)
        await until(lambda: world.card())
        world.press("Reject", by="grace")
        await until(lambda: any("Could do harm" in label for label in world.labels()))
        assert not [label for label in world.labels() if "Advertising" in label]
        card = world.card()
        assert card is not None
        writes(world, "reject: advertising", chat="mods", user="grace", reply_to=card.id)
        await until(lambda: told(world, "mods", "Reasons: safety (Could do harm), clarity (Not clear enough)"))
        assert "waiting for a decision" in world.card_text()
        writes(world, "reject 2", chat="mods", user="grace", reply_to=card.id)
        await until(lambda: "Reason: Not clear enough" in world.card_text())
