"""A camera's address, user name and password as a person gives them, joined to one URL."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME

from .camera_url import MASK, CameraUrl
from .exceptions import FormError


def join(answers: Mapping[str, Any], known: CameraUrl | None) -> str:
    """Join address, user and password; an empty password keeps the known one of the same account."""
    try:
        url = CameraUrl.parse(answers[CONF_URL].strip())
        if url.user is None or url.password == MASK:
            user = url.user_text or answers.get(CONF_USERNAME, "").strip()
            url = _with_account(url.without_credentials, user, answers.get(CONF_PASSWORD, ""), known)
        return CameraUrl.parse(url.text).text
    except ValueError as error:
        raise FormError(CONF_URL, "invalid_url") from error


def _with_account(url: CameraUrl, user: str, password: str, known: CameraUrl | None) -> CameraUrl:
    if password and not user:
        raise FormError(CONF_USERNAME, "user_needed")
    if password or not user or known is None or not known.password:
        return url.with_credentials(user, password)
    if not url.same_account(user, known):
        raise FormError(CONF_PASSWORD, "password_needed")
    return url.with_password_of(known)
