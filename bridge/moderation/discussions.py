"""``/discussion``: thematic discussions, each a theme with a sponsor, dates, questions and a working group.

They are opened, changed, closed and reopened here by a senior moderator. Nothing is announced to groups by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from bridge.core.community import Community
from bridge.core.hygiene import clean_line, clean_name
from bridge.core.message import Content
from bridge.core.policy import Role
from bridge.core.states import ThemeState, ThemeStep
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.core.when import parse as parse_time
from bridge.moderation.announcing import announce
from bridge.moderation.orders import Order
from bridge.moderation.themes import LIMIT, too_long
from bridge.rendering.words import Words, words
from bridge.storage import audit, codec, submissions, themes
from bridge.storage.models_desk import Theme

QUESTIONS = 3
"""The most that a discussion has."""
GROUP = 20
"""The most names in a working group."""
_LINE = 200
"""Longest sponsor and question, in code points."""
_YEARS = range(2000, 2101)
_CLOSED = 10
"""Closed ones that are listed, the newest."""


@dataclass(frozen=True, kw_only=True)
class Details:
    """What was written under the title; None where nothing was said of it."""

    sponsor: str | None = None
    starts: date | None = None
    ends: date | None = None
    questions: tuple[str, ...] | None = None
    group: tuple[str, ...] | None = None

    def columns(self, zone: ZoneInfo) -> dict[str, Any]:
        """As columns of a theme, of what was said."""
        found: dict[str, Any] = {}
        if self.sponsor is not None:
            found["sponsor"] = self.sponsor
        if self.starts is not None:
            found["starts_at"] = day_begins(self.starts, zone)
        if self.ends is not None:
            found["ends_at"] = day_begins(self.ends, zone)
        if self.questions is not None:
            found["questions"] = codec.dump_list(self.questions)
        if self.group is not None:
            found["working_group"] = codec.dump_list(self.group)
        return found


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins there, in UTC. The dates of a discussion are days, kept as their beginnings."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _keys(w: Words) -> dict[str, str]:
    """What may stand before a colon, in English and in the channel's language."""
    local = {
        w._("sponsor"): "sponsor",
        w._("from"): "from",
        w._("to"): "to",
        w._("question"): "question",
        w._("group"): "group",
        w._("community"): "community",
    }
    english = {key: key for key in local.values()}
    return {**english, "questions": "question", **{key.casefold(): meant for key, meant in local.items()}}


def details(lines: Iterable[str], now: datetime, zone: ZoneInfo, w: Words) -> Details | str:
    """Read ``key: value`` lines; a line that ends in a question mark is a question. Else what cannot be understood."""
    keys, said = _keys(w), dict[str, list[str]]()
    for line in filter(None, (line.strip() for line in lines)):
        before, colon, value = line.partition(":")
        key = keys.get(before.strip().casefold()) if colon else None
        if key is None and line.endswith(("?", "？", "؟")):
            key, value = "question", line
        value = value.strip()
        if key is None or not value:
            return w._("This line is not understood: “{line}”. Nothing was done.", line=clean_line(line))
        if len(value) > _LINE and key != "group":
            return w._("This line is too long: “{line}”. Nothing was done.", line=clean_line(line, 60))
        said.setdefault(key, []).append(value)
    days: dict[str, date] = {}
    for key in ("from", "to"):
        for value in said.get(key, []):
            day = _day(value, now, zone)
            if day is None:
                return w._(
                    "“{value}” is no date that I understand; for example: {example}. Nothing was done.",
                    value=clean_line(value),
                    example=now.astimezone(zone).date().isoformat(),
                )
            days[key] = day
    questions = tuple(clean_line(value) for value in said.get("question", []))
    if len(questions) > QUESTIONS:
        return w._("At most {count} questions are possible. Nothing was done.", count=w.number(QUESTIONS))
    names = [clean_name(name, fallback="") for value in said.get("group", []) for name in value.split(",")]
    group = tuple(dict.fromkeys(name for name in names if name))
    if len(group) > GROUP:
        return w._("At most {count} names are possible in the group. Nothing was done.", count=w.number(GROUP))
    return Details(
        sponsor=clean_line(said["sponsor"][-1]) if "sponsor" in said else None,
        starts=days.get("from"),
        ends=days.get("to"),
        questions=questions or None,
        group=group or None,
    )


def _day(text: str, now: datetime, zone: ZoneInfo) -> date | None:
    """``2026-03-31``, "31 March", "Monday", "today": a day, in the community's time zone."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        today = now.astimezone(zone).date()
        moment = parse_time(text, day_begins(today, zone), zone)
        return None if moment is None else moment.astimezone(zone).date()
    return day if day.year in _YEARS else None


# --- the command ---


async def discussion(order: Order) -> Content:
    """List them or show one; ``open``, ``rename``, ``close`` and ``reopen`` change them."""
    head, *lines = order.argument.strip().split("\n")
    verb, _, title = head.strip().partition(" ")
    if not verb and not any(line.strip() for line in lines):
        return await _list(order)
    match verb.casefold():
        case "open":
            said = await _opened(order, " ".join(title.split()), lines)
        case "close" | "reopen":
            step = ThemeStep.CLOSE if verb.casefold() == "close" else ThemeStep.REOPEN
            said = await _turned(order, " ".join(title.split()), step)
        case "rename":
            said = await _renamed(order, " ".join(title.split()))
        case _:
            said = await _shown(order, " ".join(head.split())) or _usage(order)
    return Content(text=plain(said))


def _usage(order: Order) -> str:
    w, zone = order.w, order.community.policy.zone
    today = order.desk.now.astimezone(zone).date()
    lines = [
        w._("/discussion lists the thematic discussions. A senior moderator opens one with one message:"),
        "",
        w._("/discussion open Learning for quality health services"),
        w._("sponsor: The Mandara Foundation"),
        w._("from: {date}", date=today.isoformat()),
        w._("to: {date}", date=date.fromordinal(today.toordinal() + 28).isoformat()),
        w._("question: What helps you to learn at work?"),
        w._("question: What stands in the way?"),
        w._("group: Amina Okello, Peter Mwangi"),
        "",
        w._("Only the title is needed. The same again with other lines changes it."),
        w._("/discussion close 3, /discussion reopen 3: with the number from the list, or the title."),
        w._("/discussion 3 shows all that is known of it; /discussion rename 3: New title."),
    ]
    return "\n".join(lines)


async def _opened(order: Order, title: str, lines: list[str]) -> str:
    w = order.w
    title = clean_line(title, 10 * LIMIT)
    if not title:
        return _usage(order)
    if len(title) > LIMIT:
        return too_long(len(title), w)
    community = _community(order, lines)
    if community is None:
        names = ", ".join(c.name for c in order.communities)
        return w._("For which community? Please add a line “community: ” with one of: {names}", names=names)
    found = details(lines, order.desk.now, community.policy.zone, w)
    if isinstance(found, str):
        return found
    refused = await order.refused(community, Role.SENIOR)
    return refused.text.text if refused is not None else await _open(order, community, title, found)


def _community(order: Order, lines: list[str]) -> Community | None:
    """Whose it is; in a channel of several a line must say so."""
    keys, named = _keys(order.w), [line.partition(":") for line in lines]
    said = [value.strip().casefold() for key, _, value in named if keys.get(key.strip().casefold()) == "community"]
    if not said:
        return order.community if len(order.communities) == 1 else None
    return next((c for c in order.communities if said[-1] in (c.id, c.name.casefold())), None)


async def _open(order: Order, community: Community, title: str, found: Details) -> str:
    w, zone = words(community.language), community.policy.zone
    await themes.lock_titles(community.id)
    theme = await themes.titled(community.id, title)
    columns = found.columns(zone)
    starts = columns.get("starts_at") or (None if theme is None else theme.starts_at)
    ends = columns.get("ends_at") or (None if theme is None else theme.ends_at)
    if starts is not None and ends is not None and ends < starts:
        return w._("It would end before it begins. Nothing was done.")
    by = await order.identity()
    if theme is None:
        theme = await themes.create(community.id, title, by=by, now=order.desk.now, discussion=True, **columns)
        action, said = "open", w._("📚 {name} has opened the discussion “{title}”.", **_who(order, theme))
    elif theme.state != ThemeState.OPEN:
        return w._("“{title}” is closed: /discussion reopen {number}", title=theme.title, number=theme.id)
    elif theme.discussion and not columns:
        return w._("“{title}” is open already.", title=theme.title)
    elif not await themes.change(theme, discussion=True, **columns):
        return w._("“{title}” is closed: /discussion reopen {number}", title=theme.title, number=theme.id)
    else:
        action, said = "change", w._("📚 {name} has changed the discussion “{title}”.", **_who(order, theme))
    await _audit(order, community, theme, action)
    text = "\n".join([said, *await _described(theme, zone, w)])
    await announce(community, text, order.desk.now, besides=await order.here())
    return text


def _who(order: Order, theme: Theme) -> dict[str, str]:
    return {"name": order.moderator.name, "title": theme.title}


async def _found(order: Order, said: str) -> tuple[Community, Theme] | str:
    """The one that is meant; else why it is none."""
    known = [(c, t) for c in order.communities if (t := await themes.found(c.id, said)) is not None]
    if not known:
        return order.w._("There is no discussion “{title}”. /discussion lists them.", title=clean_line(said, LIMIT))
    if len(known) > 1:
        numbers = ", ".join(f"{theme.id} ({community.name})" for community, theme in known)
        return order.w._("Which one? Please write its number: {numbers}", numbers=numbers)
    return known[0]


async def _shown(order: Order, said: str) -> str:
    """All that is known of one, for whoever looks up its questions; empty where nothing is called so."""
    known = [(c, t) for c in order.communities if (t := await themes.found(c.id, said)) is not None]
    return "\n\n".join(
        ["\n".join(await _described(theme, c.policy.zone, words(c.language))) for c, theme in known] if said else []
    )


async def _renamed(order: Order, said: str) -> str:
    """Another title, from the next post on: what has gone out stays as it is."""
    which, colon, title = said.partition(":")
    title = clean_line(title, 10 * LIMIT)
    if not colon or not title:
        return _usage(order)
    if len(title) > LIMIT:
        return too_long(len(title), order.w)
    meant = await _found(order, which.strip())
    if isinstance(meant, str):
        return meant
    community, theme = meant
    w = words(community.language)
    refused = await order.refused(community, Role.SENIOR)
    if refused is not None:
        return refused.text.text
    await themes.lock_titles(community.id)
    same = await themes.titled(community.id, title)
    if same is not None and same.id != theme.id:
        return w._("There is a discussion “{title}” already: its number is {number}.", title=title, number=same.id)
    before = theme.title
    if not await themes.change(theme, title=title):
        return w._("“{title}” is closed: /discussion reopen {number}", title=theme.title, number=theme.id)
    await _audit(order, community, theme, "rename")
    text = w._("📚 {name} has renamed the discussion “{before}”.", name=order.moderator.name, before=before)
    text = "\n".join([text, *await _described(theme, community.policy.zone, w)])
    await announce(community, text, order.desk.now, besides=await order.here())
    return text


async def _turned(order: Order, said: str, step: ThemeStep) -> str:
    """Close or reopen one; also a theme that is no discussion, so that it is no longer offered."""
    if not said:
        return _usage(order)
    meant = await _found(order, said)
    if isinstance(meant, str):
        return meant
    community, theme = meant
    w = words(community.language)
    refused = await order.refused(community, Role.SENIOR)
    if refused is not None:
        return refused.text.text
    if not await themes.take(theme, step):
        if step is ThemeStep.CLOSE:
            return w._("“{title}” is closed already.", title=theme.title)
        return w._("“{title}” is open already.", title=theme.title)
    await _audit(order, community, theme, step.value)
    if step is ThemeStep.CLOSE:
        text = w._("📕 {name} has closed the discussion “{title}”.", **_who(order, theme))
        text += " " + w._("It is no longer offered for new posts.")
    else:
        text = w._("📚 {name} has reopened the discussion “{title}”.", **_who(order, theme))
    await announce(community, text, order.desk.now, besides=await order.here())
    return text


async def _audit(order: Order, community: Community, theme: Theme, action: str) -> None:
    await audit.write(
        community=community.id,
        actor=submissions.audit_actor(await order.identity()),
        action="discussion",
        now=order.desk.now,
        reason=action,
        detail={"theme": theme.id},
    )


# --- the list ---


async def _list(order: Order) -> Content:
    parts: list[RichText] = []
    for community in order.communities:
        w, zone = words(community.language), community.policy.zone
        known = await themes.of_community(community.id)
        running = [t for t in known if t.discussion and t.state == ThemeState.OPEN]
        closed = [t for t in known if t.state != ThemeState.OPEN][-_CLOSED:]
        others = [t for t in known if not t.discussion and t.state == ThemeState.OPEN]
        if not known:
            parts.append(plain(w._("{community}: there are no discussions yet.", community=community.name)))
            continue
        for heading, rows in (
            (w._("{community}: open discussions", community=community.name), running),
            (w._("{community}: other themes", community=community.name), others),
            (w._("{community}: closed", community=community.name), closed),
        ):
            if rows:
                parts.append(marked(heading, MarkKind.BOLD))
                parts += [plain(await _line(theme, zone, w)) for theme in reversed(rows)]
    parts.append(plain(order.w._("/discussion help says how one is opened and closed.")))
    return Content(text=joined(parts, "\n"))


async def _line(theme: Theme, zone: ZoneInfo, w: Words) -> str:
    count = await themes.count(theme)
    posts = w.ngettext("{count} post", "{count} posts", count)
    return " · ".join(part for part in (f"{theme.id}. {theme.title}", posts, _dates(theme, zone, w)) if part)


def _dates(theme: Theme, zone: ZoneInfo, w: Words) -> str:
    starts, ends = (
        None if at is None else f"{at.astimezone(zone):%Y-%m-%d}" for at in (theme.starts_at, theme.ends_at)
    )
    if starts and ends:
        return w._("{start} to {end}", start=starts, end=ends)
    if starts:
        return w._("from {date}", date=starts)
    return w._("until {date}", date=ends) if ends else ""


async def _described(theme: Theme, zone: ZoneInfo, w: Words) -> list[str]:
    """All that is known of it, for those who run it."""
    lines = [await _line(theme, zone, w)]
    if theme.sponsor:
        lines.append(w._("Sponsor: {name}", name=theme.sponsor))
    lines += [f"{number}. {text}" for number, text in enumerate(codec.load_list(theme.questions), 1)]
    if names := codec.load_list(theme.working_group):
        lines.append(w._("Working group: {names}", names=", ".join(names)))
    return lines


COMMANDS = {"discussion": discussion}
