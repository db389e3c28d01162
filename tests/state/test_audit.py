"""The audit finds whatever was changed, removed or put in between."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from mlconnector_assets.errors import StateError
from mlconnector_assets.state import audit, audit_check, audit_search
from mlconnector_assets.state.database import State
from mlconnector_assets.state.schema import AUDIT_HEAD, AUDIT_LOG
from tests.state.workers import NOON, append_audit, in_many


def rows(count: int = 3, reference: str = "acme_1.csv") -> pl.DataFrame:
    made = [
        {
            "occurred_at": NOON,
            "kind": "file",
            "reference": reference,
            "source_id": str(number),
            "position": number,
            "status": "sent",
        }
        for number in range(1, count + 1)
    ]
    return pl.DataFrame(made, schema_overrides=audit.AUDIT_SCHEMA).match_to_schema(audit.AUDIT_SCHEMA, missing_columns="insert")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "audit"


@pytest.fixture
def chain(state: State, folder: Path) -> list[audit.AuditEntry]:
    """Five entries, each in a transaction of its own."""
    made = []
    for number in range(1, 6):
        segment = audit.write_segment(folder, rows(number, f"acme_{number}.csv"))
        with state.transaction() as tx:
            made.append(audit.append(tx, kind="load" if number == 5 else "file", reference=f"acme_{number}.csv", segment=segment))
    return made


def problems(state: State, folder: Path) -> list[str]:
    with state.reading() as tx:
        return audit_check.verify(tx, folder)


def tamper(state: State, *statements: sa.Executable) -> None:
    """Change the log as somebody would who has the right to drop its triggers."""
    with state.transaction() as tx:
        if tx.dialect.name == "sqlite":
            for what in ("update", "delete"):
                tx.exec_driver_sql(f"drop trigger audit_log_no_{what}")
        else:
            tx.exec_driver_sql("drop trigger audit_log_append_only on audit_log")
        for statement in statements:
            tx.execute(statement)


def test_a_segment_is_whole_named_by_its_content_and_the_same_for_the_same_rows(folder: Path):
    segment = audit.write_segment(folder, rows())
    assert audit.write_segment(folder, rows()) == segment
    assert [path.name for path in folder.iterdir()] == [segment.path] == [f"{segment.sha256}.parquet"]
    assert pl.read_parquet(folder / segment.path).equals(rows())
    assert segment.rows == 3


def test_rows_of_another_shape_are_refused(folder: Path):
    for wrong in (rows().drop("reason"), rows().with_columns(pl.col("position").cast(pl.String))):
        with pytest.raises(pl.exceptions.SchemaError):
            audit.write_segment(folder, wrong)
    assert list(folder.iterdir()) == []


def test_a_sound_chain(state: State, folder: Path, chain):
    assert problems(state, folder) == []
    assert [entry.seq for entry in chain] == [1, 2, 3, 4, 5]
    assert [entry.prev_hash for entry in chain] == [audit.GENESIS, *(entry.hash for entry in chain[:-1])]
    with state.reading() as tx:
        assert audit.entries(tx) == chain
        assert audit.entries(tx, kind="load") == audit.entries(tx, after=4) == chain[4:]
        assert audit.entries(tx, reference="acme_2.csv") == audit.entries(tx, after=1, limit=1) == chain[1:2]


def test_an_empty_audit_is_sound(state: State, folder: Path):
    assert problems(state, folder) == []


def test_a_transaction_that_failed_leaves_no_gap(state: State, folder: Path, chain):
    segment = audit.write_segment(folder, rows())
    with pytest.raises(InterruptedError), state.transaction() as tx:
        audit.append(tx, kind="file", reference="x", segment=segment)
        raise InterruptedError
    with state.transaction() as tx:
        assert audit.append(tx, kind="file", reference="x", segment=segment).seq == 6
    assert problems(state, folder) == []


def test_the_log_is_append_only(state: State, chain):
    for statement in (sa.update(AUDIT_LOG).values(reference="x"), sa.delete(AUDIT_LOG)):
        with pytest.raises(StateError, match="append-only"), state.transaction() as tx:
            tx.execute(statement)


@pytest.mark.parametrize("column", ["kind", "reference", "segment", "sha256", "rows", "prev_hash", "hash"])
def test_a_changed_row_is_found(state: State, folder: Path, chain, column: str):
    value = 99 if column == "rows" else "load" if column == "kind" else "f" * 64
    tamper(state, sa.update(AUDIT_LOG).where(AUDIT_LOG.c.seq == 3).values({column: value}))
    assert any("entry 3" in problem and "changed" in problem for problem in problems(state, folder))


@pytest.mark.parametrize(
    ("gone", "said"), [([1], "entries 1 to 1 are missing"), ([2, 3], "entries 2 to 3"), ([5], "5 to 5"), ([4, 5], "4 to 5")]
)
def test_a_missing_row_is_found_also_at_the_end(state: State, folder: Path, chain, gone: list[int], said: str):
    tamper(state, sa.delete(AUDIT_LOG).where(AUDIT_LOG.c.seq.in_(gone)))
    assert any(said in problem for problem in problems(state, folder))


def test_a_row_rewritten_with_a_fitting_hash_is_found(state: State, folder: Path, chain):
    entry = chain[2]
    forged = audit.entry_hash(3, "file", "forged.csv", entry.segment, entry.prev_hash)
    tamper(state, sa.update(AUDIT_LOG).where(AUDIT_LOG.c.seq == 3).values(reference="forged.csv", hash=forged))
    assert problems(state, folder) == ["audit entry 4 does not follow from entry 3"]


def test_a_last_row_rewritten_with_a_fitting_hash_is_found(state: State, folder: Path, chain):
    entry = chain[4]
    forged = audit.entry_hash(5, "load", "forged", entry.segment, entry.prev_hash)
    tamper(state, sa.update(AUDIT_LOG).where(AUDIT_LOG.c.seq == 5).values(reference="forged", hash=forged))
    assert problems(state, folder) == ["the head of the audit does not belong to entry 5"]


def test_a_lost_head_is_found(state: State, folder: Path, chain):
    with state.transaction() as tx:
        tx.execute(sa.delete(AUDIT_HEAD))
    assert problems(state, folder) == ["the head of the audit is missing"]


def test_a_changed_or_missing_segment_is_found(state: State, folder: Path, chain):
    changed, missing = folder / chain[1].segment.path, folder / chain[3].segment.path
    content = bytearray(changed.read_bytes())
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    missing.unlink()
    first, second = problems(state, folder)
    assert "acme_2.csv" in first and "was changed" in first
    assert "acme_4.csv" in second and "No such file" in second


def test_many_processes_append_to_one_chain(state: State, url: str, folder: Path):
    assert all(in_many(append_audit, [(url, folder, number) for number in range(6)]))
    with state.reading() as tx:
        assert audit_check.verify(tx, folder) == []
        assert len(audit.entries(tx)) == 60


def test_changed_fingerprints_are_found(state: State, folder: Path, chain):
    tamper(state, sa.update(AUDIT_LOG).where(AUDIT_LOG.c.seq == 2).values(fingerprints=b"    "))
    assert problems(state, folder) == ["the search fingerprints of audit entry 2 (file acme_2.csv) were changed"]


def test_a_segment_that_was_put_in_is_found(state: State, folder: Path, chain):
    stranger = audit.write_segment(folder, rows(9, "nobody.csv"))
    with state.reading() as tx:
        assert audit_check.strangers(tx, folder) == [stranger.path]
    assert problems(state, folder) == []


def test_progress_is_told(state: State, folder: Path, chain):
    told: list[tuple[int, int]] = []
    with state.reading() as tx:
        audit_check.verify(tx, folder, lambda done, total: told.append((done, total)))
    assert told == [(number, 5) for number in range(1, 6)]


def test_a_record_is_found_by_id_and_by_number_in_the_order_of_the_chain(state: State, folder: Path, chain):
    numbered = rows(2, "numbered.csv").with_columns(pl.Series("number", ["INV/7", None]))
    with state.transaction() as tx:
        audit.append(tx, kind="file", reference="numbered.csv", segment=audit.write_segment(folder, numbered))
    with state.reading() as tx:
        by_id = audit_search.find_rows(tx, folder, "2")
        by_number = audit_search.find_rows(tx, folder, "INV/7")
        nothing = audit_search.find_rows(tx, folder, "INV/8")
    assert by_id.schema == by_number.schema == nothing.schema == audit_search.FOUND_SCHEMA
    assert by_id.select("seq", "reference", "position").rows() == [
        *((number, f"acme_{number}.csv", 2) for number in range(2, 6)),
        (6, "numbered.csv", 2),
    ]
    assert by_number.select("seq", "source_id").rows() == [(6, "1")]
    assert nothing.is_empty()


def test_only_segments_that_can_hold_a_record_are_opened(state: State, folder: Path, chain):
    """The fifth segment is the only one with a record 5: the others need not even exist."""
    for entry in chain[:4]:
        (folder / entry.segment.path).unlink()
    with state.reading() as tx:
        assert audit_search.find_rows(tx, folder, "5").height == 1
        with pytest.raises(StateError, match="3 of 4 segments of the audit are missing"):
            audit_search.find_rows(tx, folder, "2")


def test_entries_of_an_early_version_have_no_keys_and_fewer_columns_and_are_searched_too(state: State, folder: Path, chain):
    path = folder / "old.parquet"
    rows(1, "old.csv").drop("actor", "reason", "file_name", "control_number").with_columns(error=pl.lit("x")).write_parquet(path)
    with state.transaction() as tx:
        audit.append(tx, kind="file", reference="old.csv", segment=audit.Segment(path.name, audit.file_hash(path), 1))
    tamper(state, sa.update(AUDIT_LOG).where(AUDIT_LOG.c.seq == 6).values(fingerprints=None))
    with state.reading() as tx:
        found = audit_search.find_rows(tx, folder, "1")
    assert found["reference"].to_list()[-1] == "old.csv"
    assert found["actor"].to_list()[-1] is None
    assert problems(state, folder) == []


def test_a_decision_is_chained_and_found_with_the_records_it_concerns(state: State, folder: Path, chain):
    held = pl.DataFrame({"source_id": ["7", "8"], "number": ["INV/7", "INV/8"]})
    alone = audit.Decision("secret_set", "secret odoo-api-key", "eva@desk", NOON)
    with state.transaction() as tx:
        released = audit.Decision(
            "hold_released", "hold 3", "eva@desk", NOON, reason="asked by ACME", partner="acme", flow="invoices",
            connection="odoo", record="invoices",
        )  # fmt: skip
        audit.decide(tx, folder, released, held)
        audit.decide(tx, folder, alone)
    with state.reading() as tx:
        found = audit_search.find_rows(tx, folder, "INV/8").to_dicts()
        everything = audit_search.scan(folder, audit.entries(tx, kind="decision"))
    assert [
        {key: row[key] for key in ("seq", "kind", "reference", "status", "actor", "reason", "connection")} for row in found
    ] == [
        {
            "seq": 6,
            "kind": "decision",
            "reference": "hold 3",
            "status": "hold_released",
            "actor": "eva@desk",
            "reason": "asked by ACME",
            "connection": "odoo",
        }
    ]
    assert everything.select("reference", "status").collect().rows()[-1] == ("secret odoo-api-key", "secret_set")
    assert problems(state, folder) == []


def test_a_decision_that_is_rolled_back_was_not_taken(state: State, folder: Path, chain):
    with pytest.raises(InterruptedError), state.transaction() as tx:
        audit.decide(tx, folder, audit.Decision("baseline_set", "flow acme.invoices", "eva@desk", NOON))
        raise InterruptedError
    with state.reading() as tx:
        assert audit.entries(tx) == chain
    assert problems(state, folder) == []
