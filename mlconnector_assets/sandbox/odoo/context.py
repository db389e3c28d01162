"""The `context` of a call: companies, time zone, archived records, language. Odoo checks it before anything else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from mlconnector_assets.sandbox.odoo.errors import access_error, user_error
from mlconnector_assets.sandbox.values import Value

INSTALLED_LANGUAGES = ("en_US", "en_GB", "nl_NL", "nl_BE")
USER_TIME_ZONE = "America/Chicago"
"""The connector's user lives far from UTC, so that a client which forgets `tz` notices."""


@dataclass(frozen=True)
class Context:
    """What a call may see. `company` is the current company, the first of `companies`."""

    companies: tuple[int, ...]
    active_test: bool = True
    tz: str | None = None

    @property
    def company(self) -> int:
        """The company that decides company-dependent values."""
        return self.companies[0]

    @property
    def company_list(self) -> str:
        """The companies as SQL."""
        return ", ".join(map(str, self.companies))

    @property
    def zone(self) -> ZoneInfo:
        """Time zone of bare dates in domains: the context's, else the user's."""
        return ZoneInfo(self.tz or USER_TIME_ZONE)

    @property
    def grouping_zone(self) -> ZoneInfo:
        """Time zone for grouping by day: the context's, else UTC, whatever the user's is."""
        return ZoneInfo(self.tz or "UTC")


def read_context(given: Mapping[str, Value], companies_of_user: tuple[int, ...]) -> Context:
    """Check a request's `context`. Raises OdooError 403 for a company of others, 422 for a language not installed."""
    companies = tuple(given.get("allowed_company_ids") or companies_of_user)
    if not set(companies) <= set(companies_of_user):
        raise access_error("Access to unauthorized or invalid companies.")
    language = given.get("lang") or "en_US"
    if language not in INSTALLED_LANGUAGES:
        raise user_error(f"Invalid language code: {language}")
    return Context(companies, bool(given.get("active_test", True)), given.get("tz") or None)
