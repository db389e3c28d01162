"""What `mlconnector edi inspect` prints: a tree of segments for each message, between what is said of interchange and group."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
from rich.console import Console
from rich.text import Text
from rich.tree import Tree as Branches

from mlconnector_assets.cli.options import counted, out
from mlconnector_assets.cli.tables import UNLIMITED
from mlconnector_assets.formats.edi.explanation import (
    ExplainedElement,
    ExplainedMessage,
    ExplainedSegment,
    explained,
    explained_segment,
)
from mlconnector_assets.formats.edi.interchange import Interchange
from mlconnector_assets.formats.edi.reading import Batch, read
from mlconnector_assets.formats.edi.standard import Standard, Version
from mlconnector_assets.formats.edi.wording import of_fault, shortened, visible
from mlconnector_assets.formats.validation import Finding, envelope_findings, envelope_warnings, message_findings

SHOWN_NUMBERS = 20
"""Numbers of messages at fault that are listed."""
LONGEST, WIDEST = 1000, 40
"""Characters of a value that are shown, and those up to which columns stand in line."""
NAMES = {"x12": "X12", "edifact": "EDIFACT"}
ANSWERS = {"x12": "TA1", "edifact": "CONTRL"}
Remarks = dict[int, list[tuple[str, str]]]
"""What is said below segments, by their positions, each with its style before it."""


class Tree:
    """Prints a file. `shown` are the messages to explain, counted from 0 over the whole file; `messages` were read."""

    def __init__(self, standards: Sequence[Standard], shown: range) -> None:
        self.standards = {standard.name: standard for standard in standards}
        self.shown = shown
        self.interchange: Interchange | None = None
        self.messages = self.explained = 0
        self.types: Counter[str] = Counter()
        self.faulty: list[int] = []
        self._groups: set[int] = set()

    def show(self, stream: BinaryIO) -> None:
        """Read the file to its end. Raises Unreadable where it, or the rest of it, is no interchange."""
        try:
            for batch in read(stream, tuple(self.standards.values())):
                if batch.interchange is not self.interchange:
                    self._end_interchange()
                    self._begin_interchange(batch)
                self._batch(batch, batch.interchange)
        finally:
            self._end_interchange()
            self._summary()

    def _begin_interchange(self, batch: Batch) -> None:
        one, self.interchange, self._groups = batch.interchange, batch.interchange, set()
        test, wants = ", test" if one.test else "", f", wants a {ANSWERS[one.standard]}" if one.wants_acknowledgment else ""
        tree = Branches(
            _line(
                ("bold", f"{NAMES[one.standard]} interchange {visible(one.reference)}"),
                f" from {_party(one.sender)} to {_party(one.receiver)}, version {visible(one.version)}{test}{wants}",
            ),
            guide_style="dim",
        )
        around = [one.header]
        for number in range(1, batch.tokens.segments):
            if batch.tokens.texts[int(batch.tokens.find(np.array([number]), 0)[0])] != "TA1":
                break
            around.append(batch.tokens.segment(number))
        for segment in around:
            _grow(tree, explained_segment(segment, self._envelope(one)))
        _print(tree)

    def _envelope(self, interchange: Interchange) -> Version | None:
        """The dictionary of segments around messages."""
        x12 = "004010" if interchange.version < "00402" else "005010"
        return self.standards[interchange.standard].version(x12 if interchange.standard == "x12" else "D96A")

    def _batch(self, batch: Batch, interchange: Interchange) -> None:
        first, count = self.messages, len(batch.groups)
        for checked in list(batch.checked.values())[:1]:
            self.types.update(checked.messages.types.fill_null("?").to_list())
        self.faulty += sorted(first + report.index + 1 for report in batch.reports)
        for index in range(max(self.shown.start - first, 0), min(self.shown.stop - first, count)):
            message = explained(batch, self.standards[interchange.standard], index)
            self._group(interchange, message.group)
            self._message(first + index + 1, message, interchange)
        self.messages += count

    def _group(self, interchange: Interchange, number: int) -> None:
        group = interchange.groups[number]
        if not group.header or number in self._groups:
            return
        self._groups.add(number)
        version = f", version {visible(group.version)}" if group.version else ""
        parties = f"{visible(group.kind)} from {visible(group.sender)} to {visible(group.receiver)}"
        tree = Branches(_line(("bold", f"group {visible(group.reference)}"), f": {parties}{version}"), guide_style="dim")
        _grow(tree, explained_segment(group.header, self._envelope(interchange)))
        _print(tree)

    def _message(self, number: int, message: ExplainedMessage, interchange: Interchange) -> None:
        self.explained += 1
        kind = f"{visible(message.type)} {message.name}".strip() or "of a version that we do not have"
        headline = f": {message.headline}" if message.headline else ""
        report = message.report
        fault = ("bold red", " ✗") if report and (report.faults or report.wrong) else ""
        title = _line(("bold", f"message {number}, {kind}"), f", reference {visible(message.reference)}{headline}", fault)
        if message.version and not message.version.exact:
            title.append(f"\nread with the nearest dictionary that there is, {message.version.name}", "yellow")
        remarks: Remarks = defaultdict(list)
        if report:
            for finding in message_findings(report, interchange, self.standards[interchange.standard]):
                remarks[finding.position or 1].append(_fault(finding))
            for warning in report.warnings:
                remarks[warning.position].append(_warning(of_fault(warning, report.version)))
        tree = Branches(title, guide_style="dim")
        _grow_all(tree, message.segments, remarks)
        _print(tree)

    def _end_interchange(self) -> None:
        if self.interchange is not None:
            for finding in envelope_findings(self.interchange, self.standards[self.interchange.standard]):
                out.print(_line(_fault(finding)))
            for warning in envelope_warnings(self.interchange):
                out.print(_line(_warning(warning)))

    def _summary(self) -> None:
        if self.interchange is None:
            return
        kinds = ", ".join(f"{count:,} × {visible(kind)}" for kind, count in sorted(self.types.items()))
        out.print(_line(("bold", counted(self.messages, "message")), f" in the file{f': {kinds}' if kinds else ''}"))
        if (more := self.messages - self.explained) > 0:
            out.print(f"{more:,} of them not shown: --message N shows one, --all shows all")
        if self.faulty:
            numbers = ", ".join(map(str, self.faulty[:SHOWN_NUMBERS])) + (", …" if len(self.faulty) > SHOWN_NUMBERS else "")
            out.print(_line(("red", f"✗ {counted(len(self.faulty), 'message')} at fault: {numbers}")))


def _print(tree: Branches) -> None:
    """On a terminal long lines fold; in a pipe they stay whole."""
    width = out.width if out.is_terminal else UNLIMITED
    Console(file=out.file, width=width, highlight=False, emoji=False).print(tree)


def _grow_all(tree: Branches, segments: Sequence[ExplainedSegment], remarks: Remarks) -> None:
    loops: Counter[str] = Counter()
    for segment in segments:
        loops[segment.loop] += 1
        branch = _grow(tree, segment, remarks.get(segment.position, ()), loops[segment.loop])
        _grow_all(branch, segment.inside, remarks)


def _grow(tree: Branches, segment: ExplainedSegment, remarks: Sequence[tuple[str, str]] = (), loop: int = 0) -> Branches:
    """A segment with its elements. `loop` tells how many loops of its kind have begun."""
    stands = f"  segment {segment.position}{f', {segment.loop} ({loop})' if segment.loop else ''}"
    label = _line(("bold cyan", visible(segment.tag)), f" {segment.name}", ("dim", stands))
    rows = [_cells(element) for element in segment.elements]
    widths = [min(max(map(len, column)), WIDEST) for column in zip(*rows, strict=True)]
    for row in rows:
        place, number, name, text, meaning = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        line = _line(("dim", f"{place}  {number}  "), f"{name}  ", ("bold", text), ("green", f"  {meaning}"))
        line.rstrip()
        label.append("\n").append_text(line)
    for remark in remarks:
        label.append("\n").append_text(_line(remark))
    return tree.add(label)


def _cells(element: ExplainedElement) -> tuple[str, str, str, str, str]:
    return element.place, element.number, element.name, visible(shortened(element.text.rstrip(), LONGEST)), element.meaning


def _fault(finding: Finding) -> tuple[str, str]:
    return "red", f"✗ {finding.message}{f' [{finding.code_of} {finding.code}]' if finding.code else ''}"


def _warning(text: str) -> tuple[str, str]:
    return "yellow", f"! {text}"


def _party(party: tuple[str, str]) -> str:
    return " ".join(visible(part) for part in party if part)


def _line(*parts: str | tuple[str, str]) -> Text:
    """Text of parts, each alone or with its style before it."""
    return Text.assemble(*(part if isinstance(part, str) else (part[1], part[0]) for part in parts))
