"""One person, several accounts: the code goes from one to the other, and nobody can guess or pretend."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.ids import AccountId
from bridge.storage import link_codes, people, persons
from bridge.storage.models import Counter, Decision, Identity
from bridge.storage.models_members import LinkCode
from tests.integration.moderating import private
from tests.integration.talking import Talk, told
from tests.unit.delivery.scripted import RICH
from tests.unit.storage.stage import NET, SLOW, sender

pytestmark = pytest.mark.usefixtures("opened")
CODE = re.compile(r"LINK (\d{4} \d{4})")


@pytest.fixture
def talk() -> Talk:
    return Talk()


def code_in(texts: list[str]) -> str:
    return next(match[1] for text in texts if (match := CODE.search(text)))


async def person_of(user: str, account: AccountId = NET) -> int:
    identity = await people.find(sender(user, account=account).ref)
    assert identity is not None
    return identity.person_id


async def test_a_code_from_one_account_typed_on_the_other_makes_them_one_person(talk: Talk) -> None:
    code = code_in(await talk.hears("/link"))
    assert code.replace(" ", "") not in str(await LinkCode.all().values()), "only its hash is kept"
    said = await talk.hears(f"link {code}", user="amina2", account=SLOW)
    assert "are one person now" in said[-1]
    assert await person_of("amina") == await person_of("amina2", SLOW)
    assert await told(private("amina"), "one person from now on"), "both accounts hear of it"
    listed = (await talk.hears("accounts"))[-1]
    assert "1. net @amina (amina) · confirmed by a code · this one" in listed
    assert "2. slow @amina2 (amina2) · confirmed by a code" in listed
    line = await Decision.get(action="link")
    assert line.detail == f'{{"identity":{(await Identity.get(user="amina")).id}}}'


async def test_a_code_counts_once_and_for_a_quarter_of_an_hour(talk: Talk) -> None:
    code = code_in(await talk.hears("LINK"))
    talk.now += timedelta(minutes=16)
    assert "time is over" in (await talk.hears(f"LINK {code}", user="amina2", account=SLOW))[-1]
    code = code_in(await talk.hears("LINK"))
    await talk.hears(f"LINK {code}", user="amina2", account=SLOW)
    assert "time is over" in (await talk.hears(f"LINK {code}", user="mallory", account=SLOW))[-1]
    assert await person_of("mallory", SLOW) != await person_of("amina")


async def test_a_new_code_ends_the_one_before(talk: Talk) -> None:
    first = code_in(await talk.hears("LINK"))
    second = code_in(await talk.hears("LINK"))
    assert "time is over" in (await talk.hears(f"LINK {first}", user="amina2", account=SLOW))[-1]
    assert "one person now" in (await talk.hears(f"LINK {second}", user="amina2", account=SLOW))[-1]


async def test_on_the_account_that_asked_it_says_to_use_the_other(talk: Talk) -> None:
    code = code_in(await talk.hears("LINK"))
    assert "from your other account" in (await talk.hears(f"LINK {code}"))[-1]
    assert "one person now" in (await talk.hears(f"LINK {code}", user="amina2", account=SLOW))[-1]


async def test_who_guesses_is_stopped_after_five(talk: Talk) -> None:
    code = code_in(await talk.hears("LINK"))
    wrong = f"{(int(code.replace(' ', '')) + 1) % 10**8:08d}"
    answers = [(await talk.hears(f"LINK {wrong}", user="mallory", account=SLOW))[-1] for _ in range(5)]
    assert all("time is over" in answer for answer in answers)
    assert "too often" in (await talk.hears(f"LINK {code}", user="mallory", account=SLOW))[-1]
    assert await person_of("mallory", SLOW) != await person_of("amina")
    assert "one person now" in (await talk.hears(f"LINK {code}", user="amina2", account=SLOW))[-1], "others go on"


async def test_many_guessers_together_are_stopped_too(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_codes, "_MOST_GUESSES", 3)
    code = code_in(await talk.hears("LINK"))
    for number in range(3):
        await talk.hears("LINK 0000 0000", user=f"mallory{number}", account=SLOW)
    assert "too often" in (await talk.hears(f"LINK {code}", user="amina2", account=SLOW))[-1]


async def test_a_code_sent_to_another_account_is_typed_here_or_there(talk: Talk) -> None:
    assert "if it can be reached" in (await talk.hears("/link slow amina2"))[-1]
    code = code_in(await told(private("amina2", SLOW), "this account is theirs"))
    assert "one person now" in (await talk.hears(f"LINK {code}"))[-1]
    assert await person_of("amina") == await person_of("amina2", SLOW)
    assert (await Identity.get(user="amina2")).verified == persons.CODE


async def test_a_code_sent_to_one_account_is_of_no_use_on_a_third(talk: Talk) -> None:
    await talk.hears("/link slow amina2")
    code = code_in(await told(private("amina2", SLOW), "this account is theirs"))
    assert "time is over" in (await talk.hears(f"LINK {code}", user="mallory", account=SLOW))[-1]
    assert "one person now" in (await talk.hears(f"LINK {code}", user="amina2", account=SLOW))[-1]


async def test_where_we_may_not_write_first_it_says_what_to_do(talk: Talk) -> None:
    talk.accounts[SLOW].can = replace(RICH, opens_direct=False)
    assert "Write LINK alone" in (await talk.hears("/link slow amina2"))[-1]
    assert not await LinkCode.all().exists()


async def test_strangers_are_not_flooded_with_codes(talk: Talk) -> None:
    answers = [(await talk.hears(f"/link slow stranger{number}"))[-1] for number in range(4)]
    assert ["if it can be reached" in answer for answer in answers] == [True, True, True, False]
    assert "too often" in answers[-1]
    assert "too often" not in (await talk.hears("/link"))[-1]


async def test_an_account_that_only_claims_to_be_somebody_proves_that_it_reads_what_it_is_sent(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An SMS can be sent in anybody's name: the code alone, seen by who asked, would let him take another's account."""
    code = code_in(await talk.hears("LINK", user="mallory"))
    claims = replace(sender("amina2", account=SLOW), proof="claimed")
    monkeypatch.setattr("tests.integration.talking.sender", _or(claims))
    said = await talk.hears(f"LINK {code}", user="amina2", account=SLOW)
    assert "this account is theirs" in said[-1]
    assert await person_of("mallory") != await person_of("amina2", SLOW)
    assert "one person now" in (await talk.hears(f"LINK {code_in(said)}", user="amina2", account=SLOW))[-1]
    assert (await Identity.get(user="amina2")).verified == persons.CODE


def _or(special: object) -> Callable[..., object]:
    def made(user: str, name: str = "", account: AccountId = NET) -> object:
        return special if user == "amina2" else sender(user, name, account)

    return made


async def test_unlinking_gives_the_account_back_and_tells_both(talk: Talk) -> None:
    code = code_in(await talk.hears("LINK"))
    await talk.hears(f"LINK {code}", user="amina2", account=SLOW)
    assert "of its own again" in (await talk.hears("/unlink 2"))[-1]
    assert await told(private("amina2", SLOW), "has been unlinked")
    assert await person_of("amina") != await person_of("amina2", SLOW)
    assert "only account" in (await talk.hears("/unlink 1"))[-1]
    assert await Decision.filter(action="unlink").count() == 1


@pytest.mark.parametrize("said", ["/unlink", "/unlink 9", "/unlink all", "unlink"])
async def test_what_is_no_number_of_an_account_lists_them(talk: Talk, said: str) -> None:
    code = code_in(await talk.hears("LINK"))
    await talk.hears(f"LINK {code}", user="amina2", account=SLOW)
    assert (await talk.hears(said))[-1].startswith("Your accounts:")


@pytest.mark.parametrize("text", ["Link to the article: example.org", "Accounts of violence in Goma", "link 12"])
async def test_ordinary_sentences_are_posts(talk: Talk, text: str) -> None:
    assert "is with the moderators" in (await talk.hears(text))[0]


@pytest.mark.parametrize("text", ["/link nowhere @amina:example.org", "/link 1234", "/link what is this"])
async def test_what_is_no_code_and_no_account_is_explained(talk: Talk, text: str) -> None:
    assert "Please write LINK alone" in (await talk.hears(text))[-1]


async def test_nothing_of_a_code_stays(talk: Talk) -> None:
    await talk.hears("LINK")
    await talk.hears("/link slow amina2")
    await talk.hears("LINK 0000 0000", user="mallory", account=SLOW)
    await link_codes.prune(talk.now + timedelta(days=2))
    assert not await LinkCode.all().exists()
    assert not await Counter.filter(name__startswith="link-").exists()
