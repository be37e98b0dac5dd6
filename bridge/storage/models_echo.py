"""What readers answer without words: reactions and votes."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bridge.storage.columns import ID, SHORT, id_column


class Reaction(Model):
    """What one person, or those the platform does not name, react to a message of a post with."""

    id = id_column()
    post_id = fields.BigIntField()
    account = fields.CharField(SHORT)
    chat = fields.CharField(ID)
    message = fields.CharField(ID)
    user = fields.CharField(ID, default="", db_default="")
    """Empty: the platform says only how many."""
    emoji = fields.CharField(SHORT)
    count = fields.IntField(default=1, db_default=1)
    event = fields.CharField(ID, default="", db_default="")
    """The reaction as a message of its own, where the platform makes one."""
    at = fields.DatetimeField()

    class Meta:
        table = "reaction"
        unique_together = (("account", "chat", "message", "user", "emoji"),)
        indexes = (
            Index(fields=("post_id",)),
            Index(fields=("account", "chat", "event")),
            Index(fields=("account", "user")),
        )


class PollVote(Model):
    """What one person chose in a poll, or how all stood where the platform names nobody."""

    id = id_column()
    post_id = fields.BigIntField()
    account = fields.CharField(SHORT)
    chat = fields.CharField(ID)
    message = fields.CharField(ID)
    user = fields.CharField(ID, default="", db_default="")
    options = fields.TextField(default="[]", db_default="[]")
    """The places of the answers that ``user`` chose; without a user, the votes for each answer."""
    at = fields.DatetimeField()

    class Meta:
        table = "poll_vote"
        unique_together = (("account", "chat", "message", "user"),)
        indexes = (Index(fields=("post_id",)), Index(fields=("account", "user")))


__all__ = ["PollVote", "Reaction"]
