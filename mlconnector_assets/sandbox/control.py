"""The server's side of the control interface: changes as people make them, late commits, faults, the
clock, and files put into partners' folders. One JSON object per request, told apart by `do`."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mlconnector_assets.sandbox.changes import CHANGES
from mlconnector_assets.sandbox.clock import MovableClock
from mlconnector_assets.sandbox.faults import Faults
from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.odoo.older import VERSION_SETTING, VERSIONS
from mlconnector_assets.sandbox.values import Row, Value
from mlconnector_assets.sandbox.world.business import Business

Action = Callable[..., Row]


class Control:
    """Carries out control requests. `sftp` does "pause", "resume" or "change_host_keys" to the SFTP server."""

    def __init__(
        self, database: Database, faults: Faults, clock: MovableClock, sftp_root: Path, sftp: Callable[[str], None]
    ) -> None:
        self.database, self.faults, self.clock = database, faults, clock
        self.sftp_root, self.sftp = sftp_root, sftp
        self._lock = threading.Lock()
        self._pages: dict[str, int] = {}
        self._seen: dict[str, list[int]] = {}

    def __call__(self, request: Row) -> Row:
        """Do what `request["do"]` says. Raises ValueError, KeyError or TypeError for a request that makes no sense."""
        arguments = dict(request)
        name = arguments.pop("do")
        actions: dict[str, Action] = {
            "fault": self.fault,
            "clear": self.clear,
            "faults": self.list_faults,
            "change": self.change,
            "commit": self.commit,
            "clock": self.set_clock,
            "version": self.set_version,
            "put_file": self.put_file,
            "change_host_keys": self.change_host_keys,
        }
        if name not in actions:
            raise ValueError(f"unknown control request {name!r}")
        return actions[name](**arguments)

    def fault(self, kind: str, times: int | None = 1, **options: Value) -> Row:
        """Arm a fault; `times` None means until cleared."""
        number = self.faults.arm(kind, times, options)
        if kind == "sftp_down":
            self.sftp("pause")
        return {"id": number}

    def clear(self, kind: str | None = None) -> Row:
        """Disarm the faults of a kind, or all."""
        self.faults.clear(kind)
        if kind in (None, "sftp_down"):
            self.sftp("resume")
        return {}

    def list_faults(self) -> Row:
        """The armed faults."""
        return {"faults": self.faults.listing()}

    def set_clock(self, now: str | None = None, running: bool = True, advance: float | None = None, reset: bool = False) -> Row:
        """Set, advance (seconds) or reset the clock; answers the present instant."""
        if reset:
            self.clock.reset()
        if now:
            self.clock.set(_instant(now), running=running)
        if advance:
            self.clock.advance(timedelta(seconds=advance))
        return {"now": self.clock().isoformat()}

    def set_version(self, version: int) -> Row:
        """Be another Odoo: 17 and 18 answer over XML-RPC only."""
        if version not in VERSIONS:
            raise ValueError(f"no Odoo {version!r}; there are: {', '.join(map(str, VERSIONS))}")
        self.database.remember(VERSION_SETTING, version)
        return {}

    def change(
        self, change: str, at: str | None = None, hold: bool = False, after: float | None = None, **arguments: Value
    ) -> Row:
        """Make a change, stamped `at` (now). With `hold` it commits when told, with `after` that many seconds later;
        either way with the stamp of its start, and a new document gets its id at the start, as in PostgreSQL."""
        if change not in CHANGES:
            raise ValueError(f"unknown change {change!r}")
        asked = CHANGES[change]
        stamp = _instant(at) if at else self.clock()
        with self.database.transaction():
            if not hold and after is None:
                return asked.act(self.database, stamp, **arguments)
            if asked.creates:
                arguments["id"] = self.database.next(asked.creates)
            due = microseconds(self.clock() + timedelta(seconds=after)) if after is not None else None
            held = json.dumps({"change": change, "at": stamp.isoformat(), **arguments})
            self.database.query("INSERT INTO uncommitted (change, due) VALUES (?, ?)", (held, due))
        return {"id": arguments.get("id")}

    def commit(self, *, only_due: bool = False) -> Row:
        """Make held changes visible: all, or those whose time has come."""
        with self.database.transaction():
            condition = f"due <= {microseconds(self.clock())}" if only_due else "1"
            waiting = self.database.query(f"SELECT id, change FROM uncommitted WHERE {condition} ORDER BY id")
            for number, text in waiting:
                self.change(**json.loads(text))
                self.database.query("DELETE FROM uncommitted WHERE id = ?", (number,))
        return {"committed": len(waiting)}

    def commit_due(self) -> None:
        """Called before each request."""
        self.commit(only_due=True)

    def page_seen(self, model: str, ids: list[int]) -> None:
        """Called after each page was read: rewrites rows behind and ahead of the reader when that fault is armed."""
        fault = self.faults.armed("rewrite_rows", model=model)
        if fault is None:
            return
        with self._lock:
            self._pages[model] = self._pages.get(model, 0) + 1
            seen = self._seen.setdefault(model, [])
            seen.extend(ids)
            if self._pages[model] % int(fault.options.get("every", 2)) or not seen:
                return
            self.faults.strike("rewrite_rows", model=model)
            count = int(fault.options.get("rows", 3))
            table = MODELS[model].table
            ahead = self.database.query(f"SELECT id FROM {table} WHERE id > ? ORDER BY id LIMIT ?", (max(seen), count))
            with self.database.transaction():
                for record in [*seen[:count], *(found for (found,) in ahead)]:
                    self._rewrite(model, record)

    def change_host_keys(self) -> Row:
        """Restart the SFTP server with new host keys; sandbox.json tells them."""
        self.sftp("change_host_keys")
        return {}

    def put_file(self, partner: str, path: str, content: str = "", raw_name: str | None = None) -> Row:
        """Put a file (`content` is base64) into a partner's folder; `raw_name` (base64) replaces the file name by any bytes."""
        target = self.sftp_root / partner / path.strip("/")
        if raw_name:
            target = target.with_name(os.fsdecode(base64.b64decode(raw_name)))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(base64.b64decode(content))
        return {}

    def _rewrite(self, model: str, record: int) -> None:
        if model == "account.move":
            Business(self.database).touch_move(record, {}, at=self.clock())
        else:
            self.database.update(model, record, {}, at=microseconds(self.clock()))


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
