"""What intake does with a community's rules: what is held and why, what goes out unread, and what is sent back."""

import io
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from tortoise.exceptions import DBConnectionError

from bridge.core.errors import Refusal, StorageUnavailable
from bridge.core.events import ChatKind, MessageEdited
from bridge.core.ids import Address, RemoteRef
from bridge.core.message import Attachment, AttachmentKind
from bridge.core.policy import DEFAULT_RULES, Check, Consequence, Rule
from bridge.core.states import DeliveryState, ReviewState
from bridge.core.text import plain
from bridge.intake import router
from bridge.intake.context import Context
from bridge.logs import configure
from bridge.moderation import answers, hints, unread
from bridge.moderation.effects import arrivals
from bridge.storage import audit, codec, desk, intake_reads, ledger, people, reasons, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Decision, Delivery, Post, Review, Revision, Submission
from bridge.storage.models_desk import Theme
from tests.integration.moderating import GRACE, RUTH, again, community, newest, notices, private
from tests.integration.talking import AMINA, Talk
from tests.unit.storage.stage import KENYA, UGANDA, sender

pytestmark = pytest.mark.usefixtures("opened")
MINUTE = timedelta(minutes=1)


def rule(check: str, then: str, **settings: Any) -> Rule:
    return Rule(check=Check(check), then=Consequence(then), **settings)


TRUSTING = (rule("trusted", "approve"), rule("first_posts", "hold", over=2), rule("privacy", "hold"))


@dataclass
class Town(Talk):
    """Members who write in groups and privately."""

    async def writes(
        self,
        text: str,
        *,
        user: str = "amina",
        chat: Address = KENYA,
        album: str = "",
        files: int = 0,
        reply_to: RemoteRef | None = None,
    ) -> RemoteRef:
        """Somebody writes; returns where."""
        ref = self._message(chat)
        event = replace(
            self.message(text, sender(user, account=chat.account), ref, reply_to=reply_to),
            album=album,
            chat_kind=ChatKind.PRIVATE if chat.chat == user else ChatKind.GROUP,
        )
        await self._happens(event, files)
        return ref

    async def edits(self, ref: RemoteRef, text: str, *, user: str = "amina") -> None:
        said = self.message(text, sender(user, account=ref.account), ref)
        kept = {name: getattr(said, name) for name in ("account", "chat", "chat_kind", "at", "ref", "sender", "text")}
        await self._happens(MessageEdited(key=f"e{self._said}{text[:40]}", **kept), 0)

    async def _happens(self, event: Any, files: int) -> None:
        context = Context(
            communities=self.communities,
            directory=self.directory,
            now=self.now,
            event_id=1,
            attachments=tuple(photo(number) for number in range(files)),
        )
        async with transaction():
            await router.handle(event, context)

    async def trusts(self, user: str = "amina", standing: str = "trusted") -> None:
        async with transaction():
            identity = await people.meet(sender(user), self.now)
            await desk.set_standing(identity.person_id, self.community.id, standing, by="net:grace", now=self.now)

    async def removals(self, state: DeliveryState, reason: str = "") -> None:
        """What became of the attempts to take originals out of their groups."""
        rows = await Delivery.filter(kind=ledger.REMOVAL, state=DeliveryState.PLANNED)
        for row in rows:
            row.state, row.reason, row.done_at = state, reason, self.now
            await row.save()
        async with transaction():
            await arrivals(self.communities, lambda: self.now)(rows)


def photo(number: int) -> Attachment:
    return Attachment(sha256=f"{number:064x}", kind=AttachmentKind.PHOTO, mime="image/jpeg", size=9, name="a.jpg")


def town(*rules: Rule, **policy: Any) -> Town:
    return Town(community=community(rules=rules or DEFAULT_RULES, **policy))


async def review(number: int = 1) -> Review:
    found = await submissions.review_by_number("hifa", number)
    assert found is not None
    return found


async def why(number: int = 1) -> tuple[tuple[str, ...], tuple[str, ...]]:
    kept = reasons.of(await review(number))
    return kept.codes, kept.noted


# --- held, and why --------------------------------------------------------------------------------------------------


async def test_without_a_table_everything_is_held_and_what_was_noticed_is_said() -> None:
    here = town()
    await here.writes("Is misoprostol safe at home, and who may give it to mothers?")
    await here.writes("is misoprostol safe at home and who may give it to mothers", user="daniel")
    assert await why(1) == (("all",), ())
    assert await why(2) == (("all",), ("duplicate:1",))
    card = await here.card(await review(2))
    assert "Held because every post is read before it is published\n" in card
    assert "Noticed: it is nearly the same as #1" in card


async def test_all_reasons_accumulate() -> None:
    here = town(
        rule("links", "hold"),
        rule("words", "second", words=("insulin",)),
        rule("attachments", "hold"),
        rule("length", "note", over=10),
        rule("trusted", "approve"),
    )
    await here.trusts()
    await here.writes("No insulin here, see https://example.org", files=1)
    assert await why() == (("links", "words:insulin", "attachments"), ("length",))
    assert (await review()).approvals == 2
    assert (await review()).state == ReviewState.HELD


async def test_nobody_else_is_published_where_trusted_authors_are() -> None:
    here = town(rule("trusted", "approve"))
    await here.writes("Hello from Kisumu")
    assert await why() == ((answers.NO_RULE,), ())
    assert "Held because no rule lets it out unread" in await here.card(await review())


@pytest.mark.parametrize("check", sorted(answers.ANSWERS))
async def test_whichever_rule_breaks_it_holds(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(answers, "ANSWERS", {**answers.ANSWERS, check: fails})
    other = "length" if check is Check.ALL else "all"
    here = town(rule(other, "approve"), rule(check.value, "note", over=1, words=("x",)))
    await here.writes("Hello to all")
    assert "failed" in (await why())[0]
    assert await Post.all().count() == 0


async def test_an_exception_in_a_rule_holds_and_says_nothing_of_the_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = io.StringIO()
    configure(format="json", level="info", stream=lines)

    def fails(asked: Rule, wording: answers.Wording) -> str | None:
        raise RuntimeError(wording.text.text)

    monkeypatch.setattr(answers, "ANSWERS", {**answers.ANSWERS, Check.LINKS: fails})
    here = town(rule("links", "hold"), rule("trusted", "approve"), rule("length", "note", over=1))
    await here.trusts()
    await here.writes("zincword")
    assert await why() == (("failed",), ("length",))
    assert "Held because a rule could not be answered" in await here.card(await review())
    logged = lines.getvalue()
    assert "rule_failed" in logged
    assert "RuntimeError" in logged
    assert "zincword" not in logged


async def test_facts_that_cannot_be_had_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> int:
        raise ValueError("no")

    monkeypatch.setattr(intake_reads, "published_by", fails)
    here = town(rule("trusted", "approve"), rule("first_posts", "note", over=1))
    await here.trusts()
    await here.writes("Hello")
    assert await why() == (("failed",), ())


async def test_a_database_that_is_away_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: Any) -> int:
        raise DBConnectionError("away")

    monkeypatch.setattr(intake_reads, "published_by", fails)
    here = town(rule("first_posts", "hold", over=1))
    with pytest.raises(StorageUnavailable):
        await here.writes("Hello")
    assert await Review.all().count() == 0


async def test_a_wording_that_cannot_be_examined_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(text: str, **_: Any) -> tuple[hints.Hint, ...]:
        raise RecursionError(text)

    monkeypatch.setattr(hints, "find", fails)
    here = town(rule("trusted", "approve"))
    await here.trusts()
    await here.writes("Hello")
    assert await why() == (("failed",), ())
    assert await Post.all().count() == 0


@pytest.mark.parametrize("where", ["switch", "standing"])
async def test_what_stands_before_every_table(where: str) -> None:
    here = town(rule("all", "approve"))
    if where == "switch":
        assert "switched on" in await here.orders("/emergency on", RUTH)
    else:
        await here.trusts(standing="held")
    await here.writes("Hello")
    assert await why() == (("emergency",) if where == "switch" else ("always_held",), ())


# --- what is noticed ------------------------------------------------------------------------------------------------

PATIENT = "Mary Atieno has malaria, call her mother on +254 712 345 678"


async def test_hints_stand_on_the_card_and_are_asked_about_in_private_alone() -> None:
    here = town()
    await here.writes(PATIENT)
    card = await here.card(await review())
    assert "🔎 a telephone number: +254 712 345 678" in card
    (receipt,) = [text for text in await notices(AMINA) if "Did you mean to share this?" in text]
    assert "a telephone number “+254 712 345 678”" in receipt
    assert "write WITHDRAW 1" in receipt, "the original is taken out of the group: there is nothing to edit"
    assert "reaches 2 groups" in receipt
    assert not [text for text in await notices(KENYA) if "share" in text]
    assert (await Revision.get()).text == codec.dump(codec.RICH_TEXT, plain(PATIENT)), "nothing is ever removed"


async def test_who_wrote_privately_may_edit() -> None:
    here = town()
    ref = await here.writes(PATIENT, chat=AMINA)
    assert [text for text in await notices(AMINA) if "edit your message, or withdraw it" in text]
    before = await newest()
    await here.edits(ref, PATIENT.replace("Mary Atieno", "A woman"))
    (told,) = await notices(AMINA, since=before)
    assert "Your new wording of #1 is with the moderators." in told
    assert "a telephone number" in told
    before = await newest()
    await here.edits(ref, "A woman has malaria")
    assert await notices(AMINA, since=before) == ["Your new wording of #1 is with the moderators."]
    assert "🔎" not in await here.card(await review())


async def test_a_moderators_wording_is_looked_at_anew() -> None:
    here = town()
    await here.writes(PATIENT)
    await here.types(await review(), "edit: A woman has malaria, write to mother@example.org", GRACE)
    findings = codec.load_object((await submissions.revision_of(await review())).findings)
    assert [hint["kind"] for hint in findings["hints"]] == ["email"]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Bonjour à tous, nous n'avons plus de vaccins au centre de santé depuis deux semaines.", "fr"),
        ("We have had no vaccines at the health centre for two weeks.", ""),
    ],
)
async def test_a_language_that_readers_do_not_expect(text: str, language: str) -> None:
    here = town()
    await here.writes(text)
    assert codec.load_object((await Revision.get()).findings).get("language", "") == language
    assert ("Seems to be written in French" in await here.card(await review())) is bool(language)
    assert (await why())[1] == (("language",) if language else ())


async def test_the_language_of_the_group_counts_before_that_of_the_community() -> None:
    here = town()
    groups = tuple(replace(group, language="fr") for group in here.community.groups)
    here.community = replace(here.community, groups=groups)
    await here.writes("Bonjour à tous, nous n'avons plus de vaccins au centre de santé depuis deux semaines.")
    assert codec.load_object((await Revision.get()).findings) == {}


# --- edits while held -----------------------------------------------------------------------------------------------


async def test_an_edit_adds_reasons_and_takes_none_away() -> None:
    here = town(rule("links", "hold"), rule("words", "second", words=("insulin",)), rule("trusted", "approve"))
    await here.trusts()
    ref = await here.writes("See https://example.org", chat=AMINA)
    assert await why() == (("links",), ())
    await here.edits(ref, "We need insulin")
    assert await why() == (("links", "words:insulin"), ())
    assert (await review()).approvals == 2
    await here.edits(ref, "We need nothing")
    assert await why() == (("links", "words:insulin"), ())
    assert (await review()).approvals == 2
    assert (await review()).state == ReviewState.HELD


async def test_an_edit_is_not_compared_with_itself_nor_counted() -> None:
    here = town(
        rule("author_quota", "refuse", over=1, hours=1), rule("duplicate", "hold"), rule("first_posts", "hold", over=1)
    )
    ref = await here.writes("We have had no vaccines for two weeks", chat=AMINA)
    await here.edits(ref, "We have had no vaccines for two weeks!")
    assert await why() == (("first_posts",), ())


# --- published unread -----------------------------------------------------------------------------------------------


async def test_a_trusted_author_is_published_at_once() -> None:
    here = town(*TRUSTING)
    await here.writes("The first of mine, which a moderator reads")
    await here.press(await review(1), "trust", GRACE)
    await here.press(await review(1), "approve", GRACE)
    assert await why(1) == (("first_posts",), ())
    await here.writes("The second one is still read")
    assert await why(2) == (("first_posts",), ())
    await here.press(await review(2), "approve", GRACE)
    before = await newest()
    await here.writes("The third goes out unread")
    published = await review(3)
    assert (published.state, published.decided_by, published.decided_name) == (ReviewState.APPROVED, "", "")
    assert "Published by the community's rules" in await here.card(published)
    (told,) = await notices(AMINA, since=before)
    assert told.startswith("Your post #3 was approved.")
    line = await Decision.filter(review_id=published.id, action="approve").get()
    assert (line.actor, codec.load_object(line.detail)) == ("program", {"rules": ["trusted"]})
    assert (await audit.verify("hifa")).broken_at is None
    await here.writes(PATIENT)
    assert await why(4) == (("privacy",), ())
    assert (await review(4)).state == ReviewState.HELD


async def test_who_is_published_unread_is_asked_about_hints_too() -> None:
    here = town(rule("all", "approve"))
    before = await newest()
    await here.writes(PATIENT, chat=AMINA)
    told = await notices(AMINA, since=before)
    assert [text for text in told if "Did you mean to share this in #1?" in text and "RETRACT 1" in text]
    assert [text for text in told if "May I ask you 9 short questions" in text]
    assert not [text for text in told if "is with the moderators" in text]


async def test_an_album_goes_out_whole() -> None:
    here = town(rule("trusted", "approve"))
    await here.trusts()
    for text in ("Our new ward", "", ""):
        await here.writes(text, album="a1", files=1)
    waiting = await review()
    assert waiting.state == ReviewState.HELD
    assert "Held because its other files are still awaited" in await here.card(waiting)
    await unread.tick(here.community, here.directory, here.now + timedelta(seconds=5))
    assert (await again(waiting)).state == ReviewState.HELD
    await unread.tick(here.community, here.directory, here.now + MINUTE)
    assert (await again(waiting)).state == ReviewState.APPROVED
    (post,) = await Post.all()
    assert len(codec.load(codec.ATTACHMENTS, post.attachments)) == 3
    await unread.tick(here.community, here.directory, here.now + MINUTE)
    assert await Post.all().count() == 1


@pytest.mark.parametrize("by", ["caption", "moderator", "rejection"])
async def test_an_album_that_has_a_reason_by_then_is_not_published(by: str) -> None:
    here = town(rule("trusted", "approve"), rule("words", "hold", words=("insulin",)))
    await here.trusts()
    await here.writes("Our new ward", album="a1", files=1, chat=UGANDA if by == "caption" else KENYA, user="amina")
    if by == "caption":
        await here.trusts()
        await here.writes("and its insulin", album="a1", files=1, chat=UGANDA)
    elif by == "moderator":
        await here.press(await review(), "claim", GRACE)
    else:
        await here.types(await review(), "reject: not now", GRACE)
    await unread.tick(here.community, here.directory, here.now + MINUTE)
    assert await Post.all().count() == 0


async def test_where_nothing_can_be_removed_readers_do_not_see_it_twice() -> None:
    here = town(rule("trusted", "approve"))
    await here.writes("Held, and its original stays", user="daniel")
    await here.removals(DeliveryState.REFUSED, Refusal.FORBIDDEN.value)
    await here.trusts()
    await here.writes("Published at once")
    assert [row.intake for row in await Submission.all().order_by("id")] == ["hold", "copy"]
    assert await Delivery.filter(kind=ledger.REMOVAL).count() == 1
    here.now += timedelta(days=2)
    await here.writes("Tried again after a while")
    assert await Delivery.filter(kind=ledger.REMOVAL).count() == 2


# --- an original that stays -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        (DeliveryState.REFUSED, Refusal.FORBIDDEN.value, True),
        (DeliveryState.REFUSED, Refusal.TARGET_GONE.value, False),
        (DeliveryState.DELIVERED, "", False),
    ],
)
async def test_a_refused_removal_stands_on_the_card(state: DeliveryState, reason: str, said: bool) -> None:
    here = town()
    await here.writes("Hello")
    await Delivery.filter(kind=ledger.CARD).update(state=DeliveryState.DELIVERED, payload="{}")
    await here.removals(state, reason)
    card = await here.card(await review())
    assert ("its original could not be removed from the group" in card) is said
    assert await Delivery.filter(kind=ledger.CARD, operation=ledger.EDIT).exists() is said
    assert bool([text for text in await notices(GRACE.channel) if "I may not remove messages there" in text]) is said


# --- too much -------------------------------------------------------------------------------------------------------


def limited(over: int = 2, hours: int = 1, check: str = "author_quota") -> Town:
    return town(rule(check, "refuse", over=over, hours=hours), rule("all", "hold"))


async def test_too_much_is_refused_once_with_a_time_and_the_text_comes_back() -> None:
    here = limited()
    for number in (1, 2):
        await here.writes(f"Message number {number}")
        here.now += 10 * MINUTE
    before = await newest()
    await here.writes("A third one, on zinc")
    (told,) = await notices(AMINA, since=before)
    assert "HIFA takes at most 2 from one person within 1 hour" in told
    assert "Please send it again after 01.03. 13:00 UTC" in told
    assert told.endswith("A third one, on zinc")
    removal = await Delivery.filter(kind=ledger.REMOVAL).order_by("-id").first()
    assert removal is not None
    assert removal.target_message == "t3"
    before = await newest()
    await here.writes("A fourth one")
    (told,) = await notices(AMINA, since=before)
    assert "at most" not in told, "how much is taken has been said"
    assert told.endswith("A fourth one")
    assert await Review.all().count() == 2
    here.now += 41 * MINUTE
    await here.writes("There is room again")
    before = await newest()
    await here.writes("And none again")
    assert await Review.all().count() == 3
    (told,) = await notices(AMINA, since=before)
    assert "13:10 UTC" in told


async def test_what_stays_where_it_is_is_not_sent_back() -> None:
    here = limited(over=1)
    await here.writes("One", chat=AMINA)
    before = await newest()
    await here.writes("Two on zinc", chat=AMINA)
    (told,) = await notices(AMINA, since=before)
    assert "zinc" not in told
    assert await Delivery.filter(kind=ledger.REMOVAL).count() == 0


async def test_who_cannot_be_reached_hears_a_kind_word_in_the_group() -> None:
    here = limited(over=1)
    for account in here.accounts.values():
        account.can = replace(account.can, opens_direct=False)
    await here.writes("One")
    before = await newest()
    await here.writes("Two on zinc")
    (told,) = await notices(KENYA, since=before)
    assert told == (
        "Amina, there is much to read for the moderators at present. Please send your message again after "
        "01.03. 13:00 UTC."
    )


async def test_a_group_that_floods() -> None:
    here = limited(over=2, check="source_quota")
    await here.writes("One", user="daniel")
    await here.writes("Two", user="esther")
    before = await newest()
    await here.writes("Three")
    (told,) = await notices(AMINA, since=before)
    assert "at most 2 from one group within 1 hour" in told
    await here.writes("From another group", chat=UGANDA, user="daniel")
    await here.writes("Privately", chat=private("esther"), user="esther")
    assert await Review.all().count() == 4


async def test_two_accounts_of_one_person_share_a_quota() -> None:
    here = limited(over=1)
    await here.writes("One")
    await here.writes("Elsewhere", chat=UGANDA)
    assert await Review.all().count() == 2, "nobody knows yet that they are one person"
    async with transaction():
        first = await people.meet(sender("amina", account=KENYA.account), here.now)
        second = await people.meet(sender("amina", account=UGANDA.account), here.now)
        second.person_id = first.person_id
        await second.save()
    await here.writes("Two", chat=UGANDA)
    assert await Review.all().count() == 2


async def test_the_cards_of_a_flood_let_others_go_first() -> None:
    here = town()
    for number in range(8):
        await here.writes(f"Message {number} of many")
    await here.writes("One message of Daniel's", user="daniel")
    due = [row.due_at - here.now for row in await Delivery.filter(kind=ledger.CARD, account="net").order_by("id")]
    assert due == [timedelta(0)] * 5 + [timedelta(seconds=30)] * 3 + [timedelta(0)]


async def test_my_own_number_is_said_once_a_minute() -> None:
    here = town()
    for _ in range(5):
        await here.writes("/id")
    assert len(await notices(KENYA)) == 1
    await here.writes("/id", user="daniel")
    here.now += 2 * MINUTE
    await here.writes("/id")
    assert len(await notices(KENYA)) == 3


# --- replies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["open", "closed"])
async def test_an_answer_inherits_headline_and_theme(state: str) -> None:
    here = town()
    original = await here.writes("How do you keep vaccines cold?")
    theme = await Theme.create(community="hifa", title="Cold chain", created_at=here.now)
    await desk.dress(await review(), headline="Fridges", theme_id=theme.id)
    await here.press(await review(), "approve", GRACE)
    if state == "closed":
        await Theme.filter(id=theme.id).update(state="closed")
    await here.writes("With ice packs", user="daniel", reply_to=original)
    answer = await review(2)
    assert answer.headline == "Fridges"
    assert answer.theme_id == (theme.id if state == "open" else None)
    await here.writes("Something new", user="esther")
    assert ((await review(3)).headline, (await review(3)).theme_id) == ("", None)
