"""Fixed-width writing beside bare `polars.write_csv` of the same rows of text in the same run: 1,000,000 invoices; rounds
alternate and the best of each counts. Ours writes slice by slice as a flow does, pads every value, refuses what would
break a line, and encodes. XML, and the whole way from records to bytes, are shown without a goal.

Goal: fixed-width writing within 2 times of bare `write_csv`.
"""

from __future__ import annotations

import polars as pl

from benchmarks.delimited import AMOUNTS, COLUMNS, ROWS, bare, best, invoices
from mlconnector_assets.formats import fixed_width, xml
from mlconnector_assets.layouts import CompiledLayout, Delimited, FileFormat, Layout, compile_layout
from mlconnector_assets.partners import Flow
from mlconnector_assets.records import INVOICES
from mlconnector_assets.steps.bodies import SLICE, make_body

GOAL, XML_ROWS = 2.0, 100_000
WIDTHS = {"company": 8, "document_type": 12, "number": 16, "counterparty_number": 20, "document_date": 8, "due_date": 8,
          "currency": 3, "payment_state": 12}  # fmt: skip
DATES = ("document_date", "due_date")


def written(encoding: str) -> Layout:
    """Twelve columns, texts left, amounts right with zeros and implied decimals."""
    texts = [
        {"name": name, "width": WIDTHS[name], "date_format": "%Y%m%d" if name in DATES else None}
        for name in COLUMNS
        if name not in AMOUNTS
    ]
    amounts = [{"name": name, "width": 15, "implied_decimals": 2, "pad": "0", "sign": "trailing"} for name in AMOUNTS]
    return Layout.model_validate({"columns": texts + amounts, "fixed_width": {"encoding": encoding}})


def compiled(layout: Layout, file_format: FileFormat) -> CompiledLayout:
    """The layout for invoices."""
    return compile_layout(layout, INVOICES, file_format=file_format)


def run() -> list[tuple[str, str]]:
    """Lines of what was measured, beside what."""
    documents = invoices(ROWS)
    lines = []
    for encoding in ("utf-8", "cp1252"):
        layout = compiled(written(encoding), "fixed_width")
        slices = [layout.apply(some) for some in documents.iter_slices(SLICE)]
        rows = pl.concat([applied.parts[0].texts for applied in slices], rechunk=True)
        peer = Delimited(encoding=encoding)
        ours, theirs = best(
            lambda layout=layout, slices=slices: b"".join(fixed_width.body(applied, layout) for applied in slices),
            lambda rows=rows, peer=peer: bare(rows, peer),
        )
        took = f"{ours:.2f} s; bare write_csv {theirs:.2f} s"
        verdict = f"{ours / theirs:.2f} x its time (goal {GOAL} x: {'met' if ours <= GOAL * theirs else 'MISSED'})"
        lines.append(
            (
                f"fixed width {ROWS:,} x {len(COLUMNS)}, {encoding}",
                f"{took}; ours takes {verdict}",
            )
        )
    tags = compiled(Layout.model_validate({"columns": list(COLUMNS)}), "xml")
    applied = tags.apply(documents.head(XML_ROWS))
    ours, theirs = best(lambda: xml.body(applied, tags), lambda: bare(applied.parts[0].texts, Delimited()))
    size = len(xml.body(applied, tags)) / 1e6
    lines.append((f"xml {XML_ROWS:,} x {len(COLUMNS)}, {size:.0f} MB", f"{ours:.2f} s; bare write_csv {theirs:.2f} s"))
    flow = Flow.model_validate(
        {"name": "bench", "connection": "odoo", "record": "invoices", "format": "fixed_width", "layout": written("utf-8"),
         "companies": "all", "counterparties": "all", "since": "2020-01-01"}
    )  # fmt: skip
    ours, theirs = best(lambda: make_body(flow, INVOICES, documents), lambda: bare(documents.select(COLUMNS), Delimited()))
    return [*lines, ("records to a fixed-width body", f"{ours:.2f} s; bare write_csv of the typed columns {theirs:.2f} s")]


def main() -> None:
    """Print what `run` measured."""
    for what, result in run():
        print(f"{what:<60} {result}")


if __name__ == "__main__":
    main()
