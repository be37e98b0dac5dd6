from typing import Any

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from bridge.storage import full_text


async def _full_text(apps: Any, schema_editor: Any) -> None:
    await full_text.create(schema_editor.client)


class Migration(migrations.Migration):
    dependencies = [("baraza", "0008_parts")]

    initial = False

    operations = [
        ops.CreateModel(
            name="ArchiveEntry",
            fields=[
                ("id", fields.BigIntField(generated=False, primary_key=True, unique=True, db_index=True)),
                ("community", fields.CharField(max_length=64)),
                ("published_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("theme_id", fields.BigIntField(null=True)),
                ("thread_id", fields.BigIntField()),
                ("everywhere", fields.BooleanField(default=True)),
                ("words", fields.TextField(unique=False)),
            ],
            options={
                "table": "archive_entry",
                "app": "baraza",
                "indexes": [
                    Index(fields=["community", "published_at", "id"]),
                    Index(fields=["community", "everywhere", "published_at", "id"]),
                    Index(fields=["theme_id", "published_at", "id"]),
                    Index(fields=["thread_id", "id"]),
                ],
                "pk_attr": "id",
                "table_description": "A published post as the archive lists and finds it. There is one for every post that is not taken back.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PersonalLink",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("selector", fields.CharField(unique=True, max_length=64)),
                ("secret", fields.CharField(max_length=64)),
                ("purpose", fields.CharField(max_length=16)),
                ("person_id", fields.BigIntField()),
                ("community", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "personal_link",
                "app": "baraza",
                "indexes": [Index(fields=["person_id", "community", "purpose"])],
                "pk_attr": "id",
                "table_description": "An unguessable link that is a member's own: to read the archive, or to unsubscribe.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SmallPicture",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("source", fields.CharField(max_length=64)),
                ("kind", fields.CharField(max_length=16)),
                ("sha256", fields.CharField(max_length=64)),
                ("size", fields.IntField()),
                ("width", fields.IntField()),
                ("height", fields.IntField()),
            ],
            options={
                "table": "small_picture",
                "app": "baraza",
                "unique_together": (("source", "kind"),),
                "indexes": [Index(fields=["sha256"])],
                "pk_attr": "id",
                "table_description": "A picture made small for a reader who asked for it, kept in the media store.",
            },
            bases=["Model"],
        ),
        ops.RunPython(_full_text),
    ]
