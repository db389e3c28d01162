"""What moves files in the chaos tests: senders and pollers, once or until they are killed, and a parser that tells when a
file was handed over twice."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from mlconnector_assets.clock import system_clock
from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.exchange.fetch import Places
from mlconnector_assets.exchange.inbox import Collector
from mlconnector_assets.exchange.outbox import DEFAULT_POLICY, RetryPolicy, deliver_queued
from mlconnector_assets.exchange.parsers import Taken
from mlconnector_assets.exchange.sftp import SftpSession, SftpSettings
from mlconnector_assets.partners.inbox import Inbox
from mlconnector_assets.partners.wire import WireSwitches
from mlconnector_assets.state.database import State
from mlconnector_assets.state.processes import this_process
from mlconnector_assets.store.files import FileStore
from tests.sshd import Plain

ROWS = sa.Table("parsed_by_tests", sa.MetaData(), sa.Column("path", sa.Text), sa.Column("sha256", sa.Text))
"""What the parser writes, without any constraint: a file that is handed over twice leaves two rows."""
PAUSE = 0.02
"""Seconds between two looks for something to do."""
SOON = RetryPolicy(first=timedelta(milliseconds=100), longest=timedelta(milliseconds=300), attempts=100_000)


@dataclass(frozen=True)
class Motion:
    """Where files move: the state database, the file store, the folder on the server, and how to log in there."""

    url: str
    files: str
    remote: str
    port: int
    user: str
    host_key: str
    private_key: str
    claim: str

    def connect(self) -> SftpSession:
        key = Plain(self.private_key)
        return SftpSession.connect(
            SftpSettings("acme", "127.0.0.1", self.port, self.user, (self.host_key,), private_key=key, channel_timeout=2)
        )


def make_rows(state: State) -> None:
    with state.transaction() as tx:
        ROWS.create(tx)


def parse(file, content):
    content.read()
    return Taken("kept", lambda tx: tx.execute(sa.insert(ROWS).values(path=file.path, sha256=file.sha256)))


def collector_of(state: State, files: str, remote: str, claim: str, channels: int = 1) -> Collector:
    inbox = Inbox.model_validate({"files": {"any": {"pattern": "*"}}, "stable_for": "0s", "claim": claim})
    places = Places(remote, "inbound", "processing", "processed", "error", inbox.stays)
    store, owner = FileStore(Path(files)), this_process()
    return Collector(state, "acme", inbox, places, store, system_clock, owner, channels=channels, parsers={"store": parse})


def _send(state: State, motion: Motion, *, channels: int, batch: int, policy: RetryPolicy) -> None:
    deliver_queued(
        state=state,
        partner_id="acme",
        folders={"outbound": f"{motion.remote}/outbound"},
        open_session=motion.connect,
        open_file=FileStore(Path(motion.files)).open,
        clock=system_clock,
        owner=this_process(),
        switches=WireSwitches(channels=channels),
        policy=policy,
        batch=batch,
    )


def _take_in(collector: Collector, session: SftpSession) -> None:
    collector.collect(session)
    collector.hand_over()
    collector.file_away(session)


def deliver_once(motion: Motion, batch: int) -> None:
    """Send what is queued, `batch` files at a time."""
    with State.open(motion.url, clock=system_clock) as state:
        _send(state, motion, channels=1, batch=batch, policy=DEFAULT_POLICY)


def collect_once(motion: Motion) -> None:
    """Take in, hand over and file away what lies there."""
    with State.open(motion.url, clock=system_clock) as state, motion.connect() as session:
        _take_in(collector_of(state, motion.files, motion.remote, motion.claim), session)


def send_forever(motion: Motion) -> None:
    with State.open(motion.url, clock=system_clock) as state:
        while True:
            _send(state, motion, channels=2, batch=8, policy=SOON)
            time.sleep(PAUSE)


def collect_forever(motion: Motion) -> None:
    with State.open(motion.url, clock=system_clock) as state:
        collector = collector_of(state, motion.files, motion.remote, motion.claim, channels=2)
        while True:
            try:
                with motion.connect() as session:
                    while True:
                        _take_in(collector, session)
                        time.sleep(PAUSE)
            except ConnectorError:
                time.sleep(PAUSE)
