"""What counts as wrong, and that people hear of it once: real SMTP and HTTP, two processes, kill -9."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from mlconnector_assets.configuration.alerts import KINDS
from mlconnector_assets.configuration.project import load_project
from mlconnector_assets.state import (
    audit_check,
    deliveries,
    documents,
    holds,
    inbox,
    incidents,
    journal,
    reads,
    set_aside,
    sweep_stops,
)
from mlconnector_assets.state.documents import DocumentRow
from mlconnector_assets.state.reads import Consumer, NewPartitionRead
from mlconnector_assets.steps import render
from mlconnector_assets.steps.alerts import AlertOutcome, raise_alerts, try_channels
from mlconnector_assets.steps.conditions import Situation, conditions_now
from mlconnector_assets.steps.secrets import set_secret
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.systems.source import SetAside
from tests.people import Requests, mail_server, webhook_server
from tests.processes import FORKED, run_apart
from tests.project import INVOICES_FLOW
from tests.state.conftest import StillClock

HOOK: dict[str, Any] = {"webhook": {"ops": {"url": "hook"}}}
SOUND = 0.5


def project_at(root: Path, alerts: dict[str, Any] | None = None, **flow: Any) -> Path:
    odoo = {"system": "odoo", "url": "http://127.0.0.1:9", "database": "x", "api_key": "odoo-key", "companies": {"nl": 1}}
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6vQzNXIBe5u1VhLdTfFtu4sPkT2jwF8dUJSzRhRYzM"
    sftp = {"host": "127.0.0.1", "user": "acme", "password": "acme-password", "host_keys": [key]}
    (root / "partners").mkdir(parents=True)
    (root / "connections.yaml").write_text(yaml.safe_dump({"connections": {"odoo": odoo}, "alerts": alerts or {}}))
    partner = {"name": "ACME", "mode": "live", "sftp": sftp, "flows": {"invoices": INVOICES_FLOW | flow}}
    (root / "partners" / "acme.yaml").write_text(yaml.safe_dump(partner))
    return root


@contextmanager
def workspace_at(root: Path, clock: Callable[[], datetime]) -> Iterator[Workspace]:
    workspace = Workspace(load_project(root), clock)
    try:
        yield workspace
    finally:
        workspace.close()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def workspace(tmp_path: Path, clock: StillClock) -> Iterator[Workspace]:
    with workspace_at(project_at(tmp_path / "books", HOOK), clock) as opened:
        yield opened


@pytest.fixture
def hook(workspace: Workspace) -> Iterator[Requests]:
    with webhook_server() as requests:
        set_secret(workspace, "hook", requests.url.encode())
        yield requests


def wrong(workspace: Workspace, free: float = SOUND) -> dict[str, str]:
    with workspace.state.reading() as tx:
        found = conditions_now(Situation(tx, workspace.project, workspace.clock(), free))
    assert {condition.kind for condition in found} <= set(KINDS)
    assert all(condition.mend for condition in found)
    return {f"{condition.kind} {condition.subject}": condition.what for condition in found}


def queue(workspace: Workspace, name: str = "a.csv") -> deliveries.Delivery:
    with workspace.state.transaction() as tx:
        return deliveries.enqueue(
            tx, partner="acme", flow="invoices", remote_name=name, sha256="0" * 64, size=1, documents=1, totals={},
            control_number=1, created_at=workspace.clock(),
        )  # fmt: skip


def block(workspace: Workspace, count: int) -> None:
    at = workspace.clock()
    rows = [
        DocumentRow("acme", "invoices", "odoo", str(i), f"INV/{i}", at, at, "1:x", state="blocked", reason="x" * 500)
        for i in range(count)
    ]
    with workspace.state.transaction() as tx:
        documents.block(tx, rows)


def read(workspace: Workspace, *, day: date, until: datetime | None, sha256: str = "1") -> None:
    with workspace.state.transaction() as tx:
        partition = NewPartitionRead(day, 1, sha256, f"{sha256}.parquet", {})
        reads.commit_read(
            tx, connection="odoo", record="invoices", read_at=workspace.clock(), until=until, partitions=[partition], run_id="x"
        )
        reads.remember_probe(tx, "odoo", "invoices", None, "x", looked_at=workspace.clock())


def consume(workspace: Workspace) -> None:
    with workspace.state.transaction() as tx:
        for consumer in (render.consumer_of("acme", "invoices"), "warehouse:invoices"):
            reads.consume(tx, consumer, "1", reads.due(tx, "odoo", Consumer(consumer, "invoices")))


def test_an_idle_project_has_nothing_wrong(workspace: Workspace):
    assert wrong(workspace) == {}


def test_a_file_that_waits_too_long_and_a_replayed_one_that_does_not(workspace: Workspace, clock: StillClock):
    delivery = queue(workspace)
    clock.forward(hours=2)
    assert wrong(workspace) == {}
    clock.forward(seconds=1)
    assert wrong(workspace) == {"delivery_late partner acme": "1 file for acme has not been delivered for more than 2h"}
    with workspace.state.transaction() as tx:
        deliveries.replay(tx, delivery.id, clock.now)
    assert wrong(workspace) == {}


@pytest.mark.parametrize("fate", [deliveries.give_up, deliveries.uncertain])
def test_a_file_that_waits_for_a_person(workspace: Workspace, clock: StillClock, fate: Callable[..., None]):
    queue(workspace)
    with workspace.state.transaction() as tx:
        claimed = deliveries.claim_next(tx, "acme", "me", clock.now, timedelta(minutes=1))
        fate(tx, claimed, "no such folder")
    (what,) = wrong(workspace).values()
    assert "1 file for acme waits for a person: 1 " in what


def test_six_hundred_blocked_documents_are_one_condition_with_short_examples(workspace: Workspace):
    block(workspace, 600)
    with workspace.state.reading() as tx:
        (found,) = conditions_now(Situation(tx, workspace.project, workspace.clock(), SOUND))
    assert (found.kind, found.subject, found.count) == ("documents_blocked", "flow acme invoices", 600)
    assert "600 documents for ACME" in found.what
    assert len(found.examples) == 3 and all(len(example) <= 160 for example in found.examples)


def test_records_set_aside(workspace: Workspace):
    with workspace.state.transaction() as tx:
        set_aside.put(tx, "odoo", "invoices", [SetAside("7", "nl", None, "no currency", '{"secret": 1}')], workspace.clock())
    assert list(wrong(workspace)) == ["records_set_aside connection odoo"]


def test_a_source_that_does_not_answer(workspace: Workspace, clock: StillClock):
    clock.now = clock.now.replace(hour=3)
    read(workspace, day=clock.now.date(), until=clock.now)
    consume(workspace)
    clock.forward(hours=2)
    assert wrong(workspace) == {}
    clock.forward(seconds=1)
    assert wrong(workspace) == {"read_late connection odoo": "odoo was not read for more than 2h"}
    with workspace.state.transaction() as tx:
        reads.looked(tx, "odoo", ["invoices"], clock.now)
    assert wrong(workspace) == {}


def test_a_day_that_does_not_close(workspace: Workspace, clock: StillClock):
    read(workspace, day=clock.now.date(), until=clock.now)
    consume(workspace)
    clock.now = clock.now.replace(hour=0) + timedelta(days=1, hours=4)
    with workspace.state.transaction() as tx:
        reads.looked(tx, "odoo", ["invoices"], clock.now)
    assert wrong(workspace) == {}
    clock.forward(seconds=1)
    assert list(wrong(workspace)) == ["read_late connection odoo"]
    read(workspace, day=clock.now.date(), until=clock.now)
    consume(workspace)
    assert wrong(workspace) == {}


def test_work_that_is_not_taken_in_unless_it_never_was(workspace: Workspace, clock: StillClock):
    read(workspace, day=clock.now.date(), until=clock.now)
    clock.forward(hours=3)
    with workspace.state.transaction() as tx:
        reads.looked(tx, "odoo", ["invoices"], clock.now)
    assert wrong(workspace) == {}, "a flow and a table that are being set up"
    consume(workspace)
    read(workspace, day=clock.now.date(), until=clock.now, sha256="2")
    assert wrong(workspace) == {}
    clock.forward(hours=2, seconds=1)
    with workspace.state.transaction() as tx:
        reads.looked(tx, "odoo", ["invoices"], clock.now)
    assert list(wrong(workspace)) == ["work_waiting table odoo invoices", "work_waiting flow acme invoices"]


def test_a_secret_whose_day_comes(workspace: Workspace, clock: StillClock):
    today = clock.now.date()
    set_secret(workspace, "odoo-key", b"some-value-here", expires_on=today + timedelta(days=15))
    assert wrong(workspace) == {}
    clock.forward(days=1)
    assert list(wrong(workspace).values()) == [f"the secret odoo-key expires on {today + timedelta(days=15)}"]
    clock.forward(days=15)
    assert "has expired" in next(iter(wrong(workspace).values()))
    set_secret(workspace, "odoo-key", b"another-value")
    assert wrong(workspace) == {}


def test_a_full_disk_and_a_broken_audit(workspace: Workspace, clock: StillClock):
    assert "only 9.9 % of the disk are free" in next(iter(wrong(workspace, free=0.099).values()))
    with workspace.state.transaction() as tx:
        audit_check.keep_check(tx, audit_check.Check(clock.now, 5, ["audit entry 3 was changed"]))
    assert "not what was written (1 problem" in wrong(workspace)["audit_broken audit"]
    with workspace.state.transaction() as tx:
        audit_check.keep_check(tx, audit_check.Check(clock.now, 5, []))
    assert wrong(workspace) == {}


def test_holds_are_one_condition_for_each_flow_and_kind(workspace: Workspace, clock: StillClock):
    about = {"partner": "acme", "flow": "invoices", "connection": "odoo", "opened_at": clock.now}
    with workspace.state.transaction() as tx:
        first = holds.add(tx, kind="first_run", about="everything", documents=600, **about)
        for number in range(5):
            holds.add(tx, kind="changed", about=f"INV/{number}: total", documents=1, source_id=str(number), **about)
    assert wrong(workspace).keys() == {"hold_opened flow acme invoices first_run", "hold_opened flow acme invoices changed"}
    with workspace.state.transaction() as tx:
        holds.settle(tx, first, "released", by="eva", reason="seen", at=clock.now)
    assert wrong(workspace).keys() == {"hold_opened flow acme invoices changed"}


def test_files_of_a_partner_that_cannot_be_taken_in(workspace: Workspace, clock: StillClock):
    def sight(*names: str) -> None:
        found = [inbox.Sighting(f"inbound/{name}", "orders", 1, 1, None if name == "ok" else "is a link") for name in names]
        with workspace.state.transaction() as tx:
            inbox.sight(tx, "acme", found, clock.now, timedelta(seconds=30), renames=True)

    sight("ok", "odd")
    clock.forward(hours=2)
    assert wrong(workspace) == {}
    clock.forward(seconds=1)
    assert wrong(workspace) == {"inbox_stuck partner acme": "2 files of acme could not be taken in"}
    sight()
    assert wrong(workspace) == {}


def test_a_restored_state_database(workspace: Workspace, clock: StillClock):
    set_secret(workspace, "odoo-key", b"some-value-here")
    path = workspace.audit_folder / journal.NAME
    newer = path.read_text().replace('"seq": 1', '"seq": 2')
    with path.open("a") as file:
        file.write(newer)
    assert "older than its audit (entry 1 of 2)" in wrong(workspace)["sending_stopped state database"]


def test_a_mass_deletion_that_waits(workspace: Workspace, clock: StillClock):
    with workspace.state.transaction() as tx:
        sweep_stops.stop(tx, "odoo", "invoices", missing=30, stored=90, sample=["INV/1"], at=clock.now)
    assert "30 of 90 invoices of odoo are not at the source" in wrong(workspace)["mass_deletion record odoo invoices"]
    with workspace.state.transaction() as tx:
        sweep_stops.end(tx, "odoo", "invoices", clock.now)
    assert wrong(workspace) == {}


def test_told_once_reminded_and_over(workspace: Workspace, hook: Requests, clock: StillClock):
    block(workspace, 2)
    first, second = raise_alerts(workspace), raise_alerts(workspace)
    assert [one.kind for one in first.opened] == ["documents_blocked"]
    assert [(told.channel, told.notices) for told in first.told] == [("webhook ops", 1)]
    assert (second.resolved, second.told) == ([], [])
    clock.forward(days=1)
    raise_alerts(workspace)
    with workspace.state.transaction() as tx:
        documents.give_up(tx, documents.blocked(tx, "acme", "invoices"))
    clock.forward(hours=3)
    assert [one.kind for one in raise_alerts(workspace).resolved] == ["documents_blocked"]
    raise_alerts(workspace)
    kind = "documents_blocked"
    assert hook.events() == [[("opened", kind)], [("reminder", kind)], [("resolved", kind)]]
    assert "over since 2026-03-02 15:00 UTC, after 1 d 3 h" in hook.bodies[2]["text"]


@pytest.mark.parametrize("answer", [(500, {}), (429, {"Retry-After": "300"})])
def test_a_channel_that_fails_is_tried_again_later_and_stops_no_other(
    workspace: Workspace, hook: Requests, clock: StillClock, answer: tuple[int, dict[str, str]]
):
    with mail_server() as box:
        mail = {"host": "localhost", "port": box.port, "security": "none", "from": "ml@example.com", "to": ["eva@example.com"]}
        root = workspace.project.root
        settings = yaml.safe_load((root / "connections.yaml").read_text())
        settings["alerts"] |= {"mail": {"eva": mail}}
        (root / "connections.yaml").write_text(yaml.safe_dump(settings))
        with workspace_at(root, clock) as both:
            block(both, 1)
            hook.answers.append(answer)
            outcome = raise_alerts(both)
            assert [(told.channel, told.notices) for told in outcome.told] == [("mail eva", 1), ("webhook ops", 0)]
            wait = int(answer[1].get("Retry-After", "60"))
            clock.forward(seconds=wait - 1)
            assert raise_alerts(both).told == []
            clock.forward(seconds=1)
            assert [(told.channel, told.notices) for told in raise_alerts(both).told] == [("webhook ops", 1)]
            with both.state.reading() as tx:
                assert {name: channel.failures for name, channel in incidents.channels(tx).items()} == {
                    "mail eva": 0,
                    "webhook ops": 0,
                }
    assert len(box.mails) == 1 and len(hook.bodies) == 2
    assert hook.headers[0]["X-MLConnector-Message"] == hook.headers[1]["X-MLConnector-Message"]
    assert "1 document for ACME cannot be sent as invoices" in box.mails[0]["Subject"]
    assert "what to do: correct the document" in box.texts()[0]


def test_a_missing_secret_is_a_failing_channel_and_no_crash(workspace: Workspace):
    block(workspace, 1)
    (told,) = raise_alerts(workspace).told
    assert told.notices == 0 and told.error is not None
    assert "hook" in told.error.mend or "key" in told.error.what


def test_many_incidents_are_one_message(workspace: Workspace, hook: Requests, clock: StillClock):
    for number in range(45):
        set_secret(workspace, f"key-{number}", b"some-value", expires_on=clock.now.date())
    raise_alerts(workspace)
    (body,) = hook.bodies
    assert "45 new" in body["text"] and "... and 5 more" in body["text"]
    assert len(body["incidents"]) == 40
    assert raise_alerts(workspace).told == []


def test_a_secret_in_a_reason_is_masked(workspace: Workspace, hook: Requests, clock: StillClock):
    set_secret(workspace, "odoo-key", b"canary-4711-geheim")
    workspace.vault.get("odoo-key")
    queue(workspace)
    with workspace.state.transaction() as tx:
        claimed = deliveries.claim_next(tx, "acme", "me", clock.now, timedelta(minutes=1))
        assert claimed is not None
        deliveries.give_up(tx, claimed, "refused the key canary-4711-geheim")
    raise_alerts(workspace)
    assert b"refused the key ***" in hook.raw[0]
    assert b"canary" not in hook.raw[0]


def test_two_processes_tell_once(workspace: Workspace, hook: Requests):
    block(workspace, 1)
    root = workspace.project.root
    processes = [FORKED.Process(target=pass_once, args=(root,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert hook.events() == [[("opened", "documents_blocked")]]


def test_killed_between_sending_and_committing_it_tells_once_more_under_the_same_id(workspace: Workspace, hook: Requests):
    block(workspace, 1)
    hook.kill_sender = True
    assert run_apart(pass_once, workspace.project.root).code == -signal.SIGKILL
    assert pass_once(workspace.project.root).told[0].notices == 1
    assert pass_once(workspace.project.root).told == []
    assert hook.events() == [[("opened", "documents_blocked")]] * 2
    assert len({body["id"] for body in hook.bodies}) == 1


def pass_once(root: Path) -> AlertOutcome:
    """One pass at noon; it names its process to the receiver, which may kill it."""
    import os

    original = httpx.Client.post

    def named(self: httpx.Client, *arguments: Any, headers: dict[str, str], **more: Any) -> httpx.Response:
        return original(self, *arguments, headers=headers | {"X-Process": str(os.getpid())}, **more)

    httpx.Client.post = named  # type: ignore[method-assign]
    try:
        with workspace_at(root, lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC)) as workspace:
            return raise_alerts(workspace)
    finally:
        httpx.Client.post = original  # type: ignore[method-assign]


def test_a_test_message_through_each_channel(workspace: Workspace, hook: Requests):
    assert [(told.channel, told.notices, told.error) for told in try_channels(workspace)] == [("webhook ops", 1, None)]
    assert "This is a test of the channel 'webhook ops'" in hook.bodies[0]["text"]
    hook.answers.append((404, {}))
    (told,) = try_channels(workspace, "webhook ops")
    assert told.error is not None and "answered 404" in told.error.what


def test_the_disk_of_the_project_is_looked_at(workspace: Workspace, hook: Requests, monkeypatch: pytest.MonkeyPatch):
    asked: list[Path] = []

    def usage(path: Path) -> Any:
        asked.append(path)
        return shutil._ntuple_diskusage(1000, 950, 50)  # type: ignore[attr-defined]

    monkeypatch.setattr(shutil, "disk_usage", usage)
    raise_alerts(workspace)
    assert asked == [workspace.project.home]
    assert hook.events() == [[("opened", "disk_nearly_full")]]
