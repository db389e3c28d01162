"""What leaves: documents, each once, or a snapshot, the whole current state of a record."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Kind = Literal["documents", "snapshot"]

DOCUMENTS = frozenset(
    {"invoices", "purchase_orders", "sales_orders", "receipts", "payments", "gl_entries", "bank_statement_lines"}
)
"""Records that are sent once each."""
EITHER_WAY = frozenset({"exchange_rates"})
"""Records that partners expect in one way or the other: their flows have to say it. All others are master data, whose
state is sent."""


def default_kind(record: str) -> Kind:
    """What a flow sends when it does not say it."""
    return "documents" if record in DOCUMENTS | EITHER_WAY else "snapshot"


class SnapshotRules(BaseModel):
    """How the state of a record is sent, and when it is too small to be believed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    send: Literal["full", "changes"] = Field(
        default="full",
        description="`full`: every file has the whole state. `changes`: the first one has, the others only what is new, changed, "
        "or gone; what is gone is told where the layout has the column `active`.",
    )
    always: bool = Field(
        default=False,
        description="Whether a full snapshot leaves at every time of `schedule`, also when nothing changed.",
    )
    hold_below: int = Field(
        default=50,
        ge=0,
        le=100,
        description="Percent of the rows that the partner has. A state with fewer is held: it may have been read in part.",
    )

    @model_validator(mode="after")
    def _nothing_new_is_no_change(self) -> SnapshotRules:
        if self.always and self.send == "changes":
            raise ValueError("`always` needs `send: full`; without a change there is nothing to send")
        return self
