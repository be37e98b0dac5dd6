"""Privacy hints and the language of a post, on the invented posts of tests/corpora: what is found, and what is not."""

import time
from collections import defaultdict
from collections.abc import Iterable

from bridge.moderation.hints import HintKind, find
from bridge.moderation.languages import detect
from tests.benchmarks.common import machine, percentile, table
from tests.corpora import LANGUAGES, PARTS, Post, Score, posts, score

FIRST_WORDS = (None, 12, 6, 3)


def _of(part: str) -> list[Post]:
    return [post for language in LANGUAGES for post in posts(language) if post.part == part]


def _row(name: str, scored: Iterable[Score]) -> tuple[str, ...]:
    total = sum(scored, Score())
    counts = (total.right + total.missed, total.right, total.wrong, total.missed)
    return (name, *map(str, counts), f"{total.precision:.2f}", f"{total.recall:.2f}")


def hints(part: str) -> None:
    by_language: dict[str, list[Score]] = defaultdict(list)
    by_kind: dict[HintKind, list[Score]] = defaultdict(list)
    unmarked = wrongly = 0
    for post in _of(part):
        scored = score(post.labels, find(post.text, country=post.country))
        by_language[post.file] += scored.values()
        for kind, one in scored.items():
            by_kind[kind].append(one)
        unmarked += not post.labels
        wrongly += not post.labels and bool(scored)
    table(
        f"Hints, {part}: {len(_of(part))} posts, {unmarked} without labels, of which {wrongly} got a hint",
        ("", "labels", "right", "wrong", "missed", "precision", "recall"),
        [
            *(_row(language, by_language[language]) for language in LANGUAGES),
            *(_row(kind, by_kind[kind]) for kind in HintKind if kind in by_kind),
            _row("all", [one for scored in by_language.values() for one in scored]),
        ],
    )


def languages(part: str) -> None:
    rows = []
    for count in FIRST_WORDS:
        cells = []
        for language in LANGUAGES:
            told = [
                detect(" ".join(post.text.split()[:count]), LANGUAGES)
                for post in posts(language)
                if post.part == part and post.language
            ]
            right, wrong = told.count(language), sum(one not in (language, None) for one in told)
            cells.append(f"{right / len(told):.2f} ({wrong} wrong)")
        rows.append(("whole" if count is None else f"first {count} words", *cells))
    table(f"Language told rightly, {part}", ("post", *LANGUAGES), rows)


def speed() -> None:
    everything = [post for part in PARTS for post in _of(part)]
    seconds = []
    for post in everything:
        began = time.perf_counter()
        find(post.text, country=post.country)
        detect(post.text, LANGUAGES)
        seconds.append(time.perf_counter() - began)
    rows = [(f"p{share * 100:.0f}", f"{percentile(seconds, share) * 1000:.2f}") for share in (0.5, 0.99)]
    table(f"Hints and language of one post, {len(everything)} posts ({machine()})", ("", "ms"), rows)


def main() -> None:
    for part in PARTS:
        hints(part)
        languages(part)
    speed()


if __name__ == "__main__":
    main()
