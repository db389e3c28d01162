"""Control numbers: consecutive per scope, without gaps, over processes and crashes. A number belongs to
the transaction that takes it; sequences of databases are not gapless and are not used."""

from __future__ import annotations

import sqlalchemy as sa

from mlconnector_assets.numbering import HIGHEST, following
from mlconnector_assets.state.schema import CONTROL_NUMBERS, upsert


def take(tx: sa.Connection, scope: str, count: int = 1) -> int:
    """The first of `count` consecutive numbers of `scope`; `numbering.following` gives the others.

    The scope stays locked until the transaction ends: take all numbers of a file with one call, late.
    """
    if not 1 <= count <= HIGHEST:
        raise ValueError(f"cannot take {count} control numbers")
    last = CONTROL_NUMBERS.c.last
    statement = upsert(tx, CONTROL_NUMBERS).values(scope=scope, last=count)
    newest: int = tx.execute(
        statement.on_conflict_do_update(
            index_elements=[CONTROL_NUMBERS.c.scope], set_={"last": (last + count - 1) % HIGHEST + 1}
        ).returning(last)
    ).scalar_one()
    return (newest - count) % HIGHEST + 1


def raise_to(tx: sa.Connection, scope: str, used: int) -> None:
    """See to it that `used` and the numbers before it are not given again."""
    statement = upsert(tx, CONTROL_NUMBERS).values(scope=scope, last=used)
    tx.execute(
        statement.on_conflict_do_update(
            index_elements=[CONTROL_NUMBERS.c.scope], set_={"last": used}, where=CONTROL_NUMBERS.c.last < used
        )
    )


def peek(tx: sa.Connection, scope: str) -> int:
    """The number that `take` would give now; takes nothing."""
    last: int | None = tx.execute(sa.select(CONTROL_NUMBERS.c.last).where(CONTROL_NUMBERS.c.scope == scope)).scalar_one_or_none()
    return following(last, 1) if last else 1
