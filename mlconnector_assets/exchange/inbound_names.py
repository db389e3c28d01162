"""Which of the names that a server lists are files for us. They are only ever sent back to that server and shown; no name is
a local path."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlconnector_assets.exchange.conversation import shown
from mlconnector_assets.exchange.sftp import RemoteFile
from mlconnector_assets.partners.inbox import Inbox
from mlconnector_assets.state.inbox import Sighting

UNFINISHED = (".part", ".tmp", ".filepart", ".filepart~", ".uploading")
"""Endings under which programs write files that are not whole yet."""
LONGEST = 225
"""Bytes of the longest name that we can give our own endings (.1a2b3c4d, .reason.json) on a server that takes 255."""
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_CLAIMED = re.compile(r"(.+)\.[0-9a-f]{8}")


@dataclass(frozen=True)
class Found:
    """What is in one folder: files for us (or that we cannot take), and how many fit no pattern."""

    sightings: list[Sighting]
    unmatched: list[str]


def sightings(inbox: Inbox, folder: str, inbound: str, listed: Sequence[RemoteFile]) -> Found:
    """Sort out what is in a folder below root; `inbound` is the folder of kinds that name none."""
    found, unmatched = [], []
    names = {file.name for file in listed}
    for file in listed:
        if _passed_over(file, inbox.marker):
            continue
        name = file.name or shown(file.raw)
        reason = _refusal(file)
        kind = inbox.kind_of(folder, name, inbound)
        if reason is None and kind is None:
            unmatched.append(f"{folder}/{name}")
            continue
        if reason is None and file.size is not None and file.size > inbox.largest_file:
            reason = f"it has {file.size} bytes, more than `largest_file: {inbox.largest_file}` allows"
        complete = None if inbox.marker is None else f"{name}{inbox.marker}" in names
        path = f"{folder}/{_printable(name)}"
        found.append(Sighting(path, kind or "", file.size, file.mtime, reason, None if reason else complete))
    return Found(found, unmatched)


def claimed_names(listed: Iterable[RemoteFile]) -> list[tuple[RemoteFile, str]]:
    """What lies in the folder for claimed files, with the names that the partner gave."""
    whole = [file for file in listed if file.regular and None not in (file.name, file.size, file.mtime)]
    return [(file, match[1]) for file in whole if (match := _CLAIMED.fullmatch(file.name or ""))]


def _passed_over(file: RemoteFile, marker: str | None) -> bool:
    if not file.regular or file.raw.startswith(b"."):
        return True
    name = file.name or ""
    return name.lower().endswith(UNFINISHED) or (marker is not None and name.endswith(marker))


def _refusal(file: RemoteFile) -> str | None:
    """Why a file cannot be taken; None when it can."""
    if file.name is None:
        return "its name is not UTF-8, so it is left where it is"
    if bad := [char for char in file.name if char == "\\" or unicodedata.category(char) in _UNSAFE]:
        return f"its name contains {bad[0]!a}, so it is left where it is"
    if len(file.raw) > LONGEST:
        return f"its name has {len(file.raw)} bytes, more than {LONGEST}, so it is left where it is"
    if file.size is None or file.mtime is None:
        return "the server does not tell its size or time, so nobody can know when it is complete"
    return None


def _printable(name: str) -> str:
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in name)
