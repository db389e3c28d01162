"""Fills empty books: the catalog, the parties, then some months of business replayed at its own instants."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter

from mlconnector_assets.sandbox.odoo.database import Database, microseconds
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.world.bulk import multiply
from mlconnector_assets.sandbox.world.catalog import seed_catalog
from mlconnector_assets.sandbox.world.history import History
from mlconnector_assets.sandbox.world.masters import seed_masters
from mlconnector_assets.sandbox.world.orders import Event, Orders
from mlconnector_assets.sandbox.world.parties import Parties
from mlconnector_assets.sandbox.world.trade import seed_transfer_types

BLOCK = 2000
"""Documents made one by one at most; more are copies of these."""
DOCUMENTS_PER_ORDER = 6
QUIET = timedelta(minutes=5)
"""Nothing was written in the last minutes before the seed's end."""


@dataclass(frozen=True)
class Scale:
    """How much is seeded: documents (before payments' own entries; above 2,000 a multiple of 2,000), vendors,
    customers, and over how many days. The same `seed` gives the same books, shifted to the present."""

    moves: int = 300
    vendors: int = 40
    customers: int = 30
    days: int = 60
    seed: int = 19


def seed(database: Database, scale: Scale, now: datetime) -> None:
    """Fill empty books up to `now`, in one transaction."""
    rng = random.Random(scale.seed)  # noqa: S311 - repeatable on purpose
    span = timedelta(days=scale.days)
    start = now - span
    with database.transaction():
        seed_catalog(database, start)
        seed_transfer_types(database, start)
        parties = Parties(database, rng, start, span * 0.6)
        vendors, customers = parties.add(scale.vendors, vendors=True), parties.add(scale.customers, vendors=False)
        seed_masters(database, start, now - QUIET, vendors)
        for model in MODELS.values():
            database.next(model.name, database.query(f"SELECT ifnull(max(id), 0) FROM {model.table}")[0][0])
        history = History(database, rng, vendors, customers)
        orders = Orders(database, random.Random(scale.seed + 1), vendors, customers)  # noqa: S311 - repeatable on purpose
        block = min(scale.moves, BLOCK)
        step = (span - QUIET) / max(block, 1)
        events: list[Event] = []
        for number in range(block):
            moment = start + step * number + timedelta(microseconds=rng.randrange(1_000_000))
            events.append((moment, partial(history.document, number, step=step)))
            if number % DOCUMENTS_PER_ORDER == 0:
                events += orders.events(number // DOCUMENTS_PER_ORDER, moment, now - QUIET)
        for moment, happen in sorted(events, key=itemgetter(0)):
            happen(moment)
        if scale.moves > block:
            multiply(database, scale.moves // block, microseconds(start), microseconds(now - QUIET) - microseconds(start))
