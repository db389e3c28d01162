"""What Odoo itself counts and sums for a window, by grouped reads; sums agree to the cent with the rows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mlconnector_assets.systems.odoo.client import OdooClient
from mlconnector_assets.systems.odoo.paging import context, window_domain
from mlconnector_assets.systems.odoo.stream import Domain, Stream, Sums
from mlconnector_assets.systems.odoo.values import Values
from mlconnector_assets.systems.source import SourceTotals, Window

_MONEY = Decimal("0.0001")


def everything_of(stream: Stream, companies: Mapping[str, int]) -> Domain:
    """The domain of all passes of a stream together."""
    walks = [walk.domain for walk in stream.passes(companies)]
    return [*stream.domain, *["|"] * (len(walks) - 1), *(condition for walk in walks for condition in walk)]


def totals(client: OdooClient, stream: Stream, companies: Mapping[str, int], window: Window) -> SourceTotals:
    """Count and sums of a window. A column that Odoo cannot sum is absent."""
    setting = context(tuple(companies.values()))
    domain = [*everything_of(stream, companies), *window_domain(window)]
    sums = stream.sums
    if sums is None:
        return SourceTotals(_count(_groups(client, stream.model, domain, setting)))
    if sums.model is None:
        groups = _groups(client, stream.model, domain, setting, sums)
        return SourceTotals(_count(groups), _by_currency(groups, sums))
    rows = _count(_groups(client, stream.model, domain, setting))
    of_lines = [*sums.domain, *_through(sums.parent, domain)]
    return SourceTotals(rows, _by_currency(_groups(client, sums.model, of_lines, setting, sums), sums))


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
