"""Totals of EDIFACT messages against what they are totals of.

The number of lines (CNT 2), the total of the lines (MOA 79) and what a remittance pays (MOA 12) have one meaning: another one is
an error, where rounding does not explain it. What an invoice comes to (MOA 77, 39 or 86) may contain what the message does not
say, such as what was paid in advance: a difference is a warning."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from mlconnector_assets.formats.edi.contents import CENT, SCALE, Contents, Remark, counted, summed, unlike
from mlconnector_assets.formats.edi.diagnosis import Kind

CREDITS = ("81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532")
"""Document types (1001) whose amounts a partner may write without their minus."""
INVOICE_AMOUNTS = ("77", "39", "86")
_ZERO = pl.lit("0").str.to_decimal(scale=SCALE)


def totals(contents: Contents) -> Iterator[Remark]:
    """All totals that are not what they should be."""
    for message in ("INVOIC", "ORDERS"):
        if contents.has(message):
            said = contents.frame(contents.at(message, "CNT"), kind=(1, 0), text=(1, 1)).filter(pl.col("kind") == "2")
            wrong = counted(contents, message, "LIN", said)
            yield from contents.remarks(wrong, (1, 2), kind=Kind.TOTAL, warning=False)
            yield from _of_lines(contents, message)
    if contents.has("REMADV"):
        yield from _of_remittances(contents)


def _amounts(contents: Contents, message: str, *paths: str) -> pl.DataFrame:
    """Monetary amounts: message, segment, `kind`, `text`, `amount`."""
    rows = contents.frame(contents.at(message, *paths), kind=(1, 0), text=(1, 1)).with_columns(amount=pl.col("text"))
    return rows.with_columns(contents.amount("amount"))


def _of_lines(contents: Contents, message: str) -> Iterator[Remark]:
    lines = _amounts(contents, message, "LIN/MOA").filter(pl.col("kind") == "203")
    count = contents.frame(contents.at(message, "LIN")).group_by("message").len(name="lines_there")
    sums = summed(lines, "amount").rename({"amount": "lines"}).join(count, on="message")
    sums = sums.filter(pl.col("count") == pl.col("lines_there"))
    own = _amounts(contents, message, "MOA")
    tolerance = pl.col("count").cast(pl.Decimal(38, 0)) * CENT
    said = own.filter(pl.col("kind") == "79").rename({"amount": "said"}).join(sums, on="message")
    yield from contents.remarks(unlike(said, ("lines",), tolerance), (1, 2), kind=Kind.TOTAL, warning=False)
    if message == "INVOIC":
        said = own.filter(pl.col("kind").is_in(INVOICE_AMOUNTS)).rename({"amount": "said"}).join(sums, on="message")
        taxes = summed(own.filter(pl.col("kind").is_in(["124", "176"])), "amount").rename({"amount": "taxes"})
        found = (
            said.join(taxes, on="message", how="left", suffix="_taxes")
            .join(_charges(contents), on="message", how="left", suffix="_charges")
            .with_columns(pl.col("taxes", "charges").fill_null(_ZERO))
            .with_columns(charged=pl.col("lines") + pl.col("charges"))
            .with_columns(taxed=pl.col("charged") + pl.col("taxes"), taxed_lines=pl.col("lines") + pl.col("taxes"))
        )
        candidates = ("taxed", "charged", "taxed_lines", "lines")
        yield from contents.remarks(unlike(found, candidates, tolerance + CENT), (1, 2), kind=Kind.TOTAL, warning=True)


def _charges(contents: Contents) -> pl.DataFrame:
    """Charges less allowances of whole invoices, of the header or of the summary (message, `charges`)."""
    heads = contents.frame(contents.at("INVOIC", "ALC"), which=(1, 0)).select("message", "segment", "which")
    amounts = _amounts(contents, "INVOIC", "ALC/MOA").filter(pl.col("kind").is_in(["8", "23", "204"]))
    if heads.is_empty():
        return summed(amounts.rename({"amount": "charges"}), "charges")
    owned = amounts.join_asof(heads.rename({"message": "of"}), on="segment", check_sortedness=False)
    sign = pl.when(pl.col("which") == "A").then(-1).otherwise(1).cast(pl.Decimal(38, 0))
    return summed(owned.with_columns(charges=pl.col("amount") * sign), "charges")


def _of_remittances(contents: Contents) -> Iterator[Remark]:
    documents = contents.frame(contents.at("REMADV", "DOC"), document=(1, 0)).select("segment", "document")
    paid = _amounts(contents, "REMADV", "DOC/MOA").filter(pl.col("kind") == "12")
    said = _amounts(contents, "REMADV", "MOA").filter(pl.col("kind") == "12").rename({"amount": "said"})
    if documents.is_empty() or said.is_empty():
        return
    owned = paid.join_asof(documents, on="segment", check_sortedness=False)
    sign = pl.when(pl.col("document").is_in(CREDITS)).then(-1).otherwise(1).cast(pl.Decimal(38, 0))
    count = contents.frame(contents.at("REMADV", "DOC")).group_by("message").len(name="documents")
    sums = (
        summed(owned, "amount")
        .join(summed(owned.with_columns(signed=pl.col("amount") * sign), "signed"), on="message", suffix="_signed")
        .join(count, on="message")
        .filter(pl.col("count") == pl.col("documents"))
    )
    found = said.join(sums, on="message")
    yield from contents.remarks(unlike(found, ("signed", "amount"), _ZERO), (1, 2), kind=Kind.TOTAL, warning=False)
