"""A real Home Assistant beside a test or the demo, driven as a browser would: by REST, flows and WebSocket."""

from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
import json
import os
from pathlib import Path
import sys
import time
from typing import Any

import aiohttp
import bcrypt

from .child_process import ChildProcess, running
from .waiting import eventually

REPOSITORY = Path(__file__).resolve().parents[2]
NEWEST = REPOSITORY / ".cache" / "newest-home-assistant"
"""The environment of the newest Home Assistant: `script/setup --newest-home-assistant` makes it."""

START_TIMEOUT_S = 180.0
CONFIGURATION = """\
frontend:
config:
api:
history:
logbook:
automation: !include automations.yaml
stream:
homeassistant:
  name: Wallflower demo
  country: US
  media_dirs:
    local: "{media}"
  internal_url: "http://127.0.0.1:{port}"
  external_url: "http://127.0.0.1:{port}"
recorder:
  commit_interval: 1
logger:
  default: warning
  logs:
    custom_components.wallflower: info
"""
ONBOARDED = {
    "version": 4,
    "minor_version": 1,
    "key": "onboarding",
    "data": {"done": ["user", "core_config", "analytics", "integration"]},
}
PASSWORDS = {"version": 1, "minor_version": 1, "key": "auth_provider.homeassistant"}


class HomeAssistant:
    """A Home Assistant that runs and into which we are logged in."""

    def __init__(self, url: str, process: ChildProcess, session: aiohttp.ClientSession) -> None:
        """Hold the address, the process and the HTTP session."""
        self.url = url
        self.process = process
        self.credentials: dict[str, Any] = {}
        self._session = session

    async def request(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the REST API; returns the JSON answer, raises AssertionError with the answer's text if it failed."""
        async with self._session.request(
            method, f"{self.url}{path}", json=body, headers=self._headers, timeout=_timeout(30)
        ) as answer:
            text = await answer.text()
            assert answer.ok, f"{method} {path}: {answer.status} {text[:500]}"
            return json.loads(text) if text else None

    async def image(self, path: str) -> bytes:
        """Fetch an image; raises AssertionError if the answer is none."""
        async with self._session.get(f"{self.url}{path}", headers=self._headers, timeout=_timeout(15)) as answer:
            assert answer.ok, f"GET {path}: {answer.status}"
            return await answer.read()

    async def state(self, entity_id: str) -> dict[str, Any]:
        """Return an entity's state with its attributes."""
        state: dict[str, Any] = await self.request("GET", f"/api/states/{entity_id}")
        return state

    async def states(self) -> dict[str, dict[str, Any]]:
        """Return all states by entity id."""
        return {state["entity_id"]: state for state in await self.request("GET", "/api/states")}

    async def command(self, message: dict[str, Any]) -> Any:
        """Send one WebSocket command; returns its result."""
        async with self._socket(message) as (_, result):
            return result

    async def act(self, action: str, target: Mapping[str, Any], **data: Any) -> None:
        """Perform an action as the developer tools do."""
        await self.command(_call(action, target, data))

    async def answer(self, action: str, target: Mapping[str, Any], **data: Any) -> Any:
        """Perform an action that answers; returns its answer."""
        return (await self.command({**_call(action, target, data), "return_response": True}))["response"]

    async def changes(self, entity_id: str) -> AsyncIterator[dict[str, Any]]:
        """Yield each new state of an entity as it comes, until the caller stops."""
        trigger = {"trigger": "state", "entity_id": entity_id}
        async for event in self.events({"type": "subscribe_trigger", "trigger": trigger}):
            yield event["variables"]["trigger"]["to_state"]

    async def events(self, subscription: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
        """Yield each event of a WebSocket subscription, until the caller stops."""
        async with self._socket(subscription) as (ws, _):
            while True:
                yield (await ws.receive_json())["event"]

    @asynccontextmanager
    async def _socket(self, message: dict[str, Any]) -> AsyncIterator[tuple[aiohttp.ClientWebSocketResponse, Any]]:
        async with self._session.ws_connect(f"{self.url}/api/websocket") as ws:
            await ws.receive_json(timeout=10)
            await ws.send_json({"type": "auth", "access_token": self.credentials["access_token"]})
            assert (await ws.receive_json(timeout=10))["type"] == "auth_ok"
            await ws.send_json({"id": 1, **message})
            answer = await ws.receive_json(timeout=30)
            assert answer["success"], f"{message['type']}: {answer}"
            yield ws, answer["result"]

    async def login(self, user: str, password: str) -> None:
        """Log in as the login page does and keep the access token."""
        client = {"client_id": f"{self.url}/"}
        flow = await self.request(
            "POST",
            "/auth/login_flow",
            {**client, "handler": ["homeassistant", None], "redirect_uri": f"{self.url}/?auth_callback=1"},
        )
        done = await self.request(
            "POST", f"/auth/login_flow/{flow['flow_id']}", {**client, "username": user, "password": password}
        )
        form = {**client, "grant_type": "authorization_code", "code": done["result"]}
        async with self._session.post(f"{self.url}/auth/token", data=form, timeout=_timeout(10)) as answer:
            assert answer.ok, f"login: {answer.status}"
            token = await answer.json()
        expires = int((time.time() + token["expires_in"]) * 1000)
        self.credentials = {
            **token,
            **client,
            "clientId": f"{self.url}/",
            "hassUrl": self.url,
            "expires": expires,
        }

    @property
    def _headers(self) -> dict[str, str]:
        token = self.credentials.get("access_token")
        return {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})


@asynccontextmanager
async def home_assistant(
    config_dir: Path,
    port: int,
    user: str,
    password: str,
    *,
    environment: Path = Path(sys.prefix),
    integrations: Sequence[str] = (),
    programs: Path | None = None,
    echo: Callable[[str], None] | None = None,
) -> AsyncIterator[HomeAssistant]:
    """Run a real Home Assistant with our integration linked in, onboarded, `programs` on its PATH, and log in.

    It is the one of a Python environment, which installs nothing, and loads `integrations` beside those it always does.
    """
    hass = environment / "bin" / "hass"
    if not (config_dir / "configuration.yaml").exists():
        _prepare(config_dir, port, user, password, integrations)
    command = str(hass), "-c", str(config_dir), "--log-no-color", "--skip-pip"
    path = [str(folder) for folder in (programs, hass.parent) if folder]
    env = {"SETUP_PORT": str(port), "PATH": os.pathsep.join([*path, os.environ["PATH"]])}
    async with (
        running("Home Assistant", *command, env=env, echo=echo) as process,
        aiohttp.ClientSession() as session,
    ):
        instance = HomeAssistant(f"http://127.0.0.1:{port}", process, session)

        async def logged_in() -> bool:
            if not process.is_running:
                raise RuntimeError("Home Assistant ended:\n" + "\n".join(process.lines))
            try:
                await instance.login(user, password)
            except aiohttp.ClientError as error:
                raise AssertionError(str(error)) from error
            config = await instance.request("GET", "/api/config")
            if config["recovery_mode"]:
                raise RuntimeError("\n".join(process.lines))
            return config["state"] == "RUNNING"

        await eventually(logged_in, timeout_s=START_TIMEOUT_S, interval_s=0.3)
        yield instance


def _prepare(config_dir: Path, port: int, user: str, password: str, integrations: Sequence[str]) -> None:
    storage, media = config_dir / ".storage", config_dir / "media"
    for folder in (storage, media, config_dir / "custom_components"):
        folder.mkdir(parents=True)
    configured = CONFIGURATION.format(port=port, media=media) + "".join(f"{name}:\n" for name in integrations)
    (config_dir / "configuration.yaml").write_text(configured)
    (config_dir / "automations.yaml").write_text("[]\n")
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(rounds=4))
    users = [{"username": user, "password": b64encode(hashed).decode()}]
    for kept in (ONBOARDED, {**PASSWORDS, "data": {"users": users}}):
        (storage / str(kept["key"])).write_text(json.dumps(kept))
    (config_dir / "custom_components" / "wallflower").symlink_to(REPOSITORY / "custom_components" / "wallflower")


def _call(action: str, target: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any]:
    domain, _, service = action.partition(".")
    return {"type": "call_service", "domain": domain, "service": service, "target": target, "service_data": data}


def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds)
