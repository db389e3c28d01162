"""SFTP beside OpenSSH's own `sftp` client on the same sshd, on this machine: 2,000 files of 10 KB up, one of 256 MB
up and down. Rounds alternate; the median of each counts. Connecting is part of every measurement.

Ours is a whole delivery run: files claimed, fenced and settled in the state database; a part file, every status checked,
fsync, checked close, size compared, rename; and every byte hashed. OpenSSH's client does nothing of that: it writes to the
final name and does not look back.

Goals: small files up at least 0.85 times as fast, a big file up at least as fast, down at least 0.6 times.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlconnector_assets.clock import system_clock
from mlconnector_assets.exchange.outbox import deliver_queued
from mlconnector_assets.exchange.sftp import SftpSession, SftpSettings
from mlconnector_assets.state import deliveries
from mlconnector_assets.state.database import State
from mlconnector_assets.state.processes import this_process
from mlconnector_assets.store.files import FileStore

FILES, FILE_SIZE, BIG, ROUNDS = 2_000, 10_000, 256 * 1024 * 1024, 5
SMALL_GOAL, UP_GOAL, DOWN_GOAL = 0.85, 1.0, 0.6
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Key:
    """What the product gets from its vault."""

    text: str

    def reveal(self) -> str:
        return self.text


@dataclass(frozen=True)
class Server:
    """A running sshd: its folder, and how both clients log in."""

    folder: Path
    settings: SftpSettings
    command: Sequence[str]

    def new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self.folder))

    def openssh(self, batch: str) -> float:
        """Seconds of OpenSSH's client for these commands."""
        return timed(lambda: subprocess.run(self.command, input=batch.encode(), check=True, capture_output=True))


@contextmanager
def server() -> Iterator[Server]:
    """An sshd of our own on a free port, with a key for this user."""
    with tempfile.TemporaryDirectory(prefix="mlconnector-bench-") as name:
        folder = Path(name)
        for key in ("host", "client"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        config = folder / "sshd_config"
        config.write_text(
            f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\nStrictModes no\nUsePAM no\nUseDNS no\n"
            f"PermitRootLogin yes\nAuthorizedKeysFile {folder}/client.pub\nSubsystem sftp internal-sftp\nLogLevel ERROR\n"
        )
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        sshd = shutil.which("sshd") or "/usr/sbin/sshd"
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([sshd, "-D", "-e", "-f", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            wait_for(port, process, folder / "log")
            user = pwd.getpwuid(os.getuid()).pw_name
            known = folder / "known_hosts"
            host_key = " ".join((folder / "host.pub").read_text().split()[:2])
            known.write_text(f"[127.0.0.1]:{port} {host_key}\n")
            settings = SftpSettings(
                "bench", "127.0.0.1", port, user, (host_key,), private_key=Key((folder / "client").read_text())
            )
            options = ["-i", folder / "client", "-o", f"UserKnownHostsFile={known}", "-o", "IdentitiesOnly=yes"]
            yield Server(folder, settings, ["sftp", "-q", "-b", "-", "-P", str(port), *map(str, options), f"{user}@127.0.0.1"])
        finally:
            process.terminate()
            process.wait(10)


def wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until the server answers."""
    for _ in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
                if sock.recv(8).startswith(b"SSH-2.0"):
                    return
        except OSError:
            pass
        assert process.poll() is None, log.read_text()
        time.sleep(0.02)
    raise AssertionError(f"sshd does not answer: {log.read_text()}")


class Outbox:
    """Files in a store and queued in a state database."""

    def __init__(self, folder: Path, contents: Sequence[bytes]) -> None:
        self.state = State.open(f"sqlite:///{folder}/state.db", clock=system_clock)
        self.files = FileStore(folder / "files")
        with self.state.transaction() as tx:
            self.queued = [
                deliveries.enqueue(
                    tx,
                    partner="bench",
                    flow="files",
                    remote_name=f"file_{number:06d}.csv",
                    sha256=self.files.put(content),
                    size=len(content),
                    documents=1,
                    totals={},
                    control_number=number,
                    created_at=NOW,
                )
                for number, content in enumerate(contents, start=1)
            ]

    def deliver(self, server: Server, remote: Path) -> None:
        """Send everything as a delivery run does."""
        outcomes = deliver_queued(
            state=self.state,
            partner_id="bench",
            folders={"outbound": str(remote)},
            open_session=lambda: SftpSession.connect(server.settings),
            open_file=self.files.open,
            clock=system_clock,
            owner=this_process(),
        )
        assert [outcome.result for outcome in outcomes] == ["delivered"] * len(self.queued)

    def close(self) -> None:
        self.state.close()


def small_files(server: Server) -> dict[str, list[float]]:
    """Seconds of each round, by contender."""
    local = server.new_folder()
    contents = [os.urandom(FILE_SIZE) for _ in range(FILES)]
    for number, content in enumerate(contents):
        (local / f"file_{number:06d}.csv").write_bytes(content)
    seconds: dict[str, list[float]] = {"openssh": [], "ours": []}
    for _ in range(ROUNDS):
        theirs, ours = server.new_folder(), server.new_folder()
        outbox = Outbox(server.new_folder(), contents)
        seconds["openssh"].append(server.openssh(f"put {local}/* {theirs}\n"))
        seconds["ours"].append(timed(outbox.deliver, server, ours))
        outbox.close()
        for remote in (theirs, ours):
            assert len(list(remote.iterdir())) == FILES
            shutil.rmtree(remote)
    return seconds


def big_file(server: Server) -> dict[str, list[float]]:
    """Seconds of each round, by contender and direction."""
    content = os.urandom(1 << 20) * (BIG >> 20)
    local, fetched = server.new_folder() / "big.csv", server.new_folder() / "big.csv"
    local.write_bytes(content)
    seconds: dict[str, list[float]] = {"openssh up": [], "ours up": [], "openssh down": [], "ours down": []}
    for _ in range(ROUNDS):
        theirs, ours = server.new_folder(), server.new_folder()
        outbox = Outbox(server.new_folder(), [content])
        seconds["openssh up"].append(server.openssh(f"put {local} {theirs}/big.csv\n"))
        seconds["ours up"].append(timed(outbox.deliver, server, ours))
        outbox.close()
        seconds["openssh down"].append(server.openssh(f"get {theirs}/big.csv {fetched}\n"))
        seconds["ours down"].append(timed(download, server, theirs / "big.csv", fetched))
        assert fetched.stat().st_size == BIG
        for remote in (theirs, ours):
            shutil.rmtree(remote)
    return seconds


def download(server: Server, source: Path, target: Path) -> None:
    """Fetch and hash a file, as the inbox does."""
    digest = hashlib.sha256()
    with SftpSession.connect(server.settings) as session, target.open("wb") as file:

        def take(chunk: bytes) -> None:
            digest.update(chunk)
            file.write(chunk)

        session.read_into(str(source), take)


def timed(work: Callable[..., object], *arguments: object) -> float:
    """Seconds on the wall clock."""
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


def compared(theirs: list[float], ours: list[float], amount: float, unit: str, goal: float | None) -> str:
    """Our median beside theirs, the ratio, and its goal in words."""
    their, our = statistics.median(theirs), statistics.median(ours)
    ratio = their / our
    verdict = "" if goal is None else f" (goal {goal:g} x: {'met' if ratio >= goal else 'MISSED'})"
    return f"{amount / our:.0f} {unit}, OpenSSH {amount / their:.0f}: {ratio:.2f} x as fast{verdict}"


def run() -> list[tuple[str, str]]:
    """Measure; lines of (what, result)."""
    missing = [name for name in ("sftp", "ssh-keygen") if not shutil.which(name)]
    if not shutil.which("sshd") and not Path("/usr/sbin/sshd").exists():
        missing.append("sshd")
    if missing:
        return [("SFTP", f"not measured: {', '.join(missing)} missing (apt-get install openssh-client openssh-server)")]
    with server() as sshd:
        small = small_files(sshd)
        big = big_file(sshd)
    count, size = f"{FILES:,} x {FILE_SIZE // 1000} KB", f"{BIG >> 20} MB"
    mega = BIG / 1e6
    return [
        (f"SFTP {count} up, safely", compared(small["openssh"], small["ours"], FILES, "files/s", SMALL_GOAL)),
        (f"SFTP {size} up, safely", compared(big["openssh up"], big["ours up"], mega, "MB/s", UP_GOAL)),
        (f"SFTP {size} down, hashed", compared(big["openssh down"], big["ours down"], mega, "MB/s", DOWN_GOAL)),
    ]


def main() -> None:
    """Print what `run` measured."""
    for what, result in run():
        print(f"{what:<45} {result}")


if __name__ == "__main__":
    main()
