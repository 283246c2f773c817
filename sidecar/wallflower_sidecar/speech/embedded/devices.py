"""What a model runs on: a graphics card where one works, else the processor, with numbers as small as it can use."""

from collections.abc import Iterator, Set as AbstractSet
from dataclasses import dataclass
import logging

import ctranslate2

_LOGGER = logging.getLogger(__name__)

_BEST_ON_CUDA = ("int8_float16", "float16", "int8_float32", "float32")
_BEST_ON_CPU = ("int8", "int8_float32", "float32")


@dataclass(frozen=True, slots=True)
class Device:
    """A device and a compute type as CTranslate2 names them, and threads for what the processor does."""

    name: str
    compute_type: str
    threads: int


def devices(
    cuda_devices: int, cuda_types: AbstractSet[str], cpu_types: AbstractSet[str], threads: int
) -> Iterator[Device]:
    """Each device worth trying, best first; the last is always the processor."""
    if cuda_devices > 0 and (best := _first(_BEST_ON_CUDA, cuda_types)) is not None:
        yield Device("cuda", best, threads)
    # "default" takes the model's own numbers, whatever the processor is.
    yield Device("cpu", _first(_BEST_ON_CPU, cpu_types) or "default", threads)


def devices_here(threads: int) -> list[Device]:
    """The devices of this machine, best first. A driver that does not work counts as none, told in the log."""
    count, cuda_types = 0, set[str]()
    try:
        count = ctranslate2.get_cuda_device_count()
        if count:
            cuda_types = ctranslate2.get_supported_compute_types("cuda")
    except (RuntimeError, ValueError) as error:
        _LOGGER.warning("the graphics card is not used: %s", error)
        count = 0
    return list(devices(count, cuda_types, ctranslate2.get_supported_compute_types("cpu"), threads))


def _first(wanted: tuple[str, ...], supported: AbstractSet[str]) -> str | None:
    return next((name for name in wanted if name in supported), None)
