"""kill -9 at every named step of a delivery, then a normal run: the partner has every file once, byte for byte."""

from __future__ import annotations

import os
import signal

import pytest

from mlconnector_assets.crash_points import VARIABLE, CrashPoint
from mlconnector_assets.exchange.sftp import SftpSession
from tests.chaos.workers import Motion, deliver_once
from tests.exchange.world import World
from tests.processes import run_apart
from tests.sshd import Sshd

pytestmark = pytest.mark.sshd
STEPS = [point for point in CrashPoint if point.value.startswith("deliver.")]


def test_the_steps_are_all_there() -> None:
    assert len(STEPS) == 7


@pytest.mark.parametrize("batch", [1, 32])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at(step: CrashPoint, batch: int, world: World, sshd: Sshd) -> None:
    contents = {f"{number}.csv": os.urandom(70_000) for number in range(3)}
    for name, content in contents.items():
        world.enqueue(name, content)
    place = (str(world.state.url), str(world.files.base), str(world.remote))
    motion = Motion(*place, sshd.port, sshd.user, sshd.host_keys[0], sshd.keys.client.private, claim="rename")
    killed = run_apart(deliver_once, motion, batch, environment={VARIABLE: step.value})
    assert killed.code == -signal.SIGKILL, killed.said

    outcomes = world.deliver(lambda: SftpSession.connect(sshd.settings()))
    assert world.arrived() == contents
    results = [outcome.result for outcome in outcomes]
    expected = {CrashPoint.DELIVER_COMMITTED: ["delivered"] * 2, CrashPoint.DELIVER_RENAMED: ["found", "delivered", "delivered"]}
    if batch == 1:
        assert results == expected.get(step, ["delivered"] * 3)
    elif step == CrashPoint.DELIVER_COMMITTED:
        assert results == []
    else:
        assert len(results) == 3
        assert ("found" in results) == (step == CrashPoint.DELIVER_RENAMED)
