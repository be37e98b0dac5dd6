"""`baraza trace` over everything that can be held of a person: their way, and not one of their words."""

import json
from dataclasses import asdict

from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.storage import tracing
from bridge.storage.models import Delivery, Submission
from tests.integration.everything import Everything
from tests.unit.storage.stage import NOW


async def test_no_word_of_anybody_is_in_it(opened: str) -> None:
    zuhura = Everything()
    await zuhura.make()
    said = ""
    for submission in await Submission.all():
        report = await tracing.trace(submission.community, submission.number)
        assert {line.step for line in report.lines} >= {"submission", "review"}
        assert list(report.lines) == sorted(report.lines, key=lambda line: line.at)
        said += json.dumps(asdict(report), default=str)
    found = {where for where, word in zuhura.said.items() if word in said}
    # What leads to a chat or an account on a platform is what an operator needs; names and words are not.
    assert {where for where in found if not _is_an_address(where)} == set()


def _is_an_address(where: str) -> bool:
    return any(part in where for part in ("user", "chat", "message"))


async def test_private_copies_are_told_in_figures(opened: str) -> None:
    zuhura = Everything()
    await zuhura.make()
    post = await Delivery.filter(kind="post").order_by("id").first()
    assert post is not None
    for number in range(300):
        await Delivery.create(
            kind="copy", post_id=post.post_id, account="net", chat=f"reader{number}", due_at=NOW, planned_at=NOW
        )
    await post.fetch_related("post__submission")
    submission = post.post.submission  # type: ignore[union-attr]
    report = await tracing.trace(submission.community, submission.number)
    copies = [line for line in report.lines if "private copies" in line.what]
    assert [(line.what, line.outcome) for line in copies] == [("send 300 private copies", "planned")]
    assert not [line for line in report.lines if "reader" in line.where]


def test_an_id_belongs_to_one_installation_and_one_message() -> None:
    def ref(message: str) -> RemoteRef:
        return RemoteRef(AccountId("net"), ChatId("kenya"), MessageId(message))

    one, other = tracing.Tracer("one"), tracing.Tracer("other")
    assert one.of(ref("7")) == tracing.Tracer("one").of(ref("7"))
    assert len({one.of(ref("7")), one.of(ref("8")), other.of(ref("7"))}) == 3
