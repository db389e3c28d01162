"""Which candidates leave now, and which wait for a person. Nothing is written here; `holding.py` carries it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from statistics import median
from typing import Literal

import polars as pl

from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import documents, flow_rules, holds
from mlconnector_assets.state.documents import DEVIATED, GONE_OUT, WAITING, Deviation, DocumentRow
from mlconnector_assets.steps.bodies import sums
from mlconnector_assets.steps.business_hash import comparable
from mlconnector_assets.steps.candidates import LOOK_UP, Candidates, document_rows, load_documents
from mlconnector_assets.steps.eligibility import Rules, rules_of
from mlconnector_assets.steps.workspace import Workspace

HOLD_ABOVE = 500
USUAL_TIMES = 5
RUNS_FOR_A_MEDIAN = 5
NEVER_BELOW = 20


@dataclass(frozen=True)
class Memory:
    """What is remembered of a flow: confirmed rules (None: nobody confirmed any), whether it ever sent something, sizes
    of its last runs, and rules that wait for a decision or were refused."""

    confirmed: Rules | None
    has_history: bool
    run_sizes: Sequence[int]
    undecided: Sequence[Rules]


@dataclass(frozen=True)
class Move:
    """A document that left, and what has to happen to its row: `deviate` opens a hold, `reopen` sends it again, `leave`
    and `see` only remember. `seen_hash` is its newest version."""

    row: DocumentRow
    to: Literal["deviate", "reopen", "leave", "see"]
    seen_hash: str | None
    deviation: Deviation | None = None

    @property
    def tells_of_a_change(self) -> bool:
        """Whether the document is different from what was sent, and this was not known before."""
        return self.deviation == "changed" or self.to in ("see", "reopen")


@dataclass(frozen=True)
class NewHold:
    """A hold to open over documents that have not left (`rows`), or that would leave again (`moves`)."""

    kind: str
    about: str
    rows: tuple[DocumentRow, ...]
    totals: dict[str, str]
    source_id: str | None = None
    rules: Rules | None = None
    moves: tuple[Move, ...] = ()


@dataclass
class Verdict:
    """What becomes of the candidates. `go` leaves now, in this order; `given_up` waited and is not eligible any more;
    `confirm` are rules to be taken as confirmed, because they admit nothing that the confirmed ones do not."""

    go: list[str] = field(default_factory=list)
    holds: list[NewHold] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    given_up: list[DocumentRow] = field(default_factory=list)
    confirm: Rules | None = None


def recall(workspace: Workspace, partner: Partner, flow: Flow) -> Memory:
    """What is remembered of a flow; the rules of a database that did not keep them are taken to be the present ones."""
    with workspace.state.reading() as tx:
        confirmed = flow_rules.confirmed(tx, partner.book, flow.name)
        undecided = [
            hold.rules
            for hold in holds.listing(tx, partner.book, flow.name, states=("open", "dismissed"))
            if hold.kind == "rules_changed" and hold.rules
        ]
        return Memory(
            confirmed=rules_of(flow) if confirmed == {} else confirmed,
            has_history=flow_rules.has_history(tx, partner.book, flow.name),
            run_sizes=flow_rules.run_sizes(tx, partner.book, flow.name),
            undecided=undecided,
        )


def judge(
    workspace: Workspace, partner: Partner, flow: Flow, *, found: Candidates, waiting: Sequence[DocumentRow], memory: Memory
) -> Verdict:
    """Decide about every candidate."""
    verdict = Verdict()
    may_leave = found.found.filter("_may_leave")
    eligible_ids = set(may_leave["source_id"])
    void_ids = set(found.found.filter(~pl.col("_may_leave"))["source_id"])
    verdict.given_up = [row for row in waiting if row.source_id not in eligible_ids and not _is_void(row, void_ids)]
    verdict.moves = [*_void(found, void_ids), *_changes(partner, flow, found, may_leave)]
    new = may_leave.filter(~pl.col("source_id").is_in(list(found.known)))
    new = _hold_same_numbers(workspace, partner, flow, verdict, new)
    new = _hold_unconfirmed(partner, flow, memory, verdict, new)
    _hold_too_many(partner, flow, memory, verdict, found=found, new=new)
    going = {row.source_id for row in waiting} & eligible_ids
    going |= {move.row.source_id for move in verdict.moves if move.to == "reopen"}
    going |= set(new["source_id"]) - {row.source_id for hold in verdict.holds for row in hold.rows}
    verdict.go = [source_id for source_id in may_leave["source_id"] if source_id in going]
    return verdict


def limit_of(flow: Flow, run_sizes: Sequence[int]) -> int:
    """Most documents that leave in one run without being asked: `hold_above` if the flow has it; else 500, or 5 times
    the median of its runs if that is less, but never below 20."""
    if flow.hold_above is not None:
        return flow.hold_above
    if len(run_sizes) < RUNS_FOR_A_MEDIAN:
        return HOLD_ABOVE
    return min(HOLD_ABOVE, max(NEVER_BELOW, int(USUAL_TIMES * median(run_sizes))))


def compare(row: DocumentRow, now: DocumentRow, policy: str) -> Move | None:
    """What a version of a document that left means, given what was sent. None: nothing new."""
    if not comparable(row.business_hash, now.business_hash):
        return None
    if now.business_hash == row.business_hash:
        return Move(row, "leave", None) if row.state in DEVIATED or row.seen_hash is not None else None
    if row.seen_hash == now.business_hash:
        return None
    if row.state == "changed" or policy == "ignore":
        return Move(row, "see" if row.state in ("changed", *GONE_OUT) else "leave", now.business_hash)
    if policy == "send_replacement":
        return Move(row, "reopen", now.business_hash)
    return Move(row, "deviate", now.business_hash, "changed")


def _is_void(row: DocumentRow, void_ids: set[str]) -> bool:
    return row.delivery_id is not None and row.source_id in void_ids


def _void(found: Candidates, void_ids: set[str]) -> list[Move]:
    """Documents that left and are void now; the same finding is not made twice."""
    void = found.found.filter(pl.col("source_id").is_in(sorted(void_ids)))
    moves = []
    for source_id, modified_at, read_at in void.select("source_id", "modified_at", "read_at").iter_rows():
        row = found.known.get(source_id)
        if row is None or row.seen_hash == "cancelled" or not _is_newer(row, modified_at, read_at):
            continue
        if row.state in (*GONE_OUT, "changed") or (row.state in WAITING and row.delivery_id is not None):
            moves.append(Move(row, "deviate", "cancelled", "cancelled"))
    return moves


def _is_newer(row: DocumentRow, modified_at: datetime, read_at: datetime) -> bool:
    """Stamps and the source's clock have whole seconds, which hide what follows within one: equal ones are compared too."""
    return read_at >= row.read_at and (row.modified_at is None or modified_at >= row.modified_at)


def _changes(partner: Partner, flow: Flow, found: Candidates, may_leave: pl.DataFrame) -> list[Move]:
    """Documents that left and were read again since; an older version than the one on record is passed over."""
    record = RECORDS[flow.record]
    left = {key: row for key, row in found.known.items() if row.state in (*GONE_OUT, *DEVIATED)}
    again = [
        source_id
        for source_id, modified_at, read_at in may_leave.select("source_id", "modified_at", "read_at").iter_rows()
        if (row := left.get(source_id)) and _is_newer(row, modified_at, read_at)
    ]
    moves = []
    for start in range(0, len(again), LOOK_UP):
        frame = load_documents(found, again[start : start + LOOK_UP], record)
        for source_id, now in document_rows(partner, flow, frame).items():
            if move := compare(left[source_id], now, flow.changed):
                moves.append(move)
    return moves


def _hold_same_numbers(workspace: Workspace, partner: Partner, flow: Flow, verdict: Verdict, new: pl.DataFrame) -> pl.DataFrame:
    """Hold each new document whose number another document of its company has, on record or among the older new ones."""
    record = RECORDS[flow.record]
    if record.date_column is None or record.number_column == "source_id" or new.is_empty():
        return new
    with workspace.state.reading() as tx:
        on_record = documents.same_numbers(tx, partner.book, flow.name, new["number"].drop_nulls().unique().to_list())
    taken: dict[tuple[str, str | None], str] = {}
    for number, company, source_id in on_record:
        taken[number, company] = source_id
    doubled = set()
    for source_id, number, company in new.select("source_id", "number", "company").iter_rows():
        if number is None:
            continue
        other = taken.get((number, company)) or taken.get((number, None))
        if other is None:
            taken[number, company] = source_id
            continue
        doubled.add(source_id)
        one = new.filter(pl.col("source_id") == source_id)
        about = f"{number} is the number of document {other} of the same company as well"
        verdict.holds.append(_held(partner, flow, "same_number", about, one, source_id=source_id))
    return new.filter(~pl.col("source_id").is_in(sorted(doubled)))


def _hold_unconfirmed(partner: Partner, flow: Flow, memory: Memory, verdict: Verdict, new: pl.DataFrame) -> pl.DataFrame:
    """Hold the new documents that no confirmed rules admit; returns the others."""
    rules = rules_of(flow)
    if memory.confirmed is None:
        kind = "lost_state" if memory.has_history else "first_run"
        if new.height:
            verdict.holds.append(_held(partner, flow, kind, holds.KINDS[kind], new, rules=rules))
        return new.clear()
    unconfirmed = new.filter(~pl.col("_confirmed"))
    if unconfirmed.height:
        about = "; ".join(_widened(memory.confirmed, rules)) or holds.KINDS["rules_changed"]
        verdict.holds.append(_held(partner, flow, "rules_changed", about, unconfirmed, rules=rules))
    elif rules not in memory.undecided:
        verdict.confirm = rules
    return new.filter("_confirmed")


def _hold_too_many(
    partner: Partner, flow: Flow, memory: Memory, verdict: Verdict, *, found: Candidates, new: pl.DataFrame
) -> None:
    """Hold all that would leave without anybody asked, when it is more than usual: new documents, and replacements
    that the policy sends."""
    again = [move for move in verdict.moves if move.to == "reopen"]
    count, limit = new.height + len(again), limit_of(flow, memory.run_sizes)
    if count <= limit:
        return
    about = f"{count} documents would leave at once; more than {limit} in one run wait for a person"
    hold = _held(partner, flow, "above_limit", about, new)
    frame = found.found.filter(pl.col("source_id").is_in([*new["source_id"], *(move.row.source_id for move in again)]))
    verdict.moves = [move for move in verdict.moves if move.to != "reopen"]
    deviations = tuple(replace(move, to="deviate", deviation="changed") for move in again)
    verdict.holds.append(replace(hold, totals=sums(frame, RECORDS[flow.record]), moves=deviations))


def _held(
    partner: Partner,
    flow: Flow,
    kind: str,
    about: str,
    frame: pl.DataFrame,
    *,
    source_id: str | None = None,
    rules: Rules | None = None,
) -> NewHold:
    rows = tuple(
        DocumentRow(
            partner=partner.book,
            flow=flow.name,
            connection=flow.connection,
            source_id=key,
            number=number,
            company=company,
            modified_at=modified_at,
            read_at=read_at,
            business_hash="",
            reason=about,
        )
        for key, number, company, modified_at, read_at in frame.select(
            "source_id", "number", "company", "modified_at", "read_at"
        ).iter_rows()
    )
    return NewHold(kind, about, rows, sums(frame, RECORDS[flow.record]), source_id, rules)


def _widened(before: Rules, now: Rules) -> list[str]:
    return [f"{key}: {before.get(key)} became {value}" for key, value in now.items() if before.get(key) != value]
