"""Streams: their fields, defaults, bounds, rules, masks, and what PUT, PATCH and DELETE do."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from wallflower_sidecar.domain.languages import LANGUAGES

from .api_client import Api

URL = "rtsp://admin:s3cret@camera.invalid:8554/live?channel=1&subtype=0"
MASKED = "rtsp://admin:***@camera.invalid:8554/live?channel=1&subtype=0"
MINIMUM = {"name": "Front door", "url": "rtsp://camera.invalid/live"}


def test_a_stream_is_created_then_replaced(api: Api, new_id: Callable[[], str]) -> None:
    stream = new_id()
    created = api.ask("PUT", f"/streams/{stream}", {**MINIMUM, "enabled": False, "retain_days": 3})
    replaced = api.ask("PUT", f"/streams/{stream}", {**MINIMUM, "enabled": False, "name": "Porch"})
    assert (created.status, replaced.status) == (201, 200)
    assert (replaced.document["name"], replaced.document["retain_days"]) == ("Porch", None)
    assert api.ask("GET", f"/streams/{stream}").document["name"] == "Porch"


def test_the_defaults(api: Api, new_id: Callable[[], str]) -> None:
    stream = new_id()
    document = api.ask("PUT", f"/streams/{stream}", MINIMUM).document
    status, recording = document.pop("status"), document.pop("recording")
    assert document == {
        **MINIMUM,
        "id": stream,
        "transport": "auto",
        "enabled": True,
        "transcribe": True,
        "language": None,
        "keywords": [],
        "store": "all",
        "retain_days": None,
        "certificate": "any",
    }
    assert recording["mode"] == "off"
    assert set(recording) == {"mode", "retain_days", "retain_bytes", "pre_s", "post_s"}
    assert set(status) == {
        "state",
        "since",
        "error",
        "next_retry_at",
        "reconnects",
        "video",
        "audio",
        "speaking",
        "recording",
        "transcription",
        "last_transcript_at",
        "rule_faults",
    }
    api.ask("DELETE", f"/streams/{stream}")


def test_id_and_status_in_a_body_are_ignored(api: Api, new_id: Callable[[], str]) -> None:
    stream = new_id()
    for ignored in ("other", 5, None, {"state": "streaming"}, [[]], "\ud800"):
        body = {**MINIMUM, "enabled": False, "id": ignored, "status": ignored}
        assert api.ask("PUT", f"/streams/{stream}", body).document["id"] == stream
        assert api.ask("PATCH", f"/streams/{stream}", {"id": ignored, "status": ignored}).status == 200
    assert api.ask("GET", "/streams/other").status == 404


def test_an_answer_can_be_sent_back(api: Api, new_id: Callable[[], str]) -> None:
    stream = new_id()
    body = {
        "name": "Front door",
        "url": URL,
        "enabled": False,
        "transport": "tcp",
        "transcribe": False,
        "language": "de",
        "store": "keywords",
        "retain_days": 0.5,
        "recording": {"mode": "keyword", "retain_days": 7, "retain_bytes": 10**12, "pre_s": 3, "post_s": 4.5},
        "keywords": [
            {"id": "help", "phrases": ["help", "help me"], "not": ["help desk"], "cooldown_s": 5},
            {
                "id": "fire",
                "name": "Fire!",
                "phrases": ["fire"],
                "match": "fuzzy",
                "threshold": 85,
                "early": True,
            },
        ],
    }
    shown = api.ask("PUT", f"/streams/{stream}", body).document
    assert shown["url"] == MASKED
    assert shown["keywords"][0]["name"] == "help"
    again = api.ask("PUT", f"/streams/{stream}", shown)
    assert again.status == 200
    del again.document["status"]["since"], shown["status"]["since"]
    assert {**again.document, "status": 0} == {**shown, "status": 0}


@pytest.mark.parametrize(
    ("change", "paths"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "x" * 101}, ["name"]),
        ({"name": None}, ["name"]),
        ({"name": 5}, ["name"]),
        ({"name": "a\nb"}, ["name"]),
        ({"name": "a\u0000b"}, ["name"]),
        ({"name": "half \ud83d"}, ["name"]),
        ({"url": ""}, ["url"]),
        ({"url": None}, ["url"]),
        ({"url": ["rtsp://h/"]}, ["url"]),
        ({"url": "http://camera.invalid/"}, ["url"]),
        ({"url": "rtsp:///live"}, ["url"]),
        ({"url": "rtsp://"}, ["url"]),
        ({"url": "rtsp://:554/live"}, ["url"]),
        ({"url": "rtsp://h:0/"}, ["url"]),
        ({"url": "rtsp://h:65536/"}, ["url"]),
        ({"url": "rtsp://h:port/"}, ["url"]),
        ({"url": "rtsp://h:-1/"}, ["url"]),
        ({"url": "rtsp://[::1/"}, ["url"]),
        ({"url": "rtsp://h/a b"}, ["url"]),
        ({"url": "rtsp://h/\r\nX: y"}, ["url"]),
        ({"url": "rtsp://h/\u0000"}, ["url"]),
        ({"url": "rtsp://h/\u2028"}, ["url"]),
        ({"url": "rtsp://h/\ud800"}, ["url"]),
        ({"url": " rtsp://h/"}, ["url"]),
        ({"url": "rtsp://h/" + "x" * 2048}, ["url"]),
        ({"url": "file:///etc/passwd"}, ["url"]),
        ({"url": "concat:rtsp://h/|rtsp://h/"}, ["url"]),
        ({"url": "rtsp://h/x -i /etc/passwd"}, ["url"]),
        ({"url": "rtsp://h/%0d%0aX: y"}, ["url"]),
        ({"url": "rtsp://h/%00"}, ["url"]),
        ({"url": "rtsp://h/\u202e"}, ["url"]),
        ({"url": "rtsp://h\\@i\\j/"}, ["url"]),
        ({"url": "rtsp://u:1/2@h/"}, ["url"]),
        ({"url": "rtsp://u:" + "p" * 200 + "@h/"}, ["url"]),
        ({"url": "rtsp://[h]/"}, ["url"]),
        ({"url": "rtsp://h/" + "x" * 10_000}, ["url"]),
        ({"certificate": ""}, ["certificate"]),
        ({"certificate": None}, ["certificate"]),
        ({"certificate": "sha256:12"}, ["certificate"]),
        ({"certificate": "sha1:" + "0" * 40}, ["certificate"]),
        ({"certificate": True}, ["certificate"]),
        ({"transport": "http"}, ["transport"]),
        ({"transport": None}, ["transport"]),
        ({"transport": "TCP"}, ["transport"]),
        ({"transport": ["tcp"]}, ["transport"]),
        ({"enabled": "yes"}, ["enabled"]),
        ({"enabled": 1}, ["enabled"]),
        ({"enabled": None}, ["enabled"]),
        ({"transcribe": "false"}, ["transcribe"]),
        ({"language": "xx"}, ["language"]),
        ({"language": "EN"}, ["language"]),
        ({"language": "english"}, ["language"]),
        ({"language": ""}, ["language"]),
        ({"language": 1}, ["language"]),
        ({"store": "everything"}, ["store"]),
        ({"store": None}, ["store"]),
        ({"retain_days": -1}, ["retain_days"]),
        ({"retain_days": True}, ["retain_days"]),
        ({"retain_days": "7"}, ["retain_days"]),
        ({"retain_days": 1e300}, ["retain_days"]),
        ({"recording": None}, ["recording"]),
        ({"recording": "off"}, ["recording"]),
        ({"recording": {"mode": "always"}}, ["recording.mode"]),
        ({"recording": {"retain_bytes": 1.5}}, ["recording.retain_bytes"]),
        ({"recording": {"retain_bytes": True}}, ["recording.retain_bytes"]),
        ({"recording": {"retain_bytes": -1}}, ["recording.retain_bytes"]),
        ({"recording": {"retain_bytes": 10**30}}, ["recording.retain_bytes"]),
        ({"recording": {"pre_s": -0.1}}, ["recording.pre_s"]),
        ({"recording": {"post_s": False}}, ["recording.post_s"]),
        ({"recording": {"pre_s": None}}, ["recording.pre_s"]),
        ({"recording": {"codec": "h264"}}, ["recording.codec"]),
        ({"keywords": None}, ["keywords"]),
        ({"keywords": {}}, ["keywords"]),
        ({"keywords": ["help"]}, ["keywords[0]"]),
        ({"password": "x"}, ["password"]),
        ({"": 1}, [""]),
        ({"a" * 5000: 1}, ["a" * 200]),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_field_that_is_wrong_is_named(
    api: Api, make_stream: Callable[..., str], method: str, change: dict[str, Any], paths: list[str]
) -> None:
    stream = make_stream()
    before = api.ask("GET", f"/streams/{stream}").document
    body = {**MINIMUM, "enabled": False, **change} if method == "PUT" else change
    answer = api.ask(method, f"/streams/{stream}", body)
    assert answer.status == 422
    assert [path or "body" for path in answer.paths] == [path or "body" for path in paths]
    assert api.ask("GET", f"/streams/{stream}").document == before


@pytest.mark.parametrize("raw", [b"1e999", b"-1e999", b"1" * 400, b"1" * 5000, b"0.0000001e400"])
@pytest.mark.parametrize("field", ["retain_days", "recording.retain_bytes", "recording.pre_s"])
def test_numbers_out_of_all_range_are_invalid(api: Api, new_id: Callable[[], str], raw: bytes, field: str) -> None:
    inner = b'"%s": %s' % (field.rpartition(".")[2].encode(), raw)
    inner = b'"recording": {%s}' % inner if "." in field else inner
    body = b'{"name": "x", "url": "rtsp://h/", "enabled": false, %s}' % inner
    answer = api.ask("PUT", f"/streams/{new_id()}", raw=body)
    assert (answer.status, answer.paths) == (422, [field])


def test_all_faults_are_named_at_once(api: Api) -> None:
    body = {
        "url": "http://x/",
        "transport": "smoke",
        "language": "xx",
        "recording": {"mode": "always", "pre_s": -1},
        "keywords": [
            {"id": "a", "phrases": []},
            {"phrases": ["x", 5], "not": [1]},
            {"id": "a", "phrases": ["x"]},
        ],
        "colour": "red",
    }
    assert set(api.ask("PUT", "/streams/faults", body).paths) == {
        "name",
        "url",
        "transport",
        "language",
        "recording.mode",
        "recording.pre_s",
        "keywords[0].phrases",
        "keywords[1].id",
        "keywords[1].phrases[1]",
        "keywords[1].not[0]",
        "keywords[2].id",
        "keywords[2].name",
        "colour",
    }


def test_very_many_faults_are_summed_up(api: Api) -> None:
    answer = api.ask("PUT", "/streams/faults", {f"field-{number}": 1 for number in range(50_000)})
    assert answer.status == 422
    assert len(answer.raw) < 50_000


@pytest.mark.parametrize("missing", ["name", "url"])
def test_name_and_url_are_required(api: Api, missing: str) -> None:
    body = {field: value for field, value in MINIMUM.items() if field != missing}
    assert api.ask("PUT", "/streams/required", body).paths == [missing]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "x"},
        {"name": "x" * 100},
        {"name": "Tür ⛪ 门"},
        {"name": "🚪" * 100},
        {"url": "rtsps://camera.invalid/"},
        {"url": "RTSP://camera.invalid/"},
        {"url": "rtsp://192.0.2.1:65535/"},
        {"url": "rtsp://[2001:db8::1]:554/live"},
        {"url": "rtsp://user@camera.invalid/"},
        {"url": "rtsp://camera.invalid"},
        {"url": "rtsp://h/" + "x" * 2039},
        {"url": "rtsp://[fe80::1%25eth0]/live"},
        {"url": "rtsp://münchen.invalid/über?x=ä"},
        {"url": "rtsp://camera.invalid/cam/realmonitor?channel=1&subtype=0"},
        {"certificate": "verify"},
        {"certificate": "sha256:" + "0f" * 32},
        {"transport": "udp"},
        {"retain_days": 0.25},
        {"retain_days": None, "language": None},
        {"recording": {}},
        {"recording": {"retain_bytes": 2**62, "retain_days": None}},
        {"keywords": [{"id": "a", "phrases": ["x"], "threshold": None, "name": None}]},
    ],
)
def test_what_is_within_bounds_is_taken(api: Api, new_id: Callable[[], str], change: dict[str, Any]) -> None:
    stream = new_id()
    answer = api.ask("PUT", f"/streams/{stream}", {**MINIMUM, "enabled": False, **change})
    assert answer.status == 201, answer
    assert api.ask("GET", f"/streams/{stream}").document["name"] == change.get("name", "Front door")


@pytest.mark.parametrize("stream", ["a", "0", "a-b_c", "x" * 64])
def test_ids_of_the_whole_alphabet_are_taken(api: Api, stream: str) -> None:
    assert api.ask("PUT", f"/streams/{stream}", {**MINIMUM, "enabled": False}).status in {200, 201}


def test_every_language_of_whisper_is_taken(api: Api, make_stream: Callable[..., str]) -> None:
    assert len(LANGUAGES) == 100
    stream = make_stream()
    for language in ("en", "de", "zh", "yue", "haw", "jw"):
        assert api.ask("PATCH", f"/streams/{stream}", {"language": language}).document["language"] == language


def test_patch_changes_what_is_given_and_nothing_else(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(
        url=URL,
        language="de",
        retain_days=3,
        recording={"mode": "continuous", "retain_days": 5, "pre_s": 1},
        keywords=[{"id": "a", "phrases": ["x"]}],
    )
    before = api.ask("GET", f"/streams/{stream}").document
    for change, expected in [
        ({}, {}),
        ({"name": "Porch"}, {"name": "Porch"}),
        ({"language": None, "retain_days": None}, {"language": None, "retain_days": None}),
        ({"recording": {"pre_s": 2}}, {"recording": {**before["recording"], "pre_s": 2}}),
        ({"recording": {}}, {}),
        ({"keywords": []}, {"keywords": []}),
    ]:
        answer = api.ask("PATCH", f"/streams/{stream}", change)
        assert answer.status == 200
        before = {**before, **expected}
        assert {**answer.document, "status": 0} == {**before, "status": 0}


def test_patch_null_resets_within_recording(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(recording={"mode": "continuous", "retain_days": 5, "retain_bytes": 10**9})
    answer = api.ask("PATCH", f"/streams/{stream}", {"recording": {"retain_days": None}})
    assert (answer.document["recording"]["retain_days"], answer.document["recording"]["retain_bytes"]) == (
        None,
        10**9,
    )
    assert answer.document["recording"]["mode"] == "continuous"


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_masked_password_stands_for_the_stored_one(
    api: Api, background: Any, make_stream: Callable[..., str], method: str
) -> None:
    stream = make_stream(url=URL)
    changed = "rtsp://admin:***@camera.invalid:8554/other"
    answer = api.ask(method, f"/streams/{stream}", {**MINIMUM, "enabled": False, "url": changed})
    assert (answer.status, answer.document["url"]) == (200, changed)
    stored = background.service.streams.get(stream).url
    assert stored == "rtsp://admin:s3cret@camera.invalid:8554/other"


@pytest.mark.parametrize(
    "url",
    [
        "rtsp://root:***@camera.invalid:8554/live",
        "rtsp://admin:***@other.invalid:8554/live",
        "rtsp://admin:***@camera.invalid:8555/live",
        "rtsp://admin:***@camera.invalid/live",
        "rtsp://:***@camera.invalid:8554/live",
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_mask_with_another_user_host_or_port_is_invalid(
    api: Api, make_stream: Callable[..., str], method: str, url: str
) -> None:
    stream = make_stream(url=URL)
    answer = api.ask(method, f"/streams/{stream}", {**MINIMUM, "enabled": False, "url": url})
    assert (answer.status, answer.paths) == (422, ["url"])


def test_a_password_behind_the_question_mark_is_masked_and_kept_too(
    api: Api, background: Any, make_stream: Callable[..., str]
) -> None:
    stream = make_stream(url="rtsp://camera.invalid:8554/live?user=admin&password=s3cret&channel=1")
    shown = api.ask("GET", f"/streams/{stream}").document["url"]
    assert shown == "rtsp://camera.invalid:8554/live?user=admin&password=***&channel=1"
    changed = shown.replace("channel=1", "channel=2")
    answer = api.ask("PATCH", f"/streams/{stream}", {"url": changed})
    assert (answer.status, answer.document["url"]) == (200, changed)
    stored = background.service.streams.get(stream).url
    assert stored == "rtsp://camera.invalid:8554/live?user=admin&password=s3cret&channel=2"
    for elsewhere in (changed.replace("camera", "other"), changed.replace("password", "pwd"), changed + "&token=***"):
        refused = api.ask("PATCH", f"/streams/{stream}", {"url": elsewhere})
        assert (refused.status, refused.paths, b"s3cret" in refused.raw) == (422, ["url"], False)


def test_a_certificate_may_be_chosen_as_people_copy_it(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    copied = ":".join(["0F"] * 32)
    answer = api.ask("PATCH", f"/streams/{stream}", {"certificate": f"SHA256:{copied}"})
    assert (answer.status, answer.document["certificate"]) == (200, "sha256:" + "0f" * 32)
    assert api.ask("PATCH", f"/streams/{stream}", {"certificate": "Verify"}).document["certificate"] == "verify"


def test_a_mask_without_a_stored_password_is_invalid(
    api: Api, make_stream: Callable[..., str], new_id: Callable[[], str]
) -> None:
    body = {**MINIMUM, "enabled": False, "url": MASKED}
    assert api.ask("PUT", f"/streams/{new_id()}", body).paths == ["url"]
    stream = make_stream(url="rtsp://admin@camera.invalid:8554/live")
    assert api.ask("PATCH", f"/streams/{stream}", {"url": MASKED}).paths == ["url"]


def test_no_answer_and_no_refusal_shows_a_password(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream(url=URL)
    answers = [
        api.ask("GET", f"/streams/{stream}"),
        api.ask("GET", "/streams?limit=1000"),
        api.ask("PATCH", f"/streams/{stream}", {"url": URL}),
        api.ask("PATCH", f"/streams/{stream}", {"url": URL.replace("rtsp", "http")}),
        api.ask("PATCH", f"/streams/{stream}", {"url": URL + "\n", "name": ""}),
        api.ask("POST", "/probe", {"url": URL.replace("rtsp", "http")}),
    ]
    assert not [answer for answer in answers if b"s3cret" in answer.raw]


def test_a_removed_stream_is_gone_and_its_text_stays_findable(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    api.ask("POST", f"/streams/{stream}/simulate", {"text": "still here"})
    removed = api.ask("DELETE", f"/streams/{stream}")
    assert (removed.status, removed.raw) == (204, b"")
    assert api.ask("GET", f"/streams/{stream}").status == 404
    assert api.ask("DELETE", f"/streams/{stream}").status == 404
    found = api.ask("GET", f"/transcripts?stream={stream}").document["items"]
    assert [item["text"] for item in found] == ["still here"]


def test_purge_takes_the_text_along(api: Api, make_stream: Callable[..., str]) -> None:
    stream = make_stream()
    api.ask("POST", f"/streams/{stream}/simulate", {"text": "soon gone"})
    assert api.ask("DELETE", f"/streams/{stream}?purge=true").status == 204
    assert api.ask("GET", f"/transcripts?stream={stream}").status == 404
    assert api.ask("GET", "/transcripts?q=%22soon+gone%22").document["items"] == []


@pytest.mark.parametrize("purge", ["", "maybe", "2", "yes"])
def test_purge_is_true_or_false(api: Api, make_stream: Callable[..., str], purge: str) -> None:
    stream = make_stream()
    assert api.ask("DELETE", f"/streams/{stream}?purge={purge}").paths == ["purge"]
    assert api.ask("GET", f"/streams/{stream}").status == 200


def test_a_stream_that_is_being_removed_disturbs_nobody(api: Api, new_id: Callable[[], str]) -> None:
    for _ in range(5):
        stream = new_id()
        api.ask("PUT", f"/streams/{stream}", {**MINIMUM, "url": "rtsp://127.0.0.1:1/"})
        with ThreadPoolExecutor() as pool:
            removal = pool.submit(api.ask, "DELETE", f"/streams/{stream}")
            while not removal.done():
                assert api.ask("GET", "/streams").status == 200
                assert api.ask("GET", "/health").status == 200
        assert removal.result().status == 204
