"""Tables of membership: who belongs where, what they ask for, what they prefer, which groups were connected in a chat.

Docstrings become comments in the schema, and Tortoise cuts SQLite scripts at every semicolon: none may stand in them.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bridge.core.ids import AccountId, Address, ChatId
from bridge.core.states import ApplicationState, LinkState, MembershipState
from bridge.storage.columns import ID, SHORT, id_column
from bridge.storage.models_people import Identity, Person


class Membership(Model):
    """A person in a community: where they stand, and how they want to read it."""

    id = id_column()
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField("baraza.Person", related_name="memberships")
    person_id: int
    community = fields.CharField(SHORT)
    state = fields.CharEnumField(MembershipState, max_length=16)
    title = fields.CharField(ID, default="")
    """Given by a coordinator: Country Representative for Kenya."""
    note = fields.TextField(default="")
    """What they said of themselves when they asked to join, or why they were banned."""
    via = fields.CharField(SHORT, default="")
    """How they came: post, join, invitation, import."""
    invitation_id = fields.BigIntField(null=True)
    language = fields.CharField(16, default="")
    """For this community, empty: the person's own."""
    reading = fields.CharField(16, default="")
    """Private copies: empty (reads in the groups), immediate, daily, weekly, monthly, none."""
    media = fields.BooleanField(default=True)
    """Also files, not only words."""
    hour = fields.IntField(default=7)
    """Of their day, when a digest comes."""
    zone = fields.CharField(SHORT, default="")
    """Their time zone, empty: the community's."""
    quiet = fields.CharField(16, default="")
    """Hours in which nothing is sent to them: 21:00-06:30."""
    away_until = fields.DatetimeField(null=True)
    read_post_id = fields.BigIntField(default=0)
    """The last post they were sent (or were offered in a digest)."""
    digest_at = fields.DatetimeField(null=True)
    """When their last digest was made."""
    next_at = fields.DatetimeField(null=True)
    """Not to be looked at before, for private copies: their next digest, the end of their quiet hours."""
    created_at = fields.DatetimeField()
    joined_at = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    set_by = fields.CharField(ID, default="")
    """Who admitted, refused or banned them: an identity's number, or the program."""

    class Meta:
        table = "membership"
        unique_together = (("person", "community"),)
        indexes = (
            Index(fields=("community", "state")),
            Index(fields=("reading", "id")),
            Index(fields=("community", "reading", "next_at")),
        )


class CopyChange(Model):
    """A post was corrected or taken back: its private copies follow, a batch at a time."""

    id = id_column()
    post_id = fields.BigIntField()
    community = fields.CharField(SHORT)
    action = fields.CharField(16)
    """correct or retract."""
    after_person = fields.BigIntField(default=0)
    """Up to this person all copies have been seen to."""
    done = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "copy_change"
        indexes = (Index(fields=("done", "community", "id")),)


class Invitation(Model):
    """A link or code that lets people into a community."""

    id = id_column()
    code = fields.CharField(SHORT, unique=True)
    community = fields.CharField(SHORT)
    set_by = fields.CharField(ID)
    label = fields.CharField(ID, default="")
    most = fields.IntField(default=0)
    """How many may use it, 0: any number."""
    used = fields.IntField(default=0)
    expires_at = fields.DatetimeField(null=True)
    ended = fields.BooleanField(default=False)
    created_at = fields.DatetimeField()

    class Meta:
        table = "invitation"


class Application(Model):
    """What somebody asks of the moderators that is no post: to join, to show a profile, to connect a group."""

    id = id_column()
    kind = fields.CharField(16)
    """join, profile, group."""
    community = fields.CharField(SHORT)
    number = fields.BigIntField()
    """Of its community's applications: what people call it, as in A7."""
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "baraza.Identity", related_name="applications"
    )
    identity_id: int
    subject_id = fields.BigIntField(null=True)
    """The membership, profile version or bridged group that it is about."""
    facts = fields.TextField(default="{}")
    """What its kind wants to remember, as JSON."""
    state = fields.CharEnumField(ApplicationState, max_length=16, default=ApplicationState.OPEN)
    decided_by = fields.CharField(ID, default="")
    decided_name = fields.CharField(ID, default="")
    decided_at = fields.DatetimeField(null=True)
    words = fields.TextField(default="")
    """Why not, in the moderator's words."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "application"
        unique_together = (("community", "number"),)
        indexes = (Index(fields=("state", "community", "id")), Index(fields=("kind", "subject_id")))


class LinkCode(Model):
    """A code by which a person shows that two accounts are theirs. Only its hash is kept."""

    id = id_column()
    hash = fields.CharField(SHORT)
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField("baraza.Identity", related_name="link_codes")
    identity_id: int
    """The account that asked."""
    account = fields.CharField(SHORT, default="")
    """Where it was sent, empty: it may come from any other account."""
    user = fields.CharField(ID, default="")
    attempts = fields.IntField(default=0)
    expires_at = fields.DatetimeField()
    used_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "link_code"
        indexes = (Index(fields=("hash",)), Index(fields=("identity_id", "id")))


class BridgedGroup(Model):
    """A group that was connected (or is to be) from inside a chat. Those of the config file are not here."""

    id = id_column()
    community = fields.CharField(SHORT)
    account = fields.CharField(SHORT)
    chat = fields.CharField(ID)
    title = fields.CharField(ID, default="")
    size = fields.IntField(null=True)
    """How many people are in it, where the platform says so."""
    intake = fields.CharField(16, default="hold")
    language = fields.CharField(16, default="")
    quiet = fields.CharField(16, default="")
    zone = fields.CharField(SHORT, default="")
    state = fields.CharEnumField(LinkState, max_length=16, default=LinkState.ASKED)
    identity_id = fields.BigIntField()
    """Who asked."""
    decided_by = fields.CharField(ID, default="")
    created_at = fields.DatetimeField()
    changed_at = fields.DatetimeField()

    class Meta:
        table = "bridged_group"
        unique_together = (("account", "chat", "community"),)

    @property
    def address(self) -> Address:
        return Address(AccountId(self.account), ChatId(self.chat))


__all__ = ["Application", "BridgedGroup", "CopyChange", "Invitation", "LinkCode", "Membership"]
