"""Whether a file of interchanges is right, and everything that is wrong with it, as a list for people and programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import BinaryIO

from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Interchange, Wrong
from mlconnector_assets.formats.edi.reading import Batch, Report, read
from mlconnector_assets.formats.edi.standard import Standard, Unreadable
from mlconnector_assets.formats.edi.wording import of_envelope, of_fault, visible
from mlconnector_assets.formats.edi_codes import Code, code_of_envelope, code_of_fault

OF_TRAILERS = (EnvelopeFault.NO_TRAILER, EnvelopeFault.REFERENCE, EnvelopeFault.COUNT)
"""Faults that show at the end of a message, a group or an interchange."""


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong; `message` says it in a sentence.

    `position` counts segments from 1 at the message's first, None where the fault is not within a message. `element` and
    `component` count from 1, None where it concerns the whole. `code` is what the acknowledgment says of it in its element
    `code_of`, such as AK403; None where it says nothing. `text` is what stands there. `interchange` and `reference` are the
    control references of the interchange and of the message or group."""

    message: str
    _: KW_ONLY
    position: int | None = None
    segment: str | None = None
    element: int | None = None
    component: int | None = None
    code: str | None = None
    code_of: str | None = None
    text: str = ""
    interchange: str = ""
    reference: str = ""


@dataclass
class Validation:
    """What is known of a file. `standard` is None where no interchange begins; `warnings` are no faults."""

    standard: str | None = None
    interchanges: int = 0
    messages: int = 0
    findings: list[Finding] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def end(self, interchange: Interchange | None, standards: Mapping[str, Standard]) -> None:
        """Note what is known of an interchange only at its end."""
        if interchange is not None:
            self.findings += envelope_findings(interchange, standards[interchange.standard])
            self.warnings += envelope_warnings(interchange)


def validate(stream: BinaryIO, standards: Sequence[Standard]) -> Validation:
    """Read a file and collect what is wrong."""
    result, current, broken = Validation(), None, list[Finding]()
    by_name = {standard.name: standard for standard in standards}
    try:
        for batch in read(stream, standards):
            if batch.interchange is not current:
                result.end(current, by_name)
                current = batch.interchange
                result.standard = result.standard or current.standard
                result.interchanges += 1
            result.messages += len(batch.groups)
            result.warnings += _of_versions(batch, result.warnings)
            for report in batch.warned:
                result.warnings += message_warnings(report)
            for report in sorted(batch.reports, key=lambda report: report.index):
                result.findings += message_findings(report, current, by_name[current.standard])
                result.warnings += message_warnings(report)
    except Unreadable as error:
        broken.append(unreadable(error.what))
    result.end(current, by_name)
    if current is None and not broken:
        broken.append(unreadable("the file is empty"))
    result.findings += broken
    return result


def unreadable(what: str) -> Finding:
    """The finding about a file, or the rest of one, that is no interchange."""
    return Finding(visible(what))


def message_findings(report: Report, interchange: Interchange, standard: Standard) -> Iterator[Finding]:
    """What is wrong with a message."""
    group = interchange.groups[report.group].version
    for wrong in report.wrong:
        position, tag = (len(report.segments), standard.closing) if wrong.fault in OF_TRAILERS else (1, standard.opening)
        names = code_of_envelope(wrong, interchange, "message", group)
        yield _of_envelope(wrong, names, interchange, about=f"message {report.reference}", tag=tag, position=position)
    for fault in report.faults:
        code_of, code = code_of_fault(fault, interchange, group)
        yield Finding(
            of_fault(fault, report.version),
            position=fault.position,
            segment=visible(fault.tag),
            element=fault.element,
            component=fault.component,
            code=code,
            code_of=code_of,
            text=visible(fault.text),
            interchange=interchange.reference,
            reference=report.reference,
        )


def envelope_findings(interchange: Interchange, standard: Standard) -> Iterator[Finding]:
    """What is wrong around the messages of an interchange that was read to its end."""
    for group in interchange.groups:
        for wrong in group.wrong:
            tag = standard.group_last if wrong.fault in OF_TRAILERS else standard.group_first
            names = code_of_envelope(wrong, interchange, "group", group.version)
            yield _of_envelope(wrong, names, interchange, about=f"group {group.reference}", tag=tag)
    for wrong in interchange.wrong:
        tag = standard.last if wrong.fault in OF_TRAILERS else standard.first
        names = code_of_envelope(wrong, interchange, "interchange")
        yield _of_envelope(wrong, names, interchange, about="interchange", tag=tag)


def _of_envelope(
    wrong: Wrong, code: Code, interchange: Interchange, *, about: str, tag: str, position: int | None = None
) -> Finding:
    level, _, reference = about.partition(" ")
    return Finding(
        of_envelope(wrong, f"{level} {_name(reference or interchange.reference)}"),
        position=position,
        segment=tag,
        element=wrong.detail.element if wrong.detail else None,
        component=wrong.detail.component if wrong.detail else None,
        code=code[1] or None,
        code_of=code[0] if code[1] else None,
        text=visible(wrong.detail.text if wrong.detail else wrong.found),
        interchange=interchange.reference,
        reference=reference,
    )


def message_warnings(report: Report) -> Iterator[str]:
    """What should be known of a message and is no reason to refuse it."""
    return (f"message {_name(report.reference)}: {of_fault(fault, report.version)}" for fault in report.warnings)


def envelope_warnings(interchange: Interchange) -> Iterator[str]:
    """The same of what is around messages, once the interchange was read to its end."""
    for group in interchange.groups:
        yield from (of_envelope(wrong, f"group {_name(group.reference)}") for wrong in group.warnings)
    yield from (of_envelope(wrong, f"interchange {_name(interchange.reference)}") for wrong in interchange.warnings)


def _name(reference: str) -> str:
    return visible(reference) or "without a reference"


def _of_versions(batch: Batch, said: Sequence[str]) -> list[str]:
    about = "version {} has no dictionary of its own and is read with the nearest, {}"
    inexact = {name: checked.version.name for name, checked in batch.checked.items() if not checked.version.exact}
    return [text for name, nearest in inexact.items() if (text := about.format(visible(name), nearest)) not in said]
