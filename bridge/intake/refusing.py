"""What is not taken because too much came in a short time. Its author hears so once, and when to try again.

Nothing of it is held. Where originals are removed it is sent back to its author, so that nobody's words are lost.
"""

from datetime import datetime

from bridge.core.community import Community
from bridge.core.events import MessagePosted
from bridge.core.policy import Check, Rule
from bridge.core.text import MarkKind, RichText, emphasised, plain
from bridge.intake.context import Context
from bridge.members import contact, reach
from bridge.members.profiles import shown_name
from bridge.members.reach import Letter
from bridge.moderation.answers import Ruling
from bridge.rendering.words import Words
from bridge.storage import desk
from bridge.storage.models import Identity


async def tell(
    event: MessagePosted,
    text: RichText,
    ruling: Ruling,
    identity: Identity,
    community: Community,
    context: Context,
    *,
    removed: bool,
) -> None:
    """Say how much is taken and from when on there is room; not again before then, but every text comes back.

    ``removed``: the original is taken out of its group.
    """
    until = ruling.until or context.now
    first, comes_back = await _first_time(identity, community, until, context.now), removed and bool(text)
    if not first and not comes_back:
        return
    w = contact.language_of(identity, community)
    when = w.time(until, community.policy.zone)
    if first:
        said = [
            _limit(ruling.refused_by, community, w),
            w._("So this message was not passed on. Please send it again after {time}.", time=when),
            w._("Until then that holds for further messages of yours, too: please keep them for later."),
        ]
    else:
        said = [w._("This message was not passed on either. Please send it again after {time}.", time=when)]
    letter = plain(" ".join(said))
    if comes_back:
        back = w._("It is taken out of the group. Here it is, so that it is not lost:")
        letter = letter + f" {back}\n\n" + emphasised(text, MarkKind.QUOTE)
    told = await reach.write(identity, Letter(text=letter), community, context.directory, context.now)
    if told is not None or not first:
        return
    public = w._(
        "{name}, there is much to read for the moderators at present. Please send your message again after {time}.",
        name=shown_name(identity, w),
        time=when,
    )
    await contact.reply_in_group(event.ref, public, community, context.directory, context.now)


async def _first_time(identity: Identity, community: Community, until: datetime, now: datetime) -> bool:
    """Has this person not been told yet, or only of a time that has passed? From now on they have."""
    key = f"refused:{identity.person_id}"
    told = await desk.setting(community.id, key)
    if told and datetime.fromisoformat(told) > now:
        return False
    await desk.set_setting(community.id, key, until.isoformat())
    return True


def _limit(rules: tuple[Rule, ...], community: Community, w: Words) -> str:
    """Of several that refuse, the one about the author."""
    rule = min(rules, key=lambda rule: rule.check is not Check.AUTHOR_QUOTA)
    values = {"community": community.name, "limit": w.number(rule.over)}
    if rule.check is Check.AUTHOR_QUOTA:
        return w.ngettext(
            "Moderators read every message, so {community} takes at most {limit} from one person within {count} hour.",
            "Moderators read every message, so {community} takes at most {limit} from one person within {count} hours.",
            rule.hours,
            **values,
        )
    return w.ngettext(
        "Moderators read every message, so {community} takes at most {limit} from one group within {count} hour.",
        "Moderators read every message, so {community} takes at most {limit} from one group within {count} hours.",
        rule.hours,
        **values,
    )
