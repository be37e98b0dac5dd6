"""Answers to somebody's own post reach them, also where they read nothing else: by SMS nobody is in a group."""

from datetime import datetime, timedelta

from bridge.core.community import Community
from bridge.core.membership import Reading
from bridge.core.message import Content
from bridge.core.reading import at_hour
from bridge.core.states import MembershipState, PostState
from bridge.core.text import plain
from bridge.delivery import planning
from bridge.delivery.directory import Directory
from bridge.members import contact, preferences, reach
from bridge.rendering import posts
from bridge.storage import asked, ledger, memberships, submissions
from bridge.storage.models import Post

_LIFETIME = timedelta(days=2)


async def tell(post: Post, community: Community, directory: Directory, now: datetime, *, at: datetime) -> None:
    """Plan one short message to the author of the post that this one answers, not before ``at`` and not by night."""
    parent = None if post.reply_post_id is None else await submissions.post_by_id(post.reply_post_id)
    if parent is None or parent.state != PostState.LIVE:
        return
    asker, answerer = await asked.author_of(parent), await asked.author_of(post)
    found = await reach.reach(asker, directory)
    address = None if found is None else found.direct
    capabilities = None if address is None else directory.capabilities(address)
    if asker.person_id == answerer.person_id or address is None or capabilities is None or not capabilities.push_parts:
        return
    member = await memberships.membership(asker.person_id, community.id)
    if member is None or member.state != MembershipState.MEMBER:
        return
    if preferences.reading_of(member) is Reading.IMMEDIATE:
        return  # it comes to them anyway
    due = preferences.held_back_until(member, community, at, capabilities.quiet) or at
    zone = preferences.zone_of(member, community)
    today = at_hour(due.astimezone(zone).date(), 0, zone)
    most = capabilities.pushes_per_day
    if most and await asked.pushed(asker.person_id, address.account, today) >= most:
        return  # a digest or GET shows it
    w = contact.language_of(asker, community)
    view = posts.in_language(await planning.view_of(post, community), w.language)
    text = posts.push(view, capabilities, w, lambda text: planning.is_push(text, capabilities))
    await ledger.plan(
        kind=ledger.NOTICE,
        address=address,
        now=now,
        content=Content(text=plain(text)),
        community=community.id,
        post_id=post.id,
        person_id=asker.person_id,
        view=asked.ANSWER,
        due_at=due,
        lifetime=_LIFETIME,
    )
