"""espeak-ng: as the espeakng-loader wheel ships it, else the `espeak-ng` program on PATH."""

import contextlib
import ctypes
import functools
import io
from pathlib import Path
import shutil
import subprocess
import tempfile
import threading
import wave

import numpy as np

try:
    import espeakng_loader
except ImportError:
    espeakng_loader = None

type Samples = np.ndarray[tuple[int], np.dtype[np.int16]]
"""int16 mono."""

# From espeak-ng's speak_lib.h.
AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
CHARS_UTF8 = 1
PARAMETER_RATE = 1
PARAMETER_PITCH = 3
BUFFER_MS = 200
LONGEST_DATA_PATH = 140
"""espeak-ng cuts longer paths off (its N_PATH_HOME is 160) and then finds nothing."""

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class NoVoiceError(RuntimeError):
    """There is no espeak-ng here, or it refused."""


def speak(text: str, voice: str, speed: int, pitch: int) -> tuple[Samples, int]:
    """Return the spoken text as int16 mono, and its sample rate; raise NoVoiceError if nothing can speak.

    Speed in words a minute, pitch 0 to 99.
    """
    library = _library()
    say = _program if library is None else library.speak
    return say(text, voice, speed, pitch)


class _Library:
    """libespeak-ng in this process: one engine, one speaker at a time."""

    def __init__(self, path: str, data_path: str) -> None:
        self._lock = threading.Lock()
        self._library = ctypes.CDLL(path)
        self._shortcut = tempfile.TemporaryDirectory(prefix="wf-espeak-")
        if len(data_path) > LONGEST_DATA_PATH:
            link = Path(self._shortcut.name, "data")
            link.symlink_to(data_path)
            data_path = str(link)
        options = ctypes.c_int(INITIALIZE_DONT_EXIT)
        self.rate: int = self._library.espeak_Initialize(
            AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS, data_path.encode(), options
        )
        if self.rate <= 0:
            raise NoVoiceError(f"espeak-ng cannot read its data in {data_path}")

    def speak(self, text: str, voice: str, speed: int, pitch: int) -> tuple[Samples, int]:
        chunks: list[bytes] = []

        def keep(samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int | None) -> int:
            if samples and count:
                chunks.append(ctypes.string_at(samples, count * 2))
            return 0

        callback = _Callback(keep)
        content = text.encode()
        with self._lock:
            self._library.espeak_SetSynthCallback(callback)
            if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
                raise NoVoiceError(f"espeak-ng has no voice {voice}")
            self._library.espeak_SetParameter(PARAMETER_RATE, speed, 0)
            self._library.espeak_SetParameter(PARAMETER_PITCH, pitch, 0)
            size = ctypes.c_size_t(len(content) + 1)
            self._library.espeak_Synth(content, size, 0, 0, 0, CHARS_UTF8, None, None)
            self._library.espeak_Synchronize()
        return np.frombuffer(b"".join(chunks), np.int16), self.rate


@functools.cache
def _library() -> _Library | None:
    if espeakng_loader is None:
        return None
    with contextlib.suppress(OSError):
        return _Library(espeakng_loader.get_library_path(), espeakng_loader.get_data_path())
    return None


def _program(text: str, voice: str, speed: int, pitch: int) -> tuple[Samples, int]:
    program = shutil.which("espeak-ng")
    if program is None:
        raise NoVoiceError("nothing can speak here: install the espeakng-loader package, or espeak-ng")
    options = ["-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", "--"]
    spoken = subprocess.run([program, *options, text], check=True, capture_output=True, timeout=30).stdout
    with wave.open(io.BytesIO(spoken)) as sound:
        rate = sound.getframerate()
    # Written to a pipe, the header's length is a guess: the samples are what follows its 44 bytes.
    return np.frombuffer(spoken[44 : len(spoken) // 2 * 2], np.int16), rate
