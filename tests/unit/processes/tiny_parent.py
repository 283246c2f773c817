"""A sidecar in miniature, to be killed: starts the tiny child, reports its process id, and waits.

With `hold` another process keeps the sidecar's end of the socket open, so that only the parent-death signal can end
the child; with `forget` the child drops that signal, so that only the end of file can.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
import subprocess
import sys

from wallflower_sidecar.domain.clock import SystemClock
from wallflower_sidecar.processes.supervised import ChildSpec, SupervisedChild
from wallflower_sidecar.processes.wire import Message


async def main(mode: str) -> None:
    up, ready = asyncio.Event(), asyncio.Event()
    child = SupervisedChild(
        ChildSpec("tiny", "tests.unit.processes.tiny_child"),
        on_message=lambda message: ready.set(),
        on_up=up.set,
        on_down=lambda reason: None,
        clock=SystemClock(),
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(child.run())
        await up.wait()
        question: Message = {"t": "forget_parent"} if mode == "forget" else {"t": "echo", "body": 1}
        child.send(question)
        await ready.wait()
        holder = None
        if mode == "hold":
            ours = [fd for fd in open_sockets() if fd > 2]
            holder = subprocess.Popen(["sleep", "60"], pass_fds=ours, stdout=subprocess.DEVNULL)
        sys.stdout.write(f"{child.pid} {holder.pid if holder else 0}\n")
        sys.stdout.flush()


def open_sockets() -> list[int]:
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if str(entry.readlink()).startswith("socket:"):
                found.append(int(entry.name))
    return found


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
