"""What is done with the bytes that a partner sent: one parser a format. Here is what every parser gets and gives, and the
one that needs to know nothing about a format; parsers of formats register themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from sqlalchemy import Connection

from mlconnector_assets.state.inbox import InboundFile


@dataclass(frozen=True)
class Taken:
    """The parser took the file in. `summary` is one line for people; `keep` writes what was parsed into the state database,
    in the transaction that says that the file was handed over: both are there, or neither."""

    summary: str
    keep: Callable[[Connection], None] = lambda tx: None


@dataclass(frozen=True)
class Refused:
    """The file cannot be used. `reasons` are sentences for the partner: line, field, value, what is allowed."""

    reasons: tuple[str, ...]


class Parser(Protocol):
    """Takes a file in, or refuses it for reasons that are the partner's. What time may mend (a system that does not answer)
    is raised as a ConnectorError, and the file is handed over again later. The same file may come more than once."""

    def __call__(self, file: InboundFile, content: BinaryIO) -> Taken | Refused:
        """`content` are the bytes; `file` tells partner, kind, name, size, SHA-256 and when it was received."""
        ...


def store(file: InboundFile, content: BinaryIO) -> Taken | Refused:
    """Keep the bytes, which is done already."""
    return Taken("kept")


PARSERS: Mapping[str, Parser] = {"store": store}
"""Format in a partner's file → parser."""
