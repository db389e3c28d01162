"""What a flow finds in the store: every document that may leave or is void, beside what is on record about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS, Record
from mlconnector_assets.state import documents
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.state.reads import PartitionRead
from mlconnector_assets.steps.business_hash import business_hashes
from mlconnector_assets.steps.cut_off import waits
from mlconnector_assets.steps.eligibility import Rules, newest_judged
from mlconnector_assets.steps.rows import newest_rows
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.store.current import newest_versions

LOOK_UP = 5_000


@dataclass(frozen=True)
class Candidates:
    """Documents in the order of their modification.

    `found`: source_id, number, company, modified_at, read_at, the record's totals and currency, and the flags of
    `newest_judged`. `rows` scans the partitions they lie in, with `read_at`; `known` is what is on record about them.
    `late` counts new documents that are left out, because they came after the flow's cut-off.
    """

    found: pl.DataFrame
    rows: pl.LazyFrame
    known: Mapping[str, DocumentRow]
    late: int = 0

    def select(self, source_ids: Sequence[str]) -> pl.DataFrame:
        """Those of `found` with these ids, in its order."""
        return self.found.filter(pl.col("source_id").is_in(list(source_ids)))


def find_candidates(
    workspace: Workspace,
    partner: Partner,
    flow: Flow,
    *,
    due: Sequence[PartitionRead],
    waiting: Sequence[DocumentRow],
    rules: Rules | None,
) -> Candidates:
    """What the flow could send now, given partitions not judged yet and documents that wait. A newer version always
    lies in the same or a later day, so partitions from the first of them on are enough."""
    record = RECORDS[flow.record]
    began = [read.day for read in due] + [row.modified_at.date() if row.modified_at else date.min for row in waiting]
    rows = newest_rows(workspace, flow.connection, record, from_day=min(began, default=date.max))
    wanted = dict.fromkeys(["source_id", "read_at", record.number_column, "company", *money_columns(record)])
    judged = newest_judged(rows, flow, rules, *wanted)
    number = pl.col(record.number_column).cast(pl.String).alias("number")
    found = judged.with_columns(number).sort("modified_at", "source_id").collect()
    known = on_record(workspace, partner, flow, found["source_id"])
    late = found.select(waits(flow, workspace.clock()) & ~pl.col("source_id").is_in(list(known))).to_series()
    return Candidates(found.filter(~late), rows, known, int(late.sum()))


def on_record(workspace: Workspace, partner: Partner, flow: Flow, source_ids: pl.Series) -> dict[str, DocumentRow]:
    """The rows that exist about these documents."""
    known: dict[str, DocumentRow] = {}
    with workspace.state.reading() as tx:
        for start in range(0, len(source_ids), LOOK_UP):
            chunk = source_ids.slice(start, LOOK_UP).to_list()
            known |= documents.known(tx, partner.book, flow.name, flow.connection, chunk)
    return known


def load_documents(found: Candidates, source_ids: Sequence[str], record: Record) -> pl.DataFrame:
    """The whole rows of these candidates, in their order; frame of the record's schema without source_record, with read_at."""
    rows = found.rows.filter(pl.col("source_id").is_in(list(source_ids))).drop("source_record")
    newest = newest_versions(rows, record).collect()
    order = pl.DataFrame({"source_id": source_ids}, schema={"source_id": pl.String})
    return order.join(newest, on="source_id", how="left", maintain_order="left").select(newest.columns)


def document_rows(partner: Partner, flow: Flow, frame: pl.DataFrame) -> dict[str, DocumentRow]:
    """Rows for the state database of whole documents, by source id."""
    record = RECORDS[flow.record]
    hashes = business_hashes(frame, record)
    number = pl.col(record.number_column).cast(pl.String).alias("_number")
    identity = frame.select("source_id", number, "company", "modified_at", "read_at")
    return {
        source_id: DocumentRow(
            partner=partner.book,
            flow=flow.name,
            connection=flow.connection,
            source_id=source_id,
            number=number,
            company=company,
            modified_at=modified_at,
            read_at=read_at,
            business_hash=hashes[source_id],
        )
        for source_id, number, company, modified_at, read_at in identity.iter_rows()
    }


def money_columns(record: Record) -> tuple[str, ...]:
    """The record's totals and the currency they are in; nothing when it has none."""
    return (*record.totals, record.currency_column) if record.currency_column else ()
