"""The server's side of the control interface: changes as people make them, late commits, faults, the
clock, and files put into partners' folders. One JSON object per request, told apart by `do`."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from mlconnector_assets.sandbox.clock import MovableClock
from mlconnector_assets.sandbox.faults import Faults
from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.values import Row, Value
from mlconnector_assets.sandbox.world.business import Business, today
from mlconnector_assets.sandbox.world.catalog import account_id, tax_ids
from mlconnector_assets.sandbox.world.ledger import HUNDRED, DraftLine

Action = Callable[..., Row]


class Control:
    """Carries out control requests. `sftp` does "pause", "resume" or "change_host_keys" to the SFTP server."""

    def __init__(
        self, database: Database, faults: Faults, clock: MovableClock, sftp_root: Path, sftp: Callable[[str], None]
    ) -> None:
        self.database, self.faults, self.clock = database, faults, clock
        self.business = Business(database)
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

    def change(
        self, change: str, at: str | None = None, hold: bool = False, after: float | None = None, **arguments: Value
    ) -> Row:
        """Make a change, stamped `at` (now). With `hold` it commits when told, with `after` that many seconds later;
        either way with the stamp of its start, and a new document gets its id at the start, as in PostgreSQL."""
        methods: dict[str, Action] = {
            "post_invoice": self._post_invoice,
            "draft_invoice": self._draft_invoice,
            "post": self._post,
            "pay": self._pay,
            "cancel": self._cancel,
            "credit_note": self._credit_note,
            "delete": self._delete,
            "change_partner": self._change_partner,
            "write": self._write,
        }
        if change not in methods:
            raise ValueError(f"unknown change {change!r}")
        stamp = _instant(at) if at else self.clock()
        with self.database.transaction():
            if not hold and after is None:
                return methods[change](stamp, **arguments)
            if change in ("post_invoice", "draft_invoice"):
                arguments["id"] = self.database.next("account.move")
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
        if fault is None or model not in ("account.move", "res.partner"):
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
        number = self.database.next("rewrite")
        if model == "account.move":
            self.business.touch_move(record, {"narration": f"<p>Rewritten {number}</p>"}, at=self.clock())
        else:
            self.business.change_partner(record, {"phone": f"+31 20 {number:07}"}, at=self.clock())

    def _draft_invoice(self, at: datetime, move_type: str = "out_invoice", company: int = 1, **details: Value) -> Row:
        outgoing = move_type.startswith("out")
        rank = "customer_rank" if outgoing else "supplier_rank"
        partner = (
            details.pop("partner", None)
            or self.database.query(f"SELECT id FROM res_partner WHERE {rank} > 0 AND active ORDER BY id LIMIT 1")[0][0]
        )
        day = date.fromisoformat(details.pop("day")) if "day" in details else today(at)
        tax = self.business.tax(tax_ids(company, "sale" if outgoing else "purchase")[0])
        account = account_id(company, "Product Sales" if outgoing else "Purchases")
        default = [{"name": "Nieuwe regel, señal", "quantity": "3", "price": "33.335"}]
        lines = [
            DraftLine(
                line["name"],
                quantity=Decimal(str(line.get("quantity", 1))),
                price=Decimal(str(line.get("price", 0))),
                account=account if line.get("kind", "product") == "product" else None,
                taxes=(tax,) if line.get("taxed", True) and line.get("kind", "product") == "product" else (),
                kind=line.get("kind", "product"),
            )
            for line in details.pop("lines", default)
        ]
        move = self.business.draft(move_type, company=company, partner=partner, day=day, lines=lines, at=at, **details)
        return {"id": move, "name": None}

    def _post_invoice(self, at: datetime, **details: Value) -> Row:
        drafted = self._draft_invoice(at, **details)
        return {**drafted, "name": self.business.post(drafted["id"], at=at)}

    def _post(self, at: datetime, id: int) -> Row:
        return {"id": id, "name": self.business.post(id, at=at)}

    def _pay(self, at: datetime, id: int, amount: str | None = None) -> Row:
        payment = self.business.pay(id, day=today(at), at=at, amount=Decimal(amount) if amount else None)
        return {"id": id, "payment": payment}

    def _cancel(self, at: datetime, id: int) -> Row:
        self.business.cancel(id, at=at)
        return {"id": id}

    def _credit_note(self, at: datetime, id: int, share: str = "100") -> Row:
        note = self.business.credit_note(id, day=today(at), at=at, share=Decimal(share))
        name = self.business.post(note, at=at)
        if Decimal(share) == HUNDRED:
            self.business.settle(note, at=at)
        return {"id": note, "name": name}

    def _delete(self, at: datetime, id: int) -> Row:
        self.business.delete_move(id)
        return {"id": id}

    def _change_partner(self, at: datetime, id: int, values: Row) -> Row:
        self.business.change_partner(id, values, at=at)
        return {"id": id}

    def _write(self, at: datetime, model: str, ids: list[int], values: Row | None = None) -> Row:
        unknown = set(values or {}) - set(MODELS[model].columns)
        if unknown:
            raise ValueError(f"{model} holds no {', '.join(sorted(unknown))}")
        for record in ids:
            self.database.update(model, record, values or {}, at=microseconds(at))
        return {"ids": ids}


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
