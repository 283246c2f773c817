"""Keyword rules edited as forms: those of a camera, and those of the house."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.support.waiting import eventually

from .conftest import PORCH, SetUp, camera, rule
from .fake_sidecar import FakeSidecar
from .hub_steps import refuse
from .subentry_steps import Result, answer, change, choose, suggested

FINE = {"not": "no help\nhelp desk", "min_confidence": 40, "threshold": 70}
WHOLE = {
    "name": " Get  help ",
    "phrases": "help\n\n  call the police \nhelp",
    "match": "phrase",
    "cooldown": 60,
    "early": True,
    "fine": FINE,
}


async def describe(hass: HomeAssistant, menu: Result, **values: Any) -> Result:
    form = await choose(hass, menu, "add_rule")
    assert form["step_id"] == "rule"
    return await answer(hass, form, **{"name": "Fire", "phrases": "fire", "fine": {}, **values})


async def test_a_camera_gets_a_keyword_with_all_its_settings(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    menu = await change(hass, entry, "rules")
    assert menu["menu_options"] == ["add_rule", "edit_rule", "remove_rule", "save_rules"]
    assert menu["description_placeholders"]["rules"] == "- **help**: help\n- **good morning**: good morning"

    menu = await describe(hass, menu, **WHOLE)
    assert menu["step_id"] == "rules"
    assert sidecar.streams["porch"]["keywords"][-1]["name"] == "good morning"
    result = await choose(hass, menu, "save_rules")

    assert result["reason"] == "reconfigure_successful"
    assert sidecar.streams["porch"]["keywords"][-1] == {
        "id": "get_help",
        "name": "Get help",
        "phrases": ["help", "call the police"],
        "match": "phrase",
        "not": ["no help", "help desk"],
        "min_confidence": 0.4,
        "cooldown_s": 60,
        "speakers": [],
        "early": True,
    }
    types = hass.states.get("event.porch_keyword").attributes["event_types"]
    assert types == ["help", "good morning", "Get help", "retracted"]


async def test_a_keyword_is_changed_and_what_no_form_shows_stays(
    hass: HomeAssistant, sidecar: FakeSidecar, set_up: SetUp
) -> None:
    special = {**rule("sos"), "phrases": ["help", "fire"], "match": "fuzzy", "threshold": 80.0, "speakers": ["ann"]}
    entry = await set_up(camera(keywords=[special, rule("other")]))

    form = await choose(hass, await change(hass, entry, "rules"), "edit_rule")
    assert [option["label"] for option in next(iter(form["data_schema"].schema.values())).config["options"]] == [
        "sos",
        "other",
    ]
    form = await answer(hass, form, rule="sos")
    values = suggested(form)
    assert (values["phrases"], values["match"]) == ("help\nfire", "fuzzy")
    menu = await answer(hass, form, **{**values, "name": "SOS", "fine": {"threshold": 90}})
    await choose(hass, menu, "save_rules")

    changed, other = sidecar.streams["porch"]["keywords"]
    assert (changed["id"], changed["name"], changed["threshold"], changed["speakers"]) == ("sos", "SOS", 90, ["ann"])
    assert other["name"] == "other"


async def test_keywords_are_removed_and_without_any_there_is_nothing_to_change(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    form = await choose(hass, await change(hass, entry, "rules"), "remove_rule")
    menu = await answer(hass, form, rule=["help", "good_morning"])
    assert menu["menu_options"] == ["add_rule", "save_rules"]
    assert menu["description_placeholders"]["rules"] == "–"

    await choose(hass, menu, "save_rules")

    assert entry.subentries[PORCH].data["keywords"] == []
    assert sidecar.streams["porch"]["keywords"] == []


@pytest.mark.parametrize(
    ("values", "errors"),
    [
        ({"name": "  "}, {"name": "invalid_name"}),
        ({"name": "x" * 101}, {"name": "invalid_name"}),
        ({"name": "Retracted"}, {"name": "reserved_phrase"}),
        ({"name": "HELP"}, {"name": "rule_exists"}),
        ({"phrases": " \n "}, {"phrases": "phrase_needed"}),
        ({"phrases": "fire\n?!"}, {"phrases": "phrase_without_words"}),
        ({"phrases": "x" * 1001}, {"phrases": "phrase_too_long"}),
        ({"phrases": "(", "match": "regex"}, {"phrases": "rule_refused"}),
    ],
)
async def test_each_fault_of_a_keyword_stands_under_its_field_and_can_be_mended(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, values: dict, errors: dict
) -> None:
    form = await describe(hass, await change(hass, entry, "rules"), **values)
    assert (form["step_id"], form["errors"]) == ("rule", errors)
    if errors == {"phrases": "rule_refused"}:
        assert form["description_placeholders"]["message"] == "This is not a regular expression."

    menu = await answer(hass, form, name="Fire", phrases="fire", fine={})
    await choose(hass, menu, "save_rules")

    assert [each["name"] for each in sidecar.streams["porch"]["keywords"]] == ["help", "good morning", "Fire"]


@pytest.mark.parametrize(("status", "key"), [(401, "rule_refused"), (422, "rule_refused"), (None, "cannot_connect")])
async def test_a_sidecar_that_cannot_be_asked_about_a_keyword_is_told(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry, status: int | None, key: str
) -> None:
    menu = await change(hass, entry, "rules")
    if status is None:
        await sidecar.stop()
    else:
        refuse(sidecar, "POST", "keywords/replay", status, "odd")

    form = await describe(hass, menu)
    assert form["errors"] == {"base": key}

    sidecar.overrides.clear()
    if status is None:
        await sidecar.start()
    assert (await answer(hass, form, name="Fire", phrases="fire", fine={}))["step_id"] == "rules"


async def options(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> Result:
    menu = await hass.config_entries.options.async_init(entry.entry_id)
    assert (menu["type"], menu["step_id"]) == (FlowResultType.MENU, "init")
    assert menu["menu_options"] == ["house_rules", "defaults", "assist"]
    return await option(hass, menu, next_step_id=step)


async def option(hass: HomeAssistant, result: Result, **values: Any) -> Result:
    result = await hass.config_entries.options.async_configure(result["flow_id"], values)
    await hass.async_block_till_done()
    return result


async def test_the_rules_of_the_house_are_edited_in_the_options_and_become_event_types(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    await eventually(lambda: sidecar.readers)
    sidecar.set_house_rules(rule("burglar"))
    menu = await options(hass, entry, "house_rules")
    assert menu["description_placeholders"]["rules"] == "- **burglar**: burglar"

    form = await option(hass, menu, next_step_id="add_rule")
    menu = await option(hass, form, name="Fire", phrases="fire\nit burns", fine={})
    result = await option(hass, menu, next_step_id="save_rules")

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == {}
    assert [each["phrases"] for each in sidecar.house_rules] == [["burglar"], ["fire", "it burns"]]
    await eventually(lambda: "Fire" in hass.states.get("event.porch_keyword").attributes["event_types"])


async def test_without_the_sidecar_the_rules_of_the_house_cannot_be_edited(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    menu = await options(hass, entry, "house_rules")
    refuse(sidecar, "GET", "keywords/rules", 503)
    refuse(sidecar, "PUT", "keywords/rules", 503)
    assert (await option(hass, menu, next_step_id="save_rules"))["reason"] == "cannot_connect"
    assert (await options(hass, entry, "house_rules"))["reason"] == "cannot_connect"

    await hass.config_entries.async_unload(entry.entry_id)
    assert (await options(hass, entry, "house_rules"))["reason"] == "entry_not_loaded"


async def test_new_cameras_begin_with_the_hubs_defaults(
    hass: HomeAssistant, sidecar: FakeSidecar, entry: MockConfigEntry
) -> None:
    form = await options(hass, entry, "assist")
    assert suggested(form) == {}
    assert (await option(hass, form, assist=True))["type"] is FlowResultType.CREATE_ENTRY
    await option(hass, await options(hass, entry, "defaults"), store="keywords", retain_days=30)
    assert entry.options == {"assist": True, "store": "keywords", "retain_days": 30}

    form = await hass.config_entries.subentries.async_init((entry.entry_id, "stream"), context={"source": "user"})
    assert suggested(form) == {"store": "keywords", "retain_days": 30}

    form = await options(hass, entry, "defaults")
    assert suggested(form) == {"store": "keywords", "retain_days": 30}
    await option(hass, form, store="text")
    assert entry.options == {"assist": True, "store": "text"}
