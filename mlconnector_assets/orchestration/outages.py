"""A system that does not answer is met once a run: the step that met it is tried again by its policy, and the other
records of the connection do not wait for it as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mlconnector_assets.errors import ConnectorError, Unavailable

_DOWN: dict[tuple[str, str], tuple[str, Unavailable]] = {}
"""By run and connection: the record whose step met the outage, and the outage. A run's steps share their process."""


@contextmanager
def met_once(run_id: str, connection: str, record: str) -> Iterator[None]:
    """Around the work on a record. Raises ConnectorError at once when another record of this run met an outage."""
    first, error = _DOWN.get((run_id, connection), (record, None))
    if error is not None and first != record:
        raise ConnectorError(f"not tried, because reading {first} met this: {error.what}", where=connection, mend=error.mend)
    try:
        yield
    except Unavailable as outage:
        _DOWN[run_id, connection] = record, outage
        raise
    _DOWN.pop((run_id, connection), None)
