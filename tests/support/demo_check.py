"""What `script/demo --check` wants to have seen in Home Assistant itself before it says that all is well."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing
from datetime import datetime
import re
from typing import Any

import cv2
import numpy as np
from rapidfuzz import fuzz

from .demo_dashboard import AUTOMATION
from .household import CAMERA, Household
from .waiting import eventually

HEARING_S = 90.0
FAILURE_S = 30.0
RECOVERY_S = 90.0
ALIKE = 85.0
"""How alike (0–100, Levenshtein) a sentence must be to one that the camera spoke."""

type Say = Callable[[str], None]


async def check(house: Household, sentences: Sequence[str], keywords: Sequence[str], say: Say) -> int:
    """Watch Home Assistant's own states; returns 0 when everything was seen, 1 with what was missing."""
    try:
        await _words(house, sentences, say)
        await _live_text(house, say)
        await _keyword(house, keywords, say)
        await _automation(house, say)
        await _picture(house, say)
        await _failure_and_recovery(house, sentences, keywords, say)
    except AssertionError as missing:
        say(f"NOT SEEN: {missing}")
        return 1
    say("All of it was seen in Home Assistant")
    return 0


async def _words(house: Household, sentences: Sequence[str], say: Say, after: datetime | None = None) -> None:
    async def heard() -> str | None:
        state = await house.state("transcript")
        text = state["attributes"].get("text")
        if not text or (after and datetime.fromisoformat(state["attributes"]["start"]) < after):
            return None
        best = max(sentences, key=lambda sentence: _likeness(sentence, text))
        assert _likeness(best, text) >= ALIKE, f"the camera never said {text!r}"
        delay = datetime.fromisoformat(state["last_updated"]) - datetime.fromisoformat(state["attributes"]["end"])
        say(f"The transcript sensor shows what was spoken: {text!r}, {delay.total_seconds():.2f} s after its end")
        return text

    await eventually(heard, timeout_s=HEARING_S, interval_s=0.1)


async def _live_text(house: Household, say: Say) -> None:
    growing: dict[str, str] = {}
    followed = house.home_assistant.events({"type": "wallflower/transcript/subscribe"})
    try:
        async with asyncio.timeout(HEARING_S), aclosing(followed):
            async for told in followed:
                if told["type"] == "partial":
                    growing[told["utterance"]] = told["text"]
                elif told["type"] == "final" and told["utterance"] in growing:
                    say(f"A dashboard was told {growing[told['utterance']]!r} and then {told['text']!r}")
                    return
    except TimeoutError:
        raise AssertionError("a dashboard was told no sentence while it was spoken") from None


async def _keyword(house: Household, keywords: Sequence[str], say: Say) -> None:
    async def fired() -> bool:
        state = await house.state("keyword")
        attributes = state["attributes"]
        if attributes.get("event_type") is None:
            return False
        assert set(keywords) <= set(attributes["event_types"]), attributes["event_types"]
        assert attributes["event_type"] in keywords
        assert attributes["event_type"] in _plain(attributes["text"])
        assert attributes["late"] is False
        shown = {name: attributes[name] for name in ("event_type", "phrase", "text", "confidence", "start", "state")}
        say(f"The keyword event fired: {shown}")
        return True

    await eventually(fired, timeout_s=HEARING_S, interval_s=0.2)


async def _automation(house: Household, say: Say) -> None:
    async def triggered() -> bool:
        state = (await house.home_assistant.states()).get(AUTOMATION)
        if state is None or state["attributes"].get("last_triggered") is None:
            return False
        say(f"The automation ran: {state['attributes']['friendly_name']!r}")
        return True

    await eventually(triggered, timeout_s=HEARING_S, interval_s=0.2)


async def _picture(house: Household, say: Say) -> None:
    async def shown() -> bool:
        jpeg = await house.home_assistant.image(f"/api/camera_proxy/{house.entities['camera']}")
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None, "the camera entity's still is no picture"
        assert float(picture.std()) > 5, "the camera entity's still is blank"
        height, width = picture.shape[:2]
        say(f"The camera entity gives a still of {width}x{height}, {len(jpeg)} bytes")
        return True

    await eventually(shown, timeout_s=20, interval_s=0.5)


async def _failure_and_recovery(house: Household, sentences: Sequence[str], keywords: Sequence[str], say: Say) -> None:
    port = house.camera.port
    await house.camera.stop()
    say("The camera is switched off")

    async def unavailable() -> dict[str, Any] | None:
        camera, connection = await house.state("camera"), await house.state("connection")
        gone = camera["state"] == "unavailable" and connection["state"] == "off"
        return connection if gone and connection["attributes"].get("error") else None

    connection = await eventually(unavailable, timeout_s=FAILURE_S, interval_s=0.1)
    say(f"Camera entity unavailable, connection off because of {connection['attributes']['error']!r}")
    event = await house.state("keyword")
    assert event["state"] != "unavailable", "the keyword event went away with the camera"
    await _simulated(house, keywords[0], say)
    back_at = datetime.now().astimezone()
    await house.camera.start(port)
    say("The camera is switched on again")

    async def available() -> bool:
        camera, connection = await house.state("camera"), await house.state("connection")
        return camera["state"] != "unavailable" and connection["state"] == "on"

    await eventually(available, timeout_s=RECOVERY_S, interval_s=0.1)
    errors = await house.sidecar.request("GET", f"/streams/{CAMERA}/errors")
    say(f"Camera entity back by itself; the sidecar noted {[error['code'] for error in errors['items']]}")
    await _words(house, sentences, say, after=back_at)


async def _simulated(house: Household, keyword: str, say: Say) -> None:
    before = (await house.state("keyword"))["state"]
    body = {"text": f"Nobody said {keyword}.", "store": False}
    await house.sidecar.request("POST", f"/streams/{CAMERA}/simulate", body)

    async def fired() -> bool:
        state = await house.state("keyword")
        attributes = state["attributes"]
        return state["state"] != before and (attributes["event_type"], attributes["source"]) == (keyword, "simulated")

    await eventually(fired, timeout_s=10, interval_s=0.1)
    say("A simulated keyword fires the event although the camera is off, marked as simulated")


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


def _likeness(one: str, other: str) -> float:
    return fuzz.ratio(_plain(one), _plain(other))
