"""Walking over a stream: the ids of a frozen window over write_date, cut into ranges, one request a range. Nothing is
lost while rows change: one that changes leaves the window, and the next read finds it. (Paging by write_date would
lose rows: Odoo orders it by microseconds that it does not show.) Ranges that are known beforehand let Odoo work on the
next page while one is mapped."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, TypeVar

from mlconnector_assets.systems.odoo.changes import window_domain
from mlconnector_assets.systems.odoo.client import OdooClient
from mlconnector_assets.systems.odoo.failures import UnknownFieldError, UnreadableRecordError, other_records
from mlconnector_assets.systems.odoo.specifications import MODULE_FIELDS, without
from mlconnector_assets.systems.odoo.stream import Pass, Stream
from mlconnector_assets.systems.odoo.values import Values
from mlconnector_assets.systems.source import Window

_LISTING: Final = 50_000
"""Ids asked for at once; keeps memory flat however many there are."""
_MOST_UNREADABLE: Final = 20
"""So many records one after the other are no longer single bad records: the read fails."""

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """The answer to one request as received, and the ids it may hold; or one record that Odoo itself cannot read,
    with its stamp only and the reason."""

    walk: Pass
    first_id: int
    last_id: int
    text: str
    unreadable: str | None = None


def context(company_ids: tuple[int, ...]) -> Values:
    """The context of every call: the user's own time zone and language must not matter, archived records count."""
    return {"allowed_company_ids": list(company_ids), "active_test": False, "tz": "UTC", "lang": "en_US"}


@dataclass
class Pager:
    """Reads one connection. `absent` collects fields of modules that this database does not have."""

    client: OdooClient
    companies: Mapping[str, int]
    page_size: int
    absent: set[str] = field(default_factory=set)
    _unreadable: int = 0

    def batches(self, stream: Stream, window: Window) -> Iterator[Batch]:
        """Every record of the window, each once."""
        self._unreadable = 0
        for walk in stream.passes(self.companies):
            last, listed = 0, _LISTING
            while listed == _LISTING:
                ids = self._ids(stream, walk, window, last, _LISTING)
                listed, last = len(ids), ids[-1] if ids else 0
                for start in range(0, listed, self.page_size):
                    yield from self._range(stream, walk, window, ids[start : start + self.page_size])

    def trial(self, stream: Stream, window: Window) -> bool:
        """Read one record of each pass with all its fields; whether there was any."""
        found = False
        for walk in stream.passes(self.companies):
            ids = self._ids(stream, walk, window, 0, 1)
            self._page(stream, walk, window, ids or [0])
            found = found or bool(ids)
        return found

    def _ids(self, stream: Stream, walk: Pass, window: Window, above: int, limit: int) -> list[int]:
        domain = [*stream.domain, *walk.domain, *window_domain(window, walk.changes), ["id", ">", above]]
        arguments = {"domain": domain, "order": "id asc", "limit": limit, "context": context(walk.company_ids)}
        ids: list[int] = self.client.call(stream.model, "search", arguments)
        try:
            in_order = all(earlier < later for earlier, later in pairwise([above, *ids]))
        except TypeError:
            in_order = False
        if not in_order:
            raise other_records(self.client.connection, stream.model, f"ids above {above} in order")
        return ids

    def _range(self, stream: Stream, walk: Pass, window: Window, ids: Sequence[int]) -> Iterator[Batch]:
        """One batch; or, when one of the records cannot be read, the batches around it and that record by itself."""
        reason = None
        try:
            text = self._page(stream, walk, window, ids)
            self._unreadable = 0
        except UnreadableRecordError as problem:
            if len(ids) > 1:
                half = len(ids) // 2
                yield from self._range(stream, walk, window, ids[:half])
                yield from self._range(stream, walk, window, ids[half:])
                return
            self._unreadable += 1
            if self._unreadable > _MOST_UNREADABLE:
                raise
            text, reason = self._request(stream, walk, window, ids, walk.changes.stamps), problem.what
        yield Batch(walk, ids[0], ids[-1], text, reason)

    def _page(self, stream: Stream, walk: Pass, window: Window, ids: Sequence[int]) -> str:
        while True:
            try:
                return self._request(stream, walk, window, ids, without(stream.specification | walk.more, self.absent))
            except UnknownFieldError as problem:
                if problem.field not in MODULE_FIELDS or problem.field in self.absent:
                    raise
                self.absent.add(problem.field)

    def _request(self, stream: Stream, walk: Pass, window: Window, ids: Sequence[int], specification: Values) -> str:
        between = [["id", ">=", ids[0]], ["id", "<=", ids[-1]]]
        return self.client.call_text(
            stream.model,
            "web_search_read",
            {
                "domain": [*stream.domain, *walk.domain, *window_domain(window, walk.changes), *between],
                "specification": specification,
                "order": "id asc",
                "context": context(walk.company_ids),
            },
        )


_END: Final = object()


def prefetched(items: Iterator[T], ahead: int = 2) -> Iterator[T]:
    """The same items; while one is used, the next ones are already made in a thread, at most `ahead` of them.

    Two keep the other side busy: receiving one and using another share Python's lock, so each waits for the other.
    """
    pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
    try:
        waiting = deque(pool.submit(next, items, _END) for _ in range(ahead))
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(pool.submit(next, items, _END))
            yield item  # type: ignore[misc]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
