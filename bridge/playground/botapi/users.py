"""The people's side of the simulated Telegram: what someone does with the app on a phone.

Every public coroutine takes and returns plain JSON values, so that `users_http` can offer each of them under its own
name. For a person a private chat with a bot has the bot's id; groups have their negative ids.
"""

import inspect
import secrets
from typing import Any

from bridge.playground.botapi.errors import bad_request
from bridge.playground.botapi.posting import add_service_message, change_member, migrate
from bridge.playground.botapi.state import ADMIN_RIGHTS, MEMBER_RIGHTS, Account, Chat, JsonObject, Member
from bridge.playground.botapi.users_kinds import KindsSide
from bridge.playground.botapi.view import chat_view, chats_of

_TOPIC_COLOR = 7322096


class UsersSide(KindsSide):
    """Creates people, bots and chats, and acts for people."""

    async def create_user(
        self,
        first_name: str,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = "en",
        user_id: int | None = None,
    ) -> int:
        """Create a person and return their id."""
        account = Account(self._new_id(user_id), first_name, last_name, username, language_code)
        self.state.accounts[account.id] = account
        self.world.touch()
        return account.id

    async def create_bot(
        self,
        username: str,
        name: str | None = None,
        token: str | None = None,
        privacy: bool = True,
        user_id: int | None = None,
    ) -> JsonObject:
        """Create a bot, as BotFather would; return its `id`, `username` and `token`. Privacy mode starts on."""
        if token is not None:
            user_id = int(token.split(":", 1)[0])
        bot_id = self._new_id(user_id)
        token = token or f"{bot_id}:{secrets.token_urlsafe(26)[:35]}"
        bot = Account(bot_id, name or username, username=username, is_bot=True, token=token, privacy=privacy)
        self.state.accounts[bot_id] = bot
        self.world.touch()
        return {"id": bot_id, "username": username, "token": token}

    async def set_privacy(self, bot_id: int, enabled: bool) -> None:
        """Switch a bot's privacy mode; groups notice it only when the bot is removed and added again."""
        self.account(bot_id).privacy = enabled
        self.world.touch()

    async def rename(self, user_id: int, first_name: str, last_name: str | None = None) -> None:
        """Change a person's name."""
        account = self.account(user_id)
        account.first_name, account.last_name = first_name, last_name
        self.world.touch()

    async def create_group(
        self,
        title: str,
        owner_id: int,
        supergroup: bool = False,
        forum: bool = False,
        username: str | None = None,
        members: list[int] | None = None,
        chat_id: int | None = None,
    ) -> int:
        """Create a group (or a supergroup, with topics if asked) and return its id."""
        state = self.state
        if supergroup or forum:
            chat = Chat(chat_id or -state.next_supergroup_id, "supergroup", title, username, is_forum=forum)
            state.next_supergroup_id += 1
        else:
            chat = Chat(chat_id or -state.next_group_id, "group", title, username)
            state.next_group_id += 1
        if chat.key in state.chats:
            raise bad_request(f"chat {chat.id} exists already")
        state.chats[chat.key] = chat
        chat.members[owner_id] = Member("creator")
        kind = "supergroup" if chat.type == "supergroup" else "group"
        add_service_message(self.world, chat, {f"{kind}_chat_created": True}, owner_id)
        for user_id in members or []:
            await self.add_member(chat.id, user_id)
        return chat.id

    async def create_channel(self, title: str, owner_id: int, linked_group_id: int | None = None) -> int:
        """Create a channel, linked to its discussion group if one is given; return its id."""
        chat = Chat(-self.state.next_supergroup_id, "channel", title, linked_chat_id=linked_group_id)
        self.state.next_supergroup_id += 1
        chat.members[owner_id] = Member("creator")
        self.state.chats[chat.key] = chat
        if linked_group_id is not None:
            self.group(linked_group_id).linked_chat_id = chat.id
        self.world.touch()
        return chat.id

    async def create_topic(self, chat_id: int, user_id: int, name: str) -> int:
        """Open a topic in a forum and return its thread id."""
        chat = self.group(chat_id)
        if not chat.is_forum:
            raise bad_request("the chat is not a forum")
        content = {"forum_topic_created": {"name": name, "icon_color": _TOPIC_COLOR}}
        thread_id = chat.last_message_id + 1
        chat.topics[thread_id] = {"name": name}
        message = add_service_message(self.world, chat, content, user_id, thread_id=thread_id)
        return message.message_id

    async def close_topic(self, chat_id: int, user_id: int, thread_id: int) -> None:
        """Close a topic: only administrators may write in it now."""
        chat = self.group(chat_id)
        if thread_id not in chat.topics:
            raise bad_request("message thread not found")
        chat.topics[thread_id]["is_closed"] = True
        add_service_message(self.world, chat, {"forum_topic_closed": {}}, user_id, thread_id=thread_id)

    async def add_member(self, chat_id: int, user_id: int, by: int | None = None) -> None:
        """Add a person or bot; without `by` they joined by themselves."""
        chat = self.group(chat_id)
        self.account(user_id)
        if user_id in chat.present():
            raise bad_request("USER_ALREADY_PARTICIPANT")
        actor = by if by is not None else (self.owner(chat) if self.account(user_id).is_bot else user_id)
        change_member(self.world, chat, user_id, Member("member"), actor)
        if chat.type != "channel":
            add_service_message(self.world, chat, {"new_chat_members": [user_id]}, actor)

    async def remove_member(self, chat_id: int, user_id: int, by: int | None = None) -> None:
        """Take someone out of a group: removed (and banned) by `by`, or gone by themselves."""
        chat = self.group(chat_id)
        if user_id not in chat.present():
            raise bad_request("USER_NOT_PARTICIPANT")
        actor = by if by is not None else user_id
        # The bot still hears that it was removed, and nothing after that.
        change_member(self.world, chat, user_id, Member("left" if by is None else "kicked"), actor)
        if chat.type != "channel":
            add_service_message(self.world, chat, {"left_chat_member": user_id}, actor)

    async def promote(
        self,
        chat_id: int,
        user_id: int,
        rights: list[str] | None = None,
        anonymous: bool = False,
        custom_title: str | None = None,
        by: int | None = None,
    ) -> None:
        """Make a member an administrator with these rights (all of them if None)."""
        chat = self.group(chat_id)
        if user_id not in chat.present():
            raise bad_request("USER_NOT_PARTICIPANT")
        known = (*ADMIN_RIGHTS, "can_post_messages", "can_edit_messages")
        chosen = list(known if rights is None else rights)
        if set(chosen) - set(known):
            raise bad_request(f"unknown rights: {', '.join(sorted(set(chosen) - set(known)))}")
        held = {right: right in chosen for right in known} | {"can_manage_chat": True}
        member = Member("administrator", held, anonymous, custom_title)
        if chat.members[user_id].status == "creator":
            member.status = "creator"
        change_member(self.world, chat, user_id, member, by if by is not None else self.owner(chat))

    async def demote(self, chat_id: int, user_id: int, by: int | None = None) -> None:
        """Make an administrator a plain member again."""
        chat = self.group(chat_id)
        change_member(self.world, chat, user_id, Member("member"), by if by is not None else self.owner(chat))

    async def restrict(self, chat_id: int, user_id: int, rights: list[str], by: int | None = None) -> None:
        """Leave a member only these rights."""
        chat = self.group(chat_id)
        member = Member("restricted", {right: right in rights for right in MEMBER_RIGHTS})
        change_member(self.world, chat, user_id, member, by if by is not None else self.owner(chat))

    async def set_permissions(self, chat_id: int, rights: list[str]) -> None:
        """Leave all plain members of a group only these rights."""
        chat = self.group(chat_id)
        chat.permissions = {right: right in rights for right in MEMBER_RIGHTS}
        self.world.touch()

    async def start(self, user_id: int, bot_id: int, payload: str | None = None) -> int:
        """Press "Start" in the private chat with a bot, with a deep link's payload; return the message's id."""
        chat = self.private(user_id, bot_id)
        if chat.blocked:
            await self.unblock(user_id, bot_id)
        chat.started = True
        return await self.write(user_id, bot_id, f"/start {payload}" if payload else "/start")

    async def block(self, user_id: int, bot_id: int) -> None:
        """Stop a bot from writing to this person."""
        self._set_blocked(user_id, bot_id, blocked=True)

    async def unblock(self, user_id: int, bot_id: int) -> None:
        """Let a blocked bot write again."""
        self._set_blocked(user_id, bot_id, blocked=False)

    def _set_blocked(self, user_id: int, bot_id: int, *, blocked: bool) -> None:
        chat = self.private(user_id, bot_id)
        if chat.blocked == blocked:
            return
        chat.blocked = blocked
        old, new = (Member("member"), Member("kicked")) if blocked else (Member("kicked"), Member("member"))
        chat.members[bot_id] = old
        change_member(self.world, chat, bot_id, new, user_id)
        del chat.members[bot_id]

    async def migrate(self, chat_id: int, by: int | None = None) -> int:
        """Upgrade a basic group to a supergroup and return its new id."""
        chat = self.group(chat_id)
        return migrate(self.world, chat, by if by is not None else self.owner(chat)).id

    async def post_in_channel(self, channel_id: int, text: str) -> int:
        """Publish in a channel; the linked group gets it as an automatic forward. Return the message's id."""
        return await self.write(self.owner(self.group(channel_id)), channel_id, text)

    async def chats(self, user_id: int) -> list[JsonObject]:
        """Return the chats on this person's device."""
        return chats_of(self.state, user_id)

    async def view(self, user_id: int, chat_id: int, thread_id: int | None = None) -> JsonObject:
        """Return what this person's device shows of a chat: its title and messages."""
        self.account(user_id)
        return chat_view(self.state, user_id, self.chat_for(user_id, chat_id), thread_id)

    async def accounts(self) -> list[JsonObject]:
        """Return everybody: `id`, `name`, `username`, `is_bot`."""
        return [
            {"id": a.id, "name": a.full_name, "username": a.username, "is_bot": a.is_bot}
            for a in self.state.accounts.values()
        ]

    async def version(self) -> int:
        """Return the change counter."""
        return self.world.version

    async def wait(self, since: int, timeout: float = 25.0) -> int:
        """Return the change counter once it is past `since`, or after `timeout` seconds as it is."""
        return await self.world.wait_for_change(since, min(timeout, 60.0))

    def _new_id(self, wanted: int | None) -> int:
        if wanted is None:
            wanted = self.state.next_user_id
            self.state.next_user_id += 1
        if wanted in self.state.accounts:
            raise bad_request(f"account {wanted} exists already")
        return wanted

    def owner(self, chat: Chat) -> int:
        """Return the id of the chat's owner."""
        return next(user_id for user_id, member in chat.members.items() if member.status == "creator")


def operations(side: UsersSide) -> dict[str, Any]:
    """Return the public coroutines of the users' side by name."""
    found = {name: getattr(side, name) for name in dir(type(side)) if not name.startswith("_")}
    return {name: value for name, value in found.items() if inspect.iscoroutinefunction(value)}
