"""Changes of plain records of any model."""

from __future__ import annotations

from datetime import datetime

from mlconnector_assets.sandbox.changes.change import Change
from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.values import Row
from mlconnector_assets.sandbox.world.business import Business


def change_partner(database: Database, at: datetime, id: int, values: Row) -> Row:
    """Change a customer's or vendor's fields."""
    Business(database).change_partner(id, values, at=at)
    return {"id": id}


def write(database: Database, at: datetime, model: str, ids: list[int], values: Row | None = None) -> Row:
    """Write stored values as they are, sense or no sense; without values only write_date moves."""
    unknown = set(values or {}) - set(MODELS[model].columns)
    if unknown:
        raise ValueError(f"{model} holds no {', '.join(sorted(unknown))}")
    for record in ids:
        database.update(model, record, values or {}, at=microseconds(at))
    return {"ids": ids}


def create(database: Database, at: datetime, model: str, values: Row) -> Row:
    """Add a plain record of any model; nothing else is written."""
    return {"id": database.insert(model, values, at=microseconds(at))}


def remove(database: Database, at: datetime, model: str, ids: list[int]) -> Row:
    """Remove records without a trace, and nothing with them."""
    for record in ids:
        database.row(model, record)
        database.delete(model, record)
    return {"ids": ids}


CHANGES = {
    "change_partner": Change(change_partner),
    "create": Change(create),
    "write": Change(write),
    "remove": Change(remove),
}
