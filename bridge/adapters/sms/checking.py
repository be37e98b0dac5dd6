"""``baraza check`` for a gateway: what is missing, and what the gateway must be told."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from bridge.adapters.sms import numbers
from bridge.adapters.sms.gateways.common import Answer, Request
from bridge.adapters.sms.receiving import path
from bridge.adapters.sms.sending import Caller
from bridge.adapters.sms.settings import Settings
from bridge.core.checks import ChatUse, Finding, Level

_CALLS: dict[str, tuple[str, ...]] = {
    "kannel": ("receive",),
    "smsgate": ("receive",),
    "africastalking": ("receive", "status", "stopped"),
    "twilio": ("receive",),
    "textit": ("receive",),
}
"""What the operator must enter over there; the rest is named with each message."""


async def check(
    settings: Settings, account: str, base: str, uses: Sequence[ChatUse], caller: Caller
) -> Sequence[Finding]:
    """Looks whether anybody answers there; sends nothing."""
    findings = [await _gateway(settings, caller), _callback(settings, account, base)]
    findings += _sender(settings)
    if not settings.is_local and settings.gateway_url.startswith("http:"):
        findings.append(
            Finding(
                level=Level.WARNING,
                subject="url",
                message="texts, numbers and the password go through the network unencrypted",
                mend="write the gateway's https:// address, or reach it through a tunnel",
            )
        )
    if settings.price is None and not settings.prices:
        findings.append(
            Finding(
                level=Level.WARNING,
                subject="price",
                message="nobody has said what an SMS costs, so nothing can be added up or stopped",
                mend='set price = "UGX 35" and monthly_cap',
            )
        )
    elif settings.monthly_cap is None:
        findings.append(
            Finding(
                level=Level.WARNING,
                subject="monthly_cap",
                message="there is no limit to what may be spent",
                mend='set monthly_cap = "UGX 500000"',
            )
        )
    findings += [
        Finding(
            level=Level.ERROR,
            subject=f"{account}:{use.chat}",
            message="is no telephone number, so nothing can be sent there",
            mend="write it as +256772123456; an SMS account needs no groups at all",
        )
        for use in uses
        if numbers.read(use.chat, settings.country) != use.chat
    ]
    return findings


async def _gateway(settings: Settings, caller: Caller) -> Finding:
    parts = urlsplit(settings.gateway_url.partition("{{")[0])
    where = f"{parts.scheme}://{parts.netloc}{parts.path}"
    answer = await caller.call(Request(method="GET", url=where))
    if isinstance(answer, Answer):
        return Finding(level=Level.OK, subject="gateway", message=f"answers (HTTP {answer.status})")
    return Finding(
        level=Level.ERROR, subject="gateway", message=answer.why, mend="is it running, and is url its address?"
    )


def _callback(settings: Settings, account: str, base: str) -> Finding:
    calls = ", ".join(_CALLS.get(settings.preset, ("receive", "sent", "delivered", "failed", "stopped")))
    if not base:
        return Finding(
            level=Level.ERROR,
            subject="callback_url",
            message="the gateway cannot hand us what members write",
            mend="set public_url in [web], or callback_url where the gateway is on this machine or network",
        )
    return Finding(
        level=Level.OK,
        subject="callback",
        message=f"the gateway must call {base}{path(account)}/SECRET/... with: {calls}",
    )


def _sender(settings: Settings) -> list[Finding]:
    if not settings.sender:
        message, mend = "members are not told which number to write to", 'set sender, such as sender = "40404"'
    elif numbers.read(settings.sender, settings.country) is None and not settings.sender.startswith("MG"):
        message = "nobody can answer a name: members cannot post, ask or say STOP"
        mend = "use a short code, a long number or a SIM card"
    else:
        return []
    return [Finding(level=Level.WARNING, subject="sender", message=message, mend=mend)]
