import json
from typing import Any

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from bridge.storage import people


async def _fill(apps: Any, schema_editor: Any) -> None:
    """What people were called before, in the way in which it is compared now."""
    client = schema_editor.client
    names = await client.execute_query_dict("SELECT id, name FROM identity WHERE name <> ''")
    given = await client.execute_query_dict("SELECT id, answers FROM profile")
    for statement, rows in (
        ("UPDATE identity SET called = $1 WHERE id = $2", [(row["name"], row["id"]) for row in names]),
        ("UPDATE profile SET called = $1 WHERE id = $2", [(_answered(row["answers"]), row["id"]) for row in given]),
    ):
        values = [[people.called(name), number] for name, number in rows if name]
        if values:
            sqlite = client.capabilities.dialect == "sqlite"
            await client.execute_many(statement.replace("$", "?") if sqlite else statement, values)


def _answered(answers: str) -> str:
    try:
        found = json.loads(answers)
    except ValueError:
        return ""
    return str(found.get("name", "")) if isinstance(found, dict) else ""


class Migration(migrations.Migration):
    dependencies = [("baraza", "0014_leases")]

    initial = False

    operations = [
        ops.AddField(
            model_name="Identity",
            name="called",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.AddIndex(
            model_name="Identity",
            index=Index(fields=["called"]),
        ),
        ops.AddField(
            model_name="Profile",
            name="called",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.AddIndex(
            model_name="Profile",
            index=Index(fields=["called"]),
        ),
        ops.AddIndex(
            model_name="Quotation",
            index=Index(fields=["post_id"]),
        ),
        ops.AddIndex(
            model_name="Review",
            index=Index(fields=["merged_into"]),
        ),
        ops.RunPython(_fill),
    ]
