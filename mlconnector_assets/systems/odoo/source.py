"""Odoo as a source of canonical records: the clock, the probe, counts, and pages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import TypeVar

import httpx
import polars as pl

from mlconnector_assets.clock import Clock, system_clock
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.systems.odoo import checks, listing, older, totals
from mlconnector_assets.systems.odoo.canonical import page_of
from mlconnector_assets.systems.odoo.changes import Changes, Domain, stamp
from mlconnector_assets.systems.odoo.choices import Choices
from mlconnector_assets.systems.odoo.client import PATIENT, OdooClient, Retry, Revealing
from mlconnector_assets.systems.odoo.cost_centers import CostCenters
from mlconnector_assets.systems.odoo.failures import UnknownModelError, not_offered
from mlconnector_assets.systems.odoo.mapping import Setting
from mlconnector_assets.systems.odoo.paging import Pager, context, prefetched
from mlconnector_assets.systems.odoo.stream import Stream
from mlconnector_assets.systems.odoo.streams import RECORDS, stream_of
from mlconnector_assets.systems.odoo.values import Values
from mlconnector_assets.systems.source import Finding, Page, SourceTotals, Window

_SETTLED = timedelta(seconds=5)
"""A second this long ago gets no further visible changes, except from transactions that commit late."""
T = TypeVar("T")
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


class OdooSource:
    """One Odoo database, read only.

    `companies` maps our codes to Odoo's company ids; `api_key` reveals itself per request and is stored under the name
    `secret`; `user` is its login, which Odoo 17 and 18 want; `page_size` counts
    documents; `timeout` is the seconds that Odoo may stay silent. Odoo stores write_date as the start of the
    transaction, so rows can appear later than their stamp: readers must overlap. Windows work on whole seconds. Of the
    records, those in `optional` are empty in a database without the app that brings them; the others are an error there.
    """

    def __init__(
        self,
        connection: str,
        *,
        url: str,
        database: str,
        api_key: Revealing,
        user: str | None = None,
        secret: str = "",
        companies: Mapping[str, int],
        records: Sequence[str] = RECORDS,
        optional: Collection[str] = (),
        private_employee_fields: Sequence[str] = (),
        vendor_tags: Sequence[str] = (),
        page_size: int = 500,
        timeout: float = 60.0,
        retry: Retry = PATIENT,
        clock: Clock = system_clock,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.connection, self.records, self._optional = connection, tuple(records), frozenset(optional)
        self._companies = dict(companies)
        self._client = OdooClient(
            connection,
            url=url,
            database=database,
            api_key=api_key,
            user=user,
            secret=secret,
            timeout=timeout,
            retry=retry,
            clock=clock,
            transport=transport,
        )
        self._choices = Choices(tuple(private_employee_fields), tuple(vendor_tags), cache(self._may_read))
        self._stream = cache(self._make_stream)
        self._pager = Pager(self._client, self._companies, page_size)

    def now(self) -> datetime:
        """The server's own clock, UTC, whole seconds, from the Date header of an answer given now."""
        return self._client.server_time()

    def probe(self, record: str, since: datetime | None) -> str:
        """Every id and stamp at or after `since`, as one hash: a count and a newest stamp would not show a row that
        was already in the window and got another stamp below the newest one. Without `since` only count and newest."""
        stream, texts = self._stream(record), []
        newest: list[datetime] = []
        for changes, domain in totals.everything_of(stream, self._companies):
            text = self._offered(stream, partial(self._stamps, stream, changes, domain, since), otherwise="absent")
            texts.append(text)
            newest += map(datetime.fromisoformat, _STAMP.findall(text))
        answered_at = self._client.answered_at
        if newest and answered_at and max(newest).replace(tzinfo=UTC) > answered_at - _SETTLED:
            # another change in that same second would look the same: be different next time
            texts.append(stamp(answered_at))
        return hashlib.sha256("".join(texts).encode()).hexdigest()

    def _stamps(self, stream: Stream, changes: Changes, domain: Domain, since: datetime | None) -> str:
        arguments: Values = {"domain": domain, "context": context(tuple(self._companies.values()))}
        if since is None:
            method = "formatted_read_group"
            arguments |= {"groupby": [], "aggregates": ["__count", "write_date:max", "id:max"]}
        else:
            method = "web_search_read"
            arguments |= {"domain": [*domain, *changes.since(stamp(since))], "order": "id asc"}
            arguments["specification"] = changes.stamps
        return self._client.call_text(stream.model, method, arguments)

    def totals(self, record: str, window: Window) -> SourceTotals:
        """Count and money sums of a window as Odoo sees them now."""
        stream = self._stream(record)
        return self._offered(
            stream, lambda: totals.totals(self._client, stream, self._companies, window), otherwise=SourceTotals(0)
        )

    def pages(self, record: str, window: Window) -> Iterator[Page]:
        """Every record of the window, one page a request; the next page is fetched while one is mapped and used."""
        stream = self._stream(record)
        cost_centers = CostCenters(self._client, self._companies.values())
        codes = {company: code for code, company in self._companies.items()}
        batches = prefetched(self._pager.batches(stream, window))
        while batch := self._offered(stream, lambda: next(batches, None), otherwise=None):
            setting = Setting(self.connection, batch.walk.company, codes, cost_centers.find)
            yield page_of(stream, batch, setting)

    def keys(self, record: str, among: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
        """The keys of all records that Odoo has now, or of those among some ids; a request lists 50,000."""
        stream = self._stream(record)
        pages = listing.keys(self._client, stream, self._companies, among)
        while (page := self._offered(stream, lambda: next(pages, None), otherwise=None)) is not None:
            yield page

    def existing(self, record: str, source_ids: Collection[str]) -> set[str]:
        """Which of these ids Odoo still has in any company that the user may see."""
        stream = self._stream(record)
        return self._offered(stream, lambda: listing.existing(self._client, stream, source_ids), otherwise=set[str]())

    def check(self) -> list[Finding]:
        """Log in and tell what this connection can and cannot see. Raises Unavailable if nothing answers."""
        return checks.check(
            self._client, self._companies, lambda: [self._stream(record) for record in self.records], self._optional
        )

    def close(self) -> None:
        """Release connections."""
        self._client.close()

    def _make_stream(self, record: str) -> Stream:
        if record not in RECORDS:
            raise ConfigurationError(
                f"Odoo has no record '{record}'", where=f"connection {self.connection}", mend=f"Use one of {', '.join(RECORDS)}."
            )
        return stream_of(record, self._choices)

    def _offered(self, stream: Stream, ask: Callable[[], T], otherwise: T) -> T:
        """What Odoo answers; `otherwise` when it has no such record and does not have to. Raises SourceError, and
        ConfigurationError when a record is named that this version does not offer."""
        name = stream.record.name
        if problem := older.not_offered(self._client.major(), name, self.connection):
            if name in self._optional:
                return otherwise
            raise problem
        try:
            return ask()
        except UnknownModelError as missing:
            if missing.model != stream.model:
                raise
            if name not in self._optional:
                raise not_offered(name, stream.app, self.connection) from None
            return otherwise

    def _may_read(self, model: str) -> bool:
        """Whether this Odoo has the model and the user may read it. Raises CredentialsError, Unavailable, SourceError."""
        try:
            return bool(self._client.call(model, "has_access", {"ids": [], "operation": "read"}))
        except UnknownModelError:
            return False
