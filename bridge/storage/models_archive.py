"""Tables of the archive page: what stands in it, by whose links it is read, and small pictures that were made for it.

Docstrings become comments in the schema, and Tortoise cuts SQLite scripts at every semicolon: none may stand in them.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bridge.storage.columns import SHORT, id_column


class ArchiveEntry(Model):
    """A published post as the archive lists and finds it. There is one for every post that is not taken back."""

    id = fields.BigIntField(primary_key=True, generated=False)
    """The post's. No foreign key: an approval that is undone and given again brings its post back under its id."""
    community = fields.CharField(SHORT)
    published_at = fields.DatetimeField()
    """From when on it is shown."""
    theme_id = fields.BigIntField(null=True)
    thread_id = fields.BigIntField()
    """The first post of its sub-thread, which may be itself."""
    everywhere = fields.BooleanField(default=True)
    """Was it sent to all groups of its community?"""
    words = fields.TextField()
    """Its words and its author's card, folded, each word once. The full-text index is made of it by the database."""

    class Meta:
        table = "archive_entry"
        indexes = (
            # What members see, and what everybody sees: each is counted without looking at the rows.
            Index(fields=("community", "published_at", "id")),
            Index(fields=("community", "everywhere", "published_at", "id")),
            Index(fields=("theme_id", "published_at", "id")),
            Index(fields=("thread_id", "id")),
        )


class PersonalLink(Model):
    """An unguessable link that is a member's own: to read the archive, or to unsubscribe."""

    id = id_column()
    selector = fields.CharField(SHORT, unique=True)
    """The beginning of the token, by which it is found."""
    secret = fields.CharField(SHORT)
    """The rest, which is compared in constant time."""
    purpose = fields.CharField(16)
    """archive or unsubscribe."""
    person_id = fields.BigIntField()
    community = fields.CharField(SHORT)
    created_at = fields.DatetimeField()

    class Meta:
        table = "personal_link"
        indexes = (Index(fields=("person_id", "community", "purpose")),)


class SmallPicture(Model):
    """A picture made small for a reader who asked for it, kept in the media store."""

    id = id_column()
    source = fields.CharField(SHORT)
    """The file that it was made of, by its SHA-256."""
    kind = fields.CharField(16)
    """Which size."""
    sha256 = fields.CharField(SHORT)
    size = fields.IntField()
    """Bytes."""
    width = fields.IntField()
    height = fields.IntField()

    class Meta:
        table = "small_picture"
        unique_together = (("source", "kind"),)
        indexes = (Index(fields=("sha256",)),)


__all__ = ["ArchiveEntry", "PersonalLink", "SmallPicture"]
