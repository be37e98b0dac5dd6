"""The columns that hold a person as a moderator: what they decided, signed and were called meanwhile."""

from tortoise.expressions import Q

from bridge.storage import codec
from bridge.storage.models import Post, Profile, Query, Review, Revision
from bridge.storage.models_desk import Absence, Appointment, Note, Quotation, Standing, Theme, Translation, Vote
from bridge.storage.models_members import Application, BridgedGroup, Invitation, Membership
from bridge.storage.personal_kinds import AS_IT_IS, MOMENT, NOBODY, NUMBER, Share, accounts, listed, token

AS_MODERATOR: tuple[Share, ...] = (
    Share(
        section="decided as a moderator",
        model=Review,
        find=lambda s: Q(decided_by__in=s.refs),
        columns={"decided_by": token, "decided_name": NOBODY},
        also=("community", "kind", "state", "decided_at"),
    ),
    Share(
        section="claimed as a moderator",
        model=Review,
        find=lambda s: Q(claimed_by__in=s.refs) | Q(claimed_name__in=s.called, claimed_by=""),
        columns={"claimed_by": "", "claimed_name": "", "claimed_at": None},
        also=("community",),
    ),
    Share(
        section="escalated as a moderator",
        model=Review,
        find=lambda s: Q(id__in=s.reviews_where("escalate")) & ~Q(escalated_name=""),
        columns={"escalated_name": NOBODY},
        also=("community", "escalated_at"),
    ),
    Share(
        section="wordings as a moderator",
        model=Revision,
        find=lambda s: Q(id__in=list(s.edited) or [0]),
        columns={"editor": NOBODY},
        also=("submission_id", "number"),
    ),
    Share(
        section="taken back as a moderator",
        model=Post,
        find=lambda s: Q(submission__reviews__id__in=s.reviews_where("retract")) & ~Q(retracted_name=""),
        columns={"retracted_name": NOBODY},
        also=("community", "number", "retracted_at"),
    ),
    Share(
        section="questions asked",
        model=Query,
        find=lambda s: Q(asked_by__in=s.refs),
        columns={"asked_by": token, "asked_name": NOBODY},
        also=("review_id", "asked_at"),
    ),
    Share(
        section="notes signed",
        model=Note,
        find=lambda s: Q(actor__in=s.refs),
        columns={"actor": token, "name": NOBODY, "initials": NOBODY},
        also=("review_id", "text", "created_at"),
    ),
    Share(
        section="translations signed",
        model=Translation,
        find=lambda s: Q(actor__in=s.refs),
        columns={"actor": token, "translator": NOBODY},
        also=("submission_id", "language", "created_at"),
    ),
    Share(
        section="quotations marked",
        model=Quotation,
        find=lambda s: Q(actor__in=s.refs),
        columns={"actor": token, "selected_name": NOBODY},
        also=("post_id", "created_at"),
    ),
    Share(
        section="themes opened",
        model=Theme,
        find=lambda s: Q(created_by__in=s.refs),
        columns={"created_by": token},
        also=("community", "title", "created_at"),
    ),
    Share(
        section="named in discussions",
        model=Theme,
        find=lambda s: Q(sponsor__in=s.called) | listed(s),
        columns={
            "sponsor": lambda row, subject: NOBODY if row.sponsor in subject.names else AS_IT_IS,
            "working_group": lambda row, subject: codec.dump_list(
                name for name in codec.load_list(row.working_group) if name not in subject.names
            ),
        },
        also=("community", "title"),
    ),
    Share(
        section="standings given",
        model=Standing,
        find=lambda s: Q(set_by__in=s.refs),
        columns={"set_by": token},
        also=("community", "set_at"),
    ),
    Share(
        section="appointments",
        model=Appointment,
        find=accounts,
        deletes=True,
        columns=dict.fromkeys(("account", "user", "name", "role")),
        also=("community", "set_at"),
    ),
    Share(
        section="appointments made",
        model=Appointment,
        find=lambda s: Q(set_by__in=s.refs),
        columns={"set_by": token},
        also=("community", "set_at"),
    ),
    Share(
        section="absences",
        model=Absence,
        find=accounts,
        deletes=True,
        columns=dict.fromkeys(("account", "user", "name", "until")),
        also=("community",),
    ),
    Share(
        section="votes",
        model=Vote,
        find=lambda s: Q(person_id=s.person_id),
        columns={"actor": token, "name": NOBODY, "person_id": NUMBER, "at": MOMENT},
        also=("review_id", "revision"),
    ),
    Share(
        section="profiles decided",
        model=Profile,
        find=lambda s: Q(decided_by__in=[*s.refs, *s.actors]),
        columns={"decided_by": token},
        also=("community", "decided_at"),
    ),
    Share(
        section="memberships decided",
        model=Membership,
        find=lambda s: Q(set_by__in=[*s.refs, *s.actors]),
        columns={"set_by": token},
        also=("community", "joined_at", "ended_at"),
    ),
    Share(
        section="applications decided",
        model=Application,
        find=lambda s: Q(decided_by__in=[*s.refs, *s.actors]),
        columns={"decided_by": token, "decided_name": NOBODY},
        also=("community", "number", "decided_at"),
    ),
    Share(
        section="invitations made",
        model=Invitation,
        find=lambda s: Q(set_by__in=[*s.refs, *s.actors]),
        columns={"set_by": token, "label": ""},
        also=("community", "created_at"),
    ),
    Share(
        section="groups connected",
        model=BridgedGroup,
        find=lambda s: Q(identity_id__in=s.ids),
        columns={"identity_id": NUMBER},
        also=("community", "title", "created_at"),
    ),
    Share(
        section="groups decided",
        model=BridgedGroup,
        find=lambda s: Q(decided_by__in=[*s.refs, *s.actors]),
        columns={"decided_by": token},
        also=("community", "title", "changed_at"),
    ),
)
