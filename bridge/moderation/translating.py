"""A translation of one wording, shown as such to the groups that read its language, with its translator."""

import re
from dataclasses import dataclass

from bridge.core.hygiene import clean_name, clean_text
from bridge.core.text import RichText, plain
from bridge.moderation import cards, preview
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.notes import taken_away
from bridge.moderation.short import kept
from bridge.rendering.languages import tag_of
from bridge.rendering.words import Words
from bridge.storage import audit, beside, codec, submissions

_BEGINNING = re.compile(r"\s*(?P<language>[^\s:,\n][^:,\n]{0,39}?)\s*(?:,\s*(?P<by>[^:\n]{1,80}))?\s*(?::|\n)\s*")
_SHOWN = 2500


@dataclass(frozen=True, kw_only=True)
class Given:
    """What was typed: ``fr, by Jean Dupont: <text>``."""

    language: str
    """A BCP 47 tag; empty where no language was named."""
    said: str
    """The language as it was written."""
    translator: str
    text: RichText


def read(text: RichText, w: Words) -> Given | None:
    """Take apart what was typed; None where it does not begin with a language and a colon."""
    match = _BEGINNING.match(text.text)
    if match is None:
        return None
    words = sorted({"by", w._("by").casefold()}, key=len, reverse=True)
    by = re.sub(rf"^(?:{'|'.join(map(re.escape, words))})\s+", "", (match["by"] or "").strip(), flags=re.IGNORECASE)
    return Given(
        language=tag_of(match["language"], w.language),
        said=match["language"],
        translator=clean_name(by, fallback=""),
        text=clean_text(text[match.end() :]),
    )


async def question(act: Act) -> RichText | Reply:
    """How a translation is written, which are wanted, and the text to be translated."""
    w, review = act.w, act.review
    intro = w._(
        "#{number}: reply to this message with the language, a colon and the translation: “fr: ...”. If somebody else "
        "translated it: “fr, by Jean Dupont: ...”. “fr: -” takes it away.",
        number=act.number,
    )
    read_here = dict.fromkeys(group.language or act.community.language for group in act.community.groups)
    named = ", ".join(f"{w.language_name(tag)} ({tag})" for tag in read_here)
    intro += "\n" + w._("The groups read: {languages}", languages=named)
    rows = await beside.translations(review.submission_id)
    known = ", ".join(row.language for row in rows if row.revision == review.revision)
    if known:
        intro += "\n" + w._("There is already: {languages}", languages=known)
    old = ", ".join(row.language for row in beside.outdated(rows, review.revision))
    if old:
        intro += "\n" + w._("Of an older wording: {languages}. “fr: keep” keeps it for this one.", languages=old)
    wording = codec.load(codec.RICH_TEXT, (await submissions.revision_of(review)).text)
    return plain(intro) + "\n\n" + wording.shortened(_SHOWN)


async def heard(act: Act) -> Reply:
    """Keep a translation of the present wording, or take one away."""
    w = act.w
    given = read(act.text, w)
    if given is None or not given.language:
        text = w._(
            "Please begin with the language and a colon, for example “fr: ...” or “French: ...”. Nothing was done."
        )
        if given is not None:
            unknown = plain(given.said).shortened(40).text
            text = w._("I do not know a language called “{said}”.", said=unknown) + " " + text
        return Reply(text=text, alert=True)
    if taken_away(given.text.text, w):
        return await _remove(act, given.language)
    if kept(given.text.text, w):
        return await _keep(act, given.language)
    if not given.text:
        return Reply(text=w._("There was no text. Nothing was done."), alert=True)
    limit = act.community.max_length
    if len(given.text) > limit:
        answer = w._(
            "The translation has {length} characters; at most {limit} are possible. Nothing was done.",
            length=w.number(len(given.text)),
            limit=w.number(limit),
        )
        return Reply(text=answer, alert=True)
    stored = codec.dump(codec.RICH_TEXT, given.text)
    await _translate(act, given.language, stored, given.translator or act.moderator.name)
    return await _done(act, given.language)


async def _translate(act: Act, language: str, text: str, translator: str) -> None:
    await beside.translate(
        act.review.submission_id,
        act.review.revision,
        language,
        text=text,
        translator=translator,
        by=act.identity,
        now=act.now,
    )


async def _keep(act: Act, language: str) -> Reply:
    """Let the translation of an older wording stand for this one: only a comma was changed."""
    old = beside.outdated(await beside.translations(act.review.submission_id), act.review.revision)
    row = next((row for row in old if row.language == language), None)
    if row is None:
        return _no_such(act, language)
    await _translate(act, language, row.text, row.translator)
    return await _done(act, language)


async def _remove(act: Act, language: str) -> Reply:
    if not await beside.remove_translation(act.review.submission_id, language):
        return _no_such(act, language)
    await _written(act, "translation_removed", language)
    return Reply(text=act.w._("Done."), on_card=True)


def _no_such(act: Act, language: str) -> Reply:
    name = act.w.language_name(language)
    text = act.w._("#{number} has no translation into {language}. Nothing was done.", number=act.number, language=name)
    return Reply(text=text, alert=True)


async def _done(act: Act, language: str) -> Reply:
    await _written(act, "translation", language)
    w, name = act.w, act.w.language_name(language)
    found = await preview.forecast(act.review, act.community, act.desk.directory, act.now)
    shown = [(outcome.view.translation, len(outcome.groups)) for outcome in found.outcomes]
    count = sum(groups for translation, groups in shown if translation is not None and translation.language == language)
    if not count:
        return Reply(
            text=w._("Kept, but no group of this community reads {language}: nobody would receive it.", language=name)
        )
    return Reply(
        text=w.ngettext(
            "Kept. {count} group receives it in place of the original: {language}.",
            "Kept. {count} groups receive it in place of the original: {language}.",
            count,
            language=name,
        )
    )


async def _written(act: Act, action: str, language: str) -> None:
    await audit.write(
        community=act.review.community,
        actor=submissions.audit_actor(act.identity),
        action=action,
        now=act.now,
        review_id=act.review.id,
        revision=act.revision,
        detail={"language": language},
    )
    await cards.refresh(act.review, act.now)


DEEDS = (Deed(name="translation", word=lambda w: w._("translation"), question=question, heard=heard),)
