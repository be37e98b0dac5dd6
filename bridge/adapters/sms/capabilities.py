"""What a telephone can do, as data."""

from dataclasses import replace
from typing import Final

from bridge.adapters.sms.settings import Settings
from bridge.core.capabilities import Capabilities, Form, Guarantee, Pace, TextUnit
from bridge.core.membership import Reading
from bridge.core.when import Hours

MOST_PARTS: Final = 3
"""SMS that one message of ours may be."""

CAPABILITIES: Final = Capabilities(
    form=Form.LINE,
    text_limit=459,  # three SMS of 153 septets each
    text_unit=TextUnit.SEPTETS,
    max_parts=1,
    push_parts=1,
    ask_parts=MOST_PARTS,
    pushes_per_day=3,
    quiet=Hours.parse("20:00-07:00"),
    reading=Reading.DAILY,
    opens_direct=True,
    interviews=False,
    in_flight=1,
    guarantee=Guarantee.AT_MOST_ONCE,
    pace=Pace(account_interval=1.0),
)


def of_account(settings: Settings) -> Capabilities:
    """The same with what the operator chose."""
    rate = settings.rate
    pace = Pace(account_interval=1 / rate) if rate < 2 else Pace(account_per_second=int(rate))
    return replace(
        CAPABILITIES,
        quiet=settings.quiet,
        pushes_per_day=settings.pushes_per_day,
        pace=pace,
        guarantee=Guarantee.ONCE_BY_LOOKUP if settings.preset == "smsgate" else Guarantee.AT_MOST_ONCE,
    )
