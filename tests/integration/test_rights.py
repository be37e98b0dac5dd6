"""What members are told of what is held about them, and how they have it erased."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.events import ChatKind
from bridge.core.ids import AccountId
from bridge.core.message import Attachment, AttachmentKind
from bridge.core.text import plain
from bridge.intake import router
from bridge.intake.context import Context
from bridge.storage import audit, codec, desk, erasure, inbox, people
from bridge.storage.database import transaction
from bridge.storage.models import AdapterState, Conversation, Delivery, Identity, Person, Post, Review
from tests.integration.moderating import private
from tests.integration.talking import Talk, told
from tests.unit.delivery.scripted import LINE, PLAIN
from tests.unit.storage.stage import KENYA, NET, NOW, SLOW, hold, sender

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
def talk() -> Talk:
    return Talk()


async def dialogue() -> int:
    return int((await Conversation.get(kind="forget")).id)


async def test_it_is_explained_first_and_done_when_confirmed(talk: Talk) -> None:
    review = await hold()
    said = (await talk.hears("/forget"))[-1]
    for phrase in (
        "will be erased",
        "What other people have copied, answered or printed cannot",
        "This cannot be undone",
    ):
        assert phrase in said
    assert (await people.find(sender("amina").ref)) is not None, "nothing happens before it is confirmed"
    reply = await talk.presses("conversation", await dialogue(), "forget")
    assert reply.text == "Everything about you is being erased."
    assert await people.find(sender("amina").ref) is None
    assert (await Review.get(id=review.id)).state == "withdrawn"
    assert await told(private("amina"), "everything about you is erased here")
    await talk.arrive()
    assert not await Delivery.filter(chat="amina").exists(), "when they have been told, nothing is left of the chat"
    assert (await audit.verify("hifa")).broken_at is None


async def test_by_words_within_ten_minutes(talk: Talk) -> None:
    await hold()
    await talk.hears("forget me")
    assert await people.find(sender("amina").ref) is not None, "the words alone begin, they do not confirm"
    talk.now += timedelta(minutes=11)
    assert "will be erased" in (await talk.hears("FORGET ME"))[-1], "too late: it is explained again"
    talk.now += timedelta(minutes=9)
    assert "everything about you is erased" in (await talk.hears("FORGET ME"))[-1]
    assert await people.find(sender("amina").ref) is None


async def test_a_button_that_is_too_old_or_says_no_does_nothing(talk: Talk) -> None:
    await hold()
    await talk.hears("/forget")
    assert "Nothing was done" in (await talk.presses("conversation", await dialogue(), "keep")).text
    assert "Nothing was done" in (await talk.presses("conversation", await dialogue(), "forget")).text
    await talk.hears("/forget")
    talk.now += timedelta(minutes=11)
    assert "Nothing was done" in (await talk.presses("conversation", await dialogue(), "forget")).text
    assert await people.find(sender("amina").ref) is not None


async def test_nobody_else_can_confirm(talk: Talk) -> None:
    await hold()
    await talk.hears("/forget")
    await talk.hears("hello", user="mallory")
    reply = await talk.presses("conversation", await dialogue(), "forget", user="mallory")
    assert "no longer does anything" in reply.text
    assert await people.find(sender("amina").ref) is not None


async def test_who_writes_again_is_new_and_is_answered(talk: Talk) -> None:
    await hold()
    await talk.hears("/forget")
    await talk.presses("conversation", await dialogue(), "forget")
    assert "is with the moderators" in (await talk.hears("Hello, I am new here"))[0]
    assert await Person.filter(erased_at__isnull=True).count() == 1


async def test_every_account_hears_of_it(talk: Talk) -> None:
    await hold()
    async with transaction():
        second = await people.meet(sender("amina2", account=SLOW), talk.now, privately=True)
        first = await people.find(sender("amina").ref)
        assert first is not None
        await Identity.filter(id=second.id).update(person_id=first.person_id)
    await talk.hears("/forget")
    await talk.presses("conversation", await dialogue(), "forget")
    assert await told(private("amina2", SLOW), "everything about you is erased here")


async def test_my_data_in_words_on_a_plain_phone(talk: Talk) -> None:
    talk.accounts[NET].can = replace(PLAIN, media=frozenset())
    await hold("Is zinc safe for newborns?")
    said = "\n".join(await talk.hears("my data"))
    for phrase in ("What I hold about you", "Is zinc safe for newborns?", "@amina", "as a file"):
        assert phrase in said
    await talk.arrive()
    assert not await Delivery.filter(view="once").exists(), "what was shown is not kept a second time"


async def test_where_words_cost_money_there_are_few(talk: Talk) -> None:
    talk.accounts[NET].can = LINE
    for number in range(40):
        await hold(f"A question about zinc {number}?", message=f"m{number}")
    said = await talk.hears("MYDATA")
    assert len(said) == 6
    assert "left out" in said[-1]


async def test_as_files_where_files_can_be_sent(talk: Talk) -> None:
    await hold("Is zinc safe for newborns?")
    kept: dict[str, bytes] = {}

    async def keep(data: bytes, name: str, mime: str) -> Attachment:
        kept[name] = data
        return Attachment(
            sha256=f"{len(kept):064x}", kind=AttachmentKind.DOCUMENT, mime=mime, size=len(data), name=name
        )

    event = replace(
        talk.message("/mydata", sender("amina"), talk._message(private("amina"))), chat_kind=ChatKind.PRIVATE
    )
    context = Context(communities=talk.communities, directory=talk.directory, now=talk.now, event_id=1, keep=keep)
    async with transaction():
        await router.handle(event, context)
    assert set(kept) == {"my-data.txt", "my-data.json"}
    assert "Is zinc safe for newborns?" in json.loads(kept["my-data.json"])["wordings"][0]["text"]
    sent = [codec.load(codec.CONTENT, row.content) for row in await Delivery.filter(view="once")]
    assert [file.name for content in sent for file in content.attachments] == ["my-data.txt", "my-data.json"]
    assert await erasure.unused_files() == [], "not before they have been sent"
    await talk.arrive()
    assert len(await erasure.unused_files()) == 2


async def test_where_a_file_lies_on_a_platform_is_forgotten_with_the_file() -> None:
    """An id that a platform gave our upload is a way to its bytes."""
    gone, stays = "a" * 64, "b" * 64
    for account, key in (("net", f"file:{gone}/document/ab"), ("slow", f"mxc:{gone}"), ("net", f"file:{stays}/photo")):
        await inbox.DurableState(AccountId(account)).set(key, "there")
    await erasure.file_is_gone(gone, NOW)
    assert [row.key for row in await AdapterState.all()] == [f"file:{stays}/photo"]


async def test_correct_points_to_where_things_are_put_right(talk: Talk) -> None:
    assert "/profile" in (await talk.hears("/correct"))[-1]


async def test_the_help_names_them(talk: Talk) -> None:
    said = (await talk.hears("/help"))[-1]
    assert all(name in said for name in ("/mydata", "/correct", "/forget", "/accounts", "/link", "/unlink"))


async def test_a_group_is_no_place_for_it(talk: Talk) -> None:
    """What is said of somebody's data is said privately, and in a group the word does nothing."""
    event = talk.message("/forget", sender("amina"), talk._message(KENYA))
    context = Context(communities=talk.communities, directory=talk.directory, now=talk.now, event_id=1)
    async with transaction():
        await router.handle(event, context)
    assert await told(KENYA, "I answer that privately")
    assert not await Conversation.filter(kind="forget").exists()


async def test_a_moderator_is_told_that_decisions_stay(talk: Talk) -> None:
    await people.meet(sender("grace"), talk.now, privately=True)
    await desk.appoint("hifa", sender("grace").ref, "moderator", name="Grace", by="program", now=talk.now)
    assert "what you decided stays" in (await talk.hears("/forget", user="grace"))[-1]


async def test_sms_is_named_as_what_cannot_be_called_back(talk: Talk) -> None:
    """Before they confirm they know where their words will stay."""
    review = await hold()
    post = await Post.create(
        community="hifa",
        number=1,
        submission_id=review.submission_id,
        revision=1,
        author="Amina",
        text=codec.dump(codec.RICH_TEXT, plain("Is zinc safe?")),
        card='{"label":"HIFA","name":"Amina"}',
        approved_at=talk.now,
    )
    await Delivery.create(
        kind="post",
        post_id=post.id,
        account="slow",
        chat="uganda",
        state="delivered",
        due_at=talk.now,
        planned_at=talk.now,
        message="1",
    )
    talk.accounts[SLOW].can = replace(LINE)
    said = (await talk.hears("/forget"))[-1]
    assert "1 published post of yours will be taken back" in said
    assert "cannot be called back from: slow:uganda" in said
