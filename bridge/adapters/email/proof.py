"""Does our own mail server vouch for the address in From? Pure.

Only its Authentication-Results count: under the configured name, and above the second Received line, where nobody
before it could write. A result that contradicts another one proves nothing.
"""

from typing import Any, Final

import authres

from bridge.adapters.email.mime import Head

_MOST: Final = 20
"""Fields of that kind that are looked at."""


def is_proven(head: Head, address: str, authserv_id: str) -> bool:
    """DMARC where it was evaluated; else a signature of the sender's own domain, or of one that it is part of."""
    domain = address.rpartition("@")[2]
    if not authserv_id or not domain or len(head.all("from")) != 1:
        return False
    results = [result for value in _trusted(head)[:_MOST] for result in _results(value, authserv_id)]
    dmarc = [result for result in results if result.method == "dmarc"]
    if dmarc:
        return all(_says(result, domain) for result in dmarc)
    return any(
        result.method == "dkim" and result.result == "pass" and _covers(_signer(result), domain) for result in results
    )


def _trusted(head: Head) -> list[str]:
    found: list[str] = []
    received = 0
    for name, value in head.fields:
        received += name == "received"
        if received > 1:
            break
        if name == "authentication-results":
            found.append(value.decode("ascii", "replace")[:4000])
    return found


def _results(value: str, authserv_id: str) -> list[Any]:
    try:
        header = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
    except Exception:  # whatever it raises for a strange one: it proves nothing
        return []
    if str(header.authserv_id).casefold() != authserv_id.casefold():
        return []
    return list(header.results)


def _says(result: Any, domain: str) -> bool:
    named = [str(p.value) for p in result.properties if p.type == "header" and p.name == "from"]
    return bool(result.result == "pass" and [name.rpartition("@")[2].casefold() for name in named] == [domain])


def _signer(result: Any) -> str:
    named = [str(p.value) for p in result.properties if p.type == "header" and p.name == "d"]
    return named[0].casefold() if len(named) == 1 else ""


def _covers(signer: str, domain: str) -> bool:
    return bool(signer) and "." in signer and (domain == signer or domain.endswith(f".{signer}"))
