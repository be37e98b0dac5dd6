"""What the simulated Telegram remembers: people, bots, chats, messages and files.

Everything here is plain data that survives a trip through JSON; rules live in the other modules.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

JsonObject = dict[str, Any]

#: Well-known accounts of Telegram itself, seen as `from` of messages that no person signs.
GROUP_ANONYMOUS_BOT = 1087968824
CHANNEL_BOT = 136817688
TELEGRAM_SERVICE = 777000

ADMIN_RIGHTS = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
    "can_pin_messages",
    "can_manage_topics",
)
MEMBER_RIGHTS = (
    "can_send_messages",
    "can_send_audios",
    "can_send_documents",
    "can_send_photos",
    "can_send_videos",
    "can_send_video_notes",
    "can_send_voice_notes",
    "can_send_polls",
    "can_send_other_messages",
    "can_add_web_page_previews",
    "can_react_to_messages",
    "can_edit_tag",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
)

ChatType = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]


@dataclass
class Account:
    """A person or a bot."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    is_bot: bool = False
    token: str | None = None
    privacy: bool = True
    commands: dict[str, list[JsonObject]] = field(default_factory=dict)
    description: str = ""
    #: Bot-to-bot mode: this bot's messages reach other bots, and theirs reach it.
    bot_to_bot: bool = False
    #: A person whose forwarded messages do not link to them.
    hides_in_forwards: bool = False
    #: A person with Premium who takes no voice notes and no round videos.
    forbids_voice: bool = False

    @property
    def full_name(self) -> str:
        """The name that other people's devices show."""
        return f"{self.first_name} {self.last_name}" if self.last_name else self.first_name


@dataclass
class Member:
    """One account's standing in one chat."""

    status: Status
    rights: dict[str, bool] = field(default_factory=dict)
    is_anonymous: bool = False
    custom_title: str | None = None
    #: A bot's privacy mode as it was when it joined: a change counts only after the bot is added again.
    privacy: bool = False

    @property
    def is_present(self) -> bool:
        """Whether the account is in the chat now."""
        return self.status not in {"left", "kicked"}

    @property
    def is_admin(self) -> bool:
        """Whether the account is the owner or an administrator."""
        return self.status in {"creator", "administrator"}

    def may(self, right: str) -> bool:
        """Whether an administrator holds `right`."""
        return self.status == "creator" or (self.status == "administrator" and self.rights.get(right, False))


@dataclass
class Message:
    """One message; `content` holds the Bot API's own fields (text, entities, photo, service fields ...)."""

    message_id: int
    date: int
    content: JsonObject
    sender_id: int | None = None
    sender_chat_id: int | None = None
    author_signature: str | None = None
    thread_id: int | None = None
    is_topic: bool = False
    reply_to: int | None = None
    edit_date: int | None = None
    reply_markup: JsonObject | None = None
    media_group_id: str | None = None
    is_service: bool = False
    #: The person behind an anonymous or channel post; bots never learn it.
    posted_by: int | None = None
    extra: JsonObject = field(default_factory=dict)
    reactions: dict[str, list[JsonObject]] = field(default_factory=dict)
    #: Who voted for which options (their places in the list), in a poll.
    votes: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class Chat:
    """A private chat (of one person with one bot), a basic group, a supergroup or a channel."""

    id: int
    type: ChatType
    title: str | None = None
    username: str | None = None
    is_forum: bool = False
    bot_id: int | None = None
    started: bool = False
    blocked: bool = False
    linked_chat_id: int | None = None
    migrated_to: int | None = None
    migrated_from: int | None = None
    permissions: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(MEMBER_RIGHTS, True))
    members: dict[int, Member] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    topics: dict[int, JsonObject] = field(default_factory=dict)
    last_message_id: int = 0
    last_bot_to_send: int | None = None
    #: The emoji that may be used as reactions here; None: all of them.
    available_reactions: list[str] | None = None
    #: Nothing can be forwarded or saved from here.
    is_protected: bool = False

    @property
    def key(self) -> str:
        """The chat's key in `State.chats`: private chats of two bots with one person are different chats."""
        return private_key(self.bot_id, self.id) if self.bot_id is not None else str(self.id)

    @property
    def is_group(self) -> bool:
        """Whether Telegram's limit per group applies."""
        return self.type != "private"

    def present(self) -> list[int]:
        """Return the ids of the accounts that are in the chat now."""
        return [user_id for user_id, member in self.members.items() if member.is_present]


@dataclass
class StoredFile:
    """An uploaded file; its bytes are in `State.blobs` under `unique_id`."""

    unique_id: str
    kind: str
    file_name: str | None
    mime_type: str | None
    size: int
    width: int = 0
    height: int = 0
    #: What the Bot API shows of it besides (duration, title ...), and the file of its thumbnail.
    attributes: JsonObject = field(default_factory=dict)
    thumbnail: str | None = None
    #: When a download link was last asked for: links live for an hour at least.
    linked_at: float | None = None


@dataclass
class CallbackQuery:
    """A pressed button that waits for its bot's answer."""

    id: str
    bot_id: int
    user_id: int
    chat_key: str
    message_id: int
    data: str
    created_at: float
    answer: JsonObject | None = None


@dataclass
class BotQueue:
    """A bot's pending updates, and how it asked to receive them."""

    pending: list[JsonObject] = field(default_factory=list)
    dates: list[float] = field(default_factory=list)
    next_id: int = 700_000_001
    allowed: list[str] | None = None
    webhook_url: str = ""
    webhook_secret: str | None = None
    webhook_max_connections: int = 40
    last_error_date: int | None = None
    last_error_message: str | None = None


def private_key(bot_id: int | None, user_id: int) -> str:
    """Return the key of the private chat between a bot and a person."""
    return f"{bot_id}:{user_id}"


@dataclass
class State:
    """The whole simulated Telegram."""

    accounts: dict[int, Account] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)
    callbacks: dict[str, CallbackQuery] = field(default_factory=dict)
    queues: dict[int, BotQueue] = field(default_factory=dict)
    next_user_id: int = 5_000_001
    next_group_id: int = 4_000_001
    next_supergroup_id: int = 1_000_200_000_001
    mailbox_message_id: int = 0
    next_callback_id: int = 4_382_718_000_000_001
    next_file_number: int = 1
    next_media_group: int = 13_000_000_000_000_001
    next_poll_id: int = 5_100_000_000_000_000_001
    blobs: dict[str, bytes] = field(default_factory=dict)

    def group(self, chat_id: int) -> Chat | None:
        """Return a group, supergroup or channel by its id."""
        return self.chats.get(str(chat_id))

    def private(self, bot_id: int, user_id: int) -> Chat | None:
        """Return the private chat of a bot with a person."""
        return self.chats.get(private_key(bot_id, user_id))

    def bot_by_token(self, token: str) -> Account | None:
        """Return the bot that owns `token`."""
        return next((a for a in self.accounts.values() if a.token == token), None)

    def allocate_message_id(self, chat: Chat) -> int:
        """Return the next message id of `chat`.

        Supergroups and channels count for themselves; private chats and basic groups share one mailbox sequence
        (https://core.telegram.org/api/messages#message-identifiers).
        """
        if chat.type in {"supergroup", "channel"}:
            chat.last_message_id += 1
            return chat.last_message_id
        self.mailbox_message_id += 1
        return self.mailbox_message_id
