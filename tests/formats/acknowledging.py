"""Interchanges with faults, and the acknowledgments that we make of them."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO

from mlconnector_assets.formats.acknowledgments import Acknowledgments
from mlconnector_assets.formats.edi.acknowledging import Acknowledging, Acknowledgment
from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Wrong
from mlconnector_assets.formats.edi.reading import Batch, read
from mlconnector_assets.formats.edifact.standard import Edifact
from mlconnector_assets.formats.x12.standard import X12

STANDARDS = (X12(), Edifact())
WRITTEN = datetime(2026, 11, 28, 9, 5)  # noqa: DTZ001 - the zone is the partner's
ISA = "ISA*00*          *00*          *01*123456789      *ZZ*US             *261121*0527*U*00401*000000901*0*P*>"
INVOICE = ("BIG*20261101*INV1", "IT1*1*2*EA*5.25**VP*A1", "TDS*1050", "CTT*1")
UNB = "UNB+UNOC:3+5412345000013:14+4012345500004:14+261121:0527+IC901"
ORDER = ("BGM+220+PO1+9", "DTM+137:20261101:102", "NAD+BY+4012345500004::9", "LIN+1++4012345000016:EN", "QTY+21:12:PCE", "UNS+S")


def transaction_set(*body: str, number: str = "0001", kind: str = "810") -> list[str]:
    """With ST and SE."""
    return [f"ST*{kind}*{number}", *body, f"SE*{len(body) + 2}*{number}"]


def x12(*sets: list[str], isa: str = ISA, gs: str = "IN*VENDOR*US*20261121*0527*41*X*004010") -> list[str]:
    """An interchange of one group."""
    return [isa, f"GS*{gs}", *(one for some in sets for one in some), f"GE*{len(sets)}*41", f"IEA*1*{isa[90:99]}"]


def message(*body: str, reference: str = "M1", identifier: str = "ORDERS:D:96A:UN") -> list[str]:
    """With UNH and UNT."""
    return [f"UNH+{reference}+{identifier}", *body, f"UNT+{len(body) + 2}+{reference}"]


def edifact(*messages: list[str], unb: str = UNB) -> list[str]:
    """An interchange without groups."""
    return [unb, *(one for some in messages for one in some), f"UNZ+{len(messages)}+IC901"]


def encoded(segments: list[str]) -> bytes:
    """The file's bytes."""
    terminator = "~" if segments[0].startswith("ISA") else "'"
    return "".join(one + terminator for one in segments).encode("latin-1")


def batches(data: bytes) -> list[Batch]:
    """All that is read of a file."""
    return list(read(BytesIO(data), STANDARDS))


def acknowledgments(data: bytes, settings: Acknowledging | None = None) -> list[Acknowledgment]:
    """Of each interchange of a file."""
    collected = Acknowledgments(settings or Acknowledging())
    for batch in batches(data):
        collected.take(batch)
    return collected.of_interchanges


def note(wrong: list[Wrong], *faults: EnvelopeFault) -> None:
    """Somebody else has found these faults; those that our reader has found too stay as it found them."""
    wrong += [Wrong(fault) for fault in faults if fault not in [one.fault for one in wrong]]


def answered(segments: list[str], settings: Acknowledging | None = None) -> list[str]:
    """The segments of the answer to an interchange, which is read without fault."""
    (found,) = acknowledgments(encoded(segments), settings)
    return segments_of(found.made(WRITTEN, 7, 5))


def segments_of(data: bytes) -> list[str]:
    """Segments of a valid file without its terminators."""
    assert_valid(data)
    return data.decode("latin-1").replace("\n", "").split("~" if data.startswith(b"ISA") else "'")[:-1]


def assert_valid(data: bytes) -> None:
    """Our own reader finds nothing wrong with these bytes."""
    assert_no_faults(batches(data))


def assert_no_faults(found: list[Batch]) -> None:
    """Nothing is wrong with what was read."""
    for batch in found:
        assert batch.reports == ()
        assert batch.interchange.wrong == []
        assert [group.wrong for group in batch.interchange.groups if group.wrong] == []
