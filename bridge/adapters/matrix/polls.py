"""Polls as Matrix says them: questions, votes and ends, and our own polls.

https://github.com/matrix-org/matrix-spec-proposals/pull/3381, of which apps send the unstable names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bridge.core.hygiene import clean_line
from bridge.core.message import Poll, Uncarried, UncarriedKind
from bridge.core.ports import Json

START = "org.matrix.msc3381.poll.start"
STARTS = frozenset({START, "m.poll.start"})
RESPONSES = frozenset({"org.matrix.msc3381.poll.response", "m.poll.response"})
ENDS = frozenset({"org.matrix.msc3381.poll.end", "m.poll.end"})
MOST_ANSWERS = 20
"""Apps leave out further answers."""
_TEXT = "org.matrix.msc1767.text"
_QUESTION, _ANSWER, _DETAIL = 340, 200, 2_000
_OURS = re.compile(r"(one|many)-(\d{1,2})")

Content = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """What must be known of a poll to count its votes."""

    answers: tuple[str, ...]
    """The ids of the answers, in their order."""
    most: int = 1
    """How many a voter may choose."""


def extensible(value: Any) -> str:
    """The plain text of an extensible event's text: https://spec.matrix.org/latest/client-server-api/ (m.text)."""
    if not isinstance(value, Mapping):
        return ""
    for key in ("m.text", _TEXT, "body"):
        found = value.get(key)
        if isinstance(found, list):
            found = next((entry.get("body") for entry in found if isinstance(entry, Mapping)), "")
        if isinstance(found, str) and found:
            return found
    return ""


def read_poll(content: Content) -> Uncarried:
    """A question with its answers; words alone where it is no poll that another chat could show."""
    start = _start(content)
    question = clean_line(extensible(start.get("question")), _QUESTION)
    options = tuple(clean_line(extensible(answer), _ANSWER) for answer in _answers(start))
    between = " " if question.endswith(("?", "؟", "？", ":")) else ": "
    detail = question + (between if options else "") + " / ".join(options)
    poll = None
    if question and options and all(options):
        poll = Poll(question=question, options=options, multiple=_most(start) > 1)
    return Uncarried(kind=UncarriedKind.POLL, detail=clean_line(detail or extensible(content), _DETAIL), poll=poll)


def ballot_of(content: Content) -> Ballot | None:
    """The ballot of a poll's own content; None where it is none."""
    start = _start(content)
    answers = [answer.get("id", answer.get("m.id")) for answer in _answers(start)]
    if not answers or not all(isinstance(answer, str) for answer in answers):
        return None
    return Ballot(answers=tuple(map(str, answers)), most=_most(start))


def read_vote(content: Content, ballot: Ballot | None) -> tuple[int, ...] | None:
    """Places of the answers chosen; none for a spoiled vote, None where the poll is not known."""
    chosen: object = content.get("m.selections")
    for kind in RESPONSES:
        if isinstance(holder := content.get(kind), Mapping):
            chosen = holder.get("answers")
    votes = list(dict.fromkeys(map(str, chosen))) if isinstance(chosen, list) else []
    ours = [_OURS.fullmatch(vote) for vote in votes]
    if votes and all(ours):
        found = [match for match in ours if match]
        return tuple(int(match[2]) for match in found[: 1 if found[0][1] == "one" else MOST_ANSWERS])
    if not votes:
        return ()
    if ballot is None:
        return None
    votes = votes[: ballot.most]
    return tuple(map(ballot.answers.index, votes)) if set(votes) <= set(ballot.answers) else ()


def poll_content(poll: Poll) -> dict[str, Json]:
    """The content of a poll of ours. An answer's id says which it is, and whether a voter may choose more than one."""
    prefix = "many" if poll.multiple else "one"
    answers: Sequence[Json] = [{"id": f"{prefix}-{n}", _TEXT: option} for n, option in enumerate(poll.options)]
    words = "\n".join([poll.question, *(f"{n}. {option}" for n, option in enumerate(poll.options, 1))])
    return {
        START: {
            "kind": "org.matrix.msc3381.poll.disclosed",
            "max_selections": len(poll.options) if poll.multiple else 1,
            "question": {_TEXT: poll.question, "body": poll.question, "msgtype": "m.text"},
            "answers": answers,
        },
        _TEXT: words,
        "body": words,
        "m.mentions": {},
    }


def _start(content: Content) -> Content:
    return next(
        (found for key in (START, "m.poll.start", "m.poll") if isinstance(found := content.get(key), Mapping)), {}
    )


def _answers(start: Content) -> list[Content]:
    answers = start.get("answers")
    return [a for a in answers if isinstance(a, Mapping)][:MOST_ANSWERS] if isinstance(answers, list) else []


def _most(start: Content) -> int:
    most = start.get("max_selections")
    return max(1, most) if isinstance(most, int) else 1
