"""What Odoo itself counts and sums for a window, by grouped reads; sums agree to the cent with the rows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mlconnector_assets.systems.odoo.changes import Changes, Domain, any_of, window_domain
from mlconnector_assets.systems.odoo.client import OdooClient
from mlconnector_assets.systems.odoo.paging import context
from mlconnector_assets.systems.odoo.stream import Stream, Sums
from mlconnector_assets.systems.odoo.values import Values
from mlconnector_assets.systems.source import SourceTotals, Window

_MONEY = Decimal("0.0001")


def everything_of(stream: Stream, companies: Mapping[str, int]) -> list[tuple[Changes, Domain]]:
    """The domains of all passes of a stream together, by what makes their records count as changed."""
    walks: dict[Changes, list[Domain]] = {}
    for walk in stream.passes(companies):
        walks.setdefault(walk.changes, []).append(walk.domain)
    return [(changes, [*stream.domain, *any_of(domains)]) for changes, domains in walks.items()]


def totals(client: OdooClient, stream: Stream, companies: Mapping[str, int], window: Window) -> SourceTotals:
    """Count and sums of a window. A column that Odoo cannot sum is absent."""
    rows, money = 0, dict[tuple[str, str], Decimal]()
    for company_ids, changes, domain in _questions(stream, companies):
        setting, within = context(company_ids), [*domain, *window_domain(window, changes)]
        sums = stream.sums
        groups = _groups(client, stream.model, within, setting, sums if sums and sums.model is None else None)
        rows += _count(groups)
        if sums and sums.model is not None:
            groups = _groups(client, sums.model, [*sums.domain, *_through(sums.parent, within)], setting, sums)
        for key, amount in (_by_currency(groups, sums) if sums else {}).items():
            money[key] = money.get(key, Decimal(0)) + amount
    return SourceTotals(rows, money)


def _questions(stream: Stream, companies: Mapping[str, int]) -> list[tuple[tuple[int, ...], Changes, Domain]]:
    """What is counted: everything at once, unless a record is one for each company that sees it."""
    if "company" in stream.record.key:
        return [(walk.company_ids, walk.changes, [*stream.domain, *walk.domain]) for walk in stream.passes(companies)]
    return [(tuple(companies.values()), changes, domain) for changes, domain in everything_of(stream, companies)]


def _through(parent: str, domain: Domain) -> Domain:
    """The same domain, asked of lines."""
    return [term if isinstance(term, str) else [f"{parent}.{term[0]}", *term[1:]] for term in domain]


def _groups(client: OdooClient, model: str, domain: Domain, setting: Values, sums: Sums | None = None) -> list[Values]:
    grouping = [sums.currency] if sums else []
    aggregates = ["__count", *(f"{field}:sum" for field in sums.columns.values())] if sums else ["__count"]
    arguments = {"domain": domain, "groupby": grouping, "aggregates": aggregates, "context": setting}
    groups: list[Values] = client.call(model, "formatted_read_group", arguments)
    return groups


def _count(groups: list[Values]) -> int:
    return sum(int(group["__count"]) for group in groups)


def _by_currency(groups: list[Values], sums: Sums) -> dict[tuple[str, str], Decimal]:
    """Sums by (column, currency); a many2one key is [id, name], and a currency's name is its ISO code."""
    return {
        (column, group[sums.currency][1]): Decimal(group[f"{field}:sum"] or 0).quantize(_MONEY)
        for group in groups
        if group[sums.currency]
        for column, field in sums.columns.items()
    }
