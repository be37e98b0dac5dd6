"""The configuration of the local Synapse, as data. It is written as JSON, which YAML contains."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

_NO_LIMIT = {"per_second": 100_000, "burst_count": 100_000}

# https://element-hq.github.io/synapse/latest/usage/configuration/config_documentation.html#ratelimiting
_LIMITS = (
    *("rc_message", "rc_registration", "rc_registration_token_validity", "rc_admin_redaction", "rc_joins_per_room"),
    *("rc_3pid_validation", "rc_third_party_invite", "rc_media_create", "rc_room_creation", "rc_reports"),
    *("rc_user_directory", "rc_delayed_event_mgmt", "rc_profile", "rc_key_requests"),
)
_NESTED_LIMITS = {
    "rc_login": ("address", "account", "failed_attempts"),
    "rc_joins": ("local", "remote"),
    "rc_invites": ("per_room", "per_user", "per_issuer"),
    "rc_presence": ("per_user",),
}


def homeserver_config(
    directory: Path, *, port: int, server_name: str, secrets: Mapping[str, str], rate_limits: bool
) -> dict[str, dict[str, Any]]:
    """File name -> content, for a server that listens on 127.0.0.1 only and talks to no other server."""
    config: dict[str, Any] = {
        "server_name": server_name,
        "listeners": [
            {
                "port": port,
                "bind_addresses": ["127.0.0.1"],
                "type": "http",
                "tls": False,
                "resources": [{"names": ["client"], "compress": False}],
            }
        ],
        "database": {"name": "sqlite3", "args": {"database": str(directory / "homeserver.db")}},
        "media_store_path": str(directory / "media"),
        "max_upload_size": "50M",
        "signing_key_path": str(directory / "signing.key"),
        "log_config": str(directory / "log.yaml"),
        "registration_shared_secret": secrets["registration"],
        "macaroon_secret_key": secrets["macaroon"],
        "form_secret": secrets["form"],
        "enable_registration": False,
        "federation_domain_whitelist": [],
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        "report_stats": False,
        "presence": {"enabled": False},
        "url_preview_enabled": False,
        # Passwords are random and the server is local: a costly hash would only slow the start.
        "bcrypt_rounds": 4,
    }
    if not rate_limits:
        config |= dict.fromkeys(_LIMITS, _NO_LIMIT)
        config |= {name: dict.fromkeys(parts, _NO_LIMIT) for name, parts in _NESTED_LIMITS.items()}
    logging: dict[str, Any] = {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"level": "WARNING", "handlers": ["stderr"]},
    }
    return {"homeserver.yaml": config, "log.yaml": logging}
