from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from bridge.core.states import ApplicationState, LinkState, MembershipState, ProfileState


class Migration(migrations.Migration):
    dependencies = [("baraza", "0002_moderation")]

    initial = False

    operations = [
        ops.CreateModel(
            name="Application",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=16)),
                ("community", fields.CharField(max_length=64)),
                ("number", fields.BigIntField()),
                (
                    "identity",
                    fields.ForeignKeyField(
                        "baraza.Identity",
                        source_field="identity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="applications",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("subject_id", fields.BigIntField(null=True)),
                ("facts", fields.TextField(default="{}", unique=False)),
                (
                    "state",
                    fields.CharEnumField(
                        default=ApplicationState.OPEN,
                        description="OPEN: open\nAPPROVED: approved\nDECLINED: declined\nWITHDRAWN: withdrawn",
                        enum_type=ApplicationState,
                        max_length=16,
                    ),
                ),
                ("decided_by", fields.CharField(default="", max_length=255)),
                ("decided_name", fields.CharField(default="", max_length=255)),
                ("decided_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("words", fields.TextField(default="", unique=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "application",
                "app": "baraza",
                "unique_together": (("community", "number"),),
                "indexes": [Index(fields=["state", "community", "id"]), Index(fields=["kind", "subject_id"])],
                "pk_attr": "id",
                "table_description": "What somebody asks of the moderators that is no post: to join, to show a profile, to connect a group.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="BridgedGroup",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("community", fields.CharField(max_length=64)),
                ("account", fields.CharField(max_length=64)),
                ("chat", fields.CharField(max_length=255)),
                ("title", fields.CharField(default="", max_length=255)),
                ("size", fields.IntField(null=True)),
                ("intake", fields.CharField(default="hold", max_length=16)),
                ("language", fields.CharField(default="", max_length=16)),
                ("quiet", fields.CharField(default="", max_length=16)),
                ("zone", fields.CharField(default="", max_length=64)),
                (
                    "state",
                    fields.CharEnumField(
                        default=LinkState.ASKED,
                        description="ASKED: asked\nLINKED: linked\nREFUSED: refused\nUNLINKED: unlinked",
                        enum_type=LinkState,
                        max_length=16,
                    ),
                ),
                ("identity_id", fields.BigIntField()),
                ("decided_by", fields.CharField(default="", max_length=255)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("changed_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "bridged_group",
                "app": "baraza",
                "unique_together": (("account", "chat", "community"),),
                "pk_attr": "id",
                "table_description": "A group that was connected (or is to be) from inside a chat. Those of the config file are not here.",
            },
            bases=["Model"],
        ),
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
        ops.CreateModel(
            name="Invitation",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("code", fields.CharField(unique=True, max_length=64)),
                ("community", fields.CharField(max_length=64)),
                ("set_by", fields.CharField(max_length=255)),
                ("label", fields.CharField(default="", max_length=255)),
                ("most", fields.IntField(default=0)),
                ("used", fields.IntField(default=0)),
                ("expires_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended", fields.BooleanField(default=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "invitation",
                "app": "baraza",
                "pk_attr": "id",
                "table_description": "A link or code that lets people into a community.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LinkCode",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("hash", fields.CharField(max_length=64)),
                (
                    "identity",
                    fields.ForeignKeyField(
                        "baraza.Identity",
                        source_field="identity_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="link_codes",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("account", fields.CharField(default="", max_length=64)),
                ("user", fields.CharField(default="", max_length=255)),
                ("attempts", fields.IntField(default=0)),
                ("expires_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("used_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={
                "table": "link_code",
                "app": "baraza",
                "indexes": [Index(fields=["hash"]), Index(fields=["identity_id", "id"])],
                "pk_attr": "id",
                "table_description": "A code by which a person shows that two accounts are theirs. Only its hash is kept.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Membership",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                (
                    "person",
                    fields.ForeignKeyField(
                        "baraza.Person",
                        source_field="person_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="memberships",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("community", fields.CharField(max_length=64)),
                (
                    "state",
                    fields.CharEnumField(
                        description="APPLIED: applied\nMEMBER: member\nLEFT: left\nREFUSED: refused\nBANNED: banned",
                        enum_type=MembershipState,
                        max_length=16,
                    ),
                ),
                ("title", fields.CharField(default="", max_length=255)),
                ("note", fields.TextField(default="", unique=False)),
                ("via", fields.CharField(default="", max_length=64)),
                ("invitation_id", fields.BigIntField(null=True)),
                ("language", fields.CharField(default="", max_length=16)),
                ("reading", fields.CharField(default="", max_length=16)),
                ("media", fields.BooleanField(default=True)),
                ("hour", fields.IntField(default=7)),
                ("zone", fields.CharField(default="", max_length=64)),
                ("quiet", fields.CharField(default="", max_length=16)),
                ("away_until", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("read_post_id", fields.BigIntField(default=0)),
                ("digest_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("next_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("joined_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("ended_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("set_by", fields.CharField(default="", max_length=255)),
            ],
            options={
                "table": "membership",
                "app": "baraza",
                "unique_together": (("person", "community"),),
                "indexes": [
                    Index(fields=["community", "state"]),
                    Index(fields=["reading", "id"]),
                    Index(fields=["community", "reading", "next_at"]),
                ],
                "pk_attr": "id",
                "table_description": "A person in a community: where they stand, and how they want to read it.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Delivery",
            name="application_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Delivery",
            name="person_id",
            field=fields.BigIntField(null=True),
        ),
        ops.AddIndex(
            model_name="Delivery",
            index=Index(fields=["application_id"]),
        ),
        ops.AddIndex(
            model_name="Delivery",
            index=Index(fields=["person_id"]),
        ),
        ops.AddField(
            model_name="Identity",
            name="stopped_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Identity",
            name="verified",
            field=fields.CharField(default="platform", db_default="platform", max_length=16),
        ),
        ops.AddField(
            model_name="Identity",
            name="verified_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Person",
            name="erased_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
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
        ops.AddField(
            model_name="Profile",
            name="biography",
            field=fields.TextField(default="", db_default="", unique=False),
        ),
        ops.AddField(
            model_name="Profile",
            name="community",
            field=fields.CharField(default="", db_default="", max_length=64),
        ),
        ops.AddField(
            model_name="Profile",
            name="decided_at",
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name="Profile",
            name="decided_by",
            field=fields.CharField(default="", db_default="", max_length=255),
        ),
        ops.AddField(
            model_name="Profile",
            name="hidden",
            field=fields.TextField(default="[]", db_default="[]", unique=False),
        ),
        ops.AddField(
            model_name="Profile",
            name="state",
            field=fields.CharEnumField(
                default=ProfileState.APPROVED,
                description="PENDING: pending\nAPPROVED: approved\nDECLINED: declined\nREPLACED: replaced",
                db_default="approved",
                enum_type=ProfileState,
                max_length=16,
            ),
        ),
    ]
