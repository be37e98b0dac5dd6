from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("baraza", "0004_reactions")]

    initial = False

    operations = [
        ops.CreateModel(
            name="DeliveryMessage",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "delivery",
                    fields.ForeignKeyField(
                        "baraza.Delivery",
                        source_field="delivery_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="messages",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("position", fields.IntField()),
                ("account", fields.CharField(max_length=64)),
                ("chat", fields.CharField(max_length=255)),
                ("message", fields.CharField(max_length=255)),
            ],
            options={
                "table": "delivery_message",
                "app": "baraza",
                "unique_together": (("delivery", "position"),),
                "indexes": [Index(fields=["account", "chat", "message"])],
                "pk_attr": "id",
                "table_description": (
                    "A message that a delivery became, besides its first one, which stands in the delivery itself."
                ),
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Source",
            name="text",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Source",
            name="attachments",
            field=fields.TextField(default="[]", db_default="[]", unique=False),
        ),
        ops.AddField(
            model_name="Source",
            name="uncarried",
            field=fields.TextField(default="[]", db_default="[]", unique=False),
        ),
        ops.AddField(
            model_name="Source",
            name="posted_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Review",
            name="previews",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name="Post",
            name="previews",
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddIndex(
            model_name="Delivery",
            index=Index(fields=["target_id"]),
        ),
        ops.AddIndex(
            model_name="Source",
            index=Index(fields=["submission_id"]),
        ),
        ops.AddIndex(
            model_name="Inbox",
            index=Index(fields=["account", "chat", "id"]),
        ),
    ]
