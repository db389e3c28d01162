"""Store a secret, and chain who did it; its value is in no audit."""

from __future__ import annotations

from datetime import date

from mlconnector_assets.state import audit, journal
from mlconnector_assets.state.audit import Decision
from mlconnector_assets.state.processes import this_person
from mlconnector_assets.state.vault import Vault
from mlconnector_assets.steps.workspace import Workspace


def set_secret(workspace: Workspace, name: str, value: bytes, *, expires_on: date | None = None) -> None:
    """Store or replace a secret; the first one of a project makes its key. Raises CredentialsError, StorageFull."""
    until = f"expires {expires_on}" if expires_on else None
    decision = Decision("secret_set", f"secret {name}", this_person(), workspace.clock(), reason=until)
    Vault.open(workspace.state, workspace.project.home, create=True, environment=workspace.environment).set(
        name, value, expires_on=expires_on, along=lambda tx: audit.decide(tx, workspace.audit_folder, decision)
    )
    journal.catch_up(workspace.state, workspace.audit_folder)
