"""Posts as readers receive them: number, author, text, and the author's card underneath."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bridge.core.capabilities import Capabilities, Form
from bridge.core.card import AuthorCard, CardForm
from bridge.core.hygiene import isolated
from bridge.core.message import Attachment, Uncarried
from bridge.core.text import EMPTY, MarkKind, RichText, emphasised, joined, marked, plain
from bridge.rendering import cards, languages, notes, sms, thin
from bridge.rendering.kinds import attachment_words as attachment_words
from bridge.rendering.kinds import files_words as files_words
from bridge.rendering.kinds import kind_words as kind_words
from bridge.rendering.kinds import uncarried_words as uncarried_words
from bridge.rendering.notes import NoteView
from bridge.rendering.words import Words

_ADDRESS = re.compile(r"https?://|\bwww\.", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Translated:
    """A wording in another language."""

    language: str
    text: RichText
    translator: str
    source: str = ""
    """The language that it was translated from, where that is known."""


@dataclass(frozen=True, kw_only=True)
class PostView:
    """All that a rendering of a post needs."""

    community: str
    number: int
    author: str
    text: RichText
    card: AuthorCard
    card_form: CardForm = CardForm.DEFAULT
    """The form that the group's community chose; else what the chat bears."""
    author_id: str = ""
    """The same for all of the author's posts in this community, and meaningless elsewhere."""
    attachments: tuple[Attachment, ...] = ()
    uncarried: tuple[Uncarried, ...] = ()
    page: str = ""
    """Where everybody finds it on a web page; empty where nowhere."""
    asks_page: bool = False
    """Is it on a page for those members who ask for their own link?"""
    file_words: tuple[str, ...] | None = None
    """What is said in place of its files; None: their kinds and sizes."""
    obtainable: frozenset[str] = frozenset()
    """Files (by ``sha256``) that this reader is told of in words, and sent when they ask for the post."""
    previews: bool = False
    """May readers' apps show what is behind its first link?"""
    answers: int | None = None
    """The number of the post it answers."""
    answers_author: str = ""
    answers_excerpt: str = ""
    corrected: bool = False
    """Is the wording another than the one first published?"""
    headline: str = ""
    theme: str = ""
    theme_number: int | None = None
    """Its number within the theme."""
    thread_number: int = 1
    """Its number within its sub-thread, whose first post shows none."""
    thread_root: int | None = None
    """The number of its sub-thread's first post."""
    thread_headline: str = ""
    """The headline of its sub-thread's first post, which names the sub-thread."""
    notes: tuple[NoteView, ...] = ()
    short: str = ""
    """The moderators' short version, for chats where every character costs."""
    translations: tuple[Translated, ...] = ()
    translation: Translated | None = None
    """The one that this reader is shown; see ``in_language``."""
    origin: tuple[str, int] | None = None
    """For a copy from another community: its name, and the number there."""


def in_language(view: PostView, language: str) -> PostView:
    """For readers of a language: with its translation, else that of the same base language, else the original."""
    exact = [t for t in view.translations if t.language.casefold() == language.casefold()]
    alike = [
        t
        for t in view.translations
        if languages.base(t.language) == languages.base(language) != languages.base(t.source)
    ]
    return replace(view, translation=next(iter((*exact, *alike)), None))


def split_attachments(
    attachments: Sequence[Attachment], capabilities: Capabilities
) -> tuple[list[Attachment], list[Attachment]]:
    """Those the chat can be shown, and those it must be told of."""
    shown = [a for a in attachments if a.size <= capabilities.file_limit(a.kind)]
    return shown, [a for a in attachments if a not in shown]


def heading(view: PostView, w: Words) -> str:
    """``HIFA #12 · Amina Okello · Re #9``."""
    parts = [f"{isolated(view.community)} #{view.number}", isolated(view.author)]
    if view.answers is not None:
        parts.append(w._("Re #{number}", number=view.answers))
    return " · ".join(parts)


def subject(view: PostView) -> str:
    """``Communicating health research (76) Have you ever published? (5)``; empty where it has neither."""
    return subject_line(view.theme, view.theme_number, _headline(view))


def _headline(view: PostView) -> str:
    return numbered_headline(view.headline, view.thread_number, view.thread_headline)


def subject_line(theme: str, theme_number: int | None, headline: str) -> str:
    """Theme and headline with their numbers."""
    if theme and theme_number is not None:
        theme = f"{theme} ({theme_number})"
    return " ".join(part for part in (theme, headline) if part)


def numbered_headline(headline: str, thread_number: int, thread_headline: str) -> str:
    """``Have you ever published? (5)``; a headline of its own follows: ``Have you ever published? (5) In Malawi``.

    The number counts the posts of the sub-thread, so it stands behind the sub-thread's name.
    """
    if not headline or thread_number <= 1:
        return headline
    if not thread_headline or thread_headline.casefold() == headline.casefold():
        return f"{headline} ({thread_number})"
    return f"{thread_headline} ({thread_number}) {headline}"


def provenance(view: PostView, w: Words) -> list[str]:
    """Where a post comes from that was not written here, or not in these words."""
    lines: list[str] = []
    if view.origin is not None:
        lines.append(w._("Forwarded from {community} #{number}", community=view.origin[0], number=view.origin[1]))
    if view.translation is not None:
        values = {"translator": view.translation.translator, "number": view.number}
        lines.append(
            w._(
                "Translation from {language} by {translator}; original: #{number} (write GET {number} to me privately)",
                language=w.language_name(view.translation.source),
                **values,
            )
            if view.translation.source
            else w._("Translation by {translator}; original: #{number} (write GET {number} to me privately)", **values)
        )
    return lines


def spelled(text: RichText, most: int = 0) -> RichText:
    """Links in words, for chats that show no links: ``the guideline (https://who.int/...)``.

    ``most``: characters of an address that are shown; 0: all of it.
    """
    additions: dict[int, str] = {}
    for mark in sorted((m for m in text.marks if m.kind is MarkKind.LINK), key=lambda m: m.end, reverse=True):
        covered = text.text[mark.start : mark.end].strip()
        if (
            mark.value
            and mark.value.split("://")[-1].strip("/").casefold() != covered.split("://")[-1].strip("/").casefold()
        ):
            address = plain(mark.value).shortened(most).text if most else mark.value
            additions[mark.end] = f" ({address})" + additions.get(mark.end, "")
    text = text.with_insertions(additions)
    return RichText(text.text, tuple(m for m in text.marks if m.kind is not MarkKind.LINK))


def has_link(text: RichText) -> bool:
    """Is there anything behind which an app could look?"""
    return _ADDRESS.search(text.text) is not None or any(mark.kind is MarkKind.LINK for mark in text.marks)


def wording(view: PostView) -> RichText:
    """What readers are shown of the author's words: the translation where there is one for them."""
    return view.text if view.translation is None else view.translation.text


def reworded(view: PostView, text: RichText) -> PostView:
    """With other words in the place of those that readers are shown."""
    if view.translation is None:
        return replace(view, text=text)
    return replace(view, translation=replace(view.translation, text=text))


def body(view: PostView, told: Sequence[Attachment], w: Words, *, brief: bool = False) -> RichText:
    """The author's words with the notes' anchors, and words for what cannot be shown."""
    extra = files_words(told, w, dict.fromkeys(view.obtainable, view.number))
    extra = [*(extra if view.file_words is None else view.file_words)]
    extra += uncarried_words(view.uncarried, w, brief=brief)
    words = notes.anchored(wording(view), _notes(view), w, brief=brief)
    return joined([part for part in (words, *map(plain, extra)) if part], "\n")


def _notes(view: PostView) -> list[NoteView]:
    """In the order, and so with the numbers, that they have on every channel."""
    return notes.arranged(view.notes, view.text.text)


def note_paragraphs(view: PostView, shown: str, w: Words, *, brief: bool = False) -> list[RichText]:
    """The moderators' notes, for readers who have the text ``shown`` before them."""
    return notes.paragraphs(_notes(view), shown, view.community, w, brief=brief)


def compose(view: PostView, capabilities: Capabilities, w: Words, *, quoting: bool) -> RichText:
    """The whole post for one chat; ``quoting`` where a native reply to the post it answers is not possible."""
    if capabilities.form is Form.LINE:
        return plain(line(view, capabilities, w).text())
    _, told = split_attachments(view.attachments, capabilities)
    text = _showable(thin.worded(body(view, told, w), capabilities, w), capabilities)
    quote = EMPTY
    if quoting and view.answers_excerpt:
        quote = marked(f"{view.answers_author}: {view.answers_excerpt}", MarkKind.QUOTE)
        quote = thin.worded(quote, capabilities, w)
    beneath = [_card(view, capabilities, w), *note_paragraphs(view, wording(view).text, w)]
    return joined([part for part in (_head(view, capabilities, w), quote, text, *beneath) if part], "\n\n")


def _showable(text: RichText, capabilities: Capabilities) -> RichText:
    return text if MarkKind.LINK in capabilities.marks else spelled(text)


def _card(view: PostView, capabilities: Capabilities, w: Words) -> RichText:
    card = plain(cards.shown_in(capabilities.form, view.card, w, view.card_form))
    return emphasised(card, MarkKind.ITALIC) if capabilities.form is Form.RICH else card


def _head(view: PostView, capabilities: Capabilities, w: Words, first: str = "") -> RichText:
    """Number and author (or another first line), theme and headline, and where it comes from."""
    lines = (first or heading(view, w), subject(view))
    head = marked("\n".join(line for line in lines if line), MarkKind.BOLD) + _correction(view, w)
    for text in provenance(view, w):
        head = head + "\n" + (marked(text, MarkKind.ITALIC) if capabilities.form is Form.RICH else plain(text))
    return head


def _correction(view: PostView, w: Words) -> RichText:
    """A line for whoever reads a post again."""
    return plain("\n" + w._("(corrected)")) if view.corrected else EMPTY


def stays_in_place(view: PostView, capabilities: Capabilities, w: Words, *, changed: bool) -> RichText:
    """What is added under an original that stays in its group; with the text where a moderator changed it.

    A translation for the readers of that group is added, too.
    """
    head = w._("{community} #{number}: approved and sent to all groups.", community=view.community, number=view.number)
    if changed:
        head = w._(
            "{community} #{number}: approved with changes and sent to all groups:",
            community=view.community,
            number=view.number,
        )
    texts = [view.text] if changed else []
    texts += [view.translation.text] if view.translation is not None else []
    brief = capabilities.form is Form.LINE
    own = joined((notes.anchored(text, _notes(view), w, brief=brief) for text in texts), "\n\n")
    own = thin.worded(own, capabilities, w)
    beneath = note_paragraphs(view, "\n\n".join(text.text for text in texts), w, brief=brief)
    if brief:
        lines = [plain(text) for text in (head, _line_subject(view), *_line_provenance(view, w)) if text]
        return plain(sms.fold(joined([*lines, *([spelled(own)] if own else []), *beneath], "\n").text, w.language))
    parts = [_head(view, capabilities, w, first=head), _showable(own, capabilities), _card(view, capabilities, w)]
    return joined([part for part in (*parts, *beneath) if part], "\n\n")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A post where every character costs: what stands before the text, the text, and what must not be cut off."""

    lead: str
    body: str
    tail: Callable[[str], str]
    """What follows what is shown of the text."""
    number: int
    language: str = ""
    """What it is written in, as far as anybody knows."""

    def text(self) -> str:
        return sms.fold(self.lead + self.body + self.tail(self.body), self.language)

    def shortened(self, room: int, w: Words) -> str:
        """With at most ``room`` characters of the text, and how to get the rest."""
        if len(self.body) <= room:
            return self.text()
        kept = plain(self.body).shortened(room, ellipsis="").text
        left_out = w.ngettext(
            "{count} more character: GET {number}",
            "{count} more characters: GET {number}",
            len(self.body) - len(kept),
            number=self.number,
        )
        return sms.fold(f"{self.lead}{kept}... [{left_out}]{self.tail(kept)}", self.language)


def line(view: PostView, capabilities: Capabilities, w: Words) -> Line:
    """The post for a chat where every character costs: the short version, else all of its text."""
    re = "" if view.answers is None else " " + w._("Re #{number}", number=view.answers)
    about = _line_subject(view)
    apart = view.card_form in (CardForm.PARAGRAPH, CardForm.TWO_LINES)
    author = view.author if apart else cards.shown_in(capabilities.form, view.card, w, view.card_form)
    beneath = cards.shown_in(capabilities.form, view.card, w, view.card_form).replace("\n", ", ") if apart else ""
    lead = f"{view.community} #{view.number}{re} {author}: " + (f"{about} - " if about else "")
    lead += "".join(f"[{part}] " for part in _line_provenance(view, w))
    if view.corrected:
        lead += w._("(corrected)") + " "
    if view.short and view.translation is None:
        shown = notes.anchored(plain(view.short), _notes(view), w, brief=True).text
        whole = " [" + w._("shortened; all of it: GET {number}", number=view.number) + "]"
    else:
        shown = spelled(thin.worded(body(view, view.attachments, w, brief=True), capabilities, w)).text
        whole = ""

    def tail(read: str) -> str:
        paragraphs = [paragraph.text for paragraph in note_paragraphs(view, read, w, brief=True)]
        return whole + "".join(f" {text}" for text in (beneath, *paragraphs) if text)

    return Line(lead=lead, body=shown, tail=tail, number=view.number, language=written_in(view, w))


def written_in(view: PostView, w: Words) -> str:
    return w.language if view.translation is None else view.translation.language


_PUSHED_CARD = 40
"""Characters of an author's card in a message that nobody asked for."""


def push(view: PostView, capabilities: Capabilities, w: Words, fits: Callable[[str], bool]) -> str:
    """One short message that nobody asked for: number, who and from where, the gist, how to read on and to answer."""
    re = "" if view.answers is None else " " + w._("Re #{number}", number=view.answers)
    card = plain(cards.shown_in(capabilities.form, view.card, w, CardForm.DEFAULT)).shortened(_PUSHED_CARD, ellipsis="")
    who = card.text.rstrip(" ,;") or plain(view.author).shortened(_PUSHED_CARD, ellipsis="").text
    corrected = w._("(corrected)") + " " if view.corrected else ""
    lead = f"{view.community} #{view.number}{re} {who}: {corrected}"
    about = _line_subject(view)
    own = (
        view.short
        if view.short and view.translation is None
        else spelled(thin.worded(body(view, view.attachments, w, brief=True), capabilities, w)).text
    )
    gist = " ".join(own.split())
    if about:
        gist = f"{about} {gist}" if about.endswith((".", "?", "!")) else f"{about}. {gist}"
    language = written_in(view, w)
    noted = bool(view.notes) or bool(view.short and view.translation is None) or view.translation is not None
    whole = sms.fold(f"{lead}{gist} " + w._("Reply: {number} + text", number=view.number), language)
    if not noted and fits(whole):
        return whole
    tail = w._("All: GET {number}. Reply: {number} + text", number=view.number)
    low, high = 0, len(gist)
    while low < high:
        middle = (low + high + 1) // 2
        if fits(_pushed(lead, gist, middle, tail, language)):
            low = middle
        else:
            high = middle - 1
    return _pushed(lead, gist, low, tail, language)


def _pushed(lead: str, gist: str, room: int, tail: str, language: str) -> str:
    kept = plain(gist).shortened(room, ellipsis="").text.rstrip()
    more = "... " if len(kept) < len(gist) and kept else " " if kept else ""
    return sms.fold(f"{lead}{kept}{more}{tail}", language)


def _line_subject(view: PostView) -> str:
    """The headline with the numbers that it has everywhere; the theme's title only where there is no headline."""
    if not view.headline:
        return subject(view)
    number = f"({view.theme_number}) " if view.theme_number is not None else ""
    return number + _headline(view)


def _line_provenance(view: PostView, w: Words) -> list[str]:
    found: list[str] = []
    if view.origin is not None:
        found.append(w._("from {community} #{number}", community=view.origin[0], number=view.origin[1]))
    if view.translation is not None:
        found.append(
            w._(
                "translated by {translator}, original: GET {number}",
                translator=view.translation.translator,
                number=view.number,
            )
        )
    return found
