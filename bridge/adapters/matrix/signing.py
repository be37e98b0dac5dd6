"""Canonical JSON, and signatures on it: https://spec.matrix.org/latest/appendices/#signing-json"""

import json
from collections.abc import Mapping
from typing import Any

from vodozemac import Account, Ed25519PublicKey, Ed25519Signature


def canonical(value: Mapping[str, Any]) -> bytes:
    """The form in which JSON is signed: without its signatures."""
    bare = {key: entry for key, entry in value.items() if key not in ("signatures", "unsigned")}
    return json.dumps(bare, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def signature_of(account: Account, value: Mapping[str, Any]) -> str:
    return account.sign(canonical(value)).to_base64()


def is_signed(value: Mapping[str, Any], user: str, name: str, key: str) -> bool:
    """Does ``value`` carry a valid signature of that user's key? ``name`` is the key's id without its algorithm."""
    try:
        signature = value["signatures"][user][f"ed25519:{name}"]
        Ed25519PublicKey.from_base64(key).verify_signature(canonical(value), Ed25519Signature.from_base64(signature))
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    return True
