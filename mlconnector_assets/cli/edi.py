"""`mlconnector edi`: files of X12 and EDIFACT, explained, validated, acknowledged. Needs no project."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer
from rich.markup import escape

from mlconnector_assets.cli import tables
from mlconnector_assets.cli.options import counted, err, out
from mlconnector_assets.errors import ConfigurationError

if TYPE_CHECKING:
    from mlconnector_assets.formats.edi.standard import Standard
    from mlconnector_assets.formats.validation import Finding, Validation

app = typer.Typer(no_args_is_help=True, help="X12 and EDIFACT files: explain, validate, acknowledge. Needs no project.")
STANDARD_INPUT = "-"
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
COLUMNS = ("file", "message", "position", "segment", "element", "code", "what is wrong")


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
    with _opened(file) as stream:
        tree = Tree(standards, shown)
        tree.show(stream)
    if message and message > tree.messages:
        raise ConfigurationError(f"the file has {counted(tree.messages, 'message')}, and no message {message}", where=file)


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="X12 or EDIFACT files; `-` is standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object a file, each on a line of its own.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="Show at most so many errors of a file; --json writes all.")
    ] = 50,
    dictionary: DictionaryOption = None,
) -> None:
    """Tell whether files are right, and exactly what is wrong where. Exits with 1 if anything is.

    Checked are the envelope with all counts and control numbers, the order and repetition of segments, what is mandatory,
    types, lengths, dates, and codes where the dictionary lists them. The code of an error is the one that the
    acknowledgment would carry. The objects of --json have file, valid, standard, messages, and errors with position,
    segment, element, code and message; a file that cannot be read is one too. What happens next: **mlconnector edi
    inspect FILE** shows an error in its surroundings.

    Examples: mlconnector edi validate order.edi, mlconnector edi validate inbound/*.edi --json | jq .errors,
    mlconnector edi validate - < order.edi
    """
    standards = _standards(dictionary)
    results = []
    for file in files:
        result = _validated(file, standards)
        if as_json:
            sys.stdout.write(json.dumps(_object(file, result), ensure_ascii=False) + "\n")
            sys.stdout.flush()
        results.append((file, result))
    if not as_json:
        _show(results, limit)
    raise typer.Exit(0 if all(result.valid for _, result in results) else 1)


def _standards(dictionaries: list[Path] | None) -> tuple[Standard, ...]:
    from mlconnector_assets.dictionaries import read_dictionary
    from mlconnector_assets.formats.standards import standards

    return standards(*(read_dictionary(path.read_text(encoding="utf-8"), where=str(path)) for path in dictionaries or ()))


@contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    if file == STANDARD_INPUT:
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as stream:
        yield stream


def _validated(file: str, standards: tuple[Standard, ...]) -> Validation:
    """The result for a file; one that cannot be opened has it as its only finding."""
    from mlconnector_assets.formats.validation import Validation, unreadable, validate

    try:
        with _opened(file) as stream, _progress(file) as advance:
            return validate(stream, standards, advance)
    except OSError as error:
        return Validation(findings=[unreadable(error.strerror or str(error))])


@contextmanager
def _progress(file: str) -> Iterator[Any]:
    """A bar for a big file on a terminal; called with the bytes that were read."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    path = Path(file)
    size = path.stat().st_size if file != STANDARD_INPUT and path.is_file() else None
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    quiet = not err.is_terminal or (size is not None and size < BIG)
    with Progress(*columns, console=err, transient=True, disable=quiet) as bars:
        task = bars.add_task(escape(path.name), total=size)
        yield lambda read: bars.advance(task, read)


def _object(file: str, result: Validation) -> dict[str, Any]:
    return {
        "file": file,
        "valid": result.valid,
        "standard": result.standard,
        "messages": result.messages,
        "errors": [_error(finding) for finding in result.findings],
        "notes": result.notes,
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


def _show(results: list[tuple[str, Validation]], limit: int) -> None:
    for file, result in results:
        name = escape(file)
        size = counted(result.messages, "message")
        if result.valid:
            out.print(f"[green]✓[/] {name}: {result.standard}, {size}")
        else:
            kind = f"{result.standard}, {size}, " if result.standard else ""
            out.print(f"[bold red]✗[/] {name}: {kind}{counted(len(result.findings), 'error')}")
        for note in result.notes:
            out.print(f"  [yellow]![/] {escape(note)}")
    rows = [(file, finding) for file, result in results for finding in result.findings[:limit]]
    if rows:
        cells = [(file, one.reference, one.position, one.segment, _element(one), _code(one), one.message) for file, one in rows]
        tables.show(COLUMNS, cells, folding=["what is wrong"])
    for file, result in results:
        if (more := len(result.findings) - limit) > 0:
            out.print(f"{escape(file)}: {counted(more, 'more error')}; --limit shows them, --json writes all")
    if len(results) > 1:
        valid = sum(result.valid for _, result in results)
        messages = sum(result.messages for _, result in results)
        out.print(f"{valid} of {counted(len(results), 'file')} valid, {counted(messages, 'message')}")


def _element(finding: Finding) -> str:
    return "" if finding.element is None else f"{finding.element}{f'-{finding.component}' if finding.component else ''}"


def _code(finding: Finding) -> str:
    return f"{finding.code_of} {finding.code}" if finding.code else ""
