"""Models over HTTP: listed, downloaded from a hub on loopback, removed; nothing asks the real hub."""

from collections.abc import Callable, Generator
from pathlib import Path
import shutil
import time
from typing import Any

import pytest

from tests.unit.speech.models_at_hand import HALF, NAME, hub_of
from wallflower_sidecar.speech.models.find import HUB_MODELS, bundled_model

from .api_client import Api, running_api


@pytest.fixture(scope="module")
def hub() -> Generator[Any]:
    """A hub that has one model."""
    with pytest.MonkeyPatch.context() as patch, hub_of() as hub:
        patch.setenv("HF_ENDPOINT", hub.url)
        yield hub


@pytest.fixture(scope="module")
def models_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of models of the server of this module."""
    return tmp_path_factory.mktemp("api-models") / "models"


@pytest.fixture(scope="module")
def server(hub: Any, models_dir: Path) -> Generator[Api]:
    """A server whose setting names a folder that the models may be put beside."""
    with running_api(models_dir.parent) as (api, _):
        yield api


@pytest.fixture(autouse=True)
def fresh(server: Api, hub: Any) -> Generator[None]:
    """Every test begins with an eager hub and without models."""
    yield
    hub.status = hub.pause_at = None
    server.ask("DELETE", f"/models/{NAME}")


def model(server: Api, name: str = NAME) -> Any:
    return next(item for item in server.ask("GET", "/models").document["items"] if item["name"] == name)


def until(look: Callable[[], Any], timeout_s: float = 30.0) -> Any:
    deadline = time.monotonic() + timeout_s
    while not (seen := look()):
        assert time.monotonic() < deadline, "not true in time"
        time.sleep(0.05)
    return seen


def test_all_models_are_listed_in_order_with_what_the_contract_names(server: Api) -> None:
    items = server.ask("GET", "/models").document["items"]
    assert [item["name"] for item in items] == sorted(HUB_MODELS)
    assert {"name", "installed", "bytes", "languages", "state", "progress"} <= items[0].keys()
    bundled = model(server, "tiny.en")
    assert (bundled["installed"], bundled["bundled"], bundled["languages"]) == (True, True, ["en"])
    assert "de" in model(server, "large-v3-turbo")["languages"]


def test_they_are_paged_like_every_list(server: Api) -> None:
    first = server.ask("GET", "/models?limit=2").document
    assert len(first["items"]) == 2
    rest = server.ask("GET", f"/models?limit=1000&cursor={first['next']}").document
    assert [*first["items"], *rest["items"]] == server.ask("GET", "/models").document["items"]
    assert server.ask("GET", "/models?limit=0").status == 422


def test_a_model_is_downloaded_with_progress_shown_and_told_and_then_removed(
    server: Api, hub: Any, models_dir: Path
) -> None:
    hub.pause_at = HALF
    with server.events("?types=server.changed") as events:
        answer = server.ask("POST", f"/models/{NAME}")
        assert (answer.status, answer.document["state"]) == (202, "downloading")
        until(lambda: (model(server)["progress"] or 0) > 0.3)
        assert server.ask("POST", f"/models/{NAME}").status == 202
        told = events.until(under_way)
        assert told.data["models"][0]["name"] == NAME
        hub.pause.set()
        until(lambda: model(server)["installed"])
        events.until(lambda event: not event.data["models"])
    assert (models_dir / NAME / "model.bin").is_file()
    again = server.ask("POST", f"/models/{NAME}")
    assert (again.status, again.code) == (409, "conflict")
    assert server.ask("DELETE", f"/models/{NAME}").status == 204
    assert model(server)["state"] == "available"
    assert not (models_dir / NAME).exists()
    hub.pause.clear()


def under_way(event: Any) -> bool:
    return any(item["state"] == "downloading" and item["progress"] > 0.3 for item in event.data["models"])


def test_a_failure_is_shown_with_a_sentence_and_can_be_cleared(server: Api, hub: Any) -> None:
    hub.status = 500
    assert server.ask("POST", f"/models/{NAME}").status == 202
    failed = until(lambda: model(server)["state"] == "failed" and model(server))
    assert "the hub answered 500" in failed["detail"]
    assert (failed["installed"], failed["progress"]) == (False, None)
    assert server.ask("DELETE", f"/models/{NAME}").status == 204
    assert (model(server)["state"], model(server)["detail"]) == ("available", None)


def test_what_is_under_way_can_be_called_off(server: Api, hub: Any, models_dir: Path) -> None:
    hub.pause_at = HALF
    server.ask("POST", f"/models/{NAME}")
    until(lambda: (model(server)["progress"] or 0) > 0.3)
    assert server.ask("DELETE", f"/models/{NAME}").status == 204
    assert list(models_dir.iterdir()) == []
    hub.pause.set()
    hub.pause.clear()


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_an_unknown_model_is_not_found_and_the_known_ones_are_named(server: Api, method: str) -> None:
    answer = server.ask(method, "/models/gigantic")
    assert (answer.status, answer.code) == (404, "not_found")
    assert "large-v3" in answer.document["detail"]


@pytest.mark.parametrize("name", ["..", "..%2F..%2Fetc", ".tiny.en.lock", "%20", "a%00b", "x" * 101, "caf%C3%A9"])
def test_what_is_no_name_is_refused(server: Api, name: str) -> None:
    for method in ("POST", "DELETE"):
        assert server.ask(method, f"/models/{name}").status in {404, 422}


def test_what_is_not_installed_or_part_of_the_installation_is_not_removed(server: Api) -> None:
    assert server.ask("DELETE", "/models/small").status == 404
    bundled = server.ask("DELETE", "/models/tiny.en")
    assert (bundled.status, bundled.code) == (409, "conflict")


def test_the_model_of_the_setting_is_not_removed(tmp_path: Path) -> None:
    folder = tmp_path / "models" / "my-model"
    shutil.copytree(bundled_model().folder, folder)
    with running_api(tmp_path, model="my-model") as (api, _):
        until(lambda: model(api, "my-model")["in_use"])
        answer = api.ask("DELETE", "/models/my-model")
        assert (answer.status, answer.code) == (409, "conflict")
    assert folder.is_dir()


def test_while_the_model_of_the_setting_cannot_be_fetched_health_says_what_stands_in(hub: Any, tmp_path: Path) -> None:
    hub.status = 500
    with running_api(tmp_path, model=NAME) as (api, _):
        sentence = f"{NAME} could not be fetched (the hub answered 500); tiny.en stands in, the next try is in 5 s."
        until(lambda: transcriber(api) == ("degraded", sentence))
        assert model(api)["state"] == "failed"
        hub.status = None
        assert api.ask("POST", f"/models/{NAME}").status == 202
        until(lambda: transcriber(api) == ("ok", f"{NAME} is ready."))
        assert model(api)["in_use"]


def transcriber(api: Api) -> tuple[str, str]:
    checks = api.ask("GET", "/health").document["checks"]
    return next((check["status"], check["detail"]) for check in checks if check["name"] == "transcriber")


def test_a_viewer_may_look_and_no_more(server: Api) -> None:
    token = server.ask("POST", "/tokens", {"name": "looker", "role": "viewer"}).document["token"]
    viewer = server.as_holder_of(token)
    assert viewer.ask("GET", "/models").status == 200
    assert viewer.ask("POST", f"/models/{NAME}").status == 403
    assert viewer.ask("DELETE", "/models/tiny.en").status == 403
    assert server.as_holder_of(None).from_a_new_address().ask("GET", "/models").status == 401
