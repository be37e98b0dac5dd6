"""Where the parts of membership meet: taking accounts, what a ban and an erasure leave behind, who is sent what."""

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.core.events import ChatKind
from bridge.core.ids import AccountId, Address, ChatId
from bridge.core.membership import Joining, MemberPolicy, Reading
from bridge.core.policy import Check, Consequence, Rule
from bridge.core.roster import NewMember
from bridge.core.states import (
    ApplicationState,
    DeliveryState,
    LinkState,
    MembershipState,
    MembershipStep,
    ProfileState,
    ReviewState,
)
from bridge.intake import belonging, router
from bridge.intake.context import Context
from bridge.members import membership
from bridge.members.interview import Given
from bridge.moderation import application_desk, banning, decisions, forgetting, joining, profile_changes, uniting
from bridge.moderation.acts import Desk
from bridge.storage import desk, ledger, memberships, people, persons, roster, submissions, upkeep
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Profile, Review, Submission
from bridge.storage.models_members import Application, BridgedGroup
from tests.integration.desk_world import World, here
from tests.integration.moderating import GRACE, RUTH, community, private
from tests.integration.reading_town import SMS, Readers
from tests.integration.talking import Talk, told
from tests.integration.test_linking import code_in
from tests.unit.delivery.scripted import PLAIN
from tests.unit.storage.stage import KENYA, MODS, NET, SLOW, hold, posted, sender

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def town() -> Readers:
    return Readers()


@pytest.fixture
async def world(tmp_path: Path) -> World:
    found = World(tmp_path, here())
    await found.open()
    return found


@pytest.fixture
def by_sms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing proves who writes as ``phone``."""

    def made(user: str, name: str = "", account: AccountId = NET) -> object:
        found = sender(user, name, account)
        return replace(found, proof="claimed") if user == "phone" else found

    monkeypatch.setattr("tests.integration.talking.sender", made)


async def person_of(user: str, account: AccountId = NET) -> int:
    found = await people.find(sender(user, account=account).ref)
    assert found is not None
    return found.person_id


# --- an invented sender ---


@pytest.mark.usefixtures("by_sms")
async def test_an_invented_sender_cannot_have_a_code_sent_to_himself(talk: Talk) -> None:
    await talk.hears("Is zinc safe?", user="phone", account=SLOW)
    await talk.hears("/help", user="mallory")
    said = await talk.hears("/link net mallory", user="phone", account=SLOW)
    assert "Your code is" in said[-1], "to be read on the phone, by its owner"
    assert not await told(private("mallory"), "LINK")
    assert await person_of("phone", SLOW) != await person_of("mallory")


@pytest.mark.usefixtures("by_sms")
async def test_an_account_proven_once_is_no_proof_of_its_next_message(talk: Talk) -> None:
    await talk.hears("Is zinc safe?", user="phone", account=SLOW)
    await Identity.filter(user="phone").update(verified=persons.CODE)
    code = code_in(await talk.hears("LINK", user="mallory"))
    said = await talk.hears(f"LINK {code}", user="phone", account=SLOW)
    assert "Mallory says that this account is theirs" in said[-1], "who reads it knows whom it is about"
    assert await person_of("phone", SLOW) != await person_of("mallory")


@pytest.mark.usefixtures("by_sms")
async def test_an_invented_sender_cannot_have_somebody_erased(talk: Talk) -> None:
    await talk.hears("Is zinc safe?", user="phone", account=SLOW)
    talk.accounts[SLOW].can = PLAIN
    said = (await talk.hears("FORGET", user="phone", account=SLOW))[-1]
    code = said.rsplit("FORGET ME ", 1)[1][:4]
    wrong = f"{(int(code) + 1) % 10_000:04d}"
    for guess in ("FORGET ME", f"FORGET ME {wrong}"):
        again = (await talk.hears(guess, user="phone", account=SLOW))[-1]
        assert "FORGET ME" in again, "it is explained anew, with another code"
        assert await people.find(sender("phone", account=SLOW).ref) is not None
    code = again.rsplit("FORGET ME ", 1)[1][:4]
    await talk.hears(f"forget me {code}", user="phone", account=SLOW)
    assert await people.find(sender("phone", account=SLOW).ref) is None


@pytest.mark.usefixtures("by_sms")
async def test_trust_in_a_person_is_none_in_whoever_writes_in_their_name() -> None:
    rule = Rule(check=Check.TRUSTED, then=Consequence.APPROVE)
    talk = Talk(community=community(rules=(rule,)))
    for user, account in (("phone", SLOW), ("amina", NET)):
        async with transaction():
            identity = await people.meet(sender(user, account=account), talk.now)
            await desk.set_standing(identity.person_id, "hifa", "trusted", by="net:ruth", now=talk.now)
        await talk.hears("Boil the water", user=user, account=account)
    states = {row.submission.account: row.state for row in await Review.all().select_related("submission")}
    assert states == {SLOW: ReviewState.HELD, NET: ReviewState.APPROVED}


# --- a ban ---


async def writes(talk: Talk, text: str, *, key: str, user: str = "amina") -> None:
    context = Context(communities=talk.communities, directory=talk.directory, now=talk.now, event_id=1)
    async with transaction():
        await router.handle(replace(posted(text, key=key, user=user, chat=KENYA), at=talk.now), context)


async def test_a_ban_is_not_shaken_off_by_being_forgotten(talk: Talk) -> None:
    await talk.types(await hold(), "ban: adverts", RUTH)
    assert "a fingerprint of your accounts is kept" in (await talk.hears("/forget"))[-1]
    await talk.hears("FORGET ME")
    assert await people.find(sender("amina").ref) is None
    before = await Review.all().count()
    await writes(talk, "Buy now", key="20")
    assert await Review.all().count() == before
    assert await memberships.is_banned(await person_of("amina"), "hifa")
    await Identity.filter(user="amina").update(user="somebody")  # as if they had never written again
    rows = [NewMember(line=2, addresses=(("net", "amina"),), name="Amina")]
    async with transaction():
        assert await roster.take_in(rows, "hifa", verified={}, now=talk.now) == {2: "is banned here"}
    await Identity.filter(user="somebody").update(user="amina")
    assert "no longer banned" in await talk.orders("/unban net:amina", RUTH)
    await forgetting.forget(await person_of("amina"), talk.desk)
    await writes(talk, "Is zinc safe for newborns?", key="21")
    assert await Review.all().count() == before + 1, "what was lifted stays lifted"


async def test_who_is_banned_is_sent_no_more_copies(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    await town.publishes("Is zinc safe?")
    await town.batches()
    assert len(await town.rows("joseph")) == 1
    talk = Talk()
    async with transaction():
        identity = await town.identity("joseph")
        assert await banning.ban(identity, talk.community, "adverts", talk.desk, by=None) is None
    assert await town.rows("joseph") == []


async def test_a_banned_applicant_is_not_approved_by_mistake(talk: Talk) -> None:
    async with transaction():
        identity = await people.meet(sender("amina"), talk.now, privately=True)
        application = await joining.apply(identity, "a midwife", talk.community, talk.directory, talk.now)
        assert application is not None
    await talk.orders("/ban net:amina: adverts", RUTH)
    async with transaction():
        token = await submissions.handle("application", application.id, "approve", talk.now)
        handle = await submissions.handle_by_token(token)
        assert handle is not None
        reply = await application_desk.press(talk.desk, handle, GRACE)
    assert "Lift the ban first" in reply.text
    assert (await Application.get(id=application.id)).state == ApplicationState.OPEN
    assert await memberships.is_banned(identity.person_id, "hifa")


async def test_only_who_belongs_is_handed_posts(talk: Talk) -> None:
    community_ = community()
    async with transaction():
        joined = await people.meet(sender("joseph"), talk.now, privately=True)
        await membership.admit(joined, community_, talk.directory, talk.now, via="join")
        await hold(user="amina")
        writer = await people.meet(sender("amina"), talk.now)
        row = await memberships.enter(writer.person_id, "hifa", MembershipState.APPLIED, now=talk.now, via="post")
    assert await belonging.belongs(joined, community_, frozenset())
    assert await belonging.belongs(writer, community_, frozenset())
    async with transaction():
        await memberships.step(row, MembershipStep.BAN, now=talk.now, by="program")
    assert not await belonging.belongs(writer, community_, frozenset({"hifa"}))


async def test_where_members_come_by_invitation_a_telephone_alone_is_handed_nothing(talk: Talk) -> None:
    talk.community = replace(talk.community, members=MemberPolicy(joining=Joining.INVITATION))
    event = talk.message("GET 1", sender("phone"), talk._message(private("phone")))
    event = replace(event, chat_kind=ChatKind.PRIVATE)
    assert await belonging.asked(event, talk.communities, talk.directory) == frozenset()


# --- two become one ---


async def test_what_two_persons_asked_twice_stands_on_one_card(world: World) -> None:
    async with transaction():
        first = await people.meet(sender("amina"), world.clock.now())
        second = await people.meet(sender("amina2", "Amina", SLOW), world.clock.now())
        for identity in (first, second):
            await joining.apply(identity, "", world.community, world.directory, world.clock.now())
    await world.run_dry()
    await uniting.unite(first.person_id, second.person_id, world.clock.now())
    await world.run_dry()
    cards = [shown.text for shown in world.phone(MODS).shown.values() if "wants to join" in shown.text]
    assert sorted("withdrawn" in text for text in cards) == [False, True]


# --- a profile, from the question to the moderators' channel and out of it again ---


async def changed_profile(world: World) -> Application:
    async with transaction():
        identity = await people.meet(sender("amina"), world.clock.now(), privately=True)
        given = Given(answers={"name": "Amina Okello", "role": "secretword"}, hidden=frozenset({"email"}), shown=True)
        kept = await profile_changes.keep(identity, given, world.community, world.directory, world.clock.now())
        assert kept is profile_changes.Kept.WAITS
    await world.run_dry()
    return await Application.get(kind="profile")


async def card_text(world: World, application: Application) -> tuple[Delivery, str]:
    rows = [row for row in await ledger.application_rows(application.id) if row.address == MODS]
    return rows[-1], world.phone(MODS).shown[rows[-1].message].text


async def test_a_changed_profile_is_decided_by_a_button_in_the_channel(world: World) -> None:
    application = await changed_profile(world)
    row, text = await card_text(world, application)
    assert "a changed profile" in text
    assert "secretword" in text
    handle = dict(world.phone(MODS).buttons[row.message])["✅"]
    answers = await world.happens(world.pressed("grace", MODS, handle, row.message))
    assert "Done." in answers[0].text
    assert (await Profile.get(id=application.subject_id)).state == ProfileState.APPROVED
    # And, years later, nothing of it stays in the channel, or on record.
    await world.run_dry()
    here_ = Desk(communities=world.communities, directory=world.directory, now=world.clock.now())
    await forgetting.forget(await person_of("amina"), here_)
    await world.run_dry()
    _, text = await card_text(world, application)
    assert "secretword" not in text
    assert "Amina" not in text
    assert not await Delivery.filter(content__contains="secretword").exists()


# --- private copies ---


async def erased(town: Readers, user: str = "amina") -> None:
    here_ = Desk(communities=town.communities, directory=town.directory, now=town.now)
    await forgetting.forget((await town.identity(user)).person_id, here_)


async def test_private_copies_of_somebody_who_is_erased_are_taken_back(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE)
    await town.reads("mary", Reading.IMMEDIATE)
    post = await town.publishes("secretword")
    await town.batches()
    person = (await town.identity("joseph")).person_id
    first = await Delivery.get(kind=ledger.COPY, person_id=person)
    await Delivery.filter(id=first.id).update(state=DeliveryState.DELIVERED, message="x1", remote_chat="joseph")
    await erased(town)
    await town.batches()
    assert await town.rows("mary") == []
    removal = await Delivery.get(kind=ledger.COPY, operation=ledger.DELETE)
    assert removal.target_id == first.id
    await town.arrive()
    await upkeep.after_erasure()
    assert not await Delivery.filter(content__contains="secretword").exists()
    assert await Delivery.filter(post_id=post.id, operation=ledger.DELETE, state=DeliveryState.DELIVERED).exists()


async def test_a_digest_that_waits_is_made_anew_without_what_was_taken_back(town: Readers) -> None:
    await town.reads("joseph", Reading.DAILY)
    await town.publishes("secretword", user="amina")
    await town.publishes("something else", user="peter")
    town.later(days=1)
    await town.batches()
    assert "secretword" in (await town.texts("joseph", ledger.DIGEST))[0]
    await erased(town)
    await town.batches()
    texts = await town.texts("joseph", ledger.DIGEST)
    assert len(texts) == 1
    assert "secretword" not in texts[0]
    assert "Amina" not in texts[0]
    assert "something else" in texts[0]
    await town.arrive()
    await erased(town, "peter")
    assert not await Delivery.filter(content__contains="something else", kind=ledger.DIGEST).exists()


async def test_private_copies_of_answers_lose_the_quote(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE, account=SMS)
    first = await town.publishes("secretword", user="amina")
    review = await hold("an answer", user="peter", message="m77")
    await Submission.filter(id=review.submission_id).update(reply_post_id=first.id)
    review = await submissions.review_by_id(review.id) or review
    async with transaction():
        assert await decisions.approve_by_rules(review, ["all"], town.community, town.directory, town.now)
    await town.batches()
    await erased(town)
    await town.batches()
    assert all("Amina" not in text and "secretword" not in text for text in await town.texts("joseph"))


async def test_a_group_can_be_asked_for_again_when_who_asked_is_erased(talk: Talk) -> None:
    where = Address(NET, ChatId("newgroup"))

    async def asks(user: str) -> None:
        event = talk.message("/bridge hifa", sender(user), talk._message(where))
        context = Context(communities=talk.communities, directory=talk.directory, now=talk.now, event_id=1)
        async with transaction():
            await router.handle(event, context)

    await asks("amina")
    await forgetting.forget(await person_of("amina"), talk.desk)
    assert (await BridgedGroup.get()).state == LinkState.UNLINKED
    await asks("peter")
    assert (await BridgedGroup.get()).state == LinkState.ASKED
    assert await Application.filter(kind="group", state=ApplicationState.OPEN).count() == 1
