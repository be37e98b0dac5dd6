"""What a member can set about how they read a community, and the words and numbers that set it."""

import re
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from zoneinfo import available_timezones

from bridge.core.community import Community
from bridge.core.membership import Reading
from bridge.core.when import Hours, parse
from bridge.intake import join_questions, languages
from bridge.members import contact, membership, preferences
from bridge.members.answers import folded, meaning
from bridge.moderation.rota import without_until
from bridge.rendering.languages import base
from bridge.rendering.words import Words, words
from bridge.storage import memberships
from bridge.storage.models import Identity
from bridge.storage.models_members import Membership

_OFF = frozenset({"none", "no", "off", "-", "never", "aucune", "aucun", "non", "nenhuma", "nao", "ninguna", "hapana"})


class Step(StrEnum):
    """What is asked; in the order in which the menu numbers them."""

    READING = "reading"
    LANGUAGE = "language"
    MEDIA = "media"
    HOUR = "hour"
    ZONE = "zone"
    QUIET = "quiet"
    AWAY = "away"
    LEAVE = "leave"
    MENU = "menu"


MENU = tuple(step for step in Step if step is not Step.MENU)


async def apply(
    step: Step, value: str, identity: Identity, row: Membership, community: Community, now: datetime
) -> str | None:
    """Set one thing by what was said or pressed; returns what is true now, None where it was not understood."""
    w = contact.language_of(identity, community)
    match step:
        case Step.READING:
            reading = _reading(value)
            if reading is None:
                return None
            await preferences.set_reading(row, reading, community, now)
            return _reading_words(row, community, w)
        case Step.LANGUAGE:
            tag = base(languages.named(value))
            if tag not in languages.OFFERED:
                return None
            await memberships.prefer(row, language=tag)
            new = words(tag)
            return new._(
                "From now on {community} writes to you in {language}.",
                community=community.name,
                language=new.language_name(tag),
            )
        case Step.MEDIA:
            media = _media(value, w)
            if media is None:
                return None
            await memberships.prefer(row, media=media)
            return w._("You are sent files, too.") if media else w._("You are sent words only, no files.")
        case Step.HOUR:
            hour = _hour(value)
            if hour is None:
                return None
            await preferences.set_hour(row, hour, community, now)
            return w._("Digests come at {time}.", time=f"{hour:02}:00")
        case Step.ZONE:
            zone = zone_named(value)
            if zone is None:
                return None
            await preferences.set_zone(row, zone, community, now)
            return w._("Your time zone is {zone}. There it is {time} now.", zone=zone, time=_clock(row, community, now))
        case Step.QUIET:
            return await _set_quiet(value, row, community, now, w)
        case Step.AWAY:
            return await _set_away(value, row, community, now, w)
        case _:
            return None


def _reading(value: str) -> Reading | None:
    said = folded(value)
    if said.isdecimal() and len(said) == 1 and 1 <= int(said) <= len(join_questions.READINGS):
        return join_questions.READINGS[int(said) - 1]
    if said in ("groups", "group"):
        return Reading.GROUPS
    return next((reading for reading in Reading if reading.value and reading.value == said), None)


def _media(value: str, w: Words) -> bool | None:
    said = folded(value)
    if said in ("1", "media", "files", "all", "on") or meaning(value, w) == "yes":
        return True
    if said in ("2", "text", "words", "off") or meaning(value, w) == "no":
        return False
    return None


def _hour(value: str) -> int | None:
    match = re.fullmatch(r"(\d{1,2})(?:[:.h]?00|h)?", value.strip().lower())
    hour = int(match[1]) if match else None
    return hour % 24 if hour is not None and hour <= 24 else None


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    """By their names and by the towns in them, folded."""
    known: dict[str, str] = {}
    for name in sorted(available_timezones()):
        region, _, town = name.rpartition("/")
        if region.split("/")[0] in ("Etc", "posix", "right", "SystemV", "US"):
            continue
        known.setdefault(folded(name), name)
        if region:
            known[folded(town.replace("_", " "))] = name
            known.setdefault(folded(town), name)
    return known


def zone_named(value: str) -> str | None:
    """``Africa/Kampala``, ``kampala``, ``UTC+3``."""
    said = folded(value)
    if (match := re.fullmatch(r"(?:utc|gmt)\s*([+-])\s*(\d{1,2})(?::?00)?", said)) is not None:
        # POSIX counts the other way round.
        name = f"Etc/GMT{'-' if match[1] == '+' else '+'}{int(match[2])}"
        return name if name in available_timezones() else None
    return "UTC" if said in ("utc", "gmt") else _zones().get(said)


async def _set_quiet(value: str, row: Membership, community: Community, now: datetime, w: Words) -> str | None:
    if folded(value) in _OFF:
        await preferences.set_quiet(row, None, community, now)
        return w._("You have no quiet hours now.")
    try:
        hours = Hours.parse(value)
    except ValueError:
        return None
    await preferences.set_quiet(row, hours, community, now)
    return w._(
        "Between {start} and {end} nothing is sent to you.", start=f"{hours.start:%H:%M}", end=f"{hours.end:%H:%M}"
    )


async def _set_away(value: str, row: Membership, community: Community, now: datetime, w: Words) -> str | None:
    if folded(value) in _OFF | {"back"}:
        was = row.away_until is not None and row.away_until > now
        await preferences.set_away(row, None, community, now)
        if not was:
            return w._("You are not away. {how}", how=_reading_words(row, community, w))
        return w._("Welcome back. What you have missed comes as one digest, if you read privately.")
    until = parse(without_until(value), now, preferences.zone_of(row, community))
    if until is None:
        return None
    await preferences.set_away(row, until, community, now)
    return away_words(row, community, w)


def away_words(row: Membership, community: Community, w: Words) -> str:
    until = "" if row.away_until is None else w.time(row.away_until, preferences.zone_of(row, community))
    return w._(
        "Nothing of {community} is sent to you until {time}. BACK ends that.", community=community.name, time=until
    )


def _reading_words(row: Membership, community: Community, w: Words) -> str:
    how = membership.reads_by(preferences.reading_of(row), w, hour=row.hour)
    return w._("You read {community}: {how}.", community=community.name, how=how)


def _clock(row: Membership, community: Community, now: datetime) -> str:
    return f"{now.astimezone(preferences.zone_of(row, community)):%H:%M}"


def value_of(step: Step, row: Membership, community: Community, now: datetime, w: Words) -> str:
    """A line of the menu."""
    match step:
        case Step.READING:
            how = membership.reads_by(preferences.reading_of(row), w, hour=row.hour)
            return w._("Reading: {how}", how=how)
        case Step.LANGUAGE:
            return w._("Language: {language}", language=w.language_name(w.language))
        case Step.MEDIA:
            return w._("Files: yes") if row.media else w._("Files: no, words only")
        case Step.HOUR:
            return w._("Hour of digests: {time}", time=f"{row.hour:02}:00")
        case Step.ZONE:
            zone = preferences.zone_of(row, community)
            return w._("Time zone: {zone}", zone=zone.key)
        case Step.QUIET:
            return w._("Quiet hours: {hours}", hours=row.quiet) if row.quiet else w._("Quiet hours: none")
        case Step.AWAY:
            if row.away_until is None or row.away_until <= now:
                return w._("Away: no")
            return w._("Away until {time}", time=w.time(row.away_until, preferences.zone_of(row, community)))
        case _:
            return w._("Leave {community}", community=community.name)
