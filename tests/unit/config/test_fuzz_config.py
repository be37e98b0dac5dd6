"""The config file, changed anywhere: checked objects, or one list of what is wrong, with its lines. Nothing else."""

from pathlib import Path

import pytest

from bridge.config import InvalidConfig
from bridge.config.loader import parse
from tests.fuzzing import FUZZ, NO_TIMEOUT, mangled, rng_of
from tests.unit.config.test_load import GOOD, KINDS, TOKEN

EXAMPLE = (Path(__file__).parents[3] / "config/baraza.example.toml").read_bytes()
PIECES = (
    *(b"[", b"]", b"[[", b"]]", b"=", b'"', b"'", b'"""', b"#", b"\n", b"{}", b"{a = 1}", b"true", b"-1"),
    *(b"1e999", b"nan", b"inf",),
    *(b"[[communities]]\n", b"[accounts.main]\n", b"[bridge]\n", b"[web.x]\n", b"[[communities.groups]]\n"),
    *(b"[accounts]\n",),
    *(b"env:", b"file:", b"file:/etc/passwd", b'"file:../../x"', b"9" * 5000, b"2026-11-25", b"07:32:00"),
    *(b'"\\u0000"', b'"\\ud800"',),
    *(b'database = "postgres://u:p@h:99999999/x"\n', b'listen = "::1"\n', b'"*"'),
    *(b"\xc3\xa9", "👩🏾".encode(), b"[[rules]]\nif = 3\n",),
    *(b'chat = ""\n', b'id = "../x"\n', b"undo_seconds = 1e400\n", b"[" * 300, b"a." * 300),
)  # fmt: skip


@pytest.mark.timeout(NO_TIMEOUT)
def test_whatever_stands_in_the_config_file_it_is_checked_or_refused_in_words(tmp_path: Path) -> None:
    rng = rng_of("config")
    samples = (GOOD.encode(), EXAMPLE)
    for _ in range((FUZZ or 200) // 20 + 100):
        raw = mangled(rng, rng.choice(samples), PIECES, others=samples, times=rng.choice((1, 1, 2, 4)))
        text = raw.decode("utf-8", "replace")
        kinds = KINDS if rng.random() < 0.8 else None
        refused: InvalidConfig | None = None
        try:
            parse(
                text, tmp_path / "baraza.toml", environ={"TOKEN": TOKEN}, kinds=kinds, pending={"secrets/token": TOKEN}
            )
        except InvalidConfig as error:
            refused = error
        if refused is not None:
            assert refused.problems
            assert all(problem.reason for problem in refused.problems)
            assert TOKEN not in str(refused)
            assert "Traceback" not in str(refused)
