"""Methods that bring updates to the bot: long polling and the webhook's settings."""

import ipaddress
import re
import urllib.parse

from bridge.playground.botapi.errors import ApiError, bad_request
from bridge.playground.botapi.params import Params
from bridge.playground.botapi.registry import Call, method
from bridge.playground.botapi.render import without_none
from bridge.playground.botapi.state import BotQueue, JsonObject
from bridge.playground.botapi.world import UPDATE_KINDS, World

_MAX_UPDATES, _MAX_POLL_SECONDS = 100, 50


def _remember_allowed(world: World, queue: BotQueue, params: Params) -> None:
    allowed = params.strings("allowed_updates")
    if allowed is None:
        return
    unknown = sorted(set(allowed) - UPDATE_KINDS)
    if unknown:
        raise bad_request(f"[simulator] unknown kind in allowed_updates: {', '.join(unknown)}")
    if queue.allowed != (allowed or None):
        queue.allowed = allowed or None
        world.touch()


@method("getUpdates", "offset limit timeout allowed_updates")
async def get_updates(call: Call) -> list[JsonObject]:
    """Return pending updates; those below `offset` are confirmed and gone."""
    world, params, bot = call.world, call.params, call.bot
    queue = world.queue(bot.id)
    if queue.webhook_url:
        raise ApiError(
            409,
            "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook"
            " first",
        )
    _remember_allowed(world, queue, params)
    limit = min(max(params.integer("limit", _MAX_UPDATES), 1), _MAX_UPDATES)
    timeout = min(max(params.integer("timeout"), 0), _MAX_POLL_SECONDS)
    world.drop_expired(bot.id)
    world.confirm(bot.id, params.integer("offset"))
    return await world.poll(bot.id, limit, timeout)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@method(
    "setWebhook",
    "url max_connections allowed_updates drop_pending_updates secret_token ip_address",
    "certificate",
)
async def set_webhook(call: Call) -> bool:
    """Have updates posted to an address; plain HTTP is taken for this machine only, where Telegram wants HTTPS."""
    world, params, bot = call.world, call.params, call.bot
    url, secret = params.text("url"), params.text("secret_token")
    parts = urllib.parse.urlsplit(url)
    if url and parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts.hostname or "")):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise bad_request("secret token contains unallowed characters")
    queue = world.queue(bot.id)
    _remember_allowed(world, queue, params)
    queue.webhook_url, queue.webhook_secret = url, secret or None
    queue.webhook_max_connections = params.integer("max_connections", 40)
    queue.last_error_date = queue.last_error_message = None
    _drop(queue, params)
    world.end_poll(bot.id, "terminated by setWebhook request")
    world.arrival(bot.id).set()
    world.touch()
    return True


@method("deleteWebhook", "drop_pending_updates")
async def delete_webhook(call: Call) -> bool:
    """Go back to long polling."""
    queue = call.world.queue(call.bot.id)
    queue.webhook_url, queue.webhook_secret = "", None
    _drop(queue, call.params)
    call.world.touch()
    return True


def _drop(queue: BotQueue, params: Params) -> None:
    if params.boolean("drop_pending_updates"):
        queue.pending.clear()
        queue.dates.clear()


@method("getWebhookInfo")
async def get_webhook_info(call: Call) -> JsonObject:
    """Return the webhook's settings and its last failure."""
    call.world.drop_expired(call.bot.id)
    queue = call.world.queue(call.bot.id)
    return without_none(
        {
            "url": queue.webhook_url,
            "has_custom_certificate": False,
            "pending_update_count": len(queue.pending),
            "max_connections": queue.webhook_max_connections if queue.webhook_url else None,
            "last_error_date": queue.last_error_date,
            "last_error_message": queue.last_error_message,
            "allowed_updates": queue.allowed,
        }
    )
