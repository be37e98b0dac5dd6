"""The one TOML file: read, checked as a whole, and refused with every problem named at once."""

from bridge.config.kinds import mentions, settings_models
from bridge.config.loader import DEFAULT_PATH, default_path, load, parse
from bridge.config.model import Config, Web
from bridge.config.problems import InvalidConfig, Problem

__all__ = [
    "DEFAULT_PATH",
    "Config",
    "InvalidConfig",
    "Problem",
    "Web",
    "default_path",
    "load",
    "mentions",
    "parse",
    "settings_models",
]
