"""A card's connection to Home Assistant: commands and their answers, or a subscription and what it is told."""

from collections.abc import Callable
from typing import Any

from pytest_homeassistant_custom_component.common import MockUser

type Message = dict[str, Any]


async def ask(client: Any, command: str, **fields: Any) -> Any:
    """Return a command's result, or the code of its error."""
    answer = await answer_of(client, command, **fields)
    return answer["result"] if answer["success"] else answer["error"]["code"]


async def answer_of(client: Any, command: str, **fields: Any) -> Message:
    """Return a command's whole answer."""
    await client.send_json_auto_id({"type": f"wallflower/{command}", **fields})
    answer: Message = await client.receive_json()
    return answer


class Card:
    """Follows what is said on a connection of its own."""

    def __init__(self, client: Any) -> None:
        self.client = client

    async def next(self, kind: str, **fields: Any) -> Message:
        """Return the next message of a type that has these values."""
        while True:
            message: Message = (await self.client.receive_json())["event"]
            if message["type"] == kind and fields.items() <= message.items():
                return message

    async def until(self, kind: str, **fields: Any) -> list[Message]:
        """Return all messages up to the first of a type that has these values."""
        seen: list[Message] = []
        while not (seen and seen[-1]["type"] == kind and fields.items() <= seen[-1].items()):
            seen.append((await self.client.receive_json())["event"])
        return seen


async def card(hass_ws_client: Callable[..., Any], **fields: Any) -> Card:
    """Begin to follow all cameras, or one."""
    client = await hass_ws_client()
    assert (await answer_of(client, "transcript/subscribe", **fields))["success"]
    return Card(client)


def restrict(user: MockUser, **policies: bool | dict[str, bool]) -> None:
    """Let a user see (True) or also control the cameras of these names, and no other."""
    user.groups = []
    allowed = {f"camera.{name}": {"read": True} if each is True else each for name, each in policies.items()}
    user.mock_policy({"entities": {"entity_ids": allowed}})
