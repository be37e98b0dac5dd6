"""Reaching a person on whatever account of theirs can be written to, in the form and as many messages as it needs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.core.capabilities import ButtonStyle, Capabilities, Form
from bridge.core.community import Community
from bridge.core.message import Button, Content
from bridge.core.splitting import split
from bridge.core.text import RichText
from bridge.delivery.directory import Directory
from bridge.members import contact
from bridge.members.profiles import shown_name
from bridge.storage import inbox, ledger, people
from bridge.storage.models import Delivery, Identity, Submission

INVITATION = timedelta(hours=24)
"""How long an invitation stands in a group: who has a signal once a day still finds it."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What a person is written, wherever that will be."""

    text: RichText
    """Where formatting is shown."""
    line: RichText | None = None
    """Elsewhere, in few words; None: the same."""
    buttons: tuple[tuple[Button, ...], ...] = ()
    typed: str = ""
    """Said where there are no buttons: what to write instead."""
    asks_reply: bool = False


async def reach(identity: Identity, directory: Directory) -> Identity | None:
    """Where this person can be written to: there, else on another account of theirs; None where nowhere."""
    if contact.reachable(identity, directory):
        return identity
    for other in await people.identities(identity.person_id):
        if contact.reachable(other, directory):
            return other
    return None


def composed(letter: Letter, capabilities: Capabilities) -> Content:
    """A letter as one message of unlimited length."""
    text = letter.text if capabilities.form is Form.RICH or letter.line is None else letter.line
    if capabilities.buttons is not ButtonStyle.WORDS:
        return Content(text=text, buttons=letter.buttons, asks_reply=letter.asks_reply)
    if letter.typed:
        text = text + (" " if capabilities.form is Form.LINE else "\n\n") + letter.typed
    return Content(text=text, asks_reply=letter.asks_reply)


async def write(
    identity: Identity,
    letter: Letter,
    community: Community,
    directory: Directory,
    now: datetime,
    *,
    review_id: int | None = None,
    mark: str = "",
    due: datetime | None = None,
    lifetime: timedelta = contact.NOTICE_LIFETIME,
) -> Delivery | None:
    """Plan a private letter to a person; None where no account of theirs can be written to.

    ``mark``: by what its rows are known later; ``due``: not to be sent before. Returns the row of its last message,
    the one with the buttons.
    """
    found = await reach(identity, directory)
    address = None if found is None else found.direct
    capabilities = None if address is None else directory.capabilities(address)
    if address is None or capabilities is None:
        return None
    whole = composed(letter, capabilities)

    def fits(part: RichText) -> bool:
        return directory.fits(address, Content(text=part, buttons=whole.buttons, asks_reply=whole.asks_reply))

    parts = split(whole.text, fits)
    row: Delivery | None = None
    for number, part in enumerate(parts, 1):
        last = number == len(parts)
        row = await ledger.plan(
            kind=ledger.NOTICE,
            address=address,
            now=now,
            content=Content(
                text=part,
                buttons=whole.buttons if last else (),
                asks_reply=whole.asks_reply and last,
            ),
            community=community.id,
            review_id=review_id,
            view=mark,
            due_at=due,
            lifetime=lifetime,
        )
    return row


async def invite(submission: Submission, community: Community, directory: Directory, now: datetime) -> bool:
    """Ask an author, under their message in the group, to open a private chat; never what it is about.

    False where there is no group to do so in.
    """
    address = None if submission.private else await inbox.resolve(submission.source.address)
    if address is None or directory.capabilities(address) is None:
        return False
    w = contact.language_of(submission.identity, community)
    await contact.reply_in_group(
        submission.source,
        w._(
            "{name}, I have a short question for you. Please write to me privately.",
            name=shown_name(submission.identity, w),
        ),
        community,
        directory,
        now,
        link_label=w._("Write to me"),
        start_payload=community.id,
        stays=INVITATION,
    )
    return True
