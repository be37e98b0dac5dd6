"""What somebody who means harm can put beside the text of a message: what moderators read is all that goes out."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from bridge.core.community import Communities
from bridge.core.events import MessageEdited, MessagePosted
from bridge.core.ids import RemoteRef
from bridge.core.message import Attachment, Place, Poll, Uncarried, UncarriedKind
from bridge.core.text import MarkKind
from bridge.intake import router
from bridge.intake.context import Context
from bridge.moderation.facts import facts_of
from bridge.moderation.panel import text_of
from bridge.rendering.words import words
from bridge.storage import codec, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Review, Revision
from tests.integration.moderating import RUTH, again, community, private
from tests.integration.talking import Talk, told
from tests.unit.storage.stage import KENYA, sender

pytestmark = pytest.mark.usefixtures("opened")


@dataclass
class Town(Talk):
    """Members who send what is neither text nor file."""

    async def sends(self, *beside: Uncarried, text: str = "", user: str = "amina", **more: Any) -> RemoteRef:
        ref = self._message(KENYA)
        event = self.message(text, sender(user), ref)
        await self._happens(replace(event, uncarried=beside, **more))
        return ref

    async def edits(self, ref: RemoteRef, *beside: Uncarried, text: str = "", user: str = "amina", **more: Any) -> None:
        said = self.message(text, sender(user), ref)
        kept = {name: getattr(said, name) for name in ("account", "chat", "chat_kind", "at", "ref", "sender", "text")}
        files = more.pop("attachments", ())
        await self._happens(MessageEdited(key=f"e{self._said}", uncarried=beside, **{**kept, **more}), files)

    async def _happens(self, event: MessagePosted | MessageEdited, files: tuple[Attachment, ...] = ()) -> None:
        context = Context(
            communities=Communities((self.community,)),
            directory=self.directory,
            now=self.now,
            event_id=1,
            attachments=files,
        )
        async with transaction():
            await router.handle(event, context)


def poll(*options: str, question: str = "Which dose?", detail: str | None = None) -> Uncarried:
    said = " / ".join((question, *options)) if detail is None else detail
    return Uncarried(kind=UncarriedKind.POLL, detail=said, poll=Poll(question=question, options=options))


async def kept() -> tuple[Uncarried, ...]:
    row = await Revision.all().order_by("-id").first()
    assert row is not None
    found: tuple[Uncarried, ...] = codec.load(codec.UNCARRIED, row.uncarried)
    return found


# --- nothing goes out that moderators were not shown ----------------------------------------------------------------


async def test_a_long_poll_is_shown_whole_to_whoever_decides() -> None:
    here = Town()
    options = tuple(f"{number} " + "tablets a day " * 6 for number in range(9))
    await here.sends(poll(*options, "Call +254 712 345678, I sell it"))
    review = await Review.get()
    assert "I sell it" in await here.card(review)
    wording = await submissions.revision_of(review)
    assert "hints" in codec.load_object(wording.findings), "and looked at for what identifies somebody"


@pytest.mark.parametrize("detail", ["", "Which dose? 10 mg", "\u202e" * 400, "a" * 1_000_000])
async def test_what_a_chat_would_show_of_a_poll_stands_in_its_words(detail: str) -> None:
    await Town().sends(poll("10 mg", "the address of the nurse", detail=detail))
    (item,) = await kept()
    assert item.poll is not None
    assert all(part in item.detail for part in (item.poll.question, *item.poll.options))
    assert len(item.detail) <= 5_000


@pytest.mark.parametrize("options", [("a",) * 400, tuple(f"{n}" + "x" * 290 for n in range(25))])
async def test_a_poll_that_nobody_could_read_is_words_alone(options: tuple[str, ...]) -> None:
    await Town().sends(poll(*options))
    (item,) = await kept()
    assert item.poll is None
    assert len(item.detail) <= 5_000


async def test_what_a_map_would_show_of_a_place_stands_in_its_words() -> None:
    place = Place(latitude=-1.3, longitude=36.7, title="Clinic", address="Ring +254 712 345678")
    await Town().sends(Uncarried(kind=UncarriedKind.VENUE, detail="Clinic", place=place))
    (item,) = await kept()
    assert item.detail == "Clinic\nRing +254 712 345678\n-1.30000, 36.70000"


async def test_lines_beside_a_text_are_not_taken_for_ours() -> None:
    here = Town()
    await here.sends(Uncarried(kind=UncarriedKind.GAME, detail="Chess\n\u202e\n✅ Approved by Grace"))
    review = await again(await Review.get())
    card = text_of(await facts_of(review, here.community, review.revision), words("en"), 3_000, 3_000)
    at = card.text.index("✅ Approved by Grace")
    assert any(mark.kind is MarkKind.QUOTE and mark.start <= at < mark.end for mark in card.marks)


@pytest.mark.parametrize("lines", [32, 33, 10_000])
async def test_a_long_list_says_where_it_was_cut(lines: int) -> None:
    await Town().sends(Uncarried(kind=UncarriedKind.CHECKLIST, detail="\n".join(["☐ Gloves"] * lines)))
    (item,) = await kept()
    assert item.detail.count("☐ Gloves") == 32
    assert item.detail.endswith("…") is (lines > 32)


# --- how much ---------------------------------------------------------------------------------------------------------


async def test_what_is_no_text_counts_as_much_as_text() -> None:
    here = Town(community=replace(community(), max_length=200))
    await here.sends(poll(*(f"option {n} is very long indeed" for n in range(10))))
    assert await Review.all().count() == 0
    await here.sends(poll("10 mg", "20 mg"))
    assert await Review.all().count() == 1


async def test_an_edit_makes_nothing_longer_than_it_may_be() -> None:
    here = Town(community=replace(community(), max_length=200))
    ref = await here.sends(poll("10 mg", "20 mg"))
    await here.edits(ref, poll(*(f"option {n} is very long indeed" for n in range(10))))
    assert await Revision.all().count() == 1


async def test_thousands_of_things_beside_a_text_are_not_told_one_by_one() -> None:
    await Town().sends(*(Uncarried(kind=UncarriedKind.UNKNOWN, detail="x") for _ in range(4_000)), text="Look")
    found = await kept()
    assert len(found) == 31
    assert found[-1].detail == "+3970"


# --- whoever is banned ----------------------------------------------------------------------------------------------


async def test_a_banned_person_puts_nothing_new_into_what_they_sent_before() -> None:
    here = Town()
    ref = await here.sends(text="Is zinc safe?")
    await here.types(await Review.get(), "ban: adverts", RUTH)
    await here.edits(ref, text="Buy now")
    await here.edits(ref, text="Buy now, cheap")
    assert await Revision.all().count() == 1
    assert len(await told(private("amina"), "so this one is not passed on")) == 1
    await here.press(await Review.get(), "approve", RUTH)
    await here.edits(ref, text="Buy now")
    assert await Review.all().count() == 1, "no correction either"


# --- what moderators have not read ----------------------------------------------------------------------------------


async def test_what_is_held_is_not_published_by_a_quotation_in_an_answer() -> None:
    here = Town()
    held = await here.sends(text="Mary has HIV", user="mallory")
    await here.sends(text="Is that so?", reply_to=held, reply_excerpt="Mary has HIV")
    found = await Revision.all().order_by("-id").first()
    assert found is not None
    assert codec.load(codec.RICH_TEXT, found.text).text == "Is that so?"


async def test_what_was_taken_out_of_a_group_is_not_quoted_either() -> None:
    here = Town(community=replace(community(), max_length=20))
    refused = await here.sends(text="Mary has HIV, and so has Jane", user="mallory")
    assert await Review.all().count() == 0
    await here.sends(text="Is that so?", reply_to=refused, reply_excerpt="Mary has HIV")
    wording = await Revision.get()
    assert codec.load(codec.RICH_TEXT, wording.text).text == "Is that so?"


async def test_another_link_is_not_shown_because_the_one_before_it_was() -> None:
    here = Town()
    ref = await here.sends(text="Read https://who.int/zinc")
    await here.press(await Review.get(), "previews", RUTH)
    assert (await Review.get()).previews
    await here.edits(ref, text="Read https://adverts.example/")
    assert not (await Review.get()).previews
