"""Names that more than one module of the integration uses."""

from typing import Final

DOMAIN: Final = "wallflower"

DEFAULT_URL: Final = "http://127.0.0.1:8953"
DEFAULT_PORT: Final = 8953

SUBENTRY_STREAM: Final = "stream"

CONF_ASSIST: Final = "assist"
CONF_CAMERA_ENTITY: Final = "camera_entity"
CONF_CERTIFICATE: Final = "certificate"
CONF_KEYWORDS: Final = "keywords"
CONF_RETAIN_DAYS: Final = "retain_days"
CONF_STORE: Final = "store"
CONF_TRANSPORT: Final = "transport"

# The event type of a keyword that turned out not to have been said; no rule may have this name.
RETRACTED: Final = "retracted"
