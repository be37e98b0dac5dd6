"""Mail that no person wrote just now: automatic answers, reports, other lists, our own letters. Pure.

RFC 3834: none of it is ever answered.
"""

import re
from collections.abc import Collection
from typing import Final

from bridge.adapters.email.mime import Head, Parsed

LOOP, BOUNCE, AUTO_REPLY, LIST, BULK, COMPLAINT = "loop", "bounce", "auto_reply", "list", "bulk", "complaint"
_MACHINES: Final = re.compile(r"(?:mailer-daemon|postmaster|mail-daemon|mdaemon)@", re.IGNORECASE)
_MARKS: Final = ("x-autoreply", "x-autorespond", "x-auto-reply", "x-autoreply-from", "x-mail-autoreply", "x-vacation")
# Older Exchange and some phones say it in the subject alone; each ends with a colon, which people's subjects do not.
_SUBJECT: Final = re.compile(
    r"(?:automatic reply|auto(?:matic)?[ -]?(?:reply|response)|out of (?:the )?office(?: auto\w*)?|réponse automatique"
    r"|respuesta automática|resposta automática|automatische antwort|abwesenheitsnotiz|risposta automatica"
    r"|automatisch antwoord|自动答复|自動回覆|自動返信|رد تلقائي)\s*[:：]",
    re.IGNORECASE,
)


def why(parsed: Parsed, *, envelope_sender: str | None, own: Collection[str], own_domain: str, to_bounces: bool) -> str:
    """Why it is nobody's mail; empty for a person's.

    ``own``: the communities' addresses; ``to_bounces``: it came to where bounces come back to.
    """
    head = parsed.head
    if _is_ours(head, own, own_domain):
        return LOOP
    if parsed.report_type == "feedback-report" or any(part.mime == "message/feedback-report" for part in parsed.parts):
        return COMPLAINT
    if parsed.report_type == "delivery-status" or any(part.mime == "message/delivery-status" for part in parsed.parts):
        return BOUNCE
    if parsed.mime == "multipart/report":
        return AUTO_REPLY  # that it was read, for instance
    if _MACHINES.search(head.get("from")):
        return BOUNCE
    submitted = head.get("auto-submitted").partition(";")[0].partition("(")[0].strip().casefold()
    if submitted and submitted != "no":
        return AUTO_REPLY
    if any(head.has(name) for name in _MARKS):
        return AUTO_REPLY
    if head.has("list-id") or head.has("list-post") or head.has("mailing-list"):
        return LIST
    precedence = head.get("precedence").strip().casefold()
    if precedence in ("bulk", "junk", "auto_reply"):
        return BULK
    if precedence == "list":
        return LIST
    if envelope_sender == "" or to_bounces:
        return AUTO_REPLY
    return AUTO_REPLY if _SUBJECT.match(head.get("subject")) else ""


def _is_ours(head: Head, own: Collection[str], own_domain: str) -> bool:
    if any(address.casefold() in head.get("from").casefold() for address in own):
        return True
    loops = {value.strip().casefold() for value in head.all("x-loop")}
    if loops & {address.casefold() for address in own}:
        return True
    lists = {match.casefold() for value in head.all("list-id") for match in re.findall(r"<([^<>\s]{1,250})>", value)}
    if lists & {address.replace("@", ".").casefold() for address in own}:
        return True
    return any(value.strip().strip("<>").casefold().endswith(f"@{own_domain}") for value in head.all("message-id"))
