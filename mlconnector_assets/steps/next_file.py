"""The next file of a flow, ready to leave: as many of the waiting documents as fit, rendered and named.
Nothing is claimed; the numbers are those that would be taken now, and the outbox makes sure that they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl
from sqlalchemy import Connection

from mlconnector_assets.layouts import FileFacts
from mlconnector_assets.partners import file_names
from mlconnector_assets.partners.file_names import NameFacts, Unnameable
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import control_numbers, deliveries
from mlconnector_assets.steps.bodies import Body, make_body
from mlconnector_assets.steps.workspace import Workspace


@dataclass(frozen=True)
class Numbers:
    """The numbers of a file: `control` counts all files of the flow, `sequence` those of `day` (in the flow's zone)
    where its names ask for it."""

    control: int
    sequence: int
    day: str

    @classmethod
    def peek(cls, tx: Connection, scope: str, flow: Flow, day: str) -> Numbers:
        """Those that `take` would give now."""
        return cls(control_numbers.peek(tx, scope), control_numbers.peek(tx, f"{scope}.{day}") if _counts_days(flow) else 0, day)

    def take(self, tx: Connection, scope: str, flow: Flow) -> bool:
        """Take the next numbers for good; whether they are these."""
        control = control_numbers.take(tx, scope)
        sequence = control_numbers.take(tx, f"{scope}.{self.day}") if _counts_days(flow) else 0
        return (control, sequence) == (self.control, self.sequence)


def numbers_scope(partner: Partner, flow: Flow) -> str:
    """Whose control numbers a flow takes; those of test mode are apart."""
    return f"{partner.book}.{flow.name}"


def _counts_days(flow: Flow) -> bool:
    return "sequence" in file_names.placeholders(flow.pattern)


@dataclass(frozen=True)
class NextFile:
    """A file that can enter the outbox.

    `body` has its documents, and those that are blocked. `content` is what people and programs read, before it is
    compressed or encrypted. `documents_used` counts the documents that were looked at: the
    others wait for a further file. Without a document in it there is no name, and nothing to send.
    """

    name: str
    numbers: Numbers
    made_at: datetime
    body: Body
    content: bytes
    documents_used: int


def batches(flow: Flow, documents: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Documents (with `company`, where the flow splits by it) in groups that may share a file, in their order."""
    groups = documents.partition_by(flow.split_by, maintain_order=True) if flow.split_by else [documents]
    for group in groups:
        yield from group.iter_slices(flow.documents_per_file)


def next_file(workspace: Workspace, partner: Partner, flow: Flow, documents: pl.DataFrame) -> NextFile:
    """The file with the first of these documents (whole rows of the flow's record): all of them, or as many as
    `largest_file` allows. Documents that are too large alone, or that make no name, are blocked with their reason."""
    now = workspace.clock()
    with workspace.state.reading() as tx:
        numbers = Numbers.peek(tx, numbers_scope(partner, flow), flow, f"{now.astimezone(flow.zone):%Y-%m-%d}")

    def made(body: Body) -> tuple[str, bytes]:
        if body.documents.is_empty():
            return "", b""
        name = _free(workspace, partner, flow, _name(partner, flow, numbers, now, body))
        return name, body.content(
            FileFacts(numbers.control, now, partner.id, partner.name, flow.name, name, partner.mode == "test")
        )

    body, name, content, used = _fitting(flow, documents, made)
    return NextFile(name, numbers, now, body, content, used)


def _name(partner: Partner, flow: Flow, numbers: Numbers, now: datetime, body: Body) -> str:
    first = body.documents.row(0, named=True)
    number = first[RECORDS[flow.record].number_column]
    at = now.astimezone(flow.zone)
    return flow.remote_name(NameFacts(partner.id, flow.name, numbers.control, numbers.sequence, at, number, first["company"]))


def _fitting(flow: Flow, documents: pl.DataFrame, made: Callable[[Body], tuple[str, bytes]]) -> tuple[Body, str, bytes, int]:
    """A body of the first documents whose file is not larger than allowed, what was `made` of it (name and bytes), and
    how many documents were looked at."""
    record, limit, count = RECORDS[flow.record], flow.largest_file, documents.height
    while True:
        body = make_body(flow, record, documents.head(count))
        try:
            name, content = made(body)
        except Unnameable as unnameable:
            return _all_blocked(body, str(unnameable)), "", b"", count
        inside, size = body.documents.height, len(content)
        if limit is None or size <= limit or not inside:
            return body, name, content, count
        if inside == 1:
            reason = (
                f"its file would have {size:,} bytes, above `largest_file: {limit:,}`; shorten it at the source, or allow more"
            )
            return _all_blocked(body, reason), "", b"", count
        fewer = min(inside - 1, max(1, inside * limit // size))
        last = body.documents["source_id"][fewer - 1]
        count = int(documents["source_id"].index_of(last) or 0) + 1


def _free(workspace: Workspace, partner: Partner, flow: Flow, name: str) -> str:
    """The name itself. Raises Unnameable if it was made from a document's number, and a file has it already."""
    if "number" not in file_names.placeholders(flow.pattern):
        return name
    with workspace.state.reading() as tx:
        other = deliveries.named(tx, partner.id, partner.outbox, name)
    if other is not None:
        raise Unnameable(
            f"its file would be named {name}, which is the name of delivery {other}; "
            "add {control_number} to `file_name`, or change its number at the source"
        )
    return name


def _all_blocked(body: Body, reason: str) -> Body:
    blocked = {**body.blocked, **dict.fromkeys(body.documents["source_id"], reason)}
    return replace(body, written=b"", documents=body.documents.clear(), totals={}, blocked=blocked)
