"""What a person does, in a process of its own that can be killed at a named step."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from mlconnector_assets.steps import reconcile
from mlconnector_assets.steps.baseline import set_baseline
from mlconnector_assets.steps.holding import decide
from mlconnector_assets.steps.resend import resend_delivery
from mlconnector_assets.steps.settle import settle_deliveries
from mlconnector_assets.steps.workspace import Workspace, open_workspace
from tests.exchange.fake_session import FakePartner

SAID = {"by": "Ann", "reason": "looked at it"}


def _release(workspace: Workspace) -> None:
    decide(workspace, [1], "released", **SAID)


def _baseline(workspace: Workspace) -> None:
    set_baseline(workspace, "acme", "invoices", date(2026, 12, 31), **SAID)


def _resend(workspace: Workspace) -> None:
    resend_delivery(workspace, 1, **SAID)


def _settle(workspace: Workspace) -> None:
    settle_deliveries(workspace, [1], **SAID)


def _reconcile(workspace: Workspace) -> None:
    from mlconnector_assets.exchange.wire import Attributes

    session: Any = FakePartner().open()
    session.attributes = lambda path: Attributes(None, 0o40755, 0)
    reconcile.open_session = lambda workspace, partner: session  # type: ignore[assignment]
    reconcile.reconcile(workspace, **SAID)


ACTS = {"release": _release, "baseline": _baseline, "resend": _resend, "settle": _settle, "reconcile": _reconcile}


def act(root: Path, what: str) -> None:
    """Do it."""
    with open_workspace(root) as workspace:
        ACTS[what](workspace)
