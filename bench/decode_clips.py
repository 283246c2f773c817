"""What is decoded: sentences heard in different places, and real recordings with their texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from tests.support.cache import CACHE
from tests.support.espeak import Samples
from tests.support.rooms import as_samples, in_noise, in_room, over_telephone
from tests.support.sentences import SENTENCES
from tests.support.speech import synthesise
from tests.support.voices import ROBOT_VOICE, Voice, default_voice

from .speech_recordings import EXCERPTS, decode, fetch

VOICES = (default_voice(), ROBOT_VOICE, Voice("en-us+f3"))
CRIES = ("Help!", "Fire!", "Help! Help! Help!", "Call the police!", "There is an intruder.", "I smell smoke.")


@dataclass(frozen=True, slots=True)
class Clip:
    """Sound and what is said in it."""

    name: str
    samples: Samples
    text: str
    language: str = "en"


@cache
def sentences() -> tuple[Clip, ...]:
    """Every sentence and cry in every voice: near, over a telephone, and in noise 10 and 3 dB weaker."""
    return tuple(_sentences())


def _sentences() -> Iterator[Clip]:
    for voice in VOICES:
        for number, text in enumerate((*SENTENCES, *CRIES)):
            said = synthesise(text, voice)
            near = in_room(said, lead_s=0.3, tail_s=0.6)
            places = {
                "near": near,
                "telephone": over_telephone(near),
                "noise, 10 dB": in_noise(near, said, 10, seed=number),
                "noise, 3 dB": in_noise(near, said, 3, seed=number),
            }
            for place, sound in places.items():
                yield Clip(f"{voice.name}, {place}", as_samples(sound), text)


def recordings() -> list[Clip]:
    """The real recordings in English that can be had here, each whole: a telephone call, two readers, three phrases."""
    said: dict[tuple[str, str], list[str]] = {}
    for excerpt in EXCERPTS:
        said.setdefault((excerpt.package, excerpt.file), []).extend(turn.text for turn in excerpt.turns)
    beckett = "Ever tried. Ever failed. No matter. Try again. Fail again. Fail better."
    said["moonshine-voice==0.0.4", "moonshine_voice/assets/beckett.wav"] = [beckett]
    said |= {("pytest-audioeval==0.1.3", file): [text] for file, text in _phrases("en")}
    made = []
    for (package, name), texts in said.items():
        folder = CACHE / "recordings" / package
        if (folder / name).exists() or fetch(package, folder):
            made.append(Clip(name.rpartition("/")[2], decode(folder / name), " ".join(texts)))
    return made


def phrases() -> list[Clip]:
    """Three phrases in each of nine languages, 1 to 4 s each."""
    folder = CACHE / "recordings" / "pytest-audioeval==0.1.3"
    return [
        Clip(name.rpartition("/")[2], decode(folder / name), text, language)
        for language in ("en", "es", "fr", "hi", "it", "ja", "pl", "pt", "zh")
        for name, text in _phrases(language)
    ]


def _phrases(language: str) -> list[tuple[str, str]]:
    package = "pytest-audioeval==0.1.3"
    folder = CACHE / "recordings" / package
    if not folder.exists() and not fetch(package, folder):
        return []
    sounds = sorted((folder / "pytest_audioeval" / "samples" / "audio" / language).glob("*.wav"))
    return [(str(file.relative_to(folder)), file.with_suffix(".txt").read_text().strip()) for file in sounds]
