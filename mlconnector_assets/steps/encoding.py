"""What becomes of a file's content before it leaves: compressed, then encrypted and signed."""

from __future__ import annotations

import gzip

from mlconnector_assets.exchange import pgp
from mlconnector_assets.partners.specification import Flow, Partner
from mlconnector_assets.steps.workspace import Workspace


def encoded(workspace: Workspace, partner: Partner, flow: Flow, content: bytes) -> bytes:
    """The bytes that leave. Compressed ones are always the same, encrypted ones never are: they are made once, and kept.
    Raises ConfigurationError, CredentialsError."""
    if flow.compress:
        content = gzip.compress(content, mtime=0)
    if flow.pgp:
        content = pgp.encrypt(
            content,
            flow.pgp,
            public_key=flow.pgp.key(workspace.project.root),
            signing_key=workspace.vault.get(flow.pgp.sign_with) if flow.pgp.sign_with else None,
            where=f"partner {partner.id}, flow {flow.name}",
        )
    return content


def try_encoding(workspace: Workspace) -> None:
    """Encode a few bytes for every flow, so that a missing program, key or secret is told before a file is made.
    Raises ConfigurationError, CredentialsError."""
    for partner, flow in workspace.project.flows():
        if flow.pgp:
            encoded(workspace, partner, flow, b"trial")
