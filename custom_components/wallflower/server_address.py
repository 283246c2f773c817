"""The sidecar's address as a person writes it."""

from yarl import URL

from .const import DEFAULT_PORT


def normalise(text: str) -> str:
    """Return the base URL of `host`, `host:port` or a URL; raises ValueError if it is none of them.

    Without a scheme it is http, and http without a port is the sidecar's own; https without one is a proxy's.
    """
    text = text.strip()
    if "://" not in text:
        text = f"http://[{text}]" if text.count(":") > 1 and not text.startswith("[") else f"http://{text}"
    url = URL(text)
    if url.scheme not in {"http", "https"} or not url.host or any(map(str.isspace, text)):
        raise ValueError("not an address")
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise ValueError("more than an address")
    if url.port == 0:
        raise ValueError("no port")
    port = url.explicit_port or (DEFAULT_PORT if url.scheme == "http" else None)
    # Written out, so that the same is read from it again: a URL drops port 80.
    location = url.host_subcomponent if port is None else f"{url.host_subcomponent}:{port}"
    return f"{url.scheme}://{location}{url.path.rstrip('/').removesuffix('/api/v1')}"
