"""Batching: every document is in exactly one file, in order, and no file is above a limit."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from types import SimpleNamespace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlconnector_assets.partners import Partner
from mlconnector_assets.records import RECORDS
from mlconnector_assets.steps import next_file as module
from mlconnector_assets.steps.encoding import encoded
from mlconnector_assets.steps.next_file import batches, next_file
from tests.partners.samples import flow, target

VENDORS = RECORDS["vendors"]
NOW = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)


class Nothing:
    """A state database in which nothing was ever sent."""

    def reading(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture(autouse=True)
def _nothing_sent(monkeypatch):
    monkeypatch.setattr(module.control_numbers, "peek", lambda tx, scope: 1)
    monkeypatch.setattr(module.deliveries, "named", lambda *_: None)


WORKSPACE = SimpleNamespace(clock=lambda: NOW, state=Nothing())


def vendors(names: list[str], companies: list[str | None] | None = None) -> pl.DataFrame:
    rows = [
        {"source_id": str(index), "reference": f"V{index}", "name": name, "active": True, "company": company}
        for index, (name, company) in enumerate(zip(names, companies or [None] * len(names), strict=True))
    ]
    return pl.DataFrame(rows, schema=VENDORS.schema)


def partner_with(**keys) -> Partner:
    one = flow(
        name="vendors",
        record="vendors",
        kind="documents",
        layout={"columns": ["reference", {"name": "name", "required": True}]},
        **keys,
    )
    return Partner(id="acme", name="ACME", mode="live", sftp=target(), flows={"vendors": one})


def all_files(partner: Partner, documents: pl.DataFrame) -> list[module.NextFile]:
    one, files = partner.flows["vendors"], []
    for batch in batches(one, documents):
        waiting = batch
        while not waiting.is_empty():
            made = next_file(WORKSPACE, partner, one, waiting)
            assert made.documents_used >= 1
            files.append(made)
            waiting = waiting.slice(made.documents_used)
    return files


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.text("ab ", max_size=60), st.sampled_from(["nl", "us", None])), min_size=1, max_size=25),
    st.integers(1, 30),
    st.integers(16, 300),
    st.booleans(),
)
def test_no_document_is_lost_or_doubled_and_both_limits_hold(rows, most, largest, split) -> None:
    documents = vendors([name for name, _ in rows], [company for _, company in rows])
    partner = partner_with(documents_per_file=most, largest_file=f"{largest}B", split_by="company" if split else None)
    files = all_files(partner, documents)
    inside = [source_id for made in files for source_id in made.body.documents["source_id"]]
    blocked = [source_id for made in files for source_id in made.body.blocked]
    assert sorted(inside + list(set(blocked)), key=int) == documents["source_id"].to_list()
    assert not set(inside) & set(blocked)
    for made in files:
        assert made.body.documents.height <= most
        assert len(made.content) <= largest
        assert bool(made.name) == (made.body.documents.height > 0)
        assert made.body.documents["source_id"].cast(int).is_sorted()
        assert not split or made.body.documents["company"].n_unique() <= 1
    for source_id in set(blocked):
        name = rows[int(source_id)][0]
        alone = next_file(WORKSPACE, partner_with(), partner_with().flows["vendors"], documents[int(source_id)])
        assert not name.strip() or len(alone.content) > largest


def test_a_document_that_is_too_large_alone_is_blocked_with_its_reason() -> None:
    made = all_files(partner_with(largest_file="60B"), vendors(["a", "b" * 100, "c"]))
    assert [file.body.documents["source_id"].to_list() for file in made if file.name] == [["0"], ["2"]]
    (reason,) = {reason for file in made for reason in file.body.blocked.values()}
    assert "119 bytes, above `largest_file: 60`" in reason


def test_each_document_in_a_file_of_its_own_with_its_number() -> None:
    documents = vendors(["a", "b"]).with_columns(reference=pl.Series(["A/1", None]))
    made = all_files(partner_with(documents_per_file=1, file_name="{number}_{date}_{time:%H%M}.csv"), documents)
    assert [file.name for file in made] == ["A-1_2026-03-01_2330.csv", ""]
    assert "has no number" in made[1].body.blocked["1"]


def test_a_name_that_a_file_has_already_blocks_its_document(monkeypatch) -> None:
    monkeypatch.setattr(module.deliveries, "named", lambda *_: 12)
    made = all_files(partner_with(documents_per_file=1, file_name="{number}.csv"), vendors(["a"]))
    assert "the name of delivery 12; add {control_number}" in made[0].body.blocked["0"]
    assert made[0].name == ""


def test_dates_in_names_are_those_of_the_time_zone() -> None:
    pattern = "{date:%Y%m%d}_{control_number}.csv"
    assert all_files(partner_with(file_name=pattern), vendors(["a"]))[0].name == "20260301_1.csv"
    east = partner_with(file_name=pattern, timezone="Asia/Tokyo")
    assert all_files(east, vendors(["a"]))[0].name == "20260302_1.csv"


def test_compressed_bytes_are_always_the_same_and_hold_the_content() -> None:
    (made,) = all_files(partner_with(compress="gzip"), vendors(["a" * 500]))
    partner = partner_with(compress="gzip")
    sent = encoded(WORKSPACE, partner, partner.flows["vendors"], made.content)
    assert gzip.decompress(sent) == made.content
    assert len(sent) < len(made.content)
    assert sent == encoded(WORKSPACE, partner, partner.flows["vendors"], made.content)
    assert sent[4:8] == bytes(4)
    assert made.name == "acme_vendors_000001.csv.gz"
