"""What a connection can and cannot see, for `check --live`: version, user, companies, models, a trial of each record."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta

from mlconnector_assets.errors import AccessDenied, ConfigurationError, ConnectorError, SourceError
from mlconnector_assets.systems.odoo import older
from mlconnector_assets.systems.odoo.client import OdooClient, require_supported
from mlconnector_assets.systems.odoo.failures import UnknownModelError, not_offered
from mlconnector_assets.systems.odoo.older import FIRST_WITH_JSON2
from mlconnector_assets.systems.odoo.paging import Pager
from mlconnector_assets.systems.odoo.specifications import MODULE_FIELDS
from mlconnector_assets.systems.odoo.stream import Stream
from mlconnector_assets.systems.source import Finding, Window


def check(
    client: OdooClient, companies: Mapping[str, int], streams: Callable[[], Sequence[Stream]], optional: Collection[str] = ()
) -> list[Finding]:
    """Everything that can be told; ends early when the version or the login is no good, or when Odoo falls silent.
    Raises Unavailable or SourceError only when nothing answers like an Odoo at all."""
    version, version_text = client.version()
    try:
        require_supported(client.connection, version, version_text, client.user)
    except ConfigurationError as problem:
        return [Finding("version", False, problem.what, problem.mend)]
    spoken = "JSON-2" if version >= FIRST_WITH_JSON2 else "XML-RPC"
    findings = [Finding("version", True, f"Odoo {version_text}, read over {spoken}")]
    subject = "user"
    try:
        findings.append(_user(client))
        subject = "companies"
        visible = {company["id"]: company["name"] for company in client.call("res.company", "search_read", _listing(["name"]))}
        subject = "records"
        found = streams()
        absent = {stream.record.name: reason for stream in found if (reason := _absent(client, version, stream))}
        offered = [stream for stream in found if stream.record.name not in absent]
        findings.extend(_companies_and_records(client, companies, visible, offered))
        findings.extend(_not_offered(record, reason, optional) for record, reason in absent.items())
    except ConnectorError as problem:
        findings.append(_bad(subject, problem))
    return findings


def _companies_and_records(
    client: OdooClient, companies: Mapping[str, int], visible: Mapping[int, str], streams: Sequence[Stream]
) -> list[Finding]:
    found = [_company(code, company, visible) for code, company in companies.items()]
    models = {model: _model(client, model) for model in dict.fromkeys(model for stream in streams for model in stream.models)}
    found += models.values()
    reachable = {code: company for code, company in companies.items() if company in visible}
    readable = [stream for stream in streams if all(models[model].good for model in stream.models)]
    return found + [_trial(client, stream, reachable) for stream in readable if reachable]


def _listing(fields: list[str], **more: object) -> dict[str, object]:
    return {"domain": [], "fields": fields, "context": {"active_test": False, "lang": "en_US"}, **more}


def _user(client: OdooClient) -> Finding:
    user_id = client.call("res.users", "context_get", {})["uid"]
    user = client.call("res.users", "read", {"ids": [user_id], "fields": ["name", "login"]})[0]
    return Finding("user", True, f"{user['name']} ({user['login']})")


def _company(code: str, company: int, visible: Mapping[int, str]) -> Finding:
    subject = f"company {code}"
    if company in visible:
        return Finding(subject, True, f"{company}: {visible[company]}")
    others = ", ".join(f"{number} ({name})" for number, name in sorted(visible.items())) or "none"
    return Finding(
        subject,
        False,
        f"company {company} does not exist or the user may not work in it; visible: {others}",
        "Give the user this company in Odoo (Settings, Users), or correct `companies` in connections.yaml.",
    )


def _absent(client: OdooClient, version: int, stream: Stream) -> ConnectorError | None:
    """Why Odoo does not have the record; whether it may be read is told with the models."""
    if problem := older.not_offered(version, stream.record.name, client.connection):
        return problem
    try:
        client.call(stream.model, "search", {"domain": [], "limit": 1})
    except UnknownModelError:
        return not_offered(stream.record.name, stream.app, client.connection)
    except (AccessDenied, SourceError):
        return None
    return None


def _not_offered(record: str, problem: ConnectorError, optional: Collection[str]) -> Finding:
    subject = f"record {record}"
    if record in optional:
        return Finding(subject, True, f"not offered, and stays empty: {problem.what}")
    return _bad(subject, problem)


def _model(client: OdooClient, model: str) -> Finding:
    try:
        client.call(model, "search_read", _listing(["id"], limit=1))
    except (AccessDenied, SourceError) as problem:
        return _bad(f"model {model}", problem)
    return Finding(f"model {model}", True, "readable")


def _trial(client: OdooClient, stream: Stream, companies: Mapping[str, int]) -> Finding:
    """Reads one record of each pass with all its fields."""
    subject = f"record {stream.record.name}"
    pager = Pager(client, companies, page_size=1)
    try:
        found = pager.trial(stream, Window(None, client.server_time() + timedelta(days=1)))
    except (AccessDenied, SourceError) as problem:
        return _bad(subject, problem)
    absent = [f"{name} (module {MODULE_FIELDS[name]})" for name in sorted(pager.absent)]
    left_out = f"; {stream.remark}" if stream.remark else ""
    left_out += f"; left out, because Odoo does not have them: {', '.join(absent)}" if absent else ""
    return Finding(subject, True, f"{'readable' if found else 'readable, but empty'}{left_out}")


def _bad(subject: str, problem: ConnectorError) -> Finding:
    return Finding(subject, False, problem.what, problem.mend)
