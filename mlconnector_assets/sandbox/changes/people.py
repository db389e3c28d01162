"""Changes of employees."""

from __future__ import annotations

from datetime import date, datetime

from mlconnector_assets.sandbox.changes.change import Change
from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.values import Row
from mlconnector_assets.sandbox.world.business import today


def new_position(database: Database, at: datetime, id: int, day: str, values: Row) -> Row:
    """A version of an employee from `day` on: a copy of the one in force with other values. The employee's own
    write_date does not move, also when the version is in force at once."""
    (in_force,) = database.query("SELECT current_version_id FROM hr_employee WHERE id = ?", (id,))[0]
    before = database.row("hr.version", in_force)
    kept = {name: value for name, value in before.items() if name not in ("id", "create_date", "write_date")}
    version = database.insert("hr.version", kept | values | {"date_version": day}, at=microseconds(at))
    if date.fromisoformat(day) <= today(at):
        database.query("UPDATE hr_employee SET current_version_id = ? WHERE id = ?", (version, id))
    return {"id": version}


CHANGES = {"new_position": Change(new_position)}
