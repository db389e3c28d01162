"""What people do in the books on request of a test, the demo or a person: changes by name, a module a subject."""

from __future__ import annotations

from mlconnector_assets.sandbox.changes import anything, invoices, people
from mlconnector_assets.sandbox.changes.change import Change

CHANGES: dict[str, Change] = {name: change for module in (invoices, people, anything) for name, change in module.CHANGES.items()}
