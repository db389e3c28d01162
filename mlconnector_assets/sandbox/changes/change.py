"""What a change is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlconnector_assets.sandbox.values import Row


@dataclass(frozen=True)
class Change:
    """`act` gets the database, the instant at which its transaction began, and the request's arguments by name.

    `creates`: the model of the record that it adds, whose id is drawn when the transaction begins and given as `id`.
    """

    act: Callable[..., Row]
    creates: str | None = None
