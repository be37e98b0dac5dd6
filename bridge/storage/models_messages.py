"""The physical messages of a delivery, where the platform makes several of one (an album).

Docstrings become comments in the schema, and Tortoise cuts SQLite scripts at every semicolon: none may stand in them.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.storage.columns import ID, SHORT, id_column
from bridge.storage.models import Delivery


class DeliveryMessage(Model):
    """A message that a delivery became, besides its first one, which stands in the delivery itself."""

    id = id_column()
    delivery: fields.ForeignKeyRelation[Delivery] = fields.ForeignKeyField("baraza.Delivery", related_name="messages")
    delivery_id: int
    position = fields.IntField()
    """From 2."""
    account = fields.CharField(SHORT)
    chat = fields.CharField(ID)
    message = fields.CharField(ID)

    class Meta:
        table = "delivery_message"
        unique_together = (("delivery", "position"),)
        indexes = (Index(fields=("account", "chat", "message")),)

    @property
    def ref(self) -> RemoteRef:
        return RemoteRef(AccountId(self.account), ChatId(self.chat), MessageId(self.message))
