"""The models that can be named: where they are on the hub, how much is downloaded, which languages they know."""

from collections.abc import Mapping
from dataclasses import dataclass

from wallflower_sidecar.domain.languages import LANGUAGES

ENGLISH = frozenset({"en"})
LANGUAGES_BEFORE_LARGE_V3 = LANGUAGES - {"yue"}
"""Cantonese came with large-v3."""


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A name that faster-whisper knows; `download_bytes` is approximate until the hub has been asked."""

    repository: str
    download_bytes: int
    languages: frozenset[str]


def _systran(name: str, million_bytes: int, languages: frozenset[str]) -> KnownModel:
    return KnownModel(f"Systran/faster-{name}", million_bytes * 1_000_000, languages)


_TURBO = KnownModel("mobiuslabsgmbh/faster-whisper-large-v3-turbo", 1_621_000_000, LANGUAGES)
_LARGE_V3 = _systran("whisper-large-v3", 3_091, LANGUAGES)

KNOWN_MODELS: Mapping[str, KnownModel] = {
    "tiny.en": _systran("whisper-tiny.en", 78, ENGLISH),
    "tiny": _systran("whisper-tiny", 78, LANGUAGES_BEFORE_LARGE_V3),
    "base.en": _systran("whisper-base.en", 148, ENGLISH),
    "base": _systran("whisper-base", 148, LANGUAGES_BEFORE_LARGE_V3),
    "small.en": _systran("whisper-small.en", 486, ENGLISH),
    "small": _systran("whisper-small", 486, LANGUAGES_BEFORE_LARGE_V3),
    "medium.en": _systran("whisper-medium.en", 1_531, ENGLISH),
    "medium": _systran("whisper-medium", 1_531, LANGUAGES_BEFORE_LARGE_V3),
    "large-v1": _systran("whisper-large-v1", 3_090, LANGUAGES_BEFORE_LARGE_V3),
    "large-v2": _systran("whisper-large-v2", 3_090, LANGUAGES_BEFORE_LARGE_V3),
    "large-v3": _LARGE_V3,
    "large": _LARGE_V3,
    "distil-large-v2": _systran("distil-whisper-large-v2", 1_516, ENGLISH),
    "distil-medium.en": _systran("distil-whisper-medium.en", 792, ENGLISH),
    "distil-small.en": _systran("distil-whisper-small.en", 336, ENGLISH),
    "distil-large-v3": _systran("distil-whisper-large-v3", 1_516, ENGLISH),
    "distil-large-v3.5": KnownModel("distil-whisper/distil-large-v3.5-ct2", 1_516_000_000, ENGLISH),
    "large-v3-turbo": _TURBO,
    "turbo": _TURBO,
}
"""faster-whisper's own names and places (a test holds them against its table).

Sizes: two bytes for each parameter that the model's card names (the weights are float16), and 2.5 to 4 MB of tokenizer
and vocabulary. For tiny.en and base that is what lies on this disk: 78.1 and 147.9 MB. The hub's own figure replaces it
as soon as a download begins.
"""


def languages_of(tokens: int) -> frozenset[str]:
    """The languages of a Whisper model by the size of its vocabulary: 51864 English, 51865 all but Cantonese, 51866."""
    match tokens:
        case 51_864:
            return ENGLISH
        case 51_865:
            return LANGUAGES_BEFORE_LARGE_V3
        case 51_866:
            return LANGUAGES
    return frozenset()
