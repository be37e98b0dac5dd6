from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("baraza", "0003_members")]

    initial = False

    operations = [
        ops.CreateModel(
            name="CopyChange",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("post_id", fields.BigIntField()),
                ("community", fields.CharField(max_length=64)),
                ("action", fields.CharField(max_length=16)),
                ("after_person", fields.BigIntField(default=0)),
                ("done", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "copy_change",
                "app": "baraza",
                "indexes": [Index(fields=["done", "community", "id"])],
                "pk_attr": "id",
                "table_description": "A post was corrected or taken back: its private copies follow, a batch at a time.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Identity",
            name="stopped_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Membership",
            name="next_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddIndex(
            model_name="Membership",
            index=Index(fields=["community", "reading", "next_at"]),
        ),
        ops.AddField(
            model_name="Person",
            name="languages",
            field=fields.TextField(default="{}", db_default="{}", unique=False),
        ),
        ops.AddField(
            model_name="Post",
            name="feed_number",
            field=fields.BigIntField(null=True),
        ),
        ops.AddIndex(
            model_name="Post",
            index=Index(fields=["community", "feed_number"]),
        ),
    ]
