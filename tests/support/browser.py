"""A real browser, logged in to a Home Assistant."""

import asyncio
import json
from pathlib import Path
import shutil

from .home_assistant import HomeAssistant

SETTLE_S = 12.0
WIDTH, HEIGHT = 1440, 900


class NoBrowserError(RuntimeError):
    """There is no Chromium here; the message says how to get one."""


def chromium() -> str:
    """Return the path of Chromium; raises NoBrowserError."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise NoBrowserError("There is no Chromium on this machine; script/setup --browser installs it.")


async def screenshot(instance: HomeAssistant, address: str, file: Path, *, dark: bool = False) -> None:
    """Save a picture of a page as a logged-in person sees it; raises NoBrowserError."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 - only who takes pictures needs it

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(),
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        context = await browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="dark" if dark else "light"
        )
        tokens = json.dumps(json.dumps(instance.credentials))
        await context.add_init_script(f"localStorage.setItem('hassTokens', {tokens})")
        page = await context.new_page()
        await page.goto(address)
        await asyncio.sleep(SETTLE_S)
        await page.screenshot(path=file)
        await browser.close()
