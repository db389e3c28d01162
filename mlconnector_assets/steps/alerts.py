"""Tell people what is wrong: once when it is seen, again while it lasts, once when it is over. A channel that fails
waits and is tried again; it stops neither the others nor the work."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from mlconnector_assets.configuration.alerts import KINDS, MailChannel, WebhookChannel
from mlconnector_assets.errors import ConnectorError, LeaseHeld
from mlconnector_assets.exchange.mail import MailServer, send_mail
from mlconnector_assets.exchange.notice import NotTold
from mlconnector_assets.exchange.webhook import post
from mlconnector_assets.state import incidents, redaction
from mlconnector_assets.state.incidents import Incident
from mlconnector_assets.steps.alert_message import Message, compose, trial_message
from mlconnector_assets.steps.conditions import Situation, conditions_now
from mlconnector_assets.steps.workspace import Workspace, one_of

LEASE = timedelta(minutes=5)


@dataclass(frozen=True)
class Told:
    """What a channel did: how many incidents it told, or why it could not."""

    channel: str
    notices: int
    error: ConnectorError | None = None


@dataclass
class AlertOutcome:
    """One pass: incidents opened and ended in it, and the channels that had something to tell."""

    opened: list[Incident] = field(default_factory=list)
    resolved: list[Incident] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


@dataclass(frozen=True)
class AlertChannel:
    """A way of telling people. `kinds` None is all. `send` returns a warning when not everybody was reached; it raises
    NotTold, CredentialsError."""

    name: str
    kinds: tuple[str, ...] | None
    address: str
    send: Callable[[Message], str | None]


def raise_alerts(workspace: Workspace) -> AlertOutcome:
    """Open, end and tell incidents. While another process does it, there is nothing to do. Raises StateError only."""
    outcome = AlertOutcome()
    try:
        with workspace.state.leases.hold("alerts", workspace.owner, LEASE):
            now, home = workspace.clock(), workspace.project.home
            home.mkdir(parents=True, exist_ok=True)
            disk = shutil.disk_usage(home)
            with workspace.state.reading() as tx:
                found = conditions_now(Situation(tx, workspace.project, now, disk.free / disk.total))
            with workspace.state.transaction() as tx:
                outcome.opened, outcome.resolved = incidents.note(tx, found, now)
            for channel in alert_channels(workspace):
                if told := _tell(workspace, channel):
                    outcome.told.append(told)
    except LeaseHeld:
        pass
    return outcome


def alert_channels(workspace: Workspace) -> Iterator[AlertChannel]:
    """Every configured channel, as "mail NAME" or "webhook NAME"."""
    for name, mail in workspace.project.alerts.mail.items():
        kinds = None if mail.kinds == "all" else mail.kinds
        yield AlertChannel(f"mail {name}", kinds, ", ".join(mail.to), _by_mail(workspace, mail))
    for name, webhook in workspace.project.alerts.webhook.items():
        kinds = None if webhook.kinds == "all" else webhook.kinds
        yield AlertChannel(f"webhook {name}", kinds, f"the secret {webhook.url}", _by_webhook(workspace, webhook))


def try_channels(workspace: Workspace, only: str | None = None) -> Iterator[Told]:
    """Send a test message through each channel, or through one; failures are told. Raises ConfigurationError for an
    unknown one."""
    channels = {channel.name: channel for channel in alert_channels(workspace)}
    wanted = channels.values() if only is None else [one_of(channels, only, "channel of alerts")]
    for channel in wanted:
        yield _send(channel, trial_message(workspace.project.root, channel.name, workspace.clock()), 1)


def kind_meaning(kind: str) -> str:
    """What a kind of incident means."""
    return KINDS.get(kind, kind)


def _tell(workspace: Workspace, channel: AlertChannel) -> Told | None:
    """Let a channel tell what it has to, if it has anything and its time has come."""
    now, remind_after = workspace.clock(), workspace.project.alerts.remind_after
    with workspace.state.reading() as tx:
        status = incidents.channels(tx).get(channel.name)
        notices = incidents.untold(tx, channel.name, now, kinds=channel.kinds, remind_after=remind_after)
    if not notices or (status and status.next_attempt_at and status.next_attempt_at > now):
        return None
    told = _send(channel, compose(workspace.project.root, notices, now), len(notices))
    with workspace.state.transaction() as tx:
        said = redaction.redact(told.error.what) if told.error else None
        if told.notices:
            incidents.told(tx, channel.name, notices, now, warning=said)
        else:
            asked = told.error.not_before if isinstance(told.error, NotTold) else None
            incidents.failed(tx, channel.name, said or "", now, not_before=asked)
    return told


def _send(channel: AlertChannel, message: Message, notices: int) -> Told:
    try:
        warning = channel.send(message)
    except ConnectorError as error:
        return Told(channel.name, 0, error)
    return Told(channel.name, notices, NotTold(warning, where=channel.name) if warning else None)


def _by_mail(workspace: Workspace, mail: MailChannel) -> Callable[[Message], str | None]:
    def send(message: Message) -> str | None:
        server = MailServer(
            host=mail.host,
            port=mail.port,
            security=mail.security,
            user=mail.user,
            password=workspace.vault.get(mail.password) if mail.password else None,
            sender=mail.sender,
            recipients=mail.to,
        )
        return send_mail(server, subject=message.subject, text=message.text, message_id=message.id, at=workspace.clock())

    return send


def _by_webhook(workspace: Workspace, webhook: WebhookChannel) -> Callable[[Message], str | None]:
    def send(message: Message) -> str | None:
        now = workspace.clock()
        body: dict[str, object] = {"text": f"{message.subject}\n\n{message.text}"}
        if webhook.body == "full":
            body |= {"version": 1, "id": message.id, "sent_at": now.isoformat(), "incidents": message.incidents}
        signature = workspace.vault.get(webhook.signature) if webhook.signature else None
        post(workspace.vault.get(webhook.url), body, message_id=message.id, at=now, signature=signature)
        return None

    return send
