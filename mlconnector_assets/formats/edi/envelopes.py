"""Following the segments around messages: groups and interchanges begin and end, are counted, and their references compared."""

from __future__ import annotations

import numpy as np

from mlconnector_assets.formats.edi.interchange import EnvelopeFault, Group, Interchange, Wrong
from mlconnector_assets.formats.edi.standard import Standard
from mlconnector_assets.formats.edi.tokens import Elements, Indexes, Tokens, pack, text_at


class Envelopes:
    """An interchange while it is read. `unique_groups`: no two groups may have the same kind, parties and reference."""

    def __init__(self, standard: Standard, interchange: Interchange, *, unique_groups: bool = True) -> None:
        self.standard, self.interchange, self.unique_groups = standard, interchange, unique_groups
        self._group: Group | None = None
        self._ended = self._answers = False
        self._groups_there: set[tuple[str, str, str, str]] = set()

    def follow(self, tokens: Tokens, starts: Indexes) -> Indexes:
        """Take in what stands around the messages that begin at `starts`; the index of each message's group."""
        standard, groups = self.standard, self.interchange.groups
        tags = {pack(tag): tag for tag in (standard.group_first, standard.group_last, standard.last)}
        owners = np.zeros(len(starts), np.intp)
        strays = self._strays(tokens, starts)
        done = astray = 0
        for segment in np.flatnonzero(np.isin(tokens.tags, list(tags))).tolist():
            place = int(np.searchsorted(starts, segment))
            owners[done:place] = self._count(place - done)
            behind = int(np.searchsorted(strays, segment))
            self._stray(tokens, strays[astray:behind])
            astray = behind
            done, tag, elements = place, tags[int(tokens.tags[segment])], tokens.segment(segment)
            if tag == standard.group_first:
                self._close_group(None)
                self._open_group(standard.group(elements))
            elif tag == standard.group_last:
                self._close_group(elements)
            else:
                self._close(elements)
        owners[done:] = self._count(len(starts) - done)
        self._stray(tokens, strays[astray:])
        assert not len(starts) or int(owners.max()) < len(groups)
        return owners

    def finish(self) -> None:
        """The file, or the next interchange, puts an end to this one."""
        self._close_group(None)
        if not self._ended and len(self.interchange.header) > 1:
            self.interchange.wrong.append(Wrong(EnvelopeFault.NO_TRAILER))
        if not self.interchange.groups and not self._answers:
            self.interchange.wrong.append(Wrong(EnvelopeFault.EMPTY))

    def _strays(self, tokens: Tokens, starts: Indexes) -> Indexes:
        """Segments that stand neither in a message nor belong to the envelope."""
        standard = self.standard
        envelope = [pack(tag) for tag in (standard.first, standard.last, standard.group_first, standard.group_last)]
        answers = [pack(tag) for tag in standard.answers]
        around = np.isin(tokens.tags, envelope + answers)
        bounds = np.append(
            np.flatnonzero(around | np.isin(tokens.tags, [pack(standard.opening), pack(standard.closing)])), tokens.segments
        )
        ends = bounds[np.searchsorted(bounds, starts, "right")]
        closed = tokens.tags[np.minimum(ends, tokens.segments - 1)] == pack(standard.closing)
        closed[ends == tokens.segments] = False
        covered = np.zeros(tokens.segments + 1, np.int8)
        covered[starts] += 1
        covered[ends + closed] -= 1
        self._answers = self._answers or bool(np.isin(tokens.tags, answers).any())
        return np.flatnonzero(~around & (np.cumsum(covered[:-1], dtype=np.int8) == 0))

    def _stray(self, tokens: Tokens, segments: Indexes) -> None:
        """Segments stand outside of messages: told once a group and once an interchange."""
        where = self._group if self._group is not None and self._group.header else self.interchange
        if len(segments) and not any(wrong.fault is EnvelopeFault.STRAY for wrong in where.wrong):
            where.wrong.append(Wrong(EnvelopeFault.STRAY, found=tokens.segment(int(segments[0]))[0][0]))

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
        self._group = group
        self.interchange.groups.append(group)
        if group.header and self.unique_groups:
            key = (group.kind, group.sender, group.receiver, group.reference)
            if key in self._groups_there:
                group.wrong.append(Wrong(EnvelopeFault.DUPLICATE, found=group.reference))
            self._groups_there.add(key)

    def _close_group(self, trailer: Elements | None) -> None:
        group, self._group = self._group, None
        if group is None or not group.header:
            if trailer is not None:
                self.interchange.wrong.append(Wrong(EnvelopeFault.STRAY, found=trailer[0][0]))
            return
        if trailer is not None:
            group.declared = text_at(trailer, 1)
            group.wrong += self._of_trailer(group.messages, group.reference, trailer)
        else:
            group.wrong.append(Wrong(EnvelopeFault.NO_TRAILER))
        if not group.messages:
            group.wrong.append(Wrong(EnvelopeFault.EMPTY))

    def _close(self, trailer: Elements) -> None:
        self._close_group(None)
        interchange, self._ended = self.interchange, True
        groups = [group for group in interchange.groups if group.header]
        parts = len(groups) if groups or self.standard.grouped else sum(group.messages for group in interchange.groups)
        interchange.wrong += self._of_trailer(parts, interchange.reference, trailer)

    def _of_trailer(self, parts: int, reference: str, trailer: Elements) -> list[Wrong]:
        return compared(parts, reference, trailer) or self.standard.faults_of_envelope(trailer)


def compared(count: int, reference: str, trailer: Elements) -> list[Wrong]:
    """What a trailer (count, then reference) has other than what it ends."""
    said, again = text_at(trailer, 1), text_at(trailer, 2)
    wrong = [] if said and (said.lstrip("0") or "0") == str(count) else [Wrong(EnvelopeFault.COUNT, str(count), said)]
    return wrong + ([] if again == reference else [Wrong(EnvelopeFault.REFERENCE, reference, again)])
