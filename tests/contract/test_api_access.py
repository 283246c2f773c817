"""Who is let in: tokens, roles, pairing, and the limit on failed credentials."""

import pytest

from wallflower_sidecar.domain.health import Check, HealthStatus

from .api_client import Api, Background

PROTECTED = [
    ("GET", "/streams"),
    ("PUT", "/streams/door"),
    ("GET", "/streams/DOOR"),
    ("DELETE", "/streams/door"),
    ("GET", "/transcripts"),
    ("GET", "/events"),
    ("POST", "/probe"),
    ("GET", "/tokens"),
    ("GET", "/openapi.json"),
    ("GET", "/config"),
    ("GET", "/nowhere"),
    ("GET", "/auth/me"),
    ("POST", "/auth/refresh"),
    ("PROPFIND", "/streams"),
    ("OPTIONS", "/streams"),
    ("GET", "/info/"),
    ("GET", "/health/live/x"),
]

MALFORMED = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer a b",
    "Basic dXNlcjpwYXNz",
    "an-admin-token-from-outside",
    "Token an-admin-token-from-outside",
    "Bearer an-admin-token-from-outside, Bearer x",
    "Bearer " + "x" * 5000,
    "Bearer \xff\xfe",
    "Bearer an-admin-token-from-outsid\xe9",
    "Bearer an-admin-token-from-outsidE",
    "Bearer an-admin-token-from-outsid",
    "Bearer an-admin-token-from-outside-",
]


@pytest.fixture
def stranger(api: Api) -> Api:
    """Somebody without a token, from an address of its own."""
    return api.from_a_new_address().as_holder_of(None)


@pytest.mark.parametrize(("method", "path"), PROTECTED)
def test_without_a_token_every_other_path_is_unauthorized_existing_or_not(
    stranger: Api, method: str, path: str
) -> None:
    answer = stranger.ask(method, path)
    assert (answer.status, answer.code) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("path", ["/", "/api/v1", "/metrics", "/api/v2/streams"])
def test_without_a_token_paths_outside_the_base_are_unauthorized_too(stranger: Api, path: str) -> None:
    assert stranger.ask_path("GET", path).status == 401


@pytest.mark.parametrize("credentials", MALFORMED)
def test_wrong_and_malformed_credentials_are_unauthorized(stranger: Api, credentials: str) -> None:
    for path in ("/streams", "/nowhere"):
        answer = stranger.ask("GET", path, headers={"Authorization": credentials})
        assert (answer.status, answer.code) == (401, "unauthorized")


def test_two_credentials_are_malformed(stranger: Api, api: Api) -> None:
    line = f"Authorization: Bearer {api.token}\r\n"
    answer = stranger.bytes(
        f"GET /api/v1/streams HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}{line}\r\n".encode()
    )
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_the_scheme_is_read_in_any_case(api: Api) -> None:
    for scheme in ("bearer", "BEARER"):
        answer = api.as_holder_of(None).ask("GET", "/streams", headers={"Authorization": f"{scheme} {api.token}"})
        assert answer.status == 200


def test_open_paths_need_no_token_and_do_not_mind_a_wrong_one(stranger: Api) -> None:
    for asker in (stranger, stranger.as_holder_of("wrong")):
        assert asker.ask("GET", "/info").status == 200
        assert asker.ask("GET", "/health").status == 200
        assert asker.ask("GET", "/health/live").status == 204
        assert asker.ask("POST", "/pair", {"code": "000000"}).status == 401
        assert asker.ask("POST", "/info").status == 405
        assert asker.ask("POST", "/auth/login").status == 404


def test_info_tells_who_answers(stranger: Api, background: Background) -> None:
    info = stranger.ask("GET", "/info").document
    assert (info["name"], info["api_version"]) == ("wallflower", 1)
    assert info["server_id"] == background.service.server_id
    assert info == stranger.ask("GET", "/info").document


def test_health_shows_details_only_with_a_token_and_never_a_stream_name(
    api: Api, stranger: Api, make_stream: object
) -> None:
    stream = make_stream(name="Secret garden", enabled=True)  # type: ignore[operator]
    closed, opened = stranger.ask("GET", "/health"), api.ask("GET", "/health")
    assert closed.status == 200
    assert [check["name"] for check in closed.document["checks"]] == [
        check["name"] for check in opened.document["checks"]
    ]
    assert {check["detail"] for check in closed.document["checks"]} == {""}
    assert any(check["detail"] for check in opened.document["checks"])
    assert opened.document["transcriber"]["state"]
    assert opened.document["models"] == []
    assert closed.document.keys() == {"status", "checks"}
    for shown in (closed.raw, stranger.as_holder_of("wrong").ask("GET", "/health").raw):
        assert b"Secret" not in shown
        assert stream.encode() not in shown
    api.ask("DELETE", f"/streams/{stream}")


@pytest.mark.parametrize(
    ("status", "code"), [(HealthStatus.OK, 200), (HealthStatus.DEGRADED, 200), (HealthStatus.FAILED, 503)]
)
def test_health_is_503_only_when_failed(
    api: Api, background: Background, monkeypatch: pytest.MonkeyPatch, status: HealthStatus, code: int
) -> None:
    checks = [Check("disk", HealthStatus.OK, "Room."), Check("engine", status, "How it is.")]
    monkeypatch.setattr(background.service, "health", lambda: checks)
    answer = api.ask("GET", "/health")
    assert (answer.status, answer.document["status"]) == (code, status.value)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.document["checks"][1] == {"name": "engine", "status": status.value, "detail": "How it is."}


def test_failed_credentials_are_limited_per_address_and_never_limit_a_valid_token(api: Api) -> None:
    guesser, neighbour = api.from_a_new_address(), api.from_a_new_address()
    wrong = guesser.as_holder_of("wrong")
    answers = [wrong.ask("GET", "/streams") for _ in range(60)]
    assert answers[0].status == 401
    last = answers[-1]
    assert (last.status, last.code) == (429, "rate_limited")
    assert 1 <= int(last.headers["Retry-After"]) <= 60
    assert wrong.ask("GET", "/nowhere").status == 429
    assert wrong.ask("GET", "/health").status == 429
    assert wrong.ask("GET", "/health/live").status == 204
    assert guesser.ask("GET", "/streams").status == 200
    assert guesser.as_holder_of(None).ask("GET", "/streams").status == 401
    assert neighbour.as_holder_of("wrong").ask("GET", "/streams").status == 401


def test_missing_credentials_are_not_limited(stranger: Api) -> None:
    assert {stranger.ask("GET", "/streams").status for _ in range(100)} == {401}


def test_wrong_pairing_codes_count_as_failed_credentials(stranger: Api) -> None:
    answers = [stranger.ask("POST", "/pair", {"code": f"{number:06}"}) for number in range(60)]
    assert (answers[0].status, answers[-1].status) == (401, 429)
    assert "Retry-After" in answers[-1].headers
    assert stranger.as_holder_of("wrong").ask("GET", "/streams").status == 429


def test_a_pairing_code_is_worth_one_token_that_does_what_the_integration_needs(
    api: Api, stranger: Api, background: Background, make_stream: object
) -> None:
    code = background.call(background.service.access.new_pairing_code()).code
    assert len(code) == 6
    assert code.isdecimal()
    answer = stranger.ask("POST", "/pair", {"code": code})
    assert answer.status == 200
    assert answer.document["server_id"] == background.service.server_id
    client = api.as_holder_of(answer.document["token"])
    stream = make_stream()  # type: ignore[operator]
    assert client.ask("GET", "/streams").status == 200
    assert client.ask("PATCH", f"/streams/{stream}", {"transcribe": False}).status == 200
    assert client.ask("POST", f"/streams/{stream}/restart").status == 202
    assert client.ask("POST", f"/streams/{stream}/simulate", {"text": "hello"}).status == 200
    assert client.ask("GET", f"/streams/{stream}/errors").status == 200
    assert client.ask("GET", "/transcripts").status == 200
    assert client.ask("DELETE", f"/transcripts?stream={stream}").status == 200
    assert client.ask("GET", "/openapi.json").status == 200
    with client.events():
        pass
    assert client.ask("DELETE", f"/streams/{stream}").status == 204
    for method, path in (("GET", "/tokens"), ("POST", "/tokens")):
        refused = client.ask(method, path, {"name": "x"})
        assert (refused.status, refused.code) == (403, "forbidden")
    again = stranger.ask("POST", "/pair", {"code": code})
    assert (again.status, again.code) == (401, "unauthorized")


def test_a_pairing_code_dies_of_five_wrong_tries(stranger: Api, background: Background) -> None:
    code = background.call(background.service.access.new_pairing_code()).code
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(5):
        assert stranger.ask("POST", "/pair", {"code": wrong}).status == 401
    assert stranger.ask("POST", "/pair", {"code": code}).status == 401


@pytest.mark.parametrize("code", ["12345", "1234567", "12345a", "١٢٣٤٥٦", "", " 123456", 123456, None, ["123456"]])
def test_a_code_that_is_none_is_invalid(stranger: Api, code: object) -> None:
    answer = stranger.ask("POST", "/pair", {"code": code})
    assert (answer.status, answer.paths) == (422, ["code"])


def test_tokens_are_made_listed_and_removed(api: Api) -> None:
    made = api.ask("POST", "/tokens", {"name": "Kitchen display", "role": "viewer"})
    assert made.status == 201
    token, identity = made.document["token"], made.document["id"]
    assert made.document["role"] == "viewer"
    listed = [item for item in api.ask("GET", "/tokens?limit=1000").document["items"] if item["id"] == identity]
    assert [item["name"] for item in listed] == ["Kitchen display"]
    assert token.encode() not in api.ask("GET", "/tokens?limit=1000").raw
    holder = api.from_a_new_address().as_holder_of(token)
    assert holder.ask("GET", "/streams").status == 200
    removed = api.ask("DELETE", f"/tokens/{identity}")
    assert (removed.status, removed.raw) == (204, b"")
    assert holder.ask("GET", "/streams").status == 401
    assert api.ask("DELETE", f"/tokens/{identity}").status == 404


def test_a_viewer_reads_and_changes_nothing(api: Api, make_stream: object) -> None:
    stream = make_stream()  # type: ignore[operator]
    viewer = api.as_holder_of(api.ask("POST", "/tokens", {"name": "v"}).document["token"])
    for path in (
        "/streams",
        f"/streams/{stream}",
        f"/streams/{stream}/errors",
        "/transcripts",
        "/openapi.json",
    ):
        assert viewer.ask("GET", path).status == 200
    with viewer.events():
        pass
    for method, path, body in [
        ("PUT", f"/streams/{stream}", {"name": "x", "url": "rtsp://h/"}),
        ("PATCH", f"/streams/{stream}", {"name": "x"}),
        ("DELETE", f"/streams/{stream}", None),
        ("POST", f"/streams/{stream}/restart", None),
        ("POST", f"/streams/{stream}/simulate", {"text": "x"}),
        ("DELETE", f"/transcripts?stream={stream}", None),
        ("POST", "/probe", {"url": "rtsp://127.0.0.1:1/"}),
        ("GET", "/tokens", None),
        ("POST", "/tokens", {"name": "x", "role": "admin"}),
        ("DELETE", "/tokens/00000000-0000-0000-0000-000000000000", None),
    ]:
        answer = viewer.ask(method, path, body)
        assert (answer.status, answer.code) == (403, "forbidden"), (method, path)
    assert api.ask("GET", f"/streams/{stream}").document["name"] == "A camera"


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({}, ["name"]),
        ({"name": ""}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": "x\ny"}, ["name"]),
        ({"name": "x", "role": "root"}, ["role"]),
        ({"name": "x", "role": None}, ["role"]),
        ({"name": 1, "role": 1, "scope": "all"}, ["name", "role", "scope"]),
    ],
)
def test_a_token_that_cannot_be_made_names_its_faults(api: Api, body: object, paths: list[str]) -> None:
    answer = api.ask("POST", "/tokens", body)
    assert (answer.status, answer.paths) == (422, paths)


def test_a_malformed_token_id_is_invalid_and_an_unknown_one_not_found(api: Api) -> None:
    assert api.ask("DELETE", "/tokens/nonsense").paths == ["id"]
    assert api.ask("DELETE", "/tokens/00000000-0000-0000-0000-000000000000").status == 404


def test_removing_a_token_ends_its_event_streams(api: Api) -> None:
    made = api.ask("POST", "/tokens", {"name": "listener"}).document
    with api.as_holder_of(made["token"]).events() as reader:
        api.ask("DELETE", f"/tokens/{made['id']}")
        with pytest.raises(EOFError):
            reader.until(lambda _: False)
