"""Handing letters to a real Postfix: the adapter beside a bare aiosmtplib loop, over as many connections each.

    python -m tests.benchmarks.bench_mail --letters 2000

Each letter is one to one reader, with an envelope of its own.
"""

import argparse
import asyncio
import time
from pathlib import Path

import aiosmtplib

from bridge.adapters.email.adapter import EmailAdapter
from bridge.adapters.email.settings import Settings
from bridge.core.clock import SystemClock
from bridge.core.ids import AccountId, ChatId, CommunityId, delivery_key
from bridge.core.message import Content, Letter, LetterKind
from bridge.core.ports import AdapterContext, Outgoing, Sent
from bridge.core.text import plain
from tests.mail_servers import Postfix, SmtpSink, short_folder
from tests.servers import free_port

_TEXT = "Which dose of misoprostol do you give at home, and who gives it? Our protocol says nothing of it. " * 12
_CONNECTIONS = 10
_UNDER_WAY = 64


def adapter_for(postfix: Postfix, folder: Path) -> EmailAdapter:
    settings = Settings(
        domain="lists.bridge.test",
        smtp=f"127.0.0.1:{postfix.submission}",
        lmtp=f"127.0.0.1:{free_port()}",
        smtp_connections=_CONNECTIONS,
        spool=folder / "spool",
    )
    context = AdapterContext(
        account=AccountId("mail"), clock=SystemClock(), inboxes={CommunityId("hifa"): ("HIFA", ChatId("hifa"))}
    )
    return EmailAdapter(settings, context)


def outgoing(adapter: EmailAdapter, number: int) -> Outgoing:
    letter = Letter(
        kind=LetterKind.POST, community="hifa", subject="Misoprostol at home", number=1, leave=f"{number:022}"
    )
    chat = ChatId(f"m{number}@example.net")
    return Outgoing(chat=chat, payload=adapter.to_payload(chat, Content(text=plain(_TEXT), letter=letter)))


async def by_adapter(adapter: EmailAdapter, letters: list[Outgoing]) -> None:
    room = asyncio.Semaphore(_UNDER_WAY)

    async def one(number: int, letter: Outgoing) -> None:
        async with room:
            assert isinstance(await adapter.send(letter, delivery_key(number, "bench")), Sent)

    await asyncio.gather(*(one(number, letter) for number, letter in enumerate(letters)))


async def bare(postfix: Postfix, letters: list[tuple[str, bytes]]) -> None:
    waiting = iter(letters)

    async def connection() -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=postfix.submission, start_tls=False)
        await client.connect()
        for to, message in waiting:
            await client.sendmail("hifa+b-0@lists.bridge.test", [to], message)
        await client.quit()

    await asyncio.gather(*(connection() for _ in range(_CONNECTIONS)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=2000)
    count = parser.parse_args().letters
    with short_folder() as folder:
        sink = SmtpSink(folder / "sink")
        sink.start()
        postfix = Postfix(folder / "postfix", domain="lists.bridge.test", lmtp_port=free_port(), relay_port=sink.port)
        postfix.start()
        try:
            adapter = adapter_for(postfix, folder)
            letters = [outgoing(adapter, number) for number in range(count)]
            same = [
                (str(letter.chat), adapter._composer.message({k: str(v) for k, v in letter.payload.items()}, "0" * 32))
                for letter in letters
            ]
            print(f"{count} letters of {len(same[0][1])} bytes, {_CONNECTIONS} connections")
            for name, work in (("bare loop", bare(postfix, same)), ("adapter", by_adapter(adapter, letters))):
                begun, cpu = time.perf_counter(), time.process_time()
                asyncio.run(work)
                seconds, spent = time.perf_counter() - begun, time.process_time() - cpu
                print(f"{name:10} {seconds:6.2f} s  {count / seconds:6.0f} a second  {spent:5.2f} s of processor time")
        finally:
            postfix.stop()
            sink.stop()


if __name__ == "__main__":
    main()
