"""The web server of a running program: webhooks, pages, health and figures. Part of the composition root."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bridge.core.clock import Clock
from bridge.core.community import Communities, Community
from bridge.core.ids import AccountId
from bridge.core.membership import Reading
from bridge.core.ports import Adapter, Health
from bridge.core.tally import Tally
from bridge.core.webhooks import HasRoutes, WebReply, WebRequest
from bridge.delivery.directory import Directory
from bridge.media.small import Busy, Shrinker
from bridge.media.store import MediaStore
from bridge.members import preferences
from bridge.members.ways import ways
from bridge.storage import database, memberships, small_pictures
from bridge.web.pages import Pages
from bridge.web.ports import Picture, Ports
from bridge.web.ports import Way as WayShown
from bridge.web.server import WebServer


class Front:
    """What people, platforms and watchers ask the program over HTTP. ``adapters`` changes as accounts come and go."""

    def __init__(
        self,
        adapters: Mapping[AccountId, Adapter],
        communities: Communities,
        directory: Directory,
        media: MediaStore,
        clock: Clock,
    ) -> None:
        self._adapters = adapters
        self._communities = communities
        self._directory = directory
        self._media = media
        self._clock = clock
        self._shrinker = Shrinker(media)

    def server(
        self,
        host: str,
        port: int,
        trusted_proxies: Sequence[str],
        health: Callable[[], Mapping[str, Health]],
        counts: Tally,
        sharing: Callable[[], Mapping[str, object]],
        *,
        public: bool,
    ) -> WebServer:
        """Not started yet. Unless it is ``public``, it answers watchers alone: health and figures."""
        routes = [
            replace(route, handler=partial(self._routed, account, place))
            for account, adapter in self._adapters.items()
            if public and isinstance(adapter, HasRoutes)
            for place, route in enumerate(adapter.routes())
        ]
        pages = Pages(
            Ports(
                communities=self._communities,
                clock=self._clock,
                ways=self._ways,
                small=self._small,
                file=self._media.path,
                unsubscribe=self._unsubscribe,
                installation=database.installation,
                trusted_proxies=trusted_proxies,
            )
        )
        return WebServer(
            host,
            port,
            routes,
            health,
            self._clock,
            pages=pages if public else None,
            counts=counts,
            sharing=sharing,
            trusted_proxies=trusted_proxies,
        )

    async def _routed(self, account: AccountId, place: int, request: WebRequest) -> WebReply:
        """By the adapter that the account has now."""
        adapter: object = self._adapters[account]
        assert isinstance(adapter, HasRoutes)  # noqa: S101 - as when the routes were mounted
        return await adapter.routes()[place].handler(request)

    def _ways(self, community: Community) -> Sequence[WayShown]:
        """How to take part, as the accounts themselves say it."""
        found = []
        for way in ways(community, self._directory):
            kind = str(getattr(self._adapters.get(way.account), "kind", ""))
            link = "" if way.address else way.link
            if link or way.address:
                found.append(WayShown(kind=kind, link=link, address=way.address, words=way.words))
        return found

    async def _small(self, sha256: str, kind: str) -> Picture | None:
        """A picture made small for a reader, remembered for the next one."""
        try:
            made = await self._shrinker.make(sha256, kind)
        except Busy:
            return None
        await small_pictures.remember(
            sha256, kind, sha256=made.sha256, size=made.size, width=made.width, height=made.height
        )
        return Picture(sha256=made.sha256, size=made.size, width=made.width, height=made.height)

    async def _unsubscribe(self, person_id: int, community_id: str) -> None:
        """A member's reading in one community becomes none, by a link in a mail."""
        community = self._communities.get(community_id)
        async with database.transaction():
            member = await memberships.membership(person_id, community_id)
            if community is not None and member is not None:
                await preferences.set_reading(member, Reading.NONE, community, self._clock.now())
