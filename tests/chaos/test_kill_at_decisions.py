"""kill -9 while a person's decision is carried out: it is made whole by the next try, or was whole already."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from mlconnector_assets.crash_points import BY_PEOPLE, VARIABLE, CrashPoint
from tests.chaos.people import act
from tests.processes import run_apart
from tests.steps.books import Books
from tests.steps.test_reconcile import Backups
from tests.steps.test_settle import lose_sight_of

WHAT = {
    CrashPoint.HOLD_DECIDED: "release",
    CrashPoint.BASELINE_SET: "baseline",
    CrashPoint.RESEND_RELEASED: "resend",
    CrashPoint.FILE_SETTLED: "settle",
    CrashPoint.RECONCILE_ENTERED: "reconcile",
    CrashPoint.RECONCILE_COMMITTED: "reconcile",
}


def run(books: Books, what: str, point: CrashPoint | None = None) -> int:
    books.close()
    return run_apart(act, books.root, what, environment={VARIABLE: point and point.value}).code


def test_every_step_of_people_is_tried() -> None:
    assert set(WHAT) == set(BY_PEOPLE)


KILLED_AT = [*WHAT.items(), *((CrashPoint.AUDIT_COMMITTED, what) for what in ("release", "baseline", "resend", "settle"))]
COMMITTED = (CrashPoint.AUDIT_COMMITTED, CrashPoint.RECONCILE_COMMITTED)


@pytest.mark.parametrize(("point", "what"), KILLED_AT)
def test_killed_while_a_decision_is_carried_out(
    point: CrashPoint, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = Books(tmp_path / "project", monkeypatch, confirmed=what in ("resend", "settle", "reconcile"))
    backup = Backups(books, None)
    older = backup.take()
    books.put("1")
    books.cycle()
    if what == "reconcile":
        backup.restore(older)
    if what == "settle":
        lose_sight_of(books, 1)
    assert run(books, what, point) == -signal.SIGKILL
    if point not in COMMITTED:
        assert run(books, what) == 0
    books.cycle()
    expected = {
        "release": ({"inv_000001.csv": "INV/1"}, "sent"),
        "baseline": ({}, "baseline"),
        "resend": ({"inv_000001.csv": "INV/1", "inv_000002.csv": "INV/1"}, "sent"),
        "settle": ({}, "sent"),
        "reconcile": ({"inv_000001.csv": "INV/1"}, "sent"),
    }[what]
    assert (books.files(), books.states()["1"]) == expected
    assert books.kinds() == []
    books.close()
