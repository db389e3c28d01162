"""Currencies and exchange rates from res.currency and res.currency.rate. A new rate moves no currency, so rates are a record
of their own; the rate that a currency shows depends on day and company, and is not read."""

from __future__ import annotations

from mlconnector_assets.records import CURRENCIES, EXCHANGE_RATES
from mlconnector_assets.systems.odoo.mapping import Setting, common
from mlconnector_assets.systems.odoo.specifications import NAME, Specification
from mlconnector_assets.systems.odoo.stream import Stream, everywhere, shared_or_own
from mlconnector_assets.systems.odoo.values import (
    PRICE_DECIMALS,
    RATE_DECIMALS,
    Values,
    amount,
    day_or_none,
    field_or_none,
    rounded,
)

CURRENCY_FIELDS: Specification = {
    "write_date": {}, "active": {}, "name": {}, "full_name": {}, "symbol": {}, "decimal_places": {}, "rounding": {},
}  # fmt: skip

RATE_FIELDS: Specification = {"write_date": {}, "name": {}, "rate": {}, "company_id": {}, "currency_id": NAME}


def currency(record: Values, text: str, setting: Setting) -> Values:
    """The canonical currency."""
    return common(record, text, setting) | {
        "code": record["name"],
        "name": record["full_name"] or None,
        "symbol": record["symbol"] or None,
        "active": record["active"],
        "decimals": record["decimal_places"],
        "rounding": rounded(amount(record["rounding"]), PRICE_DECIMALS),
    }


def exchange_rate(record: Values, text: str, setting: Setting) -> Values:
    """The canonical exchange rate. Raises MappingError."""
    return common(record, text, setting) | {
        "currency": field_or_none(record["currency_id"], "name"),
        "valid_from": day_or_none(record["name"]),
        "rate": rounded(amount(record["rate"]), RATE_DECIMALS),
    }


CURRENCIES_STREAM = Stream(CURRENCIES, "res.currency", [], CURRENCY_FIELDS, currency, everywhere, ())

RATES_STREAM = Stream(EXCHANGE_RATES, "res.currency.rate", [], RATE_FIELDS, exchange_rate, shared_or_own, ("res.currency",))
