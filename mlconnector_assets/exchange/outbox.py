"""Delivering what is queued for a partner, over one connection and several channels. The state database is the
truth about each file; here its rows are claimed, sent, and either finished, put back for later, or given up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from mlconnector_assets.clock import Clock
from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import (
    AccessDenied,
    ConnectorError,
    CredentialsError,
    DeliveryError,
    HostKeyMismatch,
    LeaseLost,
    StorageFull,
    Unavailable,
)
from mlconnector_assets.exchange.claims import renewing
from mlconnector_assets.exchange.outcome import DeliveryEvent, Outcome, RetryPolicy
from mlconnector_assets.exchange.send import FAILURES, TEMPORARY, OpenFile, Sender, Sent, Uncertain
from mlconnector_assets.exchange.sftp import FSYNC, FileError, SftpSession
from mlconnector_assets.partners.wire import WireSwitches
from mlconnector_assets.state import deliveries
from mlconnector_assets.state.database import State
from mlconnector_assets.state.deliveries import Delivery

__all__ = ["DeliveryEvent", "Outcome", "RetryPolicy", "deliver_queued"]

BATCH = 128
"""Files that are claimed, published and settled together, in one transaction each."""
BATCH_BYTES = 4 * 1024 * 1024
"""Bytes of such a batch, if it is more than one file."""
DEFAULT_SWITCHES, DEFAULT_POLICY = WireSwitches(), RetryPolicy()


def deliver_queued(
    *,
    state: State,
    partner_id: str,
    folders: Mapping[str, str],
    open_session: Callable[[], SftpSession],
    open_file: OpenFile,
    clock: Clock,
    owner: str,
    switches: WireSwitches = DEFAULT_SWITCHES,
    on_event: Callable[[DeliveryEvent], None] = lambda event: None,
    limit: int | None = None,
    waiting_too: bool = False,
    policy: RetryPolicy = DEFAULT_POLICY,
    ttl: timedelta = timedelta(minutes=10),
    batch: int = BATCH,
) -> list[Outcome]:
    """Send what is due for a partner, oldest first; the connection is only opened when something is.

    `folders` maps a role (`outbound`, …) to the remote path; all are made when missing. `waiting_too` also
    sends files whose next attempt lies in the future (a person or a schedule asks; sensors do not).
    `ttl`: so long after this process died its claims are free for others; they are renewed while it works.
    On each of `switches.channels` channels `batch` small files go together. `on_event` is called by one thread at a time.

    A failure that concerns the partner (unreachable, login, host key, rights, full disk) stops the run:
    every due file is postponed with the same message. One that concerns a single file stops no other.
    Failures are in the outcomes, by age of the file; only errors of the state database are raised.
    """
    if waiting_too:
        with state.transaction() as tx:
            deliveries.make_due(tx, partner_id, clock())
    run = _Run(
        state, partner_id, dict(folders), open_session, open_file, clock, owner, switches, on_event, policy, ttl, batch, limit
    )
    run.deliver()
    return sorted(run.outcomes, key=lambda outcome: outcome.delivery.id)


@dataclass
class _Run:
    """One run for one partner. Several threads work in it, each with a channel of its own; `_lock` guards what they share."""

    state: State
    partner: str
    folders: dict[str, str]
    open_session: Callable[[], SftpSession]
    open_file: OpenFile
    clock: Clock
    owner: str
    switches: WireSwitches
    on_event: Callable[[DeliveryEvent], None]
    policy: RetryPolicy
    ttl: timedelta
    batch_size: int
    files_left: int | None
    outcomes: list[Outcome] = field(default_factory=list)
    _claimed: dict[int, Delivery] = field(default_factory=dict)
    _failure: ConnectorError | None = None
    _over: threading.Event = field(default_factory=threading.Event)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def deliver(self) -> None:
        """Send everything that is due."""
        batch = self._claim()
        if not batch:
            return
        with ExitStack() as stack:
            stack.enter_context(renewing(self.partner, self.ttl, self._renew))
            try:
                try:
                    session = self._connect(stack, batch[0])
                except FAILURES as error:
                    self._stop_for(error)
                else:
                    self._work_in_channels(session, batch)
            except BaseException:
                self._over.set()
                self._give_back()
                raise
        if self._failure is not None:
            self._postpone_all(self._failure)

    def _connect(self, stack: ExitStack, delivery: Delivery) -> SftpSession:
        """Log in and make the folders. One that is not needed for `delivery` may fail with a warning."""
        session = stack.enter_context(self.open_session())
        self._show(DeliveryEvent("connected", session.description))
        if session.notice:
            self._show(DeliveryEvent("warning", session.notice))
        if self.switches.fsync == "required" and FSYNC not in session.extensions:
            raise DeliveryError(
                "the server does not offer fsync, which `fsync: required` asks for",
                where=session.settings.where,
                mend="set `fsync: auto` in the partner's file if the partner does not mind, or ask them to offer it",
                retryable=True,
            )
        for role, path in self.folders.items():
            try:
                if session.ensure_folder(path):
                    self._show(DeliveryEvent("folder", f"made {path}"))
            except (AccessDenied, DeliveryError) as error:
                if role in (delivery.folder, TEMPORARY):
                    raise
                self._show(DeliveryEvent("warning", str(error)))
        return session

    # channels

    def _work_in_channels(self, session: SftpSession, batch: Sequence[Delivery]) -> None:
        """Work on this session, and on more channels of its connection as far as there is work for them."""
        with self.state.reading() as tx:
            waiting = deliveries.count_ready(tx, self.partner, self.clock())
        more = min(self.switches.channels - 1, -(-waiting // self.batch_size))
        with ThreadPoolExecutor(max(1, more), thread_name_prefix=f"deliver {self.partner}") as threads:
            others = [threads.submit(self._work_in_another, session) for _ in range(more)]
            try:
                self._work(session, batch)
            except BaseException:
                self._over.set()
                session.close()  # ends the other channels too
                raise
        for other in others:
            other.result()

    def _work_in_another(self, session: SftpSession) -> None:
        try:
            another = session.another()
        except FAILURES:  # some servers allow one channel only, which then does all the work
            return
        with another:
            try:
                self._work(another, ())
            except BaseException:
                self._over.set()
                raise

    def _work(self, session: SftpSession, batch: Sequence[Delivery]) -> None:
        sender = Sender(session, self.open_file, self.folders, self.switches, _StateBooks(self))
        while batch := batch or self._claim():
            for delivery in batch:
                self._show(DeliveryEvent("sending", f"{delivery.remote_name}, {delivery.size} bytes", delivery))
            self._settle(sender, sender.send(batch))
            batch = ()

    # claims

    def _claim(self) -> list[Delivery]:
        with self._lock:
            if self._over.is_set() or self.files_left == 0:
                return []
            files = self.batch_size if self.files_left is None else min(self.batch_size, self.files_left)
            with self.state.transaction() as tx:
                found = deliveries.claim(tx, self.partner, self.owner, self.clock(), self.ttl, files=files, size=BATCH_BYTES)
            self._claimed |= {delivery.id: delivery for delivery in found}
            if self.files_left is not None:
                self.files_left -= len(found)
        if found:
            reached(CrashPoint.DELIVER_CLAIMED)
        return found

    def _renew(self) -> None:
        with self._lock, self.state.transaction() as tx:
            deliveries.renew(tx, list(self._claimed.values()), self.clock() + self.ttl)

    def _give_back(self) -> None:
        with self._lock, suppress(ConnectorError), self.state.transaction() as tx:
            for delivery in self._claimed.values():
                with suppress(LeaseLost):
                    deliveries.postpone(tx, delivery, "interrupted", self.clock())

    # results

    def _settle(self, sender: Sender, results: Sequence[Sent]) -> None:
        """Write down what became of a batch. What concerns the partner stays claimed until the run ends."""
        failed = [sent for sent in results if sent.error and not isinstance(sent.error, (LeaseLost, FileError, Uncertain))]
        concerning = next((sent.error for sent in failed if self._concerns_partner(sent.error)), None)
        if failed and concerning is None and self._probe_fails(sender, failed[0].delivery):
            concerning = failed[0].error
        settled = [sent for sent in results if concerning is None or sent not in failed]
        with self._lock, self.state.transaction() as tx:
            arrived: set[int] = set()
            for how in ("sent", "found"):
                arrived |= deliveries.all_delivered(tx, [sent.delivery for sent in settled if sent.how == how], self.clock(), how)
            outcomes = [self._note(tx, sent, sent.delivery.id in arrived) for sent in settled]
        if any(sent.how for sent in settled):
            reached(CrashPoint.DELIVER_COMMITTED)
        for outcome in outcomes:
            self._tell(outcome)
        if concerning is not None:
            self._stop_for(concerning)

    def _note(self, tx: Connection, sent: Sent, arrived: bool) -> Outcome:
        delivery, error = sent.delivery, sent.error
        if arrived:
            return Outcome(delivery, "delivered" if sent.how == "sent" else "found")
        if error is None or isinstance(error, LeaseLost):
            lost = LeaseLost(f"delivery {delivery.id} ({delivery.remote_name}) was taken over by another worker")
            return Outcome(delivery, "lost", error or lost)
        try:
            if isinstance(error, Uncertain):
                deliveries.uncertain(tx, delivery, str(error))
                return Outcome(delivery, "uncertain", error)
            return self._put_back(tx, delivery, error, self.clock() + self.policy.delay(delivery.attempts))
        except LeaseLost as lost:
            return Outcome(delivery, "lost", lost)

    def _put_back(self, tx: Connection, delivery: Delivery, error: ConnectorError, at: datetime) -> Outcome:
        """Back to the queue until `at`, or given up: at once when time will not mend it, else when the policy is spent."""
        try:
            if isinstance(error, FileError) or self.policy.is_spent(delivery, self.clock()):
                deliveries.give_up(tx, delivery, str(error))
                return Outcome(delivery, "dead", error)
            deliveries.postpone(tx, delivery, str(error), at)
        except LeaseLost as lost:
            return Outcome(delivery, "lost", lost)
        return Outcome(delivery, "postponed", error, at)

    @staticmethod
    def _concerns_partner(error: ConnectorError | None) -> bool:
        """Whether every other file would fail as well, by the kind of failure."""
        return isinstance(error, (Unavailable, CredentialsError, StorageFull, HostKeyMismatch))

    def _probe_fails(self, sender: Sender, delivery: Delivery) -> bool:
        """Whether not even a probe can be written where this delivery failed."""
        try:
            sender.probe(self.folders[delivery.folder])
        except ConnectorError:
            return True
        return False

    def _stop_for(self, error: ConnectorError) -> None:
        """No more files are begun; what is not settled is postponed at the end, with the first such failure."""
        with self._lock:
            self._failure = self._failure or error
            self._over.set()

    def _postpone_all(self, error: ConnectorError) -> None:
        """Put what is still claimed and everything else that is due back until the same moment: nobody hammers the partner."""
        with self.state.transaction() as tx:
            now = self.clock()
            unsettled = list(self._claimed.values())
            attempts = [row.attempts for row in (*unsettled, *deliveries.queued(tx, self.partner))]
            at = now + self.policy.delay(max(attempts))
            outcomes = [self._put_back(tx, row, error, at) for row in unsettled]
            while found := deliveries.claim(tx, self.partner, self.owner, now, self.ttl, files=1000, size=1 << 62):
                outcomes += [self._put_back(tx, row, error, at) for row in found]
        for outcome in outcomes:
            self._tell(outcome)

    # telling

    def _tell(self, outcome: Outcome) -> None:
        text = outcome.delivery.remote_name
        if outcome.next_attempt_at is not None:
            text += f" stays queued until {outcome.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC"
        if outcome.error is not None:
            text += f": {outcome.error}"
        with self._lock:
            self._claimed.pop(outcome.delivery.id, None)
            self.outcomes.append(outcome)
        self._show(DeliveryEvent(outcome.result, text, outcome.delivery))

    def _show(self, event: DeliveryEvent) -> None:
        with self._lock:
            self.on_event(event)


class _StateBooks:
    """What the protocol notes while files travel, in the state database."""

    def __init__(self, run: _Run) -> None:
        self._run = run

    def publish(self, deliveries_: Sequence[Delivery]) -> set[int]:
        with self._run.state.transaction() as tx:
            return deliveries.publish(tx, deliveries_, self._run.clock() + self._run.ttl)

    def rename(self, delivery: Delivery, remote_name: str) -> Delivery:
        with self._run.state.transaction() as tx:
            return deliveries.rename(tx, delivery, remote_name)

    def warn(self, delivery: Delivery, text: str) -> None:
        self._run._show(DeliveryEvent("warning", f"{delivery.remote_name}: {text}", delivery))
