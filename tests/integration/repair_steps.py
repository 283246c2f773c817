"""Mending what Home Assistant tells under Repairs, as its page does."""

from http import HTTPStatus
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from custom_components.wallflower.const import DOMAIN


def issues(hass: HomeAssistant) -> dict[str, ir.IssueEntry]:
    return {
        str(each.translation_key): each for (domain, _), each in ir.async_get(hass).issues.items() if domain == DOMAIN
    }


async def mend(
    client: Any, issue: ir.IssueEntry | None, flow: dict[str, Any] | None = None, **values: str
) -> dict[str, Any]:
    """Begin to mend an issue as the frontend does, or go on."""
    if flow is None:
        assert issue
        answer = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue.issue_id})
    else:
        answer = await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json=values)
    assert answer.status == HTTPStatus.OK
    result: dict[str, Any] = await answer.json()
    return result


def raised_again(hass: HomeAssistant, issue: ir.IssueEntry) -> ir.IssueEntry:
    """Have an issue that is gone, as on a page that was not loaded anew."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue.issue_id,
        data=issue.data,
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=str(issue.translation_key),
    )
    return issue
