"""The floor under the coverage of the integration's files."""

import pytest

from tests.support.coverage_floor import below


@pytest.mark.parametrize(
    ("name", "share", "falls_short"),
    [
        ("sensor.py", 97.0, True),
        ("sensor.py", 97.01, False),
        ("config_flow.py", 99.99, True),
        ("config_flow.py", 100.0, False),
    ],
)
def test_a_file_must_be_above_its_floor(name: str, share: float, falls_short: bool) -> None:
    assert (name in below({name: share})) is falls_short
