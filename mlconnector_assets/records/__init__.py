"""Canonical accounting records: the same columns whichever system they came from. A module a record;
nothing here knows a vendor, a file format or the network."""

from mlconnector_assets.records.gl_entries import GL_ENTRIES
from mlconnector_assets.records.invoices import INVOICES
from mlconnector_assets.records.record import COMMON, Column, Record
from mlconnector_assets.records.vendors import VENDORS

RECORDS: dict[str, Record] = {record.name: record for record in (INVOICES, VENDORS, GL_ENTRIES)}
"""Every record by name."""

__all__ = ["COMMON", "GL_ENTRIES", "INVOICES", "RECORDS", "VENDORS", "Column", "Record"]
