"""The tables of posts and their way, with those of the other modules.

JSON values are text columns in the form of ``codec``, times are aware and in UTC.

Docstrings become comments in the schema, and Tortoise cuts SQLite scripts at every semicolon: none may stand in them.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

from bridge.core.ids import AccountId, Address, ChatId, MessageId, RemoteRef, address_of
from bridge.core.states import DeliveryState, PostState, ReviewState
from bridge.storage import waiting
from bridge.storage.columns import ID, SHORT, id_column
from bridge.storage.models_intake import AdapterState, Chat, ChatAlias, Counter, Inbox, Lease, Meta
from bridge.storage.models_people import Conversation, Identity, Person, Profile

__all__ = [
    "AdapterState",
    "Chat",
    "ChatAlias",
    "Conversation",
    "Counter",
    "Decision",
    "Delivery",
    "Handle",
    "Identity",
    "Inbox",
    "Lease",
    "Meta",
    "Person",
    "Post",
    "Profile",
    "Query",
    "Review",
    "Revision",
    "Source",
    "Submission",
]


class Submission(Model):
    """What an author wants to say, from wherever they said it."""

    id = id_column()
    community = fields.CharField(SHORT)
    number = fields.BigIntField()
    identity: fields.ForeignKeyRelation[Identity] = fields.ForeignKeyField(
        "baraza.Identity", related_name="submissions"
    )
    identity_id: int
    account = fields.CharField(SHORT)
    chat = fields.CharField(ID)
    message = fields.CharField(ID)
    private = fields.BooleanField()
    intake = fields.CharField(16)
    """How the group it came from treats originals: hold or copy, private for a private chat."""
    album = fields.CharField(ID, default="")
    reply_post_id = fields.BigIntField(null=True)
    """The post it answers. No foreign key: posts come from submissions, and a circle cannot be created."""
    reply_place = fields.CharField(ID, default="", db_default="")
    """Which file of that post, or how far into its text: see ``core.spots``. Empty for the post as a whole."""
    reply_excerpt = fields.TextField(default="")
    cut = fields.TextField(default="", db_default="")
    """What stood in the mail and was not taken as its author's words, for as long as somebody may restore it."""
    origin_post_id = fields.BigIntField(null=True)
    """The post of another community that this is a copy of. No foreign key, for the same reason."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "submission"
        unique_together = (("community", "number"),)
        indexes = (
            Index(fields=("account", "chat", "album")),
            Index(fields=("identity_id", "id")),
            Index(fields=("community", "created_at")),
        )

    @property
    def source(self) -> RemoteRef:
        return RemoteRef(AccountId(self.account), ChatId(self.chat), MessageId(self.message))


class Source(Model):
    """Every message out there that a submission was made of (an album has several)."""

    id = id_column()
    submission: fields.ForeignKeyRelation[Submission] = fields.ForeignKeyField(
        "baraza.Submission", related_name="sources"
    )
    submission_id: int
    account = fields.CharField(SHORT)
    chat = fields.CharField(ID)
    message = fields.CharField(ID)
    text = fields.TextField(default="", db_default="")
    """What of the author's words came with it, as rich text. Empty where that was not recorded."""
    attachments = fields.TextField(default="[]", db_default="[]")
    uncarried = fields.TextField(default="[]", db_default="[]")
    posted_at = fields.DatetimeField(null=True)
    """Null where nothing may follow it as part of the same post, and where it was not recorded."""

    class Meta:
        table = "source"
        unique_together = (("account", "chat", "message"),)
        indexes = (Index(fields=("submission_id",)),)

    @property
    def ref(self) -> RemoteRef:
        return RemoteRef(AccountId(self.account), ChatId(self.chat), MessageId(self.message))


class Revision(Model):
    """One wording of a submission. Approvals are of exactly one."""

    id = id_column()
    submission: fields.ForeignKeyRelation[Submission] = fields.ForeignKeyField(
        "baraza.Submission", related_name="revisions"
    )
    submission_id: int
    number = fields.IntField()
    text = fields.TextField()
    attachments = fields.TextField(default="[]")
    uncarried = fields.TextField(default="[]")
    editor = fields.CharField(ID, default="")
    """The moderator whose wording it is, empty for the author's own."""
    findings = fields.TextField(default="{}", db_default="{}")
    """What was noticed in this wording: {"hints": [{"kind", "excerpt"}], "language": tag}."""
    created_at = fields.DatetimeField()

    class Meta:
        table = "revision"
        unique_together = (("submission", "number"),)


class Review(Model):
    """What moderators decide on."""

    id = id_column()
    kind = fields.CharField(16, default="post")
    community = fields.CharField(SHORT)
    submission: fields.ForeignKeyRelation[Submission] = fields.ForeignKeyField(
        "baraza.Submission", related_name="reviews"
    )
    submission_id: int
    revision = fields.IntField()
    """The number of the revision now under review."""
    state = fields.CharEnumField(ReviewState, max_length=16, default=ReviewState.HELD)
    reasons = fields.TextField(default="[]")
    """Codes of why it is held."""
    approvals = fields.IntField(default=1, db_default=1)
    """How many moderators must approve."""
    headline = fields.CharField(ID, default="", db_default="")
    theme_id = fields.BigIntField(null=True)
    short = fields.TextField(default="", db_default="")
    """The moderators' short version for chats where every character costs."""
    short_revision = fields.IntField(default=0, db_default=0)
    """The wording that it shortens: of a later one it may say what is no longer true."""
    targets = fields.TextField(default="[]", db_default="[]")
    """Addresses of the groups chosen; none: all of the community."""
    crossed = fields.TextField(default="[]", db_default="[]")
    """Ids of the other communities that are offered a copy once it is published."""
    previews = fields.BooleanField(default=False, db_default=False)
    """May readers' apps show what is behind its first link?"""
    claimed_by = fields.CharField(ID, default="", db_default="")
    claimed_name = fields.CharField(ID, default="", db_default="")
    claimed_at = fields.DatetimeField(null=True)
    escalated_name = fields.CharField(ID, default="", db_default="")
    escalated_at = fields.DatetimeField(null=True)
    consent = fields.CharField(16, default="", db_default="")
    """The author's word on a moderator's wording: empty (not needed), asked, given, refused."""
    merged_into = fields.BigIntField(null=True)
    """The review that says the same."""
    about_review = fields.BigIntField(null=True)
    """For an appeal or a correction: the review that it is about."""
    lapses_from = fields.DatetimeField(null=True)
    """Since when a question has been open: from here its timers count."""
    decided_by = fields.CharField(ID, default="")
    decided_name = fields.CharField(ID, default="")
    decided_at = fields.DatetimeField(null=True)
    reason = fields.CharField(SHORT, default="")
    words = fields.TextField(default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "review"
        indexes = (
            Index(fields=("state", "community", "id")),
            Index(fields=("community", "decided_at")),
            Index(fields=("submission_id",)),
            Index(fields=("merged_into",)),
        )


class Decision(Model):
    """The audit log: who, when, what, why, on which revision. Never changed."""

    id = id_column()
    review: fields.ForeignKeyNullableRelation[Review] = fields.ForeignKeyField(
        "baraza.Review", related_name="decisions", null=True
    )
    review_id: int | None
    community = fields.CharField(SHORT, default="", db_default="")
    at = fields.DatetimeField()
    actor = fields.CharField(ID)
    action = fields.CharField(SHORT)
    revision = fields.IntField()
    reason = fields.CharField(SHORT, default="")
    detail = fields.TextField(default="{}", db_default="{}")
    """What else a person needs to understand the line: numbers and codes, never anybody's words."""
    seq = fields.BigIntField(null=True)
    """Its place in the community's chain, null for lines from before there was one."""
    prev = fields.CharField(SHORT, default="", db_default="")
    hash = fields.CharField(SHORT, default="", db_default="")

    class Meta:
        table = "decision"
        unique_together = (("community", "seq"),)
        indexes = (Index(fields=("review_id",)),)


class Query(Model):
    """A moderator's question to the author, and the answer. Open while there is none."""

    id = id_column()
    review: fields.ForeignKeyRelation[Review] = fields.ForeignKeyField("baraza.Review", related_name="queries")
    review_id: int
    question = fields.TextField()
    answer = fields.TextField(default="")
    asked_by = fields.CharField(ID)
    asked_name = fields.CharField(ID)
    asked_at = fields.DatetimeField()
    answered_at = fields.DatetimeField(null=True)
    closed = fields.BooleanField(default=False)
    """The post was decided before an answer came."""
    kind = fields.CharField(16, default="question", db_default="question")
    """question, or consent to a moderator's wording."""
    revision = fields.IntField(default=0, db_default=0)
    """Which wording consent is asked for."""
    wording = fields.TextField(default="", db_default="")
    """The answer as rich text, kept so that its author can make it the new wording."""
    reminded_at = fields.DatetimeField(null=True)
    escalated_at = fields.DatetimeField(null=True)
    """When the moderators were told that there is no answer."""

    class Meta:
        table = "query"
        indexes = (Index(fields=("review_id", "id")),)


class Post(Model):
    """An approved revision with the author card frozen into it."""

    id = id_column()
    community = fields.CharField(SHORT)
    number = fields.BigIntField()
    submission: fields.OneToOneRelation[Submission] = fields.OneToOneField("baraza.Submission", related_name="post")
    submission_id: int
    revision = fields.IntField()
    author = fields.CharField(ID)
    text = fields.TextField()
    attachments = fields.TextField(default="[]")
    uncarried = fields.TextField(default="[]")
    card = fields.TextField()
    reply_post_id = fields.BigIntField(null=True)
    """The post it answers. No foreign key: posts come from submissions, and a circle cannot be created."""
    reply_place = fields.CharField(ID, default="", db_default="")
    """What of it, as with the submission."""
    headline = fields.CharField(ID, default="", db_default="")
    theme_id = fields.BigIntField(null=True)
    theme_number = fields.BigIntField(null=True)
    thread_id = fields.BigIntField(null=True)
    """The first post of its sub-thread, null for that one itself."""
    thread_number = fields.BigIntField(default=1, db_default=1)
    notes = fields.TextField(default="{}", db_default="{}")
    """Moderators' notes, frozen: {"notes": [{"text", "anchor", "name", "initials"}]}."""
    short = fields.TextField(default="", db_default="")
    translations = fields.TextField(default="{}", db_default="{}")
    """Frozen, by language: {"text": rich text, "translator": name}."""
    origin = fields.TextField(default="{}", db_default="{}")
    """For a copy from another community: {"community": name, "number"}."""
    targets = fields.TextField(default="[]", db_default="[]")
    previews = fields.BooleanField(default=False, db_default=False)
    publish_at = fields.DatetimeField(null=True)
    """When its first message may go out."""
    feed_number = fields.BigIntField(null=True)
    """Its place among what its community has published, in the order of publication: those who read privately are
    sent what stands behind the last one they were sent. Null until the first of them may be."""
    corrected_at = fields.DatetimeField(null=True)
    retracted_at = fields.DatetimeField(null=True)
    retracted_name = fields.CharField(ID, default="", db_default="")
    state = fields.CharEnumField(PostState, max_length=16, default=PostState.LIVE)
    approved_at = fields.DatetimeField()

    class Meta:
        table = "post"
        unique_together = (("community", "number"),)
        indexes = (
            Index(fields=("community", "feed_number")),
            Index(fields=("community", "corrected_at")),
            Index(fields=("community", "retracted_at")),
            Index(fields=("publish_at",)),
        )


class Handle(Model):
    """An unguessable name for one action on one revision of one thing: what a button carries."""

    token = fields.CharField(SHORT, primary_key=True)
    subject = fields.CharField(16)
    """What it acts on: review, submission, conversation, delivery."""
    subject_id = fields.BigIntField()
    revision = fields.IntField(default=0)
    action = fields.CharField(SHORT)
    argument = fields.CharField(SHORT, default="")
    created_at = fields.DatetimeField()

    class Meta:
        table = "handle"
        unique_together = (("subject", "subject_id", "revision", "action", "argument"),)


class Delivery(Model):
    """One physical message on its way out: the outbox, the queue and the ledger in one."""

    id = id_column()
    kind = fields.CharField(16)
    """post, card, prompt, notice, removal."""
    community = fields.CharField(SHORT, default="")
    post: fields.ForeignKeyNullableRelation[Post] = fields.ForeignKeyField(
        "baraza.Post", related_name="deliveries", null=True
    )
    post_id: int | None
    review: fields.ForeignKeyNullableRelation[Review] = fields.ForeignKeyField(
        "baraza.Review", related_name="deliveries", null=True
    )
    review_id: int | None
    application_id = fields.BigIntField(null=True)
    """For the card of an application. No foreign key: SQLite would have to rebuild the largest table."""
    person_id = fields.BigIntField(null=True)
    """For what goes to one person alone (a notice, a digest, their own copy of a post)."""
    account = fields.CharField(SHORT)
    chat = fields.CharField(ID)
    part = fields.IntField(default=1)
    operation = fields.CharField(16, default="send")
    revision = fields.IntField(default=0)
    """Which wording a card or a prompt is about."""
    state = fields.CharEnumField(DeliveryState, max_length=16, default=DeliveryState.PLANNED)
    due_at = fields.DatetimeField()
    expires_at = fields.DatetimeField(null=True)
    waits_for = fields.BigIntField(null=True)
    """The row that must be settled first: an earlier part, the send that an edit changes."""
    target_id = fields.BigIntField(null=True)
    """The row whose message is edited or removed."""
    target_chat = fields.CharField(ID, default="")
    """With target_message: a message that is not ours, to be removed or answered. Beside target_id: that one of the
    messages it became."""
    target_message = fields.CharField(ID, default="")
    item = fields.IntField(default=0, db_default=0)
    """For an edit of one message of several: which file of the content it shows, from 1."""
    content = fields.TextField(default="")
    payload = fields.TextField(default="")
    """Frozen at the first claim and the same at every attempt."""
    attempts = fields.IntField(default=0)
    doubted = fields.BooleanField(default=False)
    """An earlier attempt may have arrived: what a later one is answered does not clear that."""
    first_attempt_at = fields.DatetimeField(null=True)
    attempted_at = fields.DatetimeField(null=True)
    view = fields.CharField(SHORT, default="")
    """Which of a card's keyboards this channel is looking at."""
    shows = fields.CharField(SHORT, default="", db_default="")
    """For a card: the fingerprint of everything publishable that it shows. For a private copy: that of its words."""
    remote_chat = fields.CharField(ID, default="")
    message = fields.CharField(ID, default="")
    reason = fields.CharField(SHORT, default="")
    detail = fields.TextField(default="")
    planned_at = fields.DatetimeField()
    done_at = fields.DatetimeField(null=True)

    class Meta:
        table = "delivery"
        indexes = (
            Index(fields=("state", "account", "chat", "id")),
            Index(fields=("state", "view", "id")),
            Index(fields=("waits_for",)),
            Index(fields=("post_id", "account", "chat")),
            Index(fields=("review_id", "account", "chat")),
            Index(fields=("account", "remote_chat", "message")),
            Index(fields=("account", "attempted_at")),
            Index(fields=("application_id",)),
            Index(fields=("person_id",)),
            Index(fields=("target_id",)),
            Index(fields=("account", "target_message")),
            *waiting.INDEXES,
        )

    @property
    def address(self) -> Address:
        return address_of(self.account, self.chat)

    @property
    def ref(self) -> RemoteRef | None:
        """The message it became, once delivered."""
        if not self.message:
            return None
        return RemoteRef(AccountId(self.account), ChatId(self.remote_chat or self.chat), MessageId(self.message))
