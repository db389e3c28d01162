"""Deliver what is queued for a partner into its folder."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.exchange.outbox import DeliveryEvent, Outcome, deliver_queued
from mlconnector_assets.exchange.send import TEMPORARY
from mlconnector_assets.exchange.settings import SftpSettings
from mlconnector_assets.exchange.sftp import SftpSession
from mlconnector_assets.partners.specification import Partner, SftpTarget, SshHost
from mlconnector_assets.state import deliveries, journal
from mlconnector_assets.state.deliveries import Delivery
from mlconnector_assets.steps.workspace import Workspace


class DeliveriesFailed(ConnectorError):
    """Some files did not arrive; they stay queued, or wait for a person."""


@dataclass(frozen=True)
class DeliverOutcome:
    """What became of a partner's queued files in this run."""

    partner: str
    outcomes: tuple[Outcome, ...]

    @property
    def sent(self) -> list[Delivery]:
        """Files that are at the partner now."""
        return [outcome.delivery for outcome in self.outcomes if outcome.result in ("delivered", "found")]

    @property
    def failed(self) -> list[Outcome]:
        """Files that are not."""
        return [outcome for outcome in self.outcomes if outcome.error is not None]

    def failure(self) -> DeliveriesFailed | None:
        """The failure to show for this run: the first one's words, and how many files it concerns."""
        if not self.failed:
            return None
        first = self.failed[0].error
        assert first is not None
        files = "1 file" if len(self.failed) == 1 else f"{len(self.failed)} files"
        fates = {"dead": "given up", "uncertain": "waiting for a person"}
        fate = fates.get(self.failed[0].result, "still queued for the next run, same bytes and name")
        return DeliveriesFailed(f"{first.what} ({files}: {fate})", where=first.where, mend=first.mend)


def deliver_partner(workspace: Workspace, partner_id: str, *, waiting_too: bool = True) -> DeliverOutcome:
    """Send a partner's queued files, oldest first, over one connection. Failures are in the outcome.

    With `waiting_too` also files whose next attempt lies in the future. Raises ConfigurationError, CredentialsError,
    StateError.
    """
    workspace.check_not_restored()
    partner = workspace.partner(partner_id)
    task = f"deliver {partner_id}"
    started = False
    with workspace.state.reading() as tx:
        queued = deliveries.queued(tx, partner_id)
    if not queued:
        return DeliverOutcome(partner_id, ())

    def tell(event: DeliveryEvent) -> None:
        nonlocal started
        if not started:
            started = True
            workspace.progress.started(task)
        if event.delivery is not None and event.kind == "sending":
            journal.note_sending(workspace.audit_folder, event.delivery, workspace.clock())
        elif event.delivery is not None and event.kind in ("delivered", "found"):
            journal.note_arrival(workspace.audit_folder, event.delivery, workspace.clock())
            workspace.progress.advanced(task, 1)
        elif event.kind in ("lost", "warning"):
            workspace.progress.note(f"{partner_id}: {event.text}")

    outcomes = deliver_queued(
        state=workspace.state,
        partner_id=partner_id,
        # after test mode some files may still be on their way to `test`
        folders=remote_folders(partner, {delivery.folder for delivery in queued}),
        open_session=lambda: open_session(workspace, partner_id),
        open_file=workspace.files.open,
        clock=workspace.clock,
        owner=workspace.owner,
        switches=partner.sftp.wire,
        on_event=tell,
        waiting_too=waiting_too,
    )
    outcome = DeliverOutcome(partner_id, tuple(outcomes))
    if started:
        workspace.progress.finished(task, f"{len(outcome.sent)} files delivered, {len(outcome.failed)} not")
    return outcome


def remote_folders(partner: Partner, in_use: Collection[str] = ()) -> dict[str, str]:
    """Role (outbound, acks, …) of the folders that we write to, to the path on the partner's server. `test` only while it is
    used; those of an inbox whose files stay in place are the partner's."""
    inbox = partner.inbox
    without = {"processing"} if inbox is None else {"inbound", "processing", "processed", "error"} if inbox.stays else set()
    if partner.mode == "live" and "test" not in in_use:
        without |= {"test"}
    paths: dict[str, str] = partner.sftp.folders.model_dump(exclude=without)
    if partner.sftp.wire.temporary_directory:
        paths[TEMPORARY] = partner.sftp.wire.temporary_directory
    return {role: f"{partner.sftp.root}/{path}" for role, path in paths.items()}


def open_session(workspace: Workspace, partner_id: str) -> SftpSession:
    """Connect and log in to a partner's server. Raises HostKeyMismatch, CredentialsError, Unavailable."""
    return SftpSession.connect(sftp_settings(workspace, partner_id))


def sftp_settings(workspace: Workspace, partner_id: str) -> SftpSettings:
    """How to reach a partner's server. Raises CredentialsError for a missing secret, ConfigurationError."""
    target = workspace.partner(partner_id).sftp
    jump = host_settings(workspace, partner_id, target.jump, target) if target.jump else None
    return replace(host_settings(workspace, partner_id, target, target), old_algorithms=target.wire.algorithms, jump=jump)


def host_settings(workspace: Workspace, partner_id: str, host: SshHost, target: SftpTarget) -> SftpSettings:
    """How to reach one host of a partner, the server itself or its jump host. Raises CredentialsError, ConfigurationError."""
    return SftpSettings(
        partner=partner_id,
        host=host.host,
        port=host.port,
        user=host.user,
        host_keys=host.pinned(workspace.project.root),
        next_host_keys=host.next_host_keys,
        revoked_host_keys=host.revoked_host_keys,
        password=workspace.vault.get(host.password) if host.password else None,
        private_key=workspace.vault.get(host.private_key) if host.private_key else None,
        connect_timeout=target.connect_timeout.total_seconds(),
        channel_timeout=target.channel_timeout.total_seconds(),
    )
