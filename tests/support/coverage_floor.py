"""Hold each file of the integration to its share of lines and branches that tests run, beyond the gate of the whole."""

import json
from pathlib import Path
import sys
import tempfile

from coverage import Coverage

COMPONENT = Path(__file__).resolve().parents[2] / "custom_components" / "wallflower"
FLOOR = 97.0
# The flows, which a person meets first, are run whole.
WHOLE = frozenset(
    {
        "camera_account.py",
        "camera_form.py",
        "config_flow.py",
        "discoveries.py",
        "hub_questions.py",
        "joining.py",
        "options_flow.py",
        "probe_steps.py",
        "rule_form.py",
        "rule_steps.py",
        "subentry_flow.py",
    }
)


def shares(coverage: Coverage) -> dict[str, float]:
    """Return the percentage of each of the integration's files by name."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(include=[f"{COMPONENT}/*"], outfile=str(report))
        measured = json.loads(report.read_text())["files"]
    found = {Path(name).name: float(file["summary"]["percent_covered"]) for name, file in measured.items()}
    return {each.name: found.get(each.name, 0.0) for each in COMPONENT.glob("*.py")}


def below(found: dict[str, float]) -> dict[str, float]:
    """Return those that are not above their floor."""
    return {name: share for name, share in sorted(found.items()) if share <= FLOOR or (name in WHOLE and share < 100)}


def main() -> int:
    """Read what the last run measured; 1 if a file falls short."""
    coverage = Coverage()
    coverage.load()
    found = shares(coverage)
    low = below(found)
    for name, share in low.items():
        print(f"{name}: {share:.2f} % is run, {'all' if name in WHOLE else f'over {FLOOR:.0f} %'} must be")
    if not low:
        print(f"{len(found)} files, the lowest at {min(found.values()):.2f} %")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
