"""Formatting as people type it."""

from bridge.playground.typed import matrix_typed, telegram_typed


def test_signs_become_entities_in_utf16_units() -> None:
    text, entities = telegram_typed("😀 **bold** and `a*b` ||hid||")
    assert text == "😀 bold and a*b hid"
    assert entities == [
        {"type": "bold", "offset": 3, "length": 4},
        {"type": "code", "offset": 12, "length": 3},
        {"type": "spoiler", "offset": 16, "length": 3},
    ]


def test_what_is_no_formatting_stays_as_it_is() -> None:
    for plain in ("2 ** 3 ** 4", "__init", "a | b || c", "**", "** x **", "snake_case_name", "it`s"):
        assert telegram_typed(plain) == (plain, [])
        assert matrix_typed(plain) == (plain, None)


def test_matrix_gets_html_in_which_the_rest_is_escaped() -> None:
    body, html = matrix_typed("<b>x</b> **y & z**\n~~gone~~")
    assert body == "<b>x</b> **y & z**\n~~gone~~"
    assert html == "&lt;b&gt;x&lt;/b&gt; <strong>y &amp; z</strong><br><del>gone</del>"
