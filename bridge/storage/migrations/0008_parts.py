from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("baraza", "0007_sms")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Delivery",
            name="item",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Post",
            name="reply_place",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.AddField(
            model_name="Submission",
            name="reply_place",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
    ]
