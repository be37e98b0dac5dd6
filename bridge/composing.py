"""What rows of the ledger send, frozen when they are first claimed. Part of the composition root."""

from collections.abc import Sequence
from dataclasses import replace

from bridge.core.archive import ArchivePolicy
from bridge.core.capabilities import Form
from bridge.core.clock import Clock
from bridge.core.community import Communities
from bridge.core.message import Content
from bridge.core.states import ReviewState
from bridge.core.text import plain
from bridge.delivery import lettering, mirroring
from bridge.delivery.directory import Directory
from bridge.intake import commands
from bridge.moderation import application_cards, by_mail, cards
from bridge.rendering.sms import fold
from bridge.storage import codec, ledger, personal_links
from bridge.storage.models import Delivery


class Composer:
    """Cards show what is true at this moment; all else was written when it was planned."""

    def __init__(self, communities: Communities, directory: Directory, clock: Clock) -> None:
        self._communities = communities
        self._directory = directory
        self._clock = clock
        self._leave: dict[tuple[int, str], str] = {}
        self._archive: dict[tuple[int, str], str] = {}
        self._read: tuple[str | None, Content, str] = (None, Content(), "")
        self._dumped: tuple[object, str] = (None, "")

    async def prepare(self, rows: Sequence[Delivery]) -> None:
        """What a batch needs of the database, asked for all of it at once; inside the transaction that claims it."""
        readers = [
            (row.person_id, row.community)
            for row in rows
            if row.person_id and row.kind in (ledger.COPY, ledger.DIGEST) and self._is_of_letters(row)
        ]
        self._leave = await personal_links.unsubscribe_tokens(readers, self._clock.now()) if readers else {}
        asking = [reader for reader in readers if self._is_for_members(reader[1])]
        self._archive = await personal_links.known_archive_keys(asking) if asking else {}

    async def __call__(self, row: Delivery) -> ledger.Frozen | None:
        """Freeze one row; None where it has become pointless. Raises ValueError where it cannot be sent at all."""
        if row.operation in (ledger.DELETE, ledger.PRUNE):
            return ledger.Frozen(payload="{}", content=row.content)
        if row.operation == ledger.REACT:
            return await mirroring.compose(row, self._directory)
        if row.kind == ledger.CARD:
            return await self._card(row)
        if row.kind == ledger.APPLICATION:
            return await self._application(row)
        written, shows = self._written(row.content)
        content = await ledger.threaded(row, written)
        # Of a reader's own link the ledger keeps what is sent, and the words as they are for everybody.
        kept = row.content if content is written else codec.dump(codec.CONTENT, content)
        payload = self._directory.payload(row.address, await self._personal(row, content))
        if payload is not self._dumped[0]:  # an adapter may give the same again
            self._dumped = (payload, codec.dump_object(payload))
        return ledger.Frozen(payload=self._dumped[1], content=kept, shows=shows if row.kind == ledger.COPY else "")

    def _written(self, text: str) -> tuple[Content, str]:
        """What a row says, and its fingerprint. Private copies of a post have the same words many times in a row."""
        if self._read[0] != text:
            content = codec.load(codec.CONTENT, text)
            self._read = (text, content, lettering.fingerprint(content))
        return self._read[1:]

    async def _personal(self, row: Delivery, content: Content) -> Content:
        capabilities = self._directory.capabilities(row.address)
        letter = content.letter
        if letter is not None and letter.leave_label and row.person_id and capabilities and capabilities.letters:
            reader = (row.person_id, row.community)
            leave, key = self._leave.get(reader), self._archive.get(reader, "")
            if leave is None:
                leave = await personal_links.unsubscribe_token(*reader, self._clock.now())
            content = replace(content, letter=lettering.own(letter, self._communities.get(row.community), leave, key))
        if row.kind == ledger.NOTICE and capabilities is not None and capabilities.form is Form.LINE:
            # One sign that GSM 03.38 lacks makes an SMS hold less than half.
            content = replace(content, text=plain(fold(commands.in_words(content.text.text), "en")))
        return content

    async def _card(self, row: Delivery) -> ledger.Frozen | None:
        community = self._communities.get(row.community)
        by_letter = self._is_of_letters(row)
        if community is None or row.review_id is None or (by_letter and row.operation == ledger.EDIT):
            return None  # a letter that was sent cannot be changed
        composed = await cards.compose(row, community, self._directory, self._clock.now())
        if composed is None or (by_letter and composed.review.state != ReviewState.HELD):
            return None
        content, shows, review = composed
        if by_letter:
            content = await by_mail.dressed(content, row, review, community, self._clock.now())
        return self._frozen(row, content, shows)

    async def _application(self, row: Delivery) -> ledger.Frozen | None:
        community = self._communities.get(row.community)
        by_letter = self._is_of_letters(row)
        content = None
        if community is not None and not (by_letter and row.operation == ledger.EDIT):
            content = await application_cards.compose(row, community, self._directory, self._clock.now())
        if content is not None and community is not None and by_letter:
            content = by_mail.for_others(content, community)
        return None if content is None else self._frozen(row, content)

    def _frozen(self, row: Delivery, content: Content, shows: str = "") -> ledger.Frozen:
        payload = self._directory.payload(row.address, content)
        return ledger.Frozen(
            payload=codec.dump_object(payload), content=codec.dump(codec.CONTENT, content), shows=shows
        )

    def _is_for_members(self, community_id: str) -> bool:
        """Has the community an archive that each member finds by a link of their own?"""
        community = self._communities.get(community_id)
        return community is not None and community.archive.policy is ArchivePolicy.MEMBERS

    def _is_of_letters(self, row: Delivery) -> bool:
        capabilities = self._directory.capabilities(row.address)
        return capabilities is not None and capabilities.letters
