"""The tables of members: persons, their accounts, what they say of themselves, their dialogues.

Docstrings become comments in the schema, and Tortoise cuts SQLite scripts at every semicolon: none may stand in them.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bridge.core.ids import AccountId, Address, ChatId, UserId, UserRef
from bridge.core.states import ConversationState, ProfileState
from bridge.storage.columns import ID, SHORT, id_column


class Person(Model):
    """A member, whatever phones they hold."""

    id = id_column()
    language = fields.CharField(16, default="")
    created_at = fields.DatetimeField()
    languages = fields.TextField(default="{}", db_default="{}")
    """{community: language} where they want another one there: as their memberships say it, beside the person."""
    erased_at = fields.DatetimeField(null=True)
    """Everything about them was erased: the row stays so that numbers in the audit log point at nobody."""

    class Meta:
        table = "person"


class Identity(Model):
    """One account of a person on one platform."""

    id = id_column()
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField("baraza.Person", related_name="identities")
    person_id: int
    account = fields.CharField(SHORT)
    user = fields.CharField(ID)
    name = fields.CharField(ID)
    called = fields.CharField(ID, default="", db_default="")
    """Their name, as ``namesakes_until`` looks for it."""
    handle = fields.CharField(ID, default="")
    direct_chat = fields.CharField(ID, default="")
    direct_open = fields.BooleanField(default=False)
    """The person has written privately, so we may answer there."""
    stopped_at = fields.DatetimeField(null=True)
    """They wrote STOP here: nothing is sent to it until they write again."""
    unreachable_at = fields.DatetimeField(null=True)
    """What was sent there failed again and again: nothing is sent to it until they write again."""
    warned_at = fields.DatetimeField(null=True)
    """When their owner was told that letters there come back. What is sent later and comes back ends it."""
    counted_from = fields.DatetimeField(null=True)
    """They have written since letters came back: what failed before counts no more."""
    community = fields.CharField(SHORT, default="")
    """Where private messages go, once chosen."""
    verified = fields.CharField(16, default="platform", db_default="platform")
    """What vouches for it: platform (its own account), mail (aligned DMARC), code, or claimed (nothing does)."""
    verified_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "identity"
        unique_together = (("account", "user"),)
        indexes = (Index(fields=("account", "direct_chat")), Index(fields=("person_id",)), Index(fields=("called",)))

    @property
    def ref(self) -> UserRef:
        return UserRef(AccountId(self.account), UserId(self.user))

    @property
    def direct(self) -> Address | None:
        return Address(AccountId(self.account), ChatId(self.direct_chat)) if self.direct_chat else None


class Profile(Model):
    """One version of what a person says of themselves. Posts keep the version they were approved with."""

    id = id_column()
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField("baraza.Person", related_name="profiles")
    person_id: int
    version = fields.IntField()
    community = fields.CharField(SHORT, default="", db_default="")
    """Whose questions it answers, empty for a version from before each community had its own."""
    answers = fields.TextField()
    """{field id: text}"""
    called = fields.CharField(ID, default="", db_default="")
    """Their answer to what they are called, as ``namesakes_until`` looks for it."""
    shown = fields.BooleanField(default=False)
    """Consent to show it under posts."""
    hidden = fields.TextField(default="[]", db_default="[]")
    """Ids of the fields that are answered and not to be shown."""
    biography = fields.TextField(default="", db_default="")
    """A curated paragraph in place of the one made of the answers."""
    state = fields.CharEnumField(
        ProfileState, max_length=16, default=ProfileState.APPROVED, db_default=ProfileState.APPROVED.value
    )
    decided_by = fields.CharField(ID, default="", db_default="")
    decided_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "profile"
        unique_together = (("person", "version"),)
        indexes = (Index(fields=("called",)),)


class Conversation(Model):
    """A dialogue with a member that can be left and taken up again."""

    id = id_column()
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "baraza.Identity", related_name="conversations"
    )
    identity_id: int
    kind = fields.CharField(SHORT)
    community = fields.CharField(SHORT)
    state = fields.CharEnumField(ConversationState, max_length=16, default=ConversationState.OPEN)
    step = fields.CharField(SHORT)
    answers = fields.TextField(default="{}")
    updated_at = fields.DatetimeField()

    class Meta:
        table = "conversation"
        unique_together = (("identity", "kind"),)
