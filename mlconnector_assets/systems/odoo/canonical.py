"""A batch as received into a page of canonical records. Records are parsed and mapped one by one, which keeps each
in the processor's cache while it is worked on."""

from __future__ import annotations

from mlconnector_assets.systems.odoo.failures import other_records
from mlconnector_assets.systems.odoo.frames import frame
from mlconnector_assets.systems.odoo.mapping import Setting
from mlconnector_assets.systems.odoo.paging import Batch
from mlconnector_assets.systems.odoo.stream import Stream
from mlconnector_assets.systems.odoo.values import MappingError, Values, records_in
from mlconnector_assets.systems.source import Page, SetAside

_BAD_RECORD = (MappingError, LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


class OddAnswerError(Exception):
    """The answer does not hold the records that were asked for."""


def page_of(stream: Stream, batch: Batch, setting: Setting) -> Page:
    """The batch in canonical form; a record that cannot be mapped is set aside and stops no other.

    Raises SourceError when the answer holds something else than the records that were asked for.
    """
    rows: list[Values] = []
    aside: list[SetAside] = []
    before = batch.first_id - 1
    try:
        for record, text in records_in(batch.text):
            if not before < record["id"] <= batch.last_id:
                raise OddAnswerError
            before = record["id"]
            if batch.unreadable:
                aside.append(_set_aside(record, text, batch, batch.unreadable, setting))
                continue
            try:
                rows.append(stream.map(record, text, setting) | {"modified_at": batch.walk.changes.latest(record)})
            except _BAD_RECORD as problem:
                aside.append(_set_aside(record, text, batch, _reason(problem), setting))
    except (OddAnswerError, ValueError, LookupError, TypeError):
        raise other_records(setting.connection, stream.model, f"records {batch.first_id} to {batch.last_id}") from None
    return _fitting(stream, rows, aside)


def _fitting(stream: Stream, rows: list[Values], aside: list[SetAside]) -> Page:
    try:
        return Page(frame(stream.record, rows), tuple(aside))
    except MappingError:
        fitting = []
        for row in rows:
            try:
                frame(stream.record, [row])
                fitting.append(row)
            except MappingError as problem:
                aside.append(
                    SetAside(row["source_id"], row["company"], row["modified_at"], _reason(problem), row["source_record"])
                )
        return Page(frame(stream.record, fitting), tuple(aside))


def _set_aside(record: Values, text: str, batch: Batch, reason: str, setting: Setting) -> SetAside:
    try:
        modified_at = batch.walk.changes.latest(record)
    except _BAD_RECORD:
        modified_at = None
    company = record.get("company_id")
    code = setting.company or setting.companies.get(company if isinstance(company, int) else 0)
    return SetAside(str(record["id"]), code, modified_at, reason, text)


def _reason(problem: Exception) -> str:
    if isinstance(problem, MappingError):
        return str(problem)
    if isinstance(problem, KeyError):
        return f"Odoo's answer lacks the field {problem}"
    return f"a value is not what Odoo documents: {problem}"
