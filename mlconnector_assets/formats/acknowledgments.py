"""Acknowledging a file of interchanges of either standard, and reading acknowledgments in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mlconnector_assets.formats.edi.acknowledging import Acknowledging, Acknowledgment
from mlconnector_assets.formats.edi.answers import Answer
from mlconnector_assets.formats.edi.reading import Batch
from mlconnector_assets.formats.edifact.acknowledgment import EdifactAcknowledgment
from mlconnector_assets.formats.edifact.answers import edifact_answers
from mlconnector_assets.formats.edifact.standard import Edifact
from mlconnector_assets.formats.x12.acknowledgment import X12Acknowledgment
from mlconnector_assets.formats.x12.answers import x12_answers
from mlconnector_assets.formats.x12.standard import X12

_BY_STANDARD: Mapping[str, type[X12Acknowledgment | EdifactAcknowledgment]] = {
    X12.name: X12Acknowledgment,
    Edifact.name: EdifactAcknowledgment,
}


class Acknowledgments:
    """Collects what there is to say while a file is read: give it every batch that `edi.reading.read` gives. Afterwards
    `of_interchanges` are their acknowledgments, in the order of the interchanges."""

    def __init__(self, settings: Acknowledging) -> None:
        self.settings = settings
        self.of_interchanges: list[Acknowledgment] = []

    def take(self, batch: Batch) -> None:
        """Note what there is to say about some messages."""
        if not self.of_interchanges or self.of_interchanges[-1].interchange is not batch.interchange:
            self.of_interchanges.append(_BY_STANDARD[batch.interchange.standard](batch.interchange, self.settings))
        self.of_interchanges[-1].take(batch)


def answers(batch: Batch) -> Iterator[Answer]:
    """What the acknowledgments among some messages say of interchanges that we sent."""
    return x12_answers(batch) if batch.interchange.standard == X12.name else edifact_answers(batch)
