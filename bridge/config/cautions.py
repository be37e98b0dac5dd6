"""What is not wrong in a config file, but hardly meant: a word for its owner at every start."""

from collections.abc import Iterator

from bridge.config.model import Config
from bridge.core.archive import ArchivePolicy
from bridge.core.community import Community
from bridge.core.policy import Check, Consequence, Rule

_HELD = (Consequence.HOLD, Consequence.SECOND)


def cautions(config: Config) -> Iterator[str]:
    """Sentences, each about one place of the file."""
    for account in config.accounts:
        alone = getattr(config.accounts[account], "private_only", False)  # people write to it alone, to all communities
        if not config.chats(account) and not config.inboxes(account) and not alone:
            yield f"accounts.{account}: no community uses this account"
    for community in config.communities():
        for sentence in (*_places(community), *_archive(community), *_deciders(community), *_rules(community)):
            yield f"community {community.id}: {sentence}"


def _places(community: Community) -> Iterator[str]:
    if not community.groups and not community.inboxes:
        yield "it has no groups yet, so approved posts go nowhere"
    reachable = {person.account for person in community.moderator_ids}
    for address in community.moderators:
        if address.account not in reachable and not community.trust_channel:
            yield (
                f"nobody in moderator_ids is on {address.account}, so the cards in {address} can be read there but not "
                "answered"
            )


def _archive(community: Community) -> Iterator[str]:
    archive = community.archive
    if archive.policy is not ArchivePolicy.OFF and not archive.address:
        yield (
            f'archive = "{archive.policy.value}", but web.public_url is empty, so nobody can be told where it is; '
            "write there the address at which others reach this program"
        )


def _deciders(community: Community) -> Iterator[str]:
    policy = community.policy
    count = len(policy.roles)
    two = [rule for rule in policy.rules if rule.then is Consequence.SECOND]
    if not community.trust_channel:
        if policy.approvals > count:
            yield (
                f"approvals = {policy.approvals}, but only {_people(count)} may decide, so nothing could be published; "
                "add others, or write a smaller number"
            )
        elif two and count < 2:
            yield (
                f"{_said(two[0])} needs two moderators, but only {_people(count)} may decide; add others, or write "
                'then = "hold"'
            )
    if policy.safeguarding_replies and not policy.safeguarding:
        yield (
            "safeguarding_replies are prepared, but safeguarding_ids names nobody: escalated posts are told to seniors "
            "and coordinators only"
        )


def _people(count: int) -> str:
    return "one person" if count == 1 else f"{count} people"


def _said(rule: Rule) -> str:
    return f'the rule if = "{rule.check.value}" then = "{rule.then.value}"'


def _rules(community: Community) -> Iterator[str]:
    rules = community.policy.rules
    effective = False
    for rule in rules:
        if rule.then is not Consequence.APPROVE:
            continue
        opposed = next((other for other in rules if other.then in _HELD and _covers(other, rule)), None)
        if rule.check is Check.ALWAYS_HELD:
            yield f"{_said(rule)} never publishes anything: such authors are held whatever the rules say"
        elif opposed is not None:
            yield f"{_said(rule)} never publishes anything, because {_said(opposed)} stands beside it; leave one out"
        else:
            effective = True
    if effective and not any(rule.check is Check.PRIVACY and rule.then in _HELD for rule in rules):
        yield (
            "its rules publish posts that nobody has read, also where they may identify a patient; add a rule "
            'if = "privacy" then = "hold"'
        )


def _covers(holding: Rule, approving: Rule) -> bool:
    """Is whatever the one would publish held by the other?"""
    if holding.check is Check.ALL:
        return True
    if holding.check is not approving.check:
        return False
    match holding.check:
        case Check.FIRST_POSTS:  # fewer than
            return holding.over >= approving.over
        case Check.WORDS:
            return set(holding.words) >= set(approving.words)
        case Check.DUPLICATE:
            return holding.hours >= approving.hours
        case Check.AUTHOR_QUOTA | Check.SOURCE_QUOTA:  # more than, within
            return holding.over <= approving.over and holding.hours >= approving.hours
        case _:  # more than
            return holding.over <= approving.over
