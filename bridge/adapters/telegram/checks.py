"""What `baraza check` says about a bot and its chats."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from telegram.error import ChatMigrated, InvalidToken, TelegramError

from bridge.adapters.telegram import faults
from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.payload import address
from bridge.adapters.telegram.receiver import webhook_url
from bridge.adapters.telegram.settings import Settings
from bridge.core.checks import ChatUse, Finding, Level
from bridge.core.community import Intake
from bridge.core.errors import AccountError, Refusal
from bridge.core.ports import AdapterContext, Refused

Fields = Mapping[str, Any]

_PRIVACY: Final = (
    "write /setprivacy to @BotFather, choose the bot, press Disable;"
    " then remove the bot from each group and add it again (the change does not reach groups it is already in)"
)
_ADD: Final = "open the group, choose Add members, and add the bot; then run `baraza check` again"
_ADMIN: Final = "open the group's settings, choose Administrators, and add the bot"
_ABSENT: Final = ("left", "kicked")


class Checks:
    """One run over one account."""

    def __init__(self, client: Client, settings: Settings, context: AdapterContext) -> None:
        self._client, self._settings, self._context = client, settings, context
        self._findings: list[Finding] = []
        self._me: Fields = {}

    async def run(self, uses: Sequence[ChatUse]) -> Sequence[Finding]:
        """Never raises for the network: what went wrong is a finding."""
        if await self._account():
            for step in (self._updates, self._limits):
                await self._guarded(self._context.account, step())
            for use in uses:
                await self._guarded(f"{self._context.account}:{use.chat}", self._chat(use))
        return self._findings

    def _say(self, level: Level, subject: str, message: str, mend: str = "") -> None:
        self._findings.append(Finding(level=level, subject=subject, message=message, mend=mend))

    async def _guarded(self, subject: str, step: Any) -> None:
        try:
            await step
        except TelegramError as error:
            self._say(Level.ERROR, subject, faults.in_words(error), "try again; if it stays, look at the network")
        except (LookupError, TypeError, ValueError, AttributeError):
            self._say(Level.ERROR, subject, "the answer is not one of a Bot API server", "correct api_url")

    # --- the account ---

    async def _account(self) -> bool:
        subject = str(self._context.account)
        try:
            self._me = await self._client.call("getMe")
            name = f"@{self._me['username']}"
        except InvalidToken as error:
            mend = "write /token to @BotFather, choose the bot, and put the token where the config's `token` points"
            self._say(Level.ERROR, subject, faults.in_words(error).partition(":")[0], mend)
            return False
        except TelegramError as error:
            host = urlsplit(self._settings.api_url).hostname
            mend = (
                f"see that this machine reaches {host} (is a firewall or proxy in the way?) and that api_url is right"
            )
            self._say(Level.ERROR, subject, faults.in_words(error), mend)
            return False
        except (LookupError, TypeError):
            self._say(Level.ERROR, subject, "the answer is not one of a Bot API server", "correct api_url")
            return False
        self._say(Level.OK, subject, f"the token is right: the bot is {name}")
        return True

    async def _updates(self) -> None:
        subject = str(self._context.account)
        info = await self._client.call("getWebhookInfo")
        url, ours = str(info.get("url") or ""), ""
        if self._settings.updates == "webhook":
            try:
                ours = webhook_url(self._settings, self._context)
            except AccountError as error:
                self._say(
                    Level.ERROR, subject, str(error), "set public_url in [web] to an address that starts with https"
                )
                return
        if url and url != ours:
            # Only the host: the rest of another program's webhook may be its secret.
            message = f"a webhook of another program is set for this bot, at {urlsplit(url).hostname}"
            mend = "stop that program or give it a bot of its own: `baraza run` takes this bot over when it starts"
            self._say(Level.WARNING, subject, message, mend)
        elif url and info.get("last_error_message"):
            message = f"Telegram had trouble calling our webhook: {info['last_error_message']}"
            self._say(
                Level.WARNING, subject, message, "see that public_url reaches this server from outside, with HTTPS"
            )

    async def _limits(self) -> None:
        subject = str(self._context.account)
        if self._settings.messages_per_second > 30 or not self._settings.messages_per_second:
            message = "messages_per_second is over 30, which Telegram allows only with paid broadcasts"
            self._say(Level.WARNING, subject, message, "set it to 25, or pay for broadcasts in @BotFather")

    # --- a chat ---

    async def _chat(self, use: ChatUse) -> None:
        subject, where = f"{self._context.account}:{use.chat}", address(use.chat)
        try:
            chat = await self._client.call("getChat", {"chat_id": where["chat_id"]})
        except ChatMigrated as error:
            mend = f"write {self._context.account}:{error.new_chat_id} in the config"
            self._say(Level.ERROR, subject, "the group has become a supergroup with a new id", mend)
            return
        except TelegramError as error:
            self._not_there(subject, error)
            return
        if chat.get("type") == "private":
            self._say(Level.OK, subject, "a private chat")
            return
        if not isinstance(where["chat_id"], int):
            mend = f"write {self._context.account}:{chat['id']} in the config"
            self._say(Level.ERROR, subject, "a chat is named by its number, not its public name", mend)
            return
        member = await self._member(where["chat_id"], self._me["id"])
        status = str(member.get("status"))
        if status in _ABSENT:
            self._say(Level.ERROR, subject, f"the bot is not in {_title(chat)}", _ADD)
            return
        before = len(self._findings)
        self._form(subject, chat, where)
        self._may_write(subject, chat, member)
        if use.moderators:
            await self._moderators(subject, where["chat_id"], chat, use.users)
        else:
            self._intake(subject, use.intake, member)
        if len(self._findings) == before:
            self._say(Level.OK, subject, f"the bot is in {_title(chat)} with the rights it needs")

    def _not_there(self, subject: str, error: TelegramError) -> None:
        refused = faults.outcome(error, self._context.clock.now())
        if isinstance(refused, Refused) and refused.reason in (Refusal.CHAT_GONE, Refusal.UNREACHABLE):
            mend = "check the number (a supergroup's begins with -100) and that the bot was added to the group"
            self._say(Level.ERROR, subject, "the bot knows no such chat", mend)
        elif isinstance(refused, Refused) and refused.reason is Refusal.FORBIDDEN:
            self._say(Level.ERROR, subject, "the bot was removed from this chat", _ADD)
        else:
            raise error

    async def _member(self, chat: int, user: int) -> Fields:
        answer = await self._client.call("getChatMember", {"chat_id": chat, "user_id": user})
        if not isinstance(answer, Mapping):
            raise TypeError("a chat member is an object")
        return answer

    def _form(self, subject: str, chat: Fields, where: Fields) -> None:
        if chat.get("type") == "group":
            message = f"{_title(chat)} is a basic group: its id changes when it becomes a supergroup"
            mend = (
                "make it a supergroup now (set Chat history for new members to Visible),"
                " then write the new id, which begins with -100, in the config"
            )
            self._say(Level.WARNING, subject, message, mend)
        if "message_thread_id" in where and not chat.get("is_forum"):
            mend = "switch Topics on in the group's settings, or write the address without the part after /"
            self._say(Level.ERROR, subject, f"{_title(chat)} has no topics", mend)

    def _may_write(self, subject: str, chat: Fields, member: Fields) -> None:
        status = str(member.get("status"))
        if status in ("creator", "administrator"):
            if chat.get("type") == "channel" and member.get("can_post_messages") is False:
                mend = "open the channel's settings, choose Administrators, the bot, and allow Post messages"
                self._say(Level.ERROR, subject, "the bot may not post in this channel", mend)
            return
        rights = member if status == "restricted" else chat.get("permissions") or {}
        if chat.get("type") == "channel":
            self._say(Level.ERROR, subject, "only administrators post in a channel", _ADMIN)
        elif rights.get("can_send_messages") is False:
            self._say(Level.ERROR, subject, f"the bot may not write in {_title(chat)}", _ADMIN)
        elif rights.get("can_send_photos") is False or rights.get("can_send_documents") is False:
            self._say(Level.WARNING, subject, f"the bot may not send photos or files in {_title(chat)}", _ADMIN)

    def _intake(self, subject: str, intake: Intake | None, member: Fields) -> None:
        admin = member.get("status") in ("creator", "administrator")
        reads = admin or self._me.get("can_read_all_group_messages") is True
        if intake in (Intake.HOLD, Intake.COPY) and not reads:
            message = "privacy mode is on: the bot does not see what members write here"
            self._say(Level.ERROR, subject, message, f"{_PRIVACY}; or make the bot an administrator")
        elif intake is Intake.NONE and not reads:
            message = "privacy mode is on: members who write here are not pointed to the bot"
            self._say(Level.WARNING, subject, message, _PRIVACY)
        if intake in (Intake.COPY, Intake.NONE) and reads and not admin:
            message = "readers' reactions are not counted here: Telegram tells them to administrators alone"
            self._say(Level.WARNING, subject, message, _ADMIN)
        if intake is Intake.HOLD and not (
            member.get("status") == "creator" or member.get("can_delete_messages") is True
        ):
            message = 'the bot may not remove messages here: they stay visible while they wait, as with intake = "copy"'
            mend = f'{_ADMIN} with the right Delete messages, or set intake = "copy"'
            self._say(Level.WARNING, subject, message, mend)

    async def _moderators(self, subject: str, chat_id: int, chat: Fields, users: Sequence[str]) -> None:
        if chat.get("username"):
            mend = "open the group's settings, choose Group type, and make it private"
            self._say(Level.ERROR, subject, "the moderators' channel is public: anybody can read what is held", mend)
        if chat.get("type") == "channel":
            message = "moderators cannot write in a channel: reasons and edits cannot be typed there"
            self._say(Level.WARNING, subject, message, "use a private group for the moderators")
        for user in users:
            if not user.isdecimal():
                mend = "write the person's number, not their @name"
                self._say(Level.ERROR, subject, f"{user!r} is not a Telegram user id", mend)
                continue
            await self._moderator(subject, chat_id, int(user))

    async def _moderator(self, subject: str, chat_id: int, user: int) -> None:
        try:
            absent = (await self._member(chat_id, user)).get("status") in _ABSENT
        except TelegramError as error:
            if not isinstance(faults.outcome(error, self._context.clock.now()), Refused):
                raise
            absent = True  # "user not found", "PARTICIPANT_ID_INVALID" ...
        if absent:
            mend = "add them to the group, or take them out of moderator_ids"
            self._say(Level.WARNING, subject, f"moderator {user} is not in the moderators' channel", mend)
        try:
            await self._client.call("sendChatAction", {"chat_id": user, "action": "typing"})
        except TelegramError as error:
            if not isinstance(faults.outcome(error, self._context.clock.now(), private=True), Refused):
                raise
            mend = f"ask them to open https://t.me/{self._me.get('username')} and press Start"
            message = f"moderator {user} has not started the bot (or has blocked it): it cannot write to them privately"
            self._say(Level.WARNING, subject, message, mend)


def _title(chat: Fields) -> str:
    return f"“{chat.get('title') or chat.get('id')}”"
