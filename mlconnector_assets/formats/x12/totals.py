"""Totals of X12 transaction sets against what they are totals of.

A count (CTT01) and the amount of a payment (BPR02) have one meaning: another one is an error. What an invoice or an order comes
to (TDS01, AMT TT) may contain what no line says, such as taxes and discounts agreed elsewhere: a difference is a warning."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlconnector_assets.formats.edi.contents import Amounts, Contents, Remark, Sums
from mlconnector_assets.formats.edi.tokens import Indexes

PRICED_EACH = ("PE", "TE", "NT", "CT", "QT", "UM", "WE", "DE", "CA", "LE", "RE", "SR", "PR")
"""Bases of a unit price (element 639) by which quantity times price is what the line comes to."""
QUANTITY_SCALE, PRICE_SCALE, PAID_SCALE = 3, 6, 4
SCALE = QUANTITY_SCALE + PRICE_SCALE
CENT = 10 ** (SCALE - 2)
"""What each line may add to a difference by its rounding; also the last digit of an element of type N2."""


def totals(contents: Contents) -> Iterator[Remark]:
    """All totals that are not what they should be."""
    for message, items in (("810", "IT1"), ("850", "PO1")):
        if contents.has(message):
            said = contents.amounts(contents.at(message, "CTT"), (1, 0), 0)
            yield from contents.counted(message, items, said, (1, None), 0)
    if contents.has("810"):
        yield from _of_invoices(contents)
    if contents.has("850"):
        yield from _of_orders(contents)
    if contents.has("820"):
        yield from _of_payments(contents)


def _lines(contents: Contents, message: str, items: str) -> Sums:
    """What the lines of each message come to."""
    segments = contents.at(message, items)
    product = contents.amounts(segments, (2, 0), QUANTITY_SCALE).times(contents.amounts(segments, (4, 0), PRICE_SCALE))
    basis = contents.tokens.find(segments, 5)
    based = contents.tokens.lengths[basis] > 0
    each = ~based
    if based.any():
        each |= contents.code(segments, PRICED_EACH, 5)
    return contents.sums(Amounts(segments, product.values, product.known & each))


def _of_invoices(contents: Contents) -> Iterator[Remark]:
    """TDS01 against the lines, with or without charges and taxes."""
    said = _hundredths(contents, contents.at("810", "TDS"), 1)
    lines = _lines(contents, "810", "IT1")
    charges = _hundredths(contents, contents.at("810", "SAC", "IT1/SAC"), 5)
    charges = charges.where(contents.tokens.lengths[contents.tokens.find(charges.segments, 5)] > 0)
    sign = np.where(contents.code(charges.segments, ("A",)), -1, np.where(contents.code(charges.segments, ("C",)), 1, 0))
    charged = lines.plus(contents.sums(Amounts(charges.segments, charges.values * sign, charges.known)))
    taxes = contents.amounts(contents.at("810", "TXI", "IT1/TXI", "SAC/TXI", "IT1/SAC/TXI"), (2, 0), SCALE)
    taxed = charged.plus(contents.sums(taxes))
    wrong = contents.unlike(said, [taxed, charged, lines], (taxed.counts + 1) * CENT)
    yield from contents.remarks(said, wrong, (1, None), taxed.values, SCALE, warning=True)


def _of_orders(contents: Contents) -> Iterator[Remark]:
    """AMT with the qualifier TT against the lines."""
    said = contents.amounts(contents.at("850", "CTT/AMT", "AMT"), (2, 0), SCALE)
    said = said.where(contents.code(said.segments, ("TT",)))
    lines = _lines(contents, "850", "PO1")
    wrong = contents.unlike(said, [lines], (lines.counts + 1) * CENT)
    yield from contents.remarks(said, wrong, (2, None), lines.values, SCALE, warning=True)


def _of_payments(contents: Contents) -> Iterator[Remark]:
    """BPR02 is the sum of what is paid for each item (RMR04), and of the adjustments (ADX01) that are not explained within
    one. Partners differ in whether those within an item are in its RMR04 already: both are accepted."""
    said = contents.amounts(contents.at("820", "BPR"), (2, 0), PAID_SCALE)
    items = contents.sums(contents.amounts(contents.at("820", "ENT/RMR"), (4, 0), PAID_SCALE))
    apart = items.plus(contents.sums(contents.amounts(contents.at("820", "ENT/ADX"), (1, 0), PAID_SCALE)))
    together = apart.plus(contents.sums(contents.amounts(contents.at("820", "ENT/RMR/ADX"), (1, 0), PAID_SCALE)))
    wrong = contents.unlike(said, [apart, together, items], np.zeros_like(items.values))
    wrong &= items.counts[contents.owners(said.segments)] > 0
    yield from contents.remarks(said, wrong, (2, None), apart.values, PAID_SCALE, warning=False)


def _hundredths(contents: Contents, segments: Indexes, element: int) -> Amounts:
    """An element of type N2: its last two digits are decimals."""
    return contents.amounts(segments, (element, 0), 0).times(
        Amounts(segments, np.full(len(segments), CENT), np.ones(len(segments), np.bool_))
    )
