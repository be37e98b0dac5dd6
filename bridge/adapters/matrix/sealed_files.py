"""Encrypted files: where one lies and the key to it in one reference, and reading it piece by piece.

https://spec.matrix.org/latest/client-server-api/#sending-encrypted-attachments
"""

import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from Crypto.Cipher import AES

from bridge.core.ports import Json

_REF = re.compile(r"(mxc://[^#\s]+)#([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, kw_only=True)
class SealedFile:
    """A file in the media repository that only its key opens."""

    url: str
    key: bytes
    iv: bytes
    sha256: bytes
    """Of what lies in the repository."""

    @property
    def ref(self) -> str:
        return f"{self.url}#{_short(self.key)}.{_short(self.iv)}.{_short(self.sha256)}"

    def described(self) -> dict[str, Json]:
        """The ``EncryptedFile`` of an event."""
        key: dict[str, Json] = {"kty": "oct", "alg": "A256CTR", "ext": True, "k": _short(self.key)}
        return {
            "v": "v2",
            "url": self.url,
            "key": key | {"key_ops": ["encrypt", "decrypt"]},
            "iv": _plain(self.iv),
            "hashes": {"sha256": _plain(self.sha256)},
        }


def sealed_file(value: object) -> SealedFile | None:
    """Read an ``EncryptedFile``; None where it is none that can be opened."""
    try:
        file: Any = value
        url, jwk = file["url"], file["key"]
        key, iv, digest = _bytes(jwk["k"]), _bytes(file["iv"]), _bytes(file["hashes"]["sha256"])
        sound = file["v"] == "v2" and jwk["alg"] == "A256CTR" and jwk["kty"] == "oct"
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    if not sound or not isinstance(url, str) or (len(key), len(iv), len(digest)) != (32, 16, 32):
        return None
    file_found = SealedFile(url=url, key=key, iv=iv, sha256=digest)
    return file_found if _REF.fullmatch(file_found.ref) else None


def opened_ref(ref: str) -> SealedFile | None:
    """The file of a reference made by ``SealedFile.ref``; None where it is another reference."""
    found = _REF.fullmatch(ref)
    if found is None:
        return None
    return SealedFile(url=found[1], key=_bytes(found[2]), iv=_bytes(found[3]), sha256=_bytes(found[4]))


class Opening:
    """Decrypts a file piece by piece. Nothing of it may be used before ``is_whole`` was true at its end."""

    def __init__(self, file: SealedFile) -> None:
        self._file, self._hash = file, hashlib.sha256()
        # The counter is the second half of the block; whoever fills it from the start gets the whole block counted.
        self._cipher = AES.new(file.key, AES.MODE_CTR, nonce=b"", initial_value=file.iv)

    def piece(self, sealed: bytes) -> bytes:
        self._hash.update(sealed)
        return bytes(self._cipher.decrypt(sealed))

    def is_whole(self) -> bool:
        return self._hash.digest() == self._file.sha256


def _plain(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")


def _short(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
