"""A project without any network: books that a test changes by hand, the real stores and state database, and a partner in
memory. What the steps make of it is real, only fast."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from mlconnector_assets.records import INVOICES
from mlconnector_assets.state import deletions, documents, flow_rules, holds, reads
from mlconnector_assets.state.deletions import Vanished
from mlconnector_assets.state.holds import Hold
from mlconnector_assets.steps import deliver, reconcile
from mlconnector_assets.steps.deliver import DeliverOutcome, deliver_partner
from mlconnector_assets.steps.eligibility import rules_of
from mlconnector_assets.steps.holding import decide
from mlconnector_assets.steps.render import RenderOutcome, render_flow
from mlconnector_assets.steps.workspace import Workspace, open_workspace
from tests.exchange.fake_session import FakePartner
from tests.partners.samples import HOST_KEY

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
CONNECTIONS = {
    "connections": {
        "odoo": {
            "system": "odoo",
            "url": "https://books.example",
            "database": "books",
            "api_key": "odoo-key",
            "companies": {"nl": 1, "us": 2},
            "first_day": "2026-03-01",
        }
    }
}
SFTP = {"host": "sftp.example", "user": "us", "private_key": "acme-key", "host_keys": [HOST_KEY]}
FLOW: dict[str, Any] = {
    "connection": "odoo",
    "record": "invoices",
    "layout": {"columns": ["number", {"name": "total_amount", "decimals": 2}]},
    "companies": "all",
    "counterparties": "all",
    "since": "2026-01-01",
    "file_name": "inv_{control_number:06d}.csv",
}


class Books:
    """`now` moves by hand. `documents` are the invoices as they are at their source, by source id."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, *, confirmed: bool = True) -> None:
        self.root, self.now, self.partner = root, START, FakePartner()
        self.documents: dict[str, dict[str, Any]] = {}
        self._opened: Workspace | None = None
        (root / "partners").mkdir(parents=True, exist_ok=True)
        (root / "connections.yaml").write_text(yaml.safe_dump(CONNECTIONS))
        self.configure()
        for module in (deliver, reconcile):
            monkeypatch.setattr(module, "open_session", lambda workspace, partner: self.partner.open())
        monkeypatch.setattr("tests.exchange.fake_session.FakeSession.attributes", _attributes)
        if confirmed:
            self.confirm()

    def configure(self, *, mode: str = "live", sftp: dict[str, Any] | None = None, **flow: Any) -> None:
        """Write the partner's file, and open the project anew."""
        self.close()
        partner = {"name": "ACME", "mode": mode, "sftp": SFTP | (sftp or {}), "flows": {"invoices": FLOW | flow}}
        (self.root / "partners" / "acme.yaml").write_text(yaml.safe_dump(partner))

    @property
    def workspace(self) -> Workspace:
        if self._opened is None:
            self._context = open_workspace(self.root, clock=lambda: self.now)
            self._opened = self._context.__enter__()
        return self._opened

    @property
    def book(self) -> str:
        return self.workspace.partner("acme").book

    def close(self) -> None:
        if self._opened is not None:
            self._opened, opened = None, self._context
            opened.__exit__(None, None, None)

    def confirm(self) -> None:
        with self.workspace.state.transaction() as tx:
            flow_rules.confirm(tx, self.book, "invoices", rules_of(self.workspace.flow("acme", "invoices")), self.now)

    def later(self, **time: float) -> None:
        self.now += timedelta(**time)

    def put(self, source_id: str, **values: Any) -> None:
        """A new invoice, or another version of it."""
        known = self.documents.get(source_id) or {
            "connection": "odoo",
            "company": "nl",
            "source_id": source_id,
            "kind": "customer",
            "state": "posted",
            "number": f"INV/{source_id}",
            "counterparty_id": "7",
            "document_date": date(2026, 2, 1),
            "currency": "EUR",
            "total_amount": Decimal("10.00"),
        }
        self.documents[source_id] = known | values | {"modified_at": self.now}

    def delete(self, *source_ids: str) -> None:
        """Gone from the source, and found by a sweep."""
        gone = [Vanished(key, key, "nl", f"INV/{key}", None) for key in source_ids if self.documents.pop(key, None)]
        with self.workspace.state.transaction() as tx:
            deletions.commit_sweep(
                tx, connection="odoo", record="invoices", deleted=gone, left=[], returned=[], cleared=[], at=self.now,
                listed=len(self.documents), confirmed_by=None, run_id="test",
            )  # fmt: skip

    def read(self) -> None:
        """Bring the store up to date: each day whose rows differ is read again."""
        workspace = self.workspace
        with workspace.state.reading() as tx:
            newest = {read.day: read for read in reads.newest(tx, "odoo", "invoices")}
        frame = pl.DataFrame(
            [dict.fromkeys(INVOICES.schema) | row for row in self.documents.values()], schema=INVOICES.schema, orient="row"
        )
        first = date(2026, 3, 1)
        days = {row["modified_at"].date() for row in self.documents.values()} | newest.keys()
        with workspace.records.spool("odoo", INVOICES, first) as spool:
            spool.append(frame)
            made = []
            for day in sorted(days):
                file = spool.finish(day, window=(None, self.now + timedelta(days=1)))
                if day not in newest or newest[day].sha256 != file.sha256:
                    workspace.records.publish(file)
                    made.append(reads.NewPartitionRead(day, file.rows, file.sha256, file.path, file.totals))
        with workspace.state.transaction() as tx:
            reads.commit_read(
                tx, connection="odoo", record="invoices", read_at=self.now, until=self.now, partitions=made, run_id="test"
            )

    def render(self) -> RenderOutcome:
        self.read()
        return render_flow(self.workspace, "acme", "invoices")

    def deliver(self) -> DeliverOutcome:
        return deliver_partner(self.workspace, "acme")

    def cycle(self) -> RenderOutcome:
        outcome = self.render()
        assert not self.deliver().failed
        return outcome

    def decide(self, decision: str, *holds_to_decide: Hold) -> None:
        decide(self.workspace, [hold.id for hold in holds_to_decide], decision, by="Ann", reason="looked at it")  # type: ignore[arg-type]

    def open_holds(self) -> list[Hold]:
        with self.workspace.state.reading() as tx:
            return holds.open(tx)

    def kinds(self) -> list[str]:
        return [hold.kind for hold in self.open_holds()]

    def states(self) -> dict[str, str]:
        with self.workspace.state.reading() as tx:
            return {source_id: state for source_id, state, _, _ in documents.states(tx, self.book, "invoices")}

    def files(self, folder: str = "outbound") -> dict[str, str]:
        """What lies at the partner's: name to the document numbers in it."""
        found = self.partner.names(f"./{folder}")
        return {
            name: " ".join(line.split(",")[0] for line in text.decode().splitlines()[1:]) for name, text in sorted(found.items())
        }


def _attributes(session: Any, path: str) -> Any:
    from mlconnector_assets.exchange.wire import Attributes

    session._do("look", path)
    files = session.partner.files
    if path in files:
        return Attributes(len(files[path]), 0o100644, 0)
    return Attributes(None, 0o40755, 0) if any(name.startswith(f"{path}/") for name in files) else None


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Books whose partner's rules somebody has confirmed."""
    made = Books(tmp_path / "project", monkeypatch)
    yield made
    made.close()
