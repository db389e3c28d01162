"""Each single fault is refused, and told exactly."""

from __future__ import annotations

import pytest

from mlconnector_assets.formats.edi.diagnosis import Fault
from tests.formats.edi.files import MESSAGES, contents, encoded, file_with
from tests.formats.edi.mutations import MUTATIONS, Change


def told(fault: Fault) -> str:
    return ".".join(str(part) for part in (f"{fault.kind.name} {fault.position}", fault.element, fault.component) if part)


@pytest.mark.parametrize(
    ("kind", "change", "expected"),
    MUTATIONS,
    ids=[f"{kind} {number} {expected}" for number, (kind, _, expected) in enumerate(MUTATIONS)],
)
def test_a_single_fault_is_told_exactly(kind: str, change: Change, expected: str) -> None:
    found = contents(encoded(file_with(kind, change(MESSAGES[kind].split("\n")))))
    (report,) = found.reports
    assert (report.type, report.index, report.wrong) == (kind, 1, ())
    assert ", ".join(told(fault) for fault in report.faults) == expected
    assert found.wrong == [] and len(found.sound) == 1


def test_there_are_more_than_a_hundred_kinds() -> None:
    assert len({(kind, expected) for kind, _, expected in MUTATIONS}) > 100
