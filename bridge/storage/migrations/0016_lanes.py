from tortoise import migrations
from tortoise.migrations import operations as ops

from bridge.storage.waiting import PartialIndex


class Migration(migrations.Migration):
    dependencies = [("baraza", "0015_namesakes")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="Delivery",
            index=PartialIndex(
                fields=["account", "chat", "id", "due_at"],
                name="delivery_by_lane",
                where="(\"state\" || ':lane') = 'planned:lane' AND \"waits_for\" IS NULL AND \"view\" <> 'can_wait' AND \"view\" <> 'can_wait_less'",
            ),
        ),
        ops.AddIndex(
            model_name="Delivery",
            index=PartialIndex(
                fields=["account", "chat", "id"],
                name="delivery_by_change",
                where="(\"state\" || ':change') = 'planned:change' AND \"waits_for\" IS NULL AND \"view\" <> 'can_wait' AND \"view\" <> 'can_wait_less' AND \"operation\" IN ('edit', 'delete', 'prune') AND \"kind\" IN ('post', 'copy', 'removal')",
            ),
        ),
        ops.AddIndex(
            model_name="Delivery",
            index=PartialIndex(
                fields=["account", "view", "id"],
                name="delivery_by_patience",
                where="(\"state\" || ':patience') = 'planned:patience' AND \"waits_for\" IS NULL AND \"view\" IN ('can_wait', 'can_wait_less')",
            ),
        ),
        ops.AddIndex(
            model_name="Delivery",
            index=PartialIndex(
                fields=["account", "due_at"],
                name="delivery_by_hour",
                where="(\"state\" || ':hour') = 'planned:hour' AND \"waits_for\" IS NULL",
            ),
        ),
    ]
