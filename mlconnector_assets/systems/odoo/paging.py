"""Walking over a stream page by page: a frozen window over write_date, ordered by id, which loses nothing while rows
change (keyset paging on write_date would: Odoo orders it by microseconds that it does not show)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from mlconnector_assets.errors import SourceError
from mlconnector_assets.systems.odoo.client import OdooClient
from mlconnector_assets.systems.odoo.failures import UnknownFieldError, UnreadableRecordError
from mlconnector_assets.systems.odoo.streams import MODULE_FIELDS, Domain, Pass, Stream, without
from mlconnector_assets.systems.odoo.values import Values, records_of
from mlconnector_assets.systems.source import Window

_MOST_UNREADABLE: Final = 20
"""So many records one after the other are no longer single bad records: the read fails."""

T = TypeVar("T")


@dataclass(frozen=True)
class Batch:
    """Records of one request with the text of each; or one record that Odoo itself cannot read, with the reason."""

    walk: Pass
    records: list[tuple[Values, str]]
    unreadable: str | None = None


def stamp(instant: datetime) -> str:
    """An instant as Odoo compares it: UTC, whole seconds."""
    return instant.strftime("%Y-%m-%d %H:%M:%S")


def window_domain(window: Window, prefix: str = "") -> Domain:
    """The window as a domain. A window that is open towards the past also takes records that have no write_date."""
    field_name = f"{prefix}write_date"
    before = [field_name, "<", stamp(window.end)]
    if window.start is None:
        return ["|", [field_name, "=", False], before]
    return [[field_name, ">=", stamp(window.start)], before]


def context(company_ids: tuple[int, ...]) -> Values:
    """The context of every call: the user's own time zone and language must not matter, archived records count."""
    return {"allowed_company_ids": list(company_ids), "active_test": False, "tz": "UTC", "lang": "en_US"}


@dataclass
class Pager:
    """Reads pages of one connection. `absent` collects fields of modules that this database does not have."""

    client: OdooClient
    companies: Mapping[str, int]
    page_size: int
    absent: set[str] = field(default_factory=set)

    def batches(self, stream: Stream, window: Window) -> Iterator[Batch]:
        """Every record of the window, each once."""
        for walk in stream.passes(self.companies):
            yield from self._walk(stream, walk, window)

    def page(self, stream: Stream, walk: Pass, window: Window, last_id: int, limit: int) -> list[tuple[Values, str]]:
        """The first `limit` records of the window with an id above `last_id`, in order of id."""
        domain = [*stream.domain, *walk.domain, *window_domain(window), ["id", ">", last_id]]
        while True:
            try:
                return self._request(stream, walk, domain, without(stream.specification, self.absent), limit)
            except UnknownFieldError as problem:
                if problem.field not in MODULE_FIELDS or problem.field in self.absent:
                    raise
                self.absent.add(problem.field)

    def _walk(self, stream: Stream, walk: Pass, window: Window) -> Iterator[Batch]:
        last_id, limit, unreadable = 0, self.page_size, 0
        while True:
            try:
                records = self.page(stream, walk, window, last_id, limit)
            except UnreadableRecordError as problem:
                if limit > 1:
                    limit = max(1, limit // 8)
                    continue
                unreadable += 1
                if unreadable > _MOST_UNREADABLE:
                    raise
                batch = self._without_content(stream, walk, window, last_id, problem)
                yield batch
                last_id = batch.records[0][0]["id"]
                continue
            if records:
                yield Batch(walk, records)
                unreadable = 0
            if len(records) < limit:
                return
            last_id, limit = records[-1][0]["id"], min(self.page_size, limit * 8)

    def _without_content(self, stream: Stream, walk: Pass, window: Window, last_id: int, problem: UnreadableRecordError) -> Batch:
        """The next record with its stamp only, because its content cannot be read."""
        domain = [*stream.domain, *walk.domain, *window_domain(window), ["id", ">", last_id]]
        records = self._request(stream, walk, domain, {"write_date": {}}, 1)
        if not records:
            raise problem
        return Batch(walk, records, problem.what)

    def _request(self, stream: Stream, walk: Pass, domain: Domain, specification: Values, limit: int) -> list[tuple[Values, str]]:
        text = self.client.call_text(
            stream.model,
            "web_search_read",
            {
                "domain": domain,
                "specification": specification,
                "order": "id asc",
                "limit": limit,
                "count_limit": 1,
                "context": context(walk.company_ids),
            },
        )
        try:
            records = records_of(text)
            ids = [int(record["id"]) for record, _ in records]
        except (ValueError, LookupError, TypeError):
            raise self._odd(stream, "answered with something else than records") from None
        above = next((condition[2] for condition in domain if condition[0] == "id"), 0)
        if any(later <= earlier for earlier, later in zip([above, *ids], ids, strict=False)):
            raise self._odd(stream, "answered with other records than asked for")
        return records

    def _odd(self, stream: Stream, what: str) -> SourceError:
        return SourceError(
            f"{self.client.url} {what}",
            where=f"{self.client.connection}: {stream.model}",
            mend="Check that a proxy in front of Odoo passes request bodies on unchanged.",
        )


_END: Final = object()


def prefetched(items: Iterator[T]) -> Iterator[T]:
    """The same items; while one is used, the next is already made in a thread. At most one waits."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="prefetch")
    try:
        waiting = pool.submit(next, items, _END)
        while (item := waiting.result()) is not _END:
            waiting = pool.submit(next, items, _END)
            yield item  # type: ignore[misc]
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
