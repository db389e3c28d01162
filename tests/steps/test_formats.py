"""Fixed-width and XML files through whole cycles: read from the sandbox, delivered over SFTP, and read here by other
means than ours."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import polars as pl

from mlconnector_assets.steps.cycle import run_cycle
from mlconnector_assets.steps.preview import preview_flow
from mlconnector_assets.steps.workspace import open_workspace
from tests.project import INVOICES_FLOW, ProjectFolder, write_project


def delivered(project: ProjectFolder, **flow: Any) -> tuple[bytes, pl.DataFrame]:
    """The one file of a flow after a cycle, and its audit rows (source_id, number, position)."""
    write_project(project.root, project.sandbox, home=project.inbox.name, flows={"feed": INVOICES_FLOW | flow})
    with open_workspace(project.root) as workspace:
        seen = preview_flow(workspace, "acme", "feed")
        assert seen.file.body.documents.is_empty()
        outcome = run_cycle(workspace)
        assert not outcome.failures, outcome.failures
        assert [render.blocked for render in outcome.renders] == [{}]
        segments = list(workspace.audit_folder.rglob("*.parquet"))
        audit = pl.concat([pl.read_parquet(path) for path in segments], how="diagonal").filter(pl.col("kind") == "file")
    ((_, content),) = project.files().items()
    return content, audit.sort("position")


def amount(text: str) -> Decimal:
    """`000000000012345-` is -123.45."""
    return Decimal(text[-1].strip() + text[:-1]).scaleb(-2)


def test_gl_postings_in_fixed_width(project: ProjectFolder) -> None:
    content, audit = delivered(
        project, record="gl_entries", where="state = 'posted'", format="fixed_width", layout="fixed_width/gl_postings"
    )
    assert content.endswith(b"\r\n")
    lines = content.decode().removesuffix("\r\n").split("\r\n")
    assert {len(line) for line in lines} == {200}
    assert lines[0].startswith("HACME") and lines[0][31:40] == "000000001"
    entries = [line for line in lines if line[0] == "E"]
    postings = [line for line in lines if line[0] == "P"]
    assert len(entries) > 50
    assert lines[-1][0:28] == f"T{len(entries):09}{len(postings):09}{len(lines):09}"
    debits, credits = (sum(amount(line[place]) for line in postings) for place in (slice(93, 109), slice(109, 125)))
    assert debits == credits == amount(lines[-1][28:46]) == amount(lines[-1][46:64]) > 0
    kinds = "".join(line[0] for line in lines[1:-1])
    assert "EE" not in kinds and kinds[0] == "E"
    for source_id, number, position in audit.select("source_id", "number", "position").iter_rows():
        assert lines[position - 1][0] == "E", source_id
        assert lines[position - 1][9:33].strip() == number
    assert audit.height == len(entries)


def test_invoices_in_xml(project: ProjectFolder) -> None:
    project.sandbox.control.post_invoice(company=2, lines=[{"name": 'Bolt ½″ <&> "x"', "quantity": 3, "price": "19.99"}])
    content, audit = delivered(project, format="xml", layout="xml/invoices")
    root = ElementTree.fromstring(content)
    assert (root.get("controlNumber"), root.get("count")) == ("1", str(len(root)))
    for source_id, number, position in audit.select("source_id", "number", "position").iter_rows():
        assert (root[position - 1].get("id"), root[position - 1].findtext("Number")) == (source_id, number)
    assert audit.height == len(root) > 10
    assert 'Bolt ½″ <&> "x"' in [text.text for text in root.iter("Description")]
    for invoice in root:
        lines = sum(Decimal(net.text or "") for net in invoice.findall("Lines/Line/NetAmount"))
        assert lines == Decimal(invoice.findtext("Totals/NetAmount") or "")


def test_a_value_that_does_not_fit_blocks_its_document_and_no_other(project: ProjectFolder) -> None:
    layout = {
        "columns": [{"name": "number", "width": 30}, {"name": "name", "value": "counterparty.name", "width": 28}],
        "fixed_width": {"encoding": "utf-8"},
    }
    write_project(
        project.root,
        project.sandbox,
        home=project.inbox.name,
        flows={"feed": INVOICES_FLOW | {"format": "fixed_width", "layout": layout}},
    )
    with open_workspace(project.root) as workspace:
        outcome = run_cycle(workspace)
    (render,) = outcome.renders
    assert render.blocked and render.documents
    assert all("column `name`: '" in reason and "the column's width is 28" in reason for reason in render.blocked.values())
    ((_, content),) = project.files().items()
    assert len(content.decode().splitlines()) == render.documents
    assert {len(line) for line in content.decode().splitlines()} == {58}
