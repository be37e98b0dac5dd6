"""Members who can be heard in a room of moderators, and messages to them that arrive when they are told to."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from bridge.core.capabilities import Capabilities
from bridge.core.errors import Refusal
from bridge.core.events import ChatKind
from bridge.core.ids import AccountId, Address, ChatId, RemoteRef
from bridge.core.states import DeliveryState
from bridge.intake import conversing, router
from bridge.intake.context import Context
from bridge.moderation import patience
from bridge.moderation.acts import Reply
from bridge.moderation.effects import arrivals
from bridge.moderation.facts import facts_of
from bridge.moderation.panel import text_of
from bridge.rendering.words import words
from bridge.storage import ledger, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Review
from tests.integration.moderating import Room, again, newest, notices, private
from tests.unit.delivery.scripted import RICH
from tests.unit.storage.stage import NET, sender

AMINA = private("amina")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Talk(Room):
    """A room whose members can be heard, and whose notices arrive when they are told to."""

    can: Capabilities = field(default=RICH)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.accounts[NET].can = self.can

    async def arrive(self, refused: Refusal | None = None) -> None:
        """Everything planned for members is delivered, or refused."""
        rows = await Delivery.filter(kind=ledger.NOTICE, state=DeliveryState.PLANNED, operation=ledger.SEND)
        for row in rows:
            row.state = DeliveryState.DELIVERED if refused is None else DeliveryState.REFUSED
            row.reason = "" if refused is None else refused.value
            row.message, row.remote_chat, row.done_at = f"n{row.id}", row.chat, self.now
            await row.save()
        async with transaction():
            await arrivals(self.communities, lambda: self.now)(rows)

    async def hears(
        self, text: str, *, user: str = "amina", account: AccountId = NET, reply_to: RemoteRef | None = None
    ) -> list[str]:
        """A member writes privately; returns what they are told."""
        await self.arrive()
        where = Address(account, ChatId(user))
        before = await newest()
        event = replace(
            self.message(text, sender(user, account=account), self._message(where), reply_to=reply_to),
            chat_kind=ChatKind.PRIVATE,
        )
        context = Context(communities=self.communities, directory=self.directory, now=self.now, event_id=1)
        async with transaction():
            await router.handle(event, context)
        return await notices(where, since=before)

    async def presses(self, subject: str, number: int, action: str, *, user: str = "amina") -> Reply:
        """A member presses a button of their own."""
        context = Context(communities=self.communities, directory=self.directory, now=self.now, event_id=1)
        async with transaction():
            token = await submissions.handle(subject, number, action, self.now)
            handle = await submissions.handle_by_token(token)
            assert handle is not None
            return await conversing.pressed(handle, sender(user), private(user), context)

    async def wait(self, how_long: timedelta, *, step: timedelta = HOUR) -> None:
        """Time passes, and the program looks once per ``step``."""
        until = self.now + how_long
        while self.now < until:
            self.now += step
            await patience.tick(self.community, self.directory, self.now)

    async def card(self, review: Review) -> str:
        """What the cards of an item say."""
        fresh = await again(review)
        facts = await facts_of(fresh, self.community, fresh.revision)
        return text_of(facts, words("en"), 3000, 3000).text


async def told(where: Address, phrase: str) -> list[str]:
    return [text for text in await notices(where) if phrase in text]
