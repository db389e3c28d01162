"""kill -9 at every named step of a delivery, then a normal run: the partner has every file once, byte for byte."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from mlconnector_assets.crash_points import VARIABLE, CrashPoint
from mlconnector_assets.exchange.sftp import SftpSession
from tests.exchange.world import World
from tests.sshd import Sshd

pytestmark = pytest.mark.sshd
STEPS = [point for point in CrashPoint if point.value.startswith("deliver.")]

SENDER = """
import sys
from pathlib import Path
from mlconnector_assets.clock import system_clock
from mlconnector_assets.exchange.outbox import deliver_queued
from mlconnector_assets.exchange.sftp import SftpSession, SftpSettings
from mlconnector_assets.partners.wire import WireSwitches
from mlconnector_assets.state.database import State
from mlconnector_assets.state.processes import this_process
from mlconnector_assets.store.files import FileStore

class Stdin:
    text = sys.stdin.read()
    def reveal(self):
        return self.text

url, files, remote, port, user, host_key, batch = sys.argv[1:]
settings = SftpSettings(partner="acme", host="127.0.0.1", port=int(port), user=user, host_keys=(host_key,), private_key=Stdin())
outcomes = deliver_queued(
    state=State.open(url, clock=system_clock), partner_id="acme", folders={"outbound": remote + "/outbound"},
    open_session=lambda: SftpSession.connect(settings), open_file=FileStore(Path(files)).open,
    clock=system_clock, owner=this_process(), batch=int(batch), switches=WireSwitches(channels=1),
)
print(*(outcome.result for outcome in outcomes))
"""


def test_the_steps_are_all_there() -> None:
    assert len(STEPS) == 7


@pytest.mark.parametrize("batch", [1, 32])
@pytest.mark.parametrize("step", STEPS)
def test_killed_at(step: CrashPoint, batch: int, world: World, sshd: Sshd) -> None:
    contents = {f"{number}.csv": os.urandom(70_000) for number in range(3)}
    for name, content in contents.items():
        world.enqueue(name, content)
    command = [sys.executable, "-c", SENDER, str(world.state.url), str(world.files.base), str(world.remote)]
    command += [str(sshd.port), sshd.user, sshd.host_keys[0], str(batch)]
    killed = subprocess.run(
        command,
        input=sshd.keys.client.private,
        text=True,
        env={**os.environ, VARIABLE: step},
        timeout=60,
        capture_output=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr

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
