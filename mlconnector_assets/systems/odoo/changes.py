"""When a record counts as changed. Odoo stamps the row that was written and often nothing else: a new vendor price
moves no product, a new position no employee. A record with such rows nested in it is as new as the newest of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mlconnector_assets.systems.odoo.specifications import Specification
from mlconnector_assets.systems.odoo.values import Values, instant_or_none
from mlconnector_assets.systems.source import Window

Domain = list[Any]


@dataclass(frozen=True, eq=False)
class Changes:
    """Where the stamps of a record lie.

    `stamps` are the fields that hold them; `since` makes the conditions under which the newest of them is at or after
    an instant, `before` those besides the record's own write_date under which none is; `latest` is the newest.
    """

    stamps: Specification
    since: Callable[[str], Domain]
    before: Callable[[str], Domain]
    latest: Callable[[Values], datetime | None]


def stamp(instant: datetime) -> str:
    """An instant as Odoo compares it: UTC, whole seconds."""
    return instant.strftime("%Y-%m-%d %H:%M:%S")


OWN = Changes(
    stamps={"write_date": {}},
    since=lambda start: [["write_date", ">=", start]],
    before=lambda end: [],
    latest=lambda record: instant_or_none(record["write_date"]),
)
"""The record's own write_date says it all."""


def with_related(*paths: str) -> Changes:
    """The write_dates of these relations count too; a path may go through several, as in product_tmpl_id.seller_ids."""
    stamps: Specification = {"write_date": {}}
    for path in paths:
        within = stamps
        for name in path.split("."):
            within = within.setdefault(name, {"fields": {}})["fields"]
        within["write_date"] = {}
    return Changes(
        stamps=stamps,
        since=lambda start: [
            *["|"] * len(paths),
            ["write_date", ">=", start],
            *(_through(path, "any", ["write_date", ">=", start]) for path in paths),
        ],
        before=lambda end: [_through(path, "not any", ["write_date", ">=", end]) for path in paths],
        latest=lambda record: max(filter(None, map(instant_or_none, stamps_in(record, stamps))), default=None),
    )


def any_of(domains: Sequence[Domain]) -> Domain:
    """One domain for what any of them matches."""
    if not all(domains):
        return []
    return ["|"] * (len(domains) - 1) + [term for domain in domains for term in ["&"] * (_conditions(domain) - 1) + domain]


def _conditions(domain: Domain) -> int:
    """How many conditions, each with what its operators take, stand side by side."""
    count = open_ = 0
    for term in domain:
        if not open_:
            count, open_ = count + 1, 1
        open_ += {"&": 1, "|": 1, "!": 0}[term] if isinstance(term, str) else -1
    return count


def window_domain(window: Window, changes: Changes = OWN) -> Domain:
    """The window as a domain. A window that is open towards the past also takes records that have no write_date."""
    end = stamp(window.end)
    before = [["write_date", "<", end], *changes.before(end)]
    if window.start is None:
        return ["|", ["write_date", "=", False], *before]
    return [*changes.since(stamp(window.start)), *before]


def stamps_in(record: Values, stamps: Specification) -> Iterator[Any]:
    """Every stamp of a record as Odoo wrote it; relations that Odoo left out have none."""
    for name, options in stamps.items():
        value = record.get(name)
        if "fields" not in options:
            yield value
        elif value:
            for nested in value if isinstance(value, list) else [value]:
                yield from stamps_in(nested, options["fields"])


def _through(path: str, operator: str, condition: list[Any]) -> list[Any]:
    """A condition at the end of a path; negated it holds also where the path leads nowhere."""
    first, _, rest = path.partition(".")
    return [first, operator, [_through(rest, "any", condition) if rest else condition]]
