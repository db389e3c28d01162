"""`check --live`: log in to every system and tell what it can and cannot see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.exchange.check import check_partner
from mlconnector_assets.steps.deliver import open_session, remote_folders
from mlconnector_assets.steps.workspace import Workspace
from mlconnector_assets.systems.source import Finding


@dataclass(frozen=True)
class Checked:
    """A system that was logged in to, and what was found there."""

    system: str
    findings: tuple[Finding, ...]

    @property
    def good(self) -> bool:
        """Whether everything is as it has to be."""
        return all(finding.good for finding in self.findings)


def check_live(workspace: Workspace) -> Iterator[Checked]:
    """Every connection, then every partner, one after the other. Failures are findings."""
    for connection, settings in workspace.project.connections.items():
        yield Checked(f"connection {connection} ({settings.url})", tuple(_connection(workspace, connection)))
    for partner in workspace.project.partners.values():
        place = f"partner {partner.id} ({partner.sftp.host}:{partner.sftp.port})"
        yield Checked(place, tuple(_partner(workspace, partner.id)))


def _connection(workspace: Workspace, connection: str) -> list[Finding]:
    try:
        return workspace.source(connection).check()
    except ConnectorError as error:
        return [Finding("login", False, error.what, error.mend)]


def _partner(workspace: Workspace, partner: str) -> list[Finding]:
    try:
        return check_partner(
            open_session=lambda: open_session(workspace, partner),
            folders=remote_folders(workspace.partner(partner)),
            switches=workspace.partner(partner).sftp.wire,
        )
    except ConnectorError as error:
        return [Finding("login", False, error.what, error.mend)]
