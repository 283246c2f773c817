"""Runs in the interpreter that has whisper-live (3.9 or newer): its server on loopback, while the parent lives.

Nothing of Wallflower can be imported here. Standard input brings one line of JSON: `model` (a folder), `token`,
`max_clients`, `cache`. Standard output takes one JSON object a line: each second `{"port": N}` (0 until it listens),
and at the end, where there is a reason, `{"missing": MODULE}` or `{"error": TEXT}`.
"""

import ctypes
import json
import logging
import os
import signal
import socket
import sys
import threading
import time
from typing import Any, TextIO

PR_SET_PDEATHSIG = 1
BEAT_EVERY_S = 1.0
BEAT_UNTIL_LISTENING_S = 0.1
LONGEST_CONNECTION_S = 1e9
MOST_ERROR_TEXT = 300


def main() -> None:
    """Serve until killed."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.path[0] == os.path.dirname(os.path.abspath(__file__)):  # noqa: PTH100, PTH120
        del sys.path[0]  # this folder's modules would hide others of the same name
    options = json.loads(sys.stdin.readline())
    status = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints must not stand between these lines
    threading.Thread(target=beat, args=(status,), daemon=True).start()
    try:
        serve(options)
    except ModuleNotFoundError as error:
        tell(status, {"missing": error.name})
    except Exception as error:  # noqa: BLE001 - whatever ends a server is to be told, not shown as a trace
        tell(status, {"error": f"{type(error).__name__}: {error}"[:MOST_ERROR_TEXT]})
    os._exit(1)  # client threads would hold up an ordinary exit


def serve(options: dict[str, Any]) -> None:
    """Listen on a free port of loopback. REST stays off: it listens on every address of a machine."""
    from whisper_live.server import TranscriptionServer  # noqa: PLC0415 - the heartbeat is to begin before this import

    logging.getLogger().setLevel(logging.WARNING)  # at INFO it tells of every decode
    TranscriptionServer().run(
        "127.0.0.1",
        port=0,
        backend="faster_whisper",
        faster_whisper_custom_model_path=options["model"],
        single_model=True,
        max_clients=options["max_clients"],
        max_connection_time=LONGEST_CONNECTION_S,
        cache_path=options["cache"],
        api_key=options["token"],
    )


def beat(status: TextIO) -> None:
    """Tell each second that this process runs, and on which port; ends with its parent's end of the pipe."""
    port = 0
    while True:
        port = port or listening_port()
        tell(status, {"port": port})
        time.sleep(BEAT_EVERY_S if port else BEAT_UNTIL_LISTENING_S)


def tell(status: TextIO, document: dict[str, Any]) -> None:
    """Write one line."""
    try:
        status.write(json.dumps(document) + "\n")
    except OSError:
        os._exit(1)


def listening_port() -> int:
    """Return the port of this process's listening TCP socket, 0 without one: the server does not tell which it got."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        try:
            if not os.readlink("/proc/self/fd/" + name).startswith("socket:"):  # noqa: PTH115
                continue
            with socket.socket(fileno=os.dup(int(name))) as candidate:
                if candidate.family == socket.AF_INET and candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    return int(candidate.getsockname()[1])
        except OSError:
            continue
    return 0


if __name__ == "__main__":
    main()
