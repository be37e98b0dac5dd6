"""Strict stand-ins for SMS gateways, written from the vendors' public documents: they refuse what the real ones refuse.

Kannel itself is run elsewhere (``tests/kannel.py``). Members' messages are handed over in order, and until taken.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlencode

import aiohttp
from aiohttp import web
from yarl import URL

from bridge.core.gsm import GSM7, parts

SECRET = "5e0b6f1c2d3a4b5c6d7e8f9012345678"
SHORT_CODE = "40404"
NUMBER = re.compile(r"\+[1-9]\d{6,14}")


@dataclass(frozen=True)
class Taken:
    """What a telephone was sent."""

    id: str
    to: str
    text: str
    callback: str = ""


@dataclass
class Call:
    """What the gateway calls us with."""

    what: str
    method: str = "POST"
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class Cut(Exception):
    """The connection breaks here."""


class GatewayStub:
    """One gateway. ``fault``: refuse, cut, busy, broken, forbidden, gone."""

    preset: ClassVar[str]
    busy: ClassVar[tuple[int, dict[str, str], bytes]] = (429, {"Retry-After": "7"}, b"")
    broken: ClassVar[int] = 500
    retries: ClassVar[bool] = True

    def __init__(self) -> None:
        self.taken: list[Taken] = []
        self.refused: list[str] = []
        """Why a request was turned away."""
        self.fault = ""
        self.port = 0
        self.callback = ""
        """Where Baraza is: http://127.0.0.1:1234/sms/ACCOUNT."""
        self.answers: list[tuple[int, bytes, str]] = []
        self._runner: web.AppRunner | None = None
        self._waiting: deque[Call] = deque()
        self._bell = asyncio.Event()
        self._caller: asyncio.Task[None] | None = None

    # --- life ---

    async def start(self) -> None:
        await self.listen()
        self._caller = asyncio.create_task(self._hand_over())

    async def stop(self) -> None:
        if self._caller is not None:
            self._caller.cancel()
            await asyncio.wait([self._caller])
        await self.deafen()

    async def listen(self) -> None:
        application = web.Application(client_max_size=1 << 20)
        application.router.add_route("*", "/{tail:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def deafen(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    # --- out ---

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if request.method == "GET" and self.is_question(request):
            return self.answer_question(request)
        if self.fault == "busy":
            status, headers, said = self.busy
            return web.Response(status=status, headers=headers, body=said)
        if self.fault == "broken":
            return web.Response(status=self.broken, text="Internal Server Error")
        try:
            taken, response = self.take(request, body)
        except Refuse as refused:
            self.refused.append(refused.why)
            return web.Response(status=refused.status, body=refused.body, content_type=refused.content_type)
        if taken is not None:
            self.taken.append(taken)
        if self.fault == "cut":
            assert request.transport is not None
            request.transport.abort()
        return response

    def is_question(self, request: web.Request) -> bool:
        return False

    def answer_question(self, request: web.Request) -> web.Response:
        raise NotImplementedError

    def settings(self) -> dict[str, Any]:
        """As the operator writes them."""
        raise NotImplementedError

    def take(self, request: web.Request, body: bytes) -> tuple[Taken | None, web.Response]:
        """Raises Refuse."""
        raise NotImplementedError

    # --- in ---

    def writes(self, sender: str, text: str, id: str) -> Call:  # noqa: A002
        """Somebody's message as the gateway hands it over."""
        raise NotImplementedError

    def reports(self, taken: Taken, arrival: str, code: str = "") -> Call:
        raise NotImplementedError

    def garbage(self) -> list[Call]:
        raise NotImplementedError

    def hand_over(self, call: Call) -> None:
        self._waiting.append(call)
        self._bell.set()

    async def _hand_over(self) -> None:
        while True:
            while not self._waiting:
                self._bell.clear()
                await self._bell.wait()
            try:
                status, _, _ = await self.call(self._waiting[0])
            except aiohttp.ClientError:
                status = 0
            if status in (0, 503):
                await asyncio.sleep(0.02)  # the gateway's own pause before it tries again
            else:
                self._waiting.popleft()

    def address(self, call: Call, secret: str = SECRET) -> str:
        return f"{self.callback}/{secret}/{call.what}" + (f"?{call.query}" if call.query else "")

    def signed(self, call: Call) -> dict[str, str]:
        return call.headers

    async def call(
        self, call: Call, *, secret: str = SECRET, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, str]:
        """One call; what we answer."""
        signed = self.signed(call) if headers is None else dict(headers)
        async with (
            aiohttp.ClientSession() as session,
            session.request(
                call.method,
                URL(self.address(call, secret), encoded=True),
                headers=signed,
                data=call.body or None,
            ) as response,
        ):
            answer = (response.status, await response.read(), response.content_type)
        self.answers.append(answer)
        return answer


class Refuse(Exception):
    def __init__(self, status: int, why: str, body: bytes = b"", content_type: str = "text/plain") -> None:
        super().__init__(why)
        self.status, self.why, self.body, self.content_type = status, why, body or why.encode(), content_type


def _bytes_of(query: str) -> dict[str, bytes]:
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    return {name: unquote_to_bytes(value.replace("+", " ")) for name, _, value in pairs}


def _as_phones_show(text: str) -> str:
    """Kannel's own conversion to GSM 03.38: what is not of it becomes something else."""
    return "".join(char if char in GSM7 else {"ç": "Ç"}.get(char, "?") for char in text)


class KannelStub(GatewayStub):
    """smsbox 1.4.5, as it was seen to answer."""

    preset = "kannel"
    busy = (503, {}, b"Temporal failure, try again later.")
    broken = 500

    def settings(self) -> dict[str, Any]:
        return {
            "preset": "kannel",
            "url": f"http://127.0.0.1:{self.port or 9}/cgi-bin/sendsms",
            "username": "bridge",
            "password": "kannel-password",
            "sender": SHORT_CODE,
        }

    def take(self, request: web.Request, body: bytes) -> tuple[Taken | None, web.Response]:
        given = _bytes_of(request.raw_path.partition("?")[2])
        text = {name: value.decode("utf-8", "replace") for name, value in given.items()}
        if request.path != "/cgi-bin/sendsms":
            raise Refuse(404, "Unknown request.")
        if text.get("username") != "bridge" or text.get("password") != "kannel-password":
            raise Refuse(403, "Authorization failed for sendsms")
        if "to" not in given:
            raise Refuse(400, "Missing receiver number, rejected")
        if not text.get("from"):
            raise Refuse(400, "Sender missing and no global set, rejected")
        if self.fault in ("forbidden", "gone"):
            raise Refuse(403, "Not routable. Do not try again.")
        match text.get("coding"), text.get("charset", "UTF-8"):
            case "0", "UTF-8":
                shown = _as_phones_show(text["text"])
            case "2", _ if "charset" not in text:
                shown = given["text"].decode("utf-16-be")
            case _:
                raise Refuse(400, "Invalid charset")
        if len(parts(shown)) > 3:
            raise Refuse(413, "the operator takes three parts")
        assert text.get("dlr-mask") == "27"
        where = text["dlr-url"]
        found = re.search(r"[?&]id=([^&]+)", where)
        assert found, where
        taken = Taken(found[1], text["to"], shown, where)
        return taken, web.Response(status=202, text="0: Accepted for delivery")

    def writes(self, sender: str, text: str, id: str, udh: bytes = b"") -> Call:  # noqa: A002
        gsm7 = GSM7.issuperset(text)
        message = text.encode() if gsm7 else text.encode("utf-16-be")
        values: list[tuple[str, str | bytes]] = [
            ("id", id),
            ("sender", sender),
            ("to", SHORT_CODE),
            ("coding", "0" if gsm7 else "2"),
            ("charset", "UTF-8" if gsm7 else "UTF-16BE"),
            ("udh", udh),
            ("message", message),
        ]
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in values)
        return Call("receive", "GET", query=query)

    def reports(self, taken: Taken, arrival: str, code: str = "") -> Call:
        status = {"sent": "8", "delivered": "1", "failed": "2", "rejected": "16", "buffered": "4"}[arrival]
        receipt = quote(
            f"id:9 sub:001 dlvrd:000 submit date:2611251200 done date:2611251201 stat:{code} err:001 text:Zawadi"
        )
        query = taken.callback.partition("?")[2].replace("%d", status).replace("%A", receipt if code else "")
        return Call("status", "GET", query=query)

    def garbage(self) -> list[Call]:
        return [
            Call("receive", "GET"),
            Call("receive", "GET", query="sender=%2B256772123456"),
            Call("receive", "GET", query="sender=&message=hello"),
            Call("receive", "GET", query="sender=%00%ff%fe&message=%ff%fe"),
            Call("receive", "GET", query="&&&=&=%&" + "a=b&" * 500),
            Call("status", "GET", query="status=1"),
        ]


class TwilioStub(GatewayStub):
    """api.twilio.com, 2010-04-01."""

    preset = "twilio"
    sid = "AC" + "0" * 32
    token = "twilio-auth-token"

    def settings(self) -> dict[str, Any]:
        return {
            "preset": "twilio",
            "url": f"http://127.0.0.1:{self.port or 9}/2010-04-01",
            "username": self.sid,
            "password": self.token,
            "sender": "+14155550100",
        }

    def take(self, request: web.Request, body: bytes) -> tuple[Taken | None, web.Response]:
        login = base64.b64encode(f"{self.sid}:{self.token}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {login}":
            raise _twilio_error(401, 20003)
        if request.method != "POST" or request.path != f"/2010-04-01/Accounts/{self.sid}/Messages.json":
            raise _twilio_error(404, 20404)
        if request.content_type != "application/x-www-form-urlencoded":
            raise _twilio_error(400, 20001)
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        if set(form) - {"To", "From", "MessagingServiceSid", "Body", "StatusCallback"}:
            raise _twilio_error(400, 20001)
        if self.fault == "forbidden" or form.get("From") != "+14155550100":
            raise _twilio_error(400, 21606)
        if self.fault == "gone" or not NUMBER.fullmatch(form["To"]):
            raise _twilio_error(400, 21211)
        if self.fault == "stopped":
            raise _twilio_error(400, 21610)
        if not form["Body"]:
            raise _twilio_error(400, 21602)
        if len(form["Body"]) > 1600:
            raise _twilio_error(400, 21617)
        taken = Taken("SM" + uuid.uuid4().hex, form["To"], form["Body"], form.get("StatusCallback", ""))
        answer = {"sid": taken.id, "status": "queued", "to": taken.to, "body": taken.text, "error_code": None}
        return taken, web.json_response(answer, status=201)

    def writes(self, sender: str, text: str, id: str) -> Call:  # noqa: A002
        form = {
            "ToCountry": "US",
            "MessageSid": id,
            "SmsSid": id,
            "AccountSid": self.sid,
            "From": sender,
            "To": "+14155550100",
            "Body": text,
            "NumMedia": "0",
            "NumSegments": "1",
            "ApiVersion": "2010-04-01",
        }
        return self._form("receive", form)

    @staticmethod
    def _form(what: str, form: dict[str, str]) -> Call:
        kind = "application/x-www-form-urlencoded; charset=UTF-8"
        return Call(what, headers={"Content-Type": kind}, body=urlencode(form).encode())

    def reports(self, taken: Taken, arrival: str, code: str = "") -> Call:
        form = {
            "MessageSid": taken.id,
            "SmsSid": taken.id,
            "MessageStatus": {"rejected": "undelivered"}.get(arrival, arrival),
            "To": taken.to,
            "From": "+14155550100",
            "AccountSid": self.sid,
            "ApiVersion": "2010-04-01",
        }
        return self._form("status", form | ({"ErrorCode": code} if code else {}))

    def signed(self, call: Call) -> dict[str, str]:
        form = dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
        said = self.address(call) + "".join(name + form[name] for name in sorted(form))
        digest = hmac.new(self.token.encode(), said.encode(), hashlib.sha1).digest()
        return {**call.headers, "X-Twilio-Signature": base64.b64encode(digest).decode()}

    def garbage(self) -> list[Call]:
        return [
            self._form("receive", {}),
            self._form("receive", {"MessageSid": "SM1"}),
            self._form("receive", {"MessageSid": "SM2", "From": "", "Body": "hello"}),
            self._form("receive", {"MessageSid": "SM3", "From": "\u0000\u202e", "Body": "hello"}),
            self._form("status", {"MessageStatus": "sent"}),
        ]


def _twilio_error(status: int, code: int) -> Refuse:
    body = json.dumps({"code": code, "message": "...", "more_info": "", "status": status}).encode()
    return Refuse(status, str(code), body, "application/json")


class SmsGateStub(GatewayStub):
    """api.sms-gate.app, 3rdparty/v1."""

    preset = "smsgate"
    key = "smsgate-signing-key"

    def settings(self) -> dict[str, Any]:
        return {
            "preset": "smsgate",
            "url": f"http://127.0.0.1:{self.port or 9}/3rdparty/v1",
            "username": "ABCDEF",
            "password": "smsgate-password",
            "signing_key": self.key,
            "sender": "+256772000000",
        }

    def is_question(self, request: web.Request) -> bool:
        return request.path.startswith("/3rdparty/v1/messages/")

    def answer_question(self, request: web.Request) -> web.Response:
        key = request.path.rpartition("/")[2]
        found = next((each for each in self.taken if each.id == key), None)
        if found is None:
            return web.json_response({"message": "message not found"}, status=404)
        return web.json_response({"id": key, "state": "Pending", "recipients": []})

    def take(self, request: web.Request, body: bytes) -> tuple[Taken | None, web.Response]:
        login = base64.b64encode(b"ABCDEF:smsgate-password").decode()
        if request.headers.get("Authorization") != f"Basic {login}" or self.fault == "forbidden":
            raise Refuse(401, "Unauthorized")
        if request.method != "POST" or request.path != "/3rdparty/v1/messages":
            raise Refuse(404, "Not Found")
        if request.content_type != "application/json":
            raise Refuse(422, "Unprocessable Entity")
        given = json.loads(body)
        unknown = set(given) - {
            "id",
            "textMessage",
            "phoneNumbers",
            "simNumber",
            "ttl",
            "validUntil",
            "withDeliveryReport",
            "priority",
        }
        if unknown or len(given["id"]) > 36 or set(given["textMessage"]) != {"text"}:
            raise Refuse(400, "failed to validate")
        if len(given["phoneNumbers"]) != 1 or not NUMBER.fullmatch(given["phoneNumbers"][0]) or self.fault == "gone":
            raise Refuse(400, "invalid phone number")
        if any(each.id == given["id"] for each in self.taken):
            raise Refuse(409, "duplicate id")
        taken = Taken(given["id"], given["phoneNumbers"][0], given["textMessage"]["text"])
        answer = {"id": taken.id, "deviceId": "d", "state": "Pending", "isHashed": False, "recipients": []}
        return taken, web.json_response(answer, status=202)

    def _event(self, event: str, payload: dict[str, Any], id: str = "") -> Call:  # noqa: A002
        body = {
            "deviceId": "ffffffffceb0b1db0000018e937c815b",
            "event": event,
            "id": id or uuid.uuid4().hex,
            "payload": payload,
            "webhookId": "LreFUt-Z3sSq0JufY9uWB",
        }
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return Call("receive", headers=headers, body=json.dumps(body).encode())

    def writes(self, sender: str, text: str, id: str) -> Call:  # noqa: A002
        payload = {
            "messageId": hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8],
            "message": text,
            "sender": sender,
            "recipient": "+256772000000",
            "simNumber": 1,
            "receivedAt": datetime.now(UTC).isoformat(),
        }
        return self._event("sms:received", payload, id)

    def reports(self, taken: Taken, arrival: str, code: str = "") -> Call:
        event = {"rejected": "sms:failed"}.get(arrival, f"sms:{arrival}")
        payload = {"messageId": taken.id, "sender": "", "recipient": taken.to, "simNumber": 1}
        return self._event(event, payload | ({"reason": code} if arrival in ("failed", "rejected") else {}))

    def signed(self, call: Call) -> dict[str, str]:
        stamp = str(int(time.time()))
        digest = hmac.new(self.key.encode(), call.body + stamp.encode(), hashlib.sha256).hexdigest()
        return {**call.headers, "X-Signature": digest, "X-Timestamp": stamp}

    def garbage(self) -> list[Call]:
        kind = {"Content-Type": "application/json"}
        return [
            Call("receive", headers=kind, body=b"no json"),
            Call("receive", headers=kind, body=b"[1, 2]"),
            Call("receive", headers=kind, body=b"{}"),
            Call("receive", headers=kind, body=b'{"event": "sms:received"}'),
            Call("receive", headers=kind, body=b'{"event": "sms:received", "payload": {"sender": 5, "message": []}}'),
            Call("receive", headers=kind, body=b'{"event": ' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
            Call("receive", headers=kind, body=b'{"event": "sms:delivered", "payload": {}}'),
        ]


class AfricasTalkingStub(GatewayStub):
    """api.africastalking.com, version1/messaging."""

    preset = "africastalking"

    def settings(self) -> dict[str, Any]:
        return {
            "preset": "africastalking",
            "url": f"http://127.0.0.1:{self.port or 9}/version1/messaging",
            "username": "baraza",
            "password": "at-api-key",
            "sender": SHORT_CODE,
            "price": "KES 0.80",
        }

    def take(self, request: web.Request, body: bytes) -> tuple[Taken | None, web.Response]:
        if request.headers.get("apikey") != "at-api-key":
            raise Refuse(401, "The supplied authentication is invalid")
        if request.method != "POST" or request.path != "/version1/messaging":
            raise Refuse(404, "Not Found")
        if request.headers.get("Accept") != "application/json":
            raise Refuse(400, "this would be answered as XML")
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        if set(form) - {"username", "to", "message", "from", "enqueue"} or form["username"] != "baraza":
            raise Refuse(400, "Must have username in your request")
        code, status = {
            "forbidden": (402, "InvalidSenderId"),
            "gone": (403, "InvalidPhoneNumber"),
            "stopped": (406, "UserInBlacklist"),
            "poor": (405, "InsufficientBalance"),
            "strange": (500, "InternalServerError"),
        }.get(self.fault, (101, "Success"))
        if not NUMBER.fullmatch(form["to"]):
            code, status = 403, "InvalidPhoneNumber"
        good = status == "Success"
        taken = Taken("ATXid_" + uuid.uuid4().hex, form["to"], form["message"]) if good else None
        count = len(parts(form["message"]))
        recipient = {
            "statusCode": code,
            "number": form["to"],
            "status": status,
            "cost": f"KES {0.8 * count:.4f}" if good else "0",
            "messageId": taken.id if taken else "None",
        }
        answer = {"SMSMessageData": {"Message": "Sent to 1/1 Total Cost: KES 0.8000", "Recipients": [recipient]}}
        return taken, web.json_response(answer, status=201)

    def _form(self, what: str, form: dict[str, str]) -> Call:
        return Call(what, headers={"Content-Type": "application/x-www-form-urlencoded"}, body=urlencode(form).encode())

    def writes(self, sender: str, text: str, id: str) -> Call:  # noqa: A002
        form = {"linkId": "L1", "text": text, "to": SHORT_CODE, "id": id, "date": "2026-11-25 12:00:00", "from": sender}
        return self._form("receive", form)

    def reports(self, taken: Taken, arrival: str, code: str = "") -> Call:
        status = {"delivered": "Success", "sent": "Sent", "failed": "Failed", "rejected": "Rejected"}[arrival]
        form = {"id": taken.id, "status": status, "phoneNumber": taken.to, "networkCode": "63902", "retryCount": "0"}
        return self._form("status", form | ({"failureReason": code} if code else {}))

    def garbage(self) -> list[Call]:
        return [self._form("receive", {}), self._form("receive", {"id": "1", "from": "+254711000000"})]


class ExternalStub(GatewayStub):
    """A gateway that was made for RapidPro's External API."""

    preset = "rapidpro"

    def settings(self) -> dict[str, Any]:
        return {"preset": "rapidpro", "url": f"http://127.0.0.1:{self.port or 9}/send", "sender": "+256772000000"}

    def take(self, request: web.Request, body: bytes) -> tuple[Taken | None, web.Response]:
        if request.method != "POST" or request.path != "/send":
            raise Refuse(404, "Not Found")
        if request.content_type != "application/x-www-form-urlencoded":
            raise Refuse(400, "no form")
        form = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
        if set(form) != {"id", "text", "to", "to_no_plus", "from", "from_no_plus", "channel"}:
            raise Refuse(400, f"fields {sorted(form)}")
        assert form["to"] == f"+{form['to_no_plus']}"
        assert form["from"] == f"+{form['from_no_plus']}"
        if not NUMBER.fullmatch(form["to"]) or self.fault == "gone":
            raise Refuse(400, "no number")
        if self.fault == "forbidden":
            raise Refuse(403, "no")
        return Taken(form["id"], form["to"], form["text"]), web.Response(text="ok")

    def writes(self, sender: str, text: str, id: str) -> Call:  # noqa: A002
        form = {"from": sender.removeprefix("+"), "text": text, "date": "2026-11-25T12:00:00Z"}
        return Call(
            "receive",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )

    def reports(self, taken: Taken, arrival: str, code: str = "") -> Call:
        return Call({"rejected": "failed"}.get(arrival, arrival), "GET", query=f"id={taken.id}")

    def garbage(self) -> list[Call]:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return [Call("receive", headers=kind, body=b"text=hello"), Call("receive", headers=kind, body=b"from=256772")]


class TextItStub(GatewayStub):
    """textit.com/api/v2."""

    preset = "textit"
    number = 1234

    def settings(self) -> dict[str, Any]:
        return {"preset": "textit", "url": f"http://127.0.0.1:{self.port or 9}/api/v2", "password": "textit-token"}

    def take(self, request: web.Request, body: bytes) -> tuple[Taken | None, web.Response]:
        if request.headers.get("Authorization") != "Token textit-token" or self.fault == "forbidden":
            raise Refuse(403, '{"detail": "Invalid token"}')
        if request.method != "POST" or request.path != "/api/v2/broadcasts.json":
            raise Refuse(404, "Not Found")
        given = json.loads(body)
        if request.content_type != "application/json" or set(given) != {"urns", "text"} or len(given["urns"]) > 100:
            raise Refuse(400, '{"non_field_errors": []}')
        [urn] = given["urns"]
        if not urn.startswith("tel:") or not NUMBER.fullmatch(urn[4:]) or self.fault == "gone":
            raise Refuse(400, '{"urns": ["URN is not valid"]}')
        self.number += 1
        taken = Taken(str(self.number), urn[4:], given["text"])
        answer = {"id": self.number, "urns": given["urns"], "contacts": [], "groups": [], "status": "queued"}
        return taken, web.json_response(answer, status=201)

    def writes(self, sender: str, text: str, id: str) -> Call:  # noqa: A002
        body = {
            "contact": {"uuid": "c0", "name": "Ann", "urn": f"tel:{sender}"},
            "flow": {"uuid": "f0", "name": "To Baraza", "revision": 3},
            "path": [],
            "results": {},
            "run": {"uuid": "r0", "created_on": "2026-11-25T12:00:00Z"},
            "input": {
                "attachments": [],
                "channel": {"uuid": "h0", "name": "40404", "address": SHORT_CODE},
                "created_on": "2026-11-25T12:00:00Z",
                "text": text,
                "type": "text",
                "urn": {"display": "", "path": sender, "scheme": "tel"},
                "uuid": id,
            },
            "channel": {"uuid": "h0", "name": "40404", "address": SHORT_CODE},
        }
        return Call("receive", headers={"Content-Type": "application/json"}, body=json.dumps(body).encode())

    def garbage(self) -> list[Call]:
        kind = {"Content-Type": "application/json"}
        return [Call("receive", headers=kind, body=b"{}"), Call("receive", headers=kind, body=b"[]")]


STUBS: dict[str, type[GatewayStub]] = {
    stub.preset: stub for stub in (KannelStub, TwilioStub, SmsGateStub, AfricasTalkingStub, ExternalStub, TextItStub)
}
