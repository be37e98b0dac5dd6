from tortoise import migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("baraza", "0011_bounces")]

    initial = False

    operations = [
        ops.AddIndex(
            model_name="Decision",
            index=Index(fields=["review_id"]),
        ),
        ops.AddIndex(
            model_name="Delivery",
            index=Index(fields=["account", "target_message"]),
        ),
        ops.AddIndex(
            model_name="Handover",
            index=Index(fields=["arrival", "reported_at"]),
        ),
        ops.AddIndex(
            model_name="Post",
            index=Index(fields=["community", "corrected_at"]),
        ),
        ops.AddIndex(
            model_name="Post",
            index=Index(fields=["community", "retracted_at"]),
        ),
        ops.AddIndex(
            model_name="Post",
            index=Index(fields=["publish_at"]),
        ),
        ops.AddIndex(
            model_name="Review",
            index=Index(fields=["submission_id"]),
        ),
        ops.AddIndex(
            model_name="Review",
            index=Index(fields=["community", "decided_at"]),
        ),
        ops.AddIndex(
            model_name="Submission",
            index=Index(fields=["community", "created_at"]),
        ),
    ]
