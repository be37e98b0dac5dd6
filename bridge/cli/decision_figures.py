"""How moderators decided, in figures: what is refused, and why, is no secret of those who refuse."""

from bridge.cli import export_formats as formats
from bridge.cli.export_formats import Row, Separator, Span
from bridge.core.community import Community
from bridge.core.exports import Decisions, LeftOut
from bridge.moderation.reasons import Reason, label
from bridge.rendering.words import SOURCE_LANGUAGE, words

_ENGLISH = words(SOURCE_LANGUAGE)
_ENDS = {
    "approved": "Approved",
    "rejected": "Rejected",
    "withdrawn": "Withdrawn by their authors",
    "lapsed": "Lapsed, the author never answered",
    "merged": "Merged with another",
}


def _figures(found: Decisions) -> dict[str, int]:
    """In the order they are read; every reason of the list, also those that nobody was given."""
    rows = {words_: found.counts.get(("post", state), 0) for state, words_ in _ENDS.items()}
    rows |= {f"Rejected: {label(reason, _ENGLISH)}": found.reasons.get(reason.value, 0) for reason in Reason}
    appeals = {state: found.counts.get(("appeal", state), 0) for state in ("approved", "rejected")}
    rows["Appeals decided"] = sum(appeals.values())
    rows["Appeals granted"] = appeals["approved"]
    rows["Corrections approved"] = found.counts.get(("correction", "approved"), 0)
    rows["Corrections rejected"] = found.counts.get(("correction", "rejected"), 0)
    if found.median_minutes is not None:
        rows["Half of the decisions came within so many minutes"] = found.median_minutes
    return rows


def as_csv(found: Decisions, separator: Separator) -> str:
    rows: list[Row] = [{"figure": name, "count": count} for name, count in _figures(found).items()]
    return formats.table(("figure", "count"), rows, separator)


def as_json(found: Decisions, community: Community, span: Span) -> str:
    rest = {
        **formats.span_of(span),
        "decided": {
            kind: {state: found.counts.get((kind, state), 0) for state in _ENDS}
            for kind in ("post", "appeal", "correction")
        },
        "rejected_because": {reason.value: found.reasons.get(reason.value, 0) for reason in Reason},
        "median_minutes": found.median_minutes,
    }
    return formats.as_json("decisions", community, LeftOut(), rest)


def as_markdown(found: Decisions, community: Community, span: Span) -> str:
    title = f"{community.name}: how moderators decided {formats.span_words(span)}".rstrip()
    lines = [f"{name}: {count}" for name, count in _figures(found).items()]
    return formats.document([f"# {formats.escaped(title)}", *formats.items(lines)])
