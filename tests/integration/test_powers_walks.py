"""Long walks of several moderators over one item, compared at every step with what the rules say in short."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bridge.core.policy import Role
from bridge.core.states import ReviewState
from bridge.moderation import claims
from bridge.moderation.acts import Moderator
from bridge.storage import audit, desk
from bridge.storage.models import Post, Review
from bridge.storage.models_desk import Vote
from tests.integration.moderating import GRACE, GRACE_TOO, PETER, ROLES, RUTH, Room, again, community, one_person
from tests.unit.storage.stage import hold, sender

pytestmark = pytest.mark.usefixtures("opened")
PEOPLE = {
    "grace": (GRACE, GRACE_TOO),
    "peter": (PETER,),
    "ruth": (RUTH,),
    "dan": (Moderator(sender=sender("dan"), channel=GRACE.channel),),
}
AUTHOR = "dan"
NEEDED = 3


@dataclass
class Rules:
    """The item as it should be: quorum, claims, escalation and own posts, in a few lines."""

    votes: dict[str, set[str]] = field(default_factory=dict)
    headline: str = ""
    claimant: str = ""
    claimed_until: datetime | None = None
    escalated: bool = False
    published: bool = False

    def hindered(self, who: str, now: datetime) -> bool:
        claimed = self.claimed_until is not None and self.claimed_until > now and self.claimant != who
        return who == AUTHOR or (self.escalated and who != "ruth") or claimed

    def approve(self, who: str, now: datetime) -> None:
        if not self.hindered(who, now):
            cast = self.votes.setdefault(self.headline, set())
            cast.add(who)
            self.published = len(cast) == NEEDED

    def unapprove(self, who: str) -> None:
        for cast in self.votes.values():
            cast.discard(who)

    def claim(self, who: str, now: datetime) -> None:
        if who != AUTHOR and not (self.escalated and who != "ruth"):
            self.claimant, self.claimed_until = who, now + timedelta(minutes=30)

    def release(self, who: str, now: datetime) -> None:
        if self.claimed_until is not None and (self.claimant == who or self.claimed_until <= now):
            self.claimant, self.claimed_until = "", None

    def escalate(self) -> None:
        if not self.escalated:
            self.escalated, self.claimant, self.claimed_until = True, "", None
            self.votes.clear()


async def compare(rules: Rules, review: Review, now: datetime) -> None:
    fresh = await again(review)
    assert (fresh.state == ReviewState.APPROVED) is rules.published
    assert await Post.filter(submission_id=review.submission_id).count() == int(rules.published)
    assert await Vote.filter(review_id=review.id).count() == (
        0 if rules.published else sum(map(len, rules.votes.values()))
    )
    if not rules.published and rules.claimed_until is not None and rules.claimed_until > now:
        names = {str(account.sender.ref) for account in PEOPLE[rules.claimant]}
        assert fresh.claimed_by in names
    assert (fresh.escalated_at is not None) is rules.escalated


async def step(room: Room, review: Review, rules: Rules, chance: random.Random) -> None:
    """One thing that somebody does, to the item and to the rules alike."""
    who = chance.choice(list(PEOPLE))
    account = chance.choice(PEOPLE[who])
    kinds = ["approve"] * 6 + ["unapprove", "claim", "claim", "release", "headline", "wait"]
    kind = chance.choice([*kinds, "escalate"] if chance.random() < 0.1 else kinds)
    match kind:
        case "approve":
            rules.approve(who, room.now)
            await room.press(review, "approve", account)
        case "unapprove":
            rules.unapprove(who)
            await room.press(review, "unapprove", account)
        case "claim":
            rules.claim(who, room.now)
            await room.press(review, "claim", account)
        case "release":
            rules.release(who, room.now)
            await room.press(review, "release", account)
        case "escalate":
            rules.escalate()
            await room.press(review, "escalate", account)
        case "headline":
            rules.headline = chance.choice(["", "Zinc"])
            await desk.dress(await again(review), headline=rules.headline)
        case _:
            room.now += timedelta(minutes=chance.choice([1, 11, 29, 30]))
            if chance.random() < 0.5:
                await claims.tick(room.community, room.directory, room.now)


@pytest.mark.parametrize("seed", range(12))
async def test_every_step_leaves_what_the_rules_say(seed: int) -> None:
    chance = random.Random(seed)
    extra = {GRACE_TOO.sender.ref: Role.MODERATOR, PEOPLE["dan"][0].sender.ref: Role.COORDINATOR}
    room = Room(community(roles={**ROLES, **extra}))
    await one_person(GRACE, GRACE_TOO)
    for number in range(2):
        review, rules = await hold(user=AUTHOR, message=f"m{number}"), Rules()
        await Review.filter(id=review.id).update(approvals=NEEDED)
        for _ in range(40):
            await step(room, review, rules, chance)
            await compare(rules, review, room.now)
            if rules.published:
                break
    assert (await audit.verify("hifa")).broken_at is None
