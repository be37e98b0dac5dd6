"""An encrypted message is told as one that could not be read; when its key comes it takes its place in the review."""

from dataclasses import replace

import pytest

from bridge.core.events import ChatKind, MessageEdited
from bridge.core.ids import Address
from bridge.core.message import Uncarried, UncarriedKind
from bridge.core.states import ReviewState
from bridge.core.text import plain
from bridge.storage import codec, submissions
from tests.integration.moderating import RUTH, private
from tests.integration.talking import told
from tests.integration.test_rules_at_intake import review, town
from tests.unit.storage.stage import KENYA, sender

pytestmark = pytest.mark.usefixtures("opened")


async def test_what_could_not_be_read_becomes_what_it_says() -> None:
    here = town()
    ref = here._message(KENYA)
    lost = (Uncarried(kind=UncarriedKind.ENCRYPTED),)
    post = replace(here.message("", sender("amina", account=KENYA.account), ref), uncarried=lost)
    await here._happens(post, 0)
    assert "could not be read" in await here.card(await review())
    kept = {name: getattr(post, name) for name in ("account", "chat", "chat_kind", "at", "ref", "sender")}
    await here._happens(MessageEdited(key="opened", text=plain("The well is dry"), **kept), 0)
    wording = await submissions.revision_of(await review())
    assert codec.load(codec.RICH_TEXT, wording.text).text == "The well is dry"
    card = await here.card(await review())
    assert "The well is dry" in card
    assert "could not be read" not in card.partition("Changed")[0]
    assert (await review()).submission.number == 1


LOST = (Uncarried(kind=UncarriedKind.ENCRYPTED),)


@pytest.mark.parametrize("where", [KENYA, private("amina")], ids=["group", "private"])
async def test_an_instruction_that_could_be_read_only_late_is_no_post_and_not_carried_out(where: Address) -> None:
    here = town()
    ref = here._message(where)
    kind = ChatKind.GROUP if where is KENYA else ChatKind.PRIVATE
    said = here.message("", sender("amina", account=where.account), ref)
    post = replace(said, uncarried=LOST, chat_kind=kind)
    await here._happens(post, 0)
    kept = {name: getattr(post, name) for name in ("account", "chat", "chat_kind", "at", "ref", "sender")}
    await here._happens(MessageEdited(key="opened", text=plain("/status"), **kept), 0)
    assert (await review()).state == ReviewState.WITHDRAWN
    (told_,) = await told(private("amina", where.account), "please send it again if you still want it")
    assert "#1" in told_


async def test_words_that_are_edited_into_an_instruction_stay_a_post() -> None:
    """Only what nobody could read before is taken for an instruction afterwards."""
    here = town()
    ref = await here.writes("The well is dry")
    await here.edits(ref, "/status")
    assert (await review()).state == ReviewState.HELD


async def test_moderators_are_told_what_could_not_be_read_and_that_nothing_was_done() -> None:
    here = town()
    await here.writes("Is misoprostol safe at home?")
    ref = here._message(RUTH.channel)
    post = replace(here.message("", RUTH.sender, ref), uncarried=LOST)
    await here._happens(post, 0)
    assert len(await told(RUTH.channel, "nothing was done: please write it again")) == 1
    kept = {name: getattr(post, name) for name in ("account", "chat", "chat_kind", "at", "ref", "sender")}
    await here._happens(MessageEdited(key="opened", text=plain("/pause"), **kept), 0)
    assert (await review()).state == ReviewState.HELD
    assert len(await told(RUTH.channel, "please write it again")) == 1
