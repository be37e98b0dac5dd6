"""From the file to checked objects. Every problem is collected before the file is refused."""

import datetime as dt
import json
import os
import re
import stat
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr, ValidationError

from bridge.config.across import across
from bridge.config.cautions import cautions
from bridge.config.communities import community
from bridge.config.kinds import mentions, settings_models
from bridge.config.membership import RetentionSection
from bridge.config.model import Config, Web
from bridge.config.problems import InvalidConfig, Lines, Loc, Problem, did_you_mean, dotted, translate
from bridge.config.secrets import SHORTEST_HIDDEN, SecretProblem, SecretReader, is_reference, secret_example
from bridge.config.sections import (
    EXAMPLES,
    KEYS,
    BridgeSection,
    CommunitySection,
    WebSection,
    split_listen,
)
from bridge.core.errors import ConfigError
from bridge.core.ids import AccountId
from bridge.core.servers import each_server

DEFAULT_PATH = Path("config/baraza.toml")
S = TypeVar("S", bound=BaseModel)


def default_path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the config file is when nobody says: ``BARAZA_CONFIG``, else ``config/baraza.toml``."""
    return Path(environ.get("BARAZA_CONFIG") or DEFAULT_PATH)


def load(
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    kinds: Mapping[str, type[BaseModel]] | None = None,
) -> Config:
    """Read a config file; raises InvalidConfig (a ConfigError) with all that is wrong.

    ``environ`` (the process's own by default) is where ``env:NAME`` is looked up; ``kinds`` are the settings models of
    the adapters (all there are by default).
    """
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError:
        raise ConfigError(
            f"there is no config file {path}: run `baraza init` to write one, or name another with --config"
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}; check what it is and who may read it") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start + 1}): save it again as UTF-8") from None
    return parse(text, path, environ=environ, kinds=kinds)


def parse(
    text: str,
    path: Path,
    *,
    environ: Mapping[str, str] | None = None,
    kinds: Mapping[str, type[BaseModel]] | None = None,
    pending: Mapping[str, str] | None = None,
) -> Config:
    """Check a text as if it stood at ``path``; raises InvalidConfig.

    ``pending`` are secrets that are still to be written, by the path after ``file:``.
    """
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers and lists beyond what Python reads
        raise InvalidConfig(path, [_syntax_problem(error, text)]) from None
    environment = os.environ if environ is None else environ
    reader = _Reader(
        path=path,
        lines=Lines(text),
        kinds=settings_models() if kinds is None else kinds,
        secrets=SecretReader(path.absolute().parent, environment, pending or {}),
    )
    return reader.config(data)


def _syntax_problem(error: Exception, text: str) -> Problem:
    message = str(error)
    place = re.search(r"\(at line (\d+), column (\d+)\)", message)
    reason = message.split(" (at ", 1)[0]
    reason = reason[:1].lower() + reason[1:]
    hint = "text needs quotes, lists need [ ] and commas, and each key may stand in a table only once"
    if place is None:
        return Problem(
            key="", reason=f"not valid TOML at the end: {reason}", line=text.count("\n") + 1, suggestion=hint
        )
    reason = f"not valid TOML: {reason}"
    return Problem(key="", reason=reason, suggestion=hint, line=int(place[1]), column=int(place[2]))


@dataclass
class _Reader:
    path: Path
    lines: Lines
    kinds: Mapping[str, type[BaseModel]]
    secrets: SecretReader
    problems: list[Problem] = field(default_factory=list)
    literal_password: bool = False

    def problem(self, loc: Loc, reason: str, suggestion: str = "") -> None:
        for secret in self.secrets.found:  # an adapter's own validator may quote what it refuses
            if len(secret) >= SHORTEST_HIDDEN:
                reason = reason.replace(secret, "[secret]")
        if any(known.key == dotted(loc) for known in self.problems):
            return  # the first thing that is wrong with a key says enough
        self.problems.append(Problem(key=dotted(loc), reason=reason, suggestion=suggestion, line=self.lines.find(loc)))

    # --- the whole file ---

    def config(self, data: dict[str, Any]) -> Config:
        for loc in _dates(data, ()):
            self.problem(loc, "is a date", "put it in quotes")
        data = json.loads(json.dumps(data, default=str))
        for key in data.keys() - KEYS[""]:
            self.problem((key,), "there is no such table", did_you_mean(key, KEYS[""]))
        bridge = self.section(BridgeSection, data, "bridge")
        web = self.section(WebSection, data, "web", optional=True)
        kept = self.section(RetentionSection, data, "retention", optional=True)
        accounts = self.accounts(data)
        communities = self.communities(data)
        database = self.database(bridge.database) if bridge else ""
        self.public_url(data, accounts, web)
        if self.problems:
            raise InvalidConfig(self.path, sorted(self.problems, key=lambda found: found.line or 0))
        if bridge is None or web is None or kept is None:
            raise ConfigError(f"{self.path} cannot be used")  # unreachable: a missing section is a problem
        host, port = split_listen(web.listen) or ("127.0.0.1", 8080)
        config = Config(
            path=self.path,
            database=database,
            media=self.secrets.base / Path(bridge.media).expanduser(),
            max_megabytes=bridge.max_megabytes,
            language=bridge.language,
            web=Web(host=host, port=port, public_url=web.public_url, trusted_proxies=web.trusted_proxies),
            accounts=MappingProxyType(accounts),
            secrets=tuple(dict.fromkeys(self.secrets.found)),
            warnings=(),
            retention=kept.retention(),
            _communities=tuple(community(section, bridge.language, web.public_url) for section in communities),
        )
        object.__setattr__(config, "warnings", tuple(self.warnings(config)))
        return config

    def section(self, model: type[S], data: Mapping[str, Any], name: str, *, optional: bool = False) -> S | None:
        if name not in data and not optional:
            self.problem((name,), "this table is missing", f"write {EXAMPLES[name]}")
            return None
        return self.validate(model, data.get(name, {}), (name,))

    def validate(self, model: type[S], value: Any, place: Loc, accounts: Collection[str] = ()) -> S | None:
        try:
            return model.model_validate_json(json.dumps(value), context={"accounts": accounts})
        except ValidationError as error:
            found = translate(
                error,
                place,
                known=lambda loc: KEYS.get(_pattern(loc), ()),
                example=lambda loc: EXAMPLES.get(_pattern(loc), ""),
            )
            for loc, reason, suggestion in found:
                self.problem(loc, reason, suggestion)
            return None

    # --- [bridge] and [web] ---

    def database(self, url: str) -> str:
        loc = ("bridge", "database")
        referenced = is_reference(url)
        if referenced:
            try:
                url = self.secrets.read(url, ("database",))
            except SecretProblem as problem:
                self.problem(loc, str(problem), problem.suggestion)
                return ""
        if url.startswith("sqlite://") and len(url) > len("sqlite://"):
            if "?" in url or "#" in url:
                self.problem(loc, "the path of an SQLite file must not hold ? or #")
            return f"sqlite://{(self.secrets.base / Path(url.removeprefix('sqlite://')).expanduser()).resolve()}"
        try:
            servers = [urlsplit(server) for server in each_server(url)]
            parts = servers[0]
            good = parts.scheme in ("postgres", "postgresql") and len(parts.path) > 1
            good = good and all(server.hostname and server.port != 0 for server in servers)
        except ValueError:
            good = False
        if not good:
            self.problem(
                loc,
                "is no address of a database",
                f"{EXAMPLES['bridge.database']} or postgres://user@host/name (in a password / # ? are %2F %23 %3F)",
            )
            return ""
        if parts.password:
            self.literal_password = not referenced
            self.secrets.found += [parts.password, unquote(parts.password)]
        return re.sub(r"^postgresql://", "postgres://", url)

    def public_url(
        self, data: Mapping[str, Any], accounts: Mapping[AccountId, BaseModel], web: WebSection | None
    ) -> None:
        users = [name for name, settings in accounts.items() if getattr(settings, "updates", "") == "webhook"]
        if users and web is not None and not web.public_url:
            self.problem(
                ("web", "public_url"),
                f'is missing: the account {users[0]} has updates = "webhook"',
                f'{EXAMPLES["web.public_url"]}, or updates = "polling" in that account',
            )

    # --- [accounts.NAME] ---

    def accounts(self, data: Mapping[str, Any]) -> dict[AccountId, BaseModel]:
        found: dict[AccountId, BaseModel] = {}
        tables = data.get("accounts")
        if not isinstance(tables, dict) or not tables:
            self.problem(("accounts",), "at least one account is needed", f"write {EXAMPLES['accounts']}")
            return found
        for name, table in tables.items():
            loc: Loc = ("accounts", name)
            if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name):
                self.problem(loc, "an account's name may hold only letters, digits, - and _", "rename it")
            elif not isinstance(table, dict):
                self.problem(loc, "must be a table", f"write {EXAMPLES['accounts']}")
            else:
                settings = self.account(name, table)
                if settings is not None:
                    found[AccountId(name)] = settings
        return found

    def account(self, name: str, table: dict[str, Any]) -> BaseModel | None:
        loc: Loc = ("accounts", name)
        kind = table.get("kind")
        model = self.kinds.get(kind) if isinstance(kind, str) else None
        if model is None:
            reason = "is missing" if kind is None else "there is no such kind of account"
            self.problem((*loc, "kind"), reason, did_you_mean(str(kind or ""), self.kinds))
            return None
        before = len(self.problems)
        values = dict(table)
        bad: set[str] = set()
        for key, info in model.model_fields.items():
            if key not in table:
                if isinstance(info.default, Path):  # what nobody wrote counts from the file's folder, too
                    values[key] = str(self.secrets.base / info.default)
                continue
            if mentions(info.annotation, SecretStr):
                try:
                    values[key] = self.secrets.read(table[key], (name, key))
                except SecretProblem as problem:
                    self.problem((*loc, key), str(problem), problem.suggestion)
                    values[key] = "unreadable"
                    bad.add(key)
            elif mentions(info.annotation, Path) and isinstance(table[key], str):
                values[key] = str(self.secrets.base / Path(table[key]).expanduser())
        try:
            settings = model.model_validate_json(json.dumps(values), strict=True)
        except ValidationError as error:
            found = translate(
                error,
                loc,
                known=lambda place: model.model_fields if len(place) == 2 else (),
                example=lambda place: _account_example(model, place),
            )
            for place, reason, suggestion in found:
                if len(place) < 3 or place[2] not in bad:
                    self.problem(place, reason, suggestion)
            return None
        return settings if len(self.problems) == before else None

    # --- [[communities]] ---

    def communities(self, data: Mapping[str, Any]) -> list[CommunitySection]:
        tables = data.get("communities")
        if not isinstance(tables, list) or not tables:
            reason = "must be written [[communities]], in two brackets" if tables else "at least one is needed"
            self.problem(("communities",), reason, f"write {EXAMPLES['communities']}")
            return []
        named = data.get("accounts")
        names = tuple(named) if isinstance(named, dict) else ()
        checked = [self.validate(CommunitySection, table, ("communities", n), names) for n, table in enumerate(tables)]
        across(tables, self.problem)
        return [section for section in checked if section is not None]

    # --- not wrong, but worth a word ---

    def warnings(self, config: Config) -> Iterable[str]:
        yield from self.secrets.warnings
        for secret in self.secrets.found:
            if len(secret) < SHORTEST_HIDDEN:
                yield f"a secret is shorter than {SHORTEST_HIDDEN} letters: it cannot be kept out of the logs"
        if self.literal_password and self.path.exists() and stat.S_IMODE(self.path.stat().st_mode) & 0o077:
            yield (
                f"{self.path} holds the database's password and can be read by other users of this machine: "
                f'run chmod 600 {self.path}, or write database = "file:secrets/database"'
            )
        yield from cautions(config)


def _pattern(loc: Loc) -> str:
    return ".".join(part for part in loc if isinstance(part, str))


def _account_example(model: type[BaseModel], place: Loc) -> str:
    info = model.model_fields.get(str(place[2])) if len(place) == 3 else None
    if info is None:
        return ""
    key = place[2]
    if mentions(info.annotation, SecretStr):
        return secret_example((str(place[1]), str(key)))
    return f"{key} = ... ({info.description})" if info.description else f"{key} = ..."


def _dates(value: Any, loc: Loc) -> Iterator[Loc]:
    if isinstance(value, dt.date | dt.time):
        yield loc
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _dates(inner, (*loc, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _dates(inner, (*loc, index))
