"""Numbers, templates and settings by themselves."""

import json
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bridge.adapters.sms import numbers, templates
from bridge.adapters.sms.gateways.common import code
from bridge.adapters.sms.settings import Settings
from tests.sms_gateways import SECRET

GOOD = {"kind": "sms", "preset": "kannel", "country": "UG", "secret": SECRET, "username": "u", "password": "p"}


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+256772123456", "UG", "+256772123456"),
        ("256772123456", "UG", "+256772123456"),
        ("0772123456", "UG", "+256772123456"),
        ("00256772123456", "UG", "+256772123456"),  # Uganda's own prefix is 000
        ("000256772123456", "UG", "+256772123456"),
        ("tel:+256 772-123.456", "UG", "+256772123456"),
        ("\u202a+256\u00a0772 123456\u202c", "UG", "+256772123456"),
        ("+٢٥٦٧٧٢١٢٣٤٥٦", "UG", "+256772123456"),
        ("254711234567", "UG", "+254711234567"),
        ("+2290160123456", "BJ", "+2290160123456"),  # ten digits since 2024
        ("+22960123456", "BJ", None),
        ("40404", "UG", "40404"),
        ("+40404", "UG", "40404"),  # some gateways write so
        ("112", "UG", "112"),
        ("12", "UG", None),
        ("MTN", "UG", None),
        ("", "UG", None),
        ("+", "UG", None),
        ("+999999999999", "UG", None),
        ("+25677212345678901234567890", "UG", None),
        ("+256772123456;ext=1", "UG", None),
        ("'; DROP TABLE person; --", "UG", None),
    ],
)
def test_numbers_of_every_shape(text: str, country: str, number: str | None) -> None:
    assert numbers.read(text, country) == number


@given(st.text(max_size=40))
def test_no_text_gets_past_the_numbers(text: str) -> None:
    found = numbers.read(text, "UG")
    assert found is None or numbers.read(found, "UG") == found


@given(st.text(max_size=60))
def test_a_text_stands_in_a_template_as_itself(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    values = {"text": text, "to": "+256772123456"}
    assert json.loads(templates.filled('{"t":{{text}},"to":{{ to }}}', values, "application/json"))["t"] == text
    form = templates.filled("a={{text}}&b={{to}}", values, "application/x-www-form-urlencoded")
    assert parse_qs(form, keep_blank_values=True) == {"a": [text], "b": ["+256772123456"]}


@pytest.mark.parametrize(
    "change",
    [
        {"secret": "short"},
        {"secret": "x" * 21},
        {"secret": "with/slash" * 4},
        {"country": "Uganda"},
        {"country": "xx"},
        {"username": ""},
        {"url": "ftp://gateway"},
        {"url": "http://gateway/{{nonsense}}"},
        {"callback_url": "gateway"},
        {"monthly_cap": "KES 100"},
        {"monthly_cap": "KES 100", "price": "UGX 35"},
        {"prices": {"KEN": "KES 1"}},
        {"price": "free"},
        {"quiet_hours": "night"},
        {"addresses": ["everywhere"]},
        {"sender": "a name that is far too long"},
        {"preset": "rapidpro"},
        {"preset": "custom", "url": "http://x/"},
        {"preset": "twilio"},
        {"headers": {"X: Y": "z"}},
        {"headers": {"X": "a\nb"}},
        {"per_second": 0},
        {"unheard_of": 1},
    ],
)
def test_what_cannot_work_is_refused_and_no_secret_is_said(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({**GOOD, **change})
    assert SECRET not in str(refused.value)


def test_prices_are_of_the_country_that_is_written_to() -> None:
    settings = Settings.model_validate({**GOOD, "price": "UGX 35", "prices": {"KE": "UGX 90.5"}})
    assert str(settings.price_to("+254711234567").amount) == "90.5"  # type: ignore[union-attr]
    assert str(settings.price_to("+256772123456").amount) == "35"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("said", "kept"),
    [("30003", "30003"), ("5.1.1", "5.1.1"), ("0x0000000b", "0x0000000b"), ("to +256772123456", "to …"), (None, "")],
)
def test_codes_hold_no_numbers_of_people(said: str | None, kept: str) -> None:
    assert code(said) == kept
