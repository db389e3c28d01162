"""What Odoo itself counts and sums for a window, by grouped reads; sums agree to the cent with the rows."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mlconnector_assets.records import GL_ENTRIES, INVOICES
from mlconnector_assets.systems.odoo.client import OdooClient
from mlconnector_assets.systems.odoo.paging import context, window_domain
from mlconnector_assets.systems.odoo.streams import Domain, Stream
from mlconnector_assets.systems.odoo.values import Values
from mlconnector_assets.systems.source import SourceTotals, Window

_MONEY = Decimal("0.0001")


def everything_of(stream: Stream, companies: Mapping[str, int]) -> Domain:
    """The domain of all passes of a stream together."""
    walks = [walk.domain for walk in stream.passes(companies)]
    return [*stream.domain, *["|"] * (len(walks) - 1), *(condition for walk in walks for condition in walk)]


def totals(client: OdooClient, stream: Stream, companies: Mapping[str, int], window: Window) -> SourceTotals:
    """Count and sums of a window.

    `net_amount` of invoices is absent: Odoo's untaxed amount holds the cash rounding too.
    """
    setting = context(tuple(companies.values()))
    domain = [*everything_of(stream, companies), *window_domain(window)]
    if stream.record is INVOICES:
        columns = {"tax_amount": "amount_tax:sum", "total_amount": "amount_total:sum"}
        groups = _groups(client, stream.model, domain, _by("currency_id", columns), setting)
        return SourceTotals(_count(groups), _sums(groups, "currency_id", columns))
    count = _count(_groups(client, stream.model, domain, _by(None, {}), setting))
    if stream.record is GL_ENTRIES:
        of_lines = [
            ["company_id", "in", list(companies.values())],
            ["account_id", "!=", False],
            *window_domain(window, "move_id."),
        ]
        columns = {"debit_amount": "debit:sum", "credit_amount": "credit:sum"}
        groups = _groups(client, "account.move.line", of_lines, _by("company_currency_id", columns), setting)
        return SourceTotals(count, _sums(groups, "company_currency_id", columns))
    return SourceTotals(count)


def _by(field: str | None, columns: Mapping[str, str]) -> Values:
    return {"groupby": [field] if field else [], "aggregates": ["__count", *columns.values()]}


def _groups(client: OdooClient, model: str, domain: Domain, grouping: Values, setting: Values) -> list[Values]:
    groups: list[Values] = client.call(model, "formatted_read_group", {"domain": domain, **grouping, "context": setting})
    return groups


def _count(groups: list[Values]) -> int:
    return sum(int(group["__count"]) for group in groups)


def _sums(groups: list[Values], currency_field: str, columns: Mapping[str, str]) -> dict[tuple[str, str], Decimal]:
    """Sums by (column, currency); a many2one key is [id, name], and a currency's name is its ISO code."""
    return {
        (column, group[currency_field][1]): Decimal(group[aggregate] or 0).quantize(_MONEY)
        for group in groups
        if group[currency_field]
        for column, aggregate in columns.items()
    }
