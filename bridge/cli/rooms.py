"""What the commands ask of the program itself. It is imported only when a command needs it: `--help` stays quick."""

from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from bridge.config import Config
from bridge.core.bandwidth import Bandwidth
from bridge.core.checks import ChatUse
from bridge.core.community import Community
from bridge.core.exports import Decisions, DiscussionLine, ExportedDiscussion, ExportedPost, Posts, Quotations
from bridge.core.ids import AccountId
from bridge.core.ports import Adapter, StateStore
from bridge.core.reports import Chain, DeliveryFilter, DeliveryLine, GroupLine, StatusReport, TraceReport
from bridge.core.roster import Figures, ImportReport, PersonShown, Table
from bridge.core.sharing import Ownership
from bridge.core.states import DeliveryStep


class Way(Protocol):
    """One account on which somebody can join."""

    @property
    def account(self) -> AccountId: ...

    @property
    def link(self) -> str: ...

    @property
    def address(self) -> str: ...

    @property
    def words(self) -> str: ...


class App(Protocol):
    """The part of ``bridge.office`` that the commands use; the module is checked against this."""

    def run(
        self,
        config: Config,
        *,
        ready: Callable[[], None] | None = None,
        standby: bool = False,
        roles: Collection[Any] | None = None,
    ) -> Coroutine[Any, Any, None]:
        """Run until cancelled; ``standby``: wait first while another program has the database, ``roles``: share it."""
        ...

    def build_adapters(self, config: Config) -> dict[AccountId, Adapter]:
        """Every account's adapter, not started."""
        ...

    def open_storage(self, config: Config, *, migrate: bool = True) -> AbstractAsyncContextManager[None]:
        """The database; without ``migrate`` nothing is created or changed in it. Raises StorageUnavailable."""
        ...

    def copy_database(self, path: Path, url: str) -> Coroutine[Any, Any, dict[str, int]]:
        """From SQLite into an empty PostgreSQL database; rows by table. Raises ConfigError and StorageUnavailable."""
        ...

    def state_store(self, account: AccountId) -> StateStore: ...

    def status(self, now: datetime) -> Coroutine[Any, Any, StatusReport]: ...

    def deliveries(self, wanted: DeliveryFilter) -> Coroutine[Any, Any, Sequence[DeliveryLine]]: ...

    def bandwidth(self, *, sizes: datetime, money: datetime) -> Coroutine[Any, Any, Bandwidth]:
        """How large messages were from ``sizes`` on, and what they cost from ``money`` on."""
        ...

    def trace(self, community: str, number: int) -> Coroutine[Any, Any, TraceReport]:
        """The way of one item. Raises LookupError."""
        ...

    def audit_chains(self, community: str | None = None) -> Coroutine[Any, Any, Sequence[Chain]]: ...

    def audit_line(self, community: str, start_of_hash: str) -> Coroutine[Any, Any, int | None]:
        """The number of the line whose hash begins like this."""
        ...

    def export_posts(
        self, community: str, *, since: datetime | None, until: datetime
    ) -> Coroutine[Any, Any, Posts]: ...

    def export_quotations(
        self, community: str, *, since: datetime | None, until: datetime
    ) -> Coroutine[Any, Any, Quotations]: ...

    def export_decisions(
        self, community: str, *, since: datetime | None, until: datetime
    ) -> Coroutine[Any, Any, Decisions]: ...

    def find_discussions(self, said: str, community: str | None) -> Coroutine[Any, Any, Sequence[DiscussionLine]]:
        """By title, else by number."""
        ...

    def export_discussion(self, discussion: int, *, until: datetime) -> Coroutine[Any, Any, ExportedDiscussion]:
        """Raises LookupError where there is none."""
        ...

    def addressed(self, config: Config, posts: Sequence[ExportedPost]) -> Sequence[ExportedPost]:
        """With the platforms' own links to where they stand."""
        ...

    def groups(self, config: Config) -> Coroutine[Any, Any, Sequence[GroupLine]]:
        """Those of the file and those connected in chats."""
        ...

    def ownership(self, now: datetime) -> Coroutine[Any, Any, Ownership | None]:
        """Which programs share the database now, and who does what; None where none does."""
        ...

    def is_superuser(self) -> Coroutine[Any, Any, bool]:
        """May the role in PostgreSQL do anything there?"""
        ...

    def chat_uses(self, config: Config, account: AccountId) -> Coroutine[Any, Any, Sequence[ChatUse]]:
        """Every chat of an account, and what for."""
        ...

    def introduce(self, adapters: Mapping[AccountId, Adapter]) -> Coroutine[Any, Any, dict[AccountId, str]]:
        """Let accounts learn what their links need; returns what hindered which."""
        ...

    def invite(self, community: Community, *, by: str, now: datetime, most: int, days: int) -> Coroutine[Any, Any, str]:
        """A new invitation code; ``most`` and ``days`` are 0 for no limit."""
        ...

    def ways_in(self, community: Community, adapters: Mapping[AccountId, Adapter], code: str = "") -> "Sequence[Way]":
        """The links and words by which somebody joins."""
        ...

    def settle(self, delivery: int, step: DeliveryStep, *, by: str, now: datetime) -> Coroutine[Any, Any, DeliveryLine]:
        """Raises TransitionRefused where the row's state has no such step, LookupError where there is no such row."""
        ...


class People(Protocol):
    """What the commands about members and figures use of ``bridge.office``; the module is checked against this, too."""

    def open_storage(self, config: Config, *, migrate: bool = True) -> AbstractAsyncContextManager[None]: ...

    def read_members(self, file: Path) -> Table:
        """Raises UnreadableFile."""
        ...

    def import_members(
        self, config: Config, table: Table, community: str, *, region: str, shown: bool, dry: bool, now: datetime
    ) -> AsyncIterator[ImportReport]:
        """Reports after every batch."""
        ...

    def find_people(self, config: Config, said: str) -> Coroutine[Any, Any, Sequence[PersonShown]]: ...

    def people_of(self, community: str) -> AsyncIterator[Sequence[PersonShown]]: ...

    def merge_people(self, keep: int, gone: int, *, now: datetime) -> Coroutine[Any, Any, None]:
        """Raises LookupError where one of them is nobody."""
        ...

    def erase_person(self, config: Config, person: int, *, now: datetime) -> Coroutine[Any, Any, Sequence[str]]:
        """Returns what could not be recalled, in words. Raises LookupError."""
        ...

    def ban(
        self, config: Config, person: int, community: str, *, reason: str, lift: bool, now: datetime
    ) -> Coroutine[Any, Any, str]:
        """Why that cannot be; empty where it is done."""
        ...

    def figures(self, community: str, *, since: datetime | None, until: datetime) -> Coroutine[Any, Any, Figures]: ...


class Manifest(Protocol):
    """What an archive holds."""

    @property
    def made_at(self) -> str: ...

    @property
    def rows(self) -> int: ...

    @property
    def tables(self) -> Mapping[str, int]: ...

    @property
    def media(self) -> Mapping[str, int]: ...

    @property
    def damaged(self) -> Sequence[str]: ...


class Restored(Protocol):
    """What a restore did."""

    @property
    def manifest(self) -> Manifest: ...

    @property
    def kept(self) -> Sequence[Path]: ...


class Backups(Protocol):
    """What the commands use of ``bridge.backups``; the module is checked against this, too."""

    def backup(
        self, url: str, media: Path, file: Path, now: datetime, *, replace: bool = False
    ) -> Coroutine[Any, Any, Manifest]: ...

    def restore(
        self, url: str, media: Path, file: Path, now: datetime, *, replace: bool = False, moved: bool = False
    ) -> Coroutine[Any, Any, Restored]: ...


def backups() -> Backups:
    from bridge import backups as module

    return module


def people() -> People:
    from bridge import office as module

    return module


def app() -> App:
    from bridge import office as module

    return module
