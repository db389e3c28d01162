"""Whether a file of interchanges is right, and everything that is wrong with it, as a list for people and programs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Group, Interchange, Wrong
from mlconnector_assets.formats.edi.reading import Batch, Report, read
from mlconnector_assets.formats.edi.standard import Standard, Unreadable
from mlconnector_assets.formats.edi.wording import of_envelope, of_fault, visible
from mlconnector_assets.formats.edi_codes import code_of

OF_TRAILERS = (EnvelopeFault.NO_TRAILER, EnvelopeFault.REFERENCE, EnvelopeFault.COUNT)
"""Faults that show at the end of a message, a group or an interchange."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `position` counts segments from 1 at the message's first, None where the fault is not within a
    message; `element` and `component` count from 1, None where it concerns the whole; `code` is what an acknowledgment says of
    it in its element `code_of` (such as AK403), None where no acknowledgment can be sent; `interchange` and
    `reference` are the control references of the interchange and of the message or group."""

    position: int | None
    segment: str | None
    element: int | None
    component: int | None
    code: str | None
    code_of: str | None
    message: str
    text: str = ""
    interchange: str = ""
    reference: str = ""


@dataclass
class Validation:
    """What is known of a file. `standard` is None where no interchange begins; `notes` are no faults."""

    standard: str | None = None
    interchanges: int = 0
    messages: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


def validate(stream: BinaryIO, standards: Sequence[Standard], progress: Callable[[int], None] = lambda size: None) -> Validation:
    """Read a file and collect what is wrong. `progress` is told the bytes of each part that was read."""
    result, current, broken = Validation(), None, list[Finding]()
    by_name = {standard.name: standard for standard in standards}
    try:
        for batch in read(_Told(stream, progress), standards):  # type: ignore[arg-type]
            if batch.interchange is not current:
                result.findings += [] if current is None else envelope_findings(current, by_name[current.standard])
                current = batch.interchange
                result.standard = result.standard or current.standard
                result.interchanges += 1
            result.messages += len(batch.groups)
            _note_versions(batch, result.notes)
            for report in sorted(batch.reports, key=lambda report: report.index):
                result.findings += message_findings(report, current, by_name[current.standard])
    except Unreadable as error:
        broken.append(unreadable(error.what))
    if current is not None:
        result.findings += envelope_findings(current, by_name[current.standard])
    elif not broken:
        broken.append(unreadable("the file is empty"))
    result.findings += broken
    return result


def unreadable(what: str) -> Finding:
    """The finding about a file, or the rest of one, that is no interchange."""
    return Finding(None, None, None, None, None, None, visible(what))


def message_findings(report: Report, interchange: Interchange, standard: Standard) -> Iterator[Finding]:
    """What is wrong with a message."""
    for wrong in report.wrong:
        position, tag = (len(report.segments), standard.closing) if wrong.fault in OF_TRAILERS else (1, standard.opening)
        yield _of_envelope(wrong, interchange, level="message", tag=tag, reference=report.reference, position=position)
    for fault in report.faults:
        element, code = code_of(fault, interchange.standard)
        yield Finding(
            fault.position,
            visible(fault.tag),
            fault.element,
            fault.component,
            code,
            element,
            of_fault(fault, report.version),
            visible(fault.text),
            interchange.reference,
            report.reference,
        )


def envelope_findings(interchange: Interchange, standard: Standard) -> Iterator[Finding]:
    """What is wrong around the messages of an interchange that was read to its end."""
    for group in interchange.groups:
        yield from group_findings(group, interchange, standard)
    for wrong in interchange.wrong:
        tag = standard.last if wrong.fault in OF_TRAILERS else standard.first
        yield _of_envelope(wrong, interchange, level="interchange", tag=tag)


def group_findings(group: Group, interchange: Interchange, standard: Standard) -> Iterator[Finding]:
    """What is wrong with a group, once it was read to its end."""
    for wrong in group.wrong:
        tag = standard.group_last if wrong.fault in OF_TRAILERS else standard.group_first
        yield _of_envelope(wrong, interchange, level="group", tag=tag, reference=group.reference)


def _of_envelope(
    wrong: Wrong, interchange: Interchange, *, level: str, tag: str, reference: str = "", position: int | None = None
) -> Finding:
    element, code = code_of(wrong, interchange.standard, level)
    text = of_envelope(wrong, f"{level} {visible(reference or interchange.reference)}")
    return Finding(position, tag, None, None, code, element, text, visible(wrong.found), interchange.reference, reference)


def _note_versions(batch: Batch, notes: list[str]) -> None:
    for name, checked in batch.checked.items():
        note = f"version {visible(name)} has no dictionary of its own and is read with the nearest, {checked.version.name}"
        if not checked.version.exact and note not in notes:
            notes.append(note)


class _Told:
    """A stream whose reading is told."""

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None]) -> None:
        self.stream, self.progress = stream, progress

    def read(self, size: int) -> bytes:
        part = self.stream.read(size)
        self.progress(len(part))
        return part
