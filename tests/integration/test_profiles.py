"""Profiles from the first question to the post: what is asked, what moderators see, what readers are shown and when."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from bridge.core import card as cards
from bridge.core.capabilities import ButtonStyle
from bridge.core.community import Community
from bridge.core.ids import CommunityId
from bridge.core.membership import FieldKind, MemberPolicy, ProfileField, WithoutProfile
from bridge.core.policy import Check, Consequence, Role, Rule
from bridge.core.states import (
    ApplicationState,
    ApplicationStep,
    MembershipState,
    ProfileState,
    ReviewState,
)
from bridge.core.text import plain
from bridge.members.profiles import owed, standing, standing_of
from bridge.moderation import applying, profile_changes
from bridge.moderation.acts import Moderator, Reply
from bridge.moderation.applying import Ruling
from bridge.moderation.facts import facts_of
from bridge.rendering.words import words
from bridge.storage import applications, audit, codec, desk, memberships, people, reasons, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Conversation, Delivery, Identity, Post, Profile
from bridge.storage.models_members import Application
from tests.integration.moderating import GRACE, MALLORY, NAOMI, again, community, notices
from tests.integration.talking import AMINA, Talk
from tests.unit.delivery.scripted import RICH
from tests.unit.storage.stage import hold, sender

pytestmark = pytest.mark.usefixtures("opened")
SHORT = (
    ProfileField(id="name", kind=FieldKind.NAME, limit=64, required=True),
    ProfileField(id="role", limit=80, required=True),
    ProfileField(id="organisation", limit=120),
    ProfileField(id="country", kind=FieldKind.COUNTRY, limit=60, required=True),
    ProfileField(id="email", kind=FieldKind.EMAIL, limit=120, shown=False),
    ProfileField(id="years", limit=10, label={"en": "Years of practice"}, question={"en": "How many years?"}),
)


@dataclass
class Shown:
    """What was brought into the moderators' channels, in place of the cards that show it there."""

    new: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    seen = Shown()

    async def show(application: Application, *_: Any) -> None:
        seen.new.append(application.id)

    async def refresh(application: Application, *_: Any) -> None:
        seen.again.append(application.id)

    monkeypatch.setattr(applying, "show", show)
    monkeypatch.setattr(applying, "refresh", refresh)
    return seen


def here(rules: tuple[Rule, ...] | None = None, **members: Any) -> Community:
    policy: dict[str, Any] = {} if rules is None else {"rules": rules}
    return replace(community(**policy), members=MemberPolicy(**{"fields": SHORT, **members}))


@pytest.fixture
def talk(shown: Shown) -> Talk:
    return Talk(community=here())


async def amina() -> Identity:
    found = await people.find(sender("amina").ref)
    assert found is not None
    return found


async def said(talk: Talk, *texts: str) -> list[str]:
    """Amina writes, one after the other; returns what she was told last."""
    told: list[str] = []
    for text in texts:
        told = await talk.hears(text)
    return told


ANSWERS = ("/profile", "Amina Okello", "midwife", "Kisumu Clinic", "Kenya", "amina@example.org", "12")


async def versions() -> list[tuple[int, ProfileState]]:
    return [(row.version, ProfileState(row.state)) for row in await Profile.all().order_by("version")]


async def rules_on(talk: Talk, step: ApplicationStep, why: str = "", by: Moderator = GRACE) -> Reply | None:
    """A moderator decides on the only application that is open."""
    async with transaction():
        (row,) = await applications.open_in("hifa")
        application = await applications.locked(row.id)
        assert application is not None
        identity = await people.meet(by.sender, talk.now)
        assert await applications.decide(application, step, by=identity, name=by.name, now=talk.now, words=why)
        ruling = Ruling(
            desk=talk.desk,
            community=talk.community,
            application=application,
            moderator=by,
            identity=identity,
            role=Role.MODERATOR,
            text=plain(why),
        )
        kind = profile_changes.KIND
        return await (kind.approve if step is ApplicationStep.APPROVE else kind.decline)(ruling)


async def application_text(talk: Talk) -> str:
    (row,) = await applications.open_in("hifa")
    return (await profile_changes.KIND.lines(row, talk.community, words("en"))).text


async def with_profile(talk: Talk) -> None:
    """Amina has a profile that moderators have seen."""
    await said(talk, *ANSWERS, "yes")
    await rules_on(talk, ApplicationStep.APPROVE)
    await talk.arrive()


async def shown_under(number: int = 1) -> cards.AuthorCard:
    post = await Post.get(community="hifa", number=number)
    return cards.from_json(codec.load_object(post.card))


# --- the dialogue ---------------------------------------------------------------------------------------------------


async def test_every_question_of_the_community_in_its_order(talk: Talk) -> None:
    assert "1 of 6. What is your full name" in (await said(talk, "/profile"))[0]
    assert "2 of 6. What is your role?" in (await said(talk, "Amina Okello"))[0]
    assert "3 of 6" in (await said(talk, "midwife"))[0]
    assert "4 of 6. In which country?" in (await said(talk, "skip"))[0]
    assert "3 of 6" in (await said(talk, "back"))[0]
    assert "4 of 6" in (await said(talk, "Kisumu Clinic"))[0]
    assert "5 of 6" in (await said(talk, "Quênia"))[0]
    assert "6 of 6. How many years?" in (await said(talk, "amina@example.org"))[0]
    card = (await said(talk, "12"))[0]
    assert "HIFA profile: Amina Okello is a midwife at Kisumu Clinic, Kenya. Years of practice: 12." in card
    assert "Not shown: E-mail." in card
    assert "amina" not in card.replace("Amina", "").split("Not shown")[0], "an address is shown only if asked for"


async def test_a_country_that_is_nearly_right_and_one_that_nobody_knows(talk: Talk) -> None:
    await said(talk, "/profile", "Amina", "skip", "skip")
    assert "Do you mean Kenya?" in (await said(talk, "Keniya"))[0]
    assert "5 of 6" in (await said(talk, "yes"))[0]
    await said(talk, "back")
    assert "(Now: Kenya)" in (await said(talk, "back", "skip"))[0]
    assert "I do not know a country called “Somaliland coast”" in (await said(talk, "Somaliland coast"))[0]
    assert "5 of 6" in (await said(talk, "somaliland coast"))[0], "said again, it is kept"
    assert "writes from somaliland coast" in (await said(talk, "skip", "skip"))[0]


async def test_a_bad_address_is_asked_again_and_a_question_is_a_post(talk: Talk) -> None:
    await said(talk, *ANSWERS[:5])
    assert "no e-mail address" in (await said(talk, "amina@"))[0]
    assert (await said(talk, "What helps against fever?"))[0].startswith("Thank you. Your post #1")
    assert "6 of 6" in (await said(talk, "amina@example.org"))[0]


async def test_parts_are_left_out_and_put_in_by_word(talk: Talk, shown: Shown) -> None:
    await said(talk, *ANSWERS)
    told = (await said(talk, "show e-mail"))[0]
    assert "Email: amina AT example.org" in told
    assert "Not shown" not in told
    told = (await said(talk, "hide 3"))[0]
    assert "Kisumu Clinic" not in told.split("\n\n")[1]
    assert "Not shown: Organisation." in told
    assert "Your name stands there in any case" in (await said(talk, "/profile hide name"))[0]
    await said(talk, "/profile", "yes")
    (row,) = await Profile.all()
    assert people.hidden_of(row) == {"organisation"}
    assert row.state == ProfileState.PENDING
    assert len(shown.new) == 1


async def test_a_telephone_number_in_another_answer_is_pointed_out(talk: Talk) -> None:
    told = (await said(talk, *ANSWERS[:3], "Kisumu Clinic, +254 712 345 678", *ANSWERS[4:]))[0]
    assert "⚠️ Organisation holds a telephone number (+254 712 345 678). Everybody will see it." in told
    assert "⚠️" not in (await said(talk, "hide organisation"))[0]
    await said(talk, "show organisation", "yes")
    assert "🔎 a telephone number: +254 712 345 678" in await application_text(talk)


async def test_one_field_without_the_others(talk: Talk) -> None:
    await with_profile(talk)
    told = (await said(talk, "/profile"))[0]
    assert "4. Country: Kenya\n5. E-mail: amina@example.org (not shown)" in told
    assert "In which country?" in (await said(talk, "4"))[0]
    assert "The moderators see it before readers do" in (await said(talk, "Uganda"))[0]
    assert await application_text(talk) == (
        "Country: Kenya → Uganda\n"
        "HIFA profile: Amina Okello is a midwife at Kisumu Clinic, Uganda. Years of practice: 12."
    )
    assert "The moderators see it" in (await said(talk, "/profile role nurse"))[0]
    assert (await application_text(talk)).startswith("Role: midwife → nurse\nCountry: Kenya → Uganda\n")
    assert "The moderators see it" in (await said(talk, "PROFILE country Tanzania"))[0], "without a slash"
    assert "There are: Full name, Role" in (await said(talk, "/profile hospital Kisumu"))[0]
    assert (await said(talk, "Profile of a good clinic"))[0].startswith("Thank you. Your post #1")


async def test_a_field_in_the_middle_of_the_questions_loses_nothing(talk: Talk) -> None:
    await said(talk, *ANSWERS[:3])
    assert "3 of 6" in (await said(talk, "/profile country Kenya"))[0]
    told = (await said(talk, "skip", "skip", "skip", "skip"))[0]
    assert "Amina Okello is a midwife in Kenya." in told


async def test_an_answer_is_emptied(talk: Talk) -> None:
    await with_profile(talk)
    await said(talk, "/profile", "3", "-")
    assert await versions() == [(1, ProfileState.APPROVED), (2, ProfileState.APPROVED)], "it needs nobody's eyes"
    (newest,) = await Profile.filter(version=2)
    assert people.answers_of(newest)["organisation"] == ""


async def test_another_community_asks_its_own(talk: Talk) -> None:
    await with_profile(talk)
    other = replace(talk.community, id=CommunityId("chifa"), name="CHIFA", members=MemberPolicy(fields=SHORT[:2]))
    talk.community = other
    told = (await said(talk, "/profile"))[0]
    assert "1 of 2" in told
    assert "(Now: Amina Okello)" in told, "what was said elsewhere need not be typed again"
    assert "Amina Okello is a midwife." in (await said(talk, "skip", "skip"))[0]
    assert await people.profile((await amina()).person_id, "chifa") is None, "nothing is passed on by itself"
    await said(talk, "yes")
    assert people.answers_of(await people.profile((await amina()).person_id, "chifa")) == {
        "name": "Amina Okello",
        "role": "midwife",
    }


async def test_a_dialogue_from_before_this_version_goes_on(talk: Talk) -> None:
    await said(talk, "/profile")
    await Conversation.all().update(step="organisation", answers='{"name":"Amina","role":"midwife"}')
    assert "4 of 6" in (await said(talk, "Kisumu Clinic"))[0]
    assert "Amina is a midwife at Kisumu Clinic, Kenya." in (await said(talk, "KE", "skip", "skip"))[0]


# --- moderators see it first ----------------------------------------------------------------------------------------


async def test_a_first_profile_without_a_post_is_an_application(talk: Talk, shown: Shown) -> None:
    assert "The moderators see it before readers do" in (await said(talk, *ANSWERS, "yes"))[0]
    assert await application_text(talk) == (
        "Full name: Amina Okello\nRole: midwife\nOrganisation: Kisumu Clinic\nCountry: Kenya\nYears of practice: 12"
    )
    assert profile_changes.KIND.title(words("en")) == "a changed profile"
    assert await rules_on(talk, ApplicationStep.APPROVE) is None
    assert await versions() == [(1, ProfileState.APPROVED)]
    assert (await audit.verify("hifa")).broken_at is None


async def test_a_declined_change_is_told_with_its_words_and_what_was_shown_stays(talk: Talk) -> None:
    await with_profile(talk)
    await said(talk, "/profile role Minister of Health")
    await rules_on(talk, ApplicationStep.DECLINE, "Is that so?")
    told = await said(talk, "/status")
    assert await versions() == [(1, ProfileState.APPROVED), (2, ProfileState.DECLINED)]
    letters = [text for text in await notices(AMINA) if "did not take over the change" in text]
    assert "\n".join(letters) == (
        "The moderators of HIFA did not take over the change of your profile. What was shown before stays. They write: "
        "Is that so? Write /profile to change it."
    )
    assert told
    assert "2. Role: midwife" in (await said(talk, "/profile"))[0]


async def test_of_several_changes_the_last_one_counts(talk: Talk, shown: Shown) -> None:
    await with_profile(talk)
    await said(talk, "/profile role nurse", "/profile role matron")
    assert await versions() == [
        (1, ProfileState.APPROVED),
        (2, ProfileState.REPLACED),
        (3, ProfileState.PENDING),
    ]
    states = [row.state for row in await Application.all().order_by("id")]
    assert states == [ApplicationState.APPROVED, ApplicationState.WITHDRAWN, ApplicationState.OPEN]
    assert len(shown.again) == 1, "the card of the older one says so"


async def test_a_post_meanwhile_shows_what_was_seen(talk: Talk) -> None:
    await with_profile(talk)
    await said(talk, "/profile role matron", "Boil the water")
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    assert "is a midwife at" in await talk.card(review)
    assert (await talk.press(review, "approve", GRACE)).text.startswith("Done.")
    assert (await shown_under()).role == "midwife"
    await rules_on(talk, ApplicationStep.APPROVE)
    assert (await shown_under()).role == "midwife", "a post keeps the version it was approved with"
    await said(talk, "A second post")
    second = await submissions.review_by_number("hifa", 2)
    assert second is not None
    await talk.press(second, "approve", GRACE)
    assert (await shown_under(2)).role == "matron"


async def test_what_is_withdrawn_is_not_seen_while_the_rest_waits(talk: Talk) -> None:
    await with_profile(talk)
    await said(talk, "/profile all", "skip", "matron", "skip", "skip", "skip", "skip", "hide organisation", "yes")
    author = await amina()
    approved = await people.approved_profile(author.person_id, "hifa")
    assert approved is not None
    assert profile_changes.visible_in(approved) == {
        "name": "Amina Okello",
        "role": "midwife",
        "country": "KE",
        "years": "12",
    }
    assert "Role: midwife → matron" in await application_text(talk)


async def test_who_shows_nothing_any_more_waits_for_nobody(talk: Talk, shown: Shown) -> None:
    await with_profile(talk)
    before = len(shown.new)
    await said(talk, "/profile role matron", "/profile", "card")
    assert "Nothing is shown" in (await said(talk, "no"))[0]
    assert (await versions())[-1] == (3, ProfileState.APPROVED)
    assert await applications.open_in("hifa") == [], "the change that waited has been replaced"
    assert len(shown.new) == before + 1
    await said(talk, "A post")
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    await talk.press(review, "approve", GRACE)
    card = await shown_under()
    assert (card.role, card.country, card.new) == ("", "", False)


async def test_hiding_one_part_is_at_once(talk: Talk) -> None:
    await with_profile(talk)
    assert "it is left out from your next post on" in (await said(talk, "/profile hide organisation"))[0]
    assert await applications.open_in("hifa") == []
    assert "The moderators see it before readers do" in (await said(talk, "/profile show e-mail"))[0]
    assert "E-mail: – → amina@example.org" in await application_text(talk)


async def test_without_review_everything_counts_at_once(shown: Shown) -> None:
    talk = Talk(community=here(review_profiles=False))
    assert "It will stand under your posts." in (await said(talk, *ANSWERS, "yes"))[0]
    assert await versions() == [(1, ProfileState.APPROVED)]
    assert shown.new == []


async def test_the_card_is_shown_when_asked_for(talk: Talk) -> None:
    await said(talk, *ANSWERS, "yes")
    told = (await said(talk, "/profile card"))[0]
    assert "HIFA profile: Amina" in told
    assert "May I show it?" in told


# --- the first profile on the card of a post ------------------------------------------------------------------------


async def test_approving_a_post_approves_the_version_on_its_card(talk: Talk, shown: Shown) -> None:
    await said(talk, "Boil the water", "later")
    assert "together with the post that waits" in (await said(talk, *ANSWERS, "yes"))[0]
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    card = await talk.card(review)
    assert "Amina Okello is a midwife at Kisumu Clinic, Kenya." in card
    assert "this profile was not seen before" in card
    before = (await facts_of(await again(review), talk.community, 1)).fingerprint
    await said(talk, "/profile role matron")
    assert (await facts_of(await again(review), talk.community, 1)).fingerprint != before
    assert (await talk.press(review, "approve", GRACE)).text.startswith("Done.")
    assert (await shown_under()).role == "matron"
    assert await versions() == [(1, ProfileState.REPLACED), (2, ProfileState.APPROVED)]
    assert shown.new == [], "nobody was asked twice"
    assert "not seen before" not in await talk.card(review)


async def test_an_application_that_waits_is_settled_with_the_post(talk: Talk, shown: Shown) -> None:
    await said(talk, *ANSWERS, "yes", "Boil the water")
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    assert "this profile was not seen before" in await talk.card(review)
    await talk.press(review, "approve", GRACE)
    assert await versions() == [(1, ProfileState.APPROVED)]
    (row,) = await Application.all()
    assert (row.state, row.decided_name) == (ApplicationState.APPROVED, "Grace")
    assert shown.again == [row.id]


async def test_a_first_profile_is_not_forgotten_with_its_post(talk: Talk, shown: Shown) -> None:
    await said(talk, "Buy my soap", "later", *ANSWERS, "yes")
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    await talk.press(review, "reject", GRACE, "advertising")
    assert len(shown.new) == 1
    assert "Role: midwife" in await application_text(talk)


async def test_what_goes_out_by_rules_shows_only_what_was_seen(shown: Shown) -> None:
    trusting = (Rule(check=Check("trusted"), then=Consequence("approve")),)
    talk = Talk(community=here(rules=trusting))
    await said(talk, *ANSWERS, "yes")
    author = await amina()
    async with transaction():
        await desk.set_standing(author.person_id, "hifa", "trusted", by="net:grace", now=talk.now)
    await said(talk, "Boil the water")
    card = await shown_under()
    assert (card.name, card.role, card.new) == ("Amina", "", False)
    assert (await versions()) == [(1, ProfileState.PENDING)]
    await rules_on(talk, ApplicationStep.APPROVE)
    await said(talk, "Boil it well")
    assert (await shown_under(2)).role == "midwife"


# --- a post without a profile ---------------------------------------------------------------------------------------


async def test_a_post_waits_for_who_must_say_who_they_are(shown: Shown) -> None:
    trusting = (Rule(check=Check("all"), then=Consequence("approve")),)
    talk = Talk(community=here(rules=trusting, without_profile=WithoutProfile.ASK))
    told = await said(talk, "Boil the water")
    assert (
        "Your post can go out once you have told: Full name, Role, Country." in told[-1] or "Still missing" in told[-1]
    )
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    assert review.state == ReviewState.HELD, "no rule lets it out"
    assert reasons.of(review).codes == ("no_profile",)
    assert "Cannot be approved before its author has told: Full name, Role, Country" in await talk.card(review)
    refused = await talk.press(review, "approve", GRACE)
    assert refused.alert
    assert "They have been asked again" in refused.text
    assert (await again(review)).state == ReviewState.HELD
    await said(talk, "/profile", "Amina Okello", "skip", "skip", "KE", "skip")
    card = (await said(talk, "skip"))[0]
    assert "Still missing, and your posts wait for it: Role." in card
    assert "Still missing: Role" in (await said(talk, "yes"))[-1]
    assert (await talk.press(review, "approve", GRACE)).alert
    await said(talk, "/profile role midwife")
    assert (await talk.press(review, "approve", GRACE)).text.startswith("Done.")
    assert (await shown_under()).role == "midwife"


async def test_a_plain_community_says_new_member(talk: Talk) -> None:
    await said(talk, "Boil the water")
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    await talk.press(review, "approve", GRACE)
    assert (await shown_under()).new


# --- biographies and titles -----------------------------------------------------------------------------------------


BIO = "Amina Okello has delivered babies in Kisumu since 1998"


async def test_a_biography_from_the_card_of_a_post(talk: Talk) -> None:
    await with_profile(talk)
    await said(talk, "Boil the water")
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    assert (await talk.types(review, f"biography: {BIO}", GRACE))[-1].startswith("Kept: the biography of Amina")
    assert f"HIFA profile: {BIO}." in await talk.card(review)
    await talk.press(review, "approve", GRACE)
    assert (await shown_under()).biography == BIO
    assert await versions() == [(1, ProfileState.APPROVED), (2, ProfileState.APPROVED)]
    told = (await said(talk, "/profile hide biography"))[0]
    assert "it is left out from your next post on" in told
    author = await amina()
    newest = await people.approved_profile(author.person_id, "hifa")
    assert newest is not None
    assert profile_changes.visible_in(newest)["role"] == "midwife"
    assert "biography" not in profile_changes.visible_in(newest)


async def test_a_biography_by_command_and_its_end(talk: Talk) -> None:
    await with_profile(talk)
    assert "Kept" in await talk.orders(f"/biography @amina {BIO}", GRACE)
    assert await talk.orders("/biography @amina", GRACE) == BIO
    assert "Only this community's moderators" in await talk.orders("/biography @amina Somebody else", MALLORY)
    assert "2001 characters" in await talk.orders(
        "/biography @amina " + "x" * 2001, GRACE
    ) or "2,001" in await talk.orders("/biography @amina " + "x" * 2001, GRACE)
    assert "is taken away" in await talk.orders("/biography @amina -", GRACE)
    assert "has no biography" in await talk.orders("/biography @amina -", GRACE)
    assert (await audit.verify("hifa")).broken_at is None


async def test_nothing_is_shown_of_who_did_not_agree(talk: Talk) -> None:
    await said(talk, "Boil the water")
    assert "once Amina agrees" in await talk.orders(f"/biography #1 {BIO}", GRACE)
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    assert BIO not in await talk.card(review)
    told = (await said(talk, "/profile", "card"))[0]
    assert f"HIFA profile: {BIO}." in told
    await said(talk, "yes")
    assert BIO in await talk.card(review)


async def test_a_change_that_waits_keeps_the_biography_and_stays_newest(talk: Talk, shown: Shown) -> None:
    await with_profile(talk)
    await said(talk, "/profile role matron")
    await talk.orders(f"/biography @amina {BIO}", GRACE)
    assert [state for _, state in await versions()] == [
        ProfileState.APPROVED,
        ProfileState.REPLACED,
        ProfileState.APPROVED,
        ProfileState.PENDING,
    ]
    assert (await application_text(talk)).startswith("Role: midwife → matron")
    await rules_on(talk, ApplicationStep.APPROVE)
    author = await amina()
    newest = await people.approved_profile(author.person_id, "hifa")
    assert newest is not None
    assert (people.answers_of(newest)["role"], newest.biography) == ("matron", BIO)


async def test_a_title_is_given_by_a_coordinator(talk: Talk) -> None:
    await with_profile(talk)
    refused = await talk.orders("/title @amina Country Representative for Kenya", GRACE)
    assert "That needs the role: coordinator" in refused
    given = await talk.orders("/title @amina Country Representative for Kenya.", NAOMI)
    assert given == "Amina is now: Country Representative for Kenya"
    author = await amina()
    member = await memberships.membership(author.person_id, "hifa")
    assert member is not None
    assert (member.title, member.state) == ("Country Representative for Kenya", MembershipState.MEMBER)
    await said(talk, "Boil the water")
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    assert "HIFA Country Representative for Kenya." in await talk.card(review)
    await talk.press(review, "approve", GRACE)
    assert (await shown_under()).title == "Country Representative for Kenya"
    assert await talk.orders("/title @amina -", NAOMI) == "Amina has no title any more."
    assert (await shown_under()).title, "a post keeps what it was approved with"
    assert "whom you mean" in await talk.orders("/title Country Representative", NAOMI)


# --- elsewhere ------------------------------------------------------------------------------------------------------


async def test_where_buttons_are_reactions_a_long_list_is_answered_by_number(shown: Shown) -> None:
    talk = Talk(community=here(), can=replace(RICH, buttons=ButtonStyle.REACTIONS))
    await with_profile(talk)
    assert "3. Organisation: Kisumu Clinic" in (await said(talk, "/profile"))[0]
    row = await Delivery.filter(chat="amina").order_by("-id").first()
    assert row is not None
    shown_buttons = [button for line in codec.load(codec.CONTENT, row.content).buttons for button in line]
    assert [button.label for button in shown_buttons] == ["All questions", "What readers see", "Not now"]
    assert len({button.emoji for button in shown_buttons}) == 3
    assert "Where do you work?" in (await said(talk, "3"))[0]


async def test_every_button_of_a_list_has_a_sign_of_its_own(talk: Talk) -> None:
    await with_profile(talk)
    for text in ("/profile", "card"):
        await said(talk, text)
        row = await Delivery.filter(chat="amina").order_by("-id").first()
        assert row is not None
        emoji = [button.emoji for line in codec.load(codec.CONTENT, row.content).buttons for button in line]
        assert len(set(emoji)) == len(emoji)
        assert all(emoji)


async def test_a_copy_keeps_the_card_of_its_post(talk: Talk) -> None:
    await with_profile(talk)
    await said(talk, "Boil the water")
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    await talk.press(review, "approve", GRACE)
    post = await Post.get(number=1)
    other = replace(talk.community, id=CommunityId("chifa"), name="CHIFA")
    submission = (await again(review)).submission
    assert (await standing_of(submission, other)).card.role == "", "what was told to one community stays there"
    submission.origin_post_id = post.id
    found = await standing_of(submission, other)
    assert (found.card.role, found.card.label, found.has_profile) == ("midwife", "HIFA", True)
    assert owed(found, replace(other, members=MemberPolicy(without_profile=WithoutProfile.ASK))) == []


async def test_a_profile_from_before_communities_had_their_own_still_counts(talk: Talk) -> None:
    await said(talk, "/status")
    author = await amina()
    old = {"name": "Amina Okello", "role": "midwife", "organisation": "", "country": "Kenya", "interests": "zinc"}
    async with transaction():
        await people.save_profile(author.person_id, old, shown=True, now=talk.now)
    found = await standing(author, talk.community)
    assert (found.card.country, found.card.interests) == ("KE", "zinc")
    assert "2. Role: midwife" in (await said(talk, "/profile"))[0]
    await said(talk, "/profile email amina@example.org")
    newest = await people.profile(author.person_id, "hifa")
    assert newest is not None
    assert "email" in people.hidden_of(newest), "it is shown to nobody who was not told to show it"
    assert people.answers_of(newest)["interests"] == "zinc", "what is asked no more is kept"


async def test_whose_account_has_no_name_is_called_as_they_call_themselves(talk: Talk) -> None:
    """A telephone number has none; what its owner told of themselves has."""
    review = await hold("Where is zinc to be had?", user="phone")
    assert "From Phone" in await talk.card(review)
    author = review.submission.identity
    await Identity.filter(id=author.id).update(name="", handle="")
    assert f"From Member {author.id}" in await talk.card(review)
    await people.save_profile(author.person_id, {"name": "Joy Mbeki"}, shown=True, now=talk.now)
    assert "From Joy Mbeki" in await talk.card(review)
