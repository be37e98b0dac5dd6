from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("baraza", "0005_messages")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="Delivery",
            index=Index(fields=["state", "view", "id"]),
        ),
        ops.AddIndex(
            model_name="Identity",
            index=Index(fields=["account", "direct_chat"]),
        ),
        ops.AddIndex(
            model_name="Identity",
            index=Index(fields=["person_id"]),
        ),
    ]
