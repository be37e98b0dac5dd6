"""The rules over both databases: what they look up, and what follows when something cannot be looked up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.core.community import Community
from bridge.core.errors import Refusal, StorageUnavailable
from bridge.core.message import Attachment, AttachmentKind
from bridge.core.policy import Check, Consequence, Rule
from bridge.core.states import DeliveryState, ReviewState
from bridge.core.text import plain
from bridge.moderation import answers, hints, rules
from bridge.moderation.answers import Ruling
from bridge.moderation.facts import facts_of
from bridge.storage import desk, intake_reads, ledger, people, reasons, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Post, Review, Submission
from tests.integration.moderating import GRACE, Room, community
from tests.unit.storage.stage import KENYA, NOW, UGANDA, again, hold, sender

pytestmark = pytest.mark.usefixtures("opened")

TABLE = (
    Rule(check=Check.TRUSTED, then=Consequence.APPROVE),
    Rule(check=Check.LINKS, then=Consequence.HOLD),
    Rule(check=Check.WORDS, then=Consequence.SECOND, words=("insulin",)),
    Rule(check=Check.PRIVACY, then=Consequence.NOTE),
)
ZINC = "How long do we give zinc to a child with diarrhoea?"


async def amina() -> Identity:
    async with transaction():
        return await people.meet(sender("amina"), NOW)


async def trust(identity: Identity, value: str = "trusted") -> None:
    async with transaction():
        await desk.set_standing(identity.person_id, "hifa", value, by="grace", now=NOW)


def here(*table: Rule, **policy: Any) -> Community:
    return community(rules=table or TABLE, **policy)


async def judged(
    text: str, where: Community, *, identity: Identity | None = None, attachments: Sequence[Attachment] = ()
) -> Ruling:
    async with transaction():
        return await rules.judge(
            rules.Case(
                community=where,
                identity=identity or await amina(),
                text=plain(text),
                attachments=attachments,
                source=KENYA,
                findings=rules.examined(text, KENYA, where),
                now=NOW,
            )
        )


async def moved(review: Review, **values: Any) -> None:
    await Submission.filter(id=review.submission_id).update(**values)


# --- what is looked up ----------------------------------------------------------------------------------------------


async def test_what_a_person_has_sent_lately() -> None:
    reviews = [await hold(user="amina", message=f"m{n}") for n in range(4)]
    await hold(user="joseph", message="other")
    await moved(reviews[0], created_at=NOW - timedelta(hours=2))
    await moved(reviews[1], created_at=NOW - timedelta(minutes=30))
    await moved(reviews[2], community="chifa")
    person, since = reviews[0].submission.identity.person_id, NOW - timedelta(hours=1)
    assert await intake_reads.sent_by(person, "hifa", since, limit=9) == [NOW, NOW - timedelta(minutes=30)]
    assert await intake_reads.sent_by(person, "hifa", since, limit=1) == [NOW]
    besides = reviews[3].submission_id
    assert await intake_reads.sent_by(person, "hifa", since, limit=9, besides=besides) == [NOW - timedelta(minutes=30)]
    assert await intake_reads.sent_by(person, "chifa", since, limit=9) == [NOW]


async def test_what_a_withdrawn_message_counts() -> None:
    """Who withdraws and sends again has sent twice."""
    review = await hold()
    await Review.filter(id=review.id).update(state=ReviewState.WITHDRAWN)
    sent = await intake_reads.sent_by(review.submission.identity.person_id, "hifa", NOW - timedelta(hours=1), limit=9)
    assert sent == [NOW]


async def test_what_has_come_from_a_group() -> None:
    first, second = await hold(user="amina"), await hold(user="joseph", message="m2")
    since = NOW - timedelta(hours=1)
    assert len(await intake_reads.sent_in(KENYA, "hifa", since, limit=9)) == 2
    assert await intake_reads.sent_in(KENYA, "hifa", since, limit=9, besides=second.submission_id) == [NOW]
    assert await intake_reads.sent_in(UGANDA, "hifa", since, limit=9) == []
    await moved(first, origin_post_id=1)
    assert len(await intake_reads.sent_in(KENYA, "hifa", since, limit=9)) == 1, "what another community offers"


async def test_published_posts_of_a_person() -> None:
    room = Room(here(undo=timedelta(0)))
    review = await hold()
    person = review.submission.identity.person_id
    assert await intake_reads.published_by(person, "hifa") == 0
    await room.press(review, "approve", GRACE)
    assert await intake_reads.published_by(person, "hifa") == 1
    assert await intake_reads.published_by(person, "chifa") == 0
    assert await intake_reads.published_by(person + 1, "hifa") == 0
    await Post.all().update(state="retracted")
    assert await intake_reads.published_by(person, "hifa") == 0


async def test_recent_texts_are_those_that_stand() -> None:
    held, published, rejected, old, elsewhere = [
        await hold(f"Text number {n} about zinc", message=f"m{n}") for n in range(5)
    ]
    await Review.filter(id=published.id).update(state=ReviewState.APPROVED)
    await Review.filter(id=rejected.id).update(state=ReviewState.REJECTED)
    await moved(old, created_at=NOW - timedelta(hours=2))
    await Review.filter(id=elsewhere.id).update(community="chifa")
    async with transaction():
        await submissions.revise(await again(held), plain("A better text about zinc"), (), (), NOW)
    since = NOW - timedelta(hours=1)
    found = [(number, text) for number, _, text in await intake_reads.recent_texts("hifa", since)]
    assert found == [(2, "Text number 1 about zinc"), (1, "A better text about zinc")]
    besides = await intake_reads.recent_texts("hifa", since, besides=held.submission_id)
    assert [number for number, _, _ in besides] == [2]


async def test_the_cost_of_looking_for_duplicates_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake_reads, "_MOST_TEXTS", 3)
    for number in range(5):
        await hold(f"Text number {number} about zinc", message=f"m{number}")
    assert [n for n, _, _ in await intake_reads.recent_texts("hifa", NOW - timedelta(hours=1))] == [5, 4, 3]


# --- judging --------------------------------------------------------------------------------------------------------


async def test_nobody_trusted_is_held_by_a_table_without_all() -> None:
    ruling = await judged(ZINC, here())
    assert (ruling.consequence, ruling.codes, ruling.approvals) == (Consequence.HOLD, (answers.NO_RULE,), 1)


async def test_a_trusted_author_is_published_until_a_rule_holds() -> None:
    identity = await amina()
    await trust(identity)
    ruling = await judged(ZINC, here(), identity=identity)
    assert (ruling.consequence, ruling.codes) == (Consequence.APPROVE, ("trusted",))
    ruling = await judged(f"{ZINC} See https://example.org", here(), identity=identity)
    assert (ruling.consequence, ruling.codes) == (Consequence.HOLD, ("links",))
    ruling = await judged(f"{ZINC} And insulin? See https://example.org", here(), identity=identity)
    assert (ruling.consequence, set(ruling.codes)) == (Consequence.SECOND, {"links", "words:insulin"})
    assert ruling.approvals == 2
    ruling = await judged(f"{ZINC} Call +254 712 345678", here(), identity=identity)
    assert (ruling.consequence, ruling.noted) == (Consequence.APPROVE, ("privacy",))


async def test_two_approvals_for_all_stay_two() -> None:
    assert (await judged(ZINC, here(approvals=3))).approvals == 3
    assert (await judged("Insulin?", here(approvals=3))).approvals == 3


async def test_trust_in_one_community_is_not_trust_in_another() -> None:
    identity = await amina()
    await trust(identity)
    other = replace(here(), id=type(here().id)("chifa"))
    assert (await judged(ZINC, other, identity=identity)).consequence is Consequence.HOLD


async def test_the_switch_stands_before_every_table() -> None:
    identity = await amina()
    await trust(identity)
    async with transaction():
        await desk.set_setting("hifa", "emergency", "Grace")
    ruling = await judged(ZINC, here(), identity=identity)
    assert (ruling.consequence, ruling.codes) == (Consequence.HOLD, ("emergency",))
    async with transaction():
        await desk.set_setting("hifa", "emergency", "")
    assert (await judged(ZINC, here(), identity=identity)).consequence is Consequence.APPROVE


async def test_an_author_who_is_always_held_needs_no_rule() -> None:
    identity = await amina()
    await trust(identity, "held")
    ruling = await judged(ZINC, here(Rule(check=Check.ALL, then=Consequence.APPROVE)), identity=identity)
    assert (ruling.consequence, ruling.codes) == (Consequence.HOLD, ("always_held",))


@pytest.mark.parametrize("check", sorted(answers.ANSWERS))
async def test_a_rule_that_breaks_holds(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("amina's secret")

    monkeypatch.setitem(answers.ANSWERS, check, broken)
    where = here(
        Rule(check=Check.LENGTH if check is Check.ALL else Check.ALL, then=Consequence.APPROVE, over=0),
        Rule(check=check, then=Consequence.NOTE, over=1, words=("x",)),
    )
    ruling = await judged(ZINC, where)
    assert ruling.consequence is Consequence.HOLD
    assert "failed" in ruling.codes


async def test_facts_that_cannot_be_read_hold_and_an_absent_database_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    identity = await amina()
    await trust(identity)
    error: Exception = ValueError("odd")

    async def broken(*_: object) -> str:
        raise error

    monkeypatch.setattr(desk, "standing", broken)
    ruling = await judged(ZINC, here(), identity=identity)
    assert (ruling.consequence, ruling.codes) == (Consequence.HOLD, ("failed",))
    error = StorageUnavailable("gone")
    with pytest.raises(StorageUnavailable):
        await judged(ZINC, here(), identity=identity)


async def test_a_wording_that_could_not_be_examined_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    identity = await amina()
    await trust(identity)

    def broken(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr(hints, "find", broken)
    ruling = await judged(ZINC, here(), identity=identity)
    assert (ruling.consequence, ruling.codes) == (Consequence.HOLD, ("failed",))


async def test_quotas_and_when_there_is_room() -> None:
    table = (
        Rule(check=Check.AUTHOR_QUOTA, then=Consequence.REFUSE, over=2, hours=1),
        Rule(check=Check.SOURCE_QUOTA, then=Consequence.HOLD, over=3, hours=1),
    )
    first = await hold(message="m1")
    await moved(first, created_at=NOW - timedelta(minutes=50))
    assert (await judged(ZINC, here(*table))).codes == (answers.NO_RULE,)
    await hold(message="m2")
    ruling = await judged(ZINC, here(*table))
    assert (ruling.consequence, ruling.until) == (Consequence.REFUSE, NOW + timedelta(minutes=10))
    await hold(message="m3", user="joseph")
    joseph = await judged(
        ZINC, here(*table), identity=(await again(await hold(message="m4", user="mary"))).submission.identity
    )
    assert (joseph.consequence, joseph.codes, joseph.until) == (Consequence.HOLD, ("source_quota",), None)


async def test_profiles_files_lengths_and_duplicates() -> None:
    table = tuple(
        Rule(check=check, then=Consequence.HOLD, over=over)
        for check, over in [(Check.NO_PROFILE, 0), (Check.ATTACHMENTS, 0), (Check.LENGTH, 60), (Check.DUPLICATE, 0)]
    )
    photo = Attachment(kind=AttachmentKind.IMAGE, sha256="0" * 64, size=1, mime="image/jpeg", filename="a.jpg")
    await hold(ZINC)
    identity = await amina()
    ruling = await judged(ZINC.upper(), here(*table), identity=identity, attachments=[photo])
    assert set(ruling.codes) == {"no_profile", "attachments", "duplicate:1"}
    async with transaction():
        await people.save_profile(identity.person_id, {"profession": "nurse"}, shown=True, now=NOW)
    assert (await judged("Another question, " + "and more of it " * 4, here(*table))).codes == ("length",)
    async with transaction():
        await people.save_profile(identity.person_id, {"profession": "nurse"}, shown=False, now=NOW)
    assert (await judged("Hello", here(*table), identity=identity)).codes == ("no_profile",)


# --- a further wording ----------------------------------------------------------------------------------------------


async def judged_again(review: Review, text: str, where: Community) -> reasons.Reasons:
    async with transaction():
        fresh = await again(review)
        await rules.judge_again(fresh, plain(text), (), where, NOW)
    return reasons.of(await again(review))


async def test_reasons_only_grow() -> None:
    review = await hold(ZINC)
    where = here()
    assert (await judged_again(review, "See https://example.org", where)).codes == ("all", "links")
    found = await judged_again(review, "Is insulin kept cold?", where)
    assert found.codes == ("all", "links", "words:insulin")
    assert (await again(review)).approvals == 2
    found = await judged_again(review, ZINC, where)
    assert found.codes == ("all", "links", "words:insulin")
    assert (await again(review)).approvals == 2


async def test_an_edit_is_no_further_message_and_no_copy_of_itself() -> None:
    review = await hold(ZINC)
    where = here(
        Rule(check=Check.AUTHOR_QUOTA, then=Consequence.REFUSE, over=1, hours=1),
        Rule(check=Check.DUPLICATE, then=Consequence.HOLD),
    )
    assert (await judged_again(review, ZINC + " Thanks", where)).codes == ("all",)


async def test_what_a_person_holds_is_not_published_by_an_edit() -> None:
    review = await hold(ZINC)
    await trust((await again(review)).submission.identity)
    await judged_again(review, ZINC, here())
    assert (await again(review)).state == ReviewState.HELD


# --- an original that stays -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "why", "said"),
    [
        (DeliveryState.REFUSED, Refusal.FORBIDDEN, True),
        (DeliveryState.REFUSED, Refusal.TARGET_GONE, False),
        (DeliveryState.DELIVERED, "", False),
        (DeliveryState.PLANNED, "", False),
    ],
)
async def test_the_card_says_that_an_original_could_not_be_removed(state: DeliveryState, why: str, said: bool) -> None:
    review = await hold()
    row = await ledger.plan(
        kind=ledger.REMOVAL,
        address=KENYA,
        now=NOW,
        operation=ledger.DELETE,
        target_ref=review.submission.source,
        community="hifa",
        review_id=review.id,
    )
    await Delivery.filter(id=row.id).update(state=state, reason=why)
    facts = await facts_of(await again(review), community(), 1)
    assert ("removal_failed" in facts.reasons) is said
