"""The test camera as a process: `python -m tests.support.camera --port 8554 --source porch=FILE`.

Once it listens it prints one JSON line, {"port", "control_port"}. The control port takes one command a line,
a method of FakeCamera and its arguments (`freeze porch`, `status porch 404`, `status porch none`, `html porch
off`), and answers `ok JSON` or `error REASON`. It ends on SIGTERM,
SIGINT and, unless detached, when its parent dies.
"""

import argparse
import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
import inspect
import json
import os
from pathlib import Path
import signal
import sys

from .camera_source import Counters
from .ffmpeg import FfmpegError
from .ports import LOOPBACK
from .rtp_source import Loop
from .rtsp_camera import FakeCamera

PARENT_CHECK_S = 0.5


def whole_number(word: str) -> int | None:
    """Read a number, or `none`."""
    return None if word == "none" else int(word)


def switch(word: str) -> bool:
    """Read `on` or `off`."""
    return {"on": True, "off": False}[word]


COMMANDS: Mapping[str, tuple[Callable[[str], object], ...]] = {
    "freeze": (str,),
    "thaw": (str,),
    "garbage": (str, switch),
    "drop": (str,),
    "jump": (str, float, str),
    "stuck": (str, switch),
    "renumber": (str, whole_number),
    "withhold": (str, str),
    "restart": (str,),
    "status": (str, whole_number),
    "slow": (str, float),
    "silent": (str, switch),
    "html": (str, switch),
    "limit": (str, whole_number),
    "whole_only": (str, switch),
    "whole_or_nothing": (str, switch),
    "lose_datagrams": (str, switch),
    "heal": (str,),
    "swap": (str, Path),
    "rewind": (str,),
    "refuse": (),
    "listen": (),
    "counters": (str,),
    "loops": (str,),
    "wall_times": (str, float),
}
"""What the control port takes, and how the arguments are read."""


async def execute(camera: FakeCamera, line: str) -> object:
    """Carry out one command; raise KeyError, TypeError or ValueError if there is no such one."""
    word, _, rest = line.strip().partition(" ")
    readers = COMMANDS[word]
    words = rest.split(" ", len(readers) - 1) if rest else []
    outcome = getattr(camera, word)(*(read(each) for read, each in zip(readers, words, strict=False)))
    return await outcome if inspect.isawaitable(outcome) else outcome


def as_json(value: object) -> object:
    """Return what JSON has no word for."""
    return asdict(value) if isinstance(value, Counters | Loop) else str(value)


async def obey(camera: FakeCamera, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer one control connection's commands until it ends."""
    try:
        while line := await reader.readline():
            try:
                reply = f"ok {json.dumps(await execute(camera, line.decode()), default=as_json)}"
            except (KeyError, TypeError, ValueError, OSError, FfmpegError) as error:
                reply = f"error {error!r}".replace("\n", " ")
            writer.write(reply.encode() + b"\n")
            await writer.drain()
    except ConnectionError:
        return
    finally:
        writer.close()


async def orphaned(parent: int) -> None:
    """Return once this process's parent is no longer that one."""
    while os.getppid() == parent:
        await asyncio.sleep(PARENT_CHECK_S)


async def serve(camera: FakeCamera, control_port: int, parent: int | None) -> None:
    """Run the camera and its control port until a signal, or until the parent (if given) has died."""
    loop = asyncio.get_running_loop()
    this = asyncio.current_task()
    assert this is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, this.cancel)
    async with camera:
        control = await asyncio.start_server(lambda r, w: obey(camera, r, w), LOOPBACK, control_port)
        async with control:
            ports = {"port": camera.port, "control_port": control.sockets[0].getsockname()[1]}
            sys.stdout.write(f"{json.dumps(ports)}\n")
            sys.stdout.flush()
            await (asyncio.Event().wait() if parent is None else orphaned(parent))


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.camera", description="A real RTSP test camera.")
    parser.add_argument("--port", type=int, default=0, help="RTSP port on loopback (default: a free one)")
    parser.add_argument("--control-port", type=int, default=0, help="control port on loopback (default: a free one)")
    parser.add_argument("--source", action="append", required=True, metavar="NAME=FILE", help="may repeat")
    parser.add_argument("--auth", metavar="USER:PASSWORD", help="ask for these credentials")
    parser.add_argument("--scheme", choices=("digest", "basic"), default="digest")
    parser.add_argument("--only", choices=("tcp", "udp"), help="refuse the other way to carry RTP")
    parser.add_argument("--detached", action="store_true", help="go on when the process that started it has died")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] = tuple(sys.argv[1:])) -> int:
    """Run the process; return its exit code."""
    parent = os.getppid()
    options = parse_arguments(arguments)
    user, colon, password = (options.auth or "").partition(":")
    camera = FakeCamera(
        {name: Path(file) for name, _, file in (source.partition("=") for source in options.source)},
        port=options.port,
        auth=(user, password) if colon else None,
        scheme=options.scheme,
        lower_transports=(options.only,) if options.only else ("tcp", "udp"),
    )
    try:
        asyncio.run(serve(camera, options.control_port, None if options.detached else parent))
    except asyncio.CancelledError, KeyboardInterrupt:
        return 0
    except (OSError, FfmpegError, TimeoutError) as error:
        sys.stderr.write(f"camera: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
