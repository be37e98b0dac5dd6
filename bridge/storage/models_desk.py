"""More tables of the moderators' desk: what is added to an item, who may decide, what a community has set.

Docstrings become comments in the schema, and Tortoise cuts SQLite scripts at every semicolon: none may stand in them.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bridge.core.states import ThemeState
from bridge.storage.columns import ID, SHORT, id_column
from bridge.storage.models import Person, Post, Review, Submission


class Note(Model):
    """A moderator's note: never part of the author's words, always signed."""

    id = id_column()
    review: fields.ForeignKeyRelation[Review] = fields.ForeignKeyField("baraza.Review", related_name="notes")
    review_id: int
    text = fields.TextField()
    anchor = fields.TextField(default="")
    """The author's words that it stands beside, empty for the whole post."""
    actor = fields.CharField(ID)
    name = fields.CharField(ID)
    initials = fields.CharField(SHORT)
    created_at = fields.DatetimeField()
    removed = fields.BooleanField(default=False)

    class Meta:
        table = "note"
        indexes = (Index(fields=("review_id", "id")),)


class Translation(Model):
    """A wording in another language, shown as a translation, with its translator."""

    id = id_column()
    submission: fields.ForeignKeyRelation[Submission] = fields.ForeignKeyField(
        "baraza.Submission", related_name="translations"
    )
    submission_id: int
    revision = fields.IntField()
    """The wording it translates: a later one needs a new translation."""
    language = fields.CharField(16)
    text = fields.TextField()
    actor = fields.CharField(ID)
    translator = fields.CharField(ID)
    created_at = fields.DatetimeField()

    class Meta:
        table = "translation"
        unique_together = (("submission", "revision", "language"),)


class Theme(Model):
    """What a run of posts is about: a title and a counter, and for a thematic discussion its questions and dates."""

    id = id_column()
    community = fields.CharField(SHORT)
    title = fields.CharField(ID)
    state = fields.CharEnumField(ThemeState, max_length=16, default=ThemeState.OPEN)
    counter = fields.BigIntField(default=0)
    discussion = fields.BooleanField(default=False)
    sponsor = fields.CharField(ID, default="")
    questions = fields.TextField(default="[]")
    working_group = fields.TextField(default="[]")
    starts_at = fields.DatetimeField(null=True)
    ends_at = fields.DatetimeField(null=True)
    created_by = fields.CharField(ID, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "theme"
        unique_together = (("community", "title"),)


class Quotation(Model):
    """A passage of a published post that a moderator marked, for export with its provenance."""

    id = id_column()
    post: fields.ForeignKeyRelation[Post] = fields.ForeignKeyField("baraza.Post", related_name="quotations")
    post_id: int
    text = fields.TextField()
    actor = fields.CharField(ID)
    selected_name = fields.CharField(ID)
    created_at = fields.DatetimeField()

    class Meta:
        table = "quotation"
        indexes = (Index(fields=("post_id",)),)


class Standing(Model):
    """What moderators have said of an author: trusted, always held, or empty."""

    id = id_column()
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField("baraza.Person", related_name="standings")
    person_id: int
    community = fields.CharField(SHORT)
    standing = fields.CharField(16, default="")
    set_by = fields.CharField(ID, default="")
    set_at = fields.DatetimeField()

    class Meta:
        table = "standing"
        unique_together = (("person", "community"),)


class Appointment(Model):
    """Who was made a moderator from inside the chat. An empty role: the appointment was ended."""

    id = id_column()
    community = fields.CharField(SHORT)
    account = fields.CharField(SHORT)
    user = fields.CharField(ID)
    name = fields.CharField(ID, default="")
    role = fields.CharField(16, default="")
    set_by = fields.CharField(ID)
    set_at = fields.DatetimeField()

    class Meta:
        table = "appointment"
        unique_together = (("community", "account", "user"),)


class Absence(Model):
    """A moderator who is away until a moment."""

    id = id_column()
    community = fields.CharField(SHORT)
    account = fields.CharField(SHORT)
    user = fields.CharField(ID)
    name = fields.CharField(ID, default="")
    until = fields.DatetimeField()

    class Meta:
        table = "absence"
        unique_together = (("community", "account", "user"),)


class Vote(Model):
    """An approval where more than one is needed. It counts for exactly what its moderator was shown."""

    id = id_column()
    review: fields.ForeignKeyRelation[Review] = fields.ForeignKeyField("baraza.Review", related_name="votes")
    review_id: int
    revision = fields.IntField()
    shows = fields.CharField(SHORT)
    person_id = fields.BigIntField()
    """The person, so that one moderator on two phones is one."""
    actor = fields.CharField(ID)
    name = fields.CharField(ID)
    at = fields.DatetimeField()

    class Meta:
        table = "vote"
        unique_together = (("review", "revision", "shows", "person_id"),)


class Setting(Model):
    """What moderators have set from the chat, and when a community was last told something."""

    id = id_column()
    community = fields.CharField(SHORT)
    key = fields.CharField(SHORT)
    value = fields.TextField(default="")

    class Meta:
        table = "setting"
        unique_together = (("community", "key"),)


__all__ = [
    "Absence",
    "Appointment",
    "Note",
    "Quotation",
    "Setting",
    "Standing",
    "Theme",
    "Translation",
    "Vote",
]
