"""Run by the interpreter in .cache/whisperlive: the real server on loopback; its options in the environment."""

import json
import os

from whisper_live.server import TranscriptionServer

TranscriptionServer().run("127.0.0.1", backend="faster_whisper", **json.loads(os.environ["WHISPERLIVE_OPTIONS"]))
