"""Set-up flows of a real Home Assistant, walked through by REST as its pages do."""

import asyncio
from collections.abc import Mapping
from typing import Any

from .home_assistant import HomeAssistant

HUB = "/api/config/config_entries/flow"
SUBENTRY = "/api/config/config_entries/subentries/flow"
OPTIONS = "/api/config/config_entries/options/flow"
REPAIR = "/api/repairs/issues/fix"
PROGRESS_TIMEOUT_S = 30.0


async def walk(
    instance: HomeAssistant, path: str, handler: object, answers: Mapping[str, Mapping[str, Any]], **context: str
) -> dict[str, Any]:
    """Go through a flow, answering each step by its id; returns the last answer (an entry or an abort)."""
    result = await instance.request("POST", path, {"handler": handler, "show_advanced_options": False, **context})
    return await follow(instance, path, result, answers)


async def walk_on(
    instance: HomeAssistant, result: dict[str, Any], answers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Go through the camera's flow to which one that ended leads on."""
    kind, flow_id = result["next_flow"]
    assert kind == "config_subentries_flow", result
    return await follow(instance, SUBENTRY, await instance.request("GET", f"{SUBENTRY}/{flow_id}"), answers)


async def follow(
    instance: HomeAssistant, path: str, result: dict[str, Any], answers: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Go on with a flow that was begun; raises AssertionError for a step without answer or one with errors."""
    while result["type"] in {"form", "menu", "progress", "progress_done"}:
        step = f"{path}/{result['flow_id']}"
        if result["type"] in {"progress", "progress_done"}:
            result = await _wait(instance, step)
            continue
        assert not result.get("errors"), f"step {result['step_id']}: {result['errors']}"
        assert result["step_id"] in answers, f"step {result['step_id']} is not expected: {result}"
        result = await instance.request("POST", step, answers[result["step_id"]])
    return result


async def _wait(instance: HomeAssistant, step: str) -> dict[str, Any]:
    async with asyncio.timeout(PROGRESS_TIMEOUT_S):
        while True:
            result: dict[str, Any] = await instance.request("GET", step)
            if result["type"] != "progress":
                return result
            await asyncio.sleep(0.1)
