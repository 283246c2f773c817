"""Camera addresses: checked before anything connects, shown without their password."""

from dataclasses import dataclass
import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

from .errors import FieldError

MASK = "***"
MAX_LENGTH = 2048
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}

_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]")
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}|[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?")


@dataclass(frozen=True, slots=True)
class CameraUrl:
    """An address that was checked: rtsp or rtsps, a host, a port in range; `text` holds the password in clear."""

    text: str
    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None

    @classmethod
    def parse(cls, text: str, path: str = "url") -> CameraUrl:
        """Check an address; raises FieldError naming `path` and what is wrong, never showing the address."""
        if len(text) > MAX_LENGTH:
            raise FieldError(path, f"The address is longer than {MAX_LENGTH} characters.")
        if _CONTROL.search(text):
            raise FieldError(path, "The address holds a space or a control character.")
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError:
            raise FieldError(path, "The host or port of the address is not valid.") from None
        if parts.scheme not in DEFAULT_PORTS:
            raise FieldError(path, "The address must begin with rtsp:// or rtsps://.")
        if not parts.hostname or not _HOST.fullmatch(parts.hostname):
            raise FieldError(path, "The address has no valid host.")
        if port == 0:
            raise FieldError(path, "The port must be between 1 and 65535.")
        return cls(
            text=text,
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or DEFAULT_PORTS[parts.scheme],
            user=parts.username,
            password=parts.password,
        )

    @property
    def masked(self) -> str:
        """The address with `***` for its password."""
        if self.password is None:
            return self.text
        return self._with_password(MASK)

    @property
    def has_masked_password(self) -> bool:
        """Whether the password is the mask, standing for the stored one."""
        return self.password == MASK

    def unmasked(self, stored: CameraUrl | None, path: str = "url") -> CameraUrl:
        """Put the stored password in the mask's place; raises FieldError unless user, host and port are the same."""
        if not self.has_masked_password:
            return self
        if stored is None or stored.password is None:
            raise FieldError(path, f"There is no stored password for {MASK} to stand for. Give the password.")
        if (self.user, self.host, self.port) != (stored.user, stored.host, stored.port):
            raise FieldError(path, "User, host or port changed, so the password must be given again.")
        return CameraUrl.parse(self._with_password(stored.password), path)

    def _with_password(self, password: str) -> str:
        parts = urlsplit(self.text)
        userinfo, _, location = parts.netloc.rpartition("@")
        user = userinfo.partition(":")[0]
        return urlunsplit(
            SplitResult(parts.scheme, f"{user}:{password}@{location}", parts.path, parts.query, parts.fragment)
        )


def mask(text: str) -> str:
    """Return an address fit to be shown; one that cannot be parsed becomes only its mask."""
    try:
        return CameraUrl.parse(text).masked
    except FieldError:
        return MASK
