"""Collects once from one folder, and dies where it is told to: url, files, remote, port, user, host key and claim are
arguments, the private key comes from standard input."""

from __future__ import annotations

import sys

from mlconnector_assets.clock import system_clock
from mlconnector_assets.exchange.sftp import SftpSession, SftpSettings
from mlconnector_assets.state.database import State
from tests.chaos.workers import collector_of
from tests.sshd import Plain


def main() -> None:
    url, files, remote, port, user, host_key, claim = sys.argv[1:]
    key = Plain(sys.stdin.read())
    settings = SftpSettings("acme", "127.0.0.1", int(port), user, (host_key,), private_key=key)
    with State.open(url, clock=system_clock) as state, SftpSession.connect(settings) as session:
        collector = collector_of(state, files, remote, claim)
        collector.collect(session)
        collector.hand_over()
        collector.file_away(session)


if __name__ == "__main__":
    main()
