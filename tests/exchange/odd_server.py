"""An SFTP server inside the test process, for what OpenSSH never does: failing at CLOSE, answering out of order,
offering no extensions, asking for passwords by keyboard-interactive."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh
from asyncssh.sftp import SFTPServerHandler

from mlconnector_assets.exchange.sftp import SftpSettings
from tests.sshd import KeyPair, Plain

PASSWORD = "canary-password"


class OddServer:
    """What is odd: `fail(request)` gives an error for `open`, `write`, `close`, `rename` …; `shuffled` answers writes in
    any order; `extensions` False announces none; `interactive` takes the password only by keyboard-interactive."""

    def __init__(self, root: Path) -> None:
        self.root, self.host, self.port = root, KeyPair.make(), 0
        self.fail = lambda request: None
        self.shuffled, self.extensions, self.interactive = False, True, False
        self.connections: list[asyncssh.SSHServerConnection] = []

    def settings(self, password: str = PASSWORD) -> SftpSettings:
        return SftpSettings("acme", "127.0.0.1", self.port, "us", (self.host.public,), password=Plain(password))

    def check(self, request: str) -> None:
        if error := self.fail(request):
            raise error


def _files(odd: OddServer) -> type[asyncssh.SFTPServer]:
    class Files(asyncssh.SFTPServer):
        async def write(self, file_obj, offset, data):
            odd.check("write")
            if odd.shuffled:
                await asyncio.sleep(random.random() / 500)
            return super().write(file_obj, offset, data)

        def close(self, file_obj):
            super().close(file_obj)
            odd.check("close")

        def fsync(self, file_obj):
            odd.check("fsync")
            return super().fsync(file_obj)

        def rename(self, oldpath, newpath):
            odd.check("rename")
            return super().rename(oldpath, newpath)

        def posix_rename(self, oldpath, newpath):
            odd.check("posix_rename")
            return super().posix_rename(oldpath, newpath)

    return Files


def _gate(odd: OddServer) -> type[asyncssh.SSHServer]:
    class Gate(asyncssh.SSHServer):
        def connection_made(self, conn):
            odd.connections.append(conn)

        def begin_auth(self, username):
            return True

        def password_auth_supported(self):
            return not odd.interactive

        def validate_password(self, username, password):
            return password == PASSWORD

        def kbdint_auth_supported(self):
            return odd.interactive

        def get_kbdint_challenge(self, username, lang, submethods):
            return "", "", "", [("Password:", False)]

        def validate_kbdint_response(self, username, responses):
            return list(responses) == [PASSWORD]

    return Gate


@contextmanager
def odd_server(root: Path, monkeypatch) -> Iterator[OddServer]:
    """Runs in a thread of its own. asyncssh has no setting for extensions, so its handler is told which to announce."""
    odd = OddServer(root)
    announced = SFTPServerHandler._extensions
    monkeypatch.setattr(SFTPServerHandler, "_extensions", property(lambda handler: announced if odd.extensions else []))
    loop = asyncio.new_event_loop()
    files, gate = _files(odd), _gate(odd)

    async def listen():
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=gate,
            server_host_keys=[asyncssh.import_private_key(odd.host.private)],
            sftp_factory=files,
        )

    async def stop(server):
        server.close()
        for connection in odd.connections:
            connection.abort()
            await connection.wait_closed()
        await server.wait_closed()

    server = loop.run_until_complete(listen())
    odd.port = server.get_port()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield odd
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
