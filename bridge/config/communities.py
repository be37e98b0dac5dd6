"""From a checked table of a community to the community itself."""

from zoneinfo import ZoneInfo

from bridge.config import membership, moderating
from bridge.config.sections import CommunitySection
from bridge.core.archive import Archive
from bridge.core.community import Community, Group
from bridge.core.ids import CommunityId, UserId, UserRef
from bridge.core.when import Hours


def community(section: CommunitySection, language: str, public_url: str) -> Community:
    """What a checked table says; ``language``: where it names none; ``public_url``: where our pages are reached."""
    policy = moderating.policy(section)
    return Community(
        id=CommunityId(section.id),
        name=section.name,
        language=section.language or language,
        moderators=tuple(dict.fromkeys(section.moderators)),
        trust_channel=section.trust_channel,
        groups=tuple(
            Group(
                chat=g.chat,
                intake=g.intake,
                language=g.language or "",
                quiet=None if g.quiet_hours is None else Hours.parse(g.quiet_hours),
                zone=None if g.time_zone is None else ZoneInfo(g.time_zone),
                sms_price=moderating.price(g.sms_price or section.sms_price),
                card=g.card,
            )
            for g in section.groups
        ),
        inboxes=tuple(dict.fromkeys(section.inboxes)),
        max_length=section.max_length,
        archive=Archive(policy=section.archive, address=f"{public_url}/{section.id}" if public_url else ""),
        policy=policy,
        allowed_bots=frozenset(UserRef(bot.account, UserId(bot.chat)) for bot in section.allow_bots),
        members=membership.policy(section),
    )
