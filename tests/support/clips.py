"""Camera clips: a picture that moves, with a track's sound, in the codecs that cameras use."""

from dataclasses import dataclass, field
import hashlib
from pathlib import Path
from typing import Literal
import wave

from . import drawing, porch, scene
from .cache import CACHE, made
from .ffmpeg import encode
from .speech import SAMPLE_RATE, Track

type PictureCodec = Literal["h264", "h265", "mjpeg"]
type SoundCodec = Literal[
    "aac", "aac 8k", "aac 44k", "aac 48k stereo", "aac 5.1",
    "pcmu", "pcma", "pcmu 16k stereo", "opus", "opus stereo",
    "l16 8k", "l16 44k", "l16 44k stereo", "l16 48k 4 channels",
]  # fmt: skip

LOOP_S = 12
"""Pictures are made this long once and repeated under any sound."""

SOUND: dict[SoundCodec, tuple[str, ...]] = {
    "aac": ("-c:a", "aac", "-ar", "16000", "-b:a", "48k"),
    "aac 8k": ("-c:a", "aac", "-ar", "8000", "-b:a", "24k"),
    "aac 44k": ("-c:a", "aac", "-ar", "44100", "-b:a", "64k"),
    "aac 48k stereo": ("-c:a", "aac", "-ar", "48000", "-ac", "2", "-b:a", "96k"),
    "aac 5.1": ("-c:a", "aac", "-ar", "48000", "-ac", "6", "-b:a", "192k"),
    "pcmu": ("-c:a", "pcm_mulaw", "-ar", "8000"),
    "pcma": ("-c:a", "pcm_alaw", "-ar", "8000"),
    "pcmu 16k stereo": ("-c:a", "pcm_mulaw", "-ar", "16000", "-ac", "2"),
    "opus": ("-c:a", "libopus", "-b:a", "32k", "-application", "voip"),
    "opus stereo": ("-c:a", "libopus", "-ac", "2", "-b:a", "64k"),
    "l16 8k": ("-c:a", "pcm_s16be", "-ar", "8000"),
    "l16 44k": ("-c:a", "pcm_s16be", "-ar", "44100"),
    "l16 44k stereo": ("-c:a", "pcm_s16be", "-ar", "44100", "-ac", "2"),
    "l16 48k 4 channels": ("-c:a", "pcm_s16be", "-ar", "48000", "-ac", "4"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a camera shows, and how it encodes that."""

    codec: PictureCodec = "h264"
    width: int = 640
    height: int = 360
    fps: int = 15
    gop_s: float = 2.0
    """Seconds between key frames."""

    profile: Literal["baseline", "main", "high"] = "high"
    kbps: int | None = None
    """About this rate; without one, what the picture needs. MJPEG takes what it needs."""

    shows: Literal["test card", "porch"] = "test card"
    b_frames: int = field(default=0, repr=False)
    """Pictures in a row that refer to later ones (H.264 only)."""


TEST_CARD = Picture()
PORCH = Picture(shows="porch", width=1280, height=720)


def camera_clip(
    track: Track | None, picture: Picture | None = PORCH, sound: SoundCodec = "aac", *, folder: Path = CACHE
) -> Path:
    """Return a clip of this sound and picture (None: a camera without it), from the cache if it was made before.

    It lasts as long as the track; without one it is a picture of 12 s.
    """
    if track is None:
        if picture is None:
            raise ValueError("a camera without sound and picture shows nothing")
        return _picture_loop(picture, folder)
    suffix = "mov" if sound.startswith(("pcm", "l16")) else "mp4"
    seen = None if picture is None else (picture, _codec(picture))
    heard = SOUND[sound], hashlib.sha256(track.samples.tobytes()).hexdigest()
    return made(f"clip.{suffix}", (seen, heard), lambda path: _join(path, track, picture, sound, folder), folder)


def _join(path: Path, track: Track, picture: Picture | None, sound: SoundCodec, folder: Path) -> None:
    spoken = path.with_name("sound.wav")
    with wave.open(str(spoken), "wb") as file:
        file.setparams((1, 2, SAMPLE_RATE, 0, "NONE", ""))
        file.writeframes(track.samples.tobytes())
    shown: tuple[str, ...] = ()
    if picture is not None:
        duration = f"{track.duration_s:.6f}"
        shown = ("-t", duration, "-stream_loop", "-1", "-i", str(_picture_loop(picture, folder)))
    maps = ("-map", "0:a", "-map", "1:v", "-c:v", "copy") if shown else ("-map", "0:a")
    encode(("-i", str(spoken), *shown, *maps, *SOUND[sound], str(path)))
    spoken.unlink()


def _picture_loop(picture: Picture, folder: Path) -> Path:
    suffix = "mov" if picture.codec == "mjpeg" else "mp4"
    drawn_by = [Path(str(module.__file__)).read_bytes() for module in (drawing, porch, scene)]
    ingredients = picture, LOOP_S, _codec(picture), drawn_by
    return made(f"picture.{suffix}", ingredients, lambda path: _draw(path, picture), folder)


def _draw(path: Path, picture: Picture) -> None:
    size, rate = f"{picture.width}x{picture.height}", str(picture.fps)
    if picture.shows == "porch":
        source = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r", rate, "-i", "-")
        encode((*source, *_codec(picture), str(path)), scene.frames(picture.width, picture.height, picture.fps, LOOP_S))
    else:
        card = f"testsrc2=size={size}:rate={rate}:duration={LOOP_S}"
        encode(("-f", "lavfi", "-i", card, *_codec(picture), str(path)))


def _codec(picture: Picture) -> tuple[str, ...]:
    gop = str(round(picture.gop_s * picture.fps))
    bounds: tuple[str, ...] = ("-crf", "23")
    if picture.kbps:
        bounds = tuple(word for option in ("-b:v", "-maxrate", "-bufsize") for word in (option, f"{picture.kbps}k"))
    match picture.codec:
        case "mjpeg":
            # RTP carries no Huffman tables, only the default ones.
            return ("-c:v", "mjpeg", "-huffman", "default", "-pix_fmt", "yuvj420p", "-q:v", "5")
        case "h265":
            keys = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:log-level=error"
            return ("-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", keys, *bounds)
        case "h264":
            speed = "ultrafast" if picture.profile == "baseline" else "superfast"
            intervals = (
                "-g",
                gop,
                "-keyint_min",
                gop,
                "-sc_threshold",
                "0",
                "-bf",
                str(picture.b_frames),
                "-pix_fmt",
                "yuv420p",
            )
            return ("-c:v", "libx264", "-preset", speed, "-profile:v", picture.profile, *intervals, *bounds)
