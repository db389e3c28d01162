"""Totals of EDIFACT messages against what they are totals of.

The number of lines (CNT 2), the total of the lines (MOA 79) and what a remittance pays (MOA 12) have one meaning: another one is
an error, where rounding does not explain it. What an invoice comes to (MOA 77, 39 or 86) may contain what the message does not
say, such as what was paid in advance: a difference is a warning."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlconnector_assets.formats.edi.contents import Amounts, Contents, Remark, Sums

CREDITS = ("81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "532")
"""Document types (1001) whose amounts a partner may write without their minus."""
LINE_AMOUNT, LINES_TOTAL, PAID = ("203",), ("79",), ("12",)
INVOICE_AMOUNTS, TAXES, CHARGES = ("77", "39", "86"), ("124", "176"), ("8", "23", "204")
SCALE = 4
CENT = 10 ** (SCALE - 2)
"""What each line may add to a difference by its rounding."""


def totals(contents: Contents) -> Iterator[Remark]:
    """All totals that are not what they should be."""
    for message in ("INVOIC", "ORDERS"):
        if contents.has(message):
            counts = contents.at(message, "CNT")
            said = contents.amounts(counts[contents.code(counts, ("2",))], (1, 1), SCALE)
            yield from contents.counted(message, "LIN", said, (1, 2), SCALE)
            yield from _of_lines(contents, message)
    if contents.has("REMADV"):
        yield from _of_remittances(contents)


def _of(contents: Contents, message: str, path: str, kinds: tuple[str, ...]) -> Amounts:
    """Monetary amounts of some kinds at a place."""
    segments = contents.at(message, path)
    return contents.amounts(segments[contents.code(segments, kinds)], (1, 1), SCALE)


def _of_lines(contents: Contents, message: str) -> Iterator[Remark]:
    """MOA 79, and of an invoice 77, 39 and 86, where each line has its amount."""
    lines = contents.sums(_of(contents, message, "LIN/MOA", LINE_AMOUNT))
    count = np.bincount(contents.owners(contents.at(message, "LIN")), minlength=len(lines.counts))
    lines = Sums(lines.values, lines.known & (lines.counts == count) & (count > 0), lines.counts)
    tolerance = lines.counts * CENT
    said = _of(contents, message, "MOA", LINES_TOTAL)
    wrong = contents.unlike(said, [lines], tolerance)
    yield from contents.remarks(said, wrong, (1, 2), lines.values, SCALE, warning=False)
    if message == "INVOIC":
        charged = lines.plus(contents.sums(_charges(contents)))
        taxes = contents.sums(_of(contents, message, "MOA", TAXES))
        taxed = charged.plus(taxes)
        said = _of(contents, message, "MOA", INVOICE_AMOUNTS)
        wrong = contents.unlike(said, [taxed, charged, lines.plus(taxes), lines], tolerance + CENT)
        yield from contents.remarks(said, wrong, (1, 2), taxed.values, SCALE, warning=True)


def _charges(contents: Contents) -> Amounts:
    """Charges, and allowances with a minus, of whole invoices."""
    heads = contents.at("INVOIC", "ALC")
    amounts = _of(contents, "INVOIC", "ALC/MOA", CHARGES)
    heads = heads[np.searchsorted(heads, amounts.segments) - 1]
    sign = np.where(contents.code(heads, ("A",)), -1, 1)
    return Amounts(amounts.segments, amounts.values * sign, amounts.known)


def _of_remittances(contents: Contents) -> Iterator[Remark]:
    """MOA 12 of the whole against those of its documents, where each has one."""
    documents = contents.at("REMADV", "DOC")
    paid = _of(contents, "REMADV", "DOC/MOA", PAID)
    heads = documents[np.searchsorted(documents, paid.segments) - 1]
    sign = np.where(contents.code(heads, CREDITS), -1, 1)
    plain, signed = contents.sums(paid), contents.sums(Amounts(paid.segments, paid.values * sign, paid.known))
    count = np.bincount(contents.owners(documents), minlength=len(plain.counts))
    said = _of(contents, "REMADV", "MOA", PAID)
    wrong = contents.unlike(said, [signed, plain], np.zeros_like(plain.values))
    wrong &= ((plain.counts == count) & (count > 0))[contents.owners(said.segments)]
    yield from contents.remarks(said, wrong, (1, 2), signed.values, SCALE, warning=False)
