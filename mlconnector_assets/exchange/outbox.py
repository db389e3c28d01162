"""Delivering what is queued for a partner, over one connection. The state database is the truth about
each file; here its rows are claimed, sent, and either finished, put back for later, or given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection

from mlconnector_assets.clock import Clock
from mlconnector_assets.crash_points import CrashPoint, reached
from mlconnector_assets.errors import (
    AccessDenied,
    ConfigurationError,
    ConnectorError,
    CredentialsError,
    DeliveryError,
    HostKeyMismatch,
    LeaseLost,
    StorageFull,
    Unavailable,
)
from mlconnector_assets.exchange.send import OpenFile, Sender
from mlconnector_assets.exchange.sftp import FileError, SftpSession
from mlconnector_assets.state import deliveries
from mlconnector_assets.state.database import State
from mlconnector_assets.state.deliveries import Delivery

Result = Literal["delivered", "found", "postponed", "dead", "lost"]
EventKind = Literal["connected", "folder", "sending", "delivered", "found", "postponed", "dead", "lost", "warning"]
_FAILURES = (Unavailable, CredentialsError, AccessDenied, StorageFull, DeliveryError, ConfigurationError)


@dataclass(frozen=True)
class RetryPolicy:
    """When to try again: after `first`, then twice as long each time, at most `longest`; after `attempts`
    tries, or `age` after the file was made, a person has to look."""

    first: timedelta = timedelta(minutes=1)
    longest: timedelta = timedelta(hours=1)
    attempts: int = 100
    age: timedelta = timedelta(days=7)

    def delay(self, attempts: int) -> timedelta:
        """How long to wait after so many attempts (1 or more)."""
        return min(self.longest, self.first * (1 << min(attempts - 1, 20)))

    def is_spent(self, delivery: Delivery, now: datetime) -> bool:
        """Whether this delivery was tried often or long enough."""
        return delivery.attempts >= self.attempts or now - delivery.created_at >= self.age


@dataclass(frozen=True)
class DeliveryEvent:
    """Something to show while files go out. `delivery` is None for what concerns the whole connection."""

    kind: EventKind
    text: str
    delivery: Delivery | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of one file in this run; `error` for those that did not arrive, `next_attempt_at` for those postponed."""

    delivery: Delivery
    result: Result
    error: ConnectorError | None = None
    next_attempt_at: datetime | None = None


def deliver_queued(
    *,
    state: State,
    partner_id: str,
    folders: Mapping[str, str],
    open_session: Callable[[], SftpSession],
    open_file: OpenFile,
    clock: Clock,
    owner: str,
    on_event: Callable[[DeliveryEvent], None] = lambda event: None,
    limit: int | None = None,
    waiting_too: bool = False,
    policy: RetryPolicy = RetryPolicy(),
    ttl: timedelta = timedelta(hours=1),
) -> list[Outcome]:
    """Send what is due for a partner, oldest first; the connection is only opened when something is.

    `folders` maps a role (`outbound`, …) to the remote path; all are made when missing. `waiting_too` also
    sends files whose next attempt lies in the future (a person or a schedule asks; sensors do not).
    `ttl`: after this a claim is free for others; it must be longer than the longest upload.

    A failure that concerns the partner (unreachable, login, host key, rights, full disk) stops the run:
    every due file is postponed with the same message. One that concerns a single file stops no other.
    Failures are in the outcomes; only errors of the state database are raised.
    """
    return _Run(state, partner_id, folders, open_session, open_file, clock, owner, on_event, policy, ttl).run(limit, waiting_too)


@dataclass
class _Run:
    state: State
    partner: str
    folders: Mapping[str, str]
    open_session: Callable[[], SftpSession]
    open_file: OpenFile
    clock: Clock
    owner: str
    on_event: Callable[[DeliveryEvent], None]
    policy: RetryPolicy
    ttl: timedelta

    def run(self, limit: int | None, waiting_too: bool) -> list[Outcome]:
        if waiting_too:
            self._make_due()
        outcomes: list[Outcome] = []
        with ExitStack() as stack:
            sender: Sender | None = None
            while (limit is None or len(outcomes) < limit) and (delivery := self._claim()):
                try:
                    sender = sender or self._connect(stack, delivery)
                    outcomes.append(self._send(sender, delivery))
                except LeaseLost as error:
                    outcomes.append(self._tell(Outcome(delivery, "lost", error)))
                except _FAILURES as error:
                    if sender is None or self._concerns_partner(sender, delivery, error):
                        return outcomes + self._stop(delivery, error)
                    with self.state.transaction() as tx:
                        outcome = self._put_back(tx, delivery, error, self.clock() + self.policy.delay(delivery.attempts))
                    outcomes.append(self._tell(outcome))
                except BaseException:
                    with suppress(ConnectorError), self.state.transaction() as tx:
                        deliveries.postpone(tx, delivery, "interrupted", self.clock())
                    raise
        return outcomes

    def _make_due(self) -> None:
        now = self.clock()
        with self.state.transaction() as tx:
            for row in deliveries.queued(tx, self.partner):
                if row.state == "queued" and row.next_attempt_at > now:
                    deliveries.replay(tx, row.id, now)

    def _claim(self) -> Delivery | None:
        with self.state.transaction() as tx:
            delivery = deliveries.claim_next(tx, self.partner, self.owner, self.clock(), self.ttl)
        if delivery is not None:
            reached(CrashPoint.DELIVER_CLAIMED)
        return delivery

    def _connect(self, stack: ExitStack, delivery: Delivery) -> Sender:
        """Log in and make the folders. One that is not needed for `delivery` may fail with a warning."""
        session = stack.enter_context(self.open_session())
        self.on_event(DeliveryEvent("connected", session.description))
        for role, path in self.folders.items():
            try:
                if session.ensure_folder(path):
                    self.on_event(DeliveryEvent("folder", f"made {path}"))
            except (AccessDenied, DeliveryError) as error:
                if role == delivery.folder:
                    raise
                self.on_event(DeliveryEvent("warning", str(error)))
        return Sender(session, self.open_file)

    def _send(self, sender: Sender, delivery: Delivery) -> Outcome:
        def still_ours() -> bool:
            with self.state.reading() as tx:
                return deliveries.still_owned(tx, delivery)

        self.on_event(DeliveryEvent("sending", f"{delivery.remote_name}, {delivery.size} bytes", delivery))
        how = sender.send(delivery, self.folders[delivery.folder], still_ours)
        with self.state.transaction() as tx:
            deliveries.delivered(tx, delivery, self.clock(), how)
        reached(CrashPoint.DELIVER_COMMITTED)
        return self._tell(Outcome(delivery, "delivered" if how == "sent" else "found"))

    def _concerns_partner(self, sender: Sender, delivery: Delivery, error: ConnectorError) -> bool:
        """Whether the next file would fail as well: by the kind of failure, or because not even a probe can be written."""
        if isinstance(error, FileError):
            return False
        if isinstance(error, (Unavailable, CredentialsError, StorageFull, HostKeyMismatch)):
            return True
        try:
            sender.session.probe_write(self.folders[delivery.folder])
        except ConnectorError:
            return True
        return False

    def _stop(self, delivery: Delivery, error: ConnectorError) -> list[Outcome]:
        """Put this file and everything else that is due back until the same moment: nobody hammers the partner."""
        outcomes = []
        with self.state.transaction() as tx:
            now = self.clock()
            attempts = [row.attempts for row in deliveries.queued(tx, self.partner)]
            at = now + self.policy.delay(max([delivery.attempts, *attempts]))
            row: Delivery | None = delivery
            while row is not None:
                outcomes.append(self._put_back(tx, row, error, at))
                row = deliveries.claim_next(tx, self.partner, self.owner, now, self.ttl)
        return [self._tell(outcome) for outcome in outcomes]

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

    def _tell(self, outcome: Outcome) -> Outcome:
        text = outcome.delivery.remote_name
        if outcome.next_attempt_at is not None:
            text += f" stays queued until {outcome.next_attempt_at:%Y-%m-%d %H:%M:%S} UTC"
        if outcome.error is not None:
            text += f": {outcome.error}"
        self.on_event(DeliveryEvent(outcome.result, text, outcome.delivery))
        return outcome
