"""One delivery and one collection, in processes that die at a named step."""

from __future__ import annotations

from pathlib import Path

from mlconnector_assets.clock import system_clock
from mlconnector_assets.exchange.outbox import deliver_queued
from mlconnector_assets.partners.wire import WireSwitches
from mlconnector_assets.state.database import State
from mlconnector_assets.state.processes import this_process
from mlconnector_assets.store.files import FileStore
from tests.chaos.workers import Motion, collector_of


def deliver_once(motion: Motion, batch: int) -> None:
    """Send what is queued, `batch` files at a time."""
    deliver_queued(
        state=State.open(motion.url, clock=system_clock),
        partner_id="acme",
        folders={"outbound": f"{motion.remote}/outbound"},
        open_session=motion.connect,
        open_file=FileStore(Path(motion.files)).open,
        clock=system_clock,
        owner=this_process(),
        batch=batch,
        switches=WireSwitches(channels=1),
    )


def collect_once(motion: Motion) -> None:
    """Take in, hand over and file away what lies there."""
    with State.open(motion.url, clock=system_clock) as state, motion.connect() as session:
        collector = collector_of(state, motion.files, motion.remote, motion.claim)
        collector.collect(session)
        collector.hand_over()
        collector.file_away(session)
