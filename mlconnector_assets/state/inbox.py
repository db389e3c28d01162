"""The inbox: files that partners put into our folders, from first sight to the folder for what is done. There is one row for
each content that a path ever had, and its bytes are in the file store.

States: `seen` (lies there, not taken yet) and `untouched` (cannot be taken, with the reason) come and go with what is
listed; `claimed` (being fetched); `received` (its bytes are ours); then `handed_over`, `failed` with a reason, or
`duplicate`. A `failed` file can be retried.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from mlconnector_assets.errors import ConnectorError, LeaseHeld
from mlconnector_assets.state.processes import is_gone
from mlconnector_assets.state.schema import INBOX, upsert

PASSING = ("seen", "untouched")
"""States of what only lies in the partner's folder."""
HANDLED = ("handed_over", "failed", "duplicate")
"""States in which nothing is left to do but to move the file out of the way."""


@dataclass(frozen=True)
class Sighting:
    """A file in one of the partner's folders. `path` below root, escaped where it is no text; `mtime` in seconds of the
    server's clock; `reason` why it cannot be taken; `complete`: its marker is there, False: not yet, None: no marker is
    agreed."""

    path: str
    kind: str
    size: int | None
    mtime: int | None
    reason: str | None = None
    complete: bool | None = None


@dataclass(frozen=True)
class InboundFile:
    """A file of a partner.

    `path` is where the partner put it, below root; `lies_at` where it lies now, None where files are not moved. `due_at`:
    not before then anything is done with it; None: not before its marker is there. `attempts` counts up with every claim and
    is the fence. `sha256`, `received_at` once its bytes are ours; `duplicate_of` is the id of an earlier row with the same
    content; `result` is what its parser said. `filed_at`: when it was moved to processed/ or error/.
    """

    id: int
    partner: str
    kind: str
    path: str
    size: int | None
    mtime: int | None
    state: str
    reason: str | None
    seen_at: datetime
    due_at: datetime | None
    attempts: int
    owner: str | None
    owned_until: datetime | None
    lies_at: str | None
    sha256: str | None
    received_at: datetime | None
    duplicate_of: int | None
    handled_at: datetime | None
    result: str | None
    filed_at: datetime | None

    @property
    def name(self) -> str:
        """The name that the partner gave it."""
        return self.path.rpartition("/")[2]


def sight(
    tx: sa.Connection, partner: str, sightings: Sequence[Sighting], now: datetime, stable_for: timedelta, *, renames: bool
) -> list[Sighting]:
    """Note what lies in the partner's folders: all of it, since what is not among `sightings` is gone. `renames`: files are
    moved when they are claimed, so that what lies there was never taken; else they are known by path, size and time.

    Returns those that cannot be taken for a reason that was not known before.
    """
    passing = {row.path: row for row in _files(tx, INBOX.c.partner == partner, INBOX.c.state.in_(PASSING))}
    taken = _taken(tx, partner, {sighting.path for sighting in sightings}, renames)
    new: list[dict[str, object]] = []
    told: list[Sighting] = []
    for sighting in sightings:
        row = passing.pop(sighting.path, None)
        if (sighting.path, sighting.size, sighting.mtime) in taken:
            continue
        values: dict[str, object] = {
            "kind": sighting.kind, "size": sighting.size, "mtime": sighting.mtime, "reason": sighting.reason,
            "state": "untouched" if sighting.reason else "seen",
        }  # fmt: skip
        if sighting.reason and (row is None or row.reason != sighting.reason):
            told.append(sighting)
        same = row is not None and (row.size, row.mtime) == (sighting.size, sighting.mtime)
        if row is None or not same:
            values |= {"seen_at": now, "due_at": now + stable_for}
        if sighting.complete is not None and not (same and sighting.complete and row and row.due_at):
            values["due_at"] = now if sighting.complete else None
        if row is None:
            new.append({"partner": partner, "path": sighting.path, "attempts": 0} | values)
        elif any(getattr(row, name) != value for name, value in values.items()):
            tx.execute(sa.update(INBOX).where(INBOX.c.id == row.id).values(values))
    if new:
        tx.execute(upsert(tx, INBOX).on_conflict_do_nothing(), new)  # another poller may have seen them at the same time
    for some in _portions([row.id for row in passing.values()]):
        tx.execute(sa.delete(INBOX).where(INBOX.c.id.in_(some), INBOX.c.state.in_(PASSING)))
    return told


def adopt(tx: sa.Connection, partner: str, file: Sighting, lies_at: str, now: datetime) -> None:
    """Go on with a file that was claimed by a rename and that no row knows, as after a restore of the state database."""
    known = sa.select(INBOX.c.id).where(INBOX.c.partner == partner, INBOX.c.lies_at == lies_at)
    if tx.execute(known).first() is None:
        values = {"partner": partner, "kind": file.kind, "path": file.path, "size": file.size, "mtime": file.mtime}
        tx.execute(sa.insert(INBOX).values(state="claimed", attempts=1, lies_at=lies_at, seen_at=now, due_at=now, **values))


def claim(
    tx: sa.Connection, partner: str, owner: str, now: datetime, ttl: timedelta, *, processing: str | None, files: int, size: int
) -> list[InboundFile]:
    """Files whose time has come, made ours until `now + ttl`: at most `files`, and no more once they have `size` bytes
    together. These are seen ones, and those whose worker gave up, expired or is known to be dead. `processing` is the
    folder that claimed files are moved to; None: they stay where they are."""
    due = sa.and_(INBOX.c.state.in_(("seen", "claimed")), INBOX.c.due_at <= now)
    wanted = sa.select(INBOX).where(INBOX.c.partner == partner, due, _free(tx, partner, now))
    taken: list[InboundFile] = []
    for row in _files_of(tx, wanted.order_by(INBOX.c.id).limit(files).with_for_update(skip_locked=True)):
        if taken and (row.size or 0) > size:
            break
        size -= row.size or 0
        lies_at = row.lies_at or (f"{processing}/{row.name}.{secrets.token_hex(4)}" if processing else None)
        values = {"state": "claimed", "owner": owner, "owned_until": now + ttl, "attempts": row.attempts + 1}
        changed = sa.update(INBOX).where(INBOX.c.id == row.id).values(lies_at=lies_at, **values)
        taken.append(InboundFile(**tx.execute(changed.returning(INBOX)).mappings().one()))
    return taken


def count_due(tx: sa.Connection, partner: str, now: datetime) -> int:
    """How many files `claim` could give now."""
    due = sa.and_(INBOX.c.state.in_(("seen", "claimed")), INBOX.c.due_at <= now)
    wanted = sa.select(sa.func.count()).where(INBOX.c.partner == partner, due, _free(tx, partner, now))
    return int(tx.execute(wanted).scalar_one())


def renew(tx: sa.Connection, mine: Collection[InboundFile], until: datetime) -> None:
    """Keep claims until then; those that are not ours any more stay as they are."""
    for row in mine:
        tx.execute(sa.update(INBOX).where(*_ours(row)).values(owned_until=until))


def give_back(tx: sa.Connection, mine: InboundFile, reason: str | None, due_at: datetime) -> bool:
    """Not taken, or not handed over, this time: again from `due_at` on. Returns whether it was still ours."""
    return _change(tx, mine, reason=reason, due_at=due_at)


def changed(
    tx: sa.Connection, mine: InboundFile, now: datetime, due_at: datetime, *, size: int | None, mtime: int | None
) -> bool:
    """It is not what was seen: wait until it is stable again."""
    reason = "it was still being written when it was to be taken"
    return _change(tx, mine, reason=reason, size=size, mtime=mtime, seen_at=now, due_at=due_at)


def forget(tx: sa.Connection, mine: InboundFile) -> bool:
    """It is gone: the partner, or another installation, has taken it away before we had its bytes."""
    return tx.execute(sa.delete(INBOX).where(*_ours(mine))).rowcount > 0


def received(tx: sa.Connection, mine: InboundFile, sha256: str, size: int, now: datetime, *, keep: bool) -> InboundFile | None:
    """Its bytes are stored. `keep`: the same content under another name is handed over as well. None when it is not ours
    any more."""
    same = sa.select(INBOX.c.id, INBOX.c.path).where(INBOX.c.partner == mine.partner, INBOX.c.sha256 == sha256)
    others = tx.execute(same.where(INBOX.c.state != "duplicate").order_by(INBOX.c.id)).all()
    again = next((row for row in others if row.path == mine.path), None)
    other = again or next(iter(others), None)
    values: dict[str, object] = {"sha256": sha256, "size": size, "received_at": now, "due_at": now, "reason": None}
    if other is not None:
        values |= {"duplicate_of": other.id, "reason": f"the same content as file {other.id}, {other.path}"}
    skipped = other is not None and (again is not None or not keep)
    values |= {"state": "duplicate", "handled_at": now} if skipped else {"state": "received"}
    if mine.lies_at is None:
        values["filed_at"] = now
    statement = sa.update(INBOX).where(*_ours(mine)).values(owner=None, owned_until=None, **values).returning(INBOX)
    row = tx.execute(statement).mappings().one_or_none()
    return InboundFile(**row) if row else None


def claim_received(
    tx: sa.Connection, partner: str, owner: str, now: datetime, ttl: timedelta, *, files: int, only: int | None = None
) -> list[InboundFile]:
    """Received files that are to be handed over, oldest first, made ours until `now + ttl`."""
    wanted = sa.select(INBOX.c.id).where(INBOX.c.partner == partner, INBOX.c.state == "received", _free(tx, partner, now))
    wanted = wanted.where(INBOX.c.due_at <= now) if only is None else wanted.where(INBOX.c.id == only)
    ids = tx.execute(wanted.order_by(INBOX.c.id).limit(files).with_for_update(skip_locked=True)).scalars().all()
    statement = sa.update(INBOX).where(INBOX.c.id.in_(ids))
    statement = statement.values(owner=owner, owned_until=now + ttl, attempts=INBOX.c.attempts + 1)
    return sorted((InboundFile(**row) for row in tx.execute(statement.returning(INBOX)).mappings()), key=lambda one: one.id)


def handed_over(tx: sa.Connection, mine: InboundFile, result: str, now: datetime) -> bool:
    """Its parser has taken it in. Returns whether it was still ours; if not, nothing of the parser's may be kept."""
    return _change(tx, mine, state="handed_over", reason=None, result=result, handled_at=now)


def failed(tx: sa.Connection, mine: InboundFile, reason: str, now: datetime) -> bool:
    """Its parser refused it: somebody has to look, and may `retry` it."""
    return _change(tx, mine, state="failed", reason=reason, handled_at=now)


def retry(tx: sa.Connection, file_id: int, now: datetime) -> InboundFile:
    """Hand a failed file over again, or a duplicate that was skipped. Raises ConnectorError for others, LeaseHeld."""
    row = find(tx, file_id, lock=True)
    mend = "only failed files, and duplicates under another name, can be retried; see `mlconnector inbox list`"
    if row.state == "received" and (row.owned_until or now) > now and not is_gone(row.owner):
        raise LeaseHeld(f"file {file_id} is being handed over right now by {row.owner}", mend="wait until it is done")
    if row.state == "duplicate" and row.duplicate_of is not None:
        original = find(tx, row.duplicate_of)
        if original.path == row.path:
            mend = f"it is file {original.id} once more ({original.state}); retry that one if it failed"
            raise ConnectorError(f"file {file_id} is no file of its own", mend=mend)
    elif row.state not in ("failed", "received"):
        raise ConnectorError(f"file {file_id} is {row.state}", mend=mend)
    values = {"state": "received", "due_at": now, "handled_at": None, "owner": None, "owned_until": None}
    if row.lies_at is not None:
        values["filed_at"] = None
    statement = sa.update(INBOX).where(INBOX.c.id == file_id).values(values)
    return InboundFile(**tx.execute(statement.returning(INBOX)).mappings().one())


def to_file(tx: sa.Connection, partner: str) -> list[InboundFile]:
    """Files that are done and still lie where they were claimed, or where an earlier try left them."""
    return _files(tx, INBOX.c.partner == partner, INBOX.c.state.in_(HANDLED), INBOX.c.filed_at.is_(None))


def filed(tx: sa.Connection, row: InboundFile, lies_at: str, now: datetime) -> None:
    """It lies there now."""
    tx.execute(sa.update(INBOX).where(INBOX.c.id == row.id, INBOX.c.state == row.state).values(lies_at=lies_at, filed_at=now))


def to_hand_over(tx: sa.Connection, partner: str, now: datetime, limit: int | None = None) -> list[InboundFile]:
    """Received files that nobody is handing over, oldest first."""
    wanted = sa.select(INBOX).where(INBOX.c.partner == partner, INBOX.c.state == "received", INBOX.c.due_at <= now)
    return _files_of(tx, wanted.where(_free(tx, partner, now)).order_by(INBOX.c.id).limit(limit))


def of_content(tx: sa.Connection, partner: str, sha256_prefix: str) -> list[InboundFile]:
    """Received files whose SHA-256 begins so, oldest first."""
    found = INBOX.c.sha256.startswith(sha256_prefix, autoescape=True)
    return _files(tx, INBOX.c.partner == partner, found, INBOX.c.state != "duplicate")


def listing(
    tx: sa.Connection, partner: str | None = None, state: str | None = None, limit: int | None = 100
) -> list[InboundFile]:
    """Files, newest first; all of them without `limit`."""
    wanted = sa.select(INBOX).order_by(INBOX.c.id.desc()).limit(limit)
    if partner is not None:
        wanted = wanted.where(INBOX.c.partner == partner)
    if state is not None:
        wanted = wanted.where(INBOX.c.state == state)
    return _files_of(tx, wanted)


def find(tx: sa.Connection, file_id: int, *, lock: bool = False) -> InboundFile:
    """One file. Raises ConnectorError when there is none of that id."""
    wanted = sa.select(INBOX).where(INBOX.c.id == file_id)
    row = tx.execute(wanted.with_for_update() if lock else wanted).mappings().one_or_none()
    if row is None:
        raise ConnectorError(f"there is no inbound file {file_id}", mend="look at `mlconnector inbox list`")
    return InboundFile(**row)


def _taken(tx: sa.Connection, partner: str, paths: Collection[str], renames: bool) -> set[tuple[str, int | None, int | None]]:
    """Path, size and time of what is being taken, or was taken where files stay in place."""
    states = ("claimed",) if renames else ("claimed", "received", *HANDLED)
    wanted = sa.select(INBOX.c.path, INBOX.c.size, INBOX.c.mtime).where(INBOX.c.partner == partner, INBOX.c.state.in_(states))
    found: set[tuple[str, int | None, int | None]] = set()
    for some in _portions(list(paths)):
        found |= {(row.path, row.size, row.mtime) for row in tx.execute(wanted.where(INBOX.c.path.in_(some)))}
    return found


def _free(tx: sa.Connection, partner: str, now: datetime) -> sa.ColumnElement[bool]:
    """Whether nobody works on a row."""
    owners = sa.select(INBOX.c.owner).where(INBOX.c.partner == partner, INBOX.c.owner.is_not(None)).distinct()
    dead = [owner for owner in tx.execute(owners).scalars() if is_gone(owner)]
    return sa.or_(INBOX.c.owner.is_(None), INBOX.c.owned_until <= now, INBOX.c.owner.in_(dead))


def _ours(row: InboundFile) -> tuple[sa.ColumnElement[bool], ...]:
    return INBOX.c.id == row.id, INBOX.c.state == row.state, INBOX.c.attempts == row.attempts


def _change(tx: sa.Connection, mine: InboundFile, **values: object) -> bool:
    statement = sa.update(INBOX).where(*_ours(mine)).values(owner=None, owned_until=None, **values)
    return tx.execute(statement).rowcount > 0


def _portions(items: Sequence[Any], most: int = 500) -> list[Sequence[Any]]:
    return [items[at : at + most] for at in range(0, len(items), most)]


def _files(tx: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[InboundFile]:
    return _files_of(tx, sa.select(INBOX).where(*conditions).order_by(INBOX.c.id))


def _files_of(tx: sa.Connection, wanted: sa.Select[Any]) -> list[InboundFile]:
    return [InboundFile(**row) for row in tx.execute(wanted).mappings()]
