"""Odoo 19 over JSON-2: HTTP, what is read, and the mapping to canonical records. `source.OdooSource` is the way in."""
