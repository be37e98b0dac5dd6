"""What a community publishes of itself: messages, contributors, countries, and how it is moderated."""

from collections import Counter
from datetime import datetime
from statistics import median

from bridge.core.roster import Contributor, Figures
from bridge.core.states import MembershipState, PostState, ReviewState
from bridge.storage import codec
from bridge.storage.exports import published_between
from bridge.storage.models import Post, Review
from bridge.storage.models_members import Membership

_TOP = 10


async def figures(community: str, *, since: datetime | None, until: datetime) -> Figures:
    """Of what went out from ``since`` up to and without ``until``. A contributor is a person, not an account."""
    rows = await Post.filter(published_between(since, until), community=community).select_related(
        "submission__identity"
    )
    live = [row for row in rows if row.state == PostState.LIVE]
    by_person: Counter[int] = Counter()
    newest: dict[int, Post] = {}
    countries: Counter[str] = Counter()
    for row in sorted(live, key=lambda row: row.id):
        person = row.submission.identity.person_id
        by_person[person] += 1
        newest[person] = row
        country = str(codec.load_object(row.card).get("country", ""))
        if country:
            countries[country] += 1
    decided = Review.filter(community=community, kind="post", decided_at__lt=until)
    if since is not None:
        decided = decided.filter(decided_at__gte=since)
    reviews = await decided.filter(state__in=[ReviewState.APPROVED, ReviewState.REJECTED])
    rejected = [row for row in reviews if row.state == ReviewState.REJECTED]
    waited = [(row.decided_at - row.created_at).total_seconds() for row in reviews if row.decided_by and row.decided_at]
    came = Membership.filter(community=community, joined_at__lt=until)
    went = Membership.filter(community=community, state=MembershipState.LEFT, ended_at__lt=until)
    if since is not None:
        came, went = came.filter(joined_at__gte=since), went.filter(ended_at__gte=since)
    return Figures(
        community=community,
        messages=len(live),
        contributors=len(by_person),
        countries=_ranked(countries),
        top=[
            Contributor(
                name=newest[person].author,
                country=str(codec.load_object(newest[person].card).get("country", "")),
                messages=count,
            )
            for person, count in sorted(by_person.items(), key=lambda pair: (-pair[1], newest[pair[0]].author))[:_TOP]
        ],
        members=await Membership.filter(community=community, state=MembershipState.MEMBER).count(),
        joined=await came.count(),
        left=await went.count(),
        retracted=len(rows) - len(live),
        rejected=len(rejected),
        reasons=_ranked(Counter(row.reason or "other" for row in rejected)),
        median_decision=median(waited) if waited else None,
    )


def _ranked(counter: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))
