"""The e-mail account and a real Postfix: what is refused out there comes back, and names its letter."""

import asyncio
from pathlib import Path

from bridge.core.events import Arrival, DeliveryReported
from bridge.core.ids import ChatId, delivery_key
from bridge.core.message import Content, Letter, LetterKind
from bridge.core.ports import Outgoing, Sent
from bridge.core.text import plain
from tests.mail_servers import Postfix, SmtpSink, short_folder
from tests.servers import ServerMissing, free_port, missing
from tests.unit.adapters.email.common import Store, account


async def test_a_bounce_names_the_delivery(tmp_path: Path) -> None:
    store, lmtp, key = Store(), free_port(), delivery_key(7, "test")
    with short_folder() as folder:
        world = SmtpSink(folder / "world", "-f", "RCPT", "-B", "550 5.1.1 mailbox unavailable")
        postfix = Postfix(folder / "postfix", domain="lists.example.org", lmtp_port=lmtp, relay_port=world.port)
        try:
            await asyncio.to_thread(world.start)
            await asyncio.to_thread(postfix.start)
        except (ServerMissing, FileNotFoundError) as error:
            missing(str(error))
        try:
            servers = {"smtp": f"127.0.0.1:{postfix.submission}", "lmtp": f"127.0.0.1:{lmtp}"}
            async with account(tmp_path, store, **servers) as (adapter, _):
                letter = Letter(kind=LetterKind.POST, community="hifa", subject="Dose", number=12)
                chat = ChatId("ben@example.net")
                payload = adapter.to_payload(chat, Content(text=plain("Ça va?"), letter=letter))
                assert isinstance(await adapter.send(Outgoing(chat=chat, payload=payload), key), Sent)
                async with asyncio.timeout(30):
                    while not store.events:  # noqa: ASYNC110 - the report comes when Postfix has written it
                        await asyncio.sleep(0.05)
            [report] = store.events
            assert isinstance(report, DeliveryReported)
            assert (report.send, report.arrival, report.code) == (key, Arrival.FAILED, "5.1.1")
        finally:
            await asyncio.to_thread(postfix.stop)
            await asyncio.to_thread(world.stop)
