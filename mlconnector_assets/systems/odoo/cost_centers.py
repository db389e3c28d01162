"""Analytic accounts by id. Lines name them only by id inside a JSON field, so they are read beside the documents."""

from __future__ import annotations

from collections.abc import Iterable

from mlconnector_assets.systems.odoo.changes import Domain
from mlconnector_assets.systems.odoo.client import OdooClient
from mlconnector_assets.systems.odoo.mapping import CostCenter
from mlconnector_assets.systems.odoo.paging import context
from mlconnector_assets.systems.odoo.values import field_or_none

_PAGE = 2000


class CostCenters:
    """The analytic accounts of all companies, archived ones too. Read once, when the first is asked for; one that is
    not among them is asked for by itself, because it may be newer."""

    def __init__(self, client: OdooClient, companies: Iterable[int]) -> None:
        self._client, self._companies = client, tuple(companies)
        self._known: dict[str, CostCenter | None] | None = None

    def find(self, key: str) -> CostCenter | None:
        """The analytic account with this id; None when Odoo has it no longer."""
        if self._known is None:
            self._known = self._read_all()
        if key not in self._known:
            self._known[key] = self._read([["id", "=", int(key)]]).get(key)
        return self._known[key]

    def _read_all(self) -> dict[str, CostCenter | None]:
        everything: dict[str, CostCenter | None] = {}
        last, page = 0, _PAGE
        while page == _PAGE:
            found = self._read([["id", ">", last]])
            everything |= found
            page = len(found)
            last = max(map(int, found), default=0)
        return everything

    def _read(self, domain: Domain) -> dict[str, CostCenter]:
        answer = self._client.call(
            "account.analytic.account",
            "web_search_read",
            {
                "domain": domain,
                "specification": {"code": {}, "name": {}, "root_plan_id": {"fields": {"name": {}}}},
                "order": "id asc",
                "limit": _PAGE,
                "count_limit": 1,
                "context": context(self._companies),
            },
        )
        return {
            str(record["id"]): CostCenter(
                record["code"] or None, record["name"] or None, field_or_none(record["root_plan_id"], "name")
            )
            for record in answer["records"]
        }
