"""Three senders and two pollers on a real OpenSSH server, killed at any moment, cut off, and before a full disk: each file
arrives exactly once, byte for byte, in both directions, and nothing is left lying about.

A round that fails prints its seed; the same seed makes the same files and the same faults, though not to the millisecond.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from mlconnector_assets.clock import system_clock
from mlconnector_assets.state import deliveries, inbox
from mlconnector_assets.state.database import State
from mlconnector_assets.store.files import FileStore
from tests.chaos.workers import ROWS, Motion, collect_forever, make_rows, send_forever
from tests.processes import FORKED
from tests.sshd import Sshd, StartSshd, ssh_keys, start_sshd
from tests.tcp_proxy import TcpProxy

__all__ = ["ssh_keys", "start_sshd"]

pytestmark = pytest.mark.sshd
WORKERS = (send_forever, send_forever, send_forever, collect_forever, collect_forever)
SLICES, OUTBOUND, INBOUND = 10, 30, 20
"""A round is ten slices of 30 files out and 20 in; each slice meets one fault."""
LARGEST = 40_000
DISK = 24_000_000
LIMIT = 150.0
"""Seconds for what is left after the last fault, before something must be stuck."""


@pytest.fixture(scope="module")
def disk() -> Iterator[Path | None]:
    """A small disk for the partner's server; None where only root could make one, and then no disk is ever full."""
    with tempfile.TemporaryDirectory(prefix="mlc-disk-") as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", name]
        if os.getuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
            yield None
            return
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "--lazy", name], check=True)


class Round:
    """One round: its files, its processes, and its faults."""

    def __init__(self, seed: int, sshd: Sshd, proxy: TcpProxy, remote: Path, home: Path, claim: str, disk: Path | None) -> None:
        self.random, self.proxy, self.remote, self.disk, self.claim = random.Random(seed), proxy, remote, disk, claim
        self.state = State.open(f"sqlite:///{home}/state.db", clock=system_clock)
        self.files = FileStore(home / "files")
        make_rows(self.state)
        key = sshd.keys.client.private
        place = (str(self.state.url), str(self.files.base), str(remote), proxy.port, sshd.user, sshd.host_keys[0], key)
        self.motion = Motion(*place, claim)
        self.sent: dict[str, bytes] = {}
        self.put: dict[str, bytes] = {}
        self.kills = 0
        (remote / "inbound").mkdir(parents=True)
        self.workers = [self._start(work) for work in WORKERS]

    def _start(self, work: Callable[[Motion], None]) -> multiprocessing.process.BaseProcess:
        worker = FORKED.Process(target=work, args=(self.motion,), daemon=True)
        worker.start()
        return worker

    def stop(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.join()
        self.state.close()

    def slice(self, number: int) -> None:
        """More files in both directions. The partner renames finished files into place."""
        with self.state.transaction() as tx:
            for at in range(OUTBOUND):
                name, content = f"out_{number}_{at}.csv", self._content()
                sha256 = self.files.put(content)
                control_number = number * OUTBOUND + at + 1
                deliveries.enqueue(
                    tx, partner="acme", flow="files", remote_name=name, sha256=sha256, size=len(content), documents=1,
                    totals={}, control_number=control_number, created_at=system_clock(),
                )  # fmt: skip
                self.sent[name] = content
        for at in range(INBOUND):
            name, content = f"in_{number}_{at}.csv", self._content()
            hidden = self.remote / "inbound" / f".{name}.part"
            hidden.write_bytes(content)
            hidden.rename(self.remote / "inbound" / name)
            self.put[name] = content

    def _content(self) -> bytes:
        return self.random.randbytes(self.random.randrange(16, LARGEST))

    def fault(self) -> None:
        """Something goes wrong for a moment, and a process is killed in it."""
        faults = [self._cut, self._outage, self._black_hole, self._kill] + ([self._full_disk] if self.disk else [])
        self.random.choice(faults)()
        self._kill()

    def _kill(self) -> None:
        time.sleep(self.random.random() / 5)
        victim = self.random.randrange(len(WORKERS))
        self.workers[victim].kill()
        self.workers[victim].join()
        self.workers[victim] = self._start(WORKERS[victim])
        self.kills += 1

    def _cut(self) -> None:
        self.proxy.fault(cut=self.random.randrange(200_000))
        time.sleep(0.2)
        self.proxy.clear()

    def _outage(self) -> None:
        self.proxy.fault(cut=0, refuse=True)
        time.sleep(0.2)
        self.proxy.clear()

    def _black_hole(self) -> None:
        self.proxy.fault(black_hole=self.random.randrange(100_000))
        time.sleep(0.3)
        self.proxy.fault(cut=0)
        time.sleep(0.1)
        self.proxy.clear()

    def _full_disk(self) -> None:
        assert self.disk is not None
        filler = self.disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * 65_536):
                    pass
            except OSError:
                pass
        time.sleep(0.3)
        filler.unlink()

    def until_done(self) -> None:
        limit = time.monotonic() + LIMIT
        while self.left():
            assert time.monotonic() < limit, f"stuck: {len(self.left())} files, {self.left()[:3]}"
            assert all(worker.is_alive() for worker in self.workers), "a worker ended by itself"
            time.sleep(0.05)

    def left(self) -> list[str]:
        """What is not done yet."""
        with self.state.reading() as tx:
            waiting = [f"{row.remote_name} {row.state} {row.last_error}" for row in deliveries.queued(tx)]
            rows = [row for row in inbox.listing(tx, limit=None) if row.state != "handed_over" or not row.filed_at]
            known = len(inbox.listing(tx, limit=None))
        return waiting + [f"{row.path} {row.state} {row.reason}" for row in rows] + ["unseen"] * (len(self.put) - known)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("seed", "claim"), [(1, "rename"), (2, "rename"), (3, "rename"), (4, "rename"), (5, "state")])
def test_every_file_exactly_once(seed: int, claim: str, start_sshd: StartSshd, tmp_path: Path, disk: Path | None) -> None:
    print(f"seed {seed}")
    sshd = start_sshd()
    with ExitStack() as stack:
        shared_memory = Path("/dev/shm")
        home = stack.enter_context(tempfile.TemporaryDirectory(dir=shared_memory if os.access(shared_memory, os.W_OK) else None))
        remote = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=disk or tmp_path)))
        proxy = stack.enter_context(TcpProxy(sshd.port))
        motion = Round(seed, sshd, proxy, remote, Path(home), claim, disk)
        stack.callback(motion.stop)
        for number in range(SLICES):
            motion.slice(number)
            motion.fault()
        motion.until_done()

        assert motion.kills >= SLICES
        assert len(motion.sent) + len(motion.put) == 500
        assert contents(remote / "outbound") == motion.sent
        with motion.state.reading() as tx:
            assert {row.state for row in deliveries.listing(tx, limit=None)} == {"delivered"}
            taken = inbox.listing(tx, limit=None)
            parsed = sorted(tx.execute(sa.select(ROWS.c.path)).scalars())
        assert parsed == sorted(f"inbound/{name}" for name in motion.put)
        assert {row.name: motion.files.read(row.sha256 or "") for row in taken} == motion.put
        lying = contents(remote / "inbound")
        if claim == "state":
            assert lying == motion.put
        else:
            assert lying == {}
            assert contents(remote / "processing") == {}
            processed = {name.rpartition(".")[0]: content for name, content in contents(remote / "processed").items()}
            assert processed == motion.put
            assert contents(remote / "error") == {}
