"""Following the segments around messages: groups and interchanges begin and end, are counted, and their references compared."""

from __future__ import annotations

import numpy as np

from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Group, Interchange, Wrong
from mlconnector_assets.formats.edi.standard import Elements, Standard
from mlconnector_assets.formats.edi.tokens import Indexes, Tokens, pack


class Envelopes:
    """An interchange while it is read. `references` are those of the messages in the group that is open."""

    def __init__(self, standard: Standard, interchange: Interchange) -> None:
        self.standard, self.interchange = standard, interchange
        self.references: set[str] = set()
        self._group: Group | None = None
        self._ended = False

    def follow(self, tokens: Tokens, starts: Indexes) -> Indexes:
        """Take in what stands around the messages that begin at `starts`; the index of each message's group."""
        standard, groups = self.standard, self.interchange.groups
        tags = {pack(tag): tag for tag in (standard.group_first, standard.group_last, standard.last)}
        owners = np.zeros(len(starts), np.intp)
        done = 0
        for segment in np.flatnonzero(np.isin(tokens.tags, list(tags))).tolist():
            place = int(np.searchsorted(starts, segment))
            owners[done:place] = self._count(place - done)
            done, tag, elements = place, tags[int(tokens.tags[segment])], tokens.segment(segment)
            if tag == standard.group_first:
                self._close_group(None)
                self._open_group(standard.group(elements))
            elif tag == standard.group_last:
                self._close_group(elements)
            else:
                self._close(elements)
        owners[done:] = self._count(len(starts) - done)
        assert not len(starts) or int(owners.max()) < len(groups)
        return owners

    def finish(self) -> None:
        """The file, or the next interchange, puts an end to this one."""
        self._close_group(None)
        if not self._ended and self.interchange.header[0][0] == self.standard.first and len(self.interchange.header) > 1:
            self.interchange.wrong.append(Wrong(EnvelopeFault.NO_TRAILER))

    def _count(self, messages: int) -> int:
        """So many messages stand here; the index of their group."""
        if messages and self._group is None:
            self._open_group(Group("", "", "", "", ""))
            if self.standard.grouped:
                self.interchange.wrong.append(Wrong(EnvelopeFault.STRAY, found=self.standard.opening))
        if self._group is not None:
            self._group.messages += messages
        return len(self.interchange.groups) - 1

    def _open_group(self, group: Group) -> None:
        self._group, self.references = group, set()
        self.interchange.groups.append(group)

    def _close_group(self, trailer: Elements | None) -> None:
        group, self._group = self._group, None
        if group is None:
            if trailer is not None:
                self.interchange.wrong.append(Wrong(EnvelopeFault.STRAY, found=trailer[0][0]))
        elif trailer is not None:
            group.declared = text_at(trailer, 1)
            group.wrong += compared(group.messages, group.reference, trailer)
        elif group.header:
            group.wrong.append(Wrong(EnvelopeFault.NO_TRAILER))

    def _close(self, trailer: Elements) -> None:
        self._close_group(None)
        interchange, self._ended = self.interchange, True
        groups = [group for group in interchange.groups if group.header]
        parts = len(groups) if groups or self.standard.grouped else sum(group.messages for group in interchange.groups)
        interchange.wrong += compared(parts, interchange.reference, trailer)


def compared(count: int, reference: str, trailer: Elements) -> list[Wrong]:
    """What a trailer (count, then reference) has other than what it ends."""
    said, again = text_at(trailer, 1), text_at(trailer, 2)
    wrong = [] if said and (said.lstrip("0") or "0") == str(count) else [Wrong(EnvelopeFault.COUNT, str(count), said)]
    return wrong + ([] if again == reference else [Wrong(EnvelopeFault.REFERENCE, reference, again)])


def text_at(elements: Elements, place: int) -> str:
    """The first component of an element; empty where the segment ends before it."""
    return elements[place][0] if place < len(elements) else ""
