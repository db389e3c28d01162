"""The audit finds whatever was changed, removed or put in between."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from mlconnector_assets.errors import StateError
from mlconnector_assets.state import audit
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
        return audit.verify(tx, folder)


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
    for wrong in (rows().drop("error"), rows().with_columns(pl.col("position").cast(pl.String))):
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
    forged = audit._entry_hash(3, "file", "forged.csv", entry.segment, entry.prev_hash)
    tamper(state, sa.update(AUDIT_LOG).where(AUDIT_LOG.c.seq == 3).values(reference="forged.csv", hash=forged))
    assert problems(state, folder) == ["audit entry 4 does not follow from entry 3"]


def test_a_last_row_rewritten_with_a_fitting_hash_is_found(state: State, folder: Path, chain):
    entry = chain[4]
    forged = audit._entry_hash(5, "load", "forged", entry.segment, entry.prev_hash)
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
        assert audit.verify(tx, folder) == []
        assert len(audit.entries(tx)) == 60
