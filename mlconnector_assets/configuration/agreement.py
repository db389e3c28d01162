"""Whether partners and connections fit together: what no single file shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from mlconnector_assets.configuration.connections import OdooConnection
from mlconnector_assets.errors import ConfigurationError
from mlconnector_assets.layouts import compile_condition, compile_layout
from mlconnector_assets.layouts.problems import KeyPath, LayoutError, Problem, did_you_mean, listed
from mlconnector_assets.partners import Flow, Partner
from mlconnector_assets.partners.snapshots import EITHER_WAY
from mlconnector_assets.records import RECORDS, Record


def flow_problems(flow: Flow, connections: Mapping[str, OdooConnection]) -> Iterator[Problem]:
    """What does not fit in a flow: its connection, record, companies, layout and condition. Paths start at
    the partner file's root."""
    path: KeyPath = ("flows", flow.name)
    yield from (Problem((*path, *problem.path), problem.text) for problem in _source_problems(flow, connections))
    record = RECORDS.get(flow.record)
    if record is None:
        near = did_you_mean(flow.record, RECORDS)
        yield Problem((*path, "record"), f"there is no record {flow.record!r}; allowed: {listed(RECORDS)}{near}")
        return
    yield from (Problem((*path, *problem.path), problem.text) for problem in _kind_problems(flow, record))
    try:
        compile_layout(flow.layout, record, file_format=flow.format, time_zone=flow.zone.key)
    except LayoutError as error:
        yield from (Problem((*path, "layout", *problem.path), problem.text) for problem in error.problems)
    try:
        compile_condition(flow.condition, record)
    except ConfigurationError as error:
        yield Problem((*path, "where"), error.what)


def _kind_problems(flow: Flow, record: Record) -> Iterator[Problem]:
    if record.name in EITHER_WAY and "kind" not in flow.model_fields_set:
        yield Problem(
            ("kind",), f"is missing: {record.name} can leave as `documents`, each once, or as a `snapshot` of all of them"
        )
    if flow.kind == "snapshot" and flow.since and record.date_column is None:
        yield Problem(("since",), f"{record.name} have no date; a snapshot has their whole current state, so leave it out")


def name_problems(partner: Partner, connections: Mapping[str, OdooConnection], others: Sequence[Partner]) -> Iterator[Problem]:
    """Flows whose asset would have the name of another asset: every connection's record, table, flow,
    delivery and inbox is one."""
    taken = _own_assets(partner, "this partner")
    for connection in connections.values():
        for record in connection.records:
            taken[f"{connection.id}_{record}"] = f"{record} of the connection {connection.id}"
            taken[f"warehouse_{connection.id}_{record}"] = f"the table {record} of the connection {connection.id}"
    for other in others:
        taken |= _own_assets(other, f"the partner {other.id}")
        taken |= {f"{other.id}_{flow}": f"the flow {flow} of the partner {other.id}" for flow in other.flows}
    for flow in partner.flows:
        name = f"{partner.id}_{flow}"
        if name in taken:
            yield Problem(("flows", flow), f"would be the asset `{name}`, which is {taken[name]}; rename the flow")
    for own in _own_assets(partner, ""):
        if any(own == f"{other.id}_{flow}" for other in others for flow in other.flows):
            what = own.rpartition("_")[2]
            yield Problem((), f"its {what} would be the asset `{own}`, which is {taken[own]}; rename one of them")


def _own_assets(partner: Partner, whose: str) -> dict[str, str]:
    """The assets of a partner besides its flows, and what each is."""
    own = {f"{partner.id}_delivery": f"the delivery of {whose}"}
    if partner.inbox:
        own |= {f"{partner.id}_inbox": f"the inbox of {whose}", f"{partner.id}_collection": f"the collection of {whose}"}
    return own


def _source_problems(flow: Flow, connections: Mapping[str, OdooConnection]) -> Iterator[Problem]:
    connection = connections.get(flow.connection)
    if connection is None:
        near = did_you_mean(flow.connection, connections)
        text = f"there is no connection {flow.connection!r} in connections.yaml; it has {listed(connections)}{near}"
        yield Problem(("connection",), text)
        return
    if flow.record in RECORDS and flow.record not in connection.records:
        text = f"the connection {connection.id} does not read {flow.record}; it reads {listed(connection.records)}"
        yield Problem(("record",), text)
    for index, company in enumerate(flow.companies if flow.companies != "all" else ()):
        if company not in connection.companies:
            near = did_you_mean(company, connection.companies)
            text = f"the connection {connection.id} has no company {company!r}; it has {listed(connection.companies)}{near}"
            yield Problem(("companies", index), text)
