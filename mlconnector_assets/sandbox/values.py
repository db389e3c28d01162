"""Names for values whose type only the data knows."""

from __future__ import annotations

from typing import Any

Value = Any
"""A decoded JSON value, or the value of a table's column."""
Row = dict[str, Any]
"""A record by field name."""
