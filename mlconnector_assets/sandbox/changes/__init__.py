"""What people do in the books on request of a test, the demo or a person: changes by name, a module a subject."""

from __future__ import annotations

from mlconnector_assets.sandbox.changes import anything, invoices, payments, people, trade
from mlconnector_assets.sandbox.changes.change import Change

_SUBJECTS = (invoices, payments, trade, people, anything)

CHANGES: dict[str, Change] = {name: change for subject in _SUBJECTS for name, change in subject.CHANGES.items()}
