"""A feature phone that only knows SMS: it counts the parts and the money of each."""

from collections.abc import Iterable
from typing import ClassVar

from bridge.playground.formatting import excerpt, telegram_html
from bridge.playground.screen import SHOWN_MESSAGES, Bubble, DeviceRefused, Screen, Tab, Upload, clock_words
from bridge.playground.segments import Segments, segments
from bridge.playground.sms_gateway import CURRENCY, PRICE, SHORT_CODE, SmsGateway, Text

TAB = "sms"


class PhoneDevice:
    """One SMS phone, a subscriber behind the demo's gateway."""

    look: ClassVar[str] = "sms"
    takes_pictures: ClassVar[bool] = False
    takes_replies: ClassVar[bool] = False
    longest: ClassVar[int] = 459
    """Three concatenated SMS."""
    currency: ClassVar[str] = CURRENCY
    price: ClassVar[int] = PRICE
    hint: ClassVar[str] = f"160 characters to one SMS, 70 with other letters; {CURRENCY} {PRICE / 100:.2f} each"

    def __init__(self, gateway: SmsGateway, *, key: str, person: str, about: str, number: str) -> None:
        self.key = key
        self.person = person
        self.about = about
        self._gateway = gateway
        self._number = number

    def tabs(self) -> tuple[Tab, ...]:
        return (Tab(key=TAB, title=SHORT_CODE),)

    def screen(self, tab: str, start: str = "") -> Screen:
        texts = self._gateway.of(self._number)
        return Screen(
            tab=TAB,
            tabs=self.tabs(),
            title=SHORT_CODE,
            subtitle=f"in {_bill(text for text in texts if not text.mine)}"
            f" · out {_bill(text for text in texts if text.mine)}",
            bubbles=tuple(self._bubble(text) for text in texts[-SHOWN_MESSAGES:]),
            empty="No messages yet. HELP tells what can be written.",
        )

    async def write(self, tab: str, text: str, *, reply_to: str = "", upload: Upload | None = None) -> None:
        if upload is not None or not text.strip():
            raise DeviceRefused("This phone sends texts only.")
        if segments(text).count > 3:
            raise DeviceRefused("That is too long: this phone sends at most 3 SMS at once.")
        self._gateway.writes(self._number, text)

    def _bubble(self, text: Text) -> Bubble:
        return Bubble(
            id=text.id,
            sender="" if text.mine else SHORT_CODE,
            mine=text.mine,
            is_bot=not text.mine,
            time=clock_words(text.at),
            body=telegram_html(text.text, ()),
            excerpt=excerpt(text.text),
            note=counter_words(segments(text.text)),
        )


def counter_words(cost: Segments) -> str:
    """``148/160 · 1 SMS · GSM-7 · KES 0.80``; the page's script counts in the same words."""
    alone, together = (70, 67) if cost.is_unicode else (160, 153)
    room = alone if cost.count == 1 else together * cost.count
    kind = "UCS-2" if cost.is_unicode else "GSM-7"
    return f"{cost.units}/{room} · {cost.count} SMS · {kind} · {CURRENCY} {cost.count * PRICE / 100:.2f}"


def _bill(texts: Iterable[Text]) -> str:
    parts = sum(segments(text.text).count for text in texts)
    return f"{parts} SMS, {CURRENCY} {parts * PRICE / 100:.2f}"
