"""Camera addresses: checked before anything connects, shown without their password."""

from dataclasses import dataclass
import ipaddress
import re
import unicodedata
from urllib.parse import quote, unquote_to_bytes, urlsplit

from . import camera_secrets
from .camera_secrets import MASK
from .errors import FieldError

MAX_LENGTH = 2048
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}

MOST_LOGIN_BYTES = 127
"""libav's room for `user:password`, percent-encoded; it would cut off what is longer."""

_SHAPE = re.compile(r"(?P<scheme>[^:/?#]*)://(?:(?P<login>[^/?#]*)@)?(?P<place>[^/?#@]*)(?P<rest>.*)")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")
_ZONE = re.compile(r"[A-Za-z0-9._-]{1,32}")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
"""Unicode's categories of control and format characters, half characters and white space."""

_MEANINGFUL = "%:/?#[]@!$&'()*+,;="
_ENCODED_CONTROL = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff])")
_CUT_LOGIN = re.compile(r"[^?]*[^/?]@|.*@[\w.:\[\]-]+/")
"""An @ where none belongs, behind what looks like `user:12/34@camera`: a password that holds a slash."""


@dataclass(frozen=True, slots=True)
class CameraUrl:
    """An address that was checked: rtsp or rtsps, a host, a port in range; `text` holds the password in clear.

    `host` is ASCII and has no brackets; `user` and `password` are as given; `rest` is what comes after the port.
    """

    text: str
    scheme: str
    host: str
    port: int
    user: str | None
    password: str | None
    rest: str

    @classmethod
    def parse(cls, text: str, path: str = "url") -> CameraUrl:
        """Check an address; raises FieldError naming `path` and what is wrong, never showing the address."""
        try:
            return cls._parse(text)
        except ValueError as error:
            raise FieldError(path, str(error)) from None

    @classmethod
    def _parse(cls, text: str) -> CameraUrl:
        if len(text) > MAX_LENGTH:
            raise ValueError(f"The address is longer than {MAX_LENGTH} characters.")
        if any(unicodedata.category(character) in _UNSEEN for character in text):
            raise ValueError("The address holds a space or a control character.")
        if _ENCODED_CONTROL.search(text):
            raise ValueError("The address holds an encoded control character, such as %00 or %0A.")
        match = _SHAPE.fullmatch(text)
        scheme = match["scheme"].lower() if match else ""
        if match is None or scheme not in DEFAULT_PORTS:
            raise ValueError("The address must begin with rtsp:// or rtsps://.")
        login, place, rest = match["login"], match["place"], match["rest"]
        if (login is not None or ":" in place) and _CUT_LOGIN.match(rest):
            raise ValueError("Write / as %2F, ? as %3F and # as %23 where user name or password hold them.")
        host, port = _place(place)
        user, colon, password = (None, "", "") if login is None else login.partition(":")
        if b":" in unquote_to_bytes(user or ""):
            raise ValueError("A user name cannot hold a colon.")
        url = cls(text, scheme, host, port or DEFAULT_PORTS[scheme], user, password if colon else None, rest)
        if len(url.login) > MOST_LOGIN_BYTES:
            raise ValueError(f"User name and password together are longer than {MOST_LOGIN_BYTES} bytes.")
        return url

    @property
    def login(self) -> str:
        """User and password, percent-encoded wherever they might mean something else; empty without a user."""
        if self.user is None:
            return ""
        return ":".join(quote(unquote_to_bytes(part), safe="") for part in (self.user, self.password or ""))

    @property
    def request(self) -> str:
        """Path and query for the camera; what no address may hold as it is (quotes, accents) is percent-encoded."""
        return quote(self.rest, safe=_MEANINGFUL)

    @property
    def masked(self) -> str:
        """The address with `***` for its password, and for what its path and query hold of such."""
        return self._with(None if self.password is None else MASK, camera_secrets.masked(self.rest))

    @property
    def is_masked(self) -> bool:
        """Whether `***` stands for something that is stored."""
        return self.password == MASK or camera_secrets.is_masked(self.rest)

    def unmasked(self, stored: CameraUrl | None, path: str = "url") -> CameraUrl:
        """Put what is stored in the masks' places; raises FieldError unless user, host and port are the same."""
        if not self.is_masked:
            return self
        rest = None if stored is None else camera_secrets.unmasked(self.rest, stored.rest)
        password = self.password if stored is None or self.password != MASK else stored.password
        if stored is None or rest is None or (self.password == MASK and password is None):
            raise FieldError(path, f"There is no stored password for {MASK} to stand for. Give the password.")
        if (self.user, self.host, self.port) != (stored.user, stored.host, stored.port):
            raise FieldError(path, "User, host or port changed, so the password must be given again.")
        return CameraUrl.parse(self._with(password, rest), path)

    def _with(self, password: str | None, rest: str) -> str:
        before = self.text[: len(self.text) - len(self.rest)]
        if password is not None:
            scheme, _, authority = before.partition("://")
            before = f"{scheme}://{self.user}:{password}@{authority.rpartition('@')[2]}"
        return before + rest


def mask(text: str) -> str:
    """Return an address fit to be shown; one that cannot be parsed becomes only its mask."""
    try:
        return CameraUrl.parse(text).masked
    except FieldError:
        return MASK


def _place(place: str) -> tuple[str, int | None]:
    """Read host and port; raises ValueError with a sentence."""
    try:
        parts = urlsplit(f"//{place}")
        port = parts.port
    except ValueError:
        raise ValueError("The host or port of the address is not valid.") from None
    if port == 0:
        raise ValueError("The port must be between 1 and 65535.")
    host = parts.hostname or ""
    found = _ipv6(host) if place.startswith("[") else _name(host)
    if found is None:
        raise ValueError("The address has no valid host.")
    return found, port


def _name(host: str) -> str | None:
    """A name or IPv4 address in ASCII; None when it can be neither."""
    try:
        ascii_host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return None
    return ascii_host if _NAME.fullmatch(ascii_host) else None


def _ipv6(host: str) -> str | None:
    address, percent, zone = host.partition("%")
    zone = zone.removeprefix("25")  # RFC 6874 writes the % before a zone as %25
    if percent and not _ZONE.fullmatch(zone):
        return None
    try:
        return str(ipaddress.IPv6Address(address)) + (f"%{zone}" if percent else "")
    except ValueError:
        return None
