"""A load in a process of its own, for tests that kill it or take its disk away:
`python -m tests.warehouse.loader FILE LOAD_ID VERSION [LARGEST_FILE]`."""

from __future__ import annotations

import random
import resource
import sys
from decimal import Decimal
from pathlib import Path

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.warehouse.duckdb import DuckDBWarehouse
from tests.warehouse.frames import ORDERS, frame, instant, line, order

ORDERS_LOADED = 400


def load(path: Path, load_id: str, version: int) -> None:
    """Load 400 orders as they are at minute `version`; each has `version` lines and texts that do not compress."""
    noise = random.Random(version)
    rows = [
        order(
            str(number),
            modified_at=instant(version),
            content_hash=noise.randbytes(2_000).hex(),
            total_amount=Decimal(version),
            lines=[line(f"{version}-{place}", place) for place in range(1, version + 1)],
        )
        for number in range(ORDERS_LOADED)
    ]
    DuckDBWarehouse(path).load_records("odoo", ORDERS, frame(*rows), load_id=load_id, reads=[])


def main() -> int:
    """Exit with 1 and the error's class and text on a ConnectorError."""
    path, load_id, version, *largest = sys.argv[1:]
    if largest:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest[0]), int(largest[0])))
    try:
        load(Path(path), load_id, int(version))
    except ConnectorError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
