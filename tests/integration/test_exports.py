"""Discussions opened, quotations marked, and what comes out of the database in the end, on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.community import Communities
from bridge.core.ids import AccountId, ChatId, CommunityId, MessageId, RemoteRef
from bridge.core.states import DeliveryState, PostState, ThemeState
from bridge.core.text import plain
from bridge.moderation import publication
from bridge.storage import codec, exports, ledger, quotations, submissions
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Post, Review, Revision
from bridge.storage.models_desk import Quotation, Theme
from tests.integration.moderating import GRACE, NAOMI, PETER, RUTH, Room, again, audited, notices
from tests.unit.storage.stage import DESK, NOW, hold

pytestmark = pytest.mark.usefixtures("opened")
LATER = NOW + timedelta(days=400)
OPEN = """/discussion open Learning for quality
sponsor: The Mandara Foundation
from: 2026-03-01
to: 2026-03-28
question: What helps?
What stands in the way?
group: Amina, Peter"""


async def approved(room: Room, text: str, *, message: str, headline: str = "", theme: Theme | None = None) -> Post:
    review = await hold(text, message=message)
    if headline:
        await room.types(review, f"headline: {headline}", GRACE)
    if theme is not None:
        await room.press(review, "theme", GRACE, str(theme.id))
    await room.press(review, "approve", GRACE)
    post = await submissions.post_of_submission(review.submission_id)
    assert post is not None
    return post


async def review_of(post: Post) -> Review:
    review = await submissions.review_of_submission(post.submission_id)
    assert review is not None
    return review


# --- discussions ---


async def test_a_discussion_is_opened_changed_closed_and_reopened() -> None:
    room = Room()
    told = await room.orders(OPEN, RUTH)
    theme = await Theme.get(title="Learning for quality")
    assert told.splitlines() == [
        "📚 Ruth has opened the discussion “Learning for quality”.",
        f"{theme.id}. Learning for quality · 0 posts · 2026-03-01 to 2026-03-28",
        "Sponsor: The Mandara Foundation",
        "1. What helps?",
        "2. What stands in the way?",
        "Working group: Amina, Peter",
    ]
    assert (await notices(DESK))[-1] == told, "the other channel of the moderators hears it"
    assert (theme.discussion, theme.state) == (True, ThemeState.OPEN)

    assert "is open already" in await room.orders("/discussion open learning FOR quality", NAOMI)
    changed = await room.orders("/discussion open learning for quality\nto: 2026-04-11", NAOMI)
    assert "2026-03-01 to 2026-04-11" in changed
    assert "1. What helps?" in changed
    early = await room.orders("/discussion open learning for quality\nto: 2026-02-01", NAOMI)
    assert early == "It would end before it begins. Nothing was done."

    await approved(room, "Zinc", message="m1", theme=theme)
    listed = await room.orders("/discussion", PETER)
    assert f"{theme.id}. Learning for quality · 1 post · 2026-03-01 to 2026-04-11" in listed.splitlines()

    assert "has closed the discussion" in await room.orders(f"/discussion close {theme.id}", RUTH)
    assert "is closed already" in await room.orders("/discussion close Learning for quality", RUTH)
    assert "is closed: /discussion reopen" in await room.orders(OPEN, RUTH)
    assert "HIFA: closed" in await room.orders("/discussion", PETER)
    assert "has reopened" in await room.orders("/discussion reopen LEARNING for quality", RUTH)
    lines = await audited("discussion")
    assert [line.reason for line in lines] == ["open", "change", "close", "reopen"]
    assert {codec.load_object(line.detail)["theme"] for line in lines} == {theme.id}
    assert await Theme.all().count() == 1


async def test_a_discussion_is_shown_and_renamed() -> None:
    room = Room()
    opened = await room.orders(OPEN, RUTH)
    theme = await Theme.get(title="Learning for quality")
    assert opened.splitlines()[1:] == (await room.orders(f"/discussion {theme.id}", GRACE)).splitlines()
    assert opened.splitlines()[1:] == (await room.orders("/discussion LEARNING for quality", GRACE)).splitlines()
    await approved(room, "Zinc", message="m1", theme=theme)
    await room.orders("/discussion open Water", RUTH)

    assert "senior" in await room.orders(f"/discussion rename {theme.id}: Learning at work", GRACE)
    assert "There is a discussion “water” already" in await room.orders(f"/discussion rename {theme.id}: water", RUTH)
    assert "/discussion open" in await room.orders(f"/discussion rename {theme.id}", RUTH)
    assert "There is no discussion" in await room.orders("/discussion rename Zinc: Zinc!", RUTH)
    assert "at most 120" in await room.orders(f"/discussion rename {theme.id}: {'x' * 121}", RUTH)
    told = await room.orders(f"/discussion rename {theme.id}: Learning at work", RUTH)
    assert told.startswith("📚 Ruth has renamed the discussion “Learning for quality”.")
    assert f"{theme.id}. Learning at work · 1 post" in told
    post = await approved(room, "Soap", message="m2", theme=await Theme.get(id=theme.id))
    assert post.theme_number == 2, "its numbers go on"
    assert [line.reason for line in await audited("discussion")] == ["open", "open", "rename"]


async def test_who_may_open_a_discussion_and_what_is_no_instruction() -> None:
    room = Room()
    assert "senior" in await room.orders(OPEN, GRACE)
    assert await Theme.all().count() == 0
    assert "/discussion open" in await room.orders("/discussion help", RUTH)
    assert "/discussion open" in await room.orders("/discussion open", RUTH)
    assert "There is no discussion “Zinc”" in await room.orders("/discussion close Zinc", RUTH)
    assert "Nothing was done." in await room.orders("/discussion open Zinc\nand more", RUTH)
    assert "at most 120" in await room.orders("/discussion open " + "x" * 121, RUTH)
    assert "no discussions yet" in await room.orders("/discussion", RUTH)
    assert await Theme.all().count() == 0
    await room.orders("/discussion open Zinc", RUTH)
    assert "senior" in await room.orders("/discussion close Zinc", GRACE)
    assert (await Theme.get(title="Zinc")).state == ThemeState.OPEN


class Shared(Room):
    """Channels in which two communities are moderated."""

    @property
    def communities(self) -> Communities:
        return Communities((self.community, replace(self.community, id=CommunityId("chifa"), name="CHIFA")))


async def test_in_a_channel_of_two_communities_it_is_said_whose_discussion_it_is() -> None:
    room = Shared()
    asked = await room.orders("/discussion open Zinc", RUTH)
    assert asked.startswith("For which community?")
    assert "HIFA, CHIFA" in asked
    assert "For which community?" in await room.orders("/discussion open Zinc\ncommunity: WHO", RUTH)
    for name in ("chifa", "HIFA"):
        assert "has opened" in await room.orders(f"/discussion open Zinc\nCommunity: {name}", RUTH)
    first, second = await Theme.all().order_by("id")
    assert (first.community, second.community) == ("chifa", "hifa")
    which = await room.orders("/discussion close zinc", RUTH)
    assert which.startswith("Which one?")
    assert f"{first.id} (CHIFA)" in which
    assert "has closed" in await room.orders(f"/discussion close {first.id}", RUTH)
    assert [theme.state for theme in await Theme.all().order_by("id")] == [ThemeState.CLOSED, ThemeState.OPEN]
    assert [line.id for line in await exports.discussions("Zinc", None)] == [first.id, second.id]


async def test_a_theme_becomes_a_discussion_and_keeps_its_numbers() -> None:
    room = Room()
    review = await hold(message="m0")
    await room.types(review, "theme: Quality", GRACE)
    await room.press(review, "approve", GRACE)
    await room.orders("/discussion open quality\nWhat helps?", RUTH)
    (theme,) = await Theme.all()
    assert (theme.title, theme.discussion) == ("Quality", True)
    assert (await exports.discussion(theme.id, until=LATER)).counter == 1


# --- quotations ---


async def test_a_quotation_is_marked_listed_and_taken_away() -> None:
    room = Room()
    post = await approved(room, "We boil   water.\nIt’s far to the well.", message="m1")
    review = await review_of(post)
    assert (await room.types(review, "quote: we boil water", GRACE))[-1] == "Marked as a quotation: “We boil   water”"
    assert (await room.types(review, "quote: “It's far to the well”", PETER))[-1].startswith("Marked")
    assert (await room.types(review, "quote: We boil milk", GRACE))[-1].startswith("That passage is not in #1")
    assert (await room.types(review, "quote: WE BOIL WATER", PETER))[-1] == "That passage is marked already."
    rows = await quotations.of_post(post.id)
    assert [(row.text, row.selected_name) for row in rows] == [
        ("We boil   water", "Grace"),
        ("It’s far to the well", "Peter"),
    ]
    assert (await room.types(review, "quote: -", GRACE))[-1].startswith("Which one?")
    assert (await room.types(review, "quote: - it's far to the well", GRACE))[-1].startswith("No longer a quotation")
    await room.types(review, "quote: –", GRACE)
    assert await quotations.of_post(post.id) == []
    assert [len(await audited(action)) for action in ("quote", "quote_removed")] == [2, 2]


async def test_only_what_is_published_is_quoted() -> None:
    room = Room()
    review = await hold("We boil water.")
    await room.types(review, "quote: We boil water", GRACE)
    assert await Quotation.all().count() == 0
    await room.press(review, "approve", GRACE)
    post = await submissions.post_of_submission(review.submission_id)
    assert post is not None
    await Post.filter(id=post.id).update(state=PostState.RETRACTED, retracted_name="Ruth", retracted_at=NOW)
    assert (await room.types(review, "quote: We boil water", GRACE))[-1] == "Ruth has already taken #1 back."
    assert await Quotation.all().count() == 0


# --- exports ---


async def test_quotations_come_out_with_all_that_says_where_they_are_from() -> None:
    room = Room()
    theme = await Theme.create(community="hifa", title="Quality", created_at=NOW, discussion=True)
    first = await approved(room, "We boil water. Daily.", message="m1", headline="Water", theme=theme)
    second = await approved(room, "We walk far.", message="m2")
    third = await approved(room, "We sing.", message="m3")
    for post, passage in ((first, "Daily"), (first, "boil water"), (second, "walk far"), (third, "sing")):
        await room.types(await review_of(post), f"quote: {passage}", PETER)
    await Post.filter(id=second.id).update(state=PostState.RETRACTED)
    await Post.filter(id=third.id).update(text=codec.dump(codec.RICH_TEXT, plain("We dance.")))

    found = await exports.quotations("hifa", since=None, until=LATER)
    assert [(q.text, q.selected_by, q.selected_at) for q in found.quotations] == [
        ("Daily", "Peter", NOW),
        ("boil water", "Peter", NOW),
    ]
    source = found.quotations[0].post
    assert (source.number, source.theme, source.theme_number, source.headline) == (1, "Quality", 1, "Water")
    assert source.card.name == "Amina"
    assert (found.left_out.retracted, found.left_out.reworded) == (1, 1)
    assert (await exports.quotations("chifa", since=None, until=LATER)).quotations == []
    assert (await exports.quotations("hifa", since=LATER, until=LATER)).quotations == []


async def test_posts_of_a_time_come_out_by_number() -> None:
    room = Room()
    for number in range(1, 4):
        await approved(room, f"Text {number}", message=f"m{number}")
    for number, days in ((1, 0), (2, 1), (3, 2)):
        await Post.filter(number=number).update(publish_at=NOW + timedelta(days=days))

    async def numbers(since: int | None, until: int) -> list[int]:
        start = None if since is None else NOW + timedelta(days=since)
        found = await exports.posts("hifa", since=start, until=NOW + timedelta(days=until))
        return [post.number for post in found.posts]

    assert await numbers(None, 3) == [1, 2, 3]
    assert await numbers(1, 2) == [2], "the end is not part of it"
    assert await numbers(None, 2) == [1, 2], "what has not gone out yet is not there"
    await Post.filter(number=1).update(publish_at=None, approved_at=NOW + timedelta(days=1, hours=1))
    assert await numbers(1, 2) == [1, 2], "posts from before there was a time of publication"
    await Post.filter(number=2).update(state=PostState.RETRACTED)
    found = await exports.posts("hifa", since=None, until=LATER)
    assert ([post.number for post in found.posts], found.left_out.retracted) == ([1, 3], 1)


async def test_more_posts_than_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "_SLICE", 2)
    room = Room()
    for number in range(1, 6):
        post = await approved(room, f"Text {number}", message=f"m{number}")
        await room.types(await review_of(post), "quote: Text", GRACE)
        await room.types(await review_of(post), f"quote: Text {number}", GRACE)
    found = await exports.posts("hifa", since=None, until=LATER)
    assert [post.number for post in found.posts] == [1, 2, 3, 4, 5]
    quoted = (await exports.quotations("hifa", since=None, until=LATER)).quotations
    assert [q.post.number for q in quoted] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


async def test_a_discussion_comes_out_whole() -> None:
    room = Room()
    await room.orders(OPEN, RUTH)
    theme = await Theme.get(title="Learning for quality")
    review = await hold("Zinc helps.", message="m1")
    await room.types(review, "headline: Zinc", GRACE)
    await room.types(review, "note: See the guideline.", PETER)
    await room.types(review, "translation: fr, by Jean Dupont: Le zinc aide.", GRACE)
    await room.press(review, "theme", GRACE, str(theme.id))
    await room.press(review, "approve", GRACE)
    await approved(room, "Not in it", message="m2")
    await approved(room, "Taken back", message="m3", theme=theme)
    last = await approved(room, "Water, too", message="m4", theme=theme)
    await Post.filter(number=3).update(state=PostState.RETRACTED)
    await Post.filter(id=last.id).update(reply_post_id=(await Post.get(number=1)).id)

    assert [line.id for line in await exports.discussions("LEARNING for quality", None)] == [theme.id]
    assert [line.id for line in await exports.discussions(f"#{theme.id}", "hifa")] == [theme.id]
    assert await exports.discussions(str(theme.id), "chifa") == []
    found = await exports.discussion(theme.id, until=LATER)
    assert (found.title, found.sponsor, found.counter) == ("Learning for quality", "The Mandara Foundation", 3)
    assert found.questions == ("What helps?", "What stands in the way?")
    assert found.working_group == ("Amina", "Peter")
    assert [(post.number, post.theme_number, post.answers) for post in found.posts] == [(1, 1, None), (4, 3, 1)]
    assert found.left_out.retracted == 1
    first = found.posts[0]
    assert [(note.text, note.name) for note in first.notes] == [("See the guideline.", "Peter")]
    assert [(t.language, t.translator, t.text.text) for t in first.translations] == [
        ("fr", "Jean Dupont", "Le zinc aide.")
    ]
    with pytest.raises(LookupError):
        await exports.discussion(theme.id + 1, until=LATER)


async def test_where_a_post_stands_comes_out_with_it() -> None:
    """The first message in every chat that it arrived in; not what was refused there, nor its further parts."""
    post = await approved(Room(), "Zinc", message="m1")
    rows = await Delivery.filter(post_id=post.id, operation=ledger.SEND).order_by("id")
    first, *others = rows
    await Delivery.filter(id=first.id).update(state=DeliveryState.DELIVERED, message="m77")
    await Delivery.filter(id__in=[row.id for row in others]).update(state=DeliveryState.REFUSED)
    (found,) = (await exports.posts("hifa", since=None, until=LATER)).posts
    assert found.places == (RemoteRef(AccountId(first.account), ChatId(first.chat), MessageId("m77")),)
    assert found.addresses == ()


async def test_decisions_come_out_as_figures_alone() -> None:
    room = Room()
    await approved(room, "Zinc", message="m1")
    for number, how in enumerate(("reject: privacy", "reject: privacy", "reject: Buy elsewhere", "merge: 1"), 2):
        await room.types(await hold(f"{how} {number}", message=f"m{number}"), how, GRACE)
    await hold("Waits", message="m9")
    found = await exports.decisions("hifa", since=None, until=LATER)
    assert dict(found.counts) == {("post", "approved"): 1, ("post", "rejected"): 3, ("post", "merged"): 1}
    assert dict(found.reasons) == {"privacy": 2, "other": 1}
    assert found.median_minutes == 0
    assert (await exports.decisions("hifa", since=LATER, until=LATER)).median_minutes is None
    assert not (await exports.decisions("chifa", since=None, until=LATER)).counts


async def test_an_approval_undone_gives_its_number_back() -> None:
    """The number in a theme is given at the approval, and free again where nothing went out."""
    room = Room()
    theme = await Theme.create(community="hifa", title="Quality", created_at=NOW)
    room.community = replace(room.community, policy=replace(room.community.policy, undo=timedelta(seconds=30)))
    post = await approved(room, "First", message="m1", theme=theme)
    await room.press(await review_of(post), "undo", GRACE)
    assert await Post.all().count() == 0
    other = await approved(room, "Second", message="m2", theme=theme)
    assert other.theme_number == 1


async def test_what_a_reply_would_be_numbered_is_what_it_is_numbered() -> None:
    room = Room()
    theme = await Theme.create(community="hifa", title="Quality", created_at=NOW)
    first = await approved(room, "First", message="m1", headline="Water", theme=theme)
    review = await hold("Second", message="m2")
    async with transaction():
        await Review.filter(id=review.id).update(theme_id=theme.id, headline="Water")
        await type(review.submission).filter(id=review.submission_id).update(reply_post_id=first.id)
    fresh = await again(review)
    wording = await Revision.get(submission_id=review.submission_id, number=1)
    drafted = await publication.draft(fresh, wording, room.community, NOW)
    await room.press(review, "approve", GRACE)
    post = await submissions.post_of_submission(review.submission_id)
    assert post is not None
    assert (post.theme_number, post.thread_number) == (drafted.theme_number, drafted.thread_number) == (2, 2)
