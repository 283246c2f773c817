"""The floor: faster-whisper on the whole sound at once, in its own process (`python -m bench.speech_offline`)."""

import json
from pathlib import Path
import sys
import tempfile
import time

import numpy as np

from tests.support.child_process import running
from tests.support.speech import Track, as_float
from tests.support.waiting import eventually

from .speech_costs import Meter
from .speech_run import Run
from .speech_score import Final


async def run_offline(name: str, track: Track, model: Path) -> Run:
    """Transcribe the track with faster-whisper's defaults (beam 5) and its VAD; loading is not counted."""
    with tempfile.TemporaryDirectory(prefix="wallflower-bench-") as folder:
        sound = Path(folder, "sound.npy")
        np.save(sound, track.samples)
        command = (sys.executable, "-m", "bench.speech_offline", str(sound), str(model))
        async with running("offline", *command) as child, Meter({"offline": child.pid}) as meter:
            if await child.process.wait():
                raise RuntimeError("faster-whisper failed:\n" + "\n".join(child.lines))
            answer = json.loads((await eventually(lambda: child.lines))[-1])
    finals = [Final(text, start_s, end_s, answer["wall_s"]) for start_s, end_s, text in answer["segments"]]
    return Run(name, track.duration_s, finals, {"offline": answer["cpu_s"]}, meter.peak_mb["offline"], real_time=False)


def main(sound: str, model: str) -> None:
    """Transcribe a file of samples; print texts and costs as JSON."""
    from faster_whisper import WhisperModel  # noqa: PLC0415 - only the child needs it

    samples = as_float(np.load(sound))
    whisper = WhisperModel(model, device="cpu", compute_type="int8")
    cpu_s, wall_s = time.process_time(), time.monotonic()
    segments, _ = whisper.transcribe(samples, language="en", vad_filter=True)
    texts = [(segment.start, segment.end, segment.text) for segment in segments]
    print(json.dumps({"cpu_s": time.process_time() - cpu_s, "wall_s": time.monotonic() - wall_s, "segments": texts}))


if __name__ == "__main__":
    main(*sys.argv[1:])
