"""A partner file, `partners/<id>.yaml`: where files go, and one flow a kind of document."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from mlconnector_assets.layouts.edi_options import X12, Edifact
from mlconnector_assets.layouts.models import Layout, short_layout
from mlconnector_assets.layouts.options import EDI_FORMATS, FileFormat
from mlconnector_assets.partners import file_names
from mlconnector_assets.partners.fields import (
    Day,
    Duration,
    Identifier,
    NamesOrAll,
    SecretName,
    Size,
    Text,
    TimeOfDay,
    checked_identifier,
)
from mlconnector_assets.partners.file_names import NameFacts
from mlconnector_assets.partners.host_keys import checked_host_key, host_keys_in
from mlconnector_assets.partners.inbox import Inbox
from mlconnector_assets.partners.paths import Folder, RemotePath
from mlconnector_assets.partners.pgp import PgpRules
from mlconnector_assets.partners.schedules import checked_cron, checked_time_zone
from mlconnector_assets.partners.snapshots import Kind, SnapshotRules, default_kind
from mlconnector_assets.partners.wire import WireSwitches
from mlconnector_assets.records import MASTER_DATA

DEFAULT_WHERE = {
    "invoices": "state = 'posted'",
    "gl_entries": "state = 'posted'",
    "purchase_orders": "state = 'confirmed'",
    "sales_orders": "state = 'confirmed'",
    "receipts": "state = 'done' and direction = 'incoming'",
    "payments": "state in ('in_process', 'paid')",
    "bank_statement_lines": "state = 'posted'",
} | {record.name: "active" for record in MASTER_DATA if "active" in record.columns}
"""Which documents leave when a flow has no `where:`, by record."""

TEST_BOOK = ".test"
"""Ending of a test book's name; no id of a partner can have it."""

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _file_stem(stem: str) -> str:
    try:
        return checked_identifier(stem)
    except ValueError as error:
        raise ValueError(f"the name of the file {error}") from None


TimeZone = Annotated[str, AfterValidator(checked_time_zone)]


class Folders(BaseModel):
    """The folders on the partner's server, below `root`. Missing ones are created."""

    model_config = _STRICT

    outbound: Folder = Field(default="outbound", description="Where our files are put.")
    inbound: Folder = Field(default="inbound", description="Where the partner puts files for us.")
    processing: Folder = Field(default="processing", description="Where inbound files are while we take them in.")
    processed: Folder = Field(default="processed", description="Where inbound files go once they are done.")
    error: Folder = Field(default="error", description="Where inbound files go that could not be used.")
    acks: Folder = Field(default="acks", description="Where acknowledgments are put.")
    test: Folder = Field(default="test", description="Where our files are put instead of `outbound` while `mode` is test.")

    @model_validator(mode="after")
    def _differ(self) -> Folders:
        paths = list(self.model_dump().values())
        if len(set(paths)) < len(paths):
            raise ValueError("two folders have the same path; each needs its own")
        return self


HostKeyLine = Annotated[str, AfterValidator(checked_host_key)]
UNPINNED = {"unpinned": True}
"""Validation context that lets a server without pinned host keys pass: to scan them, never to log in."""


class SshHost(BaseModel):
    """An SSH server with its pinned host keys and the login, by names of secrets."""

    model_config = _STRICT

    host: Text = Field(description="Host name or address of the server.")
    port: int = Field(default=22, ge=1, le=65535, description="Port of the server.")
    user: Text = Field(description="Login name.")
    password: SecretName | None = Field(default=None, description="Name of the secret that holds the password.")
    private_key: SecretName | None = Field(default=None, description="Name of the secret that holds the private key.")
    host_keys: tuple[HostKeyLine, ...] = Field(
        default=(),
        description="Public keys of the server, as `mlconnector partner host-key` writes them; others are refused.",
    )
    host_keys_file: Text | None = Field(
        default=None,
        description="Instead of host_keys: a file with such lines; a relative path starts at the project folder.",
    )
    next_host_keys: tuple[HostKeyLine, ...] = Field(
        default=(), description="Keys that the partner announced for a change: accepted as well, and told when they are shown."
    )
    revoked_host_keys: tuple[HostKeyLine, ...] = Field(
        default=(), description="Keys that must never be accepted again, whatever the other lists say."
    )

    @model_validator(mode="after")
    def _one_login(self, info: ValidationInfo) -> Self:
        if (self.password is None) == (self.private_key is None):
            raise ValueError("needs exactly one of `password` and `private_key`, each the name of a secret")
        unpinned = not self.host_keys and not self.host_keys_file and info.context == UNPINNED
        if not unpinned and bool(self.host_keys) == bool(self.host_keys_file):
            raise ValueError(
                "needs the server's public keys in exactly one of `host_keys` and `host_keys_file`; "
                "`mlconnector partner host-key NAME` reads them from the server and writes them here"
            )
        if doubly := {*self.host_keys, *self.next_host_keys} & set(self.revoked_host_keys):
            raise ValueError(f"has a key that is accepted and revoked: {sorted(doubly)[0]}; leave it in one list")
        return self

    def pinned(self, project: Path) -> tuple[str, ...]:
        """The pinned host keys. `project` is where a relative `host_keys_file` starts.

        Raises
        ------
        ConfigurationError: the file cannot be read, or a line of it is no host key.
        """
        if self.host_keys_file is None:
            return self.host_keys
        return host_keys_in(project / self.host_keys_file)


class JumpHost(SshHost):
    """A host to go through, with its own login and its own pinned host keys."""


class SftpTarget(SshHost):
    """The partner's SFTP server, and how files are put there."""

    root: RemotePath = Field(default=".", description="Folder in which the folders lie; `.` is where the login lands.")
    folders: Folders = Field(default=Folders(), description="Names of the folders.")
    connect_timeout: Duration = Field(
        default=timedelta(seconds=10), gt=timedelta(0), le=timedelta(minutes=10), description="How long connecting may take."
    )
    channel_timeout: Duration = Field(
        default=timedelta(seconds=30), gt=timedelta(0), le=timedelta(minutes=10), description="How long the server may be silent."
    )

    wire: WireSwitches = Field(default=WireSwitches(), description="How files are put there; the defaults suit most servers.")
    jump: JumpHost | None = Field(default=None, description="A host to go through; it sees only encrypted traffic.")

    @model_validator(mode="after")
    def _own_temporary_directory(self) -> Self:
        if self.wire.temporary_directory in self.folders.model_dump().values():
            raise ValueError("`wire.temporary_directory` is one of the folders; it needs a path of its own")
        return self


class Flow(BaseModel):
    """One kind of document that a partner gets: which, from when on, in which layout, and when."""

    model_config = _STRICT

    name: SkipJsonSchema[str]
    connection: Identifier = Field(description="Id of the connection in connections.yaml that the documents come from.")
    record: Identifier = Field(description="Kind of record: invoices, vendors or gl_entries.")
    kind: Kind = Field(
        default_factory=lambda given: default_kind(given["record"]),
        description="`documents`: each document once. `snapshot`: the whole current state, for master data. By default what "
        "suits the record.",
    )
    format: FileFormat = Field(
        default="csv", description="File format: `csv` (any delimiter), `fixed_width` or `xml`; the layout fits it."
    )
    layout: Annotated[Layout, BeforeValidator(short_layout, json_schema_input_type=Layout | str)] = Field(
        description="Parts and columns of the file: the name of a shipped layout such as csv/invoices, or a layout written out."
    )
    companies: NamesOrAll = Field(description="Codes of our companies whose documents are sent, or `all`.")
    counterparties: NamesOrAll = Field(description="Counterparties (source id or reference) whose documents are sent, or `all`.")
    since: Day | None = Field(
        default=None,
        validate_default=True,
        description="Documents dated before this day are not sent.",
    )
    where: str | None = Field(
        default=None,
        min_length=1,
        description="Which documents may leave: a condition over record columns. Without it posted or active ones.",
    )
    schedule: Annotated[str, AfterValidator(checked_cron)] | None = Field(
        default=None,
        description="When files are made, as cron: minute, hour, day, month, weekday. Without it after each read with news.",
    )
    timezone: TimeZone | None = Field(
        default=None, description="IANA time zone of the schedule and of dates and times in file names; the partner's by default."
    )
    file_name: Annotated[str, AfterValidator(file_names.checked_pattern)] | None = Field(
        default=None,
        description="Name of a file; placeholders: {partner}, {flow}, {control_number:06d}, {sequence:02d}, {date:%Y%m%d}, "
        "{time:%H%M%S}, {number}, {company}. Without it {partner}_{flow}_{control_number:06d} and the format's ending.",
    )
    hold_above: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="More documents in one run wait for a person. Without it 500, or 5 times the usual if that is less.",
    )
    changed: Literal["hold", "ignore", "send_replacement"] = Field(
        default="hold",
        description="What happens when a document changed after it was sent: a person decides, nothing, or it is sent again.",
    )
    documents_per_file: int = Field(
        default=10_000, ge=1, le=1_000_000, description="Most documents in one file; more make more files."
    )
    snapshot: SnapshotRules = Field(default=SnapshotRules(), description="How a snapshot is sent.")
    largest_file: Size | None = Field(
        default=None,
        ge=1,
        description="Most bytes in one file, before it is compressed; more make more files. A larger document is blocked.",
    )
    split_by: Literal["company"] | None = Field(default=None, description="`company`: documents of one company a file.")
    cut_off: TimeOfDay | None = Field(
        default=None,
        description="Time of day in the flow's time zone; documents modified later leave with the next day's files.",
    )
    compress: Literal["gzip"] | None = Field(default=None, description="`gzip`: files leave compressed, with .gz after the name.")

    pgp: PgpRules | None = Field(default=None, description="Whose key files are encrypted with, and who signs them.")

    @field_validator("since")
    @classmethod
    def _no_document_by_accident(cls, since: date | None, info: ValidationInfo) -> date | None:
        if since is None and info.data.get("kind") == "documents":
            raise PydanticCustomError("missing", "Field required")
        return since

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> Self:
        fields = type(self).model_fields
        cuts = [key for key in ("documents_per_file", "largest_file", "split_by") if getattr(self, key) != fields[key].default]
        if self.kind == "documents" and self.snapshot != fields["snapshot"].default:
            raise ValueError("has `snapshot:`, which needs `kind: snapshot`; each of these documents is sent once")
        if self.kind == "snapshot" and self.snapshot.send == "full" and cuts:
            raise ValueError(f"`{cuts[0]}` would cut a full snapshot in pieces; leave it out, or `send: changes`")
        if self.kind == "snapshot" and self.cut_off is not None:
            raise ValueError("`cut_off` is for documents; a snapshot has the state of the moment")
        if self.snapshot.always and not self.schedule:
            raise ValueError("`snapshot: {always: true}` needs a `schedule:` that tells when")
        return self

    @model_validator(mode="after")
    def _names_what_a_file_has_one_of(self) -> Self:
        used = file_names.placeholders(self.pattern)
        if "number" in used and self.documents_per_file > 1:
            raise ValueError("`file_name` has {number}, which needs `documents_per_file: 1`")
        if "company" in used and self.documents_per_file > 1 and not self.split_by:
            raise ValueError("`file_name` has {company}, which needs `split_by: company`")
        return self

    @property
    def condition(self) -> str:
        """`where`, or what leaves by default for this record."""
        return self.where or DEFAULT_WHERE.get(self.record, "true")

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which this flow's days begin and its dates are written."""
        return ZoneInfo(self.timezone or "UTC")

    @property
    def pattern(self) -> str:
        """The pattern of file names."""
        return self.file_name or file_names.default_pattern(self.format)

    @property
    def ending(self) -> str:
        """What is added to names for what is done to a file before it leaves."""
        return (".gz" if self.compress else "") + (self.pgp.ending if self.pgp else "")

    def remote_name(self, facts: NameFacts) -> str:
        """Name of a file as it leaves. Raises Unnameable."""
        return file_names.file_name(self.pattern, facts) + self.ending


def _with_identity(name: str, flow: Flow, info: ValidationInfo) -> Flow:
    """The flow with what its partner says of all its EDI files. Raises ValueError when nobody says who sends and who receives."""
    if flow.format not in EDI_FORMATS:
        return flow
    general, own = info.data.get(flow.format), getattr(flow.layout, flow.format)
    said = [{key: getattr(one, key) for key in one.model_fields_set} for one in (general, own) if one is not None]
    whole = type(own).model_validate({key: value for one in said for key, value in one.items()})
    if whole.sender is None or whole.receiver is None:
        missing = "sender" if whole.sender is None else "receiver"
        raise ValueError(f"flow {name}: `{flow.format}: {missing}:` is missing; say in the partner's `{flow.format}:` who it is")
    return flow.model_copy(update={"layout": flow.layout.model_copy(update={flow.format: whole})})


class Partner(BaseModel):
    """A trading partner. Its id is the name of its file."""

    model_config = _STRICT

    id: SkipJsonSchema[Annotated[str, AfterValidator(_file_stem)]]
    name: Text = Field(description="Name of the partner, for people.")
    mode: Literal["test", "live"] = Field(
        description="live, or test: files go to the folder `test`, and what was sent there counts as unsent once it is live."
    )
    timezone: TimeZone = Field(default="UTC", description="IANA time zone of its flows, unless a flow names another.")
    sftp: SftpTarget = Field(description="Where its files are exchanged.")
    x12: X12 | None = Field(
        default=None, description="How all its files of `format: x12` are written: who we and they are, and more."
    )
    edifact: Edifact | None = Field(
        default=None, description="How all its files of `format: edifact` are written: who we and they are, and more."
    )
    flows: dict[Identifier, Flow] = Field(default={}, description="What it gets, by name of the flow.")
    inbox: Inbox | None = Field(default=None, description="What it sends us, and how that is taken.")

    @field_validator("flows")
    @classmethod
    def _in_its_time_zone(cls, flows: dict[str, Flow], info: ValidationInfo) -> dict[str, Flow]:
        zone = info.data.get("timezone")
        return {name: flow if flow.timezone else flow.model_copy(update={"timezone": zone}) for name, flow in flows.items()}

    @field_validator("flows")
    @classmethod
    def _as_its_files_are_written(cls, flows: dict[str, Flow], info: ValidationInfo) -> dict[str, Flow]:
        return {name: _with_identity(name, flow, info) for name, flow in flows.items()}

    @property
    def book(self) -> str:
        """Under which name documents, control numbers and holds are kept: those of test mode are apart."""
        return self.id if self.mode == "live" else f"{self.id}{TEST_BOOK}"

    @property
    def outbox(self) -> str:
        """Role of the folder that files are put into: `outbound`, or `test`."""
        return "outbound" if self.mode == "live" else "test"

    @model_validator(mode="after")
    def _something_to_do(self) -> Partner:
        if not self.flows and self.inbox is None:
            raise ValueError("has neither `flows` nor an `inbox`, so there is nothing to do for it")
        return self

    @model_validator(mode="after")
    def _inbound_folders(self) -> Partner:
        """An inbound folder that is also one of our other folders would have us take our own files."""
        folders = self.sftp.folders
        ours = {*folders.model_dump(exclude={"inbound"}).values(), self.sftp.wire.temporary_directory}
        for kind, files in self.inbox.files.items() if self.inbox else ():
            if files.folder is not None and files.folder in ours:
                raise ValueError(f"inbox.files.{kind}.folder is one of the other folders; it needs a path of its own")
        return self
