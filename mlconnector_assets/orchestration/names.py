"""What assets are called. One place, so that sensors, checks and reports agree."""

from __future__ import annotations

import dagster as dg

from mlconnector_assets.state.inbox import InboundFile

INCREMENTAL = "mlconnector/incremental"
"""Run tag: read from the last read minus the overlap instead of whole partition days."""

REREAD = "mlconnector/reread"
"""Run tag: closed days are read again to find what was missed; the next time is a day later."""


def record_asset(connection: str, record: str) -> dg.AssetKey:
    """`odoo_invoices`."""
    return dg.AssetKey(f"{connection}_{record}")


def deleted_asset(connection: str, record: str) -> dg.AssetKey:
    """`odoo_invoices_deleted`."""
    return dg.AssetKey(f"{connection}_{record}_deleted")


def table_asset(connection: str, record: str) -> dg.AssetKey:
    """`warehouse_odoo_invoices`."""
    return dg.AssetKey(f"warehouse_{connection}_{record}")


def flow_asset(partner: str, flow: str) -> dg.AssetKey:
    """`acme_invoices`."""
    return dg.AssetKey(f"{partner}_{flow}")


def delivery_asset(partner: str) -> dg.AssetKey:
    """`acme_delivery`."""
    return dg.AssetKey(f"{partner}_delivery")


def collection_asset(partner: str) -> dg.AssetKey:
    """`acme_collection`."""
    return dg.AssetKey(f"{partner}_collection")


def inbox_asset(partner: str) -> dg.AssetKey:
    """`acme_inbox`."""
    return dg.AssetKey(f"{partner}_inbox")


def inbound_files(partner: str) -> str:
    """The name of the partitions of a partner's inbox."""
    return f"{partner}_inbox"


def inbound_file(row: InboundFile) -> str:
    """The partition of a received file: `GL_1.csv@0a1b2c3d4e5f`. Dagster allows no `...` in it."""
    return f"{row.name.replace('...', '…')}@{(row.sha256 or '')[:12]}"
