"""The tables of the installation itself and of what platforms tell it.

Docstrings become comments in the schema, and Tortoise cuts SQLite scripts at every semicolon: none may stand in them.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bridge.core.states import InboxState
from bridge.storage.columns import ID, SHORT, id_column


class Meta(Model):
    """Facts about this installation: its id, counters."""

    key = fields.CharField(SHORT * 2, primary_key=True)
    value = fields.TextField()

    class Meta:
        table = "meta"


class Counter(Model):
    """A running number. The row is locked by its own update until the transaction ends."""

    name = fields.CharField(SHORT * 2, primary_key=True)
    value = fields.BigIntField(default=0)

    class Meta:
        table = "counter"


class AdapterState(Model):
    """Cursors, device ids and the like, for one adapter each."""

    id = id_column()
    account = fields.CharField(SHORT)
    key = fields.CharField(ID)
    value = fields.TextField()

    class Meta:
        table = "adapter_state"
        unique_together = (("account", "key"),)


class ChatAlias(Model):
    """A chat that moved to another id: the old one still answers."""

    id = id_column()
    account = fields.CharField(SHORT)
    old = fields.CharField(ID)
    new = fields.CharField(ID)

    class Meta:
        table = "chat_alias"
        unique_together = (("account", "old"),)


class Chat(Model):
    """What a chat is called, as last heard, so that people are shown names and not numbers."""

    id = id_column()
    account = fields.CharField(SHORT)
    chat = fields.CharField(ID)
    title = fields.CharField(ID)

    class Meta:
        table = "chat"
        unique_together = (("account", "chat"),)


class Lease(Model):
    """What only one of several programs may work, and until when, by the database's own clock."""

    name = fields.CharField(SHORT * 2, primary_key=True)
    holder = fields.CharField(SHORT)
    fence = fields.BigIntField(default=1)
    """Grows whenever it changes hands."""
    until = fields.DatetimeField()

    class Meta:
        table = "lease"


class Inbox(Model):
    """Every event a platform told us, committed before it was acknowledged."""

    id = id_column()
    account = fields.CharField(SHORT)
    chat = fields.CharField(ID)
    key = fields.CharField(ID)
    event = fields.TextField()
    raw_json = fields.TextField()
    received_at = fields.DatetimeField()
    state = fields.CharEnumField(InboxState, max_length=16, default=InboxState.NEW)
    attempts = fields.IntField(default=0)
    due_at = fields.DatetimeField()
    note = fields.TextField(default="")

    class Meta:
        table = "inbox"
        unique_together = (("account", "key"),)
        indexes = (Index(fields=("state", "id")), Index(fields=("account", "chat", "id")))
