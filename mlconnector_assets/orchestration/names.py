"""What assets are called. One place, so that sensors, checks and reports agree."""

from __future__ import annotations

import dagster as dg

INCREMENTAL = "mlconnector/incremental"
"""Run tag: read from the last read minus the overlap instead of whole partition days."""


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
