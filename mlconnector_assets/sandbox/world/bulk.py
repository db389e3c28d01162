"""Many more documents for benchmarks: what was seeded is copied inside SQLite, which takes seconds
for 200,000."""

from __future__ import annotations

from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.odoo.models import MODELS


def multiply(database: Database, times: int, start: int, span: int) -> None:
    """Copy all moves and lines until there are `times` as many; ids and numbers stay unique, the write_dates are
    spread anew over `span` from `start` (microseconds)."""
    tables = {name: MODELS[name].table for name in ("account.move", "account.move.line")}
    highest = {name: database.query(f"SELECT max(id) FROM {table}")[0][0] for name, table in tables.items()}
    moves = highest["account.move"]
    number = f"s.sequence_number + copy.k * {moves}"
    squeezed = f"{start} + (s.write_date - {start} + copy.k * {span}) / {times}"
    shifted = {
        "account.move": {
            "reversed_entry_id": f"s.reversed_entry_id + copy.k * {moves}",
            "sequence_number": number,
            "name": f"s.sequence_prefix || printf('%05d', {number})",
        },
        "account.move.line": {"move_id": f"s.move_id + copy.k * {moves}"},
    }
    for model, table in tables.items():
        values = shifted[model] | {"id": f"s.id + copy.k * {highest[model]}", "write_date": squeezed}
        columns = ("id", *MODELS[model].columns)
        database.query(
            f"WITH RECURSIVE copy(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM copy WHERE k < {times - 1}) "
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values.get(name, f's.{name}') for name in columns)} "
            f"FROM copy CROSS JOIN {table} s WHERE s.id <= {highest[model]}"
        )
        database.query(f"UPDATE {table} AS s SET write_date = {squeezed.replace('copy.k', '0')} WHERE id <= {highest[model]}")
        database.next(model, highest[model] * times)
    for (prefix,) in database.query(
        "SELECT DISTINCT company_id || ':' || sequence_prefix FROM account_move WHERE name IS NOT NULL"
    ):
        database.next(prefix, moves * times)
