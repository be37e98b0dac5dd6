"""Held posts come as letters, and are decided by answering them: only by whom, and only once."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from bridge.composing import Composer
from bridge.core.community import Community
from bridge.core.ids import MessageId, RemoteRef, UserId, UserRef
from bridge.core.message import Uncarried, UncarriedKind
from bridge.core.policy import Role
from bridge.core.ports import Sent
from bridge.core.states import DeliveryState, ReviewState
from bridge.core.text import plain
from bridge.intake import router
from bridge.intake.context import Context
from bridge.moderation import cards
from bridge.moderation.effects import arrivals
from bridge.storage import codec, ledger, people
from bridge.storage.database import transaction
from bridge.storage.models import Decision, Delivery, Identity, Review
from tests.integration.moderating import PETER, ROLES, again, community, newest, notices, private
from tests.integration.test_confirming import MAIL, Mail
from tests.unit.storage.stage import DESK, FakeClock, hold, sender

pytestmark = pytest.mark.usefixtures("opened")
GRACE = private("grace")


def by_mail(**policy: object) -> Community:
    """One channel is a chat, the other one Grace's mailbox."""
    return replace(community(**policy), moderators=(DESK, GRACE))


@dataclass
class Mailbox(Mail):
    """A moderator with a mailbox."""

    community: Community = field(default_factory=by_mail)

    def __post_init__(self) -> None:
        self.can = MAIL
        super().__post_init__()
        self.clock = FakeClock()

    async def held(self, text: str = "Give zinc for ten days.") -> Review:
        review = await hold(text)
        async with transaction():
            await cards.plan(await again(review), self.community, self.directory, self.now, gather=False)
        return await again(review)

    async def posted(self) -> list[str]:
        """Everything that is due in Grace's mailbox is sent; the texts."""
        texts: list[str] = []
        composer, effects = (
            Composer(self.communities, self.directory, self.clock),
            arrivals(self.communities, lambda: self.now),
        )
        while True:
            rows = await Delivery.filter(
                account=GRACE.account, chat=GRACE.chat, state=DeliveryState.PLANNED, waits_for=None
            ).order_by("id")
            if not rows:
                return texts
            claimed = await ledger.claim(
                [row.id for row in rows], self.now, composer, effects, prepare=composer.prepare
            )
            texts += [codec.load(codec.CONTENT, row.content).text.text for row in claimed]
            await ledger.record(
                [
                    ledger.Outcome(
                        row=row,
                        answer=Sent(refs=(RemoteRef(GRACE.account, GRACE.chat, MessageId(f"l{row.id}")),)),
                    )
                    for row in claimed
                ],
                self.now,
                effects,
            )

    async def address(self) -> str:
        """Where an answer to the newest letter about a post goes: what stands behind the +."""
        letter = await Delivery.filter(kind=ledger.CARD, chat=GRACE.chat, operation=ledger.SEND).order_by("-id").first()
        assert letter is not None
        said = codec.load(codec.CONTENT, letter.content).letter
        assert said is not None
        assert said.answer.startswith("m-")
        return said.answer[2:]

    async def answers(
        self,
        token: str,
        text: str = "",
        *,
        user: str = "grace",
        proof: str = "mail",
        beside: bool = False,
        mingled: bool = False,
    ) -> str:
        """A mail to that address; what its sender is told."""
        where = private(user)
        before = await newest()
        message = self.message("x", replace(sender(user), proof=proof), self._message(where))
        event = replace(
            message,
            text=plain(f"/moderate {token} {text}".rstrip()),
            is_command=True,
            uncarried=(Uncarried(kind=UncarriedKind.DOCUMENT),) if beside else (),
            chat_kind=message.chat_kind.PRIVATE,
            mingled=mingled,
        )
        async with transaction():
            await router.handle(
                event, Context(communities=self.communities, directory=self.directory, now=self.now, event_id=1)
            )
        return "\n".join(await notices(where, since=before))


@pytest.fixture
def desk() -> Mailbox:
    return Mailbox()


async def test_a_held_post_comes_whole_and_is_approved_by_one_word(desk: Mailbox) -> None:
    review = await desk.held()
    [letter] = await desk.posted()
    for words in ("Give zinc for ten days.", "waiting for a decision", "approve  reject: ...", "From Amina"):
        assert words in letter
    told = await desk.answers(await desk.address(), "Approve")
    assert "#1" in told
    review = await again(review)
    assert (review.state, review.decided_name) == (ReviewState.APPROVED, "Grace")
    assert [line.action for line in await Decision.filter(review_id=review.id)] == ["approve"]
    assert not [text for text in await desk.posted() if "waiting for a decision" in text], "it is done"
    card = await Delivery.filter(kind=ledger.CARD, chat=DESK.chat, operation=ledger.SEND).first()
    assert card is not None
    assert await Delivery.exists(target_id=card.id, operation=ledger.EDIT) or card.state == DeliveryState.PLANNED


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("reject: it names a patient", ReviewState.REJECTED),
        ("Reject it names a patient", ReviewState.REJECTED),
        ("reject\n\nit names a patient", ReviewState.REJECTED),
        ("approve.", ReviewState.APPROVED),
        ("APPROVE", ReviewState.APPROVED),
        ("approve this one, but without the dose", ReviewState.HELD),
        ("approve\n\nBest wishes", ReviewState.HELD),
        ("I would approve it", ReviewState.HELD),
        ("> approve", ReviewState.HELD),
        ("On Monday HIFA wrote:\n> approve  reject: ...", ReviewState.HELD),
        ("", ReviewState.HELD),
        ("edit", ReviewState.HELD),
        ("/approve", ReviewState.APPROVED),
        ("Edit the second line, please", ReviewState.HELD),
        ("Short of time today, sorry", ReviewState.HELD),
        ("Translation is poor, ask for a better one", ReviewState.HELD),
    ],
)
async def test_what_an_answer_means(desk: Mailbox, text: str, state: ReviewState) -> None:
    review = await desk.held()
    await desk.posted()
    token = await desk.address()
    told = await desk.answers(token, text)
    assert told
    assert (await again(review)).state == state
    if state == ReviewState.HELD:
        assert "Nothing was done" in told
        await desk.answers(token, "approve")  # what was no instruction uses nothing up
        assert (await again(review)).state == ReviewState.APPROVED


async def test_an_empty_answer_approves_where_the_community_wants_it() -> None:
    desk = Mailbox(community=by_mail(empty_reply_approves=True))
    review = await desk.held()
    [letter] = await desk.posted()
    assert "An empty answer approves." in letter
    await desk.answers(await desk.address(), beside=True)
    assert (await again(review)).state == ReviewState.HELD, "what came with it may say no"
    await desk.answers(await desk.address())
    assert (await again(review)).state == ReviewState.APPROVED


async def test_an_address_counts_once_for_its_own_reader_with_a_proven_sender(desk: Mailbox) -> None:
    review = await desk.held()
    await desk.posted()
    token = await desk.address()
    assert "does not vouch" in await desk.answers(token, "approve", proof="claimed")
    assert "somebody else" in await desk.answers(token, "approve", user="ruth"), "a moderator, too, but not its reader"
    assert await desk.answers(token, "approve", user="mallory", proof="claimed") == ""
    assert await desk.answers("x" * 22, "approve", user="mallory", proof="claimed") == "", "nobody knows them"
    assert "counts no more" in await desk.answers("x" * 22, "approve")
    assert (await again(review)).state == ReviewState.HELD
    await desk.answers(token, "note: see the guideline of 2024")
    assert (await again(review)).state == ReviewState.HELD
    assert "counts no more" in await desk.answers(token, "approve"), "it was used"
    assert (await again(review)).state == ReviewState.HELD
    letters = await desk.posted()
    assert any("see the guideline of 2024" in letter for letter in letters), "the newer letter shows the note"
    await desk.answers(await desk.address(), "approve")
    assert (await again(review)).state == ReviewState.APPROVED


@pytest.mark.parametrize("written", [str.lower, str.upper])
async def test_providers_may_write_its_address_in_other_letters(desk: Mailbox, written: Callable[[str], str]) -> None:
    review = await desk.held()
    await desk.posted()
    token = written(await desk.address())
    await desk.answers(token, "approve")
    assert (await again(review)).state == ReviewState.APPROVED
    assert "counts no more" in await desk.answers(token, "approve")


async def test_an_older_wording_is_not_approved(desk: Mailbox) -> None:
    review = await desk.held()
    await desk.posted()
    first = await desk.address()
    await desk.types(review, "edit: Give zinc for fourteen days.", PETER)
    assert (await again(review)).revision == 2
    told = await desk.answers(first, "approve")
    assert told
    assert (await again(review)).state == ReviewState.HELD
    await desk.posted()
    assert "counts no more" in await desk.answers(first, "approve")
    await desk.answers(await desk.address(), "approve")
    assert (await again(review)).state == ReviewState.APPROVED


async def test_what_somebody_else_decided_stays_decided(desk: Mailbox) -> None:
    review = await desk.held()
    await desk.posted()
    token = await desk.address()
    await desk.press(review, "reject", PETER, "duplicate")
    told = await desk.answers(token, "approve")
    assert "Peter" in told
    assert (await again(review)).state == ReviewState.REJECTED


async def test_who_may_decide_no_more_decides_nothing(desk: Mailbox) -> None:
    review = await desk.held()
    await desk.posted()
    token = await desk.address()
    roles = {ref: role for ref, role in ROLES.items() if ref.user != "grace"}
    desk.community = by_mail(roles=roles)
    told = await desk.answers(token, "approve")
    assert told
    assert (await again(review)).state == ReviewState.HELD


async def test_a_mailbox_that_is_no_channel_any_more_gets_no_further_letters(desk: Mailbox) -> None:
    await desk.held()
    await desk.posted()
    token = await desk.address()
    desk.community = community(roles={ref: role for ref, role in ROLES.items() if ref.user != "grace"})
    assert "Only this community's moderators" in await desk.answers(token, "approve")
    assert not [text for text in await desk.posted() if "Give zinc" in text]


async def test_the_same_moderator_is_no_second_vote_by_another_letter() -> None:
    desk = Mailbox(community=by_mail(approvals=2))
    review = await desk.held()
    await Review.filter(id=review.id).update(approvals=2)
    await desk.posted()
    await desk.answers(await desk.address(), "approve")
    assert (await again(review)).state == ReviewState.HELD
    await desk.posted()
    await desk.answers(await desk.address(), "approve")
    assert (await again(review)).state == ReviewState.HELD, "her second letter is no second voice"
    await desk.press(review, "approve", PETER)
    assert (await again(review)).state == ReviewState.APPROVED


async def test_escalated_and_claimed_items_are_not_decided_by_mail_either(desk: Mailbox) -> None:
    review = await desk.held()
    await desk.press(review, "claim", PETER)
    await desk.posted()
    assert "Peter" in await desk.answers(await desk.address(), "approve")
    assert (await again(review)).state == ReviewState.HELD
    await desk.press(review, "release", PETER)
    await desk.types(review, "escalate: a child is in danger", PETER)
    await desk.posted()
    assert "escalated" in await desk.answers(await desk.address(), "approve")
    assert (await again(review)).state == ReviewState.HELD


@pytest.mark.parametrize("mark", ["", "> "])
async def test_the_letter_itself_never_goes_to_the_author(desk: Mailbox, mark: str) -> None:
    """Notes among moderators stand in it, and some programs quote in a way that nobody recognises."""
    review = await desk.held()
    [letter] = await desk.posted()
    token = await desk.address()
    quoted = "".join(f"{mark}{line}\n" for line in letter.replace(" of these", "\nof these").splitlines())
    for word in ("ask", "reject"):
        told = await desk.answers(token, f"{word}: For which age?\n\nHIFA:\n{quoted}")
        assert "Nothing was done" in told
    assert (await again(review)).state == ReviewState.HELD
    assert not [text for text in await notices(private("amina")) if "For which age?" in text]
    await desk.answers(token, "ask: For which age?")
    assert [text for text in await notices(private("amina")) if "For which age?" in text]


async def test_words_that_may_be_the_letters_own_do_nothing() -> None:
    desk = Mailbox(community=by_mail(empty_reply_approves=True))
    review = await desk.held()
    await desk.posted()
    token = await desk.address()
    for text in ("approve", "reject: no", "ask: For which age?", "note: Faith", ""):
        assert "your own words alone" in await desk.answers(token, text, mingled=True)
    assert not await Decision.filter(review_id=review.id)
    assert not [text for text in await notices(private("amina")) if "For which age?" in text]
    await desk.answers(token, "approve")
    assert (await again(review)).state == ReviewState.APPROVED, "nothing was used up"


async def test_who_answers_a_letter_has_read_one(desk: Mailbox) -> None:
    """A mailbox that was warned because letters came back is in order again."""
    await desk.held()
    await desk.posted()
    async with transaction():
        await people.warn(await people.meet(sender("grace"), desk.now, privately=True), desk.now)
    await desk.answers(await desk.address(), "approve")
    grace = await people.find(sender("grace").ref)
    assert grace is not None
    assert grace.warned_at is None


async def test_own_posts_are_not_decided_by_mail_either(desk: Mailbox) -> None:
    review = await desk.held()
    async with transaction():
        grace = await people.meet(sender("grace"), desk.now)
    author = (await again(review)).submission.identity_id
    await Identity.filter(id=author).update(person_id=grace.person_id)
    await desk.posted()
    assert "your own" in await desk.answers(await desk.address(), "approve")
    assert (await again(review)).state == ReviewState.HELD


async def test_a_linked_mailbox_has_its_owners_powers(desk: Mailbox) -> None:
    """Grace is a moderator by her account on a chat; her mailbox was linked to it."""
    roles = {
        UserRef(DESK.account, UserId("grace2")): Role.MODERATOR,
        **{r: v for r, v in ROLES.items() if r.user != "grace"},
    }
    desk.community = by_mail(roles=roles)
    async with transaction():
        chat = await people.meet(sender("grace2", "Grace", DESK.account), desk.now)
        mailbox = await people.meet(sender("grace"), desk.now)
        await Identity.filter(id=mailbox.id).update(person_id=chat.person_id)
    review = await desk.held()
    await desk.posted()
    await desk.answers(await desk.address(), "approve")
    assert (await again(review)).state == ReviewState.APPROVED


async def test_a_question_and_its_answer_come_round(desk: Mailbox) -> None:
    review = await desk.held()
    await desk.posted()
    token = await desk.address()
    await desk.answers(token, "ask: For which age?")
    assert [text for text in await notices(private("amina")) if "For which age?" in text]
    assert not [text for text in await desk.posted() if "waiting for a decision" in text], "the author speaks next"
    await desk.gets("For children under five.", proof="mail")
    letters = [text for text in await desk.posted() if "waiting for a decision" in text]
    assert len(letters) == 1
    assert "For children under five." in letters[0]
    assert "counts no more" in await desk.answers(token, "approve")
    await desk.answers(await desk.address(), "approve")
    assert (await again(review)).state == ReviewState.APPROVED


async def test_an_answer_at_the_address_for_posts_is_no_post(desk: Mailbox) -> None:
    review = await desk.held()
    await desk.posted()
    letter = await Delivery.filter(kind=ledger.CARD, chat=GRACE.chat, operation=ledger.SEND).first()
    assert letter is not None
    message = desk.message("x", replace(sender("grace"), proof="mail"), desk._message(GRACE))
    event = replace(
        message, text=plain("approve"), chat_kind=message.chat_kind.PRIVATE, reply_to=letter.ref, community="hifa"
    )
    before = await newest()
    async with transaction():
        await router.handle(
            event, Context(communities=desk.communities, directory=desk.directory, now=desk.now, event_id=1)
        )
    assert "so nothing was done" in (await notices(GRACE, since=before))[0]
    assert await Review.all().count() == 1
    assert (await again(review)).state == ReviewState.HELD
