"""What people read: one message for everything that a channel has to tell at a time."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from mlconnector_assets.state import redaction
from mlconnector_assets.state.incidents import Incident, Notice

SHOWN = 40
"""Incidents told in full in one message; `mlconnector alerts list` shows the others."""
HEADINGS = {"opened": "NEW", "reminder": "STILL WRONG", "resolved": "OVER"}


@dataclass(frozen=True)
class Message:
    """`id` is the same for the same news, however often it is sent. `incidents` is for programs. Without secrets."""

    id: str
    subject: str
    text: str
    incidents: list[dict[str, Any]]


def compose(root: Path, notices: Sequence[Notice], now: datetime) -> Message:
    """The message that tells these, at least one."""
    place = f"{root.name} on {socket.gethostname()}"
    parts = [f"ml-connector, project {place}"]
    for event, heading in HEADINGS.items():
        told = [notice.incident for notice in notices[:SHOWN] if notice.event == event]
        parts += [f"{heading}\n\n" + "\n\n".join(_told(incident, now) for incident in told)] if told else []
    if len(notices) > SHOWN:
        parts.append(f"... and {len(notices) - SHOWN} more")
    parts.append("All that is wrong: mlconnector alerts list")
    return Message(
        id=_identity(notices),
        subject=redaction.redact(f"[ml-connector] {root.name}: {_summary(notices)}"),
        text=redaction.redact("\n\n".join(parts)) + "\n",
        incidents=[_fields(notice) for notice in notices[:SHOWN]],
    )


def trial_message(root: Path, channel: str, now: datetime) -> Message:
    """What `mlconnector alerts test` sends."""
    text = (
        f"This is a test of the channel {channel!r} of ml-connector, project {root.name} on {socket.gethostname()}, sent at "
        f"{_at(now)}.\nNothing is wrong; alerts will arrive here.\n"
    )
    return Message(f"test-{now:%Y%m%d%H%M%S%f}", f"[ml-connector] {root.name}: test of {channel}", text, [])


def _summary(notices: Sequence[Notice]) -> str:
    if len(notices) == 1:
        incident = notices[0].incident
        return {"opened": "", "reminder": "still: ", "resolved": "over: "}[notices[0].event] + incident.what
    counts = {event: sum(notice.event == event for notice in notices) for event in HEADINGS}
    return ", ".join(f"{count} {HEADINGS[event].lower()}" for event, count in counts.items() if count)


def _told(incident: Incident, now: datetime) -> str:
    lines = [f"* {incident.what}"]
    if incident.resolved_at is not None:
        return f"{lines[0]}\n  over since {_at(incident.resolved_at)}, after {_long(incident.resolved_at - incident.opened_at)}"
    lines += [f"  - {example}" for example in incident.examples]
    if incident.count > len(incident.examples) > 0:
        lines.append(f"  - ... and {incident.count - len(incident.examples)} more")
    lines.append(f"  what to do: {incident.mend}")
    lines.append(f"  seen since {_at(incident.opened_at)} ({_long(now - incident.opened_at)}); incident {incident.id}")
    return "\n".join(lines)


def _fields(notice: Notice) -> dict[str, Any]:
    incident = notice.incident
    return {
        "id": incident.id,
        "event": notice.event,
        "kind": incident.kind,
        "subject": redaction.redact(incident.subject),
        "what": redaction.redact(incident.what),
        "count": incident.count,
        "examples": [redaction.redact(example) for example in incident.examples],
        "mend": redaction.redact(incident.mend),
        "opened_at": incident.opened_at.isoformat(),
        "resolved_at": incident.resolved_at.isoformat() if incident.resolved_at else None,
    }


def _identity(notices: Sequence[Notice]) -> str:
    news = ",".join(f"{notice.incident.id}:{notice.event}" for notice in notices)
    return hashlib.sha256(f"{notices[0].incident.opened_at.isoformat()} {news}".encode()).hexdigest()[:32]


def _at(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"


def _long(span: timedelta) -> str:
    minutes = max(int(span.total_seconds() // 60), 0)
    if minutes < 1:
        return "less than a minute"
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    return " ".join(f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number)
