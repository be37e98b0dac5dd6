"""Private copies in the database: who is sent what, when, once, and not any more."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.core.membership import Reading
from bridge.core.states import DeliveryState
from bridge.core.text import plain
from bridge.members import copies, preferences
from bridge.storage import afterwards, codec, feed, ledger, memberships, people, undoing
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Post
from bridge.storage.models_members import CopyChange, Membership
from tests.integration.reading_town import MAIL, SMS, Readers

pytestmark = pytest.mark.usefixtures("opened")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def town() -> Readers:
    return Readers()


async def test_an_approval_plans_no_private_copy_itself(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    await town.publishes("Is zinc safe?")
    assert await town.rows("joseph") == []
    await town.batches()
    assert len(await town.rows("joseph")) == 1
    row = (await town.rows("joseph"))[0]
    assert row.post_id is not None
    assert "Is zinc safe?" in (await town.texts("joseph"))[0]


async def test_not_what_was_published_before_they_came_nor_what_they_wrote(town: Readers) -> None:
    await town.publishes("before")
    await town.reads("joseph", Reading.IMMEDIATE)
    await town.reads("amina", Reading.IMMEDIATE)
    await town.publishes("after")
    await town.batches()
    await town.batches()
    assert len(await town.texts("joseph")) == 1
    assert "after" in (await town.texts("joseph"))[0]
    assert await town.rows("amina") == []


async def test_a_batch_is_two_hundred_rows_at_most(town: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "BATCH", 4)
    for number in range(10):
        await town.reads(f"reader{number}", Reading.IMMEDIATE)
    await town.publishes()
    planned: list[int] = []
    before = 0
    while await copies.batch(town.community, town.directory, town.now):
        after = await Delivery.filter(kind=ledger.COPY).count()
        planned.append(after - before)
        before = after
    assert await Delivery.filter(kind=ledger.COPY).count() == 10
    assert max(planned) <= 4


async def test_in_the_order_of_publication_not_of_approval(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    late = await town.publishes("scheduled for later", at=town.now + 2 * HOUR)
    soon = await town.publishes("goes out now")
    assert late.id < soon.id
    await town.batches()
    assert ["goes out now" in text for text in await town.texts("joseph")] == [True]
    town.later(hours=3)
    await town.batches()
    assert "scheduled for later" in (await town.texts("joseph"))[1]
    assert len(await town.texts("joseph")) == 2


async def test_quiet_hours_and_being_away(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE, quiet="11:00-14:00")
    mary = await town.reads("mary", Reading.IMMEDIATE)
    async with transaction():
        await preferences.set_away(mary, town.now + 3 * DAY, town.community, town.now)
    await town.publishes("at noon")
    await town.batches()
    assert await town.rows("joseph") == await town.rows("mary") == []
    town.later(hours=2)
    await town.batches()
    assert len(await town.texts("joseph")) == 1
    for number in range(7):
        await town.publishes(f"while she is away {number}")
    town.later(days=3)
    await town.batches()
    assert await town.texts("mary") == []
    missed = await town.texts("mary", ledger.DIGEST)
    assert len(missed) == 1
    assert "what you have missed · 8 new messages" in missed[0]


async def test_going_away_takes_back_what_is_not_on_its_way(town: Readers) -> None:
    mary = await town.reads("mary", Reading.IMMEDIATE)
    await town.publishes("one")
    await town.batches()
    async with transaction():
        mary = await Membership.get(id=mary.id)
        await preferences.set_away(mary, town.now + DAY, town.community, town.now)
    assert await town.rows("mary") == []
    town.later(days=2)
    await town.batches()
    assert len(await town.texts("mary")) == 1


async def test_language_and_files(town: Readers) -> None:
    row = await town.reads("joseph", Reading.IMMEDIATE)
    async with transaction():
        await memberships.prefer(row, language="sw", media=False)
    identity = await people.get((await town.identity("joseph")).id)
    assert people.language_for(identity.person, "hifa") == "sw"
    assert people.language_for(identity.person, "chifa") == ""
    await town.publishes("Is zinc safe?")
    await Post.all().update(
        attachments=(
            '[{"sha256":"' + "0" * 64 + '","kind":"photo","mime":"image/jpeg","size":82000,"name":"a.jpg",'
            '"width":null,"height":null,"duration":null}]'
        ),
        translations=codec.dump_object(
            {"sw": {"text": codec.dump(codec.RICH_TEXT, plain("Je, zinki ni salama?")), "translator": "J"}}
        ),
    )
    await town.batches()
    (text,) = await town.texts("joseph")
    assert "Je, zinki ni salama?" in text
    assert "82 kB" in text
    assert not codec.load(codec.CONTENT, (await town.rows("joseph"))[0].content).attachments


async def test_digests_at_the_readers_hour_once_and_never_empty(town: Readers) -> None:
    await town.reads("joseph", Reading.DAILY, zone="Africa/Nairobi")
    await town.reads("mary", Reading.WEEKLY)
    await town.publishes("Is zinc safe for children under five years of age?")
    await town.publishes("Where can we find oral rehydration salts?")
    await town.batches()
    assert await town.rows("joseph", ledger.DIGEST) == []
    town.now = datetime(2026, 3, 2, 3, 59, tzinfo=UTC)
    await town.batches()
    assert await town.rows("joseph", ledger.DIGEST) == []
    town.now = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 07:00 in Nairobi
    await town.batches()
    (digest,) = await town.texts("joseph", ledger.DIGEST)
    assert "HIFA daily digest · 2 new messages" in digest
    assert "#1 Amina: Is zinc safe for children under five years of age?" in digest
    assert await town.rows("mary", ledger.DIGEST) == []
    await town.batches()
    town.later(days=1)
    await town.batches()
    assert len(await town.rows("joseph", ledger.DIGEST)) == 1  # nothing new, nothing sent
    assert len(await town.rows("mary", ledger.DIGEST)) == 1  # it was Monday


async def test_a_digest_says_what_was_corrected_and_taken_back(town: Readers) -> None:
    await town.reads("joseph", Reading.DAILY)
    first, second = await town.publishes("one"), await town.publishes("two")
    town.later(days=1)
    await town.batches()
    town.later(hours=1)
    await Post.filter(id=first.id).update(corrected_at=town.now)
    async with transaction():
        assert await afterwards.retract(second, name="Grace", now=town.now)
    town.later(days=1)
    await town.batches()
    digest = (await town.texts("joseph", ledger.DIGEST))[-1]
    assert "Corrected since: #1" in digest
    assert "Taken back since: #2" in digest


async def test_one_sms_for_a_digest_where_characters_cost(town: Readers) -> None:
    await town.reads("juma", Reading.DAILY, account=SMS)
    for number in range(20):
        await town.publishes(f"A long message about many things that nobody can read on a small phone {number}")
    town.later(days=1)
    await town.batches()
    rows = await Delivery.filter(kind=ledger.DIGEST)
    assert len(rows) == 1
    said = " ".join(codec.load(codec.CONTENT, row.content).text.text for row in rows)
    assert "earlier messages" in said
    assert "GET 20" in said


async def test_consent_is_looked_at_again_when_it_is_sent(town: Readers) -> None:
    left = await town.reads("joseph", Reading.IMMEDIATE)
    await town.reads("mary", Reading.IMMEDIATE)
    await town.reads("peter", Reading.IMMEDIATE)
    await town.reads("juma", Reading.IMMEDIATE)
    await town.publishes()
    await town.batches()
    # changed behind the back of the rows: as by another process
    await Membership.filter(id=left.id).update(state="left")
    await Membership.filter(person_id=(await town.identity("mary")).person_id).update(reading="none")
    await Identity.filter(id=(await town.identity("peter")).id).update(stopped_at=town.now)
    await town.arrive()
    there = await Delivery.filter(kind=ledger.COPY, state=DeliveryState.DELIVERED)
    assert [row.person_id for row in there] == [(await town.identity("juma")).person_id]
    assert await Delivery.filter(kind=ledger.COPY, state=DeliveryState.CANCELLED).count() == 3


async def test_the_card_sums_them_up_and_groups_go_first(town: Readers) -> None:
    for number in range(3):
        await town.reads(f"reader{number}", Reading.IMMEDIATE)
    post = await town.publishes()
    await town.batches()
    heads = [row_id for row_id, _ in await ledger.heads(town.now, list(town.accounts))]
    kinds = [(await Delivery.get(id=row_id)).kind for row_id in heads]
    assert kinds.index(ledger.COPY) > max(i for i, kind in enumerate(kinds) if kind != ledger.COPY)
    assert await feed.arrived(post.id) == (0, 3)
    await town.arrive()
    assert await feed.arrived(post.id) == (3, 3)
    assert all(row.kind == ledger.POST for row in await ledger.of_post(post.id))


async def test_who_reads_privately_has_seen_it_so_it_is_not_undone(town: Readers) -> None:
    post = await town.publishes()
    async with transaction():
        assert await undoing.lock_unattempted(post)
    await town.reads("joseph", Reading.IMMEDIATE)
    second = await town.publishes()
    await town.batches()
    async with transaction():
        assert not await undoing.lock_unattempted(second)


async def test_taken_back_before_during_and_after(town: Readers, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        await town.reads(f"reader{number}", Reading.IMMEDIATE)
    post = await town.publishes()
    await town.batches()
    await town.arrive(3)
    monkeypatch.setattr(copies, "BATCH", 2)
    async with transaction():
        assert await afterwards.retract(post, name="Grace", now=town.now)
        await feed.note_change(post, "retract", town.now)
    assert not await Delivery.filter(kind=ledger.COPY, operation=ledger.DELETE).exists()
    await town.batches()
    assert not await CopyChange.filter(done=False).exists()
    await town.arrive()
    sent = await Delivery.filter(kind=ledger.COPY, operation=ledger.SEND, state=DeliveryState.DELIVERED)
    gone = await Delivery.filter(kind=ledger.COPY, operation=ledger.DELETE, state=DeliveryState.DELIVERED)
    assert {row.id for row in sent} == {row.target_id for row in gone}
    assert len(await Delivery.filter(kind=ledger.COPY, operation=ledger.SEND)) == 5


async def test_of_a_letter_that_is_there_only_the_fingerprint_of_its_words_is_kept(town: Readers) -> None:
    await town.reads("ruth", Reading.IMMEDIATE, account=MAIL)
    post = await town.publishes("Zinc helps")
    await town.batches()
    await town.arrive()
    (sent,) = await town.rows("ruth", account=MAIL)
    assert (sent.state, sent.content, len(sent.shows)) == (DeliveryState.DELIVERED, "", 32)

    async with transaction():
        await feed.note_change(post, "correct", town.now)
    await town.batches()
    assert len(await town.rows("ruth", account=MAIL)) == 1, "it says what the letter said"

    words = codec.dump(codec.RICH_TEXT, plain("Zinc and ORS help"))
    async with transaction():
        await Post.filter(id=post.id).update(text=words, revision=2, corrected_at=town.now)
        await feed.note_change(post, "correct", town.now)
    await town.batches()
    _, anew = await town.rows("ruth", account=MAIL)
    assert "Zinc and ORS help" in codec.load(codec.CONTENT, anew.content).text.text


async def question_and_answer(town: Readers) -> Post:
    """The copies of a question have arrived, those of its answer (which is returned) are planned."""
    first = await town.publishes("Is zinc safe?")
    await town.batches()
    await town.arrive()
    second = await town.publishes("Yes.")
    await Post.filter(id=second.id).update(reply_post_id=first.id)
    await town.batches()
    return second


async def test_an_answer_replies_to_the_copy_of_what_it_answers(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    await question_and_answer(town)
    rows = await town.rows("joseph")
    assert "Is zinc safe?" not in (await town.texts("joseph"))[1]  # no quotation where it can be a reply
    row = await Delivery.get(id=rows[1].id).select_related("post")
    content = await ledger.threaded(row, codec.load(codec.CONTENT, row.content))
    assert content.reply_to == rows[0].ref


async def test_a_corrected_answer_is_a_reply_in_every_copy_and_quotes_in_none(town: Readers) -> None:
    names = ("joseph", "mary", "peter2")
    for name in names:
        await town.reads(name, Reading.IMMEDIATE)
    second = await question_and_answer(town)
    await town.arrive()
    async with transaction():
        words = codec.dump(codec.RICH_TEXT, plain("Yes, with ORS."))
        await Post.filter(id=second.id).update(text=words, revision=2, corrected_at=town.now)
        await feed.note_change(await Post.get(id=second.id), "correct", town.now)
    await town.batches()
    for name in names:
        _, was, corrected = await town.texts(name)
        assert ("Is zinc safe?" in was, "Is zinc safe?" in corrected) == (False, False), name
        assert "Yes, with ORS." in corrected


async def test_changing_ones_mind_repeats_and_skips_nothing(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    await town.publishes("arrives as a copy")
    await town.batches()
    await town.arrive()
    await town.publishes("was on its way as a copy")
    await town.batches()
    row = await Membership.get(person_id=(await town.identity("joseph")).person_id)
    async with transaction():
        await preferences.set_reading(row, Reading.DAILY, town.community, town.now)
    town.later(days=1)
    await town.batches()
    (digest,) = await town.texts("joseph", ledger.DIGEST)
    assert "was on its way as a copy" in digest
    assert "arrives as a copy" not in digest
    assert len(await town.texts("joseph")) == 1


async def test_a_digest_that_is_on_its_way_is_not_lost_with_a_new_wish(town: Readers) -> None:
    await town.reads("joseph", Reading.DAILY)
    await town.publishes("in the digest")
    town.later(days=1)
    await town.batches()
    row = await Membership.get(person_id=(await town.identity("joseph")).person_id)
    async with transaction():
        await preferences.set_reading(row, Reading.WEEKLY, town.community, town.now)
    town.later(days=8)
    await town.batches()
    assert ["in the digest" in text for text in await town.texts("joseph", ledger.DIGEST)] == [True]


async def test_a_copy_before_a_digest_stays_on_its_way(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    await town.publishes("one by one")
    await town.batches()
    for number in range(7):
        await town.publishes(f"in a digest {number}")
    await town.batches()
    row = await Membership.get(person_id=(await town.identity("joseph")).person_id)
    async with transaction():
        await preferences.set_reading(row, Reading.DAILY, town.community, town.now)
    town.later(days=1)
    await town.batches()
    assert len(await town.texts("joseph")) == 1
    assert len(await town.texts("joseph", ledger.DIGEST)) == 1
