"""Hypothesis drives source changes, reads, flows, holds, deliveries, crashes and restores against a model. Whatever happens
in whatever order: nothing is lost, nothing arrives twice, control numbers have no gaps, and nothing leaves that a person
would not have sent. Source and server are in memory; state database, stores and steps are the real ones."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from mlconnector_assets.crash_points import CrashPoint
from mlconnector_assets.errors import StateError
from mlconnector_assets.exchange import outbox, send
from mlconnector_assets.state import deliveries
from mlconnector_assets.steps import holding, outbox_entry, render, workspace
from mlconnector_assets.steps import reconcile as reconcile_step
from mlconnector_assets.steps.proof import prove_flow
from mlconnector_assets.steps.reconcile import reconcile
from mlconnector_assets.steps.resend import resend_document
from tests.steps.books import Books

CRASHES = [
    CrashPoint.RENDER_STARTED,
    CrashPoint.RENDER_JUDGED,
    CrashPoint.RENDER_BODY_MADE,
    CrashPoint.RENDER_FILE_STORED,
    CrashPoint.RENDER_DOCUMENTS_CLAIMED,
    CrashPoint.RENDER_AUDIT_WRITTEN,
    CrashPoint.AUDIT_COMMITTED,
    CrashPoint.RENDER_COMMITTED,
    CrashPoint.DELIVER_CLAIMED,
    CrashPoint.DELIVER_PUBLISHING,
    CrashPoint.DELIVER_RENAMED,
    CrashPoint.DELIVER_COMMITTED,
    CrashPoint.HOLD_DECIDED,
]
DECIDING = [CrashPoint.HOLD_DECIDED, CrashPoint.AUDIT_COMMITTED]
LIMIT = 3


class Killed(BaseException):
    """The process died here."""


class Sending(RuleBasedStateMachine):
    """The model: `taken` is what the partner fetched. A document may be in as many files as there are decisions that it
    leaves again, and one more; what the partner has twice, or never got in the end, is a loss of money."""

    monkeypatch: pytest.MonkeyPatch
    base: Path

    def __init__(self) -> None:
        super().__init__()
        self.books = Books(Path(tempfile.mkdtemp(dir=self.base)) / "project", self.monkeypatch, confirmed=False)
        layout = {"columns": ["source_id", {"name": "total_amount", "decimals": 2}]}
        self.books.configure(hold_above=LIMIT, layout=layout, sftp={"wire": {"if_taken": "ask"}})
        self.crash: CrashPoint | None = None
        self.count = 0
        self.taken: list[tuple[str, bytes]] = []
        self.backup: dict[str, bytes] | None = None
        for module in (render, outbox_entry, holding, outbox, send, workspace, reconcile_step):
            if hasattr(module, "reached"):
                self.monkeypatch.setattr(module, "reached", self._reached)

    def _reached(self, point: CrashPoint) -> None:
        if point == self.crash:
            self.crash = None
            raise Killed

    def run(self, step) -> None:
        """A step that may be killed; then the process starts anew, and its leases are free."""
        try:
            step()
        except Killed:
            self.books.later(minutes=11)
            self.books.close()
        except StateError as error:
            assert "backup was restored" in str(error)
            reconcile(self.books.workspace, by="Ann", reason="the machine failed")
        finally:
            self.crash = None

    @initialize(confirmed=st.sampled_from([True, True, True, False]))
    def begin(self, confirmed: bool) -> None:
        """Books with some invoices; mostly somebody has confirmed the rules, and the first have left."""
        self.post(2)
        if confirmed:
            self.books.confirm()
            self.books.cycle()
            self.partner_takes()
        self.back_up()

    @rule(many=st.integers(1, LIMIT + 1))
    def post(self, many: int) -> None:
        """New invoices at the source."""
        self.books.later(seconds=5)
        for _ in range(many):
            self.count += 1
            self.books.put(str(self.count))

    @precondition(lambda self: self.count)
    @rule(data=st.data(), what=st.sampled_from(["amount", "payment", "cancel", "post again", "same number"]))
    def change(self, data: st.DataObject, what: str) -> None:
        """Somebody works on an invoice."""
        self.books.later(seconds=5)
        key = str(data.draw(st.integers(1, self.count)))
        values = {
            "amount": {"total_amount": Decimal(data.draw(st.integers(1, 4)))},
            "payment": {"payment_state": "paid"},
            "cancel": {"state": "cancelled"},
            "post again": {"state": "posted"},
            "same number": {"number": "INV/1"},
        }[what]
        self.books.put(key, **values)

    @rule(point=st.sampled_from([None, None, *CRASHES]))
    def render(self, point: CrashPoint | None) -> None:
        self.crash = point
        self.run(self.books.render)

    @rule(many=st.integers(1, LIMIT), point=st.sampled_from([None, None, *CRASHES]))
    def cycle(self, many: int, point: CrashPoint | None) -> None:
        """As a schedule does: new invoices, files, deliveries."""
        self.post(many)
        self.crash = point
        self.run(self.books.render)
        self.run(self.books.deliver)

    @rule(point=st.sampled_from([None, None, *CRASHES]))
    def deliver(self, point: CrashPoint | None) -> None:
        self.crash = point
        self.run(self.books.deliver)

    @rule(data=st.data(), release=st.booleans(), point=st.sampled_from([None, *DECIDING]))
    def decide(self, data: st.DataObject, release: bool, point: CrashPoint | None) -> None:
        """A person decides about a hold."""
        waiting = self.books.open_holds()
        if not waiting:
            return
        hold = data.draw(st.sampled_from(waiting))
        if hold.kind in ("cancelled", "deleted"):
            release = False
        self.crash = point
        self.run(lambda: self.books.decide("released" if release else "dismissed", hold))

    @precondition(lambda self: self.count)
    @rule(data=st.data())
    def resend(self, data: st.DataObject) -> None:
        """A person sends a document again."""
        key = str(data.draw(st.integers(1, self.count)))
        with self.books.workspace.state.reading() as tx:
            by_id = {entry.id: entry for entry in deliveries.listing(tx, limit=None)}
            row = next(iter(documents_of(tx, self.books.book, key)), None)
        if row is None or row.state != "sent" or by_id[row.delivery_id].state != "delivered":
            return
        self.run(lambda: resend_document(self.books.workspace, key, by="Ann", reason="again"))

    @rule()
    def partner_takes(self) -> None:
        """The partner fetches its files, and removes them."""
        for path in [path for path in self.books.partner.files if "/." not in path]:
            self.taken.append((path.rpartition("/")[2], self.books.partner.files.pop(path)))

    @rule()
    def back_up(self) -> None:
        self.books.close()
        home = self.books.root / ".mlconnector"
        self.backup = {path.name: path.read_bytes() for path in home.glob("state.db*")}

    @rule(more=st.integers(0, LIMIT), taken=st.booleans())
    def restore(self, more: int, taken: bool) -> None:
        """Work goes on, perhaps the partner takes its files; then an older state database is restored. The stores stay."""
        self.cycle(more, None)
        if taken:
            self.partner_takes()
        assert self.backup is not None
        self.books.close()
        home = self.books.root / ".mlconnector"
        for path in home.glob("state.db*"):
            path.unlink()
        for name, content in self.backup.items():
            (home / name).write_bytes(content)
        self.cycle(1, None)
        assert not self.is_restored()

    @invariant()
    def what_arrived_was_made_once_under_consecutive_numbers(self) -> None:
        """Every name stands for one content; every document is in as many files as decisions put it there."""
        arrived = self.arrived()
        names = Counter(name for name, _ in arrived)
        assert not [name for name, count in names.items() if count > 1], "a file arrived twice"
        with self.books.workspace.state.reading() as tx:
            made = deliveries.listing(tx, limit=None)
            replaced = replaced_of(tx)
        if not self.is_restored():
            assert sorted(entry.control_number for entry in made) == list(range(1, len(made) + 1))
            assert set(names) <= {entry.remote_name for entry in made}
            in_files = Counter(key for _, content in arrived for key in keys_in(content))
            for key, count in in_files.items():
                assert count <= 1 + replaced[key], f"document {key} arrived without a decision"

    def answer_for_uncertain_files(self) -> None:
        """A person asks the partner, and replays what they lack."""
        have = {name for name, _ in self.arrived()}
        with self.books.workspace.state.transaction() as tx:
            for entry in deliveries.listing(tx, state="uncertain", limit=None):
                if entry.remote_name not in have:
                    deliveries.replay(tx, entry.id, self.books.now)

    def arrived(self) -> list[tuple[str, bytes]]:
        there = [(path.rpartition("/")[2], content) for path, content in self.books.partner.files.items() if "/." not in path]
        return [*self.taken, *there]

    def is_restored(self) -> bool:
        from mlconnector_assets.state import journal

        with self.books.workspace.state.reading() as tx:
            return journal.restored(tx, self.books.workspace.audit_folder) is not None

    def teardown(self) -> None:
        """At the end everything runs through, everything held is released, and the books are closed."""
        try:
            for _ in range(3):
                self.run(self.books.render)
                for hold in self.books.open_holds():
                    self.books.decide("dismissed" if hold.kind in ("cancelled", "deleted") else "released", hold)
            self.run(self.books.render)
            self.run(self.books.deliver)
            self.answer_for_uncertain_files()
            self.run(self.books.deliver)
            self.what_arrived_was_made_once_under_consecutive_numbers()
            proof = prove_flow(self.books.workspace, "acme", "invoices")
            assert proof.good, proof
            states = self.books.states()
            lost = [key for key, row in self.books.documents.items() if row["state"] == "posted" and key not in states]
            assert not lost, lost
            assert not {"held", "released", "blocked"} & set(states.values()), states
            in_files = {key for _, content in self.arrived() for key in keys_in(content)}
            assert {key for key, state in states.items() if state == "sent"} <= in_files
            assert not {key for key, state in states.items() if state == "dismissed"} & in_files
        finally:
            self.books.close()
            shutil.rmtree(self.books.root.parent, ignore_errors=True)


def documents_of(tx, book: str, key: str):
    from mlconnector_assets.state import documents

    return documents.known(tx, book, "invoices", "odoo", [key]).values()


def replaced_of(tx) -> Counter[str]:
    from mlconnector_assets.state import documents

    return Counter(key for _, key in documents.replaced(tx, "acme", "invoices", "outbound"))


def keys_in(content: bytes) -> list[str]:
    """The ids of the documents in a file."""
    return [line.split(",")[0] for line in content.decode().splitlines()[1:]]


def test_whatever_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Sending.monkeypatch, Sending.base = monkeypatch, tmp_path
    run_state_machine_as_test(
        Sending,
        settings=settings(max_examples=8, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)),
    )
