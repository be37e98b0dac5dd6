"""Why something is held, as it is kept with its review."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.core.states import ReviewState
from bridge.storage import codec
from bridge.storage.models import Review


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """Codes: the name of a rule, and after a colon what it met (``words:insulin``)."""

    codes: tuple[str, ...] = ()
    """Why it is held."""
    noted: tuple[str, ...] = ()
    """What is only to be said on the card."""
    publish: bool = False
    """The rules publish it, once it is complete: the further items of an album are awaited."""

    def stored(self) -> str:
        """As JSON."""
        value: dict[str, object] = {"codes": list(self.codes)}
        if self.noted:
            value["noted"] = list(self.noted)
        if self.publish:
            value["publish"] = True
        return codec.dump_object(value)

    def with_more(self, codes: Sequence[str], noted: Sequence[str]) -> "Reasons":
        """Reasons met in a newer wording are added, none is taken away; what has such is published by a person."""
        further = tuple(dict.fromkeys([*self.codes, *codes]))
        return Reasons(codes=further, noted=tuple(dict.fromkeys([*self.noted, *noted])))


def of(review: Review) -> Reasons:
    """Those of a review."""
    value = codec.load_object(review.reasons)
    return Reasons(
        codes=tuple(map(str, value.get("codes", []))),
        noted=tuple(map(str, value.get("noted", []))),
        publish=value.get("publish") is True,
    )


async def keep(review: Review, reasons: Reasons, *, approvals: int) -> None:
    """Store what came of a newer wording. No fewer must approve than before."""
    values = {"reasons": reasons.stored(), "approvals": max(review.approvals, approvals)}
    if values != {"reasons": review.reasons, "approvals": review.approvals}:
        await Review.filter(id=review.id).update(**values)
        review.update_from_dict(values)


async def to_publish(community: str, before: datetime) -> list[Review]:
    """What the rules publish once it is complete, and has waited since a moment before; oldest first."""
    held = Review.filter(community=community, state=ReviewState.HELD, kind="post", created_at__lte=before)
    return await held.filter(reasons__contains='"publish":true').order_by("id")
