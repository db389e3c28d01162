"""The Odoo stand-in: models, domains, reading, errors, HTTP."""
