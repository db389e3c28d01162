"""kill -9 at every named step of taking in files, then a normal run: each file is ours once, byte for byte, was handed over
once, and lies where it belongs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa

from mlconnector_assets.clock import system_clock
from mlconnector_assets.crash_points import VARIABLE, CrashPoint
from mlconnector_assets.exchange.sftp import SftpSession
from mlconnector_assets.state.database import State
from tests.chaos.workers import ROWS, Motion, collect_once, make_rows, parse
from tests.exchange.inbox_world import InboxWorld
from tests.processes import run_apart
from tests.sshd import Sshd
from tests.state_databases import new_sqlite_state

pytestmark = pytest.mark.sshd
STEPS = [point for point in CrashPoint if point.startswith("collect.")]
MOVING = {CrashPoint.COLLECT_RENAMED, CrashPoint.COLLECT_MOVED, CrashPoint.COLLECT_FILED}


def test_the_steps_are_all_there() -> None:
    assert len(STEPS) == 9


@pytest.mark.parametrize(
    ("claim", "step"),
    [("rename", step) for step in STEPS] + [("state", step) for step in STEPS if step not in MOVING],
)
def test_killed_at(claim: str, step: CrashPoint, tmp_path: Path, sshd: Sshd) -> None:
    with State.open(new_sqlite_state(tmp_path / "state.db"), clock=lambda: world.now) as state:
        make_rows(state)
        world = InboxWorld(tmp_path, sshd.root / tmp_path.name, state, lambda: SftpSession.connect(sshd.settings()))
        sent = {f"inbound/{number}.csv": os.urandom(60_000) for number in range(3)}
        for path, content in sent.items():
            world.put(path.rpartition("/")[2], content)
        place = (str(state.url), str(world.files.base), str(world.remote))
        motion = Motion(*place, sshd.port, sshd.user, sshd.host_keys[0], sshd.keys.client.private, claim)
        killed = run_apart(collect_once, motion, environment={VARIABLE: step.value})
        assert killed.code == -signal.SIGKILL, killed.said
        world.parser, world.now = parse, system_clock()
        with world.connect() as session:
            world.run(session, claim=claim)
        assert {row.path: world.kept(row) for row in world.rows()} == sent
        assert [row.state for row in world.rows()] == ["handed_over"] * 3
        with state.reading() as tx:
            assert sorted(tx.execute(sa.select(ROWS.c.path)).scalars()) == sorted(sent)
        assert sorted(world.there().values()) == sorted(sent.values())
        assert world.there("processing", "error") == {}
        assert len(world.there("inbound")) == (3 if claim == "state" else 0)
        assert list((world.files.base / ".incoming").iterdir()) == []
