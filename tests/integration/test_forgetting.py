"""Everything about a person is shown to them, and erased: looked for in the whole database, byte by byte."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise

from bridge.core.community import Communities
from bridge.core.membership import MemberPolicy
from bridge.core.message import Content, UncarriedKind
from bridge.core.states import PostState, ReviewState
from bridge.core.text import Mark, MarkKind, RichText
from bridge.delivery.directory import Directory
from bridge.moderation import cards, forgetting
from bridge.moderation.acts import Desk
from bridge.storage import audit, codec, database, erasure, holdings, ledger, people, traces
from bridge.storage.models import Delivery, Person, Post, Review, Revision, Source
from bridge.storage.personal import SHARES
from tests.integration.everything import Everything
from tests.integration.talking import Talk
from tests.unit.delivery.scripted import LINE, Scripted
from tests.unit.storage.stage import COMMUNITY, NET, NOW, SLOW

pytestmark = pytest.mark.usefixtures("opened")
DESK = Desk(
    communities=Communities((COMMUNITY,)),
    directory=Directory({NET: Scripted(NET), SLOW: Scripted(SLOW)}),
    now=NOW,
)


async def everything_stored(url: str) -> str:
    """All columns of all tables as text; of SQLite the file and its log as well, as anybody could read them."""
    found: list[str] = []
    for model in Tortoise.apps[database.APP].values():
        found += [repr(list(row.values())) for row in await model.all().values()]
    text = "\n".join(found)
    if url.startswith("sqlite"):
        await database.scrub(whole=True)
        path = Path(url.removeprefix("sqlite://"))
        for file in (path, path.with_name(f"{path.name}-wal")):
            text += file.read_bytes().decode("latin-1") if file.exists() else ""
    return text


async def carried_out(desk: Desk = DESK) -> None:
    """Cards are composed and sent, everything planned arrives, and its effects follow."""
    talk = Talk()
    for _ in range(3):
        for row in await Delivery.filter(state="planned", kind=ledger.CARD):
            composed = await cards.compose(row, COMMUNITY, desk.directory, NOW)
            assert composed is not None
            await Delivery.filter(id=row.id).update(
                content=codec.dump(codec.CONTENT, composed[0]), payload='{"x":1}', state="delivered"
            )
        await Delivery.filter(state="planned", operation__not="send").update(state="delivered")
        await talk.arrive()


async def test_the_person_of_the_test_fills_every_personal_column() -> None:
    """Else a new column would be claimed and never tried."""
    person_id = await Everything().make()
    subject = await holdings.subject_of(person_id)
    empty: list[str] = []
    for share in SHARES:
        rows = await holdings.rows_of(share, subject)
        empty += [
            f"{share.section}: {column}"
            for column in share.columns
            if not any(_says_something(getattr(row, column)) for row in rows)
        ]
    assert not empty


def _says_something(value: Any) -> bool:
    return value not in ("", None, "[]", "{}")


async def test_the_export_holds_every_string_of_theirs() -> None:
    everything = Everything()
    person_id = await everything.make()
    found = await holdings.holdings(person_id)
    as_json = json.dumps(found, ensure_ascii=False)
    in_words = holdings.in_words(found)
    # What others' events quote of her is theirs, and so is what was only held to send it.
    missing = [where for where, word in everything.said.items() if word not in as_json or word not in in_words]
    assert [where for where in missing if where not in NOT_HERS] == []
    assert json.loads(as_json) == found


NOT_HERS = {
    "payload post": "the form in which a post was sent; its words stand in the export",
    "payload card": "the same of what moderators were shown",
    "payload exhibit": "the same",
    "published": "the form in which a post was sent",
    "card 1": "what moderators were shown, made of what stands in the export",
    "card 2": "the same",
    "exhibit 1": "the same",
    "exhibit 2": "the same",
    "forwarded": "stands in somebody else's message, over words that they passed on",
}
"""Copies, each of what the export shows at its source."""


async def test_nothing_of_theirs_is_left_anywhere(opened: str) -> None:
    everything = Everything()
    person_id = await everything.make()
    account = await people.get(everything.identity.id)
    result = await forgetting.forget(person_id, DESK, farewell=[account])
    assert (result.posts, result.kept) == (1, 0)
    await carried_out()
    text = await everything_stored(opened)
    left = {where: word for where, word in everything.said.items() if word in text}
    assert not left
    assert "own words" in text, "other people's words stay"
    assert (await audit.verify("hifa")).broken_at is None
    assert (await Post.get(id=everything.post.id)).state == PostState.RETRACTED
    assert (await Review.get(id=everything.reviews[1].id)).state == ReviewState.WITHDRAWN


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"from":{"id":12345,"first_name":"Ann"},"text":"hi"}', True),
        ('{"from":{"id":99123456},"text":"The annual report"}', False),
        ('{"text":"Thanks\\nAnn"}', True),
        ("no JSON, and 12345 in it", True),
        ("", False),
    ],
)
def test_a_name_is_found_as_a_word_of_its_own(text: str, named: bool) -> None:
    assert traces.mentions(text, ["12345", "Ann"]) is named


def test_a_name_is_covered_sign_by_sign() -> None:
    content = Content(text=RichText("Ann: the annual plan", (Mark(5, 8, MarkKind.BOLD),)))
    after = codec.load(codec.CONTENT, traces.covered(codec.dump(codec.CONTENT, content), ["Ann"]))
    assert after.text == RichText("···: the annual plan", (Mark(5, 8, MarkKind.BOLD),))


async def test_where_nothing_can_be_edited_the_record_says_no_more_than_it_must() -> None:
    """Readers there keep the quotation; our own tables do not."""
    slow = Scripted(SLOW)
    slow.can = LINE
    desk = Desk(communities=DESK.communities, directory=Directory({NET: Scripted(NET), SLOW: slow}), now=NOW)
    everything = Everything()
    person_id = await everything.make()
    result = await forgetting.forget(person_id, desk)
    assert result.stays == ()
    rows = [str(list(row.values())) for row in await Delivery.filter(post_id=everything.answer.id).values()]
    assert rows
    assert not [where for where in ("profile name", "wording 1") if everything.word(where) in "".join(rows)]


async def test_removals_are_planned_and_the_moderators_cards_are_edited() -> None:
    everything = Everything()
    person_id = await everything.make()
    await forgetting.forget(person_id, DESK)
    published = await Delivery.get(kind="post", operation="send", post_id=everything.post.id)
    removal = await Delivery.get(kind="post", operation="delete")
    assert (removal.target_id, removal.state) == (published.id, "planned")
    exhibits = await Delivery.filter(kind="exhibit", operation="delete").count()
    assert exhibits == 2
    assert await Delivery.filter(kind="notice", operation="delete", chat="mods").count() == 1, "a list that named her"
    edited = await Delivery.filter(kind="card", operation="edit").values_list("review_id", flat=True)
    assert set(edited) == {*(review.id for review in everything.reviews), everything.others.id}
    await carried_out()
    shown = [
        codec.load(codec.CONTENT, row.content).text.text for row in await Delivery.filter(kind="card", operation="edit")
    ]
    assert sum("asked to be forgotten" in text for text in shown) == 2


async def test_the_name_over_words_that_others_passed_on_goes_and_their_message_stays() -> None:
    everything = Everything()
    person_id = await everything.make()
    await Post.filter(id=everything.answer.id).update(reply_post_id=None)
    await forgetting.forget(person_id, DESK)
    models: tuple[type[Post] | type[Revision] | type[Source], ...] = (Post, Revision, Source)
    for model in models:
        kept = await model.get(submission_id=everything.answer.submission_id)
        (told,) = codec.load(codec.UNCARRIED, kept.uncarried)
        assert (told.kind, told.detail, told.whose) == (UncarriedKind.FORWARDED, "", "")
        assert "I agree" in kept.text
    edited = await Delivery.filter(post_id=everything.answer.id, operation="edit").exists()
    assert edited, "readers no longer see the name either"


async def test_who_writes_again_is_somebody_new() -> None:
    everything = Everything()
    person_id = await everything.make()
    await forgetting.forget(person_id, DESK)
    assert await people.find(everything.hers) is None
    before = await Person.get(id=person_id)
    assert before.erased_at == NOW
    with pytest.raises(erasure.NotErasable):
        await forgetting.forget(person_id, DESK)


async def test_where_a_community_keeps_posts_they_stay_without_the_name() -> None:
    keeping = replace(COMMUNITY, members=MemberPolicy(keep_posts=True))
    desk = Desk(communities=Communities((keeping,)), directory=DESK.directory, now=NOW)
    everything = Everything()
    person_id = await everything.make()
    result = await forgetting.forget(person_id, desk)
    assert (result.posts, result.kept) == (0, 1)
    post = await Post.get(id=everything.post.id)
    assert post.state == PostState.LIVE
    assert post.author == "A former member"
    assert everything.word("wording 1") in post.text
    names = [everything.word(where) for where in ("name", "profile name", "role", "second name", "user")]
    rows = [str(list(row.values())) for row in await Delivery.filter(post_id=post.id).values()]
    assert not [name for name in names if name in post.card + "".join(rows)]
    assert await Delivery.filter(post_id=post.id, operation="edit").exists(), "readers no longer see the name either"


async def test_files_nobody_else_uses_are_doomed() -> None:
    everything = Everything()
    person_id = await everything.make()
    await forgetting.forget(person_id, DESK)
    await carried_out()
    assert await erasure.unused_files() == [everything.file.sha256]


async def test_a_file_that_somebody_else_sent_too_stays() -> None:
    everything = Everything()
    person_id = await everything.make()
    files = codec.dump(codec.ATTACHMENTS, (everything.file,))
    await Post.filter(id=everything.others_post.id).update(attachments=files)
    await forgetting.forget(person_id, DESK)
    assert await erasure.unused_files() == []
