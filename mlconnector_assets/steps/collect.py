"""Take in what a partner sent: fetch it, hand it over, move it out of the way. Dagster does these one by one, `sync` all
at once; each goes on where an earlier one stopped."""

from __future__ import annotations

from dataclasses import dataclass

from mlconnector_assets.errors import ConfigurationError, ConnectorError
from mlconnector_assets.exchange.fetch import Collected, Places
from mlconnector_assets.exchange.inbox import Collector
from mlconnector_assets.partners.specification import Partner
from mlconnector_assets.state import inbox as books
from mlconnector_assets.state.inbox import InboundFile
from mlconnector_assets.steps.deliver import open_session
from mlconnector_assets.steps.workspace import Workspace


class FilesNotTaken(ConnectorError):
    """Some files of a partner could not be taken in; they stay where they are and are tried again."""


@dataclass(frozen=True)
class CollectOutcome:
    """What became of a partner's files in this run: what was fetched, what was handed over or refused, and what could not
    be moved out of the way."""

    partner: str
    collected: Collected
    handled: tuple[InboundFile, ...] = ()
    unmoved: tuple[tuple[InboundFile, ConnectorError], ...] = ()

    @property
    def refused(self) -> list[InboundFile]:
        """Files that their parser refused."""
        return [row for row in self.handled if row.state == "failed"]

    @property
    def taken(self) -> list[InboundFile]:
        """Files that are done."""
        return [row for row in self.handled if row.state == "handed_over"]

    def failure(self) -> FilesNotTaken | None:
        """The failure to show for this run: the first one's words, and how many files it concerns."""
        failed = [*self.collected.failed, *self.unmoved]
        postponed = [row for row in self.handled if row.state == "received"]
        files = "1 file" if len(failed) + len(postponed) == 1 else f"{len(failed) + len(postponed)} files"
        if failed:
            row, error = failed[0]
            return FilesNotTaken(
                f"{row.path}: {error.what} ({files}: tried again by the next run)", where=error.where, mend=error.mend
            )
        if postponed:
            row = postponed[0]
            return FilesNotTaken(f"{row.path} could not be handed over yet: {row.reason} ({files}: tried again)")
        return None


def collect_partner(workspace: Workspace, partner_id: str) -> CollectOutcome:
    """Fetch what is due, hand it over, and move what is done. What was received before is handed over even when the
    server does not answer. Raises ConfigurationError, CredentialsError, Unavailable, StateError, StorageFull."""
    collector = collector_of(workspace, partner_id)
    task = f"collect {partner_id}"
    handled = collector.hand_over()
    with open_session(workspace, partner_id) as session:
        collected = collector.collect(session)
        handled += collector.hand_over()
        unmoved = collector.file_away(session)
    outcome = CollectOutcome(partner_id, collected, tuple(handled), tuple(unmoved))
    _tell(workspace, outcome)
    if outcome.handled or collected.duplicates:
        workspace.progress.started(task)
        summary = (
            f"{len(outcome.taken)} files taken in, {len(outcome.refused)} refused, {len(collected.duplicates)} known already"
        )
        workspace.progress.finished(task, summary)
    return outcome


def look_at_partner(workspace: Workspace, partner_id: str) -> bool:
    """Note what lies in the partner's folders, and tell whether anything can be fetched or has to be moved."""
    collector = collector_of(workspace, partner_id)
    with open_session(workspace, partner_id) as session:
        _tell(workspace, CollectOutcome(partner_id, collector.look(session)))
    with workspace.state.reading() as tx:
        return bool(books.count_due(tx, partner_id, workspace.clock()) or books.to_file(tx, partner_id))


def fetch_from_partner(workspace: Workspace, partner_id: str) -> CollectOutcome:
    """Fetch what is due, and move what is done; nothing is handed over."""
    collector = collector_of(workspace, partner_id)
    with open_session(workspace, partner_id) as session:
        outcome = CollectOutcome(partner_id, collector.collect(session), (), tuple(collector.file_away(session)))
    _tell(workspace, outcome)
    return outcome


def hand_over_file(workspace: Workspace, file_id: int, *, again: bool = False) -> InboundFile:
    """Hand one received file over; its place on the server follows with the next look. With `again` a failed one too.

    Raises ConnectorError when there is no such file, or it cannot be handed over.
    """
    with workspace.state.transaction() as tx:
        row = books.find(tx, file_id)
        if again and row.state == "failed":
            row = books.retry(tx, file_id, workspace.clock())
    if row.state != "received":
        return row
    collector = collector_of(workspace, row.partner)
    handled = collector.hand_over(only=file_id)
    with workspace.state.reading() as tx:
        row = books.find(tx, file_id)
    if handled and row.state == "received":
        raise FilesNotTaken(f"{row.path} could not be handed over yet: {row.reason}", where=f"partner {row.partner}")
    return row


def collector_of(workspace: Workspace, partner_id: str) -> Collector:
    """What takes in a partner's files. Raises ConfigurationError."""
    partner = workspace.partner(partner_id)
    if partner.inbox is None:
        raise ConfigurationError(f"partner {partner_id} has no inbox", mend=f"add `inbox:` to partners/{partner_id}.yaml")
    return Collector(
        workspace.state,
        partner_id,
        partner.inbox,
        places_of(partner),
        workspace.files,
        workspace.clock,
        workspace.owner,
        channels=partner.sftp.wire.channels,
    )


def places_of(partner: Partner) -> Places:
    """The folders of a partner's inbox."""
    folders = partner.sftp.folders
    stay = partner.inbox is not None and partner.inbox.stays
    return Places(partner.sftp.root, folders.inbound, folders.processing, folders.processed, folders.error, stay)


def _tell(workspace: Workspace, outcome: CollectOutcome) -> None:
    note, collected = workspace.progress.note, outcome.collected
    for sighting in collected.untouched:
        note(f"{outcome.partner}: {sighting.path} is not taken: {sighting.reason}")
    for row in collected.duplicates:
        note(f"{outcome.partner}: {row.path} is not handed over: {row.reason}")
    for row in collected.received:
        if row.duplicate_of is not None:
            note(f"{outcome.partner}: {row.path} has {row.reason}")
    for row in collected.vanished:
        note(f"{outcome.partner}: {row.path} was taken away before it could be fetched")
    for row in outcome.refused:
        note(f"{outcome.partner}: {row.path} is refused: {row.reason}; mend, then `mlconnector inbox retry {row.id}`")
