"""Totals of X12 transaction sets against what they are totals of.

A count (CTT01) and the amount of a payment (BPR02) have one meaning: another one is an error. What an invoice or an order comes
to (TDS01, AMT TT) may contain what no line says, such as taxes and discounts agreed elsewhere: a difference is a warning."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from mlconnector_assets.formats.edi.contents import CENT, SCALE, Contents, Remark, counted, summed, unlike
from mlconnector_assets.formats.edi.diagnosis import Kind

PRICED_EACH = ("PE", "TE", "NT", "CT", "QT", "UM", "WE", "DE", "CA", "LE", "RE", "SR", "PR")
"""Bases of a unit price (element 639) by which quantity times price is what the line comes to."""
_ZERO = pl.lit("0").str.to_decimal(scale=SCALE)


def totals(contents: Contents) -> Iterator[Remark]:
    """All totals that are not what they should be."""
    for message, items in (("810", "IT1"), ("850", "PO1")):
        if contents.has(message):
            said = contents.frame(contents.at(message, "CTT"), text=(1, 0))
            yield from contents.remarks(counted(contents, message, items, said), (1, None), kind=Kind.TOTAL, warning=False)
    if contents.has("810"):
        yield from _of_invoices(contents)
    if contents.has("850"):
        yield from _of_orders(contents)
    if contents.has("820"):
        yield from _of_payments(contents)


def _lines(contents: Contents, message: str, items: str) -> pl.DataFrame:
    """What the lines of each message come to (`lines`), null where that cannot be computed, and their number (`count`)."""
    rows = contents.frame(contents.at(message, items), quantity=(2, 0), price=(4, 0), basis=(5, 0))
    each = pl.col("basis").is_null() | pl.col("basis").is_in(PRICED_EACH)
    product = contents.amount("quantity") * contents.amount("price")
    return summed(rows.with_columns(lines=pl.when(each).then(product)), "lines")


def _of_invoices(contents: Contents) -> Iterator[Remark]:
    said = contents.frame(contents.at("810", "TDS"), text=(1, 0))
    charges = contents.frame(contents.at("810", "SAC", "IT1/SAC"), kind=(1, 0), amount=(5, 0))
    sign = pl.when(pl.col("kind") == "A").then(-1).when(pl.col("kind") == "C").then(1).otherwise(0)
    charges = charges.with_columns(charges=_hundredths(pl.col("amount")) * sign.cast(pl.Decimal(38, 0)))
    taxes = contents.frame(contents.at("810", "TXI", "IT1/TXI", "SAC/TXI", "IT1/SAC/TXI"), taxes=(2, 0))
    found = (
        said.join(_lines(contents, "810", "IT1"), on="message")
        .join(summed(charges.filter(pl.col("amount").is_not_null()), "charges"), on="message", how="left", suffix="_charges")
        .join(summed(taxes.with_columns(contents.amount("taxes")), "taxes"), on="message", how="left", suffix="_taxes")
        .with_columns(pl.col("charges", "taxes").fill_null(_ZERO), said=_hundredths(pl.col("text")))
        .with_columns(untaxed=pl.col("lines") + pl.col("charges"))
        .with_columns(taxed=pl.col("untaxed") + pl.col("taxes"))
    )
    tolerance = (pl.col("count") + pl.col("count_charges").fill_null(0) + 1).cast(pl.Decimal(38, 0)) * CENT
    yield from contents.remarks(unlike(found, ("taxed", "untaxed", "lines"), tolerance), (1, None), kind=Kind.TOTAL, warning=True)


def _of_orders(contents: Contents) -> Iterator[Remark]:
    said = contents.frame(contents.at("850", "CTT/AMT", "AMT"), kind=(1, 0), text=(2, 0)).filter(pl.col("kind") == "TT")
    found = said.with_columns(said=pl.col("text")).with_columns(contents.amount("said"))
    found = found.join(_lines(contents, "850", "PO1"), on="message")
    tolerance = (pl.col("count") + 1).cast(pl.Decimal(38, 0)) * CENT
    yield from contents.remarks(unlike(found, ("lines",), tolerance), (2, None), kind=Kind.TOTAL, warning=True)


def _of_payments(contents: Contents) -> Iterator[Remark]:
    """BPR02 is the sum of what is paid for each item (RMR04), and of the adjustments (ADX01) that are not explained within
    one. Partners differ in whether those within an item are in its RMR04 already: both are accepted."""
    said = contents.frame(contents.at("820", "BPR"), text=(2, 0)).with_columns(said=pl.col("text"))
    items = contents.frame(contents.at("820", "ENT/RMR"), items=(4, 0)).with_columns(contents.amount("items"))
    own = contents.frame(contents.at("820", "ENT/ADX"), own=(1, 0)).with_columns(contents.amount("own"))
    within = contents.frame(contents.at("820", "ENT/RMR/ADX"), within=(1, 0)).with_columns(contents.amount("within"))
    found = (
        said.with_columns(contents.amount("said"))
        .join(summed(items, "items"), on="message")
        .join(summed(own, "own"), on="message", how="left", suffix="_own")
        .join(summed(within, "within"), on="message", how="left", suffix="_within")
        .with_columns(pl.col("own", "within").fill_null(_ZERO))
        .with_columns(apart=pl.col("items") + pl.col("own"))
        .with_columns(together=pl.col("apart") + pl.col("within"))
    )
    yield from contents.remarks(unlike(found, ("apart", "together", "items"), _ZERO), (2, None), kind=Kind.TOTAL, warning=False)


def _hundredths(text: pl.Expr) -> pl.Expr:
    """An element of type N2: its last two digits are decimals."""
    short = pl.when(text.str.len_chars() <= 12).then(text)
    return short.str.to_decimal(scale=SCALE) * CENT
