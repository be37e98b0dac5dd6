"""What was really handed over to gateways and servers: bytes, parts, money, and what they said of it later.

Docstrings become comments in the schema, and Tortoise cuts SQLite scripts at every semicolon: none may stand in them.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bridge.core.states import ArrivalState
from bridge.storage.columns import ID, SHORT, id_column


class Handover(Model):
    """One send that went out, or may have. A delivery that is sent again has one for each time."""

    id = id_column()
    delivery_id = fields.BigIntField()
    """No foreign key: figures outlive the rows of private chats."""
    post_id = fields.BigIntField(null=True)
    """For a private copy of a post: which. No foreign key, for the same reason."""
    account = fields.CharField(SHORT)
    channel = fields.CharField(SHORT)
    """What figures are added up under, such as sms or email."""
    kind = fields.CharField(16)
    """Of the delivery: post, copy, digest, notice, card."""
    key = fields.CharField(SHORT)
    """Under which the send was made, and may be reported."""
    message = fields.CharField(ID, default="", db_default="")
    """What the far side calls it, empty where the answer never came."""
    handed_at = fields.DatetimeField()
    bytes = fields.BigIntField()
    segments = fields.IntField(default=0, db_default=0)
    currency = fields.CharField(3, default="", db_default="")
    cost = fields.BigIntField(default=0, db_default=0)
    """In millionths of the currency."""
    arrival = fields.CharEnumField(
        ArrivalState, max_length=16, default=ArrivalState.HANDED, db_default=ArrivalState.HANDED.value
    )
    code = fields.CharField(SHORT, default="", db_default="")
    """The network's own code for why it failed."""
    reported_at = fields.DatetimeField(null=True)

    class Meta:
        table = "handover"
        indexes = (
            Index(fields=("account", "handed_at")),
            Index(fields=("account", "key")),
            Index(fields=("account", "message")),
            Index(fields=("delivery_id",)),
            Index(fields=("post_id", "arrival")),
            Index(fields=("arrival", "reported_at")),
        )
