"""What `baraza check` says about the mail of a domain. It asks the mail server beside us, and nobody else."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from bridge.adapters.email.addresses import Domain, normal
from bridge.adapters.email.mailbox import Mailbox
from bridge.adapters.email.settings import Settings, host_and_port
from bridge.adapters.email.transport import Transport
from bridge.core.checks import Finding, Level
from bridge.core.ports import AdapterContext, StateStore

SET_ASIDE: Final = "set_aside"
"""Where the adapter counts what it set aside."""
_ASIDE: Final = {
    "auto_reply": "automatic answers",
    "bounce": "delivery reports",
    "bulk": "bulk mails",
    "complaint": "complaints",
    "list": "mails of other lists",
    "loop": "letters of our own",
}


def counts(stored: str | None) -> dict[str, int]:
    """What ``SET_ASIDE`` holds."""
    try:
        found = json.loads(stored or "{}")
    except ValueError:
        return {}
    return {str(why): int(number) for why, number in found.items() if isinstance(number, int)}


class Checks:
    """One run over one account."""

    def __init__(self, settings: Settings, context: AdapterContext, domain: Domain, transport: Transport) -> None:
        self._settings, self._context, self._domain, self._transport = settings, context, domain, transport
        self._findings: list[Finding] = []

    async def run(self, state: StateStore) -> Sequence[Finding]:
        """Never raises for the network: what went wrong is a finding."""
        self._addresses()
        await self._out()
        await self._in()
        self._senders()
        self._names()
        self._aside(counts(await state.get(SET_ASIDE)))
        return self._findings

    def _say(self, level: Level, message: str, mend: str = "") -> None:
        self._findings.append(Finding(level=level, subject=str(self._context.account), message=message, mend=mend))

    def _addresses(self) -> None:
        for community, local in self._domain.communities.items():
            self._say(Level.OK, f"members write to {community} at {local}@{self._domain.name}")
        if not self._domain.communities:
            self._say(
                Level.ERROR,
                "no community has an address here, so nobody can write",
                f'write inboxes = ["{self._context.account}:hifa"] at a community',
            )
        for chat in sorted(self._context.chats):
            if normal(chat) != chat or chat.partition("@")[2] == self._domain.name:
                self._say(
                    Level.ERROR,
                    f"{chat} is no moderator's address",
                    "write somebody's own address in small letters, not one of this account's",
                )
            else:
                self._say(Level.OK, f"held posts go to {chat} as letters, and are decided by answering them")
        for who in sorted(self._context.permitted_inviters):
            if normal(who) != who:
                self._say(
                    Level.ERROR,
                    f"{who} is nobody's address, so that they cannot decide by mail",
                    "write addresses in small letters in moderator_ids, senior_ids and coordinator_ids",
                )
        for chat in (chat for _, chat in self._context.inboxes.values()):
            domain = chat.partition("@")[2].lower()
            if domain and domain != self._domain.name:
                self._say(
                    Level.ERROR,
                    f"the address {chat} is not at {self._domain.name}",
                    "correct the inbox, or the account's domain",
                )

    async def _out(self) -> None:
        try:
            found = await self._transport.look()
        except OSError as error:
            self._say(
                Level.ERROR,
                f"the mail server at {self._settings.smtp} cannot be reached ({type(error).__name__})",
                "start it, or correct smtp; docs/how-to/email.md shows how Postfix is set up",
            )
            return
        self._say(Level.OK, f"the mail server at {self._settings.smtp} answers")
        if "8bitmime" not in found:
            self._say(
                Level.WARNING, "the mail server does not take 8-bit text", "letters may be refused: use another one"
            )
        if "smtputf8" not in found:
            self._say(Level.WARNING, "the mail server takes no addresses beyond ASCII (SMTPUTF8)")

    async def _in(self) -> None:
        if self._settings.imap:
            trouble = await Mailbox.check(self._settings)
            if trouble:
                self._say(Level.ERROR, trouble, "see that imap, imap_user and imap_password are right")
            else:
                self._say(Level.OK, f"the mailbox at {self._settings.imap} opens")
            return
        host, _ = host_and_port(self._settings.lmtp)
        if host not in ("127.0.0.1", "::1", "localhost"):
            self._say(
                Level.WARNING,
                f"mail is taken at {self._settings.lmtp}: whoever reaches that port can say that a sender is proven",
                "let only your mail server reach it",
            )

    def _senders(self) -> None:
        if not self._settings.authserv_id:
            self._say(
                Level.WARNING,
                "no sender is proven: anybody can write under anybody's address, so everything is held and marked",
                "have your mail server verify DKIM and DMARC (OpenDKIM, OpenDMARC), and write its name as authserv_id",
            )

    def _aside(self, found: Mapping[str, int]) -> None:
        """What machines sent is nobody's post, but somebody must be able to see that it comes."""
        said = ", ".join(f"{number} {_ASIDE.get(why, why)}" for why, number in sorted(found.items()))
        if said:
            self._say(Level.OK, f"set aside so far, and never answered: {said}")

    def _names(self) -> None:
        """Nothing is looked up: the machine that checks may know no names, or others than the world."""
        domain = self._domain.name
        for name, value in (
            (f"MX of {domain}", "the name of your mail server, whose address leads back to it (PTR)"),
            (f"TXT of {domain}", "SPF, such as v=spf1 mx -all"),
            (f"TXT of SELECTOR._domainkey.{domain}", f"DKIM: the key that your mail server signs with, d={domain}"),
            (f"TXT of _dmarc.{domain}", "DMARC, such as v=DMARC1; p=quarantine"),
        ):
            self._say(Level.OK, f"not looked up here, but needed: {name}: {value}")
        if not self._context.public_url.startswith("https:"):
            self._say(
                Level.WARNING,
                "no public_url with https: readers leave by writing; large providers want one press (RFC 8058)",
                'write public_url = "https://..." in [web]',
            )
