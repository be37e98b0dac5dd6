from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from bridge.core.states import ArrivalState


class Migration(migrations.Migration):
    dependencies = [("baraza", "0006_queue")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Handover",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("delivery_id", fields.BigIntField()),
                ("post_id", fields.BigIntField(null=True)),
                ("account", fields.CharField(max_length=64)),
                ("channel", fields.CharField(max_length=64)),
                ("kind", fields.CharField(max_length=16)),
                ("key", fields.CharField(max_length=64)),
                ("message", fields.CharField(default="", db_default="", max_length=255)),
                ("handed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("bytes", fields.BigIntField()),
                ("segments", fields.IntField(default=0, db_default=0)),
                ("currency", fields.CharField(default="", db_default="", max_length=3)),
                ("cost", fields.BigIntField(default=0, db_default=0)),
                (
                    "arrival",
                    fields.CharEnumField(
                        default=ArrivalState.HANDED,
                        description="HANDED: handed\nSENT: sent\nDELIVERED: delivered\nFAILED: failed",
                        db_default="handed",
                        enum_type=ArrivalState,
                        max_length=16,
                    ),
                ),
                ("code", fields.CharField(default="", db_default="", max_length=64)),
                ("reported_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "handover",
                "app": "baraza",
                "indexes": [
                    Index(fields=["account", "handed_at"]),
                    Index(fields=["account", "key"]),
                    Index(fields=["account", "message"]),
                    Index(fields=["delivery_id"]),
                    Index(fields=["post_id", "arrival"]),
                ],
                "pk_attr": "id",
                "table_description": "One send that went out, or may have. A delivery that is sent again has one for each time.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Identity",
            name="unreachable_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
    ]
