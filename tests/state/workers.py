"""What other processes do in these tests."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from multiprocessing.process import BaseProcess
from pathlib import Path

from mlconnector_assets.clock import system_clock
from mlconnector_assets.errors import ConnectorError, LeaseHeld, LeaseLost
from mlconnector_assets.numbering import following
from mlconnector_assets.state import control_numbers, deliveries, documents, holds
from mlconnector_assets.state.database import State
from mlconnector_assets.state.processes import this_process
from tests.processes import FORKED

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@contextmanager
def started(target: Callable[..., None], *arguments: object) -> Iterator[BaseProcess]:
    """A process that is killed at the end, if it still runs."""
    process = FORKED.Process(target=target, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def in_many(target: Callable[..., object], arguments: list[tuple[object, ...]]) -> list[object]:
    """Run `target` at once in as many processes as there are arguments; their results in order."""
    with ProcessPoolExecutor(len(arguments), mp_context=FORKED) as processes:
        return list(processes.map(target, *zip(*arguments, strict=True)))


def take_numbers_for_ever(url: str, scopes: list[str], seed: int) -> None:
    """Take numbers and queue a file for each, in one transaction, until killed."""
    chance = random.Random(seed)
    with State.open(url, clock=system_clock) as state:
        while True:
            scope, count = chance.choice(scopes), chance.randint(1, 3)
            with state.transaction() as tx:
                first = control_numbers.take(tx, scope, count)
                for step in range(count):
                    queue_file(tx, scope, following(first, step))


def queue_file(tx, partner: str, number: int) -> deliveries.Delivery:
    return deliveries.enqueue(
        tx,
        partner=partner,
        flow="invoices",
        remote_name=f"{partner}_{number}.csv",
        sha256=f"{number:064x}",
        size=number * 10,
        documents=1,
        totals={"total_amount|EUR": "1.00"},
        control_number=number,
        created_at=NOON,
    )


def claim_all(url: str, ids: list[str], seed: int) -> list[str]:
    """Try to claim every document in random portions; every third portion fails after claiming."""
    chance = random.Random(seed)
    chance.shuffle(ids)
    ours: list[str] = []
    with State.open(url, clock=system_clock) as state:
        for number, start in enumerate(range(0, len(ids), 40)):
            rows = [document(source_id) for source_id in ids[start : start + 40]]
            try:
                with state.transaction() as tx:
                    claimed = documents.claim(tx, rows)
                    if number % 3 == 2:
                        raise InterruptedError
                ours += claimed
            except InterruptedError:
                continue
    return ours


def document(source_id: str, **changes: object) -> documents.DocumentRow:
    values = {
        "partner": "acme",
        "flow": "invoices",
        "connection": "odoo",
        "source_id": source_id,
        "number": f"INV/{source_id}",
        "modified_at": NOON,
        "read_at": NOON,
        "business_hash": "business-1",
        "rendered_hash": "rendered-1",
    }
    return documents.DocumentRow(**(values | changes))


def send_all(url: str, partner: str) -> list[tuple[int, str]]:
    """Claim deliveries and finish them, until there are none; returns (id, sha256) of those finished."""
    sent: list[tuple[int, str]] = []
    with State.open(url, clock=system_clock) as state:
        while True:
            with state.transaction() as tx:
                delivery = deliveries.claim_next(tx, partner, this_process(), NOON, timedelta(minutes=5))
            if delivery is None:
                return sent
            with state.transaction() as tx:
                deliveries.delivered(tx, delivery, NOON, "sent")
            sent.append((delivery.id, delivery.sha256))


def claim_and_wait(url: str, partner: str, sign: Path) -> None:
    """Claim a delivery, tell that it is done by making `sign`, and hang."""
    with State.open(url, clock=system_clock) as state:
        with state.transaction() as tx:
            assert deliveries.claim_next(tx, partner, this_process(), NOON, timedelta(hours=1))
        sign.touch()
        time.sleep(600)


def hold_and_wait(url: str, name: str, ttl: float, sign: Path) -> None:
    """Take a lease, tell it by `sign`, and hang without renewing."""
    with State.open(url, clock=system_clock) as state:
        state.leases.take(name, this_process(), timedelta(seconds=ttl))
        sign.touch()
        time.sleep(600)


def hold_check_tell(url: str, name: str, ttl: float, sign: Path, go_on: Path) -> None:
    """Hold a lease; once `go_on` exists say into `sign` whether it is still ours."""
    with State.open(url, clock=system_clock) as state, state.leases.hold(name, this_process(), timedelta(seconds=ttl)) as lease:
        sign.write_text("held")
        while not go_on.exists():
            time.sleep(0.02)
        try:
            state.leases.check(lease)
            sign.write_text("still ours")
        except LeaseLost:
            sign.write_text("lost")


def take_once(url: str, name: str) -> int | None:
    """Take a lease and keep it; the fence, or None when another has it."""
    with State.open(url, clock=lambda: NOON) as state:
        try:
            return state.leases.take(name, f"{this_process()} of the test", timedelta(hours=1)).fence
        except LeaseHeld:
            return None


def open_state(url: str) -> str:
    """Open, perhaps as the first, and tell the version."""
    with State.open(url, clock=system_clock) as state, state.reading() as tx:
        return tx.exec_driver_sql("select version_num from alembic_version").scalar_one()


def wait_for(path: Path, text: str | None = None) -> None:
    """Wait until another process made `path` (with `text` in it); the test's time-out ends a vain wait."""
    while not path.exists() or (text is not None and path.read_text() != text):
        time.sleep(0.02)


def append_audit(url: str, folder: Path, number: int) -> bool:
    """Append ten segments."""
    from mlconnector_assets.state import audit

    with State.open(url, clock=system_clock) as state:
        for step in range(10):
            segment = audit.Segment(f"{number}-{step}.parquet", sha256(b"").hexdigest(), 0)
            (folder / segment.path).parent.mkdir(exist_ok=True)
            (folder / segment.path).touch()
            with state.transaction() as tx:
                audit.append(tx, kind="file", reference=f"{number}-{step}", segment=segment)
    return True


def decide_hold(url: str, hold_id: int, decision: str, by: str) -> str:
    """Decide about a hold as `by`; "decided", "before" when somebody decided the same, "refused" when otherwise."""
    with State.open(url, clock=system_clock) as state:
        try:
            with state.transaction() as tx:
                hold = holds.find(tx, hold_id, lock=True)
                if not holds.settle(tx, hold, decision, by=by, reason="looked at it", at=NOON):
                    return "before"
                (documents.release_held if decision == "released" else documents.dismiss_held)(tx, hold_id)
        except ConnectorError:
            return "refused"
    return "decided"


def claim_while_released(url: str, hold_ids: list[int], ids: list[str], releases: bool) -> list[str]:
    """Release holds one after the other, or claim whatever may be claimed, until everything is out."""
    ours: list[str] = []
    with State.open(url, clock=system_clock) as state:
        if releases:
            for hold_id in hold_ids:
                decide_hold(url, hold_id, "released", "Ann")
            return []
        while True:
            with state.reading() as tx:
                known = documents.known(tx, "acme", "invoices", "odoo", ids)
            if all(row.state == "sent" for row in known.values()):
                return ours
            with state.transaction() as tx:
                ours += documents.claim(tx, [document(row.source_id) for row in known.values() if row.state == "released"])
