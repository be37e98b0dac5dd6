from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("baraza", "0003_members")]

    initial = False

    operations = [
        ops.CreateModel(
            name="PollVote",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("post_id", fields.BigIntField()),
                ("account", fields.CharField(max_length=64)),
                ("chat", fields.CharField(max_length=255)),
                ("message", fields.CharField(max_length=255)),
                ("user", fields.CharField(default="", db_default="", max_length=255)),
                ("options", fields.TextField(default="[]", db_default="[]", unique=False)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "poll_vote",
                "app": "baraza",
                "unique_together": (("account", "chat", "message", "user"),),
                "indexes": [Index(fields=["post_id"]), Index(fields=["account", "user"])],
                "pk_attr": "id",
                "table_description": "What one person chose in a poll, or how all stood where the platform names nobody.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Reaction",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("post_id", fields.BigIntField()),
                ("account", fields.CharField(max_length=64)),
                ("chat", fields.CharField(max_length=255)),
                ("message", fields.CharField(max_length=255)),
                ("user", fields.CharField(default="", db_default="", max_length=255)),
                ("emoji", fields.CharField(max_length=64)),
                ("count", fields.IntField(default=1, db_default=1)),
                ("event", fields.CharField(default="", db_default="", max_length=255)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "reaction",
                "app": "baraza",
                "unique_together": (("account", "chat", "message", "user", "emoji"),),
                "indexes": [
                    Index(fields=["post_id"]),
                    Index(fields=["account", "chat", "event"]),
                    Index(fields=["account", "user"]),
                ],
                "pk_attr": "id",
                "table_description": "What one person, or those the platform does not name, react to a message of a post with.",
            },
            bases=["Model"],
        ),
    ]
