"""Project folders written from text, so that tests know each line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlconnector_assets.configuration import load_project
from mlconnector_assets.errors import ConfigurationError
from tests.partners.samples import HOST_KEY

CONNECTIONS = """\
connections:
  odoo:
    system: odoo
    url: https://books.example
    database: books
    api_key: odoo-api-key
    companies: {nl: 1, be: 2}
    first_day: 2026-01-01
"""
PARTNER = f"""\
name: ACME
sftp:
  host: sftp.acme.example
  user: us
  private_key: acme-key
  host_keys:
    - {HOST_KEY}
flows:
  bills:
    connection: odoo
    record: invoices
    layout: csv/invoices
    companies: all
    counterparties: all
    since: 2026-01-01
mode: live
"""


def write_project(root: Path, connections: str = CONNECTIONS, **partners: str) -> Path:
    """Write a project; partners by id, one plain partner when none is given."""
    (root / "partners").mkdir(parents=True, exist_ok=True)
    (root / "connections.yaml").write_text(connections)
    for name, text in (partners or {"acme": PARTNER}).items():
        (root / "partners" / f"{name}.yaml").write_text(text)
    return root


def complaint(root: Path) -> str:
    """What loading the project complains about."""
    with pytest.raises(ConfigurationError) as caught:
        load_project(root)
    return str(caught.value)
