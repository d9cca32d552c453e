"""Settings: the only place that reads the environment and the TOML file.

What comes out is frozen and complete; nobody else looks anything up. Secrets come from ``KRAB_…`` or
from the file that ``KRAB_…_FILE`` names, never from the TOML's text, and hide their ``repr``. An
unknown key is an error that names the nearest right one: a typing mistake must not pass for a default.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.limits import Limits
from feeds.kinds import Source

_KEYS: Mapping[str, tuple[str, ...]] = {
    "": (
        "sources",
        "builtin_sources",
        "starter_notes",
        "index",
        "vectors",
        "store",
        "fetch",
        "slack",
        "matrix",
        "admins",
        "curators",
        "llm",
        "web",
        "limits",
        "upkeep",
        "log",
    ),
    "sources": ("name", "kind", "url", "every", "filter", "private"),
    "index": ("embedder",),
    "vectors": ("kind", "url", "prefix", "index", "shards", "replicas", "timeout"),
    "store": ("url",),
    "fetch": ("contact", "allow_private"),
    "slack": ("api_url", "mode", "workspaces"),
    "slack.workspaces": ("name", "api_url", "mode"),
    "matrix": ("homeserver", "user", "allow_invites", "accounts"),
    "matrix.accounts": ("name", "homeserver", "user", "allow_invites"),
    "admins": ("slack", "matrix"),
    "curators": ("slack", "matrix"),
    "llm": (
        "base_url",
        "model",
        "timeout",
        "max_tokens",
        "daily_tokens",
        "personal_tokens",
        "daily_cost",
        "price_in",
        "price_out",
        "private",
    ),
    "web": ("listen", "allowed_hosts", "public_url"),
    "upkeep": ("keep_questions", "keep_free", "log"),
    "log": ("questions",),
    "limits": ("per_user", "per_channel", "at_once", "waiting", "patience"),
}
STORE_URL = "store-url"  # the file in the data directory that says where the tables were moved to
_KINDS = ("lore", "feed", "pages", "notes", "archive")
_SECRETS = {"api_key": "KRAB_LLM_API_KEY", "vectors_token": "KRAB_VECTORS_TOKEN"}
_STORES = ("faiss", "milvus")
_INDEXES = ("hnsw", "sq8", "flat")
_TYPES = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
_SLACK_SECRETS = ("bot_token", "app_token", "signing_secret")
_MATRIX_SECRETS = ("access_token", "password", "recovery_key")
_SPAN = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class SettingsError(Exception):
    """Something in the configuration is not as it must be. ``str(error)`` is one clear line."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A string that does not show itself. ``bool(secret)`` says whether there is one."""

    _value: str = field(default="", repr=False)

    def reveal(self) -> str:
        """The secret itself: hand it to the library that needs it, and nowhere else."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __str__(self) -> str:
        return "***" if self._value else ""


@dataclass(frozen=True, slots=True)
class VectorSettings:
    """Where vectors are kept: in files of the data directory, or on a Milvus server that several processes share.

    ``prefix`` names the collections and must be this installation's alone; ``index``, ``shards`` and ``replicas`` are
    how they are laid out there; ``timeout`` is in seconds for a search.
    """

    kind: str = "faiss"  # faiss | milvus
    url: str = ""
    prefix: str = "krab"
    index: str = "hnsw"  # hnsw | sq8 | flat
    shards: int = 2
    replicas: int = 1
    timeout: float = 2.0
    token: Secret = Secret()  # "user:password", where the server asks for one


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """How krab behaves towards hosts it reads from."""

    contact: str = ""
    allow_private: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SlackSettings:
    """One workspace. Configured when there is a bot token. ``workspaces`` are further ones, each with a ``name``."""

    bot_token: Secret = Secret()
    app_token: Secret = Secret()
    signing_secret: Secret = Secret()
    api_url: str = "https://slack.com/api/"
    mode: str = "socket"  # socket | http
    name: str = ""
    workspaces: tuple[SlackSettings, ...] = ()


@dataclass(frozen=True, slots=True)
class MatrixSettings:
    """One account on a homeserver. Configured when there is a user and a token or password.

    ``allow_invites`` are patterns of user ids whose invitations are accepted; empty is everybody of the
    account's own homeserver. ``accounts`` are further ones, each with a ``name``.
    """

    homeserver: str = ""
    user: str = ""
    access_token: Secret = Secret()
    password: Secret = Secret()
    recovery_key: Secret = Secret()
    allow_invites: tuple[str, ...] = ()
    name: str = ""
    accounts: tuple[MatrixSettings, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.access_token or self.password)


@dataclass(frozen=True, slots=True)
class LlmSettings:
    """A language model that may rewrite answers. Off unless ``base_url`` is set.

    ``timeout`` is in seconds for a whole answer. Budgets are a day's, and 0 is no limit; prices are per million tokens.
    """

    base_url: str = ""
    model: str = ""
    timeout: float = 30.0
    max_tokens: int = 400
    daily_tokens: int = 500_000
    personal_tokens: int = 50_000
    daily_cost: float = 0.0
    price_in: float = 0.0
    price_out: float = 0.0
    private: bool = False  # whether it may see private sources
    api_key: Secret = Secret()


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Where the web page listens, and by which host names it may be called besides."""

    listen: str = "127.0.0.1:8080"
    allowed_hosts: tuple[str, ...] = ()
    public_url: str = ""  # what readers type, when a reverse proxy stands before krab


@dataclass(frozen=True, slots=True)
class UpkeepSettings:
    """How long questions are kept (seconds), how much disk stays free (bytes), how the log looks, what is in it."""

    keep_questions: float = 365 * 86_400.0
    keep_free: int = 512 << 20
    log: str = "text"  # text | json
    log_questions: bool = False  # whether what people ask stands in the log


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where the tables are: a PostgreSQL database that processes share, or SQLite files in ``folder`` (or the data)."""

    url: Secret = Secret()  # of PostgreSQL; it may hold a password
    password: Secret = Secret()  # when the URL holds none
    folder: Path | None = None

    @property
    def shared(self) -> bool:
        """Whether several processes may serve from it."""
        return bool(self.url)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything krab was told, or its defaults. ``sources`` is None when the built-in ones apply."""

    data: Path
    sources: tuple[Source, ...] | None = None
    builtin_sources: bool = False
    starter_notes: bool = True
    embedder: str = ""  # "" is the packaged one; else a sentence-transformers name or path
    vectors: VectorSettings = VectorSettings()
    store: StoreSettings = StoreSettings()
    fetch: FetchSettings = FetchSettings()
    slack: SlackSettings = SlackSettings()
    matrix: MatrixSettings = MatrixSettings()
    llm: LlmSettings = LlmSettings()
    web: WebSettings = WebSettings()
    admins: tuple[tuple[str, tuple[str, ...]], ...] = ()  # (service, user ids)
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    upkeep: UpkeepSettings = UpkeepSettings()
    curators: tuple[tuple[str, tuple[str, ...]], ...] = ()  # who may edit notes
    config: Path | None = None  # the file all this was read from


def load(environ: Mapping[str, str], *, data: str = "", config: str = "") -> Settings:
    """Return the settings. Command-line values go before the environment. Raises ``SettingsError``."""
    folder = Path(data or environ.get("KRAB_DATA") or _default_data(environ)).expanduser()
    file = _config_path(config or environ.get("KRAB_CONFIG", ""), folder)
    told = _toml(file)
    _check(told)
    secrets = {key: _secret(environ, variable) for key, variable in _SECRETS.items()}
    return Settings(
        data=folder,
        sources=_sources(told["sources"]) if "sources" in told else None,
        builtin_sources=_typed(told, "builtin_sources", False),
        starter_notes=_typed(told, "starter_notes", True),
        embedder=_typed(told.get("index", {}), "embedder", ""),
        vectors=_vectors(told, secrets["vectors_token"]),
        store=_store(told, environ, folder),
        fetch=FetchSettings(**_values(told, "fetch", {"contact": "", "allow_private": ()})),
        slack=_slack(told, environ),
        matrix=_matrix(told, environ),
        llm=_llm(told, secrets["api_key"]),
        web=_web(told, environ),
        admins=tuple(_values(told, "admins", {"slack": (), "matrix": ()}).items()),
        limits=_limits(told),
        curators=tuple(_values(told, "curators", {"slack": (), "matrix": ()}).items()),
        config=file,
        upkeep=_upkeep(told),
    )


def _default_data(environ: Mapping[str, str]) -> str:
    home = environ.get("XDG_DATA_HOME") or str(Path(environ.get("HOME", ".")) / ".local" / "share")
    return str(Path(home) / "krab")


def _config_path(named: str, folder: Path) -> Path | None:
    if named:
        return Path(named).expanduser()
    beside = folder / "krab.toml"
    return beside if beside.is_file() else None


def _toml(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}; check --config or KRAB_CONFIG") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error


def _check(told: Mapping[str, Any]) -> None:
    _check_keys(told, "")
    for name, table in told.items():
        if name == "sources":
            if not (isinstance(table, list) and all(isinstance(s, dict) for s in table)):
                raise SettingsError("sources must be tables: write [[sources]] above each")
            for source in table:
                _check_keys(source, name)
        elif name in _KEYS:
            if not isinstance(table, dict):
                raise SettingsError(f"{name} must be a table: write [{name}]")
            _check_keys(table, name)
            for further in ("accounts", "workspaces"):
                _check_further(f"{name}.{further}", table.get(further, []))


def _check_further(name: str, tables: object) -> None:
    if not (isinstance(tables, list) and all(isinstance(one, dict) for one in tables)):
        raise SettingsError(f"{name} must be tables: write [[{name}]] above each")
    for one in tables:
        _check_keys(one, name)


def _check_keys(table: Mapping[str, Any], name: str) -> None:
    for key in table:
        if key not in _KEYS[name]:
            near = difflib.get_close_matches(key, _KEYS[name], 1, 0.5)
            advice = f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(_KEYS[name])}"
            where = f"[{name}] " if name else ""
            hidden = re.search("token|password|secret|key", key)
            secret = "; secrets come from the environment (KRAB_…)" if hidden else ""
            raise SettingsError(f"unknown key {where}{key}: {advice}{secret}")


def _typed(table: Mapping[str, Any], key: str, default: Any) -> Any:
    value = table.get(key, default)
    if isinstance(default, tuple):
        if not (isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)):
            raise SettingsError(f"{key} must be a list of strings")
        return tuple(value)
    if isinstance(default, float) and type(value) is int:
        value = float(value)
    if type(value) is not type(default):
        raise SettingsError(f"{key} must be {_TYPES[type(default)]}")
    return value


def _values(told: Mapping[str, Any], table: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _typed(told.get(table, {}), key, default) for key, default in defaults.items()}


def _store(told: Mapping[str, Any], environ: Mapping[str, str], data: Path) -> StoreSettings:
    """The URL of the environment goes before the TOML's, which must not hold a password, and ``krab migrate``'s."""
    written = _values(told, "store", {"url": ""})["url"]
    if re.match(r"\w+://[^/@]*:[^/@]+@|.*[?&]password=", written):
        raise SettingsError(
            "[store] url holds a password: leave it out and give it in KRAB_STORE_PASSWORD (or a file that"
            " KRAB_STORE_PASSWORD_FILE names)"
        )
    url = _secret(environ, "KRAB_STORE_URL").reveal() or written or moved_to(data)
    return store(url, _secret(environ, "KRAB_STORE_PASSWORD"))


def moved_to(data: Path) -> str:
    """Return where ``krab migrate`` has moved the tables of a data directory; "" when it has not."""
    file = data / STORE_URL
    return file.read_text(encoding="utf-8").strip() if file.is_file() else ""


def store(url: str, password: Secret) -> StoreSettings:
    """Return where the tables are that a URL names. Raises ``SettingsError``."""
    if url.startswith(("postgresql://", "postgres://")):
        return StoreSettings(Secret(url), password)
    if url and not url.startswith("sqlite:///"):
        raise SettingsError("[store] url must begin with postgresql:// or sqlite:///")
    folder = url.removeprefix("sqlite://").rstrip("/")
    return StoreSettings(password=password, folder=Path(folder) if folder else None)


def _slack(told: Mapping[str, Any], environ: Mapping[str, str]) -> SlackSettings:
    """The first workspace; further ones have their secrets in KRAB_SLACK_<NAME>_BOT_TOKEN and so on."""
    table = told.get("slack", {})
    workspaces = tuple(_workspace(one, environ) for one in table.get("workspaces", ()))
    names = [one.name for one in workspaces]
    if repeated := next((name for name in names if names.count(name) > 1), ""):
        raise SettingsError(f"two Slack workspaces are called {repeated!r}: names must differ")
    return SlackSettings(**_workspace_values(table, environ, "KRAB_SLACK"), workspaces=workspaces)


def _workspace(table: Mapping[str, Any], environ: Mapping[str, str]) -> SlackSettings:
    name = _typed(table, "name", "")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise SettingsError("every [[slack.workspaces]] needs a name of small letters, digits and _")
    return SlackSettings(**_workspace_values(table, environ, f"KRAB_SLACK_{name.upper()}"), name=name)


def _workspace_values(table: Mapping[str, Any], environ: Mapping[str, str], prefix: str) -> dict[str, Any]:
    values = _values({"": table}, "", {"api_url": SlackSettings().api_url, "mode": "socket"})
    if values["mode"] not in ("socket", "http"):
        raise SettingsError(f"[slack] mode must be 'socket' or 'http', not {values['mode']!r}")
    values["api_url"] = values["api_url"].rstrip("/") + "/"
    return values | {key: _secret(environ, f"{prefix}_{key.upper()}") for key in _SLACK_SECRETS}


def _matrix(told: Mapping[str, Any], environ: Mapping[str, str]) -> MatrixSettings:
    """The first account; further ones have their secrets in KRAB_MATRIX_<NAME>_PASSWORD and so on."""
    table = told.get("matrix", {})
    accounts = tuple(_account(account, environ) for account in table.get("accounts", ()))
    names = [account.name for account in accounts]
    if repeated := next((name for name in names if names.count(name) > 1), ""):
        raise SettingsError(f"two Matrix accounts are called {repeated!r}: names must differ")
    return MatrixSettings(**_account_values(table, environ, "KRAB_MATRIX"), accounts=accounts)


def _account(table: Mapping[str, Any], environ: Mapping[str, str]) -> MatrixSettings:
    name = _typed(table, "name", "")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise SettingsError("every [[matrix.accounts]] needs a name of small letters, digits and _")
    return MatrixSettings(**_account_values(table, environ, f"KRAB_MATRIX_{name.upper()}"), name=name)


def _account_values(table: Mapping[str, Any], environ: Mapping[str, str], prefix: str) -> dict[str, Any]:
    values = _values({"": table}, "", {"homeserver": "", "user": "", "allow_invites": ()})
    return values | {key: _secret(environ, f"{prefix}_{key.upper()}") for key in _MATRIX_SECRETS}


def _llm(told: Mapping[str, Any], key: Secret) -> LlmSettings:
    defaults = {name: getattr(LlmSettings(), name) for name in _KEYS["llm"]}
    values = _values(told, "llm", defaults)
    for name, value in values.items():
        if not isinstance(value, str) and value < 0:
            raise SettingsError(f"[llm] {name} can't be {value}")
    if values["base_url"] and not values["model"]:
        raise SettingsError("[llm] model is missing: name the model that base_url is to use")
    if values["base_url"] and not values["base_url"].startswith(("http://", "https://")):
        raise SettingsError(f"[llm] base_url must begin with http:// or https://, not {values['base_url']!r}")
    return LlmSettings(**values, api_key=key)


def _vectors(told: Mapping[str, Any], token: Secret) -> VectorSettings:
    usual = VectorSettings()
    values = _values(told, "vectors", {name: getattr(usual, name) for name in _KEYS["vectors"]})
    for name, known in (("kind", _STORES), ("index", _INDEXES)):
        if values[name] not in known:
            raise SettingsError(f"[vectors] {name} must be one of {', '.join(known)}, not {values[name]!r}")
    if values["kind"] == "milvus" and not values["url"].startswith(("http://", "https://")):
        raise SettingsError('[vectors] url is missing: write where Milvus is, such as url = "http://milvus:19530"')
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", values["prefix"]):
        raise SettingsError(f"[vectors] prefix must be a name of letters, digits and _, not {values['prefix']!r}")
    for name in ("shards", "replicas", "timeout"):
        if values[name] <= 0:
            raise SettingsError(f"[vectors] {name} can't be {values[name]}")
    return VectorSettings(**values, token=token)


def _web(told: Mapping[str, Any], environ: Mapping[str, str]) -> WebSettings:
    values = _values(told, "web", {"listen": WebSettings().listen, "allowed_hosts": (), "public_url": ""})
    values["public_url"] = values["public_url"].rstrip("/")
    values["listen"] = environ.get("KRAB_WEB_LISTEN") or values["listen"]
    if not re.fullmatch(r".+:\d{1,5}", values["listen"]):
        raise SettingsError(f"[web] listen must be host:port, not {values['listen']!r}")
    return WebSettings(**values)


def _limits(told: Mapping[str, Any]) -> Limits:
    usual = Limits()
    names = ("per_user", "per_channel", "at_once", "waiting")
    values = _values(told, "limits", {name: getattr(usual, name) for name in names} | {"patience": ""})
    patience = span(values.pop("patience") or f"{usual.patience:.0f}s")
    for name, value in values.items():
        if value < (1 if name == "at_once" else 0):
            raise SettingsError(f"[limits] {name} can't be {value}")
    return Limits(**values, patience=patience)


def _upkeep(told: Mapping[str, Any]) -> UpkeepSettings:
    values = _values(told, "upkeep", {"keep_questions": "365d", "keep_free": "512MiB", "log": "text"})
    if values["log"] not in ("text", "json"):
        raise SettingsError(f"[upkeep] log must be 'text' or 'json', not {values['log']!r}")
    questions = _values(told, "log", {"questions": False})["questions"]
    return UpkeepSettings(span(values["keep_questions"]), _size(values["keep_free"]), values["log"], questions)


def _size(text: str) -> int:
    match = re.fullmatch(r"(\d+)\s*([KMGT])i?B", text)
    if not match:
        raise SettingsError(f"[upkeep] keep_free must be a size such as 512MiB or 2GiB, not {text!r}")
    return int(match[1]) << {"K": 10, "M": 20, "G": 30, "T": 40}[match[2]]


def _secret(environ: Mapping[str, str], variable: str) -> Secret:
    named = environ.get(f"{variable}_FILE")
    if not named:
        return Secret(environ.get(variable, ""))
    try:
        return Secret(Path(named).read_text(encoding="utf-8").strip())
    except OSError as error:
        raise SettingsError(f"cannot read {variable}_FILE={named}: {error.strerror}") from error
    except UnicodeDecodeError:  # its text would show a part of the secret
        raise SettingsError(f"cannot read {variable}_FILE={named}: it is no text") from None


def _sources(tables: Sequence[Mapping[str, Any]]) -> tuple[Source, ...]:
    sources = tuple(source(table) for table in tables)
    names = [one.name for one in sources]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"two sources are called {name!r}: names must differ")
    return sources


def source(table: Mapping[str, Any]) -> Source:
    """Return a source told of as in a ``[[sources]]`` table. Raises ``SettingsError``."""
    defaults = {"name": "", "kind": "", "url": "", "every": "", "filter": "all", "private": ()}
    values = _values({"sources": table}, "sources", defaults)
    for key in ("name", "kind", "url"):
        if not values[key]:
            raise SettingsError(f"a source lacks its {key}: every [[sources]] needs name, kind and url")
    if values["kind"] not in _KINDS:
        raise SettingsError(f"source {values['name']!r}: kind must be one of {', '.join(_KINDS)}")
    if values["filter"] not in ("all", "relevant"):
        raise SettingsError(f"source {values['name']!r}: filter must be 'relevant' or 'all'")
    every = span(values.pop("every")) if values["every"] else None
    return Source(**{k: v for k, v in values.items() if k != "every"}, every=every)


def span(text: str) -> float:
    """Return the seconds of "15m", "1h30m", "2d". Raises ``SettingsError``."""
    if not re.fullmatch(r"(?:\d+[smhd])+", text):
        raise SettingsError(f"{text!r} is no span of time: write 30s, 15m, 1h30m or 2d")
    return float(sum(int(n) * _SECONDS[unit] for n, unit in _SPAN.findall(text)))
