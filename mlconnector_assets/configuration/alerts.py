"""`alerts:` in connections.yaml: who is told of what, and when something counts as wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from mlconnector_assets.layouts.problems import did_you_mean, listed
from mlconnector_assets.partners.fields import Duration, Identifier, NamesOrAll, SecretName, Text

KINDS: dict[str, str] = {
    "delivery_late": "a file has been waiting for its delivery for longer than `file_waits`",
    "delivery_failed": "a file was given up, or nobody can tell whether it arrived: a person decides",
    "hold_opened": "documents are held until a person releases them",
    "documents_blocked": "documents cannot be written as their layout wants",
    "records_set_aside": "records of a source cannot be understood",
    "acknowledgment_overdue": "a partner has not acknowledged a file in time",
    "read_late": "a source has not answered for `missed_polls`, or a day that is over could not be closed",
    "work_waiting": "what was read has not been loaded or rendered for `missed_polls`",
    "mass_deletion": "so many records are gone at a source that their deletion waits for a person",
    "inbox_stuck": "a partner's file cannot be taken in",
    "sending_stopped": "an older state database was restored; nothing leaves until it is reconciled",
    "disk_nearly_full": "less than `disk_free` percent are free where the project's data lie",
    "secret_expiring": "a secret expires within `secret_expires`, or has expired",
    "audit_broken": "the last `mlconnector audit verify` found that the audit was changed",
}
"""Everything that can be wrong, with its meaning."""

_STRICT = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


def _kinds(names: tuple[str, ...] | Literal["all"]) -> tuple[str, ...] | Literal["all"]:
    for name in names if names != "all" else ():
        if name not in KINDS:
            raise ValueError(f"there is no kind {name!r}; allowed: {listed(KINDS)}{did_you_mean(name, KINDS)}")
    return names


def _address(address: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", address):
        raise ValueError("must be an e-mail address, such as finance@example.com")
    return address


def _host(host: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", host):
        raise ValueError("must be a host name or address, without protocol, port or path")
    return host


Kinds = Annotated[NamesOrAll, AfterValidator(_kinds)]
Address = Annotated[Text, AfterValidator(_address)]


class MailChannel(BaseModel):
    """Alerts as mail, over SMTP."""

    model_config = _STRICT

    host: Annotated[Text, AfterValidator(_host)] = Field(description="The mail server.")
    port: int | None = Field(default=None, ge=1, le=65535, description="Its port; 587, 465 or 25 by `security`.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="starttls: the connection turns to TLS before the login; tls: TLS from the start; none: only for a relay "
        "on the same machine or network. The server's certificate is always checked.",
    )
    user: Text | None = Field(default=None, description="Who logs in; nobody when left out.")
    password: SecretName | None = Field(default=None, description="Name of the secret that holds the password.")
    sender: Address = Field(alias="from", description="The sender's address.")
    to: tuple[Address, ...] = Field(min_length=1, description="Who gets the mail.")
    kinds: Kinds = Field(default="all", description="Which kinds of alert go this way: a list, or all.")

    @model_validator(mode="after")
    def _login(self) -> MailChannel:
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` go together")
        if self.user and self.security == "none":
            raise ValueError("a password is never sent without TLS: set `security` to starttls or tls, or leave `user` out")
        return self


class WebhookChannel(BaseModel):
    """Alerts as an HTTP POST with a JSON body."""

    model_config = _STRICT

    url: SecretName = Field(description="Name of the secret that holds the address, since chat systems put tokens into it.")
    body: Literal["full", "text"] = Field(
        default="full",
        description="full: the text and every incident with its fields; text: only `text`, for chat systems that refuse more.",
    )
    signature: SecretName | None = Field(
        default=None, description="Name of the secret with which each body is signed (HMAC-SHA-256); unsigned when left out."
    )
    kinds: Kinds = Field(default="all", description="Which kinds of alert go this way: a list, or all.")


class Alerts(BaseModel):
    """The whole of `alerts:`."""

    model_config = _STRICT

    mail: dict[Identifier, MailChannel] = Field(default={}, description="Mail channels, by a name of yours.")
    webhook: dict[Identifier, WebhookChannel] = Field(default={}, description="Webhook channels, by a name of yours.")
    remind_after: Duration = Field(
        default=timedelta(days=1),
        ge=timedelta(minutes=15),
        le=timedelta(days=30),
        description="How often you are reminded of what is still wrong.",
    )
    file_waits: Duration = Field(
        default=timedelta(hours=2),
        ge=timedelta(minutes=1),
        le=timedelta(days=7),
        description="A file that waits longer for its delivery is late.",
    )
    missed_polls: int = Field(
        default=8, ge=2, le=1000, description="A connection that was not read for so many of its `poll:` intervals is late."
    )
    disk_free: int = Field(default=10, ge=1, le=90, description="Percent of the disk that should be free.")
    secret_expires: Duration = Field(
        default=timedelta(days=14),
        ge=timedelta(days=1),
        le=timedelta(days=365),
        description="How long before its day you are told that a secret expires.",
    )

    def secrets(self) -> Iterator[tuple[str, str]]:
        """The name of every secret that is used here, and who uses it."""
        for name, mail in self.mail.items():
            if mail.password:
                yield mail.password, f"alerts mail {name}"
        for name, webhook in self.webhook.items():
            yield webhook.url, f"alerts webhook {name}"
            if webhook.signature:
                yield webhook.signature, f"alerts webhook {name}"
