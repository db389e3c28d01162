"""What is wrong now, judged by the state database and the free space alone. One collector a subject; each tells all it
finds of it in a few conditions, whatever the number of cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import sqlalchemy as sa

from mlconnector_assets.clock import start_of_day
from mlconnector_assets.configuration.alerts import Alerts
from mlconnector_assets.configuration.project import Project
from mlconnector_assets.partners.fields import duration_text
from mlconnector_assets.records import RECORDS
from mlconnector_assets.state import audit_check, deliveries, documents, holds, inbox, journal, reads, set_aside, sweep_stops
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.state.incidents import Condition
from mlconnector_assets.state.reads import Consumer
from mlconnector_assets.state.vault import list_secrets
from mlconnector_assets.steps import load, render

EXAMPLES = 3
LYING = ("seen", "untouched", "claimed")
FAILED_TOLD = timedelta(days=7)
"""A failed file has no end of its own: the partner sends another. After this time it is not told any more."""
LONGEST_EXAMPLE = 160
"""Characters: an example helps to find the case, it is not the document."""


@dataclass(frozen=True)
class Situation:
    """All that a collector may look at. `free` is the share of the disk that is free, 0 to 1."""

    tx: sa.Connection
    project: Project
    now: datetime
    free: float

    @property
    def limits(self) -> Alerts:
        """When something counts as wrong."""
        return self.project.alerts


def conditions_now(situation: Situation) -> list[Condition]:
    """Everything that is wrong, each kind and subject once."""
    return [condition for collect in COLLECTORS for condition in collect(situation)]


def late_deliveries(situation: Situation) -> Iterator[Condition]:
    """Files that have been waiting for too long, by partner."""
    limit = situation.limits.file_waits
    waiting = [one for one in deliveries.queued(situation.tx) if situation.now - one.waiting_since > limit]
    for partner, late in _by_partner(waiting):
        yield Condition(
            "delivery_late",
            f"partner {partner}",
            f"{_files(late)} for {partner} has not been delivered for more than {duration_text(limit)}",
            "mend what the error says; `mlconnector outbox list --state queued` shows all; each is tried again by itself",
            len(late),
            _examples(f"{one.remote_name}: {one.last_error or 'not tried yet'}" for one in late),
        )


def failed_deliveries(situation: Situation) -> Iterator[Condition]:
    """Files that wait for a person, by partner."""
    tx = situation.tx
    stuck = [one for state in ("uncertain", "dead") for one in deliveries.listing(tx, state=state, limit=None)]
    for partner, failed in _by_partner(stuck):
        states = Counter(one.state for one in failed)
        told = {"uncertain": "may or may not have arrived", "dead": "given up"}
        yield Condition(
            "delivery_failed",
            f"partner {partner}",
            f"{_files(failed)} for {partner} waits for a person: "
            + ", ".join(f"{count} {told[state]}" for state, count in sorted(states.items())),
            "look into the partner's folder, or ask them: if they have it, `mlconnector outbox settle ID --reason TEXT`; else "
            "mend the cause, and `mlconnector outbox replay ID` sends the same bytes again",
            len(failed),
            _examples(f"delivery {one.id}, {one.remote_name}: {one.last_error or one.state}" for one in failed),
        )


def open_holds(situation: Situation) -> Iterator[Condition]:
    """What waits for a decision, by flow and kind."""
    ordered = sorted(holds.open(situation.tx), key=lambda hold: (hold.partner, hold.flow, hold.kind, hold.id))
    for (partner, flow, kind), some in groupby(ordered, key=lambda hold: (hold.partner, hold.flow, hold.kind)):
        found = list(some)
        count = sum(hold.documents for hold in found)
        yield Condition(
            "hold_opened",
            f"flow {partner} {flow} {kind}",
            f"{_counted(count, 'document')} of {partner} {flow} held: {holds.KINDS[kind]}",
            "look at `mlconnector holds list`, then `mlconnector holds release ID` or `dismiss ID` with a reason",
            count,
            _examples(f"hold {hold.id}: {hold.about}" for hold in found),
        )


def blocked_documents(situation: Situation) -> Iterator[Condition]:
    """Documents that cannot be rendered, by flow."""
    for partner, flow in situation.project.flows():
        if blocked := documents.blocked(situation.tx, partner.book, flow.name):
            yield Condition(
                "documents_blocked",
                f"flow {partner.id} {flow.name}",
                f"{_counted(len(blocked), 'document')} for {partner.name} cannot be sent as {flow.name}; the others go",
                "correct the document in its accounting system, or the layout; the next run tries again",
                len(blocked),
                _examples(f"{row.number or row.source_id}: {row.reason}" for row in blocked),
            )


def records_set_aside(situation: Situation) -> Iterator[Condition]:
    """Records that could not be mapped, by connection."""
    for connection in situation.project.connections:
        if items := set_aside.open_items(situation.tx, connection):
            yield Condition(
                "records_set_aside",
                f"connection {connection}",
                f"{_counted(len(items), 'record')} of {connection} cannot be understood and {_are(items)} left out",
                "see `mlconnector set-aside list`; correct the record at its source; the next read takes it in",
                len(items),
                _examples(f"{item.record} {item.source_id}: {item.reason}" for item in items),
            )


def late_reads(situation: Situation) -> Iterator[Condition]:
    """Connections that were not read for several polls, or where a day that is over stays open."""
    now, tx = situation.now, situation.tx
    for connection in situation.project.connections.values():
        patience = connection.poll * situation.limits.missed_polls
        looks = reads.last_looks(tx, connection.id)
        silent = {record: at for record, at in looks.items() if record in connection.records and now - at > patience}
        closable = start_of_day(now.date()) + connection.overlap
        unclosed = []
        for record in connection.records if now > closable + patience else ():
            until = reads.read_until(tx, connection.id, record)
            if record not in silent and until is not None and until < closable:
                unclosed.append(f"{record}: yesterday is not closed, read until {until:%Y-%m-%d %H:%M} UTC")
        found = [f"{record}: last read {at:%Y-%m-%d %H:%M} UTC" for record, at in silent.items()] + unclosed
        if found:
            yield Condition(
                "read_late",
                f"connection {connection.id}",
                f"{connection.name or connection.id} was not read for more than {duration_text(patience)}",
                "run `mlconnector check --live`, which says what is wrong, then `mlconnector sync`; nothing is lost meanwhile",
                len(found),
                _examples(found),
            )


def waiting_work(situation: Situation) -> Iterator[Condition]:
    """Tables and flows that do not take in what was read. One that never took in anything is being set up."""
    project = situation.project
    for connection in project.connections.values():
        for record in connection.records:
            if since := _behind(situation, load.consumer_of(RECORDS[record]), connection.id, record):
                yield _waiting(f"table {connection.id} {record}", "loaded into the warehouse", since)
    for partner, flow in project.flows():
        if flow.schedule is None and (
            since := _behind(situation, render.consumer_of(partner.book, flow.name), flow.connection, flow.record)
        ):
            yield _waiting(f"flow {partner.id} {flow.name}", "made into files", since)


def mass_deletions(situation: Situation) -> Iterator[Condition]:
    """Sweeps that were stopped, by connection and record."""
    for stop in sweep_stops.open_stops(situation.tx):
        yield Condition(
            "mass_deletion",
            f"record {stop.connection} {stop.record}",
            f"{stop.missing} of {stop.stored} {stop.record} of {stop.connection} are not at the source any more; none was "
            "recorded as deleted",
            "check the connection's database, rights and companies; if they were really deleted: "
            f"`mlconnector deletions confirm {stop.connection} {stop.record}`",
            stop.missing,
            _examples(stop.sample),
        )


def stuck_inboxes(situation: Situation) -> Iterator[Condition]:
    """Files of partners that failed lately, or lie where they were put for too long, by partner."""
    tx, now, limit = situation.tx, situation.now, situation.limits.file_waits
    failed = [one for one in inbox.listing(tx, state="failed", limit=None) if now - (one.handled_at or now) <= FAILED_TOLD]
    lying = [one for state in LYING for one in inbox.listing(tx, state=state, limit=None) if now - one.seen_at > limit]
    ordered = sorted([*failed, *lying], key=lambda one: (one.partner, one.id))
    for partner, some in groupby(ordered, key=lambda one: one.partner):
        found = list(some)
        yield Condition(
            "inbox_stuck",
            f"partner {partner}",
            f"{_counted(len(found), 'file')} of {partner} could not be taken in",
            "see `mlconnector inbox list`; mend the cause, then `mlconnector inbox retry ID`, or ask for another file",
            len(found),
            _examples(f"{one.path}: {one.reason or f'{one.state} since {one.seen_at:%Y-%m-%d %H:%M} UTC'}" for one in found),
        )


def restored_state(situation: Situation) -> Iterator[Condition]:
    """A state database that is older than its audit."""
    if found := journal.restored(situation.tx, situation.project.home / "audit"):
        yield Condition(
            "sending_stopped",
            "state database",
            f"the state database is older than its audit (entry {found.database} of {found.journal}): nothing leaves",
            "look at `mlconnector outbox reconcile`, then run it with --yes and a reason",
        )


def expiring_secrets(situation: Situation) -> Iterator[Condition]:
    """Secrets whose day comes, or has come."""
    today = situation.now.date()
    for secret in list_secrets(situation.tx):
        if secret.expires_on is not None and secret.expires_on - today <= situation.limits.secret_expires:
            expired = secret.expires_on < today
            yield Condition(
                "secret_expiring",
                f"secret {secret.name}",
                f"the secret {secret.name} {'has expired' if expired else 'expires'} on {secret.expires_on}",
                f"get a new one where it was issued, then `mlconnector secrets set {secret.name} --expires DAY`",
            )


def full_disk(situation: Situation) -> Iterator[Condition]:
    """Too little space where the project's data lie."""
    if situation.free * 100 < situation.limits.disk_free:
        yield Condition(
            "disk_nearly_full",
            f"folder {situation.project.home}",
            f"only {situation.free * 100:.1f} % of the disk are free, less than the {situation.limits.disk_free} % wanted",
            "free some space or move the project to a larger disk, before work stops",
        )


def broken_audit(situation: Situation) -> Iterator[Condition]:
    """What the last check of the audit found."""
    check = audit_check.last_check(situation.tx)
    if check is not None and check.problems:
        yield Condition(
            "audit_broken",
            "audit",
            f"the audit is not what was written ({_counted(len(check.problems), 'problem')}, found {check.at:%Y-%m-%d %H:%M})",
            "see `mlconnector audit verify`; restore the audit folder and the state database from a backup, and find out who "
            "had access",
            len(check.problems),
            _examples(check.problems),
        )


COLLECTORS: tuple[Callable[[Situation], Iterable[Condition]], ...] = (
    late_deliveries,
    failed_deliveries,
    open_holds,
    blocked_documents,
    records_set_aside,
    late_reads,
    waiting_work,
    mass_deletions,
    stuck_inboxes,
    restored_state,
    expiring_secrets,
    full_disk,
    broken_audit,
)


def _behind(situation: Situation, consumer: str, connection: str, record: str) -> datetime | None:
    """Since when content waits for this consumer, if it is too long ago."""
    due = reads.due(situation.tx, connection, Consumer(consumer, record))
    if not due or not reads.consumes(situation.tx, consumer, connection, record):
        return None
    since = min(read.read_at for read in due)
    patience: timedelta = situation.project.connections[connection].poll * situation.limits.missed_polls
    return since if situation.now - since > patience else None


def _waiting(subject: str, wanted: str, since: datetime) -> Condition:
    return Condition(
        "work_waiting",
        subject,
        f"what was read of it has not been {wanted} since {since:%Y-%m-%d %H:%M} UTC",
        "run `mlconnector sync`, which does it or says what is wrong",
    )


def _by_partner(found: Iterable[Delivery]) -> Iterator[tuple[str, list[Delivery]]]:
    ordered = sorted(found, key=lambda one: (one.partner, one.id))
    return ((partner, list(some)) for partner, some in groupby(ordered, key=lambda one: one.partner))


def _files(found: Sequence[Delivery]) -> str:
    return _counted(len(found), "file")


def _are(items: Sequence[object]) -> str:
    return "is" if len(items) == 1 else "are"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _examples(texts: Iterable[str]) -> tuple[str, ...]:
    shown: list[str] = []
    for text in texts:
        if len(shown) == EXAMPLES:
            break
        line = " ".join(text.split())
        shown.append(line if len(line) <= LONGEST_EXAMPLE else f"{line[: LONGEST_EXAMPLE - 1]}…")
    return tuple(shown)
