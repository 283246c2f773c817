"""A process that keeps segments with their events and announces each only after it is committed."""

import asyncio
from pathlib import Path
import sys

from tests.unit.store.heard import Clock, copies, segment
from wallflower_sidecar.store import Database, events, transcripts


async def main(path: Path) -> None:
    database = await Database.open(path, clock=Clock())
    number = 0
    while True:
        number += 1
        heard = segment(f"sentence number {number}", at_s=number)
        async with database.write() as connection:
            await transcripts.insert_segment(connection, heard)
            (event,) = await events.append(connection, copies(heard))
        print(heard.id, event.id, flush=True)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
