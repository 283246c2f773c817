"""An engine without a model. An utterance's first sample tells it what to do; the text is which decode this is."""

import os
import sys
import threading

from wallflower_sidecar.processes.child import run_child
from wallflower_sidecar.speech.embedded import messages

ANSWER, DIE, NEVER_ANSWER, REFUSE, DIE_ONCE, HANG_ONCE = range(1, 7)


def first_time():
    """Whether no engine of this test was here before: a file tells the next one."""
    try:
        os.close(os.open(os.environ["ENGINE_WAS_HERE"], os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def main(channel):
    channel.send(messages.state(channel.receive()["number"], "ready"))
    decoded = 0
    while True:
        job = channel.receive()
        order = int.from_bytes(job["pcm"][:2], "little")
        if order == DIE or (order == DIE_ONCE and first_time()):
            os._exit(3)
        if order == NEVER_ANSWER or (order == HANG_ONCE and first_time()):
            threading.Event().wait()
        decoded += 1
        if order == REFUSE:
            channel.send(messages.refused(job["number"]))
        else:
            channel.send(messages.transcript(job["number"], f"decode {decoded}", "en", 1.0, words=[], phantoms=[]))


if __name__ == "__main__":
    if "ENGINE_DIES" in os.environ:
        sys.exit(1)
    run_child(main)
