"""Camera addresses as a person gives them, and fit to be shown."""

from dataclasses import dataclass
import re
from typing import Self
from urllib.parse import SplitResult, quote, unquote, urlsplit

MASK = "***"
MAX_LENGTH = 2048

_NOT_ALLOWED = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class CameraUrl:
    """An rtsp or rtsps address, taken apart; `user` and `password` are percent-encoded, None where not given."""

    parts: SplitResult

    @classmethod
    def parse(cls, text: str) -> Self:
        """Check an address as the sidecar would; raises ValueError without repeating it."""
        if len(text) > MAX_LENGTH or _NOT_ALLOWED.search(text):
            raise ValueError("too long, or not on one line")
        parts = urlsplit(text)
        if parts.scheme not in {"rtsp", "rtsps"} or not parts.hostname or parts.port == 0:
            raise ValueError("no rtsp address")
        return cls(parts)

    @property
    def text(self) -> str:
        """The whole address, its password in clear."""
        return self.parts.geturl()

    @property
    def user(self) -> str | None:
        """The user's name."""
        return self.parts.username

    @property
    def password(self) -> str | None:
        """The password, `***` where only the sidecar knows it."""
        return self.parts.password

    @property
    def user_text(self) -> str:
        """The user's name as a person writes it."""
        return unquote(self.user or "")

    @property
    def is_masked(self) -> bool:
        """Whether only the sidecar knows a part of it."""
        return MASK in self.text

    def is_shown_as(self, shown: CameraUrl) -> bool:
        """Whether the sidecar, which shows `***` in the place of each secret, may mean this one."""
        return re.fullmatch(re.escape(shown.text).replace(re.escape(MASK), ".+"), self.text) is not None

    @property
    def without_credentials(self) -> CameraUrl:
        """The address alone."""
        return self._with("")

    def with_credentials(self, user: str, password: str) -> CameraUrl:
        """Add credentials as a person writes them; without a user there are none."""
        if not user:
            return self
        return self._with(f"{quote(user, safe='')}:{quote(password, safe='')}")

    def with_password_of(self, other: CameraUrl) -> CameraUrl:
        """Take over another address's password as it is."""
        return self._with(f"{other.user}:{other.password}")

    def same_account(self, user: str, other: CameraUrl) -> bool:
        """Whether `user` at this host and port is the account that `other` has the password of."""
        mine, its = self.parts, other.parts
        return (user, mine.scheme, mine.hostname, mine.port) == (
            other.user_text,
            its.scheme,
            its.hostname,
            its.port,
        )

    def _with(self, userinfo: str) -> CameraUrl:
        location = self.parts.netloc.rpartition("@")[2]
        return CameraUrl(self.parts._replace(netloc=f"{userinfo}@{location}" if userinfo else location))
