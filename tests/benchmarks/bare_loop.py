"""The floor: a process that hears the press and makes the same calls with the same libraries, and keeps nothing.

Its settings come as JSON in its argument; every line on its standard input is the text of a next post. It shows that
post with a button, and once the button is pressed sends it everywhere.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bridge.adapters.loopback.network import Network
from bridge.adapters.matrix import payload as matrix
from bridge.adapters.matrix.client import HomeServer
from bridge.adapters.telegram import convert as telegram
from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.settings import Settings
from bridge.core.ids import AccountId, ChatId, delivery_key
from bridge.core.message import Content
from bridge.core.text import plain

logging.disable(logging.WARNING)


class Loop:
    def __init__(self, wanted: dict[str, Any]) -> None:
        self._wanted = wanted
        self._bot = Client(Settings(kind="telegram", token=SecretStr(wanted["token"]), api_url=wanted["api_url"]))
        self._server = HomeServer(wanted["homeserver"], wanted["user"])
        self._server.use_token(wanted["access_token"])
        self._network = Network(Path(wanted["phone"]), text_limit=459, caption_limit=1)
        self._count = 0

    async def run(self) -> None:
        await self._bot.open()
        self._network.open()
        print("ready", flush=True)
        offset: int | None = None
        shown: dict[int, str] = {}
        asyncio.create_task(self._show(shown)).add_done_callback(lambda _: sys.exit(0))
        while True:
            for update in await self._bot.updates(offset, 30):
                offset = update["update_id"] + 1
                if press := update.get("callback_query"):
                    await self._publish(press, shown[press["message"]["message_id"]])

    async def _show(self, shown: dict[int, str]) -> None:
        while text := (await asyncio.to_thread(sys.stdin.readline)).strip():
            button = {"inline_keyboard": [[{"text": "Approve", "callback_data": "x" * 22}]]}
            params = {"chat_id": self._wanted["mods"], "text": f"waiting: {text}", "reply_markup": button}
            shown[(await self._bot.call("sendMessage", params))["message_id"]] = text

    async def _publish(self, press: dict[str, Any], text: str) -> None:
        message = press["message"]["message_id"]
        calls = [
            self._bot.call("answerCallbackQuery", {"callback_query_id": press["id"], "text": "Done."}),
            self._bot.call(
                "editMessageText", {"chat_id": self._wanted["mods"], "message_id": message, "text": f"approved: {text}"}
            ),
            self._bot.call("sendMessage", {"chat_id": press["from"]["id"], "text": "Your post was approved."}),
            *(self._to_telegram(chat, text) for chat in self._wanted["groups"]),
            *(self._to_matrix(room, text) for room in self._wanted["rooms"]),
            asyncio.to_thread(self._network.post, {"op": "send", "chat": "phones", "key": self._key(), "text": text}),
        ]
        await asyncio.gather(*calls)

    async def _to_telegram(self, chat: int, text: str) -> Any:
        payload = dict(telegram.to_payload(ChatId(str(chat)), Content(text=plain(text)), AccountId("t")))
        return await self._bot.call(str(payload.pop("method")), payload)

    async def _to_matrix(self, room: str, text: str) -> str:
        key = self._key()
        payload = matrix.complete(matrix.to_payload(Content(text=plain(text))), key=key, reply_to=None, files={})
        return await self._server.put(room, "m.room.message", payload, key)

    def _key(self) -> str:
        self._count += 1
        return delivery_key(self._count, self._wanted["token"])


if __name__ == "__main__":
    asyncio.run(Loop(json.loads(sys.argv[1])).run())
