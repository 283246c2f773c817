"""What a model runs on."""

import logging

import pytest

from wallflower_sidecar.speech.embedded import devices as module, whisper
from wallflower_sidecar.speech.embedded.devices import Device, devices, devices_here
from wallflower_sidecar.speech.embedded.whisper import Whisper
from wallflower_sidecar.speech.models.find import bundled_model

CPU = {"int8", "int8_float32", "float32"}
CUDA = CPU | {"int8_float16", "float16"}


@pytest.mark.parametrize(
    ("cards", "cuda_types", "cpu_types", "expected"),
    [
        (0, set(), CPU, [("cpu", "int8")]),
        (1, CUDA, CPU, [("cuda", "int8_float16"), ("cpu", "int8")]),
        (2, {"float16", "float32"}, CPU, [("cuda", "float16"), ("cpu", "int8")]),
        (1, {"float32", "int8_float32"}, CPU, [("cuda", "int8_float32"), ("cpu", "int8")]),
        (1, set(), CPU, [("cpu", "int8")]),
        (0, CUDA, CPU, [("cpu", "int8")]),
        (0, set(), {"float32"}, [("cpu", "float32")]),
        (0, set(), set(), [("cpu", "default")]),
    ],
)
def test_the_smallest_numbers_that_a_device_takes(cards, cuda_types, cpu_types, expected):
    chosen = list(devices(cards, cuda_types, cpu_types, 3))
    assert [(device.name, device.compute_type) for device in chosen] == expected
    assert {device.threads for device in chosen} == {3}


def test_a_driver_that_does_not_work_counts_as_no_card(monkeypatch, caplog):
    def broken(*_):
        raise RuntimeError("CUDA driver version is insufficient for CUDA runtime version")

    monkeypatch.setattr(module.ctranslate2, "get_cuda_device_count", broken)
    assert [device.name for device in devices_here(1)] == ["cpu"]
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1


@pytest.mark.skipif(module.ctranslate2.get_cuda_device_count() > 0, reason="there is a card that works")
def test_a_card_that_cannot_be_used_leaves_the_work_to_the_processor(monkeypatch, caplog):
    here = [Device("cuda", "float16", 1), *devices_here(1)]
    monkeypatch.setattr(whisper, "devices_here", lambda _: here)
    loaded = Whisper(bundled_model().folder, 1)
    assert loaded.device.name == "cpu"
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == 1
