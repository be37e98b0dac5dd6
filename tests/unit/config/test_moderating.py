"""What a community's tables say about moderation: what is read, and how a wrong one is refused before the start."""

import tomllib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.config.sections import EXAMPLES, KEYS
from bridge.core.community import Community
from bridge.core.ids import UserRef
from bridge.core.money import Price
from bridge.core.policy import DEFAULT_RULES, Check, Consequence, Reason, Role, Rule
from bridge.core.when import Hours
from tests.unit.config.test_load import GOOD, folder, problems, read

__all__ = ["folder"]
LINE = GOOD.count("\n") + 1


def with_options(options: str) -> str:
    """The good file with further keys of its community."""
    return GOOD.replace('name = "HIFA"\n', f'name = "HIFA"\n{options}\n')


def with_tables(tables: str) -> str:
    """The good file with further tables of its community, from line ``LINE`` on."""
    return GOOD + tables


def community(folder: Path, text: str) -> Community:
    return read(folder, text).communities()[0]


def rules(folder: Path, *rows: str) -> tuple[Rule, ...]:
    return community(folder, with_tables("".join(f"[[communities.rules]]\n{row}\n" for row in rows))).policy.rules


# --- a good file ----------------------------------------------------------------------------------------------------


def test_a_community_without_a_table_holds_everything(folder: Path) -> None:
    assert community(folder, GOOD).policy.rules == DEFAULT_RULES
    assert Rule(check=Check.ALL, then=Consequence.HOLD) in DEFAULT_RULES


def test_every_rule_can_be_written(folder: Path) -> None:
    found = rules(
        folder,
        'if="trusted"\nthen="approve"',
        'if="first_posts"\nthen="hold"',
        'if="first_posts"\nover=3\nthen="second"',
        'if="links"\nthen="hold"',
        'if="length"\nover=2000\nthen="note"',
        'if="words"\nwords=[" insulin ", "blood bank"]\nthen="second"',
        'if="author_quota"\nover=5\nhours=2\nthen="refuse"',
        'if="duplicate"\nhours=48\nthen="hold"',
    )
    assert found == (
        Rule(check=Check.TRUSTED, then=Consequence.APPROVE),
        Rule(check=Check.FIRST_POSTS, then=Consequence.HOLD, over=1),
        Rule(check=Check.FIRST_POSTS, then=Consequence.SECOND, over=3),
        Rule(check=Check.LINKS, then=Consequence.HOLD),
        Rule(check=Check.LENGTH, then=Consequence.NOTE, over=2000),
        Rule(check=Check.WORDS, then=Consequence.SECOND, words=("insulin", "blood bank")),
        Rule(check=Check.AUTHOR_QUOTA, then=Consequence.REFUSE, over=5, hours=2),
        Rule(check=Check.DUPLICATE, then=Consequence.HOLD, hours=48),
    )


@pytest.mark.parametrize("check", sorted(set(Check) - {Check.EMERGENCY, Check.FAILED}))
def test_every_question_is_known(folder: Path, check: Check) -> None:
    needs = {"length": "over=9", "words": 'words=["x"]', "author_quota": "over=9", "source_quota": "over=9"}
    (rule,) = rules(folder, f'if="{check.value}"\nthen="hold"\n{needs.get(check.value, "")}')
    assert rule.check is check


def test_the_rest_of_a_policy(folder: Path) -> None:
    found = community(
        folder,
        with_options(
            'senior_ids = ["main:8"]\ncoordinator_ids = ["main:9", "main:7"]\nsafeguarding_ids = ["main:10"]\n'
            'time_zone = "Africa/Nairobi"\nwaking_hours = "06:30-20:00"\nreminder_hours = 3\n'
            "author_reminder_hours = 12\nlapse_days = 7\nclaim_minutes = 5\nundo_seconds = 0\nposts_per_hour = 4\n"
            "approvals = 2\nown_posts = true\nconsent_to_edits = true"
        )
        + 'quiet_hours = "22-6"\ntime_zone = "Africa/Lusaka"\n'
        '[[communities.questions]]\nid = "dose"\nlabel = "Dose?"\ntext.en = "Which dose, {name}?"\ntext.pt-BR = "?"\n'
        '[[communities.safeguarding_replies]]\nid = "help"\nlabel = "Help"\ntext.sw = "Pole"\n',
    )
    policy = found.policy
    roles = {str(ref): role for ref, role in policy.roles.items()}
    assert roles == {
        "main:7": Role.COORDINATOR,
        "main:8": Role.SENIOR,
        "main:9": Role.COORDINATOR,
        "other:@amina:example.org": Role.MODERATOR,
    }
    assert {str(ref) for ref in policy.safeguarding} == {"main:10"}
    assert all(isinstance(ref, UserRef) for ref in policy.safeguarding)
    assert (policy.zone, policy.waking) == (ZoneInfo("Africa/Nairobi"), Hours.parse("06:30-20:00"))
    assert (policy.remind_moderators, policy.remind_author) == (timedelta(hours=3), timedelta(hours=12))
    assert (policy.lapse, policy.claim_for, policy.undo) == (timedelta(days=7), timedelta(minutes=5), timedelta(0))
    assert (policy.posts_per_hour, policy.approvals, policy.own_posts, policy.consent_to_edits) == (4, 2, True, True)
    assert found.groups[1].quiet == Hours.parse("22:00-06:00")
    assert found.groups[1].zone == ZoneInfo("Africa/Lusaka")
    (question,), (reply,) = policy.questions, policy.safeguarding_replies
    assert question.text("pt-BR", "en") == "?"
    assert question.text("fr", "en") == "Which dose, {name}?"
    assert (reply.id, reply.label, reply.text("en", "en")) == ("help", "Help", "Pole")


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "key", "line", "said"),
    [
        ('if="linkz"\nthen="hold"', ".if", 1, "there is no such rule; did you mean links?"),
        ('if="emergency"\nthen="hold"', ".if", 1, "there is no such rule; there is: all, "),
        ('if="failed"\nthen="hold"', ".if", 1, "there is no such rule"),
        ('if=3\nthen="hold"', ".if", 1, "must be text in quotes"),
        ('then="hold"', ".if", 0, 'is missing; write for example if = "links"'),
        ('if="links"\nthen="holt"', ".then", 2, "a rule cannot lead to that; did you mean hold?"),
        ('if="links"', ".then", 0, "is missing"),
        ('if="links"\nthen="refuse"', ".then", 2, 'only "author_quota" and "source_quota" may refuse'),
        ('if="links"\nthen="hold"\novr=3', ".ovr", 3, "did you mean over?"),
        ('check="links"\nthen="hold"', ".if", 0, "is missing"),
        ('if="links"\nthen="hold"\nover="3"', ".over", 3, "must be a whole number"),
        ('if="links"\nthen="hold"\nover=1.5', ".over", 3, "whole number"),
        ('if="links"\nthen="hold"\nover=-1', ".over", 3, "greater than or equal to 0"),
        ('if="links"\nthen="hold"\nhours=3', ".hours", 3, 'means nothing beside if = "links"'),
        ('if="all"\nthen="hold"\nover=3', ".over", 3, 'means nothing beside if = "all"'),
        ('if="trusted"\nthen="hold"\nwords=["a"]', ".words", 3, "means nothing"),
        ('if="first_posts"\nthen="hold"\nover=0', ".over", 3, "must be at least 1"),
        ('if="duplicate"\nthen="note"\nhours=0', ".hours", 3, "greater than or equal to 1"),
        ('if="length"\nthen="hold"', "", 0, 'the rule "length" needs over'),
        ('if="author_quota"\nthen="refuse"', "", 0, 'the rule "author_quota" needs over'),
        ('if="words"\nthen="hold"', "", 0, 'needs words = ["...", "..."]'),
        ('if="words"\nthen="hold"\nwords="insulin"', ".words", 3, "must be a list"),
        ('if="words"\nthen="hold"\nwords=["ok", " - "]', ".words", 3, "at least one letter"),
        ('if="words"\nthen="hold"\nwords=["ok", 3]', ".words[1]", 3, "must be text"),
    ],
)
def test_a_rule_that_means_nothing_is_refused(folder: Path, row: str, key: str, line: int, said: str) -> None:
    found = problems(
        folder, with_tables(f'[[communities.rules]]\nif="all"\nthen="hold"\n[[communities.rules]]\n{row}\n')
    )
    problem = found[f"communities[0].rules[1]{key}"]
    assert said in str(problem)
    assert problem.line == LINE + 3 + line


def test_rules_in_one_bracket(folder: Path) -> None:
    found = problems(folder, with_tables('[communities.rules]\nif="all"\nthen="hold"\n'))
    assert "[[communities.rules]]" in str(found["communities[0].rules"])


@pytest.mark.parametrize("table", ["questions", "safeguarding_replies"])
@pytest.mark.parametrize(
    ("row", "key", "line", "said"),
    [
        ('id="Which?"\nlabel="L"\ntext.en="x"', ".id", 1, "may hold only the letters"),
        ('id="a"\nlabel=" "\ntext.en="x"', ".label", 2, "stands on a button"),
        ('id="a"\nlabel="' + "L" * 41 + '"\ntext.en="x"', ".label", 2, "stands on a button"),
        ('id="a"\nlabel="L"', ".text", 0, "is missing"),
        ('id="a"\nlabel="L"\ntext="x"', ".text", 3, "must be a table"),
        ('id="a"\nlabel="L"\ntext={}', ".text", 3, "at least one language"),
        ('id="a"\nlabel="L"\ntext.english="x"', ".text", 0, "one of its keys is no language code"),
        ('id="a"\nlabel="L"\ntext.en=" "', ".text", 0, "the wording in en must not be empty"),
        ('id="a"\nlabel="L"\ntext.en="' + "x" * 601 + '"', ".text", 0, "has 601 letters"),
        ('id="a"\nlabel="L"\ntext.en="Dear {nmae}"', ".text", 0, "only {name} is filled in"),
        ('id="a"\nlabel="L"\ntext.en="x"\ntext.fr=2', ".text.fr", 4, "must be text"),
        ('id="one"\nlabel="L"\ntext.en="x"', ".id", 1, "is already taken by communities[0]"),
        ('id="two"\nlabel="one"\ntext.en="x"', ".label", 2, "is already taken by communities[0]"),
    ],
)
def test_a_wording_that_cannot_be_sent_is_refused(
    folder: Path, table: str, row: str, key: str, line: int, said: str
) -> None:
    first = f'[[communities.{table}]]\nid="one"\nlabel="First"\ntext.en="x"\n'
    found = problems(folder, with_tables(f"{first}[[communities.{table}]]\n{row}\n"))
    problem = found[f"communities[0].{table}[1]{key}"]
    assert said in str(problem)
    assert problem.line == LINE + 4 + line


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ('time_zone = "Nairobi"', "is no time zone"),
        ('time_zone = "Africa"', "is no time zone"),
        ('time_zone = "../../etc/hosts"', "is no time zone"),
        ('time_zone = ""', "is no time zone"),
        ("time_zone = 3", "must be text in quotes"),
        ('waking_hours = "7 to 9"', "is no span of hours"),
        ('waking_hours = "07:00-07:00"', "have no length"),
        ("approvals = 0", "greater than or equal to 1"),
        ("own_posts = 1", "true or false"),
        ("undo_seconds = -1", "greater than or equal to 0"),
        ("lapse_days = 0", "greater than or equal to 1"),
        ('safeguarding_ids = ["7"]', "ACCOUNT:USER"),
        ('safeguarding_ids = ["mian:7"]', "did you mean main?"),
        ('senior_ids = "main:7"', "must be a list"),
        ("aprovals = 2", "did you mean approvals?"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(folder: Path, option: str, said: str) -> None:
    (problem,) = problems(folder, with_options(option)).values()
    assert problem.key.startswith(f"communities[0].{option.partition(' ')[0]}")
    assert said in str(problem)
    assert problem.line == 22


@given(st.text(st.characters(codec="utf-8", exclude_characters='"\\\n\r', min_codepoint=32), max_size=30))
def test_no_text_gets_past_the_time_zones(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("zone")
    (folder / "secrets").mkdir(mode=0o700)
    (folder / "secrets/token").write_text("999999:from-a-file-from-a-file")
    (folder / "secrets/token").chmod(0o600)
    found = problems(folder, with_options(f'time_zone = "{text}/"'))
    assert "communities[0].time_zone" in found or "" in found


# --- hardly meant ---------------------------------------------------------------------------------------------------

TRUSTED = '[[communities.rules]]\nif="trusted"\nthen="approve"\n'
PRIVACY = '[[communities.rules]]\nif="privacy"\nthen="hold"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (with_tables(TRUSTED + PRIVACY), ""),
        (with_tables(TRUSTED), "posts that nobody has read"),
        (with_tables(TRUSTED + PRIVACY.replace("hold", "note")), "posts that nobody has read"),
        (
            with_tables(TRUSTED + '[[communities.rules]]\nif="all"\nthen="hold"\n'),
            'if = "trusted" then = "approve" never publishes anything, because the rule if = "all" then = "hold"',
        ),
        (
            with_tables(TRUSTED.replace("trusted", "always_held")),
            "never publishes anything: such authors are held whatever",
        ),
        (
            with_tables(
                '[[communities.rules]]\nif="links"\nover=3\nthen="approve"\n[[communities.rules]]\nif="links"\nthen="second"\n'
            ),
            'because the rule if = "links" then = "second" stands beside it',
        ),
        (
            with_tables(
                '[[communities.rules]]\nif="links"\nthen="approve"\n[[communities.rules]]\nif="links"\nover=3\nthen="hold"\n'
                + PRIVACY
            ),
            "",
        ),
        (with_options("approvals = 2"), ""),
        (with_options("approvals = 3"), "approvals = 3, but only 2 people may decide"),
        (with_options("approvals = 3\ntrust_channel = true"), ""),
        (
            with_tables(PRIVACY.replace("hold", "second")).replace('"main:7", ', "").replace('"main:-1001", ', ""),
            "needs two moderators, but only one person may decide",
        ),
        (
            with_tables('[[communities.safeguarding_replies]]\nid="a"\nlabel="L"\ntext.en="x"\n'),
            "safeguarding_ids names nobody",
        ),
    ],
)
def test_odd_tables_are_said(folder: Path, text: str, said: str) -> None:
    warnings = read(folder, text).warnings
    if not said:
        assert warnings == ()
    else:
        (warning,) = warnings
        assert warning.startswith("community hifa: ")
        assert said in warning


@pytest.mark.parametrize("price", ["0.80", "KES", "kes 0.80", "KES 0", "KES -1", "KES 0,80", "KSh 0.80", "KES 1e9", ""])
def test_what_is_no_price(folder: Path, price: str) -> None:
    (problem,) = problems(folder, with_options(f'sms_price = "{price}"')).values()
    assert problem.key.endswith("sms_price")
    assert "is no price; write the currency and the amount" in problem.reason


def test_a_group_may_have_a_price_of_its_own(folder: Path) -> None:
    text = with_options('sms_price = "KES 0.80"') + '[[communities.groups]]\nchat = "{}"\nsms_price = "UGX 35"\n'
    first = community(folder, with_options('sms_price = "KES 0.80"')).groups[0]
    assert first.sms_price == Price(amount=Decimal("0.80"), currency="KES")
    last = community(folder, text.format("main:-100777")).groups[-1]
    assert last.sms_price == Price(amount=Decimal(35), currency="UGX")
    assert community(folder, GOOD).groups[0].sms_price is None


# --- what operators copy from ---------------------------------------------------------------------------------------


def test_the_example_holds_every_key_with_its_default_rules() -> None:
    example = Path(__file__).parents[3] / "config/baraza.example.toml"
    document = tomllib.loads(example.read_text())
    (table,) = document["communities"]
    given: dict[str, set[str]] = {
        "": set(document),
        "bridge": set(document["bridge"]),
        "web": set(document["web"]),
        "retention": set(document["retention"]),
        "communities": set(table),
    }
    for place in KEYS.keys() - given.keys():
        rows = table[place.removeprefix("communities.")]
        given[place] = set().union(*rows)
    given["communities.rules"].add("words")  # shown beside "trusted", which stands there as a comment
    assert given == {place: set(keys) for place, keys in KEYS.items()}
    assert "words = [" in example.read_text()


def test_the_example_says_what_happens_without_rules(folder: Path) -> None:
    example = Path(__file__).parents[3] / "config/baraza.example.toml"
    document = tomllib.loads(example.read_text())
    rows = document["communities"][0]["rules"]
    written = ["\n".join(f"{key} = {value!r}".replace("'", '"') for key, value in row.items()) for row in rows]
    assert rules(folder, *written) == DEFAULT_RULES


def test_every_key_has_an_example_for_messages() -> None:
    places = {f"{table}.{key}".lstrip(".") for table, keys in KEYS.items() for key in keys}
    assert places <= EXAMPLES.keys()


# --- reasons for not publishing ---------------------------------------------------------------------------------------


def test_a_community_chooses_its_reasons(folder: Path) -> None:
    found = community(folder, with_options('reject_reasons = ["safety", "clarity"]'))
    assert found.policy.reasons == (Reason.SAFETY, Reason.CLARITY)


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ('["disagree"]', "there is no such reason; disagreeing is none"),
        ('["clarity", "clarity"]', "each only once"),
        ("[]", "needs at least one reason"),
    ],
)
def test_reasons_that_are_none_are_refused(folder: Path, written: str, why: str) -> None:
    (problem,) = problems(folder, with_options(f"reject_reasons = {written}")).values()
    assert why in str(problem)
