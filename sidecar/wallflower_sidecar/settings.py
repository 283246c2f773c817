"""Settings: the environment over `wallflower.toml` in the data folder over defaults, every fault named at once."""

from collections.abc import Mapping
from dataclasses import dataclass
import ipaddress
import os
from pathlib import Path
import re
import tomllib
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from .domain.errors import WallflowerError
from .domain.languages import LANGUAGES

ENV_PREFIX = "WALLFLOWER_"
FILE_NAME = "wallflower.toml"
_POSTGRES = re.compile(r"postgres(ql)?(\+asyncpg)?://[^\s/?#]*/[^\s/?#]+(\?\S*)?$")
_HOST_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")


def is_postgres_url(text: str) -> bool:
    """Whether it has the form of a database server's URL."""
    return _POSTGRES.match(text) is not None


class SettingsError(WallflowerError):
    """The settings cannot be used; `faults` has one sentence for each of them, naming where it was set."""

    def __init__(self, faults: list[str]) -> None:
        """Join the faults into one text, a line each."""
        super().__init__("\n".join(faults))
        self.faults = faults


def _host(value: str) -> str:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        if not _HOST_NAME.fullmatch(value):
            raise ValueError("must be an IP address or a host name") from None
    return value


def _language(value: str) -> str:
    if value not in LANGUAGES:
        raise ValueError("must be a language code that Whisper knows, such as en or de")
    return value


class Settings(BaseModel):
    """Everything that can be set; field names in upper case after `WALLFLOWER_` are the variables."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    data_dir: Path
    host: Annotated[str, AfterValidator(_host)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8953
    token: SecretStr | None = None
    database_url: SecretStr | None = None
    engine: Literal["embedded", "whisperlive", "managed"] = "embedded"
    whisperlive_url: Annotated[SecretStr, Field(max_length=2048)] | None = None
    whisperlive_token: SecretStr | None = None
    whisperlive_python: Path | None = None
    model: Annotated[str, Field(max_length=4096)] | None = None
    language: Annotated[str, AfterValidator(_language)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["text", "json"] = "text"
    tls_cert: Path | None = None
    tls_key: Path | None = None
    announce: bool = True
    max_streams: Annotated[int, Field(ge=1, le=1000)] = 64
    recordings_dir: Path | None = None

    @field_validator("log_level", "log_format", "engine", mode="before")
    @classmethod
    def _fold_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("token", "whisperlive_token")
    @classmethod
    def _usable_in_a_header(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.fullmatch(r"[\x21-\x7e]{1,512}", value.get_secret_value()):
            raise ValueError("must be 1 to 512 visible ASCII characters without spaces")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or re.match(r"sqlite(\+aiosqlite)?:///.", value.get_secret_value()):
            return value
        if not is_postgres_url(value.get_secret_value()):
            raise ValueError(
                "must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE; leave it out for a file in the"
                " data folder"
            )
        return value

    @field_validator("recordings_dir")
    @classmethod
    def _at_home(cls, value: Path | None) -> Path | None:
        try:
            return None if value is None else value.expanduser()
        except RuntimeError:
            raise ValueError("must not begin with the home of a user who has none") from None

    @field_validator("tls_cert", "tls_key")
    @classmethod
    def _readable(cls, value: Path | None) -> Path | None:
        if value is not None and not (value.is_file() and os.access(value, os.R_OK)):
            raise ValueError("must be a file that can be read")
        return value

    @model_validator(mode="after")
    def _certificate_with_its_key(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("TLS_CERT and TLS_KEY must be given together")
        return self

    @model_validator(mode="after")
    def _server_for_its_engine(self) -> Self:
        if self.engine == "whisperlive" and self.whisperlive_url is None:
            raise ValueError("ENGINE whisperlive needs WHISPERLIVE_URL, such as ws://192.168.1.5:9090")
        return self

    @property
    def sqlite_path(self) -> Path:
        """The database file: in the data folder unless DATABASE_URL names another, or a server."""
        if self.database_url is None or self.postgres_url is not None:
            return self.data_dir / "wallflower.db"
        return Path(self.database_url.get_secret_value().partition(":///")[2])

    @property
    def postgres_url(self) -> SecretStr | None:
        """The database server's URL, None where the database is a file."""
        url = self.database_url
        return url if url is not None and is_postgres_url(url.get_secret_value()) else None

    @property
    def recordings_root(self) -> Path:
        """Where recordings are kept: in the data folder unless RECORDINGS_DIR names another place."""
        return self.data_dir / (self.recordings_dir or "recordings")

    @property
    def models_dir(self) -> Path:
        """Where fetched models are kept."""
        return self.data_dir / "models"


LATER = frozenset({"metrics_public"})
"""Settings of the contract whose parts are not in this version; named in a warning when they are set."""


LIVE = frozenset(
    {"engine", "whisperlive_url", "whisperlive_token", "whisperlive_python", "model", "language", "log_level"}
)
"""Settings that `POST /config/reload` takes up at once; a change of any other needs a restart."""


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings and what a person should be told about them."""

    settings: Settings
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reload:
    """What reading the settings again brought: the settings to go on with, and what became of each change.

    `changed` and `needs_restart` are names of settings, `refused` sentences that name them; what is refused or needs
    a restart stays as it was.
    """

    settings: Settings
    changed: tuple[str, ...]
    needs_restart: tuple[str, ...]
    refused: tuple[str, ...]


def load_settings(environ: Mapping[str, str] | None = None) -> LoadedSettings:
    """Read environment and file; raises SettingsError with every fault at once."""
    given = _read(os.environ if environ is None else environ)
    settings, faults = _validate(given.values, given.places)
    if settings is None or given.faults:
        raise SettingsError(given.faults + list(faults.values()))
    return LoadedSettings(settings, tuple(_warnings(given)))


def reload_settings(current: Settings, environ: Mapping[str, str] | None = None) -> Reload:
    """Read environment and file again; what can be taken up at once is, a faulty value leaves its setting as it was."""
    given = _read(os.environ if environ is None else environ)
    if given.faults:
        return Reload(current, (), (), tuple(given.faults))
    now, values = dict(current), dict(given.values)
    settings, faults = _validate(values, given.places)
    while settings is None:
        # A fault between settings has no single name: then nothing of what is given can be believed.
        for name in faults if all(faults) else Settings.model_fields:
            values[name] = now[name]
        settings, more = _validate(values, given.places)
        faults |= {name: sentence for name, sentence in more.items() if name not in faults}
    differ = [name for name in Settings.model_fields if getattr(settings, name) != now[name]]
    changed = tuple(name for name in differ if name in LIVE)
    taken = current.model_copy(update={name: getattr(settings, name) for name in changed})
    return Reload(taken, changed, tuple(name for name in differ if name not in LIVE), tuple(faults.values()))


@dataclass(frozen=True, slots=True)
class _Given:
    """What environment and file hold, where each value was set, and what is wrong with the file."""

    values: dict[str, Any]
    places: dict[str, str]
    from_file: dict[str, Any]
    faults: list[str]


def _read(environ: Mapping[str, str]) -> _Given:
    from_env = {
        name.removeprefix(ENV_PREFIX).lower(): value
        for name, value in environ.items()
        if name.startswith(ENV_PREFIX) and value.strip()
    }
    data_dir = Path(from_env.get("data_dir") or default_data_dir(environ)).expanduser()
    from_file, faults = _read_file(data_dir / FILE_NAME)
    places = {key: f"{key} in {FILE_NAME}" for key in from_file}
    places |= {key: f"{ENV_PREFIX}{key.upper()}" for key in from_env}
    return _Given({**from_file, **from_env, "data_dir": data_dir.absolute()}, places, from_file, faults)


def _validate(values: Mapping[str, Any], places: Mapping[str, str]) -> tuple[Settings | None, dict[str, str]]:
    """The settings, or a sentence for each faulty one by its name ("" for a fault between several)."""
    try:
        return Settings.model_validate(values), {}
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        return None, {str(fault["loc"][0]) if fault["loc"] else "": _sentence(fault, places) for fault in faults}


def default_data_dir(environ: Mapping[str, str]) -> Path:
    """Return `$XDG_DATA_HOME/wallflower`, by default `~/.local/share/wallflower`."""
    base = environ.get("XDG_DATA_HOME") or Path(environ.get("HOME") or Path.home()) / ".local" / "share"
    return Path(base) / "wallflower"


def _read_file(file: Path) -> tuple[dict[str, Any], list[str]]:
    try:
        return {key.lower(): value for key, value in tomllib.loads(file.read_text()).items()}, []
    except FileNotFoundError:
        return {}, []
    except tomllib.TOMLDecodeError as error:
        return {}, [f"{file}: not valid TOML: {error}."]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        return {}, [f"{file}: cannot be read: {reason}."]


def _sentence(fault: Any, places: Mapping[str, str]) -> str:
    key = str(fault["loc"][0]) if fault["loc"] else ""
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "literal_error":
        message = f"must be one of {fault['ctx']['expected'].replace("'", '')}"
    return f"{places.get(key, 'Settings')}: {message[0].lower() + message[1:] if key else message}."


def _warnings(given: _Given) -> list[str]:
    places = given.places
    warnings = [
        f"{places[key]} is not a setting of Wallflower and has no effect."
        for key in given.values
        if key not in Settings.model_fields and key not in LATER
    ]
    warnings += [f"{places[key]} has no effect in this version." for key in given.values if key in LATER]
    if "data_dir" in given.from_file:
        warnings.append(f"data_dir in {FILE_NAME} has no effect: the file lies in the data folder itself.")
    return warnings
