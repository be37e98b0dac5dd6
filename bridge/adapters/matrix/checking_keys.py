"""`baraza check` on encryption: the device's fingerprint, and how it stands before other clients. Changes nothing."""

from bridge.adapters.matrix.client import TROUBLE
from bridge.adapters.matrix.encryption import Encryption
from bridge.adapters.matrix.identity import Standing
from bridge.adapters.matrix.olm import fingerprint
from bridge.adapters.matrix.session import Session
from bridge.core.checks import Finding, Level
from bridge.core.ports import StateStore

_FOREIGN = (
    "the account has cross-signing keys of another login, and they do not vouch for this device: some apps will warn "
    "of its messages or not show them"
)
_MEND_FOREIGN = (
    "Verify this device in the app that made them, by its fingerprint; or reset the account's identity there and "
    "restart the bridge."
)
_SAID = {
    Standing.NOT_PUBLISHED: (
        "the device is not cross-signed: some apps will warn of its messages or not show them",
        "Start the bridge with the account's password in the configuration: it then signs its device by itself.",
    ),
    Standing.UNSIGNED: (
        _FOREIGN,
        _MEND_FOREIGN,
    ),
    Standing.OTHER_KEYS: (
        "the homeserver shows other keys for this device than the bridge has: nobody can write to it encrypted",
        "Log out this device in the account's settings, so that the bridge makes a new one.",
    ),
    Standing.UNKNOWN: (
        "the homeserver does not have this device's keys yet: nobody can write to it encrypted",
        "Start the bridge and check again.",
    ),
}


async def check_keys(session: Session, encryption: Encryption, state: StateStore) -> list[Finding]:
    """The state of the keys. Raises what the homeserver's client raises."""
    account = session.user
    if not await encryption.look(state):
        told = "encryption is ready; the device's keys are made when the bridge starts"
        return [Finding(level=Level.OK, subject=account, message=told)]
    shown = fingerprint(encryption.olm.ed)
    found = [Finding(level=Level.OK, subject=account, message=f"encryption: the device's fingerprint is {shown}")]
    try:
        standing = await encryption.identity.standing()
    except TROUBLE as error:
        told = f"the homeserver does not say which keys it has of us ({error})"
        return [*found, Finding(level=Level.WARNING, subject=account, message=told, mend="Check again.")]
    if standing is Standing.SIGNED:
        return [*found, Finding(level=Level.OK, subject=account, message="encryption: the device is cross-signed")]
    message, mend = _SAID[standing]
    return [*found, Finding(level=Level.WARNING, subject=account, message=message, mend=mend)]
