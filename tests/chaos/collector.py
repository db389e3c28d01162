"""Collects from one folder until nothing is left there, as a poller does that is killed at any moment: url, files, remote,
port, user, host key and claim are arguments, the private key comes from standard input. Its parser writes a row a file."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import sqlalchemy as sa

from mlconnector_assets.clock import system_clock
from mlconnector_assets.errors import ConnectorError
from mlconnector_assets.exchange.inbox import Collector, Places
from mlconnector_assets.exchange.parsers import Taken
from mlconnector_assets.exchange.sftp import SftpSession, SftpSettings
from mlconnector_assets.partners.inbox import Inbox
from mlconnector_assets.state.database import State
from mlconnector_assets.state.processes import this_process
from mlconnector_assets.store.files import FileStore
from tests.sshd import Plain

ROWS = sa.Table("parsed_by_tests", sa.MetaData(), sa.Column("path", sa.Text))
"""What the parser writes, without any constraint: a file that is handed over twice leaves two rows."""
FOREVER = "forever"


def make_rows(state: State) -> None:
    with state.transaction() as tx:
        ROWS.create(tx)


def parse(file, content):
    content.read()
    return Taken("kept", lambda tx: tx.execute(sa.insert(ROWS).values(path=file.path)))


def main() -> None:
    url, files, remote, port, user, host_key, claim, *rest = sys.argv[1:]
    key = Plain(sys.stdin.read())
    settings = SftpSettings("acme", "127.0.0.1", int(port), user, (host_key,), private_key=key, channel_timeout=5)
    spec = Inbox.model_validate({"files": {"any": {"pattern": "*"}}, "stable_for": "0s", "claim": claim})
    places = Places(remote, "inbound", "processing", "processed", "error", spec.stays)
    state, store = State.open(url, clock=system_clock), FileStore(Path(files))
    collector = Collector(state, "acme", spec, places, store, system_clock, this_process(), channels=2, parsers={"store": parse})
    while True:
        try:
            with SftpSession.connect(settings) as session:
                collector.collect(session)
                collector.hand_over()
                collector.file_away(session)
        except ConnectorError as error:
            if FOREVER not in rest:
                raise
            print(error.what, file=sys.stderr)
        if FOREVER not in rest:
            return
        time.sleep(0.05)


if __name__ == "__main__":
    main()
