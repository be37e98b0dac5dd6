"""One approved post to many members by e-mail, through a real Postfix: the program itself, killed and not killed.

    python -m tests.benchmarks.bench_roster --readers 18000 [--kills 1]

Beside it, in the same run, a bare aiosmtplib loop hands the same letters to the same Postfix.
"""

import argparse
import asyncio
import random
import sqlite3
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import aiosmtplib

from bridge import app, config
from bridge.core.ids import AccountId
from bridge.logs import configure
from bridge.storage import database
from tests.acceptance.program import Program
from tests.benchmarks.bench_readers import readers
from tests.benchmarks.common import Backlog, machine, table
from tests.mail_servers import Postfix, Received, SmtpSink, short_folder
from tests.servers import free_port

DOMAIN = "lists.bridge.test"
_CONNECTIONS = 10
_LONGEST = 900.0
CONFIG = """
[bridge]
database = "sqlite://baraza.db"
media = "media"
[web]
listen = "127.0.0.1:{web}"
public_url = "https://lists.bridge.test"
[accounts.people]
kind = "loopback"
directory = "people"
thin = false
[accounts.mail]
kind = "email"
domain = "{domain}"
smtp = "127.0.0.1:{smtp}"
lmtp = "127.0.0.1:{lmtp}"
spool = "spool"
smtp_connections = {connections}
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["people:mods"]
moderator_ids = ["people:grace"]
inboxes = ["mail:hifa"]
undo_seconds = 0
[[communities.groups]]
chat = "people:room"
intake = "none"
"""


@dataclass
class Spent:
    """Of the program's own process."""

    cpu: float = 0.0
    """Seconds."""
    memory: int = 0
    """KiB at its highest."""

    def look(self, pid: int) -> None:
        """Raises OSError where the process has ended."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        self.cpu = (int(fields[11]) + int(fields[12])) / 100
        status = Path(f"/proc/{pid}/status").read_text()
        self.memory = int(status.partition("VmHWM:")[2].split()[0])


async def prepare(path: Path, count: int) -> None:
    """Members, and one approved post that nobody has been sent."""
    settings = config.load(path)
    configure(format="json", level="error")
    bridge = app.Bridge(settings)
    installation = await database.open_database(settings.database)
    try:
        work = Backlog(bridge, installation)
        await readers(count, work, account=AccountId("mail"), address="{}@example.net")
        people = bridge._adapters[AccountId("people")]
        await bridge._account(people)
        await work.approve(1)
        await app.adapter_stopped(people)
    finally:
        await database.close_database()


def delivered(path: Path) -> int:
    with sqlite3.connect(f"file:{path.parent / 'baraza.db'}?mode=ro", uri=True) as rows:
        return int(rows.execute("SELECT count(*) FROM delivery WHERE kind='copy' AND state='delivered'").fetchone()[0])


async def carried(path: Path, count: int, kills: int) -> tuple[float, list[Spent]]:
    """Seconds from the first start to the last recorded letter, and what each run of the program spent."""
    moments = sorted(random.Random(7).sample(range(count // 10, count * 9 // 10), kills))
    program, spent = Program(path), [Spent()]
    begun = time.perf_counter()
    await program.start()
    while (done := await asyncio.to_thread(delivered, path)) < count:
        assert program.process is not None
        spent[-1].look(program.process.pid)
        if moments and done >= moments[0]:
            moments.pop(0)
            await program.kill()
            spent.append(Spent())
            await program.start()
        assert time.perf_counter() - begun < _LONGEST, f"{done} of {count}"
        await asyncio.sleep(0.2)
    seconds = time.perf_counter() - begun
    await program.stop()
    return seconds, spent


async def bare(smtp: int, letters: list[tuple[str, bytes]]) -> None:
    """The same letters with the same library and nothing else."""
    waiting = iter(letters)

    async def connection() -> None:
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=smtp, start_tls=False)
        await client.connect()
        for to, message in waiting:
            await client.sendmail(f"hifa+b-0@{DOMAIN}", [to], message)
        await client.quit()

    await asyncio.gather(*(connection() for _ in range(_CONNECTIONS)))


async def arrived(sink: SmtpSink, count: int) -> list[Received]:
    """Everything that left Postfix, once nothing more comes."""
    before = -1
    while True:
        mails = await asyncio.to_thread(sink.mails)
        if len({to for mail in mails for to in mail.recipients}) >= count and len(mails) == before:
            return mails
        before = len(mails)
        await asyncio.sleep(2)


def judged(mails: list[Received], count: int) -> list[tuple[str, str]]:
    """What the readers have, by address."""
    by_reader: dict[str, list[Received]] = defaultdict(list)
    for mail in mails:
        by_reader[mail.recipients[0]].append(mail)
    several = {reader: found for reader, found in by_reader.items() if len(found) > 1}
    # Postfix writes the time and its queue number into its own Received line: compared is what was handed over.
    bodies = {reader: {mail.raw.partition(b"\nMessage-ID:")[2] for mail in found} for reader, found in several.items()}
    ids = Counter(str(mail.mail["Message-ID"]) for mail in mails)
    return [
        ("readers without a letter", str(count - len(by_reader))),
        ("readers with more than one", str(len(several))),
        ("of them with different bytes", str(sum(len(found) > 1 for found in bodies.values()))),
        ("different Message-IDs", str(len(ids))),
        ("different envelope senders", str(len({mail.sender for mail in mails}))),
    ]


async def measured(count: int, kills: int) -> None:
    about = machine()
    with short_folder() as folder:
        sink = SmtpSink(folder / "sink")
        sink.start()
        lmtp = free_port()
        postfix = Postfix(folder / "postfix", domain=DOMAIN, lmtp_port=lmtp, relay_port=sink.port)
        postfix.start()
        try:
            home = folder / "baraza"
            home.mkdir()
            path = home / "baraza.toml"
            path.write_text(
                CONFIG.format(
                    web=free_port(), domain=DOMAIN, smtp=postfix.submission, lmtp=lmtp, connections=_CONNECTIONS
                )
            )
            await prepare(path, count)
            size = (home / "baraza.db").stat().st_size
            seconds, spent = await carried(path, count, kills)
            mails = await arrived(sink, count)
            grown = (home / "baraza.db").stat().st_size - size
            head, _, rest = mails[0].raw.partition(b"\nMessage-ID:")
            letter = b"Message-ID:" + rest
            del head
            begun, cpu = time.perf_counter(), time.process_time()
            await bare(postfix.submission, [(f"reader{n}@example.org", letter) for n in range(count)])
            floor, floor_cpu = time.perf_counter() - begun, time.process_time() - cpu
        finally:
            postfix.stop()
            sink.stop()
    table(
        f"One post to {count} readers by e-mail through Postfix, {kills} SIGKILL ({about})",
        ("what", "figure"),
        [
            ("seconds from the start of the program to the last recorded letter", f"{seconds:.1f}"),
            ("CPU seconds of the program", " + ".join(f"{each.cpu:.1f}" for each in spent)),
            ("MiB at its highest", ", ".join(f"{each.memory / 1024:.0f}" for each in spent)),
            ("MiB that the database grew", f"{grown / 1024 / 1024:.0f}"),
            ("bare aiosmtplib loop: seconds", f"{floor:.1f}"),
            ("bare aiosmtplib loop: CPU seconds", f"{floor_cpu:.1f}"),
            *judged(mails, count),
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=18_000)
    parser.add_argument("--kills", type=int, default=0)
    asked = parser.parse_args()
    asyncio.run(measured(asked.readers, asked.kills))


if __name__ == "__main__":
    main()
