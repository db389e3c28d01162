"""Whether the owner of something is still alive."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mlconnector_assets.state import processes
from mlconnector_assets.state.processes import is_gone, this_process

PROGRAM = "from mlconnector_assets.state.processes import this_process; print(this_process(), flush=True); input()"


def test_a_living_process_is_not_gone():
    assert not is_gone(this_process())


def test_a_killed_process_is_gone_also_before_its_parent_noticed():
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        owner = process.stdout.readline().strip()
        assert not is_gone(owner)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_gone(owner)
    assert is_gone(owner)


def test_a_process_number_that_was_given_again_is_another_process():
    host, pid, start, space = this_process().rsplit(":", 3)
    assert is_gone(f"{host}:{pid}:{int(start) - 1}:{space}")


@pytest.mark.parametrize("owner", [None, "", "somebody", "host:12:34", "a:b:c:d"])
def test_what_is_no_process_is_never_judged(owner: str | None):
    assert not is_gone(owner)


def test_a_process_of_another_machine_is_never_judged():
    host, _, start, space = this_process().rsplit(":", 3)
    assert is_gone(f"{host}:999999999:{start}:{space}")
    assert not is_gone(f"{host}:999999999:{start}:{space[::-1]}x")


def test_without_proc_nobody_is_judged(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(processes, "_space", lambda: "unknown")
    assert not is_gone("host:999999999:1:unknown")
