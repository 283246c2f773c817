"""How an utterance is best decoded: window, beam, threads, batches, drafts, hotwords; phantoms; recordings."""

import argparse
from collections.abc import Callable, Sequence
from itertools import batched
from pathlib import Path
import sys
import time
from typing import Any

from faster_whisper import WhisperModel
from faster_whisper.tokenizer import Tokenizer
import numpy as np

from tests.support.gated import utterances
from tests.support.hearing import word_error_rate, words
from tests.support.noises import NOISES, noise
from tests.support.speech import SAMPLE_RATE, as_float
from wallflower_sidecar.speech.embedded.decoder import Heard, WhisperDecoder
from wallflower_sidecar.speech.embedded.whisper import Whisper
from wallflower_sidecar.speech.embedded.windows import FRAME_RATE, window_frames
from wallflower_sidecar.speech.language_memory import LanguageMemory, weigh
from wallflower_sidecar.speech.models.find import bundled_model
from wallflower_sidecar.speech.prompt import mentioned

from .decode_clips import Clip, phrases, recordings, sentences
from .report import table, write

POLICIES = ((30, 5), (30, 1), (15, 5), (15, 2), (15, 1), (10, 5), (5, 5), (5, 1))
HOTWORDS = ("help", "fire", "doctor", "garage door", "window", "police", "ambulance", "intruder", "package", "burglar")
LEVELS = (0.1, 0.25, 0.8)

type Row = tuple[Any, ...]


def windows(folder: Path) -> list[Row]:
    """Silence after the sound (s), beam: CPU seconds and word error rate over a fifth of the sentences, unfiltered."""
    whisper, clips = Whisper(folder, 1), sentences()[::5]
    rows: list[Row] = []
    for margin_s, beam in POLICIES:
        began, texts = time.process_time(), []
        for clip in clips:
            features = whisper.features(as_float(clip.samples))
            encoded = whisper.encode(features, window_frames(features.shape[1], margin_s * FRAME_RATE))
            sound_s = len(clip.samples) / SAMPLE_RATE
            texts.append(whisper.spell(encoded, whisper.tokenizer("en"), sound_s, beam=beam).text)
        rows.append((margin_s, beam, time.process_time() - began, _wer(clips, texts)))
    return rows


def threads(folder: Path) -> list[Row]:
    """Threads: CPU and wall seconds for a seventh of the sentences."""
    rows: list[Row] = []
    for count in (1, 2, 4):
        cpu_s, wall_s, _ = _timed(_finals(WhisperDecoder(folder, count)), sentences()[::7])
        rows.append((count, cpu_s, wall_s))
    return rows


def batches(folder: Path) -> list[Row]:
    """Utterances in one call: CPU and wall seconds for 16 sentences, and how many texts stay the same."""
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    tokenizer = Tokenizer(model.hf_tokenizer, model.model.is_multilingual, task="transcribe", language="en")
    prompt = model.get_prompt(tokenizer, [], without_timestamps=True)
    clips = sentences()[: 16 * 4 : 4]
    rows: list[Row] = []
    alone: list[str] = []
    for size in (1, 2, 4, 8):
        cpu, wall, texts = time.process_time(), time.perf_counter(), []
        for batch in batched(clips, size, strict=False):
            spectrograms = [model.feature_extractor(as_float(clip.samples))[:, :-1] for clip in batch]
            frames = max(window_frames(each.shape[1]) for each in spectrograms)
            window = np.zeros((len(batch), len(spectrograms[0]), frames), np.float32)
            for number, each in enumerate(spectrograms):
                window[number, :, : each.shape[1]] = each
            results = model.model.generate(model.encode(window), [prompt] * len(batch), beam_size=5)
            texts += [tokenizer.decode(result.sequences_ids[0]) for result in results]
        alone = alone or texts
        same = sum(one == other for one, other in zip(alone, texts, strict=True))
        rows.append((size, time.process_time() - cpu, time.perf_counter() - wall, f"{same} of {len(clips)}"))
    return rows


def drafts(folder: Path) -> list[Row]:
    """Seconds of speech: CPU seconds of a final and of a draft of it, means of three, and words that differ."""
    decoder = WhisperDecoder(folder, 1)
    rows: list[Row] = []
    spoken = np.concatenate([clip.samples for clip in sentences()[: 31 * 4 : 4]])
    for seconds in (1, 3, 8, 15):
        starts = range(0, 3 * 15 * SAMPLE_RATE, 15 * SAMPLE_RATE)
        sounds = [Clip("", spoken[at : at + seconds * SAMPLE_RATE], "") for at in starts]
        final_s, _, finals = _timed(_finals(decoder), sounds)
        draft_s, _, made = _timed(lambda clip: decoder.decode(clip.samples.tobytes(), "en", draft=True), sounds)
        differing = word_error_rate([heard.text for heard in finals], [heard.text for heard in made])
        rows.append((seconds, final_s / len(sounds), draft_s / len(sounds), differing))
    return rows


def hotwords(folder: Path) -> list[Row]:
    """With and without hotwords: CPU seconds, word error rate, hotwords found, hotwords that were not said."""
    decoder, clips = WhisperDecoder(folder, 1), sentences()
    rows: list[Row] = []
    for name, given in (("none", ()), (f"{len(HOTWORDS)} words", HOTWORDS)):
        cpu_s, _, made = _timed(_finals(decoder, given), clips)
        said = [mentioned(clip.text, HOTWORDS) for clip in clips]
        heard = [mentioned(each.text, HOTWORDS) for each in made]
        found = sum(len(one & other) for one, other in zip(said, heard, strict=True))
        wrong = sum(len(other - one) for one, other in zip(said, heard, strict=True))
        wer = _wer(clips, [each.text for each in made])
        rows.append((name, cpu_s, wer, f"{found} of {sum(map(len, said))}", wrong))
    return rows


def phantoms(folder: Path) -> list[Row]:
    """Sounds in which nobody speaks, 50 s each: pieces, how many reached Whisper, words that were believed."""
    decoder = WhisperDecoder(folder, 1)
    rows: list[Row] = []
    for number, name in enumerate(NOISES):
        sound = noise(name, 50.0, peak=LEVELS[number % len(LEVELS)], seed=4)
        gated = [utterance.pcm for utterance in utterances(sound)]
        whole = [
            piece.tobytes() for piece in np.array_split(sound, (5 * SAMPLE_RATE, 17 * SAMPLE_RATE, 32 * SAMPLE_RATE))
        ]
        began = time.process_time()
        for way, pieces in (("gate", gated), ("straight", whole)):
            heard = [decoder.decode(pcm, "en", HOTWORDS) for pcm in pieces]
            decoded = [each for each in heard if set(each.phantoms) != {"no_speech"}]
            believed = sum(len(words(each.text)) for each in heard)
            rows.append((name, way, len(pieces), len(decoded), believed, time.process_time() - began))
            began = time.process_time()
    total = [sum(row[column] for row in rows) for column in range(2, 6)]
    return [*rows, ("all", "", *total)]


def clips(folder: Path) -> list[Row]:
    """Real recordings: word error rate through gate and decoder, and of faster-whisper given the whole file; CPU s."""
    decoder = WhisperDecoder(folder, 1)
    offline = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    said = recordings()
    rows: list[Row] = []
    ours: list[str] = []
    theirs: list[str] = []
    for clip in said:
        cpu_s, _, heard = _timed(lambda utterance: decoder.decode(utterance.pcm, "en"), utterances(clip.samples))
        ours.append(" ".join(each.text for each in heard if each.text))
        began = time.process_time()
        segments, _ = offline.transcribe(as_float(clip.samples), beam_size=5, language="en")
        theirs.append(" ".join(segment.text for segment in segments))
        offline_s, both = time.process_time() - began, (ours[-1], theirs[-1])
        rows.append(
            (clip.name, len(words(clip.text)), *(word_error_rate(clip.text, it) for it in both), cpu_s, offline_s)
        )
    cost = [sum(row[column] for row in rows) for column in (4, 5)]
    return [*rows, ("all", sum(row[1] for row in rows), _wer(said, ours), _wer(said, theirs), *cost)]


def languages(folder: Path) -> list[Row]:
    """Phrases of nine languages: how many are detected alone, after half a minute of the same, and of another one."""
    whisper = Whisper(folder, 1)
    rows: list[Row] = []
    for length_s in (0.6, 1.0, 2.0, 4.0) if whisper.multilingual else ():
        right = [0, 0, 0]
        for clip in phrases():
            features = whisper.features(as_float(clip.samples)[: round((0.2 + length_s) * SAMPLE_RATE)])
            found = whisper.languages_of(whisper.encode(features, window_frames(features.shape[1])))
            for number, heard in enumerate((None, clip.language, "de")):
                memory = LanguageMemory()
                for _ in range(6 if heard else 0):
                    memory.hear(str(heard), 0.9, 5.0)
                right[number] += weigh(found, memory.weights)[0] == clip.language
        rows.append((length_s, len(phrases()), *right))
    return rows


def _finals(decoder: WhisperDecoder, hotwords: Sequence[str] = ()) -> Callable[[Clip], Heard]:
    return lambda clip: decoder.decode(clip.samples.tobytes(), "en", hotwords)


def _timed(decode: Callable[[Any], Any], items: Sequence[Any]) -> tuple[float, float, list[Any]]:
    cpu, wall = time.process_time(), time.perf_counter()
    made = [decode(item) for item in items]
    return time.process_time() - cpu, time.perf_counter() - wall, made


def _wer(clips: Sequence[Clip], texts: Sequence[str]) -> float:
    return word_error_rate([clip.text for clip in clips], texts)


PARTS: dict[str, tuple[Callable[[Path], list[Row]], tuple[str, ...]]] = {
    "windows": (windows, ("silence after the sound, s", "beam", "CPU s", "WER")),
    "threads": (threads, ("threads", "CPU s", "wall s")),
    "batches": (batches, ("utterances in a call", "CPU s", "wall s", "same text")),
    "drafts": (drafts, ("speech, s", "final CPU s", "draft CPU s", "words that differ")),
    "hotwords": (hotwords, ("hotwords", "CPU s", "WER", "found", "not said")),
    "phantoms": (phantoms, ("sound", "way", "pieces", "reached Whisper", "words believed", "CPU s")),
    "clips": (clips, ("recording", "words", "WER", "WER offline", "CPU s", "CPU s offline")),
    "languages": (languages, ("speech, s", "phrases", "right alone", "after the same", "after German")),
}


def main() -> int:
    """Run the chosen parts, or all."""
    parser = argparse.ArgumentParser(prog="script/bench decode", description=__doc__)
    parser.add_argument("--model", type=Path, help="folder of a CTranslate2 model (default: the bundled tiny.en)")
    for name, (part, _) in PARTS.items():
        parser.add_argument(f"--{name}", action="store_true", help=part.__doc__)
    chosen = parser.parse_args()
    folder = chosen.model or bundled_model().folder
    figures = {}
    for name in [name for name in PARTS if getattr(chosen, name)] or PARTS:
        part, columns = PARTS[name]
        figures[name] = part(folder)
        if figures[name]:
            table(f"{folder.name}: {name}", columns, figures[name])
    print(f"Written to {write(f'decode-{folder.name}', figures)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
