"""A tiny real child process: answers, and misbehaves on request."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time

from wallflower_sidecar.processes.child import Channel, run_child

_LOGGER = logging.getLogger("wallflower_sidecar.tiny")


def main(channel: Channel) -> None:  # noqa: C901, PLR0912 - a list of misdeeds
    while True:
        message = channel.receive()
        match message["t"]:
            case "echo":
                channel.send({"t": "echo", "body": message["body"]})
            case "ignore_sigterm":
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                channel.send({"t": "done"})
            case "deaf":
                channel.send({"t": "done"})
                time.sleep(3600)
            case "grandchild":
                grandchild = subprocess.Popen(["sleep", "3600"])
                channel.send({"t": "grandchild", "pid": grandchild.pid})
            case "forget_parent":
                ctypes.CDLL(None).prctl(1, 0, 0, 0, 0)
                channel.send({"t": "done"})
            case "garbage":
                os.write(int(sys.argv[1]), b"\x00\x00\x00\x04garb")
            case "huge":
                os.write(int(sys.argv[1]), b"\xff\xff\xff\xff")
            case "hang_up":
                os.close(int(sys.argv[1]))
                time.sleep(3600)
            case "raise":
                raise ValueError("rtsp://user:secret@camera/ cannot be opened")
            case "exit":
                channel.send({"t": "last words"})
                os._exit(7)
            case "log":
                _LOGGER.warning("hello from rtsp://user:secret@camera/")
            case "print":
                sys.stdout.write("x" * 100_000 + "\nplain rtsp://user:secret@camera/ line\n")
                sys.stdout.flush()
            case "flood":
                sys.stderr.write("line\n" * 1000)
                sys.stderr.flush()


if __name__ == "__main__":
    run_child(main)
