"""Every record that Odoo offers, by name. Each record's stream stands beside its mapping."""

from __future__ import annotations

from mlconnector_assets.systems.odoo import gl_entries, invoices, vendors
from mlconnector_assets.systems.odoo.stream import Stream

STREAMS: dict[str, Stream] = {module.STREAM.record.name: module.STREAM for module in (invoices, vendors, gl_entries)}
