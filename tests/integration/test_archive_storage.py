"""The archive in the database: what stands in it, in which order, how it is searched, and whose links open it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.core.states import MembershipState, MembershipStep
from bridge.core.text import plain
from bridge.storage import (
    afterwards,
    archive,
    codec,
    counting,
    database,
    erasure,
    memberships,
    people,
    personal_links,
    posts,
    submissions,
)
from bridge.storage.database import transaction
from bridge.storage.models import Meta, Post, Review, Revision
from bridge.storage.models_archive import ArchiveEntry
from bridge.storage.models_desk import Theme
from tests.unit.storage.stage import NOW, hold, sender

HOSTILE = (
    *('"', "'", "*", "^", "\\", "\x00", "%", "(", "-", "🙂", "َ", "٪", "\ud800"),
    *("zinc' OR '1'='1", "NEAR(", "zinc*", "a AND NOT b", "words:zinc", "&|!:*", "zinc\x00", "zinc" * 200, "NOT"),
)
HIFA = archive.Reader(community="hifa", now=NOW + timedelta(days=1))


async def published(text: str, *, user: str = "amina", name: str = "Amina Okello", **beside: Any) -> Post:
    review = await hold(text, user=user, message=f"m{await Review.all().count()}")
    wording = await submissions.revision_of(review)
    card = codec.dump_object({"label": "HIFA", "name": name, "role": "nurse"})
    post = posts.drafted(review, author=name, card=card, revision=wording, now=NOW, **beside)
    async with transaction():
        return await posts.publish(post)


async def found(said: str, reader: archive.Reader = HIFA) -> list[int]:
    return [post.number for post in await archive.search(reader, said, limit=20)]


@pytest.mark.usefixtures("opened")
async def test_search_in_many_languages() -> None:
    texts = {
        "fr": "Réhydratation orale à l’hôpital",
        "sw": "Je, mama anaweza kutumia dawa za malaria?",
        "ha": "Ɗaukar magani da ƙarfi",
        "yo": "Ọmọ tuntun nílò ìtọ́jú",
        "am": "የሕፃናት ክትባት መቼ ነው?",
        "ar": "ما هي جرعة الأدوية للأطفال؟",
        "hi": "बच्चों के लिए ज़िंक की खुराक",
        "bn": "শিশুদের জন্য জিংক কতদিন?",
        "pt": "Vacinação das crianças",
    }
    numbers = {language: (await published(text)).number for language, text in texts.items()}
    asked = {
        "fr": "rehydratation hopital",
        "sw": "MALARIA dawa",
        "ha": "daukar karfi",
        "yo": "omo itoju",
        "am": "የህጻናት ክትባት",
        "ar": "جرعه ادوية",
        "hi": "बच्चों खुराक",
        "bn": "শিশুদের",
        "pt": "vacinaçao",
    }
    for language, said in asked.items():
        assert await found(said) == [numbers[language]], language
    # A vowel sign is no accent: another word is not found.
    assert await found("बचच") == []
    assert await found("amina okello nurse") == sorted(numbers.values(), reverse=True)
    assert await found("vacin") == [numbers["pt"]]
    assert await found("za malaria nothing") == []


@pytest.mark.usefixtures("opened")
async def test_no_question_is_an_error() -> None:
    post = await published("Is zinc AND copper safe? 10 mg/kg")
    for said in HOSTILE:
        await found(said)
    assert await found("AND") == [post.number]
    assert await found("10 mg") == [post.number]
    assert await found("") == []


@pytest.mark.usefixtures("opened")
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(said=st.text(max_size=60))
async def test_whatever_is_asked(said: str) -> None:
    assert await found(said) == []


@pytest.mark.usefixtures("opened")
async def test_the_index_follows_a_post() -> None:
    post = await published("Is zinc safe?")
    assert await found("zinc") == [post.number]
    wording = await Revision.get(submission_id=post.submission_id)
    wording.text = codec.dump(codec.RICH_TEXT, plain("Is copper safe?"))
    async with transaction():
        assert await afterwards.reword(post, wording, NOW)
    assert (await found("zinc"), await found("copper")) == ([], [post.number])
    async with transaction():
        assert await afterwards.retract(post, name="Grace", now=NOW)
    assert await found("copper") == []
    assert await archive.newest(HIFA, limit=5) == []
    shown = await archive.post(HIFA, post.number)
    assert shown is not None  # so that a reader can be told that it was taken back
    assert not await ArchiveEntry.all().exists()


@pytest.mark.usefixtures("opened")
async def test_what_a_failed_transaction_would_have_published_is_not_found() -> None:
    async def failing() -> None:
        async with transaction():
            await published("Is zinc safe?")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await failing()
    assert await found("zinc") == []


@pytest.mark.usefixtures("opened")
async def test_the_newest_first_by_pages_and_not_before_their_time() -> None:
    one = await published("one")
    late = await published("late", publish_at=NOW + timedelta(hours=2))
    two = await published("two")
    await published("tomorrow", publish_at=NOW + timedelta(days=3))
    first = await archive.newest(HIFA, limit=2)
    assert [post.id for post in first] == [late.id, two.id]
    assert [post.id for post in await archive.newest(HIFA, limit=2, before=first[-1])] == [one.id]
    assert await found("tomorrow") == []
    assert await archive.post(HIFA, 4) is None
    assert await archive.count_between(HIFA, NOW, NOW + timedelta(hours=1)) == 2


@pytest.mark.usefixtures("opened")
async def test_posts_for_chosen_groups_are_for_members() -> None:
    post = await published("Only for Kenya", targets=codec.dump_list(["net:kenya"]))
    assert (await found("kenya"), await archive.newest(HIFA, limit=5), await archive.post(HIFA, 1)) == ([], [], None)
    member = replace(HIFA, chosen=True)
    assert await found("kenya", member) == [post.number]
    assert [each.id for each in await archive.newest(member, limit=5)] == [post.id]


@pytest.mark.usefixtures("opened")
async def test_communities_do_not_see_each_other() -> None:
    await published("Is zinc safe?")
    for other in ("hifa-fr", "other"):
        reader = replace(HIFA, community=other)
        assert (await found("zinc", reader), await archive.newest(reader, limit=5)) == ([], [])


@pytest.mark.usefixtures("opened")
async def test_themes_threads_and_answers() -> None:
    theme = await Theme.create(community="hifa", title="Zinc", created_at=NOW)
    for _ in range(2):
        await counting.next_number(f"theme:{theme.id}")
    await Theme.create(community="hifa", title="Empty", created_at=NOW)
    root = await published("root", theme_id=theme.id)
    answer = await published("answer", theme_id=theme.id, thread_id=root.id, thread_number=2)
    await Post.filter(id=answer.id).update(reply_post_id=root.id)
    await published("elsewhere")
    assert [(row.title, count) for row, count in await archive.themes(HIFA)] == [("Zinc", 2)]
    assert [post.id for post in await archive.thread(HIFA, root.id, limit=9)] == [root.id, answer.id]
    assert [post.id for post in await archive.answers(HIFA, root, 9)] == [answer.id]
    assert [post.id for post in await archive.newest(HIFA, theme_id=theme.id, limit=9)] == [answer.id, root.id]


@pytest.mark.usefixtures("opened")
async def test_posts_from_before_there_was_an_archive() -> None:
    post = await published("Is zinc safe?")
    await ArchiveEntry.all().delete()
    await Meta.filter(key="archive-indexed").delete()
    assert await found("zinc") == []
    assert await archive.fill() == 1
    assert await found("zinc") == [post.number]
    assert await archive.fill() == 0


async def test_who_is_erased_is_not_found(opened: str) -> None:
    post = await published("Xylomarker about zinc", user="zuhura", name="Zuhura Qmarker")
    kept = await published("Ynothermarker stays", user="zuhura", name="Zuhura Qmarker")
    assert await found("zuhura") == [kept.number, post.number]
    person = (await people.meet(sender("zuhura"), NOW)).person_id
    async with transaction():
        await afterwards.retract(post, name="Grace", now=NOW)
        await erasure.erase(person, NOW, kept={kept.id: "A member"})
    assert (await found("zuhura"), await found("xylomarker"), await found("ynothermarker")) == ([], [], [kept.number])
    if opened.startswith("sqlite"):
        await database.scrub(whole=True)
        held = await asyncio.to_thread(Path(opened.removeprefix("sqlite://")).read_bytes)
        held = held.lower()
        assert b"ynothermarker" in held
        assert b"xylomarker" not in held
        assert b"qmarker" not in held


@pytest.mark.usefixtures("opened")
async def test_members_links() -> None:
    member = await people.meet(sender("amina"), NOW)
    await memberships.enter(member.person_id, "hifa", MembershipState.MEMBER, now=NOW, via="join")
    key = await personal_links.archive_key(member.person_id, "hifa", NOW)
    assert await personal_links.archive_key(member.person_id, "hifa", NOW) == key
    assert await personal_links.opens(key, "hifa")
    token = await personal_links.unsubscribe_token(member.person_id, "hifa", NOW)
    assert await personal_links.unsubscribe_token(member.person_id, "hifa", NOW) == token
    assert await personal_links.unsubscribes(token) == (member.person_id, "hifa")
    for wrong in (key[:-1] + ("a" if key[-1] != "a" else "b"), "", "x" * 34, key + "x", "é" * 34, token):
        assert not await personal_links.opens(wrong, "hifa"), wrong
    assert not await personal_links.opens(key, "other")
    assert await personal_links.unsubscribes(key) is None
    assert await personal_links.revoke_archive_keys(member.person_id, "hifa")
    assert not await personal_links.opens(key, "hifa")
    again = await personal_links.archive_key(member.person_id, "hifa", NOW)
    assert again != key
    row = await memberships.membership(member.person_id, "hifa")
    assert row is not None
    assert await memberships.step(row, MembershipStep.BAN, now=NOW, by="net:grace")
    assert not await personal_links.opens(again, "hifa")


@pytest.mark.usefixtures("opened")
async def test_many_members_links_at_once_are_those_that_each_is_given_alone() -> None:
    readers = [((await people.meet(sender(name), NOW)).person_id, "hifa") for name in ("amina", "joy", "pedro")]
    early = await personal_links.unsubscribe_token(*readers[1], NOW)
    other = await personal_links.unsubscribe_token(readers[1][0], "other", NOW)
    tokens = await personal_links.unsubscribe_tokens([*readers, readers[0]], NOW)
    assert tokens.keys() == set(readers)
    assert tokens[readers[1]] == early != other
    assert len(set(tokens.values())) == 3
    assert await personal_links.unsubscribe_tokens(readers, NOW) == tokens
    assert [await personal_links.unsubscribe_token(*reader, NOW) for reader in readers] == [*tokens.values()]
    assert await personal_links.unsubscribes(tokens[readers[2]]) == readers[2]
