"""A clip in a real browser: it plays, can be wound, and is fetched in parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright
import pytest

from tests.support.browser import NoBrowserError, chromium
from tests.support.clips import Picture, camera_clip
from tests.support.footage import STREAM, as_open, film, recordings_root
from tests.support.ports import free_port
from tests.support.recorded import at
from tests.support.sentences import SENTENCES
from tests.support.sidecar import TOKEN, sidecar
from tests.support.speech import compose
from tests.support.waiting import eventually
from wallflower_sidecar.domain.clock import format_time

pytestmark = pytest.mark.e2e

STATE = """() => {
  const video = document.querySelector("video");
  return {at: video.currentTime, lasts: video.duration, width: video.videoWidth, error: video.error?.message ?? null,
          pictures: video.getVideoPlaybackQuality().totalVideoFrames, sound: video.webkitAudioDecodedByteCount};
}"""


@asynccontextmanager
async def page() -> AsyncIterator[Page]:
    """A page whose requests carry the token, as no video element can by itself."""
    try:
        path = chromium()
    except NoBrowserError as error:
        pytest.skip(str(error))
    options = ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=options)
        try:
            context = await browser.new_context(extra_http_headers={"Authorization": f"Bearer {TOKEN}"})
            yield await context.new_page()
        finally:
            await browser.close()


async def test_a_clip_with_its_last_file_still_open_plays_and_can_be_wound(tmp_path: Path) -> None:
    root = recordings_root(tmp_path / "recordings")
    small = camera_clip(compose(SENTENCES[:6], pause_s=1.0), Picture(width=320, height=180))
    async with page() as seen, sidecar(tmp_path, free_port()) as server:
        camera = {"name": "Porch", "url": "rtsp://127.0.0.1:1/porch", "enabled": False}
        await server.request("PUT", f"/streams/{STREAM}", camera)
        as_open(film(root, small, count=3)[2], lost_bytes=500)
        span = f"stream={STREAM}&from={format_time(at(1))}&to={format_time(at(60))}"
        statuses: list[int] = []
        seen.on("response", lambda response: statuses.append(response.status))
        await seen.set_content(f'<video autoplay src="{server.url}/api/v1/clips?{span}"></video>')
        state: dict[str, Any] = await eventually(lambda: past(seen, 1.0), timeout_s=30)
        assert state["lasts"] == pytest.approx(11, abs=1.2)
        assert state["width"] == 320
        assert state["sound"] > 0
        await seen.evaluate("() => { document.querySelector('video').currentTime = 8.5; }")
        state = await eventually(lambda: past(seen, 9.0), timeout_s=30)
        assert state["error"] is None
        assert state["pictures"] > 15
        assert set(statuses) == {206}


async def past(page: Page, seconds: float) -> dict[str, Any] | None:
    """What the player shows, once it is there."""
    state: dict[str, Any] = await page.evaluate(STATE)
    assert state["error"] is None
    return state if state["at"] >= seconds else None
