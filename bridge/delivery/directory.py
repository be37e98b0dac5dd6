"""The accounts of this program, as the domain asks after them."""

from collections.abc import Mapping, Sequence

from bridge.core.capabilities import Capabilities
from bridge.core.ids import AccountId, Address
from bridge.core.message import Content
from bridge.core.ports import Adapter, CanBeFound, CanBeWrittenTo, CanLink, CanVisit, CanWeigh, JsonObject


class Directory:
    """Adapters by account name. An account that is not configured (any more) can do nothing."""

    def __init__(self, adapters: Mapping[AccountId, Adapter]) -> None:
        self._adapters = dict(adapters)
        # Asked for every message; what a protocol asks of an object takes Python longer than the answer is worth.
        self._weighing = {account: adapter for account, adapter in adapters.items() if isinstance(adapter, CanWeigh)}
        self._starting: set[AccountId] = set()
        self.desks: Mapping[str, Sequence[Address]] = {}
        """By community, the private channels of its moderators."""
        self.kept: set[Address] = set()
        """Groups that were connected from inside a chat, or that somebody asked to connect."""

    def adapter(self, account: str) -> Adapter | None:
        return self._adapters.get(AccountId(account))

    def weighing(self, account: str) -> CanWeigh | None:
        """The same account, where its messages cost somebody money, or bytes that are counted."""
        return self._weighing.get(AccountId(account))

    def written_to(self, community: str) -> list[tuple[AccountId, str]]:
        """Where anybody can write to a community at an address: (account, mail address or telephone number)."""
        found = []
        for account, adapter in self._adapters.items():
            address = adapter.public_address(community) if isinstance(adapter, CanBeWrittenTo) else None
            if address:
                found.append((account, address))
        return found

    def accounts(self) -> list[AccountId]:
        """Those on which something can be sent."""
        return [account for account in self._adapters if account not in self._starting]

    def configured(self) -> list[AccountId]:
        """Those that are still starting, too."""
        return list(self._adapters)

    def starting(self, account: AccountId) -> None:
        """Nothing is to be tried there before ``started``: it would be put off for longer than the start takes."""
        self._starting.add(account)

    def started(self, account: AccountId) -> None:
        self._starting.discard(account)

    def capabilities(self, address: Address) -> Capabilities | None:
        adapter = self._adapters.get(address.account)
        return None if adapter is None else adapter.capabilities(address.chat)

    def weight(self, address: Address, files: int) -> int:
        """How many messages the platform counts, where that many files are sent at once."""
        capabilities = self.capabilities(address)
        return 1 if capabilities is None else max(1, min(files, capabilities.album))

    def fits(self, address: Address, content: Content) -> bool:
        adapter = self._adapters.get(address.account)
        return adapter is not None and adapter.fits(address.chat, content)

    def payload(self, address: Address, content: Content) -> JsonObject:
        """What the platform takes; raises LookupError where the account is not configured."""
        adapter = self._adapters.get(address.account)
        if adapter is None:
            raise LookupError(f"no account {address.account} is configured")
        return adapter.to_payload(address.chat, content)

    def keep(self, address: Address, *, wanted: bool) -> None:
        """Let an account that follows strangers' invitations know where it is wanted."""
        (self.kept.add if wanted else self.kept.discard)(address)
        adapter: object = self.adapter(address.account)
        if isinstance(adapter, CanVisit):
            adapter.keep(address.chat, wanted=wanted)

    def visits(self, account: str) -> bool:
        """Does this account leave groups again in which nothing comes of its being there?"""
        return isinstance(self.adapter(account), CanVisit)

    def start_link(self, account: str, payload: str) -> str | None:
        """An address that opens a private chat with the bot, where the platform has such."""
        adapter: object = self.adapter(account)
        return adapter.start_link(payload) if isinstance(adapter, CanLink) else None

    def profile_link(self, account: str) -> str | None:
        """An address that shows the bot to somebody who wants to write to it, where the platform has such."""
        adapter: object = self.adapter(account)
        return adapter.profile_link() if isinstance(adapter, CanBeFound) else None
