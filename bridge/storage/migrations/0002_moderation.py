from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint

from bridge.core.states import ThemeState


class Migration(migrations.Migration):
    dependencies = [("baraza", "0001_initial")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Absence",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("community", fields.CharField(max_length=64)),
                ("account", fields.CharField(max_length=64)),
                ("user", fields.CharField(max_length=255)),
                ("name", fields.CharField(default="", max_length=255)),
                ("until", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "absence",
                "app": "baraza",
                "unique_together": (("community", "account", "user"),),
                "pk_attr": "id",
                "table_description": "A moderator who is away until a moment.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Appointment",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("community", fields.CharField(max_length=64)),
                ("account", fields.CharField(max_length=64)),
                ("user", fields.CharField(max_length=255)),
                ("name", fields.CharField(default="", max_length=255)),
                ("role", fields.CharField(default="", max_length=16)),
                ("set_by", fields.CharField(max_length=255)),
                ("set_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "appointment",
                "app": "baraza",
                "unique_together": (("community", "account", "user"),),
                "pk_attr": "id",
                "table_description": "Who was made a moderator from inside the chat. An empty role: the appointment was ended.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Note",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "review",
                    fields.ForeignKeyField(
                        "baraza.Review",
                        source_field="review_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="notes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("text", fields.TextField(unique=False)),
                ("anchor", fields.TextField(default="", unique=False)),
                ("actor", fields.CharField(max_length=255)),
                ("name", fields.CharField(max_length=255)),
                ("initials", fields.CharField(max_length=64)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("removed", fields.BooleanField(default=False)),
            ],
            options={
                "table": "note",
                "app": "baraza",
                "indexes": [Index(fields=["review_id", "id"])],
                "pk_attr": "id",
                "table_description": "A moderator's note: never part of the author's words, always signed.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Quotation",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "post",
                    fields.ForeignKeyField(
                        "baraza.Post",
                        source_field="post_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="quotations",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("text", fields.TextField(unique=False)),
                ("actor", fields.CharField(max_length=255)),
                ("selected_name", fields.CharField(max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "quotation",
                "app": "baraza",
                "pk_attr": "id",
                "table_description": "A passage of a published post that a moderator marked, for export with its provenance.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Setting",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("community", fields.CharField(max_length=64)),
                ("key", fields.CharField(max_length=64)),
                ("value", fields.TextField(default="", unique=False)),
            ],
            options={
                "table": "setting",
                "app": "baraza",
                "unique_together": (("community", "key"),),
                "pk_attr": "id",
                "table_description": "What moderators have set from the chat, and when a community was last told something.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Standing",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "baraza.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="standings",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("community", fields.CharField(max_length=64)),
                ("standing", fields.CharField(default="", max_length=16)),
                ("set_by", fields.CharField(default="", max_length=255)),
                ("set_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "standing",
                "app": "baraza",
                "unique_together": (("person", "community"),),
                "pk_attr": "id",
                "table_description": "What moderators have said of an author: trusted, always held, or empty.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Theme",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("community", fields.CharField(max_length=64)),
                ("title", fields.CharField(max_length=255)),
                (
                    "state",
                    fields.CharEnumField(
                        default=ThemeState.OPEN,
                        description="OPEN: open\nCLOSED: closed",
                        enum_type=ThemeState,
                        max_length=16,
                    ),
                ),
                ("counter", fields.BigIntField(default=0)),
                ("discussion", fields.BooleanField(default=False)),
                ("sponsor", fields.CharField(default="", max_length=255)),
                ("questions", fields.TextField(default="[]", unique=False)),
                ("working_group", fields.TextField(default="[]", unique=False)),
                ("starts_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ends_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_by", fields.CharField(default="", max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "theme",
                "app": "baraza",
                "unique_together": (("community", "title"),),
                "pk_attr": "id",
                "table_description": "What a run of posts is about: a title and a counter, and for a thematic discussion its questions and dates.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Translation",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "submission",
                    fields.ForeignKeyField(
                        "baraza.Submission",
                        source_field="submission_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="translations",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("revision", fields.IntField()),
                ("language", fields.CharField(max_length=16)),
                ("text", fields.TextField(unique=False)),
                ("actor", fields.CharField(max_length=255)),
                ("translator", fields.CharField(max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "translation",
                "app": "baraza",
                "unique_together": (("submission", "revision", "language"),),
                "pk_attr": "id",
                "table_description": "A wording in another language, shown as a translation, with its translator.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Vote",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "review",
                    fields.ForeignKeyField(
                        "baraza.Review",
                        source_field="review_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="votes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("revision", fields.IntField()),
                ("shows", fields.CharField(max_length=64)),
                ("person_id", fields.BigIntField()),
                ("actor", fields.CharField(max_length=255)),
                ("name", fields.CharField(max_length=255)),
                ("at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "vote",
                "app": "baraza",
                "unique_together": (("review", "revision", "shows", "person_id"),),
                "pk_attr": "id",
                "table_description": "An approval where more than one is needed. It counts for exactly what its moderator was shown.",
            },
            bases=["Model"],
        ),
        ops.AlterField(
            model_name="Decision",
            name="review",
            field=fields.ForeignKeyField(
                "baraza.Review",
                source_field="review_id",
                null=True,
                db_constraint=True,
                to_field="id",
                related_name="decisions",
                on_delete=OnDelete.CASCADE,
            ),
        ),
        ops.AddField(
            model_name="Decision",
            name="community",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddField(
            model_name="Decision",
            name="detail",
            field=fields.TextField(default="{}", db_default="{}", unique=False),
        ),
        ops.AddField(
            model_name="Decision",
            name="hash",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddField(
            model_name="Decision",
            name="prev",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddField(
            model_name="Decision",
            name="seq",
            field=fields.BigIntField(null=True),
        ),
        ops.AddConstraint(
            model_name="Decision",
            constraint=UniqueConstraint(fields=("community", "seq"), name=None),
        ),
        ops.AddField(
            model_name="Delivery",
            name="shows",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddField(
            model_name="Post",
            name="corrected_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Post",
            name="headline",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.AddField(
            model_name="Post",
            name="notes",
            field=fields.TextField(default="{}", db_default="{}", unique=False),
        ),
        ops.AddField(
            model_name="Post",
            name="origin",
            field=fields.TextField(default="{}", db_default="{}", unique=False),
        ),
        ops.AddField(
            model_name="Post",
            name="publish_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Post",
            name="retracted_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Post",
            name="retracted_name",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.AddField(
            model_name="Post",
            name="short",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Post",
            name="targets",
            field=fields.TextField(default="[]", db_default="[]", unique=False),
        ),
        ops.AddField(
            model_name="Post",
            name="theme_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Post",
            name="theme_number",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Post",
            name="thread_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Post",
            name="thread_number",
            field=fields.BigIntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name="Post",
            name="translations",
            field=fields.TextField(default="{}", db_default="{}", unique=False),
        ),
        ops.AddField(
            model_name="Query",
            name="escalated_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Query",
            name="kind",
            field=fields.CharField(default="question", db_default="question", max_length=16),
        ),
        ops.AddField(
            model_name="Query",
            name="reminded_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Query",
            name="revision",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Query",
            name="wording",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Review",
            name="about_review",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Review",
            name="approvals",
            field=fields.IntField(default=1, db_default=1),
        ),
        ops.AddField(
            model_name="Review",
            name="claimed_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Review",
            name="claimed_by",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.AddField(
            model_name="Review",
            name="claimed_name",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.AddField(
            model_name="Review",
            name="consent",
            field=fields.CharField(default="", db_default="", max_length=16),
        ),
        ops.AddField(
            model_name="Review",
            name="crossed",
            field=fields.TextField(default="[]", db_default="[]", unique=False),
        ),
        ops.AddField(
            model_name="Review",
            name="escalated_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Review",
            name="escalated_name",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.AddField(
            model_name="Review",
            name="headline",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.AddField(
            model_name="Review",
            name="lapses_from",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Review",
            name="merged_into",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Review",
            name="short",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Review",
            name="short_revision",
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name="Review",
            name="targets",
            field=fields.TextField(default="[]", db_default="[]", unique=False),
        ),
        ops.AddField(
            model_name="Review",
            name="theme_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Revision",
            name="findings",
            field=fields.TextField(default="{}", db_default="{}", unique=False),
        ),
        ops.AddField(
            model_name="Submission",
            name="origin_post_id",
            field=fields.BigIntField(null=True),
        ),
    ]
