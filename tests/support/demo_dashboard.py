"""The demo's page in Home Assistant: picture, sentence, speech, keyword, and an automation that it fires."""

from typing import Any

from .household import Household

ALARM = "wallflower_demo_help"
AUTOMATION = "automation.somebody_calls_for_help"

SAID = """\
{{% set said = states('{transcript}') %}}
{{% if said not in ('unknown', 'unavailable') %}}
# “{{{{ state_attr('{transcript}', 'text') or said }}}}”
said at {{{{ (state_attr('{transcript}', 'start') | as_datetime | as_local).strftime('%H:%M:%S') }}}}
{{% else %}}
# …
waiting for the first sentence
{{% endif %}}
"""

HEARD = """\
{{% set rule = state_attr('{keyword}', 'event_type') %}}
{{% if rule %}}
## Keyword **{{{{ rule }}}}**
in “{{{{ state_attr('{keyword}', 'text') }}}}”
at {{{{ (state_attr('{keyword}', 'start') | as_datetime | as_local).strftime('%H:%M:%S') }}}}
{{% else %}}
## No keyword yet
{{% endif %}}
"""


async def make(house: Household, page: str) -> str:
    """Make the automation and the page; returns the page's address."""
    instance, names = house.home_assistant, house.entities
    await instance.request("POST", f"/api/config/automation/config/{ALARM}", _automation(names["keyword"]))
    dashboards = await instance.command({"type": "lovelace/dashboards/list"})
    if page not in {dashboard["url_path"] for dashboard in dashboards}:
        await instance.command(
            {
                "type": "lovelace/dashboards/create",
                "url_path": page,
                "title": "Wallflower",
                "icon": "mdi:ear-hearing",
                "show_in_sidebar": True,
                "require_admin": False,
            }
        )
    await instance.command({"type": "lovelace/config/save", "url_path": page, "config": _page(names)})
    return f"{instance.url}/{page}"


def _automation(keyword: str) -> dict[str, Any]:
    return {
        "alias": "Somebody calls for help",
        "mode": "queued",
        "triggers": [{"trigger": "state", "entity_id": keyword, "not_from": "unavailable"}],
        "conditions": [
            "{{ trigger.to_state.attributes.event_type == 'help' }}",
            "{{ not trigger.to_state.attributes.late }}",
        ],
        "actions": [
            {
                "action": "persistent_notification.create",
                "data": {
                    "notification_id": ALARM,
                    "title": "Somebody calls for help",
                    "message": "{{ trigger.to_state.attributes.text }}",
                },
            }
        ],
    }


def _page(names: dict[str, str]) -> dict[str, Any]:
    picture = {
        "type": "picture-entity",
        "entity": names["camera"],
        "camera_view": "auto",
        "show_state": False,
        "show_name": False,
        "grid_options": {"columns": "full", "rows": "auto"},
    }
    half = {"grid_options": {"columns": 12}}
    said = {"type": "markdown", "content": SAID.format(transcript=names["transcript"]), **half}
    heard = {"type": "markdown", "content": HEARD.format(keyword=names["keyword"]), **half}
    tiles = [
        _tile(names["speech"], "Speech"),
        _tile(names["transcription"], "Transcription"),
        _tile(names["connection"], "Camera"),
        _tile(names["hub"], "Sidecar"),
        _tile(names["keyword"], "Keyword", state_content=["event_type", "last_changed"]),
        _tile(AUTOMATION, "Alarm", state_content="last_triggered"),
    ]
    log = {
        "type": "logbook",
        "target": {"entity_id": [names["transcript"], names["keyword"], names["connection"]]},
        "hours_to_show": 1,
        "grid_options": {"columns": "full", "rows": 7},
    }
    porch = [_heading("Porch", "mdi:cctv"), picture, said, heard]
    health = [_heading("How it is", "mdi:heart-pulse"), *tiles, log]
    return {
        "views": [
            {
                "title": "Wallflower",
                "type": "sections",
                "max_columns": 3,
                "sections": [
                    {"type": "grid", "column_span": 2, "cards": porch},
                    {"type": "grid", "cards": health},
                ],
            }
        ]
    }


def _tile(entity: str, name: str, **options: Any) -> dict[str, Any]:
    return {"type": "tile", "entity": entity, "name": name, **options}


def _heading(text: str, icon: str) -> dict[str, Any]:
    return {"type": "heading", "heading": text, "icon": icon}
