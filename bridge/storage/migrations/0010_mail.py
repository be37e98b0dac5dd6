from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("baraza", "0009_archive")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Submission",
            name="cut",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
    ]
