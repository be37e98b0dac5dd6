"""An encrypted message is told as one that could not be read; when its key comes it takes its place in the review."""

from dataclasses import replace

import pytest

from bridge.core.events import MessageEdited
from bridge.core.message import Uncarried, UncarriedKind
from bridge.core.text import plain
from bridge.storage import codec, submissions
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
