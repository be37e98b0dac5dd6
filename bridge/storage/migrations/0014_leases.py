from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("baraza", "0013_many_posts")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Lease",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=128)),
                ("holder", fields.CharField(max_length=64)),
                ("fence", fields.BigIntField(default=1)),
                ("until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "lease",
                "app": "baraza",
                "pk_attr": "name",
                "table_description": "What only one of several programs may work, and until when, by the database's own clock.",
            },
            bases=["Model"],
        ),
    ]
