"""A load, for tests that kill it or take its disk away."""

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


def load_on_a_small_disk(path: Path, load_id: str, version: int, largest: int) -> int:
    """The same where no file may be larger than `largest`; 1 on a ConnectorError, whose class and text are told."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    try:
        load(path, load_id, version)
    except ConnectorError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}")
        return 1
    return 0
