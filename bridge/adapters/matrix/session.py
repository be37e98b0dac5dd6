"""The account's login: made once, kept for ever, renewed on the same device."""

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

import structlog

from bridge.adapters.matrix.client import CLIENT, Answer, HomeServer
from bridge.adapters.matrix.settings import Settings
from bridge.core.errors import AccountError
from bridge.core.ports import StateStore

_log = structlog.get_logger(__name__)
_LOGIN, _DEVICE, _ACCOUNT, SINCE = "login", "device", "account", "since"
_DEAD_TOKENS = frozenset({"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"})


class Renewed(Exception):
    """The token had died and the account was logged in again: ask once more."""


class Session:
    """Who we are on the homeserver. The device is the memory of what was sent, so it never changes."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.user = settings.user_id
        self.server = HomeServer(settings.homeserver, settings.user_id)
        self._state: StateStore | None = None
        self._renewing = asyncio.Lock()

    @property
    def state(self) -> StateStore:
        if self._state is None:
            raise AccountError("The account is not connected yet: try again shortly.")
        return self._state

    async def open(self, state: StateStore) -> None:
        """Come back as the device of last time, or log in. Raises AccountError where the operator must act."""
        self._state = state
        await self._forget_another_account(state)
        if self._settings.access_token is not None:
            self.server.device_id = self._settings.device_id
            self.server.use_token(self._settings.access_token.get_secret_value())
        else:
            stored = await state.get(_LOGIN)
            if stored is None:
                await self._log_in(state)
            else:
                self.server.device_id = await state.get(_DEVICE) or ""
                self.server.use_token(stored)
        try:
            self._is_ours(await self.server.ask(self.server.whoami()))
        except Answer as answer:
            if answer.code not in _DEAD_TOKENS:
                raise
            await self._renew(answer.login)
            self._is_ours(await self.server.ask(self.server.whoami()))

    async def _renew(self, dead: int) -> None:
        async with self._renewing:
            if self.server.logins != dead:
                return  # somebody else was faster
            if self._settings.password is None:
                raise AccountError(
                    f"The homeserver no longer accepts the access token of {self.user}: put a new "
                    "access_token (and its device_id) into the configuration, or a password, and restart."
                )
            _log.info("logging_in_again")
            await self._log_in(self.state)

    async def checked(self, error: Answer) -> None:
        """Where ``error`` says that the token is dead, log in again as the same device and raise Renewed; else return.

        Raises AccountError where only the operator can mend it.
        """
        if error.code in _DEAD_TOKENS:
            await self._renew(error.login)
            raise Renewed from error

    async def confirmed(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A request that the homeserver may want confirmed with the password: done where we have one."""
        try:
            return await self.server.call(method, path, body)
        except Answer as answer:
            if not answer.confirmation or self._settings.password is None:
                raise
            auth = {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": self.user},
                "password": self._settings.password.get_secret_value(),
                "session": answer.confirmation,
            }
        return await self.server.call(method, path, {**body, "auth": auth})

    async def to_device(self, kind: str, messages: Mapping[str, Mapping[str, Any]]) -> None:
        """Tell devices something: user -> device -> content."""
        path = f"{CLIENT}/v3/sendToDevice/{kind}/{uuid.uuid4().hex}"
        await self.server.call("PUT", path, {"messages": messages})

    async def close(self) -> None:
        if self.server.client_session is not None:
            await self.server.client_session.close()
            self.server.client_session = None

    async def _log_in(self, state: StateStore) -> None:
        if self._settings.password is None:
            raise AccountError("There is neither a password nor an access token for the account: give one of them.")
        # The device is chosen before the login: killed in between, the next attempt is the same device again.
        device = await state.get(_DEVICE)
        if device is None:
            device = f"BARAZA{uuid.uuid4().hex[:12].upper()}"
            await state.set(_DEVICE, device)
        self.server.device_id = device
        self.server.access_token = ""  # or nio would show the dead one
        try:
            answer = await self.server.ask(
                self.server.login(self._settings.password.get_secret_value(), self._settings.device_name)
            )
        except Answer as refusal:
            raise _login_refused(self.user, refusal) from None
        token = answer.get("access_token")
        if not isinstance(token, str):
            raise AccountError("The homeserver's answer to the login holds no token: check its address.")
        await state.set(_LOGIN, token)
        self.server.use_token(token)

    def _is_ours(self, answer: dict[str, Any]) -> None:
        if answer.get("user_id") != self.user:
            raise AccountError(
                f"The login belongs to another account than {self.user}: correct user_id or the access_token."
            )
        device = answer.get("device_id")
        if self._settings.device_id is not None and device not in (None, self._settings.device_id):
            raise AccountError(
                f"The access_token belongs to device {device}, not to {self._settings.device_id}: correct device_id."
            )

    async def _forget_another_account(self, state: StateStore) -> None:
        """A login and a place in the stream belong to one user."""
        known = await state.get(_ACCOUNT)
        if known == self.user:
            return
        if known is not None:
            for key in (_LOGIN, _DEVICE, SINCE):
                await state.delete(key)
        await state.set(_ACCOUNT, self.user)


def _login_refused(user: str, refusal: Answer) -> Exception:
    if refusal.status == 429 or refusal.status >= 500:
        return refusal
    if refusal.code == "M_FORBIDDEN":
        return AccountError(f"The homeserver does not accept the password of {user}: correct user_id or password.")
    if refusal.code == "M_USER_DEACTIVATED":
        return AccountError(f"The account {user} is deactivated: ask the homeserver's administrator for another one.")
    if refusal.code in ("M_UNRECOGNIZED", "M_UNKNOWN"):
        return AccountError(
            "The homeserver offers no login by password: make an access token elsewhere and configure access_token and "
            "device_id."
        )
    return AccountError(f"The homeserver refused the login of {user} ({refusal}): check homeserver, user_id, password.")
