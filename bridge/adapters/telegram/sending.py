"""Sends, edits, removes and reacts, each once, and says what became of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

import structlog
from telegram.error import ChatMigrated, TelegramError

from bridge.adapters.telegram import convert, faults, payload, polls, reactions
from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.receiver import Receiver
from bridge.adapters.telegram.uploads import Attempt, NoBytesError, StaleUploadError, Uploads
from bridge.core.clock import Clock
from bridge.core.errors import BarazaError, Refusal
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.ports import Later, Outgoing, Refused, SendOutcome, Sent, StateStore, Unknown

log = structlog.get_logger()

_DEFECT_PAUSE: Final = timedelta(seconds=30)
_MAX_DELETED: Final = 100
"""https://core.telegram.org/bots/api#deletemessages"""
_NO_FILE: Final = Refused(reason=Refusal.BAD_CONTENT, detail="the file is no longer in the media folder")


class Sender:
    """The outbound half of one account."""

    def __init__(self, client: Client, account: AccountId, clock: Clock, receiver: Receiver) -> None:
        self._client, self._account, self._clock, self._receiver = client, account, clock, receiver
        self._uploads = Uploads(client, account)

    def use(self, state: StateStore) -> None:
        """Where ids of files and polls are kept."""
        self._uploads.state = state

    async def send(self, outgoing: Outgoing) -> SendOutcome:
        attempt = Attempt()
        try:
            return await self._send(outgoing, attempt)
        except TelegramError as error:
            return await self._failed(error, outgoing.chat)
        except FileNotFoundError:
            return _NO_FILE
        except NoBytesError:
            return Refused(reason=Refusal.BAD_CONTENT, detail="the file came without its bytes")
        except StaleUploadError:
            return Later(when=self._clock.now(), why="a remembered upload is no longer there")
        except Exception as error:
            unknown = self._defect(error)
            return unknown if attempt.handed_over else Later(when=self._clock.now() + _DEFECT_PAUSE, why=unknown.why)

    async def _send(self, outgoing: Outgoing, attempt: Attempt) -> SendOutcome:
        frozen = outgoing.payload
        if not {"method", "chat_id"} <= frozen.keys():
            return Refused(reason=Refusal.BAD_CONTENT, detail="the payload is of another making: please report this")
        params: dict[str, Any] = {
            name: value for name, value in frozen.items() if name not in ("method", "message_thread_id")
        }
        params |= payload.address(outgoing.chat)
        if params["chat_id"] != frozen["chat_id"]:
            params.pop("reply_parameters", None)  # frozen before the group moved: the ids there are other messages'
        answer = await self._post(str(frozen["method"]), params, outgoing, attempt)
        album = frozen["method"] == "sendMediaGroup"
        messages = answer if album and isinstance(answer, list) else [answer]
        expected = len(params["media"]) if album else 1
        numbers = [message.get("message_id") for message in messages if isinstance(message, Mapping)]
        if len(numbers) != expected or any(type(number) is not int for number in numbers):
            return Unknown(why="the answer to a send names no message")
        refs = tuple(RemoteRef(self._account, outgoing.chat, MessageId(str(number))) for number in numbers)
        if poll := polls.poll_id(messages[0]):
            await self._remember_poll(poll, refs[0])
        return Sent(refs=refs)

    async def _post(self, method: str, params: dict[str, Any], outgoing: Outgoing, attempt: Attempt) -> Any:
        """Certainly refused for one detail only, the message goes out without it: it must not be lost with it."""
        for _ in range(2):
            try:
                return await self._uploads.call(method, params, outgoing.files, attempt)
            except TelegramError as error:
                if "reply_parameters" in params and faults.is_reply_target_gone(error):
                    params = {name: value for name, value in params.items() if name != "reply_parameters"}
                elif method == "sendPhoto" and faults.is_no_photo(error):
                    kept = {name: value for name, value in params.items() if name not in ("photo", "has_spoiler")}
                    method, params = (
                        "sendDocument",
                        {**kept, "document": params["photo"], "disable_content_type_detection": True},
                    )
                else:
                    raise
        return await self._uploads.call(method, params, outgoing.files, attempt)

    async def _remember_poll(self, poll: str, ref: RemoteRef) -> None:
        if self._uploads.state is not None:
            try:
                await polls.remember(self._uploads.state, poll, ref)
            except BarazaError:  # what was sent is sent
                log.warning("telegram.poll_not_remembered", account=self._account)

    async def edit(self, ref: RemoteRef, outgoing: Outgoing) -> SendOutcome:
        try:
            change = convert.to_edit(outgoing.payload, outgoing.item)
        except Exception as error:  # not one of our payloads
            return self._defect(error)
        if change is None:
            return Refused(reason=Refusal.UNSUPPORTED, detail="Telegram changes no message of this kind")
        method, params = change
        try:
            return await self._changed(
                lambda: self._uploads.call(method, params | _target(ref), outgoing.files, Attempt()),
                ref.chat,
                faults.is_not_modified,
            )
        except StaleUploadError:
            return Later(when=self._clock.now(), why="a remembered upload is no longer there")
        except (NoBytesError, FileNotFoundError):
            if method != "editMessageMedia":
                return _NO_FILE
        # The words are worth correcting though the file can no longer be sent anew.
        words = {name: params["media"][name] for name in ("caption", "caption_entities") if name in params["media"]}
        words |= {name: value for name, value in params.items() if name == "reply_markup"}
        return await self._changed(
            lambda: self._client.call("editMessageCaption", words | _target(ref)), ref.chat, faults.is_not_modified
        )

    async def delete(self, ref: RemoteRef) -> SendOutcome:
        return await self._changed(
            lambda: self._client.call("deleteMessage", _target(ref)), ref.chat, faults.is_already_deleted
        )

    async def delete_together(self, refs: Sequence[RemoteRef]) -> SendOutcome:
        """The items of an album: one by itself, and then all others in one call.

        ``deleteMessages`` passes over what may not be removed and says nothing of it. So it is asked for only once a
        single removal has succeeded: what was sent together is as old, and ours alike.
        """
        for position, ref in enumerate(refs, 1):
            try:
                await self._client.call("deleteMessage", _target(ref))
            except TelegramError as error:
                if not faults.is_already_deleted(error):
                    return await self._failed(error, ref.chat, targeted=True)
            except Exception as error:
                return self._defect(error)
            else:
                return await self._delete_rest(refs[position:])
        return Sent()

    async def _delete_rest(self, refs: Sequence[RemoteRef]) -> SendOutcome:
        for start in range(0, len(refs), _MAX_DELETED):
            some = refs[start : start + _MAX_DELETED]
            params = {"chat_id": _target(some[0])["chat_id"], "message_ids": [int(ref.message) for ref in some]}
            call = partial(self._client.call, "deleteMessages", params)
            outcome = await self._changed(call, some[0].chat, faults.is_already_deleted)
            if not isinstance(outcome, Sent):
                return outcome
        return Sent()

    async def react(self, ref: RemoteRef, emojis: Sequence[str]) -> SendOutcome:
        params = _target(ref) | {"reaction": reactions.placed(emojis)}
        return await self._changed(
            lambda: self._client.call("setMessageReaction", params), ref.chat, faults.is_not_modified
        )

    async def _changed(
        self, call: Callable[[], Awaitable[Any]], chat: ChatId, is_so_already: Callable[[TelegramError], bool]
    ) -> SendOutcome:
        try:
            await call()
        except TelegramError as error:
            return Sent() if is_so_already(error) else await self._failed(error, chat, targeted=True)
        except (StaleUploadError, NoBytesError, FileNotFoundError):
            raise
        except Exception as error:
            return self._defect(error)
        return Sent()

    async def _failed(self, error: TelegramError, chat: ChatId, *, targeted: bool = False) -> SendOutcome:
        now = self._clock.now()
        if isinstance(error, ChatMigrated):
            old = payload.split_chat(chat)[0]
            await self._receiver.report(convert.moved(self._account, old, error.new_chat_id, now))
        self._receiver.rejected(error)
        return faults.outcome(error, now, private=not chat.startswith(("-", "@")), targeted=targeted)

    def _defect(self, error: Exception) -> Unknown:
        log.error("telegram.send_defect", account=self._account, error=faults.place(error))
        return Unknown(why=f"a defect in the bridge ({type(error).__name__}): please report it")


def _target(ref: RemoteRef) -> dict[str, Any]:
    return {"chat_id": payload.address(ref.chat)["chat_id"], "message_id": int(ref.message)}
