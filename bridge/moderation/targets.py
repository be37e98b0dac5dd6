"""Where a post goes: to all groups of its community unless moderators choose, and to other communities if they do."""

from collections.abc import Collection

from bridge.core.community import Group
from bridge.core.ids import Address
from bridge.core.text import RichText, plain
from bridge.moderation import cards, decisions, naming
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.names import chat_names
from bridge.storage import afterwards, audit, chats, codec, copies, desk, submissions


async def _names(act: Act) -> list[str]:
    """What the groups are called on the card, in the order of the config."""
    titles = {group.chat: await chats.title(group.chat) for group in act.community.groups}
    names = chat_names(titles)
    return [names[group.chat] for group in act.community.groups]


def _now(act: Act) -> list[bool]:
    """Which of the community's groups are chosen."""
    kept = set(codec.load_list(act.review.targets))
    return [not kept or str(group.chat) in kept for group in act.community.groups]


def _gone(act: Act) -> list[Address]:
    """What was chosen once and is connected no more."""
    here = {str(group.chat) for group in act.community.groups}
    return [Address.parse(text) for text in codec.load_list(act.review.targets) if text not in here]


async def group(act: Act) -> Reply:
    """By a button: choose a group, or leave it out. The word alone: how it stands."""
    groups = act.community.groups
    if not act.argument:
        return await _how(act)
    place = int(act.argument) if act.argument.isdecimal() else len(groups)
    if place >= len(groups):
        await cards.refresh(act.review, act.now)
        text = act.w._("That group is no longer connected. The card shows those that are. Nothing was done.")
        return Reply(text=text, alert=True)
    ticked = _now(act)
    ticked[place] = not ticked[place]
    return await _choose(act, [group for group, on in zip(groups, ticked, strict=True) if on])


async def groups(act: Act) -> Reply:
    """Typed: exactly these, by names or numbers, or the account for all of its groups."""
    known = act.community.groups
    names = await _names(act)
    families: dict[str, list[int]] = {}
    for place, each in enumerate(known):
        families.setdefault(str(each.chat.account), []).append(place)
    meant = naming.chosen(act.text.text, names, act.w, families=families)
    if isinstance(meant, naming.Unclear):
        return Reply(text=f"{naming.explained(meant, names, act.w)}\n{naming.listed(names, _now(act))}", alert=True)
    return await _choose(act, [known[place] for place in meant])


async def question(act: Act) -> RichText | Reply:
    """Where there are more groups than buttons."""
    text = act.w._(
        "#{number}: which groups? Reply to this message with their names or numbers, for example: 1, 3",
        number=act.number,
    )
    return plain(f"{text}\n{naming.listed(await _names(act), _now(act))}")


async def _how(act: Act) -> Reply:
    names = await _names(act)
    text = act.w._("#{number} goes to these groups. Write for example: groups: 1, 3 or groups: all", number=act.number)
    return Reply(text=f"{text}\n{naming.listed(names, _now(act))}")


async def _choose(act: Act, wanted: Collection[Group]) -> Reply:
    review, w = act.review, act.w
    if review.kind == afterwards.CORRECTION:
        text = w._("A correction goes where the post has gone. Nothing was done.")
        return Reply(text=text, alert=True)
    if not wanted:
        text = w._("At least one group must stay chosen. To send it nowhere, reject it. Nothing was done.")
        return Reply(text=text, alert=True)
    everywhere = len(wanted) == len(act.community.groups)
    kept = [] if everywhere else [str(group.chat) for group in wanted]
    lost = _gone(act)
    if not await desk.dress(review, targets=codec.dump_list(kept)):
        return decisions.told(await decisions.lost(review, act.revision), act)
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(act.identity),
        action="groups",
        now=act.now,
        review_id=review.id,
        revision=review.revision,
        detail={"groups": [number for number, group in enumerate(act.community.groups, 1) if group in wanted]},
    )
    await cards.refresh(review, act.now)
    text = w.ngettext(
        "#{number} goes to {count} group.", "#{number} goes to {count} groups.", len(wanted), number=act.number
    )
    if lost:
        text += " " + w._("No longer connected, so left out: {chats}.", chats=", ".join(map(str, lost)))
    return Reply(text=text, alert=bool(lost), on_card=not lost)


# --- other communities ---


async def cross(act: Act) -> Reply:
    """By a button: offer it to a community, or not. The word alone: how it stands."""
    others = act.community.others
    if not act.argument:
        return await _how_crossed(act)
    place = int(act.argument) if act.argument.isdecimal() else len(others)
    if place >= len(others):
        await cards.refresh(act.review, act.now)
        text = act.w._("There is no such community any more. Nothing was done.")
        return Reply(text=text, alert=True)
    ticked = set(codec.load_list(act.review.crossed))
    return await _offer(act, ticked ^ {others[place][0]})


async def crossed(act: Act) -> Reply:
    """Typed: exactly these, by names or numbers, or none."""
    others = act.community.others
    if act.text.text.strip(" .").casefold() in ("none", act.w._("none").casefold()):
        return await _offer(act, ())
    names = [name for _, name in others]
    meant = naming.chosen(act.text.text, names, act.w)
    if isinstance(meant, naming.Unclear):
        return Reply(text=f"{naming.explained(meant, names, act.w)}\n{_crossed_now(act)}", alert=True)
    return await _offer(act, {others[place][0] for place in meant})


def _crossed_now(act: Act) -> str:
    kept = codec.load_list(act.review.crossed)
    return naming.listed([name for _, name in act.community.others], [key in kept for key, _ in act.community.others])


async def _how_crossed(act: Act) -> Reply:
    if not act.community.others:
        return Reply(text=act.w._("There is no other community here."), alert=True)
    text = act.w._(
        "#{number} can be offered to these communities once it is approved. Write for example: cross: 1",
        number=act.number,
    )
    return Reply(text=f"{text}\n{_crossed_now(act)}")


async def _offer(act: Act, wanted: Collection[str]) -> Reply:
    review, w = act.review, act.w
    if review.kind == afterwards.CORRECTION:
        return Reply(text=w._("A correction is not offered to other communities. Nothing was done."), alert=True)
    kept = [key for key, _ in act.community.others if key in wanted]
    before = set(codec.load_list(review.crossed))
    for key, name in act.community.others:
        if key in kept and key not in before and await copies.is_known(key, review.submission):
            text = w._("{community} has this post already. Nothing was done.", community=name)
            return Reply(text=text, alert=True)
    if not await desk.dress(review, crossed=codec.dump_list(kept)):
        return decisions.told(await decisions.lost(review, act.revision), act)
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(act.identity),
        action="cross",
        now=act.now,
        review_id=review.id,
        revision=review.revision,
        detail={"communities": kept},
    )
    await cards.refresh(review, act.now)
    if not kept:
        return Reply(text=w._("#{number} is offered to no other community.", number=act.number), on_card=True)
    names = ", ".join(name for key, name in act.community.others if key in kept)
    text = w._("Once approved, #{number} is offered to: {communities}.", number=act.number, communities=names)
    return Reply(text=text, on_card=True)


DEEDS = (
    Deed(
        name="group",
        word=lambda w: w._("groups"),
        perform=group,
        heard=groups,
        options=frozenset({"all"}),
    ),
    Deed(name="groups_words", question=question, heard=groups),
    Deed(name="cross", word=lambda w: w._("cross"), perform=cross, heard=crossed),
)
