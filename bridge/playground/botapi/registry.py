"""The table of Bot API methods: name, parameters and the function that carries the call out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from bridge.playground.botapi.params import Params
from bridge.playground.botapi.state import Account
from bridge.playground.botapi.world import World


@dataclass(frozen=True)
class Call:
    """One call of a method by a bot."""

    world: World
    bot: Account
    params: Params


Handler = Callable[[Call], Awaitable[Any]]


@dataclass(frozen=True)
class Method:
    """A method with its parameters; `unsupported` are known to Telegram and not simulated."""

    name: str
    parameters: frozenset[str]
    unsupported: frozenset[str]
    handler: Handler


METHODS: dict[str, Method] = {}


def method(name: str, parameters: str = "", unsupported: str = "") -> Callable[[Handler], Handler]:
    """Register a handler for the method `name`; parameter names are separated by spaces."""

    def register(handler: Handler) -> Handler:
        METHODS[name.lower()] = Method(name, frozenset(parameters.split()), frozenset(unsupported.split()), handler)
        return handler

    return register
