"""Orders by mail from senders whom nobody vouches for."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from bridge.core.capabilities import Capabilities
from bridge.core.events import ChatKind, MessagePosted
from bridge.core.membership import Joining, MemberPolicy
from bridge.core.states import MembershipState
from bridge.core.text import plain
from bridge.intake import router
from bridge.intake.context import Context
from bridge.storage import people
from bridge.storage.database import transaction
from bridge.storage.models_members import Membership
from tests.integration.moderating import newest, notices, private
from tests.integration.talking import Talk
from tests.unit.delivery.scripted import RICH
from tests.unit.storage.stage import sender

pytestmark = pytest.mark.usefixtures("opened")
MAIL: Capabilities = replace(RICH, letters=True)


@dataclass
class Mail(Talk):
    """Members who write letters."""

    async def gets(self, text: str, *, user: str = "amina", proof: str = "claimed", cut: str = "") -> list[str]:
        """A mail in somebody's name; what that address is told."""
        where = private(user)
        await self.arrive()
        before = await newest()
        message = self.message("x", replace(sender(user), proof=proof), self._message(where))
        event: MessagePosted = replace(message, text=plain(text), cut=cut, chat_kind=ChatKind.PRIVATE)
        async with transaction():
            await router.handle(
                event, Context(communities=self.communities, directory=self.directory, now=self.now, event_id=1)
            )
        return await notices(where, since=before)


@pytest.fixture
def mail() -> Mail:
    return Mail(can=MAIL)


def line(said: list[str]) -> str:
    [found] = re.findall(r"confirm-[\w-]+", "\n".join(said))
    return str(found)


async def is_member(mail: Mail, user: str = "amina") -> bool:
    identity = await people.meet(sender(user), mail.now)
    return await Membership.exists(person_id=identity.person_id, state=MembershipState.MEMBER)


async def test_a_forged_order_does_nothing_until_its_letter_is_answered(mail: Mail) -> None:
    asked = await mail.gets("/join")
    assert "perhaps you" in asked[0]
    assert "/join" in asked[0]
    assert not await is_member(mail)
    await mail.gets("Yes, that was me.", cut=f"> leave this line in it:\n>\n> {line(asked)}\n>\n> If it was not you")
    assert await is_member(mail)


async def test_what_is_vouched_for_is_done_at_once(mail: Mail) -> None:
    said = await mail.gets("/join", proof="mail")
    assert not re.findall(r"confirm-[\w-]+", "\n".join(said))
    assert await is_member(mail)


async def test_a_line_counts_once_for_its_own_address_and_a_week(mail: Mail) -> None:
    await mail.gets("/join", proof="mail")
    spent, wanted = ["That line counts no more. Please write again what you want."], "Do you want to leave"
    first = line(await mail.gets("/leave"))
    assert await mail.gets(first, user="peter") == spent, "somebody else's address"
    mail.now += timedelta(days=8)
    assert await mail.gets(first) == spent, "too old"
    second = line(await mail.gets("/leave"))
    mail.now += timedelta(days=6)
    assert wanted in (await mail.gets(second))[0]
    assert await mail.gets(second) == spent, "it was used"
    assert await is_member(mail)


async def test_nobody_is_sent_more_than_a_few_such_letters_a_day(mail: Mail) -> None:
    told = [len(await mail.gets(order)) for order in ("/join", "/leave", "/back", "/settings", "/join", "/leave")]
    assert told == [1, 1, 1, 0, 0, 0]
    mail.now += timedelta(days=1, seconds=1)
    assert len(await mail.gets("/settings")) == 1


async def test_an_address_that_anybody_may_have_written_under_gets_one_receipt_a_day(mail: Mail) -> None:
    assert await mail.gets("What dose of zinc do you give to infants?")
    assert await mail.gets("And for how long is it given to them?") == []
    assert await mail.gets("And who gives it to them in your place?", proof="mail"), "it is theirs"
    mail.now += timedelta(days=1, minutes=1)
    assert await mail.gets("Is it kept in a cold and dry place?")


@pytest.mark.parametrize("joining", [Joining.OPEN, Joining.APPROVAL, Joining.INVITATION])
async def test_a_strangers_address_is_not_flooded_by_what_others_write_under_it(mail: Mail, joining: Joining) -> None:
    mail.community = replace(mail.community, members=MemberPolicy(joining=joining))
    said = [await mail.gets(f"Question {n}: how is zinc given?", user="victim") for n in range(8)]
    said += [await mail.gets(order, user="victim") for order in 4 * ("/help", "/status", "/get 1", "/id", "/join")]
    assert said[0]
    most = 16 if joining is Joining.OPEN else 8
    assert sum(map(len, said)) <= most, "and what the letter that crosses the line is answered"
    assert said[-5:] == [[]] * 5
    assert await mail.gets("/help", user="victim", proof="mail"), "its owner is answered"


async def test_the_same_order_is_asked_about_once_a_day(mail: Mail) -> None:
    assert [len(await mail.gets("/join")) for _ in range(3)] == [1, 0, 0]
    mail.now += timedelta(days=1, seconds=1)
    assert len(await mail.gets("/join")) == 1


async def test_what_changes_nothing_is_answered_and_sentences_are_not_kept(mail: Mail) -> None:
    assert not re.findall(r"confirm-", "\n".join(await mail.gets("/help")))
    said = await mail.gets("/away until my sister is well again")
    assert "does not vouch" in said[0]
    assert "confirm-" not in said[0]
