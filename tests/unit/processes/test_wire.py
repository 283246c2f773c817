"""The frames between the sidecar and its children."""

import struct

import msgpack
import pytest

from wallflower_sidecar.processes.wire import MAX_FRAME, Decoder, Message, WireError, encode


def test_messages_survive_any_cutting_of_the_bytes():
    messages: list[Message] = [
        {"t": "a"},
        {"t": "b", "pcm": b"\x00\xff" * 500, "text": "größe"},
        {"t": "c", "n": [1, 2.5, None]},
    ]
    data = b"".join(encode(message) for message in messages)
    for size in (1, 3, 7, len(data)):
        decoder = Decoder()
        seen = [m for i in range(0, len(data), size) for m in decoder.feed(data[i : i + size])]
        assert seen == messages


@pytest.mark.parametrize(
    "body",
    [
        b"\xc1",
        b"garbage",
        b"",
        msgpack.packb([1]),
        msgpack.packb({"no": "type"}),
        msgpack.packb({"t": 1}),
        msgpack.packb({"t": "a"}) + b"\x00",
        b"\x91" * 2000,
        b"\x81\xa1\xff\x01",
        b"\x81\x81\x01\x01\x01",
    ],
)
def test_what_is_no_message_is_refused_with_one_kind_of_error(body):
    with pytest.raises(WireError):
        list(Decoder().feed(struct.pack(">I", len(body)) + body))


def test_a_frame_over_the_bound_is_refused_before_it_is_read():
    with pytest.raises(WireError):
        list(Decoder().feed(struct.pack(">I", MAX_FRAME + 1)))


def test_a_message_over_the_bound_is_not_written():
    with pytest.raises(WireError):
        encode({"t": "a", "pcm": bytes(MAX_FRAME)})


def test_what_msgpack_cannot_write_is_a_wire_error_without_its_content():
    with pytest.raises(WireError) as caught:
        encode({"t": "a", "secret": {"hunter2"}})
    assert "hunter2" not in str(caught.value)
