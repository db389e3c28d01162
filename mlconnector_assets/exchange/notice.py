"""What the ways of telling people share: the failure, and how long it is waited."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from mlconnector_assets.errors import ConnectorError

PATIENCE = 15.0
"""Seconds that another side may stay silent: telling must not keep the work waiting."""


class NotTold(ConnectorError):
    """A message did not go out. `not_before` is how long the other side asked us to wait."""

    def __init__(self, what: str, *, where: str = "", mend: str = "", not_before: timedelta | None = None) -> None:
        super().__init__(what, where=where, mend=mend)
        self.not_before = not_before


class Revealing(Protocol):
    """A secret that shows itself only when asked."""

    def reveal(self) -> str:
        """The secret's text."""
        ...
