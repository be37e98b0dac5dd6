"""One post's page: its words in the reader's language, who wrote it, what stands beside it, in few bytes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.core.states import PostState
from bridge.rendering import cards, kinds, languages, posts
from bridge.rendering.html import blocks
from bridge.rendering.posts import PostView, Translated
from bridge.rendering.words import Words
from bridge.storage import archive, small_pictures
from bridge.storage.models import Post
from bridge.web import shown
from bridge.web.archive import Room
from bridge.web.replies import Reply, squeezed
from bridge.web.templating import markup, rendered

POST_BYTES = 2048
"""Of a post's page as it is sent. What is longer is continued where its reader asks for the rest."""
_ANSWERS = 8
_ANSWER_EXCERPT = 70


async def post(room: Room, number: int, wanted: str, *, whole: bool) -> Reply | None:
    """A post in the reader's language where it was translated; ``wanted``: another language, or ``original``."""
    row = await archive.post(room.reader, number)
    if row is None or row.state != PostState.LIVE:
        return None
    view = (await shown.views([row], room.community, room.reader))[0]
    spoken = (await shown.languages_of([row], room.community))[row.id]
    view = _in_language(view, spoken, wanted, room.w)
    if wanted not in ("", "original") and (view.translation is None or view.translation.language != wanted):
        return None
    answers = await archive.answers(room.reader, row, _ANSWERS)
    count = await archive.in_thread(room.reader, row.thread_id or row.id)
    made = await small_pictures.known([file.sha256 for file in view.attachments])
    page = _PostPage(
        room=room,
        row=row,
        view=view,
        spoken=spoken,
        path=f"{number}/{wanted}" if wanted else str(number),
        answers=answers,
        conversation=count,
        sizes={key: small.size for key, small in made.items()},
    )
    return room.reply(page.whole() if whole else page.fitting(), changed=row.corrected_at or shown.published(row))


def _in_language(view: PostView, spoken: str, wanted: str, w: Words) -> PostView:
    if wanted == "original":
        return view
    if wanted:
        exact = next((each for each in view.translations if each.language == wanted), None)
        return replace(view, translation=exact)
    if languages.base(spoken) == languages.base(w.language):
        return view
    return posts.in_language(view, w.language)


@dataclass(frozen=True, kw_only=True)
class _PostPage:
    """A post's page in as many bytes as it may have."""

    room: Room
    row: Post
    view: PostView
    spoken: str
    path: str
    answers: Sequence[Post]
    conversation: int
    sizes: dict[tuple[str, str], int]

    def whole(self) -> bytes:
        return self._page(len(self.text), _ANSWER_EXCERPT)

    def fitting(self) -> bytes:
        """What answers it is told in less words first, then the text is cut where the page is full."""
        size = len(self.text)
        for excerpt in (_ANSWER_EXCERPT, 0):
            body = self._page(size, excerpt)
            if len(squeezed(body)) <= POST_BYTES:
                return body
        least, most = 0, size
        best = self._page(0, 0)
        while most - least > 40:
            middle = (least + most) // 2
            body = self._page(middle, 0)
            if len(squeezed(body)) <= POST_BYTES:
                least, best = middle, body
            else:
                most = middle
        return best

    @property
    def text(self) -> str:
        return posts.wording(self.view).text

    def _page(self, room_left: int, excerpt: int) -> bytes:
        room, view, w = self.room, self.view, self.room.w
        text = posts.wording(view)
        cut = len(text) > room_left
        rest = None
        if cut:
            left = len(text.text[room_left:].encode())
            rest = (f"{room.up}{self.path}?all=1", w._("Read on ({size})", size=w.size(left)))
            text = text.shortened(max(1, room_left))
        told = posts.provenance(replace(view, translation=None), w)
        translation = view.translation
        if translation is not None:
            told.append(self._translated(translation))
        body = "".join(blocks(shown.anchored(view, text, w)))
        return rendered(
            "post.html",
            w,
            title=f"#{view.number} {posts.subject(view)}".strip()[:80] + f" · {room.community.name}",
            indexed=room.public,
            menu=room.menu()[:1] + room.menu()[3:],
            up=room.up,
            subject=posts.subject(view),
            number=view.number,
            author=view.author,
            date=w.date(shown.published(self.row), room.community.policy.zone),
            corrected=w._("(corrected)") if view.corrected else "",
            answers=(view.answers, shown.answers_line(view, w)) if view.answers is not None else None,
            provenance=told,
            original=f"{room.up}{view.number}/original" if translation is not None else "",
            language=self.spoken if translation is None else translation.language,
            blocks=markup(body),
            rest=rest,
            files=shown.files(view, f"{room.up}{view.number}/file", self.sizes, w, saves_data=room.saves_data),
            told=kinds.uncarried_words(view.uncarried, w),
            card=cards.paragraph(view.card, w),
            notes=[] if cut else shown.note_texts(view, text.text, w),
            others=self._others(),
            replies=self._replies(excerpt),
            conversation=self._conversation(),
        )

    def _translated(self, translation: Translated) -> str:
        w = self.room.w
        if translation.source:
            return w._(
                "Translation from {language} by {translator}.",
                language=w.language_name(translation.source),
                translator=translation.translator,
            )
        return w._("Translation by {translator}.", translator=translation.translator)

    def _others(self) -> list[tuple[str, str]]:
        """The other languages that it can be read in."""
        room, view = self.room, self.view
        now = None if view.translation is None else view.translation.language
        return [
            (f"{room.up}{view.number}/{each.language}", room.w.language_name(each.language))
            for each in view.translations
            if each.language != now
        ]

    def _replies(self, excerpt: int) -> list[tuple[str, str, str]]:
        found = []
        for row in self.answers:
            view = shown.view_of(row, self.room.community, theme=None, thread_headline="", answered=None)
            words = " ".join(view.text.text.split())
            short = replace(view.text, text=words, marks=()).shortened(excerpt).text if excerpt else ""
            found.append((f"{self.room.up}{row.number}", f"#{row.number} {row.author}", short))
        return found

    def _conversation(self) -> tuple[str, str] | None:
        if self.conversation < 2:
            return None
        w = self.room.w
        said = w.ngettext("Whole conversation ({count} post)", "Whole conversation ({count} posts)", self.conversation)
        return f"{self.room.up}thread/{self.view.number}", said


__all__ = ["POST_BYTES", "post"]
