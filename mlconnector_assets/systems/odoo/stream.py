"""How one record is read from Odoo, as data: model, domain, fields, how companies are walked, what Odoo can sum. Headers,
lines and parties come in one call, which is one transaction, so that they always belong together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mlconnector_assets.records import Record
from mlconnector_assets.systems.odoo.changes import OWN, Changes, Domain, with_related
from mlconnector_assets.systems.odoo.mapping import Setting
from mlconnector_assets.systems.odoo.specifications import Specification
from mlconnector_assets.systems.odoo.values import Values

Passes = Callable[[Mapping[str, int]], list["Pass"]]


@dataclass(frozen=True)
class Pass:
    """One walk over a model. `company`: our code, None when the record names its own; `company_ids`: Odoo's companies
    that are visible, the first being the current one, which decides account codes and default terms; `changes`: when
    its records count as changed; `more`: fields that are asked for only in this walk."""

    company: str | None
    company_ids: tuple[int, ...]
    domain: Domain
    changes: Changes = OWN
    more: Specification = field(default_factory=dict)


@dataclass(frozen=True)
class Sums:
    """Money that Odoo itself can sum, for the proof of completeness.

    `columns` maps our column to Odoo's field, `currency` is the field of the currency of the amounts. When the amounts
    lie on lines, `model` is the lines' model, `parent` its field that names the record, and `domain` which lines count.
    """

    columns: Mapping[str, str]
    currency: str = "currency_id"
    model: str | None = None
    parent: str = ""
    domain: Domain = field(default_factory=list)


@dataclass(frozen=True)
class Stream:
    """How one record is read.

    `map` takes a record, its text and the setting, and returns the canonical row; `passes` says how the companies are
    walked; `related` are the models that the user must be able to read besides the record's own; `sums` is None when
    the record has no money that Odoo can sum; `remark` tells what is left out and why;
    `app` is the Odoo app without which there is no such model.
    """

    record: Record
    model: str
    domain: Domain
    specification: Specification
    map: Callable[[Values, str, Setting], Values]
    passes: Passes
    related: tuple[str, ...] = ()
    sums: Sums | None = None
    remark: str = ""
    app: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that is read."""
        return (self.model, *self.related)


def documents_of(companies: Mapping[str, int]) -> list[Pass]:
    """One pass a company: account codes depend on the current company."""
    return [Pass(code, (company,), [["company_id", "=", company]]) for code, company in companies.items()]


def shared_or_own(companies: Mapping[str, int]) -> list[Pass]:
    """Records that all companies share are seen from the first company, a company's own ones from that company."""
    first, *others = companies.values()
    shared = Pass(None, (first, *others), [["company_id", "in", [False, first]]])
    return [shared, *(Pass(None, (other,), [["company_id", "=", other]]) for other in others)]


def everywhere(companies: Mapping[str, int]) -> list[Pass]:
    """One pass over records that know no company."""
    return [Pass(None, tuple(companies.values()), [])]


def touched_by(passes: Passes, *relations: str) -> Passes:
    """The same passes; a record counts as changed when a row of these relations was written, see `with_related`."""
    changes = with_related(*relations)
    return lambda companies: [replace(walk, changes=changes) for walk in passes(companies)]
