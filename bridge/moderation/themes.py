"""Headline and theme: the subject line of a post. Their running numbers are given when it is published."""

from bridge.core.hygiene import clean_text
from bridge.core.states import ThemeState
from bridge.core.text import RichText, plain
from bridge.moderation import cards
from bridge.moderation.acts import Act, Deed, Reply
from bridge.moderation.notes import taken_away
from bridge.rendering import posts
from bridge.rendering.words import Words
from bridge.storage import afterwards, audit, desk, submissions, themes
from bridge.storage.models_desk import Theme

LIMIT = 120
"""Longest headline and title of a theme, in code points."""


def one_line(text: RichText) -> str:
    """What was typed, in one clean line without marks."""
    return " ".join(posts.spelled(clean_text(text)).text.split())


def too_long(length: int, w: Words) -> str:
    return w._(
        "That has {length} characters; at most {limit} are possible. Nothing was done.",
        length=w.number(length),
        limit=w.number(LIMIT),
    )


async def _written(act: Act, action: str, **detail: int | bool) -> None:
    await audit.write(
        community=act.review.community,
        actor=submissions.audit_actor(act.identity),
        action=action,
        now=act.now,
        review_id=act.review.id,
        revision=act.revision,
        detail=detail,
    )


# --- the headline ---


async def headline_question(act: Act) -> RichText | Reply:
    """What a headline is, and which there is."""
    w = act.w
    text = w._(
        "#{number}: reply to this message with the headline, one line of at most {limit} characters. Numbers are added "
        "by themselves.",
        number=act.number,
        limit=w.number(LIMIT),
    )
    if act.review.headline:
        text += "\n" + w._("It is now: {text}", text=act.review.headline)
        text += "\n" + w._("“-” takes it away.")
    return plain(text)


async def headline(act: Act) -> Reply:
    """Give the post a headline, another one, or none."""
    w, review = act.w, act.review
    said = one_line(act.text)
    if not said:
        return Reply(text=w._("There was no text. Nothing was done."), alert=True)
    wanted = "" if taken_away(said, w) else said
    if len(wanted) > LIMIT:
        return Reply(text=too_long(len(wanted), w), alert=True)
    if not wanted and not review.headline:
        return Reply(text=w._("#{number} has no headline. Nothing was done.", number=act.number), alert=True)
    if wanted != review.headline:
        await desk.dress(review, headline=wanted)
        await _written(act, "headline", characters=len(wanted))
        await cards.refresh(review, act.now)
    return Reply(text=w._("Done."), on_card=True)


# --- the theme ---


async def choose(act: Act) -> Reply:
    """The button of a theme: choose it, or leave it again. The word alone says which themes there are."""
    w = act.w
    if not act.argument:
        return Reply(text=await _overview(act))
    theme = await desk.theme(int(act.argument))
    if theme is None or theme.community != act.community.id:
        return Reply(text=w._("This button no longer does anything."), alert=True)
    return await _set(act, None if act.review.theme_id == theme.id else theme)


async def theme_question(act: Act) -> RichText | Reply:
    return plain(await _overview(act))


async def _overview(act: Act) -> str:
    w = act.w
    lines = [
        w._(
            "#{number}: reply with the theme: the title of one there is, or of a new one, at most {limit} characters.",
            number=act.number,
            limit=w.number(LIMIT),
        ),
        w._("Under the post itself write “theme: ” before it."),
    ]
    now = await desk.theme(act.review.theme_id)
    if now is not None:
        lines += [w._("It is now: {text}", text=now.title), w._("“-” takes it away.")]
    lines += [f"• {theme.title}" for theme in await desk.open_themes(act.community.id)]
    return "\n".join(lines)


async def theme_words(act: Act) -> Reply:
    """A theme by its title. One that nobody knows yet is a new one."""
    w, community = act.w, act.community.id
    said = one_line(act.text)
    if not said:
        return Reply(text=w._("There was no text. Nothing was done."), alert=True)
    if taken_away(said, w):
        if act.review.theme_id is None:
            return Reply(text=w._("#{number} has no theme. Nothing was done.", number=act.number), alert=True)
        return await _set(act, None)
    if len(said) > LIMIT:
        return Reply(text=too_long(len(said), w), alert=True)
    if (refused := _of_what_is_published(act)) is not None:
        return refused
    await themes.lock_titles(community)
    theme = await themes.titled(community, said)
    if theme is None:
        theme = await themes.create(community, said, by=act.identity, now=act.now)
        return await _set(act, theme, new=True)
    return await _set(act, theme)


def _of_what_is_published(act: Act) -> Reply | None:
    """Its number within its theme was given; a correction cannot give it another."""
    if act.review.kind != afterwards.CORRECTION:
        return None
    text = act.w._("A correction does not change the theme: #{number} has its number in it.", number=act.number)
    return Reply(text=text, alert=True)


async def _set(act: Act, theme: Theme | None, *, new: bool = False) -> Reply:
    w, review = act.w, act.review
    if (refused := _of_what_is_published(act)) is not None:
        return refused
    if theme is not None and theme.state != ThemeState.OPEN and theme.id != review.theme_id:
        text = w._(
            "“{title}” is closed; a senior moderator can reopen it: /discussion reopen {title}", title=theme.title
        )
        return Reply(text=text, alert=True)
    wanted = None if theme is None else theme.id
    if wanted != review.theme_id:
        before = review.theme_id
        await desk.dress(review, theme_id=wanted)
        await _written(act, "theme", theme=wanted or 0, before=before or 0, new=new)
        await cards.refresh(review, act.now)
    if theme is None:
        return Reply(text=w._("#{number} has no theme now.", number=act.number), on_card=True)
    if new:
        return Reply(text=w._("New theme: {title}", title=theme.title))
    return Reply(text=w._("Theme: {title}", title=theme.title), on_card=bool(act.argument))


DEEDS = (
    Deed(name="headline", word=lambda w: w._("headline"), question=headline_question, heard=headline),
    Deed(name="theme", word=lambda w: w._("theme"), perform=choose, heard=theme_words),
    Deed(name="theme_words", question=theme_question, heard=theme_words),
)
