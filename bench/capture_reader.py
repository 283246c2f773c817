"""A process that reads cameras with OpenCV, as most programs do: `python -m bench.capture_reader URL...`.

A thread a camera reads every picture, since OpenCV decodes it anyhow, and takes five a second out. `first SECONDS`
is printed once each camera has shown its first picture.
"""

import os
import sys
import threading
import time

WANTED_FPS = 5.0
OPTIONS = "rtsp_transport;tcp"


def main() -> int:
    """Read until the process is ended."""
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = OPTIONS
    # It reads the options when it is imported.
    import cv2  # noqa: PLC0415

    began = time.monotonic()
    urls = sys.argv[1:]
    waiting = set(urls)
    lock = threading.Lock()

    def read(url: str) -> None:
        capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
        next_s = 0.0
        while capture.grab():
            now_s = time.monotonic()
            if now_s < next_s:
                continue
            next_s = max(next_s + 1 / WANTED_FPS, now_s - 1 / WANTED_FPS)
            capture.retrieve()
            with lock:
                if url in waiting:
                    waiting.discard(url)
                    if not waiting:
                        print(f"first {time.monotonic() - began:.3f}", flush=True)

    threads = [threading.Thread(target=read, args=(url,), daemon=True) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 1


if __name__ == "__main__":
    sys.exit(main())
