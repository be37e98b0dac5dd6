"""What the preview shows is what is sent, whatever the post and whatever the group."""

from dataclasses import replace

import pytest

from bridge.core.capabilities import Capabilities
from bridge.core.community import Communities, Community, Group, Intake
from bridge.core.ids import AccountId, Address, ChatId
from bridge.core.message import Attachment, AttachmentKind, Content, Uncarried, UncarriedKind
from bridge.core.money import Price
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.delivery.directory import Directory
from bridge.moderation import notes, preview, publication, short, translating
from bridge.moderation.acts import Act
from bridge.storage import afterwards, codec, database, desk, ledger, ledger_changes, submissions
from bridge.storage.models import Delivery, Review, Revision, Submission
from bridge.storage.models_desk import Theme
from tests.unit.delivery.scripted import LINE, PLAIN, RICH, Scripted
from tests.unit.storage.stage import COMMUNITY, GRACE, KENYA, MODS, NET, NOW, acting, again, hold

FLAT, THIN = AccountId("flat"), AccountId("thin")
KINDS: dict[AccountId, Capabilities] = {NET: RICH, FLAT: PLAIN, THIN: LINE}


def place(account: AccountId, chat: str) -> Address:
    return Address(account, ChatId(chat))


NAIROBI, DAKAR = place(NET, "nairobi"), place(NET, "dakar")
ABUJA, LOME = place(FLAT, "abuja"), place(FLAT, "lome")
PHONES, TELEPHONES, LOST = place(THIN, "phones"), place(THIN, "telephones"), place(AccountId("gone"), "lost")
WIDE: Community = replace(
    COMMUNITY,
    moderators=(MODS,),
    groups=(
        Group(chat=KENYA, intake=Intake.HOLD),
        Group(chat=NAIROBI, intake=Intake.NONE),
        Group(chat=DAKAR, intake=Intake.NONE, language="fr"),
        Group(chat=ABUJA, intake=Intake.NONE),
        Group(chat=LOME, intake=Intake.NONE, language="fr"),
        Group(chat=PHONES, intake=Intake.NONE),
        Group(chat=TELEPHONES, intake=Intake.NONE, language="fr"),
    ),
)
LONG = "Zinc for ten to fourteen days, “please” – every day… " * 60
DEAR = "Zinc ቁጥር ☺ " * 60
LINKED = RichText("Zinc: see here", (Mark(10, 14, MarkKind.LINK, "https://z.example"),))
PHOTO = Attachment(sha256="a" * 64, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=82_400, name="a.jpg")


def directory() -> Directory:
    return Directory({account: Scripted(account, can) for account, can in KINDS.items()})


async def on_paper(review: Review, text: str | RichText, community: Community = WIDE) -> Act:
    return replace(
        await acting(await again(review), GRACE, directory(), communities=Communities((community,))),
        text=text if isinstance(text, RichText) else plain(text),
    )


async def dressed(review: Review, *beside: str) -> None:
    """A note, a short version, a translation, a theme, a photo: whatever is wanted."""
    async with database.transaction():
        if "note" in beside:
            await notes.heard(await on_paper(review, "'Zinc' - See the guideline."))
        if "short" in beside:
            await short.heard(await on_paper(review, "Zinc, 10 days."))
        if "translation" in beside:
            await translating.heard(await on_paper(review, "fr, by Jean Dupont: " + "Le zinc, dix jours. " * 40))
        if "theme" in beside:
            theme = await Theme.create(community="hifa", title="Zinc for all", created_at=NOW)
            await desk.dress(review, theme_id=theme.id, headline="Have you any?")
        if "stays" in beside:
            await Submission.filter(id=review.submission_id).update(intake="copy")
        if "photo" in beside:
            await Revision.filter(submission_id=review.submission_id).update(
                attachments=codec.dump(codec.ATTACHMENTS, (PHOTO, replace(PHOTO, sha256="b" * 64))),
                uncarried=codec.dump(codec.UNCARRIED, (Uncarried(kind=UncarriedKind.POLL, detail="How many?"),)),
            )


async def forecast(review: Review, community: Community = WIDE) -> preview.Forecast:
    return await preview.forecast(await again(review), community, directory(), NOW)


async def shown(review: Review, community: Community = WIDE) -> list[Content]:
    """The messages of a preview, as they stand in the moderators' channel."""
    async with database.transaction():
        await preview.preview(await on_paper(review, "", community))
    rows = await Delivery.filter(kind=ledger.EXHIBIT, review_id=review.id).order_by("id")
    return [codec.load(codec.CONTENT, row.content) for row in rows]


def content_of(parts: list[Content]) -> list[tuple[RichText, tuple[str, ...]]]:
    return [(part.text, tuple(file.sha256 for file in part.attachments)) for part in parts]


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize(
    "text", ["Is zinc safe?", LONG, "Zinc ቁጥር ☺ " * 60, LINKED], ids=["short", "long", "dear", "link"]
)
@pytest.mark.parametrize(
    "beside",
    [
        ("stays",),
        ("note", "stays", "theme"),
        ("note", "short", "translation", "theme", "photo"),
        ("translation", "photo"),
        ("short", "theme"),
    ],
    ids="+".join,
)
async def test_what_is_shown_is_what_is_sent(text: str | RichText, beside: tuple[str, ...]) -> None:
    review = await hold(text)
    await dressed(review, *beside)
    foretold = await forecast(review)
    messages = await shown(review)
    async with database.transaction():
        fresh = await again(review)
        wording = await submissions.revision_of(fresh)
        post = await publication.publish(fresh, wording, WIDE, directory(), NOW, at=NOW)
    sent: dict[Address, list[Content]] = {}
    for row in [row for row in await ledger.of_post(post.id) if row.detail != ledger_changes.ORIGINAL]:
        sent.setdefault(row.address, []).append(codec.load(codec.CONTENT, row.content))
    groups = [group for outcome in foretold.outcomes for group in outcome.groups]
    assert {group.chat for group in groups} == set(sent) == {group.chat for group in WIDE.groups}
    assert len(groups) == len(sent)
    in_channel = [piece for message in messages for piece in message.text.text.split(preview.LINE)]
    for outcome in foretold.outcomes:
        for group in outcome.groups:
            assert content_of(list(outcome.parts)) == content_of(sent[group.chat])
        for part in outcome.parts:
            assert part.text.text in in_channel
    assert {file.sha256 for message in messages for file in message.attachments} == (
        {file.sha256 for parts in sent.values() for part in parts for file in part.attachments}
    )


@pytest.mark.usefixtures("opened")
async def test_groups_that_receive_the_same_are_one_message() -> None:
    review = await hold("Is zinc safe?")
    messages = await shown(review)
    heads = [message.text.text.split(preview.LINE)[0] for message in messages]
    assert heads[0].startswith("👁️ Preview of #1. Nothing has been sent.\n\n")
    assert [head.split("\n\n")[-1] for head in heads] == [
        "Scripted, in English: 2 groups (net:kenya, net:nairobi) – 1 message",
        "Scripted, in French: 1 group (net:dakar) – 1 message",
        "Scripted, in English: 1 group (flat:abuja) – 1 message",
        "Scripted, in French: 1 group (flat:lome) – 1 message",
        "SMS, in English: 1 group (thin:phones) – 1 message, 1 SMS (GSM-7)",
        "SMS, in French: 1 group (thin:telephones) – 1 message, 1 SMS (GSM-7)",
    ]


@pytest.mark.usefixtures("opened")
async def test_what_sms_cost_is_said_where_the_community_gave_a_price() -> None:
    review = await hold("Zinc. " * 40)
    prices = {PHONES: "KES 0.80", TELEPHONES: "XOF 25"}
    groups = tuple(
        replace(group, sms_price=Price.parse(prices.get(group.chat, "KES 0.80"))) for group in (*WIDE.groups,)
    )
    other = Group(chat=place(THIN, "others"), intake=Intake.NONE, sms_price=Price.parse("UGX 35"))
    priced = replace(WIDE, groups=(*groups, other))
    heads = [message.text.text.split(preview.LINE)[0].split("\n\n")[-1] for message in await shown(review, priced)]
    assert heads[-3:] == [
        "SMS, in English: 1 group (thin:phones) – 1 message, 2 SMS (GSM-7), KES 1.60 for each reader",
        "SMS, in French: 1 group (thin:telephones) – 1 message, 2 SMS (GSM-7), XOF 50 for each reader",
        "SMS, in English: 1 group (thin:others) – 1 message, 2 SMS (GSM-7), UGX 70 for each reader",
    ]
    assert not [head for head in heads[:-3] if "reader" in head], "where messages cost nothing"
    async with database.transaction():
        told = await short.heard(await on_paper(review, "Zinc for ten days.", priced))
    assert told.text == "Kept. With its heading it is 1 SMS (GSM-7), KES 0.80 / XOF 25 / UGX 35 for each reader."


@pytest.mark.usefixtures("opened")
async def test_what_a_moderator_should_know_is_said() -> None:
    review = await hold("Zinc ☺ " + "and rest " * 200)
    await dressed(review, "photo", "translation")
    said = "\n".join(message.text.text for message in await shown(review))
    for part in (
        "⚠️ It is cut: whole, it would take 5 messages. A short version helps.",
        "⚠️ Instead of the file they read: [photo, 82 kB]",
        "without: ☺",
        "They receive the translation by Jean Dupont.",
        "more characters: GET 1]",
    ):
        assert part in said


@pytest.mark.usefixtures("opened")
async def test_what_nobody_would_receive_is_said() -> None:
    review = await hold("Is zinc safe?")
    await dressed(review, "short", "translation")
    few = replace(WIDE, groups=(WIDE.groups[0], Group(chat=LOST)))
    (message,) = await shown(review, few)
    assert message.text.text.startswith(
        "👁️ Preview of #1. Nothing has been sent.\n"
        "⚠️ gone:lost: nothing goes there, because the account gone is not configured.\n"
        "⚠️ No group receives the short version.\n"
        "⚠️ No group receives the translation into French.\n\n"
    )


@pytest.mark.usefixtures("opened")
async def test_no_group_at_all() -> None:
    review = await hold("Is zinc safe?")
    (message,) = await shown(review, replace(WIDE, groups=()))
    assert message.text.text == "👁️ Preview of #1. Nothing has been sent.\n⚠️ No group would receive it."


@pytest.mark.usefixtures("opened")
async def test_a_preview_takes_no_number_and_changes_nothing() -> None:
    review = await hold("Is zinc safe?")
    await dressed(review, "theme")
    first = await forecast(review)
    second = await forecast(review)
    assert [o.parts for o in first.outcomes] == [o.parts for o in second.outcomes]
    assert "Zinc for all (1) Have you any?" in first.outcomes[0].parts[0].text.text


@pytest.mark.usefixtures("opened")
async def test_a_correction_is_shown_with_the_numbers_and_notes_that_stand() -> None:
    review = await hold("Give 200 mg")
    await dressed(review, "theme")
    async with database.transaction():
        await notes.heard(await on_paper(review, "See the guideline."))
        fresh = await again(review)
        await publication.publish(fresh, await submissions.revision_of(fresh), WIDE, directory(), NOW, at=NOW)
        correction = await afterwards.open_correction(
            fresh, plain("Give 20 mg"), (), (), NOW, editor="", findings="{}", approvals=1, headline=fresh.headline
        )
    said = "\n".join(message.text.text for message in await shown(correction))
    assert "Zinc for all (1) Have you any?\n(corrected)\n\nGive 20 mg" in said
    assert "[Note from HIFA moderator (G): See the guideline.]" in said
    assert "200 mg" not in said
    assert "Messages there cannot be changed: the older wording stays." in said
    post = await submissions.post_of_submission(review.submission_id)
    assert post is not None
    assert (post.corrected_at, post.revision) == (None, 1), "the preview stores nothing"


@pytest.mark.usefixtures("opened")
async def test_two_presses_show_it_once() -> None:
    review = await hold("Is zinc safe?")
    assert len(await shown(review)) == len(await shown(review)) == 6
    async with database.transaction():
        await notes.heard(await on_paper(review, "Yes."))
    assert len(await shown(review)) == 12, "it is another preview now"


@pytest.mark.usefixtures("opened")
async def test_where_moderators_pay_for_characters_they_read_the_figures_alone() -> None:
    review = await hold(LONG)
    thrifty = replace(WIDE, moderators=(PHONES,), groups=WIDE.groups[:1])
    async with database.transaction():
        act = await on_paper(review, "", thrifty)
        await preview.preview(replace(act, moderator=replace(GRACE, channel=PHONES)))
    (row,) = await Delivery.filter(kind=ledger.EXHIBIT, review_id=review.id)
    text = codec.load(codec.CONTENT, row.content).text.text
    assert "1 group (net:kenya) – 1 message" in text
    assert "fourteen" not in text
