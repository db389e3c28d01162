"""`mlconnector edi`: files of X12 and EDIFACT, explained, validated, acknowledged. Needs no project."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer
from rich.console import Console
from rich.markup import escape

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import counted, err, out
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.numbering import HIGHEST, following

if TYPE_CHECKING:
    from mlconnector_assets.formats.edi.acknowledging import Acknowledgment
    from mlconnector_assets.formats.edi.standard import Standard
    from mlconnector_assets.formats.validation import Finding, Validation

app = typer.Typer(no_args_is_help=True, help="X12 and EDIFACT files: explain, validate, acknowledge. Needs no project.")
STANDARD_INPUT = "-"
FIRST = 50
"""Errors of a file that are shown where nothing else is asked for."""
BIG = 20_000_000
"""Bytes from which reading a file shows its progress."""
FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="An X12 or EDIFACT file; `-` is standard input.")]
DictionaryOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--dictionary",
        metavar="FILE",
        help="A partner's own dictionary (YAML), which stands for its version. May be given several times.",
    ),
]
MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]
"""How a date and time may be typed."""
COLUMNS = ("in", "segment", "code", "what is wrong")


@app.command()
def inspect(
    file: FileArgument,
    message: Annotated[
        int | None, typer.Option("--message", min=1, metavar="N", help="Only the Nth message of the file, counted from 1.")
    ] = None,
    first: Annotated[int, typer.Option("--first", min=0, metavar="N", help="Explain so many messages.")] = 3,
    everything: Annotated[bool, typer.Option("--all", help="Explain all messages.")] = False,
    dictionary: DictionaryOption = None,
) -> None:
    """Explain a file: who sent it to whom, and what each segment and element of its messages says.

    Each segment stands below the one that begins its loop. Of an element you see its place, the number and name of its
    data element, its value, and what that means: the meaning of a code, a date as 2026-01-31, cents as 1,473.60. What is
    wrong stands in red at its segment, with the code that an acknowledgment would carry. Characters that have no shape
    are escaped, as \\x1b. What happens next: **mlconnector edi ack FILE** makes the acknowledgment.

    Examples: mlconnector edi inspect order.edi, mlconnector edi inspect invoices.edi --message 17,
    mlconnector edi inspect - --all < order.edi, mlconnector edi inspect order.edi --dictionary acme.yaml
    """
    from mlconnector_assets.cli.edi_tree import Tree

    standards = _standards(dictionary)
    shown = range(message - 1, message) if message else range(sys.maxsize if everything else first)
    with _opened(file, quiet=True) as stream:
        tree = Tree(standards, shown)
        tree.show(stream)
    if message and message > tree.messages:
        raise ConfigurationError(f"the file has {counted(tree.messages, 'message')}, and no message {message}", where=file)


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="X12 or EDIFACT files; `-` is standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object a file, each on a line of its own.")] = False,
    limit: Annotated[
        int,
        typer.Option("--limit", min=1, metavar="N", help="Show at most so many errors and warnings a file; --json: all."),
    ] = FIRST,
    dictionary: DictionaryOption = None,
) -> None:
    """Tell whether files are right, and exactly what is wrong where. Exits with 1 if anything is.

    Checked are the envelope with all counts and control numbers, the order and repetition of segments, what is mandatory,
    types, lengths, dates, codes where the dictionary lists them, and totals. The code of an error is the one that the
    acknowledgment would carry. A warning, as of a total that partners compute in several ways, makes no file invalid.
    The objects of --json have file, valid, standard, messages, errors with position, segment, element, code and message,
    and warnings; a file that cannot be read is one too. What happens next: **mlconnector edi inspect FILE** shows an
    error in its surroundings.

    Examples: mlconnector edi validate order.edi, mlconnector edi validate inbound/*.edi --json | jq .errors,
    mlconnector edi validate - < order.edi
    """
    standards = _standards(dictionary)
    results = []
    for file in files:
        result = _validated(file, standards)
        if as_json:
            sys.stdout.write(json.dumps(_object(file, result)) + "\n")
            sys.stdout.flush()
        results.append((file, result))
    if not as_json:
        show_validity(results, limit)
    raise typer.Exit(0 if all(result.valid for _, result in results) else 1)


class Ta1(StrEnum):
    """When an interchange of X12 is answered itself, besides its groups."""

    REQUESTED = "requested"
    ALWAYS = "always"
    NEVER = "never"


@app.command()
def ack(
    file: FileArgument,
    *,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT", help="Write it to this file instead of standard output.")
    ] = None,
    control_number: Annotated[
        int,
        typer.Option(
            min=1,
            max=HIGHEST,
            metavar="N",
            help="The control number of the first interchange and group; later ones count on.",
        ),
    ] = 1,
    written: Annotated[
        datetime | None,
        typer.Option(
            "--date", formats=MOMENTS, metavar="TIME", help="Its date and time, as 2026-01-31T12:00.", show_default="now, UTC"
        ),
    ] = None,
    list_accepted: Annotated[
        bool, typer.Option("--list-accepted", help="Name each accepted message too, not only rejected ones.")
    ] = False,
    ta1: Annotated[
        Ta1, typer.Option(help="Whether X12 interchanges get a TA1; `requested`: if they ask or are wrong.")
    ] = Ta1.REQUESTED,
    version: Annotated[
        str, typer.Option(metavar="VERSION", help="The version of the 997, such as 004010.", show_default="that of each group")
    ] = "",
    lines: Annotated[bool, typer.Option("--lines", help="Begin a new line after each segment.")] = False,
    dictionary: DictionaryOption = None,
) -> None:
    """Make the acknowledgment that a file gets: 997 and TA1 of X12, CONTRL of EDIFACT. Sends nothing.

    It goes to standard output, byte for byte; what it says goes to standard error. An acknowledgment is never answered;
    where there is nothing to acknowledge, that is said and nothing is written. What happens next: the faults that it names
    are shown at their places by **mlconnector edi inspect FILE**.

    Examples: mlconnector edi ack order.edi, mlconnector edi ack order.edi --lines -o order.997,
    mlconnector edi ack order.edi --control-number 4711 --date 2026-01-31T12:00 --list-accepted
    """
    from mlconnector_assets.formats.acknowledgments import Acknowledgments
    from mlconnector_assets.formats.edi.acknowledging import Acknowledging
    from mlconnector_assets.formats.edi.reading import read
    from mlconnector_assets.formats.edi.standard import Unreadable
    from mlconnector_assets.formats.edi.wording import visible

    if version and not re.fullmatch(r"\d{6}[A-Z0-9]{0,6}", version):
        raise typer.BadParameter("is a version such as 004010", param_hint="--version")
    settings = Acknowledging(list_accepted, ta1.value, version=version, line_end="\n" if lines else "")
    collected = Acknowledgments(settings)
    standards = _standards(dictionary)
    broken: Unreadable | None = None
    with _opened(file) as stream:
        try:
            for batch in read(stream, standards):
                collected.take(batch)
        except Unreadable as error:
            broken = error
    answers, interchange, group = [], control_number, control_number
    for one in collected.of_interchanges:
        if one.due:
            answers.append(one.made(written or datetime.now(UTC), interchange, group))
            interchange, group = following(interchange, 1), following(group, one.group_numbers)
        err.print(f"interchange {visible(one.interchange.reference)}: {_outcome(one)}", markup=False)
    if not collected.of_interchanges and not broken:
        err.print("the file is empty: nothing to acknowledge")
    if output is None:
        typer.get_binary_stream("stdout").write(b"".join(answers))
    elif answers:
        output.write_bytes(b"".join(answers))
    if broken:
        raise broken


def _standards(dictionaries: list[Path] | None) -> tuple[Standard, ...]:
    from mlconnector_assets.dictionaries import read_dictionary
    from mlconnector_assets.formats.standards import standards

    return standards(
        *(read_dictionary(path.read_text(encoding="utf-8", errors="replace"), where=str(path)) for path in dictionaries or ())
    )


@contextmanager
def _opened(file: str, *, quiet: bool = False) -> Iterator[BinaryIO]:
    """A file, or standard input, to be read once. A big file shows on a terminal how far it was read, unless `quiet`."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    if file == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as stream:
        size = Path(file).stat().st_size
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=err, transient=True, disable=quiet or not err.is_terminal or size < BIG) as bars:
            yield bars.wrap_file(stream, total=size, description=escape(file))


def _validated(file: str, standards: tuple[Standard, ...]) -> Validation:
    """The result for a file; one that cannot be opened has it as its only finding."""
    from mlconnector_assets.formats.validation import Validation, unreadable, validate

    try:
        with _opened(file) as stream:
            return validate(stream, standards)
    except OSError as error:
        return Validation(findings=[unreadable(error.strerror or str(error))])


def _outcome(one: Acknowledgment) -> str:
    if not one.due:
        return "nothing to acknowledge"
    groups = one.interchange.groups
    messages = sum(group.messages for group in groups)
    accepted = sum(group.accepted for index, group in enumerate(groups) if not one.rejects(index))
    return "rejected" if one.rejected else f"{accepted:,} of {counted(messages, 'message')} accepted"


def _object(file: str, result: Validation) -> dict[str, Any]:
    return {
        "file": file,
        "valid": result.valid,
        "standard": result.standard,
        "messages": result.messages,
        "errors": [_error(finding) for finding in result.findings],
        "warnings": result.warnings,
    }


def _error(finding: Finding) -> dict[str, Any]:
    return {
        "interchange": finding.interchange or None,
        "reference": finding.reference or None,
        "position": finding.position,
        "segment": finding.segment,
        "element": finding.element,
        "component": finding.component,
        "code": finding.code,
        "code_of": finding.code_of,
        "message": finding.message,
        "text": finding.text or None,
    }


def show_validity(results: list[tuple[str, Validation]], limit: int = FIRST, console: Console = out) -> None:
    """Print what was found in each file, with at most `limit` errors and warnings."""
    from mlconnector_assets.formats.edi.wording import visible

    for file, result in results:
        name, size = escape(visible(file)), counted(result.messages, "message")
        if result.valid:
            console.print(f"[green]✓[/] {name}: {result.standard}, {size}")
        else:
            kind = f"{result.standard}, {size}, " if result.standard else ""
            console.print(f"[bold red]✗[/] {name}: {kind}{counted(len(result.findings), 'error')}")
        for warning in result.warnings[:limit]:
            console.print(f"  [yellow]![/] {escape(warning)}")
        if (more := len(result.warnings) - limit) > 0:
            console.print(f"  [yellow]![/] {counted(more, 'more warning')}; --limit shows them, --json writes all")
        if rows := [(visible(one.reference), _place(one), _code(one), one.message) for one in result.findings[:limit]]:
            tables.show(COLUMNS, rows, folding=["what is wrong"], console=console)
        if (more := len(result.findings) - limit) > 0:
            console.print(f"{counted(more, 'more error')}; --limit shows them, --json writes all")
    if len(results) > 1:
        valid = sum(result.valid for _, result in results)
        messages = sum(result.messages for _, result in results)
        console.print(f"{valid} of {counted(len(results), 'file')} valid, {counted(messages, 'message')}")


def _place(finding: Finding) -> str:
    """The segment, behind its position where that is in a message."""
    return " ".join(str(part) for part in (finding.position, finding.segment) if part is not None)


def _code(finding: Finding) -> str:
    return f"{finding.code_of} {finding.code}" if finding.code else ""
