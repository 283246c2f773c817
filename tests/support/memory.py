"""How much memory a process takes."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a process in MB.

    `own` is what it has written to. `share` (PSS) adds its part of files in memory, which changes whenever another
    program that uses the same files starts or ends.
    """

    own: float
    share: float


def memory_of(pid: int) -> Memory:
    """Read it from the kernel; raises OSError when the process has ended."""
    kb = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        kb[name] = int(rest.split()[0])
    return Memory(kb["Anonymous"] * 1024 / 1e6, kb["Pss"] * 1024 / 1e6)
