"""The usual way: a WhisperLive server, and a client like its own that streams all sound to it in real time."""

import asyncio
from contextlib import suppress
import json
from typing import Any
import uuid

import aiohttp

from tests.support.speech import Track, as_float
from tests.support.whisperlive import WhisperLiveServer

from .speech_costs import Meter
from .speech_run import Playback, Run
from .speech_score import Final

CHUNK_S = 0.256
"""4,096 samples, as its own client sends them."""

PATIENCE_S = 15.0
"""Its own client waits this long for another answer after the end of the sound, then hangs up."""

READY_S = 60.0
MOST_BYTES = 1 << 24


def options(uid: str) -> dict[str, Any]:
    """What its own client asks for unless told otherwise, with the language given."""
    return {
        "uid": uid,
        "language": "en",
        "task": "transcribe",
        "model": "tiny.en",
        "use_vad": True,
        "send_last_n_segments": 10,
        "no_speech_thresh": 0.45,
        "clip_audio": False,
        "same_output_threshold": 10,
        "enable_translation": False,
        "target_language": "fr",
        "hotwords": None,
        "enable_diarization": False,
        "max_speakers": 10,
        "known_speakers": [],
        "word_timestamps": False,
        "initial_prompt": None,
        "vad_parameters": None,
    }


class Listener:
    """Reads the server's answers; keeps completed segments as its own client does, and the newest partial."""

    def __init__(self, playback: Playback) -> None:
        """Time texts by the playback."""
        self.finals: list[Final] = []
        self.partial: Final | None = None
        self.partials = 0
        self.answered_s = 0.0
        self._playback = playback

    async def read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Read until the server hangs up."""
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._take(json.loads(message.data).get("segments", []))

    def _take(self, segments: list[dict[str, Any]]) -> None:
        now_s = self._playback.now_s
        for segment in segments:
            start_s, end_s = float(segment["start"]), float(segment["end"])
            last_s = self.finals[-1].end_s if self.finals else 0.0
            if not segment["completed"]:
                self.partials += 1
                if self.partial is None or self.partial.text != segment["text"]:
                    self.answered_s = now_s
                self.partial = Final(segment["text"], start_s, end_s, None)
            elif start_s >= last_s:
                self.finals.append(Final(segment["text"], start_s, end_s, now_s))
                self.answered_s = now_s

    def all_texts(self) -> list[Final]:
        """The completed segments, then what was still a partial, as its own client writes them down."""
        last_s = self.finals[-1].end_s if self.finals else 0.0
        if self.partial is None or self.partial.start_s < last_s:
            return self.finals
        return [*self.finals, self.partial]


async def run_whisperlive(name: str, track: Track, server: WhisperLiveServer) -> Run:
    """Stream the whole track to a running server in real time; the server's CPU counts, to the end of the sound."""
    headers = {"Authorization": f"Bearer {server.token}"} if server.token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(server.url, max_msg_size=MOST_BYTES) as socket,
    ):
        await socket.send_json(options(uid=str(uuid.uuid4())))
        async with asyncio.timeout(READY_S):
            ready = await socket.receive_json()
        if ready.get("message") != "SERVER_READY":
            raise RuntimeError(f"WhisperLive is not ready: {ready}")
        playback = Playback(track.samples, real_time=True)
        listener = Listener(playback)
        reading = asyncio.create_task(listener.read(socket), name="WhisperLive's answers")
        try:
            async with Meter({"WhisperLive": server.process.pid}) as meter:
                while not playback.is_over and not reading.done():
                    await socket.send_bytes(as_float(await playback.take(CHUNK_S)).tobytes())
            if reading.done():
                raise RuntimeError("WhisperLive hung up: " + "\n".join(server.process.lines))
            await _last_answers(listener, playback, reading)
            await socket.send_bytes(b"END_OF_AUDIO")
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
    return Run(
        name,
        track.duration_s,
        listener.all_texts(),
        meter.cpu_s,
        meter.peak_mb["WhisperLive"],
        real_time=True,
        notes={"partials": listener.partials},
    )


async def _last_answers(listener: Listener, playback: Playback, reading: asyncio.Task[None]) -> None:
    """Wait until nothing new has come for a while."""
    over_s = playback.now_s
    while not reading.done():
        left_s = max(listener.answered_s, over_s) + PATIENCE_S - playback.now_s
        if left_s <= 0:
            return
        await asyncio.wait({reading}, timeout=left_s)
