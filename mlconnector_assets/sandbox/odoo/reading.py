"""The reading methods of every model: search, search_count, search_read, read, web_search_read, fields_get."""

from __future__ import annotations

import re

from mlconnector_assets.sandbox.odoo.context import Context
from mlconnector_assets.sandbox.odoo.database import Database
from mlconnector_assets.sandbox.odoo.domain import Compiler, column_of, invalid_integer
from mlconnector_assets.sandbox.odoo.errors import OdooError, access_error, type_error, user_error, value_error
from mlconnector_assets.sandbox.odoo.model import Model
from mlconnector_assets.sandbox.odoo.models import MODELS
from mlconnector_assets.sandbox.odoo.rendering import Renderer
from mlconnector_assets.sandbox.values import Row, Value

ORDER_TERM = re.compile(r"^\s*([a-z0-9_]+)(?:\s+(asc|desc))?\s*$", re.IGNORECASE)
KEYSET = re.compile(r"\bt\.id > \?")
CHUNK = 500
"""Records rendered in one statement."""
BIGINT = 2**63 - 1

UNREADABLE = (
    "Failed to read field res.partner.rtc_session_ids\nYou are not allowed to access 'Mail RTC session' "
    "(discuss.channel.rtc.session) records.\n\nThis operation is allowed for the following groups:\n\t- Role / Administrator\n\n"
    "Contact your administrator to request access if necessary."
)


class Json(str):
    """Text that already is JSON."""

    __slots__ = ()


class Reader:
    """The reading methods, for one model and one call's context. Answers are JSON text or plain values."""

    def __init__(self, database: Database, model: Model, context: Context) -> None:
        self.database, self.model, self.context = database, model, context
        self.last_ids: list[int] = []

    def search(self, domain: list[Value], offset: int = 0, limit: Value = None, order: str | None = None) -> list[int]:
        """Ids of the records that match."""
        compiler = Compiler(self.context)
        where = compiler.where(self.model, domain)
        by = self._order(order or self.model.order)
        # paging by id walks the primary key; an index on another condition would sort the whole window for each page
        hint = " NOT INDEXED" if by == "t.id ASC" and KEYSET.search(where) else ""
        span = f"LIMIT {_limit(limit)} OFFSET {int(offset or 0)}"
        sql = f"SELECT t.id FROM {self.model.table} t{hint} WHERE {where or '1'} ORDER BY {by} {span}"
        self.last_ids = [record for (record,) in self.database.query(sql, compiler.parameters)]
        return self.last_ids

    def search_count(self, domain: list[Value], limit: int | None = None) -> int:
        """How many records match; counting stops at `limit`."""
        compiler = Compiler(self.context)
        where = compiler.where(self.model, domain)
        sql = f"SELECT count(*) FROM (SELECT 1 FROM {self.model.table} t WHERE {where or '1'} LIMIT {_limit(limit)})"
        return int(self.database.query(sql, compiler.parameters)[0][0])

    def search_read(
        self,
        domain: list[Value] | None = None,
        fields: list[str] | None = None,
        offset: int = 0,
        limit: Value = None,
        order: str | None = None,
        **options: Value,
    ) -> Json:
        """Records that match; without `fields` every field of every record."""
        shown = self._flat(fields, options)
        return _array(self._render(shown, self.search(domain or [], offset, limit, order)))

    def read(self, ids: list[int], fields: list[str] | None = None, load: str = "_classic_read") -> Json:
        """Records by id; those that are gone are left out without a word."""
        shown = self._flat(fields, {"load": load})
        wrong = [record for record in ids if not isinstance(record, int)]
        if wrong:
            raise invalid_integer(wrong[0])
        return _array(self._render(shown, ids))

    def web_search_read(
        self,
        domain: list[Value],
        specification: Row,
        *,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        count_limit: int | None = None,
    ) -> Json:
        """Records that match with their relations nested, and how many there are in all (counted up to `count_limit`)."""
        shown = Renderer(self.context).nested(self.model, specification, "t")
        found = self.search(domain, offset, limit, order)
        records = self._render(shown, found)
        length = len(found) + offset if found else 0
        if limit and found and len(found) == limit and not (count_limit and count_limit <= length):
            length = self.search_count(domain, count_limit)
        return Json(f'{{"length":{length},"records":{_array(records)}}}')

    def fields_get(self, allfields: list[str] | None = None, attributes: list[str] | None = None) -> Row:
        """Fields with their attributes."""
        names = [name for name in allfields if name in self.model.fields] if allfields else list(self.model.fields)
        return {
            name: {key: value for key, value in self.model.fields[name].items() if not attributes or key in attributes}
            for name in names
        }

    def _flat(self, fields: list[str] | None, options: Row) -> str:
        load = options.pop("load", "_classic_read")
        if not fields and self.model.name == "res.partner":
            raise access_error(UNREADABLE)
        if options:
            raise type_error(f"BaseModel._read_format() got an unexpected keyword argument {next(iter(options))!r}")
        return Renderer(self.context).flat(self.model, dict.fromkeys(fields or self.model.fields), "t", load=load)

    def _render(self, shown: str, ids: list[int]) -> list[str]:
        texts: dict[int, str] = {}
        for start in range(0, len(ids), CHUNK):
            wanted = ", ".join(map(str, ids[start : start + CHUNK]))
            texts.update(self.database.query(f"SELECT t.id, {shown} FROM {self.model.table} t WHERE t.id IN ({wanted})"))
        return [texts[record] for record in ids if record in texts]

    def _order(self, order: str) -> str:
        terms = []
        for part in order.split(","):
            match = ORDER_TERM.match(part)
            if not match:
                raise user_error(
                    f'Invalid "order" specified ({order}). A valid "order" specification is a comma-separated list of '
                    "valid field names (optionally followed by asc/desc for the direction)"
                )
            name, direction = match[1], (match[2] or "asc").upper()
            if name not in self.model.fields:
                raise value_error(f"Invalid field {name!r} on model {self.model.name!r}")
            terms.append(f"{self._sort_key(name)} {direction}")
        return ", ".join(terms)

    def _sort_key(self, name: str) -> str:
        column = column_of(self.model, name, "t", self.context.company)
        target = MODELS.get(self.model.fields[name].get("relation", ""))
        if self.model.type_of(name) == "many2one" and target:
            return f"(SELECT {target.sql('display_name', 's', self.context.company)} FROM {target.table} s WHERE s.id = {column})"
        return column


def _limit(limit: Value) -> int:
    number = int(limit or 0)
    if number < 0:
        raise OdooError(500, "psycopg2.errors.InvalidRowCountInLimitClause", "LIMIT must not be negative\n")
    if number > BIGINT:
        raise OdooError(500, "psycopg2.errors.NumericValueOutOfRange", "bigint out of range\n")
    return number or -1


def _array(texts: list[str]) -> Json:
    return Json("[" + ",".join(texts) + "]")
